# Promise (API.md, Public booking): a visitor sees what is offered, true free slots page by page, keeps one while typing,
# and books it once, however often the request is sent.
use strict;
use warnings;
use Front;
use Http;
use JSON::PP ();
use Scene;
use Test::More;

my ($node, $shim, $http) = Front::start();
my $ada = Front::sign_in($node, $http, 'ada', timezone => 'Europe/Berlin');
my ($true, $false) = (JSON::PP::true(), JSON::PP::false());

sub rows { return $node->safe_psql('postgres', $_[0]); }

#
# What is offered
#

my @questions = ({ id => 'topic', label => 'Topic', required => $true, placeholder => 'short' }, { id => 'more', label => 'More' });
my %id;
$id{ $_->{slug} } = Front::event_type($ada, %$_)->{id} for
	{ slug => 'video', locationValue => 'https://meet.example/secret' }, { slug => 'phone', locationType => 'phone', locationValue => '+49 30 secret' },
	{ slug => 'hall', locationType => 'in_person', locationValue => 'Hall 1' }, { slug => 'else', locationType => 'custom', locationValue => 'Anywhere' },
	{ slug => 'asks', questions => \@questions, description => 'D' }, { slug => 'hidden', isHidden => $true }, { slug => 'closed', isActive => $false },
	{ slug => 'group', seats => 3 };

my $page = $http->get('/v0/users/ada/event-types');
answered($page, 'what a user offers is listed');
is(join(' ', map { $_->{slug} } @{ $page->{json}{eventTypes} }), 'video phone hall else asks group', 'but not what is hidden or closed');
is_deeply($page->{json}{organizer}, { username => 'ada', displayName => 'Ada', timezone => 'Europe/Berlin' }, 'with the organizer, and no address of theirs');
my $asks = $http->get('/v0/users/ada/event-types/asks');
answered($asks, 'an event type is shown');
is_deeply([ @{ $asks->{json}{eventType} }{qw(name slug durationMinutes locationType locationValue)} ], [ 'Talk', 'asks', 30, 'video', undef ], 'with what API.md says');
is_deeply([ map { [ @$_{qw(id label required placeholder)} ] } @{ $asks->{json}{eventType}{questions} } ],
	[ [ 'topic', 'Topic', $true, 'short' ], [ 'more', 'More', $false, undef ] ], 'and its questions');
is_deeply($asks->{json}{organizer}, $page->{json}{organizer}, 'and the organizer');
unlike($page->{body} . $asks->{body}, qr/example\.com|secret/, 'nothing that is not everybody\'s');
my %location = map { $_ => $http->get("/v0/users/ada/event-types/$_")->{json}{eventType}{locationValue} } qw(video phone hall else);
is_deeply(\%location, { video => undef, phone => undef, hall => 'Hall 1', else => 'Anywhere' }, 'where it takes place is told, how to reach a video or phone meeting is not');
answered($http->get('/v0/users/ada/event-types/hidden'), 'who knows of a hidden one finds it');
refused($http->get('/v0/users/ada/event-types/closed'), 404, 'OC002', undef, 'a closed one is not there');
refused($http->get('/v0/users/ada/event-types/none'), 404, 'OC002', undef, 'as one that never was');
refused($http->get('/v0/users/nobody/event-types'), 404, 'OC013', undef, 'nobody offers nothing');
refused($http->get('/v0/users/nobody/event-types/talk'), 404, 'OC002', undef, 'in no way');

#
# Slots
#

my $slots_path = '/v0/users/ada/event-types/video/availability';

sub slots { my ($query, %options) = @_; return $http->get($slots_path, query => $query, %options); }
sub starts { return [ map { $_->{startsAt} } @{ $_[0]{json}{slots} } ]; }

my $free = slots({});
answered($free, 'slots are shown');
is(join(' ', sort keys %{ $free->{json} }), 'ok slots timezone', 'with the zone, and no cursor as all are there');
is($free->{json}{timezone}, 'UTC', 'UTC if no other is asked for');
is_deeply([ starts($free)->[0], starts($free)->[-1], scalar @{ starts($free) } ], [ '2026-06-01T08:00:00.000Z', '2026-06-08T07:45:00.000Z', 27 + 6 * 31 + 4 ],
	'from now on (09:00 to 17:00 in Berlin), for 7 days');
