# Promise (API.md, mail.md): over HTTP alone one signs in by a mailed link, in one's language; a booking says what mails it has
# queued, and they arrive; an event type's owner sets by which mails its invitees are reminded, and bookings that are there
# follow; what a worker does meanwhile is told by "run" within a second. No token is in a log, and none in the tables.
use strict;
use warnings;
use Front;
use JSON::PP ();
use MIME::QuotedPrint qw(decode_qp);
use Outbox;
use PostgreSQL::Test::Utils;
use Scene;
use Test::More;
use Time::HiRes qw(time);

my ($true, $false) = (JSON::PP::true(), JSON::PP::false());
my $folder = PostgreSQL::Test::Utils::tempdir('mails');
my ($node, $shim, $http) = Front::start(
	conf => Outbox::conf(preload => 1, retry_delays => '1h', mail_transport => 'folder', mail_folder => $folder) . "log_statement = none\n");
my $worker = Outbox::worker($node);
my @secrets;

# The mails in the folder whose head has this, oldest first, as text; a header is one line.
sub mails_with
{
	my ($wanted) = @_;
	my @mails = map { [ split /\r?\n\r?\n/, slurp_file($_), 2 ] } sort glob "$folder/*.eml";

	$_->[0] =~ s/\r?\n(?=[ \t])//g for @mails;
	return map { "$_->[0]\n\n$_->[1]" } grep { $_->[0] =~ $wanted } @mails;
}

# Waits until there are so many; returns them.
sub wait_for_mails
{
	my ($n, $head) = @_;

	Outbox::poll(30, sub { mails_with($head) >= $n }) or diag("there are not $n mails $head: " . join ', ', glob "$folder/*");
	return mails_with($head);
}

sub numbers { my ($answer) = @_; return [ @{ $answer->{json} }{qw(processed succeeded retried failed skipped)} ]; }

#
# Signing in
#

