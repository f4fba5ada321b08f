# Promise: reminders and follow-ups go when they are due, and only those that are still true: of a meeting that was moved at its new
# time, of one that was canceled none, none after the start, none whose rule is off. An address that is no user's gets 20 mails in a day,
# also if two are asked for at once, and bookings beyond that succeed. What people type begins no header, ends no line
# and becomes no link; an address that cannot be written to has failed, with a clear error.
use strict;
use warnings;
use JSON::PP;
use Mail;
use MIME::Base64 qw(decode_base64);
use OpenCalendly;
use Outbox;
use PostgreSQL::Test::Utils;
use Receiver;
use Scene;
use Shim;
use Test::More;
use utf8;

plan skip_all => Mail::missing() if defined Mail::missing();
my ($faketime) = glob '/usr/lib/*/faketime/libfaketime.so.1';
plan skip_all => 'libfaketime is not here' unless defined $faketime;

my $folder = PostgreSQL::Test::Utils::tempdir('mails');
my $offset = PostgreSQL::Test::Utils::tempdir() . '/offset';
my $server = Mail::server();
my $node = OpenCalendly::node('main', start => 0, conf => Shim::conf() . Mail::by_folder($folder, smtp_url => 'smtp://localhost:' . $server->port));
my $now = time;

# By so many seconds the server's clock is wrong, from now on; what measures lengths of time is not touched.
sub set_clock
{
	my ($seconds) = @_;

	append_to_file("$offset.new", sprintf "%+d\n", $seconds);
	rename("$offset.new", $offset) or die "$offset: $!";
	return;
}

sub start
{
	local %ENV = (%ENV, LD_PRELOAD => $faketime, FAKETIME_TIMESTAMP_FILE => $offset, FAKETIME_NO_CACHE => 1, FAKETIME_DONT_FAKE_MONOTONIC => 1);

	$node->start;
	return;
}

sub value { my ($sql) = @_; utf8::encode($sql); my $text = $node->safe_psql('postgres', $sql); utf8::decode($text); return $text }
sub event_type { return "(SELECT id FROM opencalendly.event_types WHERE slug = '$_[0]')" }

set_clock(0);
start();
OpenCalendly::install($node);
Mail::host($node);

#
# In their time
#

sub set_rules { return value("SELECT opencalendly.set_notification_rules(${\ event_type($_[0]) }, '$_[1]')") }
my $rules = '[{"notificationType": "reminder", "offsetMinutes": 60}, {"notificationType": "reminder", "offsetMinutes": 10},
	{"notificationType": "follow_up", "offsetMinutes": 30}]';
my $worker = Outbox::worker($node);
set_rules($_, $rules) for 'intro', 'class';
value(Mail::book('intro', 3, hour => 10, email => 'stays@example.net'));
my $move = value(Mail::book('intro', 3, hour => 12, email => 'moved@example.net', columns => 'reschedule_token'));
my $cancel = value(Mail::book('intro', 3, hour => 14, email => 'canceled@example.net', columns => 'cancel_token'));
my $absent = value(Mail::book('intro', 3, hour => 11, email => 'absent@example.net'));
value(Mail::book('class', 3, hour => 20, email => 'off@example.net'));
value("SELECT FROM opencalendly.reschedule_booking('$move', ${\ Mail::at(3, 16) })");
value("SELECT FROM opencalendly.cancel_booking('$cancel')");
set_rules('class', '[{"notificationType": "reminder", "offsetMinutes": 60, "isEnabled": false}]');

# What there is of planned mails, in their order: "reader kind/minutes state".
sub planned
{
	my ($where) = @_;

	return [ split /\n/, value(<<"SQL") ];
SELECT concat_ws(' ', split_part(email, '\@', 1), kind || '/' || split_part(idempotency_key, '/', 3), status, last_error)
	FROM opencalendly.email_deliveries WHERE kind IN ('reminder', 'follow_up') AND ($where) ORDER BY sends_at
SQL
}
is_deeply(planned('true'), [ map { "$_ pending" } 'stays reminder/60', 'stays reminder/10', 'absent reminder/60', 'absent reminder/10', 'stays follow_up/30',
		'absent follow_up/30', 'moved reminder/60', 'moved reminder/10', 'moved follow_up/30' ], 'planned: by the rules that are on, and the times that hold');
ok(Mail::settled($node, q{kind NOT IN ('reminder', 'follow_up')}), 'the others have gone');

