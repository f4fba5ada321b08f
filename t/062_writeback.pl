# Promise: what a host's calendar has of their meetings is what the database has. Booked, moved, handed over and canceled, each meeting is
# one event in the calendar of each host who attends, whatever of the conversation is lost, and none once it is over for them. Google
# mails nobody, the event bears our id and our mark and no link that acts. A group is one event whose guests do not see each other.
# A link to meet by is in the booking, the pages and the mails, which wait for it, but not for ever. What Google refuses for good has
# failed, for its host to see; what it puts off waits, and keeps nobody else waiting.
use strict;
use utf8;
use warnings;
use Google;
use JSON::PP;
use Mail;
use OpenCalendly;
use Outbox;
use PostgreSQL::Test::Utils;
use Scene;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => Google::missing() if defined Google::missing();

my $mails = PostgreSQL::Test::Utils::tempdir('mails');
my $google = Google->start;
my $node = OpenCalendly::node('main',
	conf => "restart_after_crash = on\n" . Google::conf($google, mail_transport => 'folder', mail_folder => $mails, mail_from => 'bookings@example.org', delivery_timeout => '5s'));
OpenCalendly::install($node);
Google::write_secret($node);
Mail::host($node);

my ($ada, $ben) = qw(ada@example.com ben@example.com);
sub value { return $node->safe_psql('postgres', $_[0]) }
sub id_of { return value("SELECT id FROM opencalendly.$_[0] WHERE $_[1]") }

value(<<'SQL');
DO $$
DECLARE
	ada uuid := (SELECT id FROM opencalendly.users);
	ben uuid := opencalendly.create_user('ben', 'ben@example.com', display_name => 'Ben Bitdiddle', timezone => 'UTC');
	team uuid := opencalendly.create_team(ada, 'Team', 'team');
BEGIN
	PERFORM opencalendly.set_availability_rules(ben, jsonb_agg(jsonb_build_object(
		'dayOfWeek', day, 'startMinute', 0, 'endMinute', 1440))) FROM generate_series(0, 6) AS day;
	PERFORM opencalendly.invite_team_member(team, ben);
	PERFORM opencalendly.accept_team_invitation(team, ben);
	PERFORM opencalendly.create_team_event_type(team, 'Turn', 'turn', 30, 'round_robin');
	PERFORM opencalendly.create_team_event_type(team, 'All', 'all', 30, 'collective', conference => 'google_meet');
	PERFORM opencalendly.create_event_type(ada, 'Meet', 'meet', 30, conference => 'google_meet');
END
$$;
SQL
$google->connect($node, $_, columns => { next_sync_at => q('infinity') }) for qw(ada ben);
my $worker = Outbox::worker($node);

#
# What there is.
#

sub book { return split /\|/, value(Mail::book(@_, columns => 'booking_id, cancel_token, reschedule_token')) }
sub cancel { return value("SELECT opencalendly.cancel_booking('$_[0]')") }
sub at { return value("SELECT opencalendly.instant_text(${\ Mail::at(@_) })") }

sub move
{
	my ($token, @at) = @_;

	return split /\|/, value("SELECT booking_id, cancel_token, reschedule_token FROM opencalendly.reschedule_booking('$token', ${\ Mail::at(@at) })");
}

sub is_written { return Outbox::poll(20, sub { value('SELECT NOT EXISTS (SELECT FROM opencalendly.calendar_writebacks WHERE is_open)') eq 't' }) }

