# Promise (API.md, Auth): signing in by mailed link tells nobody who has an account, a link works once and for 15 minutes,
# a session for 30 days and until it is ended, the cookie of our own pages cannot be used by others' pages, and a username
# stays its owner's.
use strict;
use warnings;
use Front;
use Http;
use Routes;
use Test::More;
use Time::Local qw(timegm);

my ($node, $shim, $http) = Front::start();

sub rows { return $node->safe_psql('postgres', $_[0]); }
sub ask_link { return $http->post('/v0/auth/magic-link', { @_ }); }
sub link_for { return ask_link(@_)->{json}{magicLinkToken}; }
sub verify { my ($token, %names) = @_; return $http->post('/v0/auth/verify', { token => $token, %names }); }
sub keys_of { return join ' ', sort keys %{ $_[0]{json} }; }

# Seconds from now to an instant of an answer.
sub seconds_to
{
	my ($y, $m, $d, $h, $min, $s) = $_[0] =~ /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.\d{3}Z$/ or return "no instant: $_[0]";

	return timegm($s, $min, $h, $d, $m - 1, $y) - time;
}

#
# Links
#

my $ada = Front::sign_in($node, $http, 'ada', timezone => 'Europe/Berlin');
my $before = rows('SELECT u::text FROM opencalendly.users AS u');
my $known = ask_link(email => 'ada@example.com', username => 'other', displayName => 'Other', timezone => 'UTC');
my $unknown = ask_link(email => 'nobody@example.com', username => 'other', displayName => 'Other', timezone => 'UTC');
answered($known, 'a link is asked for, for an address that is known');
answered($unknown, 'and for one that is not');
is(keys_of($known), 'email expiresAt magicLinkToken ok', 'the answer says when it expires, and for development the token');
is(keys_of($unknown), keys_of($known), 'the same for the address that is not known');
is(length $known->{body}, length $unknown->{body}, 'to the byte as long');
cmp_ok(abs(seconds_to($known->{json}{expiresAt}) - 900), '<', 10, 'in 15 minutes');
is(rows('SELECT u::text FROM opencalendly.users AS u'), $before, 'no user was made or changed by it');
is(keys_of($http->post('/v0/auth/magic-link', { email => 'sam@example.com' })), 'email expiresAt magicLinkToken ok', 'the address alone is enough');

refused(ask_link(), 400, 'OC006', 'email', 'the address must be given');
refused(ask_link(email => 'ada'), 400, 'OC006', 'email', 'and be one');
refused(ask_link(email => ('a' x 310) . '@example.com'), 400, 'OC006', 'email', 'of at most 320 characters');
refused(ask_link(email => 'a@example.com', username => 'x'), 400, 'OC006', 'username', 'a username has 3 characters at least');
refused(ask_link(email => 'a@example.com', timezone => 'Mars/Olympus'), 400, 'OC006', 'timezone', 'a zone is one');
refused(ask_link(email => 'a@example.com', displayName => ' '), 400, 'OC006', 'displayName', 'a name is one');
refused(ask_link(email => 'a@example.com', user => 1), 400, 'OC006', 'user', 'an unknown field is refused by name');

# The account
my $verified = verify($unknown->{json}{magicLinkToken});
answered($verified, 'the link of the unknown address makes an account');
is(keys_of($verified), 'expiresAt ok sessionToken user', 'the answer has the session and the user');
my %user = %{ $verified->{json}{user} };
like(delete $user{id}, qr/^[0-9a-f-]{36}$/, 'with an id');
is_deeply(\%user, { email => 'nobody@example.com', username => 'other', displayName => 'Other', timezone => 'UTC', language => 'en' }, 'with the names that waited');
cmp_ok(abs(seconds_to($verified->{json}{expiresAt}) - 30 * 86400), '<', 10, 'for 30 days');
my $other = $http->as($verified->{json}{sessionToken});
refused(verify($unknown->{json}{magicLinkToken}), 401, 'OC012', undef, 'a link works once');
is(verify($known->{json}{magicLinkToken})->{json}{user}{displayName}, 'Ada', 'names do not change an account that is there');
is(verify(link_for(email => 'ADA@Example.COM'))->{json}{user}{email}, 'ada@example.com', 'addresses are one in any case');

