# Promise: each kind of mail leaves by each transport, once, for the right reader, under its own Message-ID and key: a mail server gets
# it by one connection after the other mails, Resend under an Idempotency-Key, a folder as a file that is whole from the moment that
# it is there. From booking to move to cancelation the calendar's UID stays and its SEQUENCE grows. The link of a mail signs in.
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
use Test::More;

plan skip_all => Mail::missing() if defined Mail::missing();

my $folder = PostgreSQL::Test::Utils::tempdir('mails');
my $server = Mail::server(user => 'bookings', password => 'smtp-secret');
my $resend = Mail::resend();
my $endpoint = Receiver->start;
my $node = OpenCalendly::node('main', conf => Mail::by_folder($folder, smtp_user => 'bookings', mail_connections => 1,
	smtp_url => 'smtp://localhost:' . $server->port . '/scheduler.example.org',
	connect_to => 'api.resend.com:443:127.0.0.1:' . $resend->port));
OpenCalendly::install($node);
Mail::host($node);
Mail::write_secret($node, smtp_password => 'smtp-secret');
Mail::write_secret($node, resend_key => 're_secret');
sub value { return $node->safe_psql('postgres', $_[0]) }

my $ada = value("SELECT id FROM opencalendly.users WHERE username = 'ada'");
my $worker = Outbox::worker($node);

#
# What came of it, alike for all transports: {to, to_name, from, subject, id, key, reply_to, text, html, calendar}
#

sub first_of { my ($list) = @_; return $list->[0]{address} }

sub of_message
{
	my ($mail) = @_;
	my ($calendar) = grep { $_->{contentType} eq 'text/calendar' } @{ $mail->{attachments} };

	return { to => first_of($mail->{to}), from => "$mail->{from}[0]{name} <" . first_of($mail->{from}) . '>', reply_to => first_of($mail->{reply_to}),
		subject => $mail->{subject}, id => $mail->{id}, text => $mail->{text}, html => $mail->{html}, calendar => $calendar && $calendar->{text} };
}