# The events of a host that are there, ours.
sub ours { my ($host) = @_; return grep { ($_->{status} // '') ne 'cancelled' && $_->{id} =~ /^oc/ } $google->events($host, $host) }

sub summaries { my ($host) = @_; return join ', ', map { "$_->{summary} at " . at_text($_->{start}{dateTime}) } sort { $a->{summary} cmp $b->{summary} } ours($host) }
sub at_text { return value("SELECT to_char(timestamptz '$_[0]', 'HH24:MI')") }

# Methods of what was asked for since the requests were forgotten, in their order.
sub methods { return join ' ', map { $_->{method} } $google->asked(qr{/events}) }

sub rows { return value("SELECT operation, status, last_error FROM opencalendly.calendar_writebacks WHERE $_[0] ORDER BY id") }

#
# One meeting.
#

my ($booking, $cancel, $reschedule) = book('intro', 3, answers => { topic => 'Numbers' });
ok(is_written(), 'a booking is written');
my ($event) = ours($ada);
is(scalar(() = ours($ada)), 1, 'as one event');
my $hex = $booking =~ s/-//gr . substr id_of(users => q(username = 'ada')), 28;
is($event->{id}, "oc$hex", 'its id is made of the booking\'s and the host\'s');
is($event->{summary}, 'Intro call – Ann Example', 'it says what and who');
is($event->{description}, "Ann Example <ann\@example.net>\nTopic: Numbers\nhttp://book.example.org/console#/bookings/$booking", 'and more, by no link that acts');
is_deeply($event->{extendedProperties}, { private => { opencalendly => $booking } }, 'it bears our mark');
is_deeply([ map { [ @$_{qw(email displayName responseStatus)} ] } @{ $event->{attendees} } ], [ [ 'ann@example.net', 'Ann Example', 'accepted' ] ], 'its guest has accepted');
is_deeply([ map { $event->{$_} ? 1 : 0 } qw(guestsCanInviteOthers guestsCanModify) ], [ 0, 0 ], 'and changes nothing');
is_deeply([ @$event{qw(start end)} ], [ map { { dateTime => at(3, 10) =~ s/10:00/$_/r, timeZone => 'Europe/Berlin' } } '10:00', '10:30' ], 'it is when it is, in the host\'s zone');

my $first = $event->{id};
my ($moved, $cancel_moved, $move_again) = move($reschedule, 3, 11);
ok(is_written(), 'it is moved');
is(summaries($ada), 'Intro call – Ann Example at 11:00', 'and is the same one event');
is((ours($ada))[0]{id}, $first, 'of the same id');

$google->remove($ada, $ada, $first);
($moved, $cancel_moved) = move($move_again, 3, 12);
ok(is_written(), 'the host has deleted it, and it is moved again');
is(summaries($ada), 'Intro call – Ann Example at 12:00', 'it is there again');

$google->forget;
cancel($cancel_moved);
ok(is_written(), 'it is canceled');
is(summaries($ada) . '|' . methods(), '|DELETE', 'and gone');
is(value('SELECT count(*) FROM opencalendly.calendar_entries'), 0, 'no trace of it is left');

#
# What is lost on the way.
#

$google->forget;
$google->rule('POST .*/events', cut => JSON::PP::true, after => JSON::PP::true);
($booking, $cancel, $reschedule) = book('intro', 4);
ok(is_written(), 'the answer to the event that was made is lost');
is(summaries($ada), 'Intro call – Ann Example at 10:00', 'the event is there once');
is(methods(), 'POST POST PATCH', 'what was there already was changed');
is(rows("booking_id = '$booking'"), 'create|succeeded|', 'that counts as done');

$google->forget;
$google->rule('PATCH .*/events', status => 503, times => 1);
move($reschedule, 4, 11);
ok(is_written(), 'Google has trouble of its own');
is(summaries($ada), 'Intro call – Ann Example at 11:00', 'it is tried again');

$google->forget;
$google->rule('POST .*/events', hold => JSON::PP::true);
($booking, $cancel) = book('intro', 5);
ok(Outbox::poll(10, sub { $google->holding == 1 }), 'an event is on its way');
cancel($cancel);
is(rows("booking_id = '$booking'"), "create|leased|\ncancel|pending|", 'its cancelation waits');
$google->release;
ok(is_written(), 'until it is there');
is(methods(), 'POST DELETE', 'and then takes it away');
is(summaries($ada), 'Intro call – Ann Example at 11:00', 'so that nothing of it is left');

$google->forget;
$google->rule('POST .*/events', status => 503, times => 1);
($booking, $cancel, $reschedule) = book('intro', 5);
Outbox::poll(10, sub { rows("booking_id = '$booking'") =~ /^create\|pending\|./ });
value("BEGIN; UPDATE opencalendly.calendar_writebacks SET due_at = 'infinity' WHERE booking_id = '$booking'; COMMIT");
($moved, $cancel_moved) = move($reschedule, 5, 12);
ok(is_written(), 'a change is not kept waiting by an earlier one that has failed');
is(rows("meeting_id = '$booking'"), "create|succeeded|\nreschedule|succeeded|", 'which is done with it');
is(summaries($ada), 'Intro call – Ann Example at 11:00, Intro call – Ann Example at 12:00', 'the event is as it is to be');
cancel($cancel_moved);

#
# Several guests, several hosts.
#

my @first = book('class', 6);
my @second = book('class', 6, name => 'Bob Example', email => 'bob@example.net');
ok(is_written(), 'a group is written');
my ($class) = grep { $_->{summary} eq 'Class' } ours($ada);
is_deeply([ sort map { $_->{email} } @{ $class->{attendees} } ], [ 'ann@example.net', 'bob@example.net' ], 'as one event with all its guests');
is($class->{guestsCanSeeOtherGuests} ? 1 : 0, 0, 'who do not see each other');
unlike($class->{description}, qr/example\.net/, 'nor read of each other');
cancel($first[1]);
ok(is_written(), 'one leaves');
($class) = grep { $_->{summary} eq 'Class' } ours($ada);
is_deeply([ map { $_->{email} } @{ $class->{attendees} } ], ['bob@example.net'], 'the other one stays');
move($second[2], 7);
ok(is_written(), 'who moves');
my @classes = grep { $_->{summary} eq 'Class' } ours($ada);
is(scalar(@classes), 1, 'the old event is gone');
isnt($classes[0]{id}, $class->{id}, 'and there is another one');

my ($turn, undef, $turn_move) = book('turn', 8);
ok(is_written(), 'a team\'s meeting is written');
my ($host) = grep { summaries($_) =~ /Turn/ } $ada, $ben;
my ($other) = grep { $_ ne $host } $ada, $ben;
unlike(summaries($other), qr/Turn/, 'for who was picked');
value("INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at)
	SELECT id, ${\ Mail::at(8, 11) }, ${\ Mail::at(8, 12) } FROM opencalendly.users WHERE email = '$host'");
move($turn_move, 8, 11);
ok(is_written(), 'and moved to when they have no time');
unlike(summaries($host), qr/Turn/, 'it goes from the one');
like(summaries($other), qr/Turn – Ann Example at 11:00/, 'to the other');

#
# What is refused, and what is put off.
#

$google->forget;
$google->rule("POST .*${\ ($ada =~ s/@/(@|%40)/r) }.*/events", status => 403, error => 'rateLimitExceeded', headers => { 'Retry-After' => 3 });
my $began = time;
my ($slow) = book('intro', 9);
ok(Outbox::poll(10, sub { $google->asked(qr{^POST}) }), 'Google asks for less of one account');
my @all = book('all', 9, hour => 15);
ok(Outbox::poll(2, sub { summaries($ben) =~ /All/ }), 'another one is not kept waiting');
ok(is_written(), 'it is written then');
cmp_ok(time - $began, '>', 2.5, 'once the time is over');

$google->rule('POST .*/events', status => 403, error => 'forbidden');
my ($refused) = book('intro', 10);
ok(is_written(), 'Google refuses');
is(rows("booking_id = '$refused'"), 'create|failed|answered 403 (forbidden)', 'that is not tried again');
my $session = (split /\|/, value("SELECT session_token FROM opencalendly.create_session('${\ id_of(users => q(username = 'ada')) }') AS s"))[0];
my $status = decode_json(value("SELECT (opencalendly.api_writeback_status('$session')).body"));
is_deeply([ map { [ @$_{qw(provider operation bookingId attemptCount maxAttempts nextAttemptAt lastError)} ] } @{ $status->{failures} } ],
	[ [ 'google', 'create', $refused, 1, 10, undef, 'answered 403 (forbidden)' ] ], 'and told to the host');
is($status->{summary}{failed}, 1, 'counted, too');
value("SELECT opencalendly.replay_writeback('$status->{failures}[0]{id}')");
ok(is_written(), 'it can be written again');
is(rows("booking_id = '$refused'"), 'create|succeeded|', 'with success');

$google->forget;
$google->rule('POST .*/events', status => 400, error => 'invalid');
my ($odd) = book('intro', 11, name => 'Odd', email => 'odd@localhost');
ok(is_written(), 'Google does not like the guest\'s address');
like(summaries($ada), qr/Intro call – Odd/, 'the event is there without');

#
# Links to meet by.
#

sub mails_about { my ($booking) = @_; return value("SELECT string_agg(status, ' ' ORDER BY id) FROM opencalendly.email_deliveries WHERE booking_id = '$booking'") }
sub url_of { return value("SELECT meeting_url FROM opencalendly.bookings WHERE id = '$_[0]'") }
sub page_of { return value("SELECT (opencalendly.api_page_action('$_[0]', '', '', '')).body") }
sub place_of { return decode_json(value("SELECT (opencalendly.api_action('$_[0]')).body"))->{eventType}{locationValue} }

my ($all) = grep { $_->{summary} =~ /^All/ } ours($ada);
my $link = url_of($all[0]);
like($link, qr{^https://}, 'a meeting has a link');
is($all->{hangoutLink}, $link, 'that of its organizer\'s event');
ok(Outbox::poll(10, sub { grep { $_->{summary} =~ /^All/ && $_->{location} eq $link } ours($ben) }), 'the other host\'s event says where it is, too');

$google->settings(conference => 'pending');
my ($meet, $meet_cancel, $meet_move) = book('meet', 12, email => 'meet@example.net');
ok(Outbox::poll(10, sub { rows("booking_id = '$meet'") eq 'create|pending|the meeting link is being made' }), 'Google takes its time to make one');
is(mails_about($meet), 'pending pending', 'the mails wait');
like(page_of($meet_cancel), qr/"linkComes": *true/, 'the page says that it comes');
ok(is_written(), 'it comes');
$link = url_of($meet);
like($link, qr{^https://}, 'and is in the booking');
is(place_of($meet_cancel), $link, 'and told to the guest');
like(page_of($meet_cancel), qr/"linkComes": *false/, 'by the page as well');
ok(Outbox::poll(5, sub { mails_about($meet) eq 'succeeded succeeded' }), 'the mails go at once');
my ($mail) = grep { $_->{to}[0]{address} eq 'meet@example.net' } Mail::messages(glob "$mails/*");
like($mail->{text}, qr/\Q$link\E/, 'with it');
like($mail->{attachments}[0]{text} =~ s/\r\n //gr, qr/^LOCATION:\Q$link\E\r$/m, 'for the guest\'s calendar, too');
my ($hosts) = grep { $_->{to}[0]{address} eq $ada && $_->{text} =~ /\Q$link\E/ } Mail::messages(glob "$mails/*");
is_deeply($hosts->{attachments}, [], 'the host\'s calendar has it, and their mail brings no second one');
my ($meet_moved, $meet_moved_cancel) = move($meet_move, 12, 14);
is(url_of($meet_moved), $link, 'who moves keeps it');
ok(is_written(), 'so does the event');
cancel($meet_moved_cancel);
is(place_of($meet_moved_cancel), undef, 'of a canceled meeting it is not told');

$google->settings(conference => 'failure');
($meet) = book('meet', 13);
ok(is_written(), 'Google fails to make one');
ok(Outbox::poll(5, sub { mails_about($meet) eq 'succeeded succeeded' }), 'the mails go without, and do not wait');
is(url_of($meet), '', 'there is none');
$google->settings(conference => 'success');

$google->rule('POST .*conferenceData', status => 400, error => 'invalid');
($meet) = book('meet', 14);
ok(is_written(), 'a calendar makes none');
is(rows("booking_id = '$meet'"), 'create|succeeded|', 'the event is there without');

#
# Ended in the middle: Google has done it, and nobody has noted that.
#

sub killed
{
	my ($rule, $change) = @_;

	$google->forget;
	$google->rule("$rule .*/events", hold => JSON::PP::true, after => JSON::PP::true);
	my @result = $change->();
	Outbox::poll(10, sub { $google->holding == 1 }) or fail("$rule is on its way");
	kill 'KILL', $worker->{pid};
	eval { $worker->{session}->quit };
	$node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()');
	$google->clear;
	$google->release;
	value("UPDATE opencalendly.calendar_writebacks SET leased_until = clock_timestamp() WHERE leased_until IS NOT NULL");
	$worker = Outbox::worker($node);
	return @result;
}

my $there = summaries($ada);
my ($doomed, $cancel_doomed) = killed(POST => sub { book('intro', 20) });
ok(is_written(), 'a worker is killed when the event was made: another one takes it up');
is(methods(), 'POST POST PATCH', 'makes it once more, under the same id');
my $doomed_hex = $doomed =~ s/-//gr;
is(scalar(grep { $_->{id} =~ /$doomed_hex/ } ours($ada)), 1, 'and it is there once');
is(value("SELECT string_agg(COALESCE(error, ''), '|' ORDER BY attempt) FROM opencalendly.delivery_attempts WHERE delivery_id = (SELECT id FROM opencalendly.calendar_writebacks WHERE booking_id = '$doomed')"),
	'the worker did not come back|', 'the attempt that was lost is told');
killed(DELETE => sub { cancel($cancel_doomed) });
ok(is_written(), 'a worker is killed when the event was deleted: another one takes it up');
is(summaries($ada), $there, 'and it is gone');

#
# Tokens and connections.
#

my $connection = id_of(calendar_connections => "account_email = '$ada'");
$google->expire($ada);
$google->forget;
my ($late) = book('intro', 15);
ok(Outbox::poll(10, sub { value("SELECT access_expires_at < clock_timestamp() + interval '30 s' FROM opencalendly.calendar_connections WHERE id = '$connection'") eq 't' }),
	'Google takes a token for dead');
is(rows("booking_id = '$late'"), 'create|pending|answered 401 (authError)', 'the event waits');
my $reader = Google::worker($node);
ok(is_written(), 'until there is another one');
ok(Outbox::poll(10, sub { value("SELECT synced_at IS NOT NULL FROM opencalendly.calendar_connections WHERE id = '$connection'") eq 't' }), 'it reads the calendar, too');
is(Outbox::stop($reader), '57014', 'which the calendars\' worker has fetched');
like(summaries($ada), qr/Intro call – Ann Example at 10:00/, 'then it is written');
is(value("SELECT count(*) FROM opencalendly.calendar_busy_windows AS w JOIN opencalendly.calendars AS c ON c.id = w.calendar_id"), 0,
	'what it has read meanwhile is no busy time: it knows our own');

value("UPDATE opencalendly.calendar_connections SET state = 'broken' WHERE id = '$connection'");
$google->forget;
my ($kept) = book('intro', 16, email => 'kept@example.net');
book('all', 16, hour => 15);
ok(Outbox::poll(10, sub { summaries($ben) =~ /All.*All/ }), 'who has to connect again keeps nobody waiting');
is(rows("booking_id = '$kept'"), 'create|pending|', 'what is to be written waits');
Outbox::poll(10, sub { mails_about($kept) eq 'succeeded succeeded' }) or fail('the mails are sent');
my ($alone) = grep { $_->{to}[0]{address} eq $ada && $_->{text} =~ /\Q$kept\E/ } Mail::messages(glob "$mails/*");
like($alone->{attachments}[0]{text}, qr/^METHOD:/m, 'meanwhile the host\'s mail brings the event');
value("UPDATE opencalendly.calendar_connections SET state = 'active' WHERE id = '$connection'");
ok(is_written(), 'until that is done');
is(rows("booking_id = '$kept'"), 'create|succeeded|', 'and is written then');

$google->rule('POST .*/events', hold => JSON::PP::true);
book('intro', 17);
ok(Outbox::poll(10, sub { $google->holding == 1 }), 'an event is on its way');
value("DELETE FROM opencalendly.calendar_connections WHERE id = '$connection'");
$google->release;
is(value("SELECT count(*) FROM opencalendly.calendar_writebacks WHERE user_id = '${\ id_of(users => q(username = 'ada')) }'"), 0, 'who disconnects is written to no more');
book('intro', 18);
is(value('SELECT count(*) FROM opencalendly.calendar_writebacks WHERE is_open'), 0, 'nor is anything queued');

is($google->setting('mailed'), undef, 'Google was never asked to mail anybody');
is(Outbox::stop($worker), '57014', 'the worker was there all the time');
is_deeply([ Outbox::failed_turns($node) ], [], 'and none of its turns has failed');
my $log = PostgreSQL::Test::Utils::slurp_file($node->logfile);
unlike($log, qr/ya29|Bearer/, 'no token is in the log');
done_testing();
