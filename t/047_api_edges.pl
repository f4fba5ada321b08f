# Promise (API.md, Limits, cross origin): each client has its own limits, whoever a client is; other sites' pages may read
# what is public and no more; every answer has its headers, of whatever kind it is.
use strict;
use warnings;
use Front;
use Http;
use OpenCalendly;
use Routes;
use Scene;
use Shim;
use Test::More;
use Time::HiRes qw(sleep time);
use Wire;

my $allowed = 'https://app.example';

# With links for development in answers the shim trusts no proxy.
my ($node, $shim, $http) = Front::start(conf => "opencalendly.dev_login_links = off\n", limits => 1,
	args => [ '--trusted-proxy', '127.0.0.1 10.0.0.0/8', '--allow-origin', "$allowed https://other.example:8443" ]);
$node->safe_psql('postgres', <<'SQL');
DO $$
DECLARE
	host uuid := opencalendly.create_user('ada', 'ada@example.com');
	crew uuid := opencalendly.create_team(host, 'Crew', 'crew');
BEGIN
	PERFORM opencalendly.set_availability_rules(host, jsonb_agg(jsonb_build_object(
		'dayOfWeek', day, 'startMinute', 0, 'endMinute', 1440))) FROM generate_series(0, 6) AS day;
	PERFORM opencalendly.create_event_type(host, 'Intro', 'intro', 5, slot_interval_minutes => 5);
	PERFORM opencalendly.create_event_type(host, 'Other', 'other', 30);
	PERFORM opencalendly.create_team_event_type(crew, 'Turn', 'turn', 5, 'round_robin');
END
$$;
SQL
my $session = $node->safe_psql('postgres', "SELECT session_token FROM opencalendly.create_session((SELECT id FROM opencalendly.users))");
my $slots = '/v0/users/ada/event-types/intro/availability?days=1&limit=1';

# A client of that address; the proxy's own if there is none.
sub from { my ($address) = @_; return $http->with(keep_alive => 1, headers => defined $address ? { 'X-Forwarded-For' => $address } : {}); }