sub of_request
{
	my ($request) = @_;
	my $body = decode_json(decode_body($request));
	my ($calendar) = @{ $body->{attachments} // [] };
	my $address = sub { return defined $_[0] ? $_[0] =~ s/.*<(.*)>\z/$1/r : undef };

	return { to => $address->($body->{to}), from => $body->{from}, reply_to => $address->($body->{reply_to}), subject => $body->{subject},
		id => $body->{headers}{'Message-ID'}, key => $request->{key}, text => $body->{text}, html => $body->{html},
		calendar => $calendar && decode_base64($calendar->{content}), method => $calendar && $calendar->{content_type} };
}
sub decode_body { my $text = $_[0]{body}; utf8::encode($text); return $text }

my %seen;
my %read = (
	folder => sub { map { of_message($_) } Mail::messages(grep { !$seen{$_}++ } sort glob "$folder/*.eml") },
	smtp => sub { map { of_message($_) } grep { !$seen{ $_->{id} }++ } $server->requests },
	resend => sub { map { of_request($_) } grep { !$seen{ $_->{key} }++ } $resend->requests });

# The mails that came since the last time, by "kind reader".
sub new_mails
{
	my ($transport) = @_;

	ok(Mail::settled($node, "d.due_at < now() + interval '1 h'"), "$transport: all is sent");
	my %by_id = map { my ($key, $kind, $user) = split /\|/; ("<$key\@example.org>" =~ tr{/}{.}r => "$kind " . ($user ? 'ada' : 'ann')) }
	  split /\n/, Mail::rows($node, "idempotency_key, kind, user_id");
	my %mails;
	for my $mail ($read{$transport}->())
	{
		my $name = $by_id{ $mail->{id} } // "nobody's $mail->{id}";
		fail("$transport: $name came twice") if exists $mails{$name};
		$mails{$name} = $mail;
	}
	return \%mails;
}

sub line_of { my ($mail, $name) = @_; return $mail->{calendar} =~ s/\r\n //gr =~ /^$name(?:;[^:]*)?:(.*?)\r?$/m ? $1 : undef }

# Each of the mails is there, and says the right thing to the right reader.
sub are_right
{
	my ($transport, $name, $mails, %expected) = @_;

	is_deeply([ sort keys %$mails ], [ sort keys %expected ], "$transport: $name: to whom");
	for my $reader (sort keys %expected)
	{
		my $mail = $mails->{$reader} // next;
		my ($subject, $to, %lines) = @{ $expected{$reader} };

		like($mail->{subject}, $subject, "$transport: $reader: the subject");
		is($mail->{to}, $to, "$transport: $reader: the reader");
		is($mail->{from}, 'Example Bookings <bookings@example.org>', "$transport: $reader: the sender");
		ok(length $mail->{text} > 50 && $mail->{html} =~ /^<!doctype html>/i, "$transport: $reader: both parts");
		if (!%lines) { is($mail->{calendar}, undef, "$transport: $reader: no calendar"); next; }
		is(line_of($mail, $_), $lines{$_}, "$transport: $reader: $_") for sort keys %lines;
		is($mail->{method}, "text/calendar; charset=utf-8; method=$lines{METHOD}", "$transport: $reader: its type") if $transport eq 'resend';
	}
	return;
}

# From booking to cancelation.
sub meeting
{
	my ($transport, $day) = @_;
	my $ann = "ann-$transport\@example.net";
	my ($first, $move) = split /\|/, value(Mail::book('intro', $day, email => $ann, language => 'de', columns => 'booking_id, reschedule_token',
		answers => { topic => 'Engines, in secret' }));
	my %same = (UID => "$first\@opencalendly", ORGANIZER => 'mailto:ada@example.com', ATTENDEE => "mailto:$ann");
	my $mails = new_mails($transport);

	are_right($transport, 'booked', $mails,
		'booking_confirmed ann' => [ qr/^Gebucht: Intro call mit Ada Lovelace am \w+/, $ann, %same, METHOD => 'REQUEST', SEQUENCE => 0 ],
		'booking_confirmed ada' => [ qr/^New booking: Intro call with Ann Example on \w+/, 'ada@example.com', %same, METHOD => 'REQUEST', SEQUENCE => 0 ]);
	is($mails->{'booking_confirmed ann'}{reply_to}, 'ada@example.com', "$transport: the invitee answers to the host");
	is($mails->{'booking_confirmed ada'}{reply_to}, $ann, "$transport: and the host to the invitee");
	unlike("@{ $mails->{'booking_confirmed ann'} }{qw(text html)}", qr/in secret/, "$transport: the invitee's mail repeats no answers");
	like($mails->{'booking_confirmed ada'}{text}, qr/Topic.*Engines, in secret/s, "$transport: the host's has them");

	my ($second, $cancel) = split /\|/, value("SELECT booking_id, cancel_token FROM opencalendly.reschedule_booking('$move', ${\ Mail::at($day, 14) })");
	are_right($transport, 'moved', new_mails($transport),
		'booking_rescheduled ann' => [ qr/^Verschoben: Intro call mit Ada Lovelace jetzt am /, $ann, %same, METHOD => 'REQUEST', SEQUENCE => 1 ],
		'booking_rescheduled ada' => [ qr/^Moved: Intro call with Ann Example is now on /, 'ada@example.com', %same, METHOD => 'REQUEST', SEQUENCE => 1 ]);
	value("SELECT FROM opencalendly.cancel_booking('$cancel', 'Ill')");
	are_right($transport, 'canceled', new_mails($transport),
		'booking_canceled ann' => [ qr/^Abgesagt: Intro call mit Ada Lovelace am /, $ann, %same, METHOD => 'CANCEL', SEQUENCE => 2 ],
		'booking_canceled ada' => [ qr/^Canceled: Intro call with Ann Example on /, 'ada@example.com', %same, METHOD => 'CANCEL', SEQUENCE => 2 ]);
	return;
}

# What is no meeting's change, and the mails that have a time of their own.
sub others
{
	my ($transport, $day) = @_;
	my $ann = "ann-$transport\@example.net";
	my $team = value("SELECT opencalendly.create_team(opencalendly.create_user('owner-$transport', 'owner-$transport\@example.com', 'Grace Hopper'), 'Crew $transport', 'crew-$transport')");

	value("SELECT opencalendly.api_request_login_link('{\"email\": \"$ann\", \"username\": \"ann-$transport\", \"language\": \"de\"}')");
	value("SELECT opencalendly.invite_team_member('$team', '$ada')");
	my $webhook = Outbox::endpoint($node, $endpoint->url("/gone?$transport"));
	my ($delivery) = Outbox::enqueue($node, $webhook);
	$endpoint->wait_for(1, "/gone?$transport");
	ok(Outbox::poll(20, sub { Mail::count($node, "d.subject_id = '$webhook'") == 1 }), "$transport: the endpoint is paused");
	my $mails = new_mails($transport);

	are_right($transport, 'others', $mails,
		'login_link ann' => [ qr/^Bei OpenCalendly anmelden$/, $ann ],
		'team_invitation ada' => [ qr/^Grace Hopper invites you to the team Crew $transport$/, 'ada@example.com' ],
		'webhook_paused ada' => [ qr/^Webhook paused: /, 'ada@example.com' ]);
	my ($token) = $mails->{'login_link ann'}{text} =~ m{https://book\.example\.org/auth/verify\?token=([\w.-]+)};
	isnt($token, undef, "$transport: the mail has the link");
	is(value("SELECT (a).status FROM opencalendly.api_verify_login_link('bearer', 'test', '{\"token\": \"${\ ($token // '') }\"}') AS a"), '200', "$transport: it signs in");

	value("SELECT opencalendly.set_notification_rules((SELECT id FROM opencalendly.event_types WHERE slug = 'class'),
		'[{\"notificationType\": \"reminder\", \"offsetMinutes\": 60}, {\"notificationType\": \"follow_up\", \"offsetMinutes\": 30}]')");
	my $booking = value(Mail::book('class', $day, email => $ann));
	new_mails($transport);
	value("UPDATE opencalendly.email_deliveries SET due_at = '-infinity' WHERE booking_id = '$booking' AND status = 'pending'; SELECT opencalendly.wake_workers()");
	are_right($transport, 'in their time', new_mails($transport),
		'reminder ann' => [ qr/^Reminder: Class with Ada Lovelace on /, $ann ],
		'follow_up ann' => [ qr/^Thank you: Class with Ada Lovelace on /, $ann ]);
	return;
}

my $day = 3;
for my $transport (qw(folder smtp resend))
{
	value("ALTER SYSTEM SET opencalendly.mail_transport = '$transport'");
	$node->reload;
	$node->poll_query_until('postgres', 'SELECT opencalendly.mail_transport()', $transport) or die 'no reload';
	meeting($transport, $day);
	others($transport, $day);
	$day++;
}

#
# As it came
#

sub distinct { my %all = map { $_ => 1 } @_; return sort keys %all }
my @sent = $server->requests;
is_deeply([ distinct(map { $_->{user} } @sent) ], ['bookings'], 'smtp: by somebody who is logged in');
ok(!grep({ !$_->{secure} } @sent), 'smtp: over TLS');
is_deeply([ distinct(map { "$_->{helo} $_->{sender} $_->{readers}" } @sent) ], ['scheduler.example.org bookings@example.org 1'], 'smtp: the name, the sender, one reader a mail');
is(scalar(my @connections = distinct(map { $_->{connection} } @sent)), 1, 'smtp: all by one connection') or diag join ' ', map { $_->{connection} } @sent;
ok(!grep({ decode_base64($_->{raw}) =~ /(?<!\r)\n|\r(?!\n)|[^\r\n]{999}/ } @sent), 'smtp: lines end in CRLF and are short');

my @asked = $resend->requests;
is_deeply([ distinct(map { join ' ', @$_{qw(method path host)}, @{ $_->{headers} }{qw(authorization content-type)} } @asked) ],
	['POST /emails api.resend.com Bearer re_secret application/json'], 'resend: what is asked of whom');
is(scalar(my @ways = distinct(map { $_->{connection} } @asked)), 1, 'resend: by one connection');
my $kept = $resend->order(do => 'sent');
is(scalar @$kept, scalar @asked, 'resend: each is sent once');

my @files = glob "$folder/*";
is(scalar(grep { ((stat)[2] & 07777) != 0600 } @files), 0, 'folder: nobody else may read them');
is(scalar(grep { /\.tmp$/ } @files), 0, 'folder: nothing is left half written');
is(scalar(() = slurp_file("$folder/mails.txt") =~ /^\S+\@\S+: .+ \(.+\.eml\)$/mg), scalar(grep { /\.eml$/ } @files), 'folder: each is in the list');

is(Mail::count($node, "d.status <> 'succeeded' OR d.attempt <> 1"), '0', 'each mail was sent by its first attempt');
is_deeply([ Outbox::failed_turns($node) ], [], 'no turn of the worker has failed');
Outbox::stop($worker);
$node->stop;
$_->stop for $server, $resend, $endpoint;
done_testing();