# The clock is forward by what makes it that time of the third day; what has been settled since.
sub at_time
{
	my ($hour, $minute, $wait) = @_;
	my $midnight = $now - $now % 86400;

	set_clock($midnight + 3 * 86400 + $hour * 3600 + $minute * 60 - time);
	value('SELECT opencalendly.wake_workers()');
	ok(Mail::settled($node, 'sends_at <= clock_timestamp()'), "$hour:$minute: what was due is settled");
	my $settled = planned("status <> 'pending' AND sends_at > clock_timestamp() - interval '$wait'");
	return $settled;
}
is_deeply(at_time(9, 5, '1 h'), ['stays reminder/60 succeeded'], 'an hour before');
is_deeply(at_time(9, 45, '30 min'), [], 'nothing between');
is_deeply(at_time(10, 5, '30 min'), [ 'stays reminder/10 failed not sent: the meeting has begun', 'absent reminder/60 succeeded' ], 'too late: not when the meeting has begun');
value("UPDATE opencalendly.bookings SET no_show_at = clock_timestamp() WHERE id = '$absent'");
is_deeply(at_time(11, 2, '20 min'), [ 'absent reminder/10 failed not sent: the meeting has begun', 'stays follow_up/30 succeeded' ], 'half an hour after the end');
is_deeply(at_time(12, 5, '10 min'), ['absent follow_up/30 failed not sent: the invitee did not show up'], 'not to who was not there');
is_deeply(at_time(15, 55, '1 h'), [ 'moved reminder/60 succeeded', 'moved reminder/10 succeeded' ], 'of what was moved at the new time');
value("UPDATE opencalendly.notification_rules SET is_enabled = false");
is_deeply(at_time(17, 5, '10 min'), ['moved follow_up/30 failed not sent: the rule is gone or off'], 'looked at once more');
my @reminders = grep { $_->{subject} =~ /^(Reminder|Thank)/ } Mail::messages(glob "$folder/*.eml");
is(join(' ', sort map { $_->{to}[0]{address} =~ s/@.*//r . ':' . lc substr $_->{subject}, 0, 1 } @reminders),
	'absent:r moved:r moved:r stays:r stays:t', 'and no other mail is there');
Outbox::stop($worker);
set_clock(0);

#
# Rows that make no sense, and stand in nobody's way
#

sub add_mail { return value("INSERT INTO opencalendly.email_deliveries (kind, idempotency_key, $_[0]) $_[1]") }
my $some = 'FROM opencalendly.bookings WHERE rescheduled_from IS NULL ORDER BY id LIMIT 1';
add_mail('email, subject_id', "VALUES ('login_link', 'odd/link-of-nobody', 'odd\@example.net', opencalendly.uuid_generate_v7())");
value("SELECT opencalendly.create_login_link('ada\@example.com')");
add_mail('email, subject_id', "SELECT 'login_link', 'odd/link-of-another', 'odd\@example.net', id FROM opencalendly.login_links WHERE email = 'ada\@example.com'");
add_mail('user_id, subject_id', "SELECT 'team_invitation', 'odd/team-of-nobody', id, id FROM opencalendly.users LIMIT 1");
add_mail('user_id, subject_id', "SELECT 'webhook_paused', 'odd/endpoint-of-nobody', id, id FROM opencalendly.users LIMIT 1");
add_mail('email, booking_id, meeting_id', "SELECT 'booking_rescheduled', 'odd/moved-from-nowhere', 'odd\@example.net', id, opencalendly.uuid_generate_v7() $some");
add_mail('email, booking_id, meeting_id', "SELECT 'booking_confirmed', 'odd/but-right', 'odd\@example.net', id, opencalendly.uuid_generate_v7() $some");
value('CALL opencalendly.run_deliveries(2)');
is(value("SELECT string_agg(concat_ws(' ', idempotency_key, status, last_error), E'\n' ORDER BY idempotency_key COLLATE \"C\")
	FROM opencalendly.email_deliveries WHERE idempotency_key LIKE 'odd/%'"), join("\n",
	'odd/but-right succeeded', 'odd/endpoint-of-nobody failed not sent: the endpoint is not paused',
	'odd/link-of-another failed not sent: the link was used or has expired',
	'odd/link-of-nobody failed not sent: the link was used or has expired', 'odd/moved-from-nowhere pending unexpected null in column 24',
	'odd/team-of-nobody failed not sent: the invitation is gone'), 'rows that make no sense stand in nobody\'s way');
value("DELETE FROM opencalendly.email_deliveries WHERE idempotency_key LIKE 'odd/%'");

#
# A team's meeting that another host takes
#

value(<<'SQL');
DO $$
DECLARE
	ada uuid := (SELECT id FROM opencalendly.users WHERE username = 'ada');
	eve uuid := opencalendly.create_user('eve', 'eve@example.com', display_name => 'Eve Host');
	team uuid := opencalendly.create_team(ada, 'Crew', 'crew');
BEGIN
	PERFORM opencalendly.set_availability_rules(eve, jsonb_agg(jsonb_build_object(
		'dayOfWeek', day, 'startMinute', 0, 'endMinute', 1440))) FROM generate_series(0, 6) AS day;
	PERFORM opencalendly.invite_team_member(team, eve);
	PERFORM opencalendly.accept_team_invitation(team, eve);
	PERFORM opencalendly.create_team_event_type(team, 'Relay', 'relay', 30, 'round_robin');
END
$$;
SQL
my ($relay, $first) = split /\|/, value(Mail::book('relay', 20, email => 'relay@example.net', columns => 'reschedule_token, organizer_id'));
value("SELECT opencalendly.add_time_off('$first', ${\ Mail::at(21, 9)}, ${\ Mail::at(21, 12)})");
my $second = value("SELECT organizer_id FROM opencalendly.reschedule_booking('$relay', ${\ Mail::at(21)})");
isnt($second, $first, 'moved to where the first host is not free, a meeting is another host\'s');
unlink glob "$folder/*.eml";
value('CALL opencalendly.run_deliveries(2)') for 1 .. 2;
my %by_reader;
push @{ $by_reader{$_->{to}[0]{address}} }, $_ for Mail::messages(glob "$folder/*.eml");
my %address = map { split /\|/ } split /\n/, value('SELECT id, email FROM opencalendly.users');
sub words { return map { $_->{subject} =~ /^([\w ]+):/ } @{ $by_reader{$_[0]} } }
is_deeply([ words($address{$first}) ], [ 'New booking', 'Handed over' ], 'the first host is told that it is handed over');
is_deeply([ words($address{$second}) ], ['New booking'], 'to the other it is a new one');
is_deeply([ words('relay@example.net') ], [ 'Booked', 'Moved' ], 'the invitee is told that it was moved');
ok(Outbox::poll(10, sub { abs(value('SELECT extract(epoch FROM clock_timestamp())') - time) < 2 }), 'the clock is right again');

#
# 20 a day
#

sub queued { return Mail::count($node, "d.email = '$_[0]\@example.net'") }
value(join ';', map { Mail::book('intro', 5, hour => $_ % 24, email => 'many@example.net') =~ s/interval '5 days/"interval '" . (5 + int $_ \/ 24) . ' days'/er } 0 .. 24);
is(value(q{SELECT count(*) FROM opencalendly.bookings WHERE invitee_email = 'many@example.net'}), '25', '25 bookings by one address');
is(queued('many'), 20, '20 mails to it');
value(join ';', map { Mail::book('intro', 10, hour => $_, email => 'two@example.net') } 0 .. 18);
is(queued('two'), 19, '19 to another one');
my ($one, $other) = map { Scene::session($node) } 1, 2;
Scene::answer($one, 'BEGIN');
is(Scene::answer($one, Mail::book('intro', 10, hour => 20, email => 'two@example.net')), '', 'one more is booked, not committed yet');
my $pid = $other->query_safe('SELECT pg_backend_pid()');
Scene::start($other, Mail::book('intro', 10, hour => 21, email => 'two@example.net'));
$node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_locks WHERE pid = $pid AND NOT granted") or die 'the other does not wait';
Scene::answer($one, 'COMMIT');
is(scalar Scene::answer($other), '', 'and another one at the same time');
is(queued('two'), 20, 'of which one is told: 20');
$_->quit for $one, $other;
value("SELECT opencalendly.create_user('known', 'known\@example.net')");
value(join ';', map { Mail::book('intro', 12, hour => $_, email => 'known@example.net') } 0 .. 22);
is(queued('known'), 23, 'a user\'s address has no limit');

#
# What people type
#

value('DELETE FROM opencalendly.email_deliveries');
value("ALTER SYSTEM SET opencalendly.mail_transport = 'smtp'");
$node->reload;
$node->poll_query_until('postgres', 'SELECT opencalendly.mail_transport()', 'smtp') or die 'no reload';
my ($day, $hour) = (20, 0);

# '' if it is booked, else the SQLSTATE.
sub typed
{
	my ($name, $email) = @_;
	my $stderr;
	my $sql = Mail::book('intro', $day, hour => $hour, name => $name, email => $email);

	($day, $hour) = $hour == 23 ? ($day + 1, 0) : ($day, $hour + 1);
	utf8::encode($sql);
	$node->psql('postgres', "\\set VERBOSITY sqlstate\n$sql", stdout => \my $stdout, stderr => \$stderr);
	return $stderr =~ /ERROR:\s+(\w+)/ ? $1 : '';
}

my %name = (
	crlf => "Ann\r\nBcc: evil\@example.com\r\n\r\nHello", lf => "Ann\nBcc: evil\@example.com", nul => "Ann\x01\x1b[31m",
	long => 'Ann ' . 'é' x 116, longer => 'A' x 300, rtl => "\x{202e}moc.live\x{202c} \x{645}\x{631}\x{62d}\x{628}\x{627}", emoji => "\x{1f469}\x{200d}\x{1f680} Ann \x{1f600}",
	quotes => q{"Ann" <evil@example.com>, Bob}, link => 'see https://evil.example/pay and evil.example', word => '=?utf-8?B?QmNjOiB4?= Ann', lines => "Ann\x{2028}Bcc: x\x{85}y" );
$worker = Outbox::worker($node);
for my $what (sort keys %name)
{
	my $state = typed($name{$what}, "$what\@example.net");
	if ($state ne '') { is($state, 'OC006', "$what: refused, for what it is"); next; }
	my ($mail) = $server->wait_for(1, "$what\@example.net");
	my $raw = decode_base64($mail->{raw} // '');
	my ($head) = $raw =~ /\A(.*?)\r\n\r\n/s;

	is(scalar(() = $head =~ /^(?:Bcc|To|From|Subject|Reply-To|Message-ID|Date|MIME-Version|Content-Type|Auto-Submitted):/mg), 9, "$what: the head has its lines") or diag $head;
	unlike($head, qr/^Bcc:/m, "$what: and none that was typed");
	is(scalar @{ $mail->{to} }, 1, "$what: one reader");
	unlike($raw, qr/(?<!\r)\n|\r(?!\n)|[^\r\n]{999}/, "$what: lines are lines");
	unlike("$mail->{subject} $mail->{text}", qr/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\x{202a}-\x{202e}\x{2028}]/, "$what: nothing that steers");
	unlike($mail->{text} . $mail->{html}, qr{https://evil|evil\.example(?!\.com)\b}, "$what: no link");
}
my ($long) = $server->requests('long@example.net');
like($long->{to}[0]{name} // '', qr/^Ann é{40}/, 'long: the name is there');
my ($emoji) = $server->requests('emoji@example.net');
like($emoji->{to}[0]{name} // '', qr/\x{1f680} Ann \x{1f600}/, 'emoji: and this one as it is');

my %address = (domain => [ 'ann@bücher.example', 'ann@xn--bcher-kva.example' ], 'local part' => ['ännchen@example.net']);
for my $what (sort keys %address)
{
	my ($given, $expected) = @{ $address{$what} };
	my $state = typed('Ann', $given);

	if ($state ne '') { is($state, 'OC006', "an IDN $what: refused, for what it is"); next; }
	ok(Mail::settled($node), "an IDN $what: settled");
	my ($status, $error) = split /\|/, value("SELECT status, last_error FROM opencalendly.email_deliveries WHERE email = '$given'");
	if (!defined $expected) { like("$status $error", qr/^failed .*\w/, "an IDN $what: a clear error"); next; }
	my ($sent) = $server->requests(sub { $_[0]{text} =~ /Hello Ann,/ });
	like(decode_base64($sent->{raw} // ''), qr/^To: .*<?\Q$expected\E>?\r$/m, "an IDN $what: in ASCII") or diag "$status $error";
}

my $shim = Shim->start($node);
my @guests = map { "guest$_\@example.net" } 1 .. 1000;
my $answer = $shim->http->post('/v0/bookings', { username => 'ada', eventSlug => 'intro', startsAt => '2035-01-01T10:00:00Z', inviteeName => 'Ann', inviteeEmail => 'ann@example.net', guests => \@guests });
is($answer->{status}, 400, '1,000 guests: refused');
like($answer->{json}{error} // '', qr/guests/, 'with a word about them');
$shim->stop;

Outbox::stop($worker);
is_deeply([ Outbox::failed_turns($node) ], [], 'no turn of a worker has failed');
$node->stop;
$server->stop;
done_testing();
