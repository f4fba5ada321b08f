package Mail;

=head1 NAME

Mail - mail servers, Resend and a folder, and the mails of the queue, for tests

=head1 SYNOPSIS

  plan skip_all => Mail::missing() if defined Mail::missing();
  my $server = Mail::server();                             # STARTTLS, nobody logs in
  my $node = OpenCalendly::node('main', conf => Mail::by_smtp($server));
  OpenCalendly::install($node);
  Mail::host($node);
  $node->safe_psql('postgres', Mail::book('intro', 3));    # in three days, at 10:00
  my $worker = Outbox::worker($node);
  my ($mail) = $server->wait_for(1, 'ann@example.net');

=head1 DESCRIPTION

The clock is the real one. The server (t/mail/smtp.mjs) and Resend (t/mail/resend.mjs, npm's emulate behind TLS) are Receivers:
wait_for(), requests(), events(), order() and so on; a request's path is the reader's address, of Resend the route.

The server takes mail for anybody; the local part of an address, up to a number or "+", says otherwise: greylist (451 for the first
time), never-now (450), nobody (550), going (421 for the first time), hang (no answer to RCPT, the first time), spam (554 to the
mail), full (452, the first time), cut (the connection ends when the mail is there, the first time), silent (no answer to the
mail, the first time), hold (the answer to the mail waits for the order "release", the first time).

A mail of the server is {path, connection, secure, user, helo, sender, readers (a number), raw (the octets), id (Message-ID with its
brackets), subject, from, to, reply_to (lists of {name, address}), text, html, date, attachments (list of {contentType, filename,
text})}.

=over

=item Mail::missing()

Says what keeps them from running; undef if nothing does.

=item Mail::certificate()

Key and certificate of localhost, of api.resend.com and of Google's services (Google.pm): {key, certificate}.

=item Mail::server(%options), Mail::resend(%options)

Starts one. Options: name (of its log), port, certificate (of certificate()); of the server also user, password (it wants a login),
tls ("starttls", "always", "none"), greet (a code that it greets with).

=item Mail::by_smtp($server, %settings), Mail::by_resend($resend, %settings), Mail::by_folder($folder, %settings)

Lines for OpenCalendly::node's conf: mails leave so, retries come after a second. settings: more, without "opencalendly.".

=item Mail::write_secret($node, $name, $text)

Writes smtp_password or resend_key beside the key file.

=item Mail::host($node)

Makes the host ada, who can be booked around the clock (UTC) for "intro" (30 minutes; it asks for a topic), and "class" (2 seats).

=item Mail::book($slug, $day, %options)

SQL that books for ten o'clock UTC so many days from now: options name, email, hour, language, answers, columns.

=item Mail::rows($node, $columns, $where)

Of email_deliveries, one line each, in their order.

=item Mail::count($node, $where)

How many.

=item Mail::settled($node, $where)

Waits until none of them is open.

=item Mail::messages(@files)

Mails in files, as read by npm's mailparser: {id, subject, ...} as above.

=back

=cut

use strict;
use warnings;
use File::Basename ();
use FindBin;
use JSON::PP;
use MIME::Base64 ();
use OpenCalendly;
use Outbox;
use Receiver;

my $certificate;

sub missing
{
	my $missing = Receiver::missing();
	my $tools = $ENV{OPENCALENDLY_TOOLS};

	return $missing if defined $missing;
	return "no smtp-server in $tools" if !-d "$tools/node_modules/smtp-server";
	return "no emulate in $tools" if !-d "$tools/node_modules/emulate";
	return undef;
}

sub certificate
{
	return $certificate //= Receiver::certificate(names => [
		'DNS:localhost', 'IP:127.0.0.1', map { "DNS:$_" } qw(api.resend.com accounts.google.com oauth2.googleapis.com www.googleapis.com) ]);
}