# What the answer says is left, and of what.
sub left { my ($answer) = @_; return ($answer->{headers}{'ratelimit'} // '') =~ /^"([a-z-]+)";r=(\d+);t=\d+$/ ? ($1, $2) : ('nothing', -1); }

#
# 60 bookings an hour. Each way to book has 30 a minute, so the 61st comes when the minute is over: at the end of this test.
#

my $crowd = from('198.51.100.60');
my $n = 0;

sub book_some
{
	my ($client, $what) = @_;
	my $minute = 15 * $n++;
	my %slot = $what eq 'team' ? (teamSlug => 'crew', eventSlug => 'turn') : (username => 'ada', eventSlug => 'intro');

	return Front::book($client, { %slot, startsAt => sprintf('2026-06-%02dT%02d:%02d:00Z', 2 + int($minute / 1440), $minute % 1440 / 60, $minute % 60) });
}
my @booked = map { book_some($crowd, $_) } ('user') x 30, ('team') x 30;
my $began = time;
is(join(' ', map { $_->{status} } @booked), join(' ', (200) x 60), '60 bookings of one client');
my $too_much = book_some($crowd, 'user');
refused($too_much, 429, 'HTTP_429', undef, 'of a minute 30 by one way');
is_deeply([ left($too_much) ], [ 'booking', 0 ], 'the answer says which limit it is');
like($too_much->{headers}{'ratelimit-policy'}, qr/^"booking";q=30;w=60$/, 'and what it allows');
answered(book_some(from('198.51.100.61'), 'user'), 'another client books');
ok(!grep({ $_->{status} != 409 } map { Front::book(from('198.51.100.62'), { username => 'ada', eventSlug => 'intro', startsAt => '2026-06-02T00:00:00Z' }) } 1 .. 30), 'failures count for the minute');
is(Front::book(from('198.51.100.62'), { username => 'ada', eventSlug => 'intro', startsAt => '2026-06-02T00:00:00Z' })->{status}, 429, 'too');

#
# The other limits
#

my $reader = from('198.51.100.1');
my @reads = map { $reader->get($slots) } 1 .. 121;
is(join(' ', map { $_->{status} } @reads), join(' ', (200) x 120, 429), 'a page\'s slots are read 120 times a minute');
is_deeply([ map { join ' ', left($_) } @reads[ 0, 1, 119, 120 ] ], [ 'page 119', 'page 118', 'page 0', 'page 0' ], 'each answer counts down');
like($reads[0]{headers}{'ratelimit-policy'}, qr/^"page";q=120;w=60$/, 'of 120 a minute');
refused($reads[120], 429, 'HTTP_429', undef, 'then one is told');
like($reads[120]{headers}{'retry-after'}, qr/^([1-9]|[1-5]\d|60)$/, 'when to try again');
is($reader->get($slots, headers => { 'If-None-Match' => $reads[0]{headers}{etag} })->{status}, 429, 'who has them already is no other');
is($reader->get("$slots&timezone=Asia/Tokyo")->{status}, 429, 'nor is another zone');
is($reader->head($slots)->{status}, 429, 'nor HEAD');
answered($reader->get('/v0/users/ada/event-types/other/availability'), 'another page has its own limit');
answered($reader->get('/v0/users/ada/event-types/intro'), 'and what is not slots');
answered(from('198.51.100.2')->get($slots), 'and other clients');
is($reader->get('/health')->{status}, 200, 'whether the service lives is always told');
is($reader->request('OPTIONS', '/v0/users/ada/event-types/intro/availability')->{status}, 204, 'and who may ask');

my $mailer = from('198.51.100.3');
my @links = map { $mailer->post('/v0/auth/magic-link', { email => "a$_\@example.com" }) } 1 .. 31;
is(join(' ', map { $_->{status} } @links), join(' ', (200) x 30, 429), 'links are asked for 30 times in 10 minutes');
like($links[0]{headers}{'ratelimit-policy'}, qr/^"magic-link";q=30;w=600$/, 'which the answer says');
is($mailer->post('/v0/auth/magic-link', { email => 'x' })->{status}, 429, 'before anything is looked at');
answered(from('198.51.100.4')->post('/v0/auth/magic-link', { email => 'a@example.com' }), 'other clients can');

my $wire = Wire->new($shim->port);
my %signed_in = (Authorization => "Bearer $session", 'X-Forwarded-For' => '198.51.100.5');
my @answers = map { $wire->ask('GET', $_ % 2 ? '/v0/auth/me' : '/v0/teams', {%signed_in}) } 1 .. 601;
is(join(' ', grep { $_->{status} != 200 } @answers[ 0 .. 599 ]), '', 'who is signed in asks 600 times a minute, whatever it is');
is($answers[600]{status}, 429, 'and not more');
like($answers[600]{headers}{'ratelimit-policy'}, qr/;q=600;w=60$/, 'which the answer says');
is($wire->ask('GET', '/v0/auth/me', { %signed_in, 'X-Forwarded-For' => '198.51.100.6' })->{status}, 200, 'others do not wait for it');

#
# Who a client is
#

# Whether the two were counted as one.
my $page_no = 0;

sub are_one
{
	my ($first, $second) = @_;
	my $page = '/v0/users/ada/event-types/page-' . $page_no++;    # one that is not there is counted as well
	my ($before) = (left(from($first)->get($page)))[1];
	my ($after) = (left(from($second)->get($page)))[1];

	return "$before $after" eq '119 118' ? 1 : "$before $after" eq '119 119' ? 0 : "$before $after";
}
my @same = (
	[ '203.0.113.1', '203.0.113.1' ], [ '203.0.113.1', ' 203.0.113.1 ' ], [ '198.51.100.99, 203.0.113.2', '1.2.3.4,203.0.113.2' ], [ '203.0.113.3, 10.1.2.3', '203.0.113.3' ],
	[ '203.0.113.4, 10.1.2.3, 127.0.0.1', '8.8.8.8, 203.0.113.4, 10.9.9.9' ], [ '2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff' ], [ '::ffff:203.0.113.5', '203.0.113.5' ], [ '2001:DB8::1', '2001:db8::2' ],
	[ undef, 'nonsense' ], [ undef, '' ], [ '203.0.113.6, nonsense', undef ], [ '203.0.113.7:1234', undef ], [ '10.1.2.3', '10.1.2.3' ]);
my @different = (
	[ '203.0.113.1', '203.0.113.2' ], [ '203.0.113.1, 203.0.113.2', '203.0.113.2, 203.0.113.1' ], [ '2001:db8:1:2::1', '2001:db8:1:3::1' ], [ '203.0.113.1', undef ], [ '10.1.2.3', '10.1.2.4' ]);
sub shown { return join ' and ', map { defined $_ ? "\"$_\"" : 'nothing' } @{ $_[0] }; }
is(are_one(@$_), 1, shown($_) . ' are one client') for @same;
is(are_one(@$_), 0, shown($_) . ' are two') for @different;
my @lists = map { $wire->ask('GET', "/v0/users/ada/event-types/lists", { 'X-Forwarded-For' => $_ }) } "1.1.1.1\r\nX-Forwarded-For: 203.0.113.9", "2.2.2.2\r\nX-Forwarded-For: 203.0.113.9";
is((left($lists[1]))[1], 118, 'several headers are one list');

# Holds are the client's, too: 3 at a time.
my $holder = from('2001:db8:5::1');
my @holds = map { $holder->post('/v0/holds', { username => 'ada', eventSlug => 'other', startsAt => "2026-07-0${_}T10:00:00Z" }) } 1 .. 4;
is(join(' ', map { $_->{status} } @holds), '200 200 200 429', 'a client holds 3 slots at a time');
refused($holds[3], 429, 'OC008', undef, 'and is told so');
is(from('2001:db8:5::ffff')->post('/v0/holds', { username => 'ada', eventSlug => 'other', startsAt => '2026-07-05T10:00:00Z' })->{status}, 429, 'with all addresses of a network');
answered(from('2001:db8:6::1')->post('/v0/holds', { username => 'ada', eventSlug => 'other', startsAt => '2026-07-05T10:00:00Z' }), 'others hold others');
answered($holder->post('/v0/holds', { username => 'ada', eventSlug => 'other', startsAt => '2026-07-06T10:00:00Z', replaces => $holds[0]{json}{holdToken} }), 'one can be replaced');
$holder->del("/v0/holds/$holds[1]{json}{holdToken}");
answered($holder->post('/v0/holds', { username => 'ada', eventSlug => 'other', startsAt => '2026-07-07T10:00:00Z' }), 'or given back');
answered(Front::book($holder, { username => 'ada', eventSlug => 'other', startsAt => '2026-07-08T10:00:00Z' }), 'and one books without any');

# Whom nobody has called a proxy is not believed.
my $plain = Shim->start($node, name => 'plain', limits => 1);
my @told = map { $plain->http(headers => { 'X-Forwarded-For' => "203.0.113.$_", 'X-Request-Id' => 'made-up-by-me' })->get('/v0/users/ada/event-types') } 1, 2;
is_deeply([ map { (left($_))[1] } @told ], [ 119, 118 ], 'without --trusted-proxy X-Forwarded-For says nothing');
isnt($told[0]{headers}{'x-request-id'}, 'made-up-by-me', 'nor does X-Request-Id');
is($plain->http->get('/v0/auth/me', headers => { Origin => $allowed })->{headers}{'access-control-allow-origin'}, undef, 'and without --allow-origin no other origin is let in');
is($plain->stop, 0, 'that shim ends well');

#
# Other origins
#

my $methods = 'GET, POST, PUT, PATCH, DELETE, OPTIONS';
my $headers = 'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match';
my @wrong;
for my $route (Routes::list())
{
	my $path = $route->{path} =~ s/:\w+/x/gr;
	my $is_public = $route->{auth} ne 'session' && $path !~ m{^/v0/(auth/|calendar/google/notify)};
	my %who = ($allowed => $is_public ? '*' : $allowed, 'https://other.example:8443' => $is_public ? '*' : 'https://other.example:8443',
		map { $_ => $is_public ? '*' : undef } 'https://evil.example', "$allowed.evil.example", 'http://app.example', 'https://other.example', 'null', "$allowed/");

	for my $origin (sort keys %who)
	{
		my $answer = $wire->ask('OPTIONS', $path, { Origin => $origin, 'Access-Control-Request-Method' => $route->{method}, 'Access-Control-Request-Headers' => 'authorization' });
		my %got = %{ $answer->{headers} };
		my $good = $answer->{status} == 204 && $answer->{body} eq '' && $got{vary} =~ /\bOrigin\b/ && !exists $got{'access-control-allow-credentials'}
		  && ($got{'access-control-allow-origin'} // '') eq ($who{$origin} // '')
		  && ($got{'access-control-allow-methods'} // '') eq ($who{$origin} ? $methods : '') && ($got{'access-control-allow-headers'} // '') eq ($who{$origin} ? $headers : '')
		  && ($got{'access-control-max-age'} // '') eq ($who{$origin} ? '7200' : '');
		push @wrong, "$route->{name} for $origin: $answer->{status} " . join(', ', map { "$_: $got{$_}" } sort grep { /^(access|vary)/ } keys %got) unless $good;
	}
}
is(join("\n", @wrong), '', 'each route answers preflights of those it is for, and of no others');

# What a browser may read: also when it is a failure.
my %kinds = (
	'slots' => [ 'GET', '/v0/users/ada/event-types/other/availability', 200 ], 'nothing there' => [ 'GET', '/v0/users/ada/event-types/none', 404 ],
	'bad input' => [ 'POST', '/v0/holds', 400 ], 'a bad link' => [ 'GET', '/v0/bookings/actions/x', 404 ], 'too many' => [ 'GET', $slots, 429, { 'X-Forwarded-For' => '198.51.100.1' } ]);
for my $what (sort keys %kinds)
{
	my ($method, $target, $status, $more) = @{ $kinds{$what} };
	my $answer = $wire->ask($method, $target, { Origin => 'https://evil.example', %{ $more // {} } }, $method eq 'POST' ? '{}' : undef);

	is_deeply([ $answer->{status}, @{ $answer->{headers} }{qw(access-control-allow-origin access-control-allow-credentials)} ], [ $status, '*', undef ], "$what: any origin reads it");
	is(join(' ', grep { ($answer->{headers}{'access-control-expose-headers'} // '') !~ /\b$_\b/ } qw(ETag Link Retry-After RateLimit)), '', 'with the headers that it needs');
	like($wire->ask($method, $target, $more, $method eq 'POST' ? '{}' : undef)->{headers}{vary}, qr/\bOrigin\b/, 'kept apart by origin even without one');
}
for my $status (200, 401)
{
	my %token = $status == 200 ? (Authorization => "Bearer $session") : ();
	my %seen = map { $_ => $wire->ask('GET', '/v0/auth/me', { Origin => $_, %token })->{headers}{'access-control-allow-origin'} } $allowed, 'https://evil.example';
	is_deeply(\%seen, { $allowed => $allowed, 'https://evil.example' => undef }, "what is not public is read by the origins that are allowed, $status");
}

#
# Headers of every kind of answer
#

my $nowhere = '01900000-0000-7000-8000-000000000000';
$node->safe_psql('postgres', "SELECT opencalendly.update_user((SELECT id FROM opencalendly.users), '{\"username\": \"ada-l\"}')");
my %bearer = (Authorization => "Bearer $session");
my $etag = $wire->ask('GET', '/v0/users/ada-l/event-types/other/availability')->{headers}{etag};
my @answers_of = (
	[ 200, 'GET', '/health' ], [ 200, 'GET', '/ready' ], [ 200, 'GET', '/v0/openapi.json' ], [ 200, 'GET', '/v0/users/ada-l/event-types' ], [ 200, 'GET', '/v0/auth/me', {%bearer} ],
	[ 200, 'HEAD', '/v0/users/ada-l/event-types' ], [ 204, 'OPTIONS', '/v0/bookings' ], [ 301, 'GET', '/v0/users/ada/event-types' ], [ 304, 'GET', '/v0/users/ada-l/event-types/other/availability', { 'If-None-Match' => $etag } ],
	[ 400, 'GET', '/v0/users/ada-l/event-types/other/availability?days=0' ], [ 400, 'POST', '/v0/bookings', {}, '{' ], [ 400, 'GET', '/%00' ], [ 400, 'GET', '/v0//teams' ],
	[ 400, 'POST', '/v0/bookings', { 'Transfer-Encoding' => 'chunked', 'Content-Length' => undef }, "0\r\n\r\n" ],
	[ 401, 'GET', '/v0/teams' ], [ 403, 'POST', '/v0/teams', { Cookie => "__Host-session=$session" }, '{}' ], [ 404, 'GET', '/v0' ], [ 404, 'GET', '/v0/nothing' ], [ 404, 'GET', '/v0/teams/' ], [ 404, 'POST', '/v0/metrics', {}, '{}' ],
	[ 404, 'GET', "/v0/bookings/$nowhere", {%bearer} ], [ 404, 'GET', '/v0/bookings/actions/x' ], [ 405, 'PUT', '/v0/bookings', {}, '{}' ], [ 405, 'POST', '/health', {}, '{}' ], [ 405, 'PATCH', '/v0/openapi.json', {}, '{}' ],
	[ 409, 'POST', '/v0/bookings', {}, '{"username": "ada", "eventSlug": "intro", "startsAt": "2020-01-01T00:00:00Z", "inviteeName": "A", "inviteeEmail": "a@example.net"}' ],
	[ 412, 'PUT', '/v0/me/availability/rules', { %bearer, 'If-Match' => '"x"' }, '{"rules": []}' ], [ 413, 'POST', '/v0/bookings', { 'Content-Length' => 65537 }, '{}' ], [ 417, 'POST', '/v0/bookings', { Expect => 'magic' }, '{}' ],
	[ 429, 'GET', '/v0/users/ada/event-types/intro/availability', { 'X-Forwarded-For' => '198.51.100.1' } ]);
my %ids;

# The line comes when the answer is on its way.
sub is_logged
{
	my ($id) = @_;
	my $until = time + 10;

	sleep 0.02 until index($shim->log, qq("requestId":"$id")) > 0 || time > $until;
	return time <= $until;
}

for my $case (@answers_of)
{
	my ($status, $method, $target, $more, $body) = @$case;
	my $answer = $wire->ask($method, $target, $more, $body);
	my %got = %{ $answer->{headers} };
	my @missing = grep { !defined $got{$_} } qw(x-content-type-options x-frame-options referrer-policy content-security-policy permissions-policy cross-origin-resource-policy strict-transport-security cache-control x-request-id date);
	my $what = "$method $target is $status";

	is($answer->{status}, $status, $what) or diag($answer->{body});
	is("@missing", '', 'with all headers');
	is($got{'x-content-type-options'}, 'nosniff', 'no guessing of types');
	like($got{'content-security-policy'}, qr/default-src '(none|self)'/, 'nothing is loaded');
	unlike($got{'content-security-policy'}, qr/unsafe/, 'nothing unsafe');
	ok(!exists $got{server} && !exists $got{'x-powered-by'}, 'no word of what serves it');
	ok(!$ids{ $got{'x-request-id'} }++, 'an id of its own');
	if ($status >= 400)
	{
		is(join(' ', @{ $answer->{json} }{qw(status requestId)}, ($answer->{json}{error} // '') =~ /\w+ \w+/ ? 'error' : ''), "$status $got{'x-request-id'} error", 'the error has the id and a sentence');
		is($got{'cache-control'}, 'no-store', 'and is not kept');
		is($got{'content-type'}, 'application/json; charset=utf-8', 'as JSON');
	}
	like($got{allow}, qr/\w+/, 'with Allow') if $status == 405;
	ok(is_logged($got{'x-request-id'}), 'the log has it, too');
}
is($wire->ask('GET', '/health', { 'X-Request-Id' => 'from-the-proxy-1' })->{headers}{'x-request-id'}, 'from-the-proxy-1', 'a proxy that is trusted gives the id');
isnt($wire->ask('GET', '/health', { 'X-Request-Id' => $_ })->{headers}{'x-request-id'}, $_, 'but not "' . substr($_, 0, 20) . '"') for 'x', 'with blank', '"quoted-id-1"', 'x' x 200;

# Methods
@wrong = ();
my %methods_of;
push @{ $methods_of{ $_->{path} =~ s/:\w+/x/gr } }, $_->{method} for Routes::list();
for my $path (sort keys %methods_of)
{
	# some of one path are more specific than others
	my %allowed_by = map { $_ => 1 } map { @{ $methods_of{$_} } } grep { my $like = $_ =~ s{(?<=/)x(?=/|$)}{[^/]+}gr; $path =~ /^$like$/ } sort keys %methods_of;
	my $expected = join ' ', sort keys %allowed_by, 'OPTIONS', $allowed_by{GET} ? 'HEAD' : ();
	my $options = $wire->ask('OPTIONS', $path);
	push @wrong, "OPTIONS $path: $options->{headers}{allow}" if join(' ', sort split /, /, $options->{headers}{allow}) ne $expected;
	for my $method (grep { !$allowed_by{$_} } qw(GET POST PUT PATCH DELETE))
	{
		my $answer = $wire->ask($method, $path, { 'X-Forwarded-For' => '198.51.100.77' }, $method eq 'GET' ? undef : '{}');
		push @wrong, "$method $path: $answer->{status}" if $answer->{status} != 405 || join(' ', sort split /, /, $answer->{headers}{allow}) ne $expected;
	}
}
is(join("\n", @wrong), '', 'a method that is not for a path is 405, and Allow tells which are');
for my $target ('/v0/users/ada-l/event-types', '/v0/users/ada-l/event-types/other/availability', '/health', '/v0/openapi.json', '/v0/users/nobody/event-types')
{
	my ($get, $head) = map { $wire->ask($_, $target) } 'GET', 'HEAD';
	my @compared = qw(content-type content-length etag cache-control vary);
	is_deeply([ $head->{status}, @{ $head->{headers} }{@compared} ], [ $get->{status}, @{ $get->{headers} }{@compared} ], "HEAD $target is as GET") or diag(explain($head));
	is($head->{body}, '', 'without the body');
}

#
# Where the shim does not start: where sign-in links would be handed to the world.
#

$node->safe_psql('postgres', $_) for 'ALTER SYSTEM SET opencalendly.dev_login_links = on', 'SELECT pg_reload_conf()';
$node->poll_query_until('postgres', "SELECT current_setting('opencalendly.dev_login_links') = 'on'");
for my $args ([ '--trusted-proxy', '127.0.0.1' ])
{
	my $open = Shim->start($node, name => 'open', args => $args, wait => 0);
	my $until = time + 20;
	sleep 0.05 until $open->has_ended || time > $until;
	ok($open->has_ended && $open->{status} != 0, 'with links for development in answers a shim that trusts a proxy ends');
	like($open->log, qr/dev_login_links/, 'and says why');
}
$node->safe_psql('postgres', $_) for 'ALTER SYSTEM SET opencalendly.dev_login_links = off', 'SELECT pg_reload_conf()';

#
# The 61st booking
#

my $last = book_some($crowd, 'user');
while ($last->{status} == 429 && (left($last))[0] eq 'booking' && time - $began < 70)
{
	sleep 0.5;
	$last = book_some($crowd, 'user');
}
refused($last, 429, 'HTTP_429', undef, 'of an hour 60');
is_deeply([ left($last) ], [ 'booked', 0 ], 'the answer says which limit it is');
like($last->{headers}{'ratelimit-policy'}, qr/^"booked";q=60;w=3600$/, 'and what it allows');
cmp_ok($last->{headers}{'retry-after'}, '>', 3000, 'and when');
answered(book_some(from('198.51.100.61'), 'user'), 'another client books');

is($shim->stop, 0, 'the shim ends well');
done_testing();