my $asked = $http->post('/v0/auth/magic-link', { email => 'ada@example.com', username => 'ada', displayName => 'Ada', language => 'de' });
is_deeply($asked->{json}{email}, { provider => 'folder' }, 'a link is asked for, and mailed');
push @secrets, $asked->{json}{magicLinkToken};
my ($mail) = wait_for_mails(1, qr/^To: .*ada\@example\.com/m);
my ($token) = decode_qp($mail) =~ m{https://book\.example/auth/verify\?token=([A-Za-z0-9_-]+)};
is($token, $asked->{json}{magicLinkToken}, 'the link is in the mail');
my $signed = $http->post('/v0/auth/verify', { token => $token });
answered($signed, 'it signs in');
is($signed->{json}{user}{language}, 'de', 'who signs up has the language of the link');
my $ada = $http->as($signed->{json}{sessionToken});
is($ada->get('/v0/auth/me')->{json}{user}{language}, 'de', 'for good');
is($ada->patch('/v0/me', { language => 'en' })->{json}{user}{language}, 'en', 'and can choose another one');
refused($ada->patch('/v0/me', { language => 'Klingonisch' }), 400, 'OC006', 'language', 'not any');
refused($http->post('/v0/auth/magic-link', { email => 'x@example.com', language => 'fr' }), 400, 'OC006', 'language', 'nor for a link');
push @secrets, $http->post('/v0/auth/magic-link', { email => 'six@example.com' })->{json}{magicLinkToken} // () for 1 .. 8;
wait_for_mails(5, qr/^To: .*six\@/m);
is($node->safe_psql('postgres', q{SELECT count(*) FROM opencalendly.email_deliveries WHERE email = 'six@example.com'}), '5', 'five links an hour, five mails');

#
# Booking. Reminders are due by the wall clock, so the meetings are far from it.
#

Front::set_clock($node, '2100-06-01 08:00+00');
my @week = map { { dayOfWeek => $_, startMinute => 540, endMinute => 1020 } } 0 .. 6;
answered($ada->put('/v0/me/availability/rules', { rules => \@week }, headers => { 'If-Match' => '*' }), 'hours');
my $event = $ada->post('/v0/event-types', { name => 'Talk', slug => 'talk', durationMinutes => 30, locationType => 'video' })->{json}{eventType};
my $path = "/v0/event-types/$event->{id}/notification-rules";
is_deeply($ada->get($path)->{json}{rules}, [], 'no rules yet');
my $day = { notificationType => 'reminder', offsetMinutes => 1440, isEnabled => $true };
my $set = $ada->put($path, { rules => [$day] });
is_deeply([ map { my %rule = %$_; delete $rule{id}; \%rule } @{ $set->{json}{rules} } ], [$day], 'a rule');
is_deeply($ada->get($path)->{json}{rules}, $set->{json}{rules}, 'is kept');

my %slot = (username => 'ada', eventSlug => 'talk', inviteeName => 'Joe', inviteeEmail => 'joe@example.net');
my $booked = Front::book($http, { %slot, startsAt => '2100-06-10T10:00:00Z', language => 'de' });
is_deeply($booked->{json}{email}, { queued => $true, sent => $true, provider => 'folder' }, 'a booking tells that the invitee is told');
is_deeply($booked->{json}{notifications}, { queued => 1 }, 'and will be reminded');
push @secrets, map { $booked->{json}{actions}{$_}{token} } qw(cancel reschedule);
wait_for_mails(1, qr/^To: .*joe\@example\.net/m);
my ($confirmed) = mails_with(qr/^To: .*joe\@example\.net/m);
like(decode_qp($confirmed), qr/2100/, 'the invitee has it in the mail');
like($confirmed, qr/^Message-ID: <booking_confirmed\.$booked->{json}{booking}{id}\.0\.invitee\@/mi, 'under its own id');
like(decode_qp($confirmed), qr/\Q$booked->{json}{actions}{cancel}{token}\E/, 'with the link that cancels');
wait_for_mails(2, qr/^To: .*ada\@example\.com/m);

# other rules hold for it, too
my $hour = { notificationType => 'reminder', offsetMinutes => 60, isEnabled => $true };
my $after = { notificationType => 'follow_up', offsetMinutes => 30, isEnabled => $true };
my $id = $set->{json}{rules}[0]{id};
$set = $ada->put($path, { rules => [ $hour, { %$day, id => $id }, $after ] });
is_deeply([ map { "$_->{notificationType} $_->{offsetMinutes}" } @{ $set->{json}{rules} } ], [ 'reminder 60', 'reminder 1440', 'follow_up 30' ], 'two rules more');
is($set->{json}{rules}[1]{id}, $id, 'beside the first');
my $link = "/v0/bookings/actions/$booked->{json}{actions}{reschedule}{token}/reschedule";
my $moved = $http->post($link, { startsAt => '2100-06-11T10:00:00Z' });
is_deeply($moved->{json}{notifications}, { queued => 3, queuedForNewBooking => 3, canceledForOldBooking => 3 }, 'a move takes them along');
push @secrets, map { $moved->{json}{actions}{$_}{token} } qw(cancel reschedule);
is_deeply($http->post($link, { startsAt => '2100-06-11T10:00:00Z' })->{json}{notifications},
	{ queued => 3, queuedForNewBooking => 3, canceledForOldBooking => 0 }, 'once');
is_deeply($ada->put($path, { rules => [ { %$hour, isEnabled => $false }, $day ] })->{json}{rules}[0]{isEnabled}, $false, 'one is switched off, one is gone');
my $canceled = $ada->post("/v0/bookings/$moved->{json}{newBooking}{id}/cancel", {});
is_deeply($canceled->{json}{notifications}, { queued => 0, canceled => 1 }, 'a cancelation takes away the one that is left');
is_deeply($canceled->{json}{email}, { queued => $true, sent => $true, provider => 'folder' }, 'and is told');
wait_for_mails(3, qr/^To: .*joe\@example\.net/m);
is(scalar mails_with(qr/^To: .*joe\@example\.net/m), 3, 'the invitee was told of each');

#
# Whose it is
#

my $ben = Front::sign_in($node, $http, 'ben');
push @secrets, map { $_->{json}{magicLinkToken} // () } $http->post('/v0/auth/magic-link', { email => 'ben@example.com' });
refused($ben->get($path), 404, 'OC013', undef, 'another sees no rules');
refused($ben->put($path, { rules => [] }), 404, 'OC013', undef, 'and sets none');
refused($http->get($path), 401, 'OC012', undef, 'nor does anybody');
my $team = $ada->post('/v0/teams', { name => 'Crew', slug => 'crew' })->{json}{team}{id};
my $invited = $ada->post("/v0/teams/$team/members", { email => 'ben@example.com' });
answered($invited, 'a member is asked');
my $invitation = qr/^Message-ID: <team_invitation\.$team\.$invited->{json}{member}{userId}\./mi;
is(scalar wait_for_mails(1, $invitation), 1, 'by mail');
answered($ben->post("/v0/teams/$team/accept", {}), 'and joins');
my $turn = $ada->post('/v0/team-event-types', { teamId => $team, name => 'Turn', slug => 'turn', durationMinutes => 30, mode => 'round_robin' })->{json}{teamEventType}{id};
refused($ben->get("/v0/event-types/$turn/notification-rules"), 403, 'OC009', undef, 'a member leaves the rules to the owners');
is(scalar @{ $ada->put("/v0/event-types/$turn/notification-rules", { rules => [ $day, $after ] })->{json}{rules} }, 2, 'who set them');
my $with_team = $http->post('/v0/team-bookings', { teamSlug => 'crew', eventSlug => 'turn', startsAt => '2100-06-12T10:00:00Z', inviteeName => 'Kim', inviteeEmail => 'kim@example.net', language => 'de' });
is_deeply($with_team->{json}{notifications}, { queued => 2 }, 'a team\'s invitee is reminded by them');
push @secrets, map { $with_team->{json}{actions}{$_}{token} } qw(cancel reschedule);

refused($ada->put($path, { rules => [ $day, $day ] }), 400, 'OC006', undef, 'not the same twice');
refused($ada->put($path, { rules => [ { %$day, offsetMinutes => 0 } ] }), 400, 'OC006', undef, 'not at the start');
refused($ada->put($path, { rules => [ map { { %$day, offsetMinutes => $_ } } 1 .. 21 ] }), 400, 'OC006', 'rules', 'not 21');
refused($ada->put($path, { rule => [] }), 400, 'OC006', 'rule', 'nothing unknown');
refused($ada->put($path, {}), 400, 'OC006', 'rules', 'not nothing');
is(scalar @{ $ada->get($path)->{json}{rules} }, 2, 'what is refused changes nothing');

#
# "run"
#

refused($ada->post('/v0/notifications/run', {}, query => { limit => 101 }), 400, 'OC006', 'limit', 'at most 100');
Outbox::poll(30, sub { $node->safe_psql('postgres', q{SELECT count(*) FROM opencalendly.email_deliveries WHERE status = 'pending' AND due_at < now()}) eq '0' });
is_deeply(numbers($ada->post('/v0/notifications/run', {})), [ 0, 0, 0, 0, 0 ], 'nothing is due');
is(Outbox::stop($worker), '57014', 'the worker goes');
my $waiting = Front::book($http, { %slot, startsAt => '2100-06-13T10:00:00Z' });
push @secrets, map { $waiting->{json}{actions}{$_}{token} } qw(cancel reschedule);
my $before = time;
is_deeply(numbers($ada->post('/v0/notifications/run', {})), [ 0, 0, 0, 0, 0 ], 'nobody sends it');
cmp_ok(time - $before, '>', 0.9, 'which is waited for a second');
is_deeply(numbers($ben->post('/v0/notifications/run', {})), [ 0, 0, 0, 0, 0 ], 'and it is not another\'s');
cmp_ok(time - $before, '<', 5, 'who waits for nothing');
# on a slow machine it may be asked when all is over
my $told;
$worker = Outbox::worker($node);
for my $minute (0 .. 19)
{
	my $one = Front::book($http, { %slot, inviteeEmail => "joe-$minute\@example.net", startsAt => sprintf '2100-07-%02dT10:00:00Z', $minute + 1 });
	push @secrets, map { $one->{json}{actions}{$_}{token} } qw(cancel reschedule);
	$told = numbers($ada->post('/v0/notifications/run', {}));
	last if $told->[0];
}
ok($told->[0] > 0 && $told->[0] == $told->[1], 'run tells what the worker has done meanwhile') or diag("@$told");

# What PostgreSQL logs by default, and the shim; and what rests in the tables.
@secrets = grep { defined } @secrets;
cmp_ok(scalar @secrets, '>', 15, 'there are tokens to look for');
my $logs = join '', map { slurp_file($_) } $node->logfile, $shim->log_file;
is(join(', ', grep { index($logs, $_) >= 0 } @secrets), '', 'no token is in a log');
my $rows = join '', map { $node->safe_psql('postgres', "SELECT r::text FROM opencalendly.$_ AS r") } qw(email_deliveries delivery_attempts failed_deliveries);
is(join(', ', grep { index($rows, $_) >= 0 } @secrets), '', 'nor in the queue');
is(join(', ', Outbox::failed_turns($node)), '', 'and the worker had no trouble');
Outbox::stop($worker);
done_testing();