sub server
{
	my (%options) = @_;
	my @arguments = map { defined $options{$_} ? ("--$_" => $options{$_}) : () } qw(user password greet);

	return Receiver->start(
		name => $options{name} // 'smtp', port => $options{port}, program => '../mail/smtp.mjs',
		tls => $options{tls} // 'starttls', arguments => \@arguments, %{ $options{certificate} // certificate() });
}

sub resend
{
	my (%options) = @_;

	return Receiver->start(
		name => $options{name} // 'resend', port => $options{port}, program => '../mail/resend.mjs',
		%{ $options{certificate} // certificate() });
}

sub conf
{
	my (%settings) = @_;

	return Outbox::conf(
		preload => 1, mail_from => 'Example Bookings <bookings@example.org>', base_url => 'https://book.example.org',
		retry_delays => '1s', ca_file => certificate()->{certificate}, %settings) . "timezone = 'UTC'\n";
}

sub by_smtp
{
	my ($server, %settings) = @_;

	return conf(mail_transport => 'smtp', smtp_url => 'smtp://localhost:' . $server->port . '/scheduler.example.org', %settings);
}

sub by_resend
{
	my ($resend, %settings) = @_;

	return conf(mail_transport => 'resend', connect_to => 'api.resend.com:443:127.0.0.1:' . $resend->port, %settings);
}

sub by_folder
{
	my ($folder, %settings) = @_;

	return conf(mail_transport => 'folder', mail_folder => $folder, %settings);
}

sub write_secret
{
	my ($node, $name, $text) = @_;
	my $path = File::Basename::dirname(OpenCalendly::key_file($node)) . "/$name";

	unlink $path;
	umask_write($path, "$text\n");
	return $path;
}

sub umask_write
{
	my ($path, $text) = @_;
	my $old = umask 0077;

	open(my $file, '>', $path) or die "$path: $!";
	print $file $text;
	close($file);
	umask $old;
	return;
}

sub host
{
	my ($node) = @_;

	$node->safe_psql('postgres', <<'SQL');
DO $$
DECLARE
	host uuid := opencalendly.create_user('ada', 'ada@example.com', display_name => 'Ada Lovelace', timezone => 'Europe/Berlin');
BEGIN
	PERFORM opencalendly.set_availability_rules(host, jsonb_agg(jsonb_build_object(
		'dayOfWeek', day, 'startMinute', 0, 'endMinute', 1440))) FROM generate_series(0, 6) AS day;
	PERFORM opencalendly.create_event_type(host, 'Intro call', 'intro', 30, questions => '[{"id": "topic", "label": "Topic"}]');
	PERFORM opencalendly.create_event_type(host, 'Class', 'class', 30, seats => 2);
END
$$;
SQL
	return;
}

sub at
{
	my ($day, $hour) = @_;

	return sprintf("date_trunc('day', now(), 'UTC') + interval '%d days %d hours'", $day, $hour // 10);
}

sub literal { return defined $_[0] ? "'" . $_[0] =~ s/'/''/gr . "'" : 'NULL'; }

sub book
{
	my ($slug, $day, %options) = @_;
	my ($name, $email, $language) = map { literal($_) } $options{name} // 'Ann Example', $options{email} // 'ann@example.net', $options{language} // 'en';
	my $answers = defined $options{answers} ? ', answers => ' . literal(encode_json($options{answers})) : '';

	return "SELECT ${\ ($options{columns} // 'booking_id')} FROM opencalendly.book_slot("
	  . "(SELECT id FROM opencalendly.event_types WHERE slug = '$slug'), ${\ at($day, $options{hour})}, $name, $email, "
	  . "timezone => ${\ literal($options{timezone} // 'America/New_York')}, language => $language$answers)";
}

sub rows
{
	my ($node, $columns, $where) = @_;

	return $node->safe_psql('postgres', "SELECT $columns FROM opencalendly.email_deliveries AS d WHERE ${\ ($where // 'true')} ORDER BY d.id");
}

sub count
{
	my ($node, $where) = @_;

	return $node->safe_psql('postgres', "SELECT count(*) FROM opencalendly.email_deliveries AS d WHERE ${\ ($where // 'true')}");
}

sub settled
{
	my ($node, $where, $seconds) = @_;
	my $open = "SELECT count(*) = 0 FROM opencalendly.email_deliveries AS d WHERE (${\ ($where // 'true')}) AND status IN ('pending', 'leased')";

	return Outbox::poll($seconds // 40, sub { $node->safe_psql('postgres', $open) eq 't' });
}

sub messages
{
	my (@files) = @_;

	open(my $reader, '-|', 'node', "$FindBin::RealBin/mail/read.mjs", @files) or die "node: $!";
	local $/;
	return @{ decode_json(<$reader>) };
}

1;