# One of three
my @links = map { link_for(email => 'other-one@example.com', username => 'three') } 1 .. 3;
answered(verify($links[1]), 'of three links one is used');
refused(verify($links[0]), 401, 'OC012', undef, 'which voids the one before');
refused(verify($links[2]), 401, 'OC012', undef, 'and the one after it');

# A name that is missing or taken keeps the link.
my $link = link_for(email => 'ben@example.com');
refused(verify($link), 409, 'OC005', 'username', 'without a username there is no account');
refused(verify($link, username => 'ada'), 409, 'OC014', 'username', 'nor with one that is taken');
refused(verify($link, username => 'Ben!'), 400, 'OC006', 'username', 'nor with a bad one');
refused(verify($link, username => 'ben', timezone => 'XYZ3'), 400, 'OC006', 'timezone', 'nor with a bad zone');
refused(verify($link, username => 'ben', admin => 1), 400, 'OC006', 'admin', 'nor with a field that is not known');
my $ben = verify($link, username => 'ben', displayName => 'Ben', timezone => 'Asia/Kolkata');
answered($ben, 'the link is good still');
is_deeply([ @{ $ben->{json}{user} }{qw(username displayName timezone)} ], [ 'ben', 'Ben', 'Asia/Kolkata' ], 'with the names given now');
$ben = $http->as($ben->{json}{sessionToken});
is($ben->get('/v0/me/schedules')->{json}{schedules}[0]{timezone}, 'Asia/Kolkata', 'the zone is the default schedule\'s, too');
is(verify(link_for(email => 'names@example.com', username => 'waited', displayName => 'Waited'), username => 'given')->{json}{user}{username},
	'given', 'a name given with the link\'s use comes first');