is_deeply($free->{json}{slots}[0], { startsAt => '2026-06-01T08:00:00.000Z', endsAt => '2026-06-01T08:30:00.000Z', startsAtLocal => '2026-06-01T08:00:00+00:00' }, 'each with its end and the local time')
  or diag(explain($free->{json}{slots}[0]));
my $kolkata = slots({ timezone => 'Asia/Kolkata', start => '2026-06-03T00:00:00Z', days => 1 });
is($kolkata->{json}{timezone}, 'Asia/Kolkata', 'in the zone asked for');
is($kolkata->{json}{slots}[0]{startsAtLocal}, '2026-06-03T12:30:00+05:30', 'with its offset');
is(slots({ timezone => 'Europe/Berlin', start => '2026-10-26T00:00:00Z', days => 1 })->{json}{slots}[0]{startsAtLocal}, '2026-10-26T09:00:00+01:00', 'of that day');
is_deeply(starts(slots({ start => '2026-06-03T07:00:00Z', days => 1 })), starts(slots({ start => '2026-06-03T09:00:00+02:00', days => 1 })), 'the beginning may be written in any zone');
is(starts(slots({ start => '2026-06-03T07:00:00Z', days => 1 }))->[0], '2026-06-03T07:00:00.000Z', 'a slot at the beginning is in');
is(starts(slots({ start => '2026-06-03T07:00:00.001Z', days => 1 }))->[-1], '2026-06-04T07:00:00.000Z', 'and one 24 hours later is not, but for a later beginning');
is(starts(slots({ start => '2026-06-03T07:00:00Z', days => 1 }))->[-1], '2026-06-03T14:30:00.000Z', 'so the range is [start, start + days)');
is(starts(slots({ start => '2020-01-01T00:00:00Z', days => 31 }))->[0], undef, 'the past has none');
is(scalar @{ starts(slots({ start => '2026-06-10T00:00:00Z', days => 31 })) }, 31 * 31, '31 days');
is_deeply(starts(slots({ x => 1, limit => '', cursor => '' })), starts($free), 'unknown and empty parameters are ignored');
refused(slots({ $_->[0] => $_->[1] }), 400, 'OC006', $_->[0], "$_->[0]=$_->[1] is refused")
  for [ days => 0 ], [ days => 32 ], [ days => 'x' ], [ days => '1.5' ], [ limit => 0 ], [ limit => -1 ], [ timezone => 'XYZ3' ], [ timezone => 'posix/Europe/Berlin' ], [ timezone => 'berlin' ],
  [ start => '2026-06-01' ], [ start => 'now' ], [ start => 'infinity' ], [ start => '2026-06-01T09:00:00' ], [ cursor => 'x' ], [ cursor => '9' x 19 ], [ hold => 'x' ], [ hold => 'A' x 42 ];

