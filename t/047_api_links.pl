# Promise (API.md, Public booking): the links in an invitee's mail do what they say until the booking starts, tell about it
# until 30 days after its end, and nothing afterwards; sent twice they do no harm.
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
my $talk = Front::event_type($ada, slug => 'talk', name => 'Talk; with, signs\\', locationType => 'video', locationValue => 'https://meet.example/room', description => "Two\nlines");
my %slot = (username => 'ada', eventSlug => 'talk');

sub book { my ($start, %more) = @_; return Front::book($http, { %slot, startsAt => $start, %more })->{json}; }
sub token_of { my ($booked, $action) = @_; return $booked->{actions}{$action}{token}; }
sub action { my ($token, $path) = @_; return $http->get("/v0/bookings/actions/$token" . ($path // '')); }
sub cancel { my ($token, $body) = @_; return $http->post("/v0/bookings/actions/$token/cancel", $body); }
sub move { my ($token, $start, %more) = @_; return $http->post("/v0/bookings/actions/$token/reschedule", { startsAt => $start, %more }); }
sub may { my ($answer) = @_; return join ' ', map { $answer->{json}{actions}{$_} ? "$_" : "not $_" } qw(canCancel canReschedule); }

# Everything that a link leads to is not for search engines.
sub unseen
{
	my ($answer, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return is_deeply([ @{ $answer->{headers} }{qw(x-robots-tag cache-control)} ], [ 'noindex', $_[2] // 'no-store' ], $name);
}

#
# What a link tells
#

my $booked = book('2026-06-02T10:00:00Z', timezone => 'Asia/Tokyo', inviteeName => 'Ann', inviteeEmail => 'Ann@Example.net');
my %seen;
for my $kind (qw(cancel reschedule))
{
	my $seen = action(token_of($booked, $kind));
	answered($seen, "a link to $kind is good");
	$seen{$kind} = $seen->{json};
	is($seen->{json}{actionType}, $kind, 'it says what it is for');
	is_deeply($seen->{json}{booking},
		{ id => $booked->{booking}{id}, status => 'confirmed', startsAt => '2026-06-02T10:00:00.000Z', endsAt => '2026-06-02T10:30:00.000Z', timezone => 'Asia/Tokyo', inviteeName => 'Ann',
			inviteeEmail => 'ann@example.net', rescheduledTo => undef, team => undef }, 'and which booking');
	is_deeply([ @{ $seen->{json}{eventType} }{qw(slug name durationMinutes)} ], [ 'talk', 'Talk; with, signs\\', 30 ], 'of what');
	is($seen->{json}{eventType}{locationValue}, 'https://meet.example/room', 'who has booked is told how to get there');
	is_deeply($seen->{json}{organizer}, { username => 'ada', displayName => 'Ada', timezone => 'Europe/Berlin' }, 'with whom');
	is(may($seen), $kind eq 'cancel' ? 'canCancel not canReschedule' : 'not canCancel canReschedule', 'and what one may do by it');
	unseen($seen, 'it is not for search engines, nor kept');
}
delete @$_{qw(actionType actions)} for values %seen;
is_deeply($seen{cancel}, $seen{reschedule}, 'both tell the same');

# Of the wrong kind, or none at all
refused(cancel(token_of($booked, 'reschedule'), {}), 404, 'OC003', undef, 'a link to reschedule does not cancel');
refused(move(token_of($booked, 'cancel'), '2026-06-02T11:00:00Z'), 404, 'OC003', undef, 'a link to cancel does not reschedule');
for my $bad ('A' x 64, 'x', 'a' x 300, substr(token_of($booked, 'cancel'), 1), token_of($booked, 'cancel') . 'A', $booked->{booking}{id})
{
	my $shown = substr($bad, 0, 12);
	refused($_, 404, 'OC003', undef, "$shown...: no link") for action($bad), action($bad, '/availability'), action($bad, '/invite.ics'), cancel($bad, {}), move($bad, '2026-06-02T11:00:00Z');
	unseen(action($bad), 'not for search engines');
}

#
# To move
#

# The slots for it: as if the booking were gone.
sub starts { return join ' ', map { substr $_->{startsAt}, 11, 5 } @{ $_[0]{json}{slots} }; }

$ada->put('/v0/me/availability/rules', { rules => [ map { { dayOfWeek => $_, startMinute => 720, endMinute => 780 } } 0 .. 6 ] });    # 10:00 to 11:00 UTC
my $query = 'start=2026-06-02T00:00:00Z&days=1';
is(starts($http->get("/v0/users/ada/event-types/talk/availability?$query")), '10:30', 'to others the time is taken');
my $own = action(token_of($booked, 'reschedule'), "/availability?$query&timezone=Asia/Tokyo");
answered($own, 'a link to reschedule shows slots');
is(starts($own), '10:00 10:15 10:30', 'without the booking itself');
is($own->{json}{slots}[0]{startsAtLocal}, '2026-06-02T19:00:00+09:00', 'in the zone asked for');
unseen($own, 'not for search engines, to be asked for again', 'no-cache');
my $tag = $own->{headers}{etag};
is($http->get("/v0/bookings/actions/" . token_of($booked, 'reschedule') . "/availability?$query&timezone=Asia/Tokyo", headers => { 'If-None-Match' => $tag })->{status}, 304, 'and not sent twice');
my ($walked, $target) = ('', "/v0/bookings/actions/" . token_of($booked, 'reschedule') . "/availability?$query&limit=2");
for (1 .. 5)
{
	my $page = $http->get($target);
	$walked .= starts($page) . ' ';
	($target) = ($page->{headers}{link} // '') =~ /^<(.+)>; rel="next"/ or last;
}
is($walked, '10:00 10:15 10:30 ', 'page by page');
refused(action(token_of($booked, 'reschedule'), '/availability?days=0'), 400, 'OC006', 'days', 'parameters are checked');
refused(action(token_of($booked, 'cancel'), "/availability?$query"), 404, 'OC003', undef, 'a link to cancel has no slots to offer');

refused(move(token_of($booked, 'reschedule'), '2026-06-02T02:00:00Z'), 409, 'OC001', undef, 'a booking cannot be moved to what is not offered');
refused(move(token_of($booked, 'reschedule'), undef), 400, 'OC006', 'startsAt', 'the start must be given');
refused(move(token_of($booked, 'reschedule'), '2026-06-02T10:15:00Z', $_->[0] => $_->[1]), 400, 'OC006', $_->[0], "$_->[0] $_->[1] is refused") for [ timezone => 'XYZ3' ], [ holdToken => 'x' ], [ reason => 'r' ];
refused($http->post('/v0/bookings/actions/' . token_of($booked, 'reschedule') . '/reschedule', { startsAt => '2026-06-02T10:15:00Z' }, headers => { 'Idempotency-Key' => 'short' }), 400, 'OC006', 'Idempotency-Key',
	'a short key, too');
$ada->patch("/v0/event-types/$talk->{id}", { isActive => $false });
my $moved = move(token_of($booked, 'reschedule'), '2026-06-02T10:15:00Z', timezone => 'Europe/Paris');
answered($moved, 'a booking is moved, onto a part of its own time, while nobody can book');
$ada->patch("/v0/event-types/$talk->{id}", { isActive => $true });
my ($old, $new) = @{ $moved->{json} }{qw(oldBooking newBooking)};
is_deeply($old, { id => $booked->{booking}{id}, status => 'rescheduled' }, 'the old one stays as rescheduled');
is_deeply({ map { $_ => $new->{$_} } qw(status rescheduledFromBookingId startsAt endsAt) },
	{ status => 'confirmed', rescheduledFromBookingId => $old->{id}, startsAt => '2026-06-02T10:15:00.000Z', endsAt => '2026-06-02T10:45:00.000Z' }, 'the new one takes its place');
unseen($moved, 'not for search engines, nor kept');
my $again = move(token_of($booked, 'reschedule'), '2026-06-02T12:15:00+02:00', timezone => 'Europe/Paris');
is($again->{body}, $moved->{body}, 'the same wish again has the same answer');
like(may(action(token_of($moved->{json}, 'cancel'))), qr/^canCancel/, 'the new links are good');
is(action(token_of($moved->{json}, 'cancel'))->{json}{booking}{timezone}, 'Europe/Paris', 'for the zone given now');

# A moved booking's links lead on.
for my $kind (qw(cancel reschedule))
{
	my $seen = action(token_of($booked, $kind));
	is_deeply([ @{ $seen->{json}{booking} }{qw(status rescheduledTo)} ], [ 'rescheduled', $new->{id} ], "the old link to $kind says where it went");
	is(may($seen), 'not canCancel not canReschedule', 'and does no more');
}
for my $late (cancel(token_of($booked, 'cancel'), {}), move(token_of($booked, 'reschedule'), '2026-06-02T10:30:00Z'))
{
	refused($late, 409, 'OC005', undef, 'a moved booking is not changed');
	is($late->{json}{rescheduledTo}, $new->{id}, 'the answer says where it went');
}
my $twice = move(token_of($moved->{json}, 'reschedule'), '2026-06-02T10:30:00Z');
answered($twice, 'it can be moved again');
is(action(token_of($booked, 'cancel'))->{json}{booking}{rescheduledTo}, $new->{id}, 'each leads to the next');

# Onto what one holds, and what others hold
my $other = book('2026-06-03T10:00:00Z');
my $hold = $http->post('/v0/holds', { %slot, startsAt => '2026-06-03T10:30:00Z', actionToken => token_of($other, 'reschedule') });
answered($hold, 'a slot is held for moving');
refused(move(token_of($other, 'reschedule'), '2026-06-03T10:30:00Z'), 409, 'OC001', undef, 'without the hold it is taken');
answered(move(token_of($other, 'reschedule'), '2026-06-03T10:30:00Z', holdToken => $hold->{json}{holdToken}), 'with it the booking is moved there');
my $once = Front::event_type($ada, slug => 'once', dailyBookingLimit => 1);
my $only = Front::book($http, { username => 'ada', eventSlug => 'once', startsAt => '2026-06-20T10:00:00Z' })->{json};
is(starts(action(token_of($only, 'reschedule'), '/availability?start=2026-06-20T00:00:00Z&days=1')), '10:00 10:15 10:30', 'on a day whose cap the booking itself uses up it can be moved');
my $for_move = $http->post('/v0/holds', { username => 'ada', eventSlug => 'once', startsAt => '2026-06-20T10:30:00Z', actionToken => token_of($only, 'reschedule') });
answered($for_move, 'and what it can be moved to can be held');
refused($http->post('/v0/holds', { username => 'ada', eventSlug => 'once', startsAt => '2026-06-20T10:15:00Z' }), 409, 'OC001', undef, 'but not by others');
$ada->patch("/v0/event-types/$once->{id}", { isActive => $false });
my $inactive = $http->post('/v0/holds', { username => 'ada', eventSlug => 'once', startsAt => '2026-06-21T10:30:00Z', actionToken => token_of($only, 'reschedule'), replaces => $for_move->{json}{holdToken} });
answered($inactive, 'also while nobody can book');
refused($http->post('/v0/holds', { username => 'ada', eventSlug => 'once', startsAt => '2026-06-20T10:15:00Z', actionToken => token_of($only, 'reschedule') }), 409, 'OC001', undef, 'the booking\'s own time is not held: it has it');
answered(move(token_of($only, 'reschedule'), '2026-06-21T10:30:00Z', holdToken => $inactive->{json}{holdToken}), 'it is moved there');
refused($http->post('/v0/holds', { username => 'ada', eventSlug => 'once', startsAt => '2026-06-22T10:30:00Z', actionToken => token_of($only, 'reschedule') }), 400, 'OC006', 'actionToken', 'a link that moves nothing any more holds nothing');
refused($http->post('/v0/holds', { %slot, startsAt => '2026-06-03T10:00:00Z', actionToken => 'A' x 64 }), 400, 'OC006', 'actionToken', 'a link that is none holds nothing');

#
# To cancel
#

my $gone = book('2026-06-04T10:00:00Z');
refused(cancel(token_of($gone, 'cancel'), { reason => 'r' x 501 }), 400, 'OC006', 'reason', 'a reason has 500 characters at most');
refused(cancel(token_of($gone, 'cancel'), { why => 'x' }), 400, 'OC006', 'why', 'unknown fields are refused by name');
my $canceled = cancel(token_of($gone, 'cancel'), { reason => 'ill' });
answered($canceled, 'a booking is canceled');
is_deeply($canceled->{json}{booking}, { id => $gone->{booking}{id}, status => 'canceled' }, 'the answer says so');
unseen($canceled, 'not for search engines, nor kept');
my $replayed = cancel(token_of($gone, 'cancel'), undef);
answered($replayed, 'again, without a body');
is($replayed->{json}{replayed}, $true, 'is answered as done');
is(may(action(token_of($gone, 'cancel'))), 'not canCancel not canReschedule', 'then there is nothing to do');
is(action(token_of($gone, 'reschedule'))->{json}{booking}{status}, 'canceled', 'and both links say so');
refused(move(token_of($gone, 'reschedule'), '2026-06-04T10:30:00Z'), 409, 'OC005', undef, 'what is canceled is not moved');
is(starts($http->get('/v0/users/ada/event-types/talk/availability?start=2026-06-04T00:00:00Z&days=1')), '10:00 10:15 10:30', 'its time is free');

#
# As time goes by
#

$booked = book('2026-06-05T10:00:00Z');
my %link = map { $_ => token_of($booked, $_) } qw(cancel reschedule);
Front::set_clock($node, '2026-06-05 09:59:59.9+00');
is(may(action($link{cancel})) . ', ' . may(action($link{reschedule})), 'canCancel not canReschedule, not canCancel canReschedule', 'just before the start one may do both');
for my $time ('2026-06-05 10:00+00', '2026-06-05 10:30+00', '2026-07-05 10:29:59+00')
{
	Front::set_clock($node, $time);
	is(may(action($_)), 'not canCancel not canReschedule', "at $time one may not") for values %link;
	is(action($link{cancel})->{json}{booking}{status}, 'confirmed', 'but sees it');
	refused(cancel($link{cancel}, {}), 410, 'OC004', undef, 'it cannot be canceled');
	refused(move($link{reschedule}, '2026-07-10T10:00:00Z'), 410, 'OC004', undef, 'nor moved');
	like(action($link{reschedule}, '/availability')->{status}, qr/^4(09|10)$/, 'nor are slots shown for it');
	is($http->get("/v0/bookings/actions/$link{cancel}/invite.ics")->{status}, 200, 'and can be put into a calendar');
}
Front::set_clock($node, '2026-07-05 10:30:01+00');
for my $gone (action($link{cancel}), action($link{reschedule}), action($link{reschedule}, '/availability'), action($link{cancel}, '/invite.ics'), cancel($link{cancel}, {}), move($link{reschedule}, '2026-07-10T10:00:00Z'))
{
	refused($gone, 410, 'OC004', undef, '30 days after the end the link is gone');
	unlike($gone->{body}, qr/Ann|example/, 'with what it told');
	is($gone->{headers}{'x-robots-tag'}, 'noindex', 'and still not for search engines');
}
Front::set_clock($node, '2026-06-01 08:00+00');

#
# The calendar's file
#

$booked = book('2026-06-08T10:00:00Z', inviteeName => "Ann; \"A\", B\\ \x{1F600}", inviteeEmail => 'ann@example.net');
my $invite = action(token_of($booked, 'cancel'), '/invite.ics');
is($invite->{status}, 200, 'there is a file for calendars');
like($invite->{headers}{'content-type'}, qr{^text/calendar; ?charset=utf-8; ?method=PUBLISH$}i, 'of its type');
unseen($invite, 'not for search engines, nor kept');
my $ics = $invite->{body};
is(scalar(grep { length > 75 } split /\r\n/, $ics), 0, 'no line has more than 75 bytes');
unlike($ics, qr/(?<!\r)\n|\r(?!\n)/, 'lines end in CR LF');
$ics =~ s/\r\n[ \t]//g;
my %line = map { /^([A-Z-]+)[;:](.*)$/ ? ($1 => $2) : () } split /\r\n/, $ics;
is_deeply([ @line{qw(BEGIN VERSION METHOD)} ], [ 'VEVENT', '2.0', 'PUBLISH' ], 'it is an event that is published');
like($ics, qr/^BEGIN:VCALENDAR\r\n.*\r\nEND:VCALENDAR\r\n\z/s, 'in a calendar');
like($line{UID}, qr/\Q$booked->{booking}{id}\E/, 'with the booking\'s id');
like($line{DTSTART}, qr/^20260608T100000Z$|TZID/, 'the start');
like($line{DTEND}, qr/^20260608T103000Z$|TZID/, 'the end');
is($line{SUMMARY} =~ /Talk\\; with\\, signs\\\\/ ? 1 : $line{SUMMARY}, 1, 'the name, its signs escaped');
like($ics, qr{https://meet\.example/room}, 'and how to get there');
like($ics, qr/ann\@example\.net/, 'it names its reader');
is(scalar(my @mails = $ics =~ /mailto:/gi), scalar(my @known = $ics =~ /mailto:(?:ann\@example\.net|ada\@example\.com)/gi), 'and nobody else but the host') or diag($ics);
like($line{SEQUENCE} // '', qr/^\d+$/, 'with a sequence number');
my $second = action(token_of($booked, 'reschedule'), '/invite.ics');
my ($one, $other_one) = map { $_->{body} =~ s/\r\n[ \t]//gr =~ s/(DTSTAMP|URL):[^\r]*//gr } $invite, $second;
is($one, $other_one, 'both links have the same, but for the link itself');
like($ics, qr{^URL:\Q${\ Front::base_url()}\E/bookings/actions/\Q${\ token_of($booked, 'cancel')}\E\r$}m, 'which is the reader\'s own');
is($http->head('/v0/bookings/actions/' . token_of($booked, 'cancel') . '/invite.ics')->{status}, 200, 'HEAD, too');
cancel(token_of($booked, 'cancel'), {});
like(action(token_of($booked, 'cancel'), '/invite.ics')->{body}, qr/^STATUS:CANCELLED\r$/m, 'a canceled one says so');

# A group's event: others are not named.
my $group = Front::event_type($ada, slug => 'group', seats => 3);
my @crowd = map { Front::book($http, { username => 'ada', eventSlug => 'group', startsAt => '2026-06-09T10:00:00Z', inviteeName => "Guest $_", inviteeEmail => "guest$_\@example.net" })->{json} } 1 .. 3;
unlike(action(token_of($crowd[0], 'cancel'), '/invite.ics')->{body}, qr/guest[23]|Guest [23]/, 'nobody learns who else comes');
unlike(action(token_of($crowd[0], 'cancel'))->{body}, qr/guest[23]|Guest [23]/, 'in any way');

is($shim->stop, 0, 'the shim ends well');
done_testing();