# 15 minutes
for my $case ([ '15 minutes', 401 ], [ '14 minutes 50 seconds', 200 ])
{
	my ($age, $status) = @$case;
	my $old = link_for(email => 'ben@example.com');

	rows("UPDATE opencalendly.login_links SET created_at = created_at - interval '$age', expires_at = expires_at - interval '$age'
		WHERE email = 'ben\@example.com' AND used_at IS NULL");
	is(verify($old)->{status}, $status, "a link of $age ago: $status");
}
refused(verify('x'), 401, 'OC012', undef, 'what is no link is none');
refused(verify('A' x 64), 401, 'OC012', undef, 'nor is anything that looks like one');
refused($http->post('/v0/auth/verify', {}), 400, 'OC006', 'token', 'the token must be given');

# 5 an hour
rows('DELETE FROM opencalendly.login_links');
for my $email ('ada@example.com', 'stranger@example.com')
{
	my @answers = map { ask_link(email => $_ % 2 ? $email : uc $email, username => 'stranger') } 1 .. 7;
	is(join(' ', map { $_->{status} } @answers), '200 200 200 200 200 200 200', "$email: seven links are asked for");
	is(join(' ', map { exists $_->{json}{magicLinkToken} ? 1 : 0 } @answers), '1 1 1 1 1 0 0', 'five are made');
	is(length(($answers[6]{body})), length($answers[0]{body} =~ s/, "magicLinkToken": "[^"]*"//r), 'and nothing tells it');
	cmp_ok(abs(seconds_to($answers[6]{json}{expiresAt}) - 900), '<', 10, 'not even the time');
	is(rows("SELECT count(*) FROM opencalendly.login_links WHERE email = '$email'"), 5, 'five are kept');
}
ask_link(email => 'stranger') for 1 .. 3;
rows("UPDATE opencalendly.login_links SET created_at = created_at - interval '1 hour', expires_at = expires_at - interval '1 hour'");
ok(link_for(email => 'ada@example.com'), 'an hour later there are links again');

# Without the setting for development no token is told.
$node->safe_psql('postgres', $_) for 'ALTER SYSTEM SET opencalendly.dev_login_links = off', 'SELECT pg_reload_conf()';
$node->poll_query_until('postgres', "SELECT current_setting('opencalendly.dev_login_links') = 'off'");
rows("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'shim'");
is(keys_of(ask_link(email => $_)), 'email expiresAt ok', "no token for $_") for 'ada@example.com', 'unknown@example.com';
$node->safe_psql('postgres', $_) for 'ALTER SYSTEM RESET opencalendly.dev_login_links', 'SELECT pg_reload_conf()';
$node->poll_query_until('postgres', "SELECT current_setting('opencalendly.dev_login_links') = 'on'");
rows("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'shim'");

#
# Sessions
#

sub fresh_links { rows('DELETE FROM opencalendly.login_links'); return; }

fresh_links();
my $phone = $http->with(headers => { 'User-Agent' => 'phone' })->login('ben@example.com');
my $sessions = $ben->get('/v0/auth/sessions');
answered($sessions, 'sessions are listed');
my ($current) = grep { $_->{isCurrent} } @{ $sessions->{json}{sessions} };
my ($other_one) = grep { ($_->{userAgent} // '') eq 'phone' } @{ $sessions->{json}{sessions} };
is(scalar(grep { $_->{isCurrent} } @{ $sessions->{json}{sessions} }), 1, 'one of them is this one');
is(join(' ', sort keys %$current), 'createdAt expiresAt id isCurrent userAgent', 'with what there is to know, and no token');
unlike($sessions->{body}, qr/ocs_/, 'no token');
my $deleted = $ben->del("/v0/auth/sessions/$other_one->{id}");
is($deleted->{json}{deletedId}, $other_one->{id}, 'another session is ended');
refused($phone->get('/v0/auth/me'), 401, 'OC012', undef, 'and is no more');
refused($ben->del("/v0/auth/sessions/$other_one->{id}"), 404, 'OC013', undef, 'it cannot be ended twice');
refused($ada->del("/v0/auth/sessions/$current->{id}"), 404, 'OC013', undef, 'nor by somebody else');
is($ben->get('/v0/auth/me')->{json}{user}{username}, 'ben', 'the present one goes on');

my ($first, $second) = map { $http->login('ben@example.com') } 1, 2;
answered($first->post('/v0/auth/logout', undef), 'signing out without a body');
refused($first->get('/v0/auth/me'), 401, 'OC012', undef, 'ends this session');
answered($second->get('/v0/auth/me'), 'and no other');
answered($second->post('/v0/auth/logout', { everywhere => JSON::PP::true }), 'signing out everywhere');
refused($_->get('/v0/auth/me'), 401, 'OC012', undef, 'ends them all') for $second, $ben;
answered($ada->get('/v0/auth/me'), 'of this user alone');

fresh_links();
my $late = $http->login('ben@example.com');
rows("UPDATE opencalendly.sessions SET created_at = created_at - interval '30 days' + interval '20 seconds',
	expires_at = expires_at - interval '30 days' + interval '20 seconds' WHERE user_id = '$late->{user}{id}'");
answered($late->get('/v0/auth/me'), 'a session of nearly 30 days');
rows("UPDATE opencalendly.sessions SET expires_at = clock_timestamp() WHERE user_id = '$late->{user}{id}'");
refused($late->get('/v0/auth/me'), 401, 'OC012', undef, 'ends after 30 days');
like($late->get('/v0/auth/me')->{headers}{'www-authenticate'}, qr/^Bearer/, 'a 401 says how to sign in');

#
# The own names
#

my $me = $ada->patch('/v0/me', { displayName => 'Ada L.', timezone => 'America/New_York' });
answered($me, 'names and zone are changed');
is_deeply([ @{ $me->{json}{user} }{qw(displayName timezone username email)} ], [ 'Ada L.', 'America/New_York', 'ada', 'ada@example.com' ], 'and nothing else');
is_deeply($ada->get('/v0/auth/me')->{json}{user}, $me->{json}{user}, 'for good');
is($ada->get('/v0/me/schedules')->{json}{schedules}[0]{timezone}, 'America/New_York', 'the default schedule\'s zone moves along');
is($ada->patch('/v0/me', { displayName => undef })->{json}{user}{displayName}, undef, 'null clears the name');
is_deeply($ada->patch('/v0/me', {})->{json}{user}{username}, 'ada', 'an empty object changes nothing');
answered($ada->patch('/v0/me', undef), 'nor does an empty body');
refused($ada->patch('/v0/me', { timezone => undef }), 400, 'OC006', 'timezone', 'a zone is needed');
refused($ada->patch('/v0/me', { username => undef }), 400, 'OC006', 'username', 'a username, too');
refused($ada->patch('/v0/me', { email => 'x@example.com' }), 400, 'OC006', 'email', 'the address is not changed like this');
refused($ada->patch('/v0/me', { username => 'ben' }), 409, 'OC014', 'username', 'a username that is taken is refused');

#
# The cookie of our own pages
#

fresh_links();
for my $name ('abc', 'x' x 64, 'a-1-b')
{
	is($http->login("$name\@example.org", username => $name, displayName => "\x{1F600}" x 120)->{user}{username}, $name, 'a name of ' . length($name) . ' characters');
}

fresh_links();
my $page = $http->with(headers => { 'X-Session' => 'cookie' });
my $signed_in = $page->post('/v0/auth/verify', { token => link_for(email => 'ada@example.com') });
answered($signed_in, 'signing in with X-Session: cookie');
is(keys_of($signed_in), 'expiresAt ok user', 'no token in the answer');
my ($cookie, $attributes) = $signed_in->{headers}{'set-cookie'} =~ /^__Host-session=([^;]+); (.*)$/;
ok($cookie, 'but in the cookie __Host-session');
is(join(' ', sort split /; /, $attributes), 'HttpOnly Max-Age=2592000 Path=/ SameSite=Lax Secure', 'with its attributes');
unlike($signed_in->{body}, qr/\Q$cookie\E/, 'nowhere else');
ok(!exists verify(link_for(email => 'ada@example.com'))->{headers}{'set-cookie'}, 'without the header there is no cookie');

my $own = Front::base_url();
my $with_cookie = $http->with(headers => { Cookie => "a=b; __Host-session=$cookie; c=d" });
is($with_cookie->get('/v0/auth/me')->{json}{user}{username}, 'ada', 'the cookie signs in');
my %unsafe = (
	POST => [ '/v0/teams', { name => 'T', slug => 't1' } ], PUT => [ '/v0/me/availability/overrides', { overrides => [] } ],
	PATCH => [ '/v0/me', {} ], DELETE => [ '/v0/me/time-off/01900000-0000-7000-8000-000000000000', undef ]);
for my $method (sort keys %unsafe)
{
	my ($path, $body) = @{ $unsafe{$method} };
	my $ask = sub { my ($client, %headers) = @_; return $client->request($method, $path, data => $body, headers => { 'If-Match' => '*', %headers }); };

	refused($ask->($with_cookie), 403, 'HTTP_403', 'Origin', "$method by cookie needs an origin");
	for my $origin ('https://evil.example', 'null', "$own.evil.example", "$own:8443", 'http://book.example', 'https://BOOK.example.', "$own/", 'https://xbook.example', '')
	{
		is($ask->($with_cookie, Origin => $origin)->{status}, 403, "$method by cookie from \"$origin\" is refused");
	}
	is($ask->($with_cookie, Origin => $own)->{status}, $method eq 'DELETE' ? 404 : 200, "$method by cookie from our own origin is not");
	is($ask->($ada, Origin => 'https://evil.example')->{status}, $method eq 'POST' ? 409 : $method eq 'DELETE' ? 404 : 200, "$method by a bearer token asks for none");
}
my $both = $http->with(token => $other->{token}, headers => { Cookie => "__Host-session=$cookie" });
is($both->get('/v0/auth/me')->{json}{user}{username}, 'other', 'a bearer token beats the cookie');
is($both->patch('/v0/me', {}, headers => { Origin => 'https://evil.example' })->{json}{user}{username}, 'other', 'so the origin does not matter');
refused($http->with(token => 'bad', headers => { Cookie => "__Host-session=$cookie" })->get('/v0/auth/me'), 401, 'OC012', undef, 'a bad one, too');
my $out = $with_cookie->post('/v0/auth/logout', {}, headers => { Origin => $own });
answered($out, 'signing out');
like($out->{headers}{'set-cookie'}, qr/^__Host-session=; .*Max-Age=0/, 'clears the cookie');
refused($with_cookie->get('/v0/auth/me'), 401, 'OC012', undef, 'and ends the session');

#
# Usernames
#

# Words that API.md names, and what paths begin with: of the API, of pages and of what the process itself answers.
my @reserved = (
	qw(admin api www support login settings assets static demo-team), qw(team bookings auth console health ready metrics),
	map { m{^/([^/:]+)} ? $1 : () } map { $_->{path} } Routes::list());
my %seen;
for my $word (grep { !$seen{$_}++ } @reserved)
{
	refused($ada->patch('/v0/me', { username => $word }), 400, 'OC006', 'username', "nobody is called $word");
	refused(ask_link(email => 'x@example.com', username => $word), 400, 'OC006', 'username', "nor will be");
}

Front::event_type($ada);
answered($ada->patch('/v0/me', { username => 'ada-l' }), 'ada takes another name');
refused($other->patch('/v0/me', { username => 'ada' }), 409, 'OC014', 'username', 'the old one stays hers');
fresh_links();
refused(verify(link_for(email => 'new@example.com', username => 'ada')), 409, 'OC014', 'username', 'also for who signs up');
my %redirects = (
	'/v0/users/ada/event-types' => '/v0/users/ada-l/event-types',
	'/v0/users/ada/event-types/talk' => '/v0/users/ada-l/event-types/talk',
	'/v0/users/ada/event-types/talk/availability' => '/v0/users/ada-l/event-types/talk/availability');
for my $path (sort keys %redirects)
{
	my $moved = $http->get("$path?timezone=Europe%2FBerlin&days=2&x=%20");
	is($moved->{status}, 301, "$path redirects");
	is($moved->{headers}{location}, "$redirects{$path}?timezone=Europe%2FBerlin&days=2&x=%20", 'and keeps the query');
	is($http->get($path)->{headers}{location}, $redirects{$path}, 'if there is one');
	is($http->head($path)->{status}, 301, 'HEAD, too');
	answered($http->get($redirects{$path}), 'it leads to the page');
}
refused($http->get('/v0/users/ada/event-types/none'), 404, 'OC002', undef, 'what is not there does not redirect');
refused($http->get('/v0/users/ada/event-types/none/availability'), 404, 'OC002', undef, 'nor do its slots');
answered(Front::book($http, { username => 'ada', eventSlug => 'talk', startsAt => '2026-06-02T14:00:00Z' }), 'who has the old page still open can book');
answered($ada->patch('/v0/me', { username => 'lovelace' }), 'ada takes a third name');
is($http->get("/v0/users/$_/event-types")->{headers}{location}, '/v0/users/lovelace/event-types', "$_ leads to it at once") for qw(ada ada-l);
answered($ada->patch('/v0/me', { username => 'ada' }), 'she takes the first one back');
answered($http->get('/v0/users/ada/event-types'), 'which is her page again');
is($http->get('/v0/users/lovelace/event-types')->{headers}{location}, '/v0/users/ada/event-types', 'and the others lead there');
is($http->get('/v0/users/ada-l/event-types')->{headers}{location}, '/v0/users/ada/event-types', 'all of them');

is($shim->stop, 0, 'the shim ends well');
done_testing();