# In pages: each once.
my $whole = starts(slots({ start => '2026-06-02T00:00:00Z', days => 3 }));
for my $way ('nextCursor', 'Link')
{
	for my $size (1, 10, 31, 92, 93, 1000)
	{
		my $query = "start=2026-06-02T00:00:00Z&days=3&timezone=Asia/Tokyo&limit=$size";
		my ($target, @walked, $too_many) = ("$slots_path?$query");
		for (my $pages = 0; $target && $pages < 100; $pages++)
		{
			my $answer = $http->get($target);
			my ($link) = ($answer->{headers}{link} // '') =~ m{^<([^>]+)>; rel="next"$};
			my $next = $answer->{json}{nextCursor};

			push @walked, @{ starts($answer) };
			$too_many = 1 if @{ starts($answer) } > $size;
			$target = $way eq 'Link' ? $link : $next && "$slots_path?$query&cursor=$next";
		}
		is_deeply(\@walked, $whole, "by $way, $size at a time: each once, in order");
		ok(!$too_many, 'and never more');
	}
}

# Tags
my $tag = $free->{headers}{etag};
like($tag, qr/^"[A-Za-z0-9_-]+"$/, 'slots have a tag');
is($free->{headers}{'cache-control'}, 'no-cache', 'and are to be asked for again');
for my $tags ($tag, "W/$tag", "\"a\", W/$tag, \"b\"", "\"a\",$tag", '*')
{
	my $same = slots({}, headers => { 'If-None-Match' => $tags });
	is($same->{status}, 304, "If-None-Match $tags: not modified");
	is($same->{headers}{etag}, $tag, 'with the tag');
	is($same->{body}, '', 'without a body');
}
is(slots({}, headers => { 'If-None-Match' => $_ })->{status}, 200, "If-None-Match $_: the slots") for '"a"', substr($tag, 0, -2) . '"', '';
my $head = $http->head($slots_path);
is_deeply([ @$head{qw(status body)}, $head->{headers}{etag} ], [ 200, '', $tag ], 'HEAD tells the tag');
isnt(slots({ timezone => 'Asia/Tokyo' })->{headers}{etag}, $tag, 'in another zone the tag is another');

# Seats
$slots_path = '/v0/users/ada/event-types/group/availability';
is(slots({})->{json}{slots}[0]{seatsLeft}, 3, 'of a group event the seats are told');
answered(Front::book($http, { username => 'ada', eventSlug => 'group', startsAt => '2026-06-01T08:00:00Z' }), 'one is taken');
is(slots({})->{json}{slots}[0]{seatsLeft}, 2, 'and two are left');
answered(Front::book($http, { username => 'ada', eventSlug => 'group', startsAt => '2026-06-01T08:00:00Z' }), 'and another') for 1, 2;
is(starts(slots({}))->[0], '2026-06-01T08:30:00.000Z', 'until none is');
$slots_path = '/v0/users/ada/event-types/video/availability';
isnt(slots({})->{headers}{etag}, $tag, 'what is booked changes the tag of every event of the host');

#
# Holds
#

my %slot = (username => 'ada', eventSlug => 'video', startsAt => '2026-06-03T10:00:00Z');
my %day = (start => '2026-06-03T00:00:00Z', days => 1);

sub hold { return $http->post('/v0/holds', { %slot, @_ }); }
sub is_offered { my ($start, %query) = @_; return scalar grep { $_ eq $start } @{ starts(slots({ %day, %query })) }; }

my $held = hold();
answered($held, 'a slot is kept');
is(join(' ', sort keys %{ $held->{json} }), 'expiresAt holdToken ok', 'with a token and an end');
is($held->{json}{expiresAt}, '2026-06-01T08:05:00.000Z', 'of 5 minutes');
my $token = $held->{json}{holdToken};
ok(!is_offered('2026-06-03T10:00:00.000Z'), 'nobody else is offered it');
ok(is_offered('2026-06-03T10:00:00.000Z', hold => $token), 'but the one who holds it');
refused(hold(), 409, 'OC001', undef, 'nor can anybody hold it');
refused(hold(startsAt => '2026-06-03T10:15:00Z'), 409, 'OC001', undef, 'or a part of it');
refused(Front::book($http, {%slot}), 409, 'OC001', undef, 'nor book it');
is_deeply($http->del("/v0/holds/$token")->{json}, { ok => $true, released => $true }, 'it is given back');
is($http->del("/v0/holds/$_")->{status}, 200, 'giving back what is not held is no error') for $token, 'A' x 43, 'x';
ok(is_offered('2026-06-03T10:00:00.000Z'), 'and is offered again');

my $kept = hold()->{json}{holdToken};
my $replaced = hold(startsAt => '2026-06-03T11:00:00Z', replaces => $kept);
answered($replaced, 'a hold replaces another');
ok(is_offered('2026-06-03T10:00:00.000Z') && !is_offered('2026-06-03T11:00:00.000Z'), 'which is free then');
answered(hold(startsAt => '2026-06-03T11:15:00Z', replaces => $replaced->{json}{holdToken}), 'also for a time that the other one covers');
refused(hold(startsAt => '2026-06-03T12:00:00Z', replaces => 'x'), 400, 'OC006', 'replaces', 'what is replaced is a hold\'s token');
refused(hold(username => undef), 400, 'OC006', 'username', 'a user or a team must be given');
refused(hold(teamSlug => 'crew'), 400, 'OC006', 'username', 'not both');
refused(hold(eventSlug => 'closed'), 404, 'OC002', undef, 'what is closed cannot be held');
refused(hold(startsAt => '2026-06-03T02:00:00Z'), 409, 'OC001', undef, 'nor what is not offered');
refused(hold(startsAt => undef), 400, 'OC006', 'startsAt', 'the start must be given');
refused(hold(more => 1), 400, 'OC006', 'more', 'unknown fields are refused by name');

# To book what is held
my $mine = hold(startsAt => '2026-06-03T13:00:00Z')->{json}{holdToken};
answered(Front::book($http, { %slot, startsAt => '2026-06-03T13:00:00Z', holdToken => $mine }), 'who holds a slot books it');
is($http->del("/v0/holds/$mine")->{json}{released}, $false, 'the hold is used up');
my $elsewhere = hold(startsAt => '2026-06-03T14:00:00Z')->{json}{holdToken};
answered(Front::book($http, { %slot, startsAt => '2026-06-04T09:00:00Z', holdToken => $elsewhere }), 'a hold of another slot is no error');
refused(Front::book($http, { %slot, holdToken => 'x' }), 400, 'OC006', 'holdToken', 'what is no token is');

# An end to holds
$mine = hold(startsAt => '2026-06-04T12:00:00Z')->{json}{holdToken};
my $theirs = hold(startsAt => '2026-06-04T13:00:00Z')->{json}{holdToken};
Front::set_clock($node, '2026-06-01 08:05:01+00');
%day = (start => '2026-06-04T00:00:00Z', days => 1);
ok(is_offered('2026-06-04T12:00:00.000Z'), 'after 5 minutes a slot is free');
answered(Front::book($http, { %slot, startsAt => '2026-06-04T12:00:00Z', holdToken => $mine }), 'who held it books it while it is');
answered(Front::book($http, { %slot, startsAt => '2026-06-04T13:00:00Z' }), 'or somebody else');
refused(Front::book($http, { %slot, startsAt => '2026-06-04T13:00:00Z', holdToken => $theirs }), 409, 'OC001', undef, 'and then it is taken');
is($http->del("/v0/holds/$theirs")->{status}, 200, 'giving back a hold that has ended is no error');

# 20 of an event type
my @many = map { hold(startsAt => sprintf('2026-06-%02dT10:00:00Z', $_)) } 5 .. 25;
is(join(' ', map { $_->{status} } @many), join(' ', (200) x 20, 429), 'an event type has 20 holds at most');
refused($many[20], 429, 'OC008', undef, 'the next one is told so');
ok($many[20]{headers}{'retry-after'}, 'and when to try again');
answered(hold(eventSlug => 'hall', startsAt => '2026-06-26T10:00:00Z'), 'another event type is not concerned');
answered(Front::book($http, { %slot, startsAt => '2026-06-25T10:00:00Z' }), 'and one can book without a hold');

#
# Bookings
#

my %wanted = (username => 'ada', eventSlug => 'asks', startsAt => '2026-07-01T10:00:00+02:00', timezone => 'Asia/Tokyo', inviteeName => "Jos\x{e9} \x{1F600}", inviteeEmail => 'Jose@Example.NET', answers => { topic => 'T' });
my $booked = $http->post('/v0/bookings', {%wanted});
answered($booked, 'a slot is booked');
my $json = $booked->{json};
my %booking = %{ $json->{booking} };
like(delete $booking{id}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'with an id');
is_deeply({ map { $_ => $booking{$_} } qw(eventTypeId organizerId inviteeName inviteeEmail startsAt endsAt) },
	{ eventTypeId => $id{asks}, organizerId => $ada->{user}{id}, inviteeName => "Jos\x{e9} \x{1F600}", inviteeEmail => 'jose@example.net', startsAt => '2026-07-01T08:00:00.000Z', endsAt => '2026-07-01T08:30:00.000Z' },
	'as asked for');
for my $action (qw(cancel reschedule))
{
	my %link = %{ $json->{actions}{$action} };
	my $base = Front::base_url();

	is(join(' ', sort keys %link), 'expiresAt lookupUrl pageUrl token url', "with a link to $action");
	like($link{token}, qr/^[A-Za-z0-9_-]{32,256}$/, 'which has a token');
	is_deeply([ @link{qw(pageUrl lookupUrl url expiresAt)} ],
		[ "$base/bookings/actions/$link{token}", "$base/v0/bookings/actions/$link{token}", "$base/v0/bookings/actions/$link{token}/$action", '2026-07-01T08:00:00.000Z' ], 'and addresses, until the start');
}
is(join(' ', sort keys %{ $json->{email} }), 'provider queued sent', 'what was mailed is told');
ok(exists $json->{$_}{queued}, "and what is queued of $_") for qw(webhooks calendarWriteback notifications);
ok(!exists $json->{assignmentUserIds}, 'of a team there is nothing');
refused($http->post('/v0/bookings', {%wanted}), 409, 'OC001', undef, 'a slot is booked once');
is(rows("SELECT answers ->> 'topic' FROM opencalendly.bookings WHERE id = '$json->{booking}{id}'"), 'T', 'answers are kept');

# What is wrong is named.
my %good = (%wanted, startsAt => '2026-07-01T10:00:00Z');
my @wrong = (
	[ username => undef, 'username' ], [ eventSlug => undef, 'eventSlug' ], [ startsAt => '2026-07-01', 'startsAt' ], [ startsAt => undef, 'startsAt' ], [ timezone => 'XYZ3', 'timezone' ], [ inviteeName => '', 'inviteeName' ],
	[ inviteeName => 'n' x 121, 'inviteeName' ], [ inviteeName => "a\r\nb", 'inviteeName' ], [ inviteeName => undef, 'inviteeName' ], [ inviteeEmail => 'x', 'inviteeEmail' ], [ inviteeEmail => "a\@b.example\n", 'inviteeEmail' ], [ inviteeEmail => undef, 'inviteeEmail' ],
	[ answers => [], 'answers' ], [ answers => { topic => 1 }, 'answers.topic' ], [ answers => { topic => 'T', other => 'x' }, 'answers.other' ], [ answers => { topic => 'T' x 2001 }, 'answers.topic' ], [ answers => {}, 'answers.topic' ],
	[ answers => { topic => '' }, 'answers.topic' ], [ answers => undef, 'answers.topic' ], [ guest => 1, 'guest' ], [ eventTypeId => $id{asks}, 'eventTypeId' ]);
refused($http->post('/v0/bookings', { %good, $_->[0] => $_->[1] }), 400, 'OC006', $_->[2], "$_->[0] " . substr(JSON::PP->new->allow_nonref->encode($_->[1]), 0, 30) . " is refused") for @wrong;
refused($http->post('/v0/bookings', { %good, eventSlug => 'closed' }), 404, 'OC002', undef, 'what is closed is not there');
refused($http->post('/v0/bookings', { %good, username => 'nobody' }), 404, 'OC002', undef, 'nor what nobody offers');
refused($http->post('/v0/bookings', { %good, startsAt => '2026-07-01T10:01:00Z' }), 409, 'OC001', undef, 'what is not offered cannot be booked');
refused($http->post('/v0/bookings', { %good, startsAt => '2025-07-01T10:00:00Z' }), 409, 'OC001', undef, 'nor what is over');
answered($http->post('/v0/bookings', { %good, timezone => undef, holdToken => undef }), 'null is the same as absent');

# What is at its limit is good: signs are counted, not bytes.
my $smile = "\x{1F600}";
my %longest = (inviteeName => $smile x 120, inviteeEmail => ('a' x 64) . '@' . ('b' x 251) . '.net', answers => { topic => $smile x 2000 });
my $longest = $http->post('/v0/bookings', { %good, %longest, startsAt => '2026-07-01T14:00:00Z' });
answered($longest, 'the longest names, addresses and answers are taken');
is_deeply([ @{ $longest->{json}{booking} }{qw(inviteeName inviteeEmail)} ], [ @longest{qw(inviteeName inviteeEmail)} ], 'whole');
answered($http->post("/v0/bookings/actions/$longest->{json}{actions}{cancel}{token}/cancel", { reason => $smile x 500 }), 'and reasons');

# Idempotency-Key
my $key = 'key-of-16-signs-';
my %again = (%wanted, startsAt => '2026-07-02T10:00:00Z');
sub with_key { my ($key, %more) = @_; return $http->post('/v0/bookings', { %again, %more }, headers => { 'Idempotency-Key' => $key }); }
my $first = with_key($key);
answered($first, 'a booking with a key');
is(with_key($key)->{body}, $first->{body}, 'sent again has the same answer, to the byte');
is(with_key("\"$key\"")->{body}, $first->{body}, 'with the key quoted, too');
is(with_key($key, startsAt => $_)->{body}, $first->{body}, "and with the start as $_") for '2026-07-02T12:00:00+02:00', '2026-07-02T10:00Z', '2026-07-02T10:00:00.000Z', '2026-07-02T06:00:00-0400';
is(rows("SELECT count(*) FROM opencalendly.bookings WHERE starts_at = '2026-07-02 10:00+00'"), 1, 'there is one booking');
refused(with_key($key, $_->[0] => $_->[1]), 409, 'OC007', undef, "another $_->[0] under the same key is refused")
  for [ startsAt => '2026-07-02T11:00:00Z' ], [ inviteeName => 'Other' ], [ inviteeEmail => 'other@example.net' ], [ timezone => 'UTC' ], [ answers => { topic => 'U' } ];
refused($http->post('/v0/bookings', {%again}), 409, 'OC001', undef, 'without the key it is another request');
refused(with_key($_), 400, 'OC006', 'Idempotency-Key', 'a key of ' . length($_) . ' characters is refused') for 'x' x 15, 'x' x 201, '"' . 'x' x 15 . '"';
answered(with_key('x' x 200, startsAt => '2026-07-03T10:00:00Z'), 'one of 200 is not');
answered(with_key($key, eventSlug => 'hall', answers => undef, startsAt => '2026-07-02T11:00:00Z'), 'keys are kept for each event type');
refused(with_key('failures-are-not-kept', startsAt => '2026-07-02T10:00:00Z'), 409, 'OC001', undef, 'a failure');
answered(with_key('failures-are-not-kept', startsAt => '2026-07-02T13:00:00Z', inviteeEmail => 'else@example.net'), 'is not kept');
$http->post("/v0/bookings/actions/$first->{json}{actions}{cancel}{token}/cancel", {});
is(with_key($key)->{body}, $first->{body}, 'the first answer is given even when the booking is canceled by now');
rows("UPDATE opencalendly.idempotency_keys SET expires_at = '2026-06-01 08:05+00' WHERE booking_id = '$first->{json}{booking}{id}'");
my $later = with_key($key);
answered($later, 'after 24 hours');
isnt($later->{json}{booking}{id}, $first->{json}{booking}{id}, 'the key is forgotten');
is(rows("SELECT DISTINCT expires_at - created_at FROM opencalendly.idempotency_keys JOIN opencalendly.bookings ON id = booking_id WHERE booking_id <> '$first->{json}{booking}{id}'"), '1 day', 'which is 24 hours after the booking');

# 5 open bookings of an address with a host
my $ben = Front::sign_in($node, $http, 'ben');
Front::event_type($ben, slug => 'talk');
my %often = (username => 'ada', eventSlug => 'hall', inviteeEmail => 'often@example.net');
my @open = map { Front::book($http, { %often, startsAt => "2026-08-0${_}T10:00:00Z", eventSlug => $_ % 2 ? 'hall' : 'video' }, headers => { 'Idempotency-Key' => "open-booking-number-$_" }) } 1 .. 5;
is(join(' ', map { $_->{status} } @open), '200 200 200 200 200', 'an address books five times');
my $sixth = Front::book($http, { %often, startsAt => '2026-08-06T10:00:00Z' });
refused($sixth, 429, 'OC008', undef, 'the sixth time it is told to wait');
ok($sixth->{headers}{'retry-after'}, 'with Retry-After');
refused(Front::book($http, { %often, startsAt => '2026-08-06T10:00:00Z', inviteeEmail => 'OFTEN@example.net' }), 429, 'OC008', undef, 'in any case');
is(rows("SELECT count(*) FROM opencalendly.bookings WHERE starts_at = '2026-08-06 10:00+00'"), 0, 'nothing is booked');
answered(Front::book($http, { %often, startsAt => '2026-08-06T10:00:00Z', inviteeEmail => 'seldom@example.net' }), 'and somebody else can have it');
answered(Front::book($http, { %often, username => 'ben', eventSlug => 'talk', startsAt => '2026-08-06T10:00:00Z' }), 'another host is not concerned');
answered(Front::book($http, { %often, startsAt => '2026-08-01T10:00:00Z', inviteeName => 'Ann' }, headers => { 'Idempotency-Key' => 'open-booking-number-1' }), 'nor is an answer that was given before');
answered($http->post("/v0/bookings/actions/$open[4]{json}{actions}{reschedule}{token}/reschedule", { startsAt => '2026-08-07T11:00:00Z' }), 'nor moving one');
$http->post("/v0/bookings/actions/$open[0]{json}{actions}{cancel}{token}/cancel", {});
answered(Front::book($http, { %often, startsAt => '2026-08-08T10:00:00Z' }), 'who cancels one can book another');

is($shim->stop, 0, 'the shim ends well');
done_testing();
