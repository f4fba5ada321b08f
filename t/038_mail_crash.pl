# Promise: a worker that is killed after the mail server has said 250, or Resend that it has it, and before it could note that, costs no
# mail and makes no other one: the mail goes again under the same Message-ID, to the octet the same, and under the same
# Idempotency-Key, and Resend sends once. In the folder a mail is whole from the moment that it is there. A restored copy sends nothing.
# Passwords, keys and links are in no log, view, table or dump.
use strict;
use warnings;
use JSON::PP;
use Mail;
use MIME::Base64 qw(decode_base64 encode_base64);
use OpenCalendly;
use Outbox;
use PostgreSQL::Test::Utils;
use Receiver;
use Scene;
use Test::More;

plan skip_all => Mail::missing() if defined Mail::missing();

my %secret = ('the password' => 'pw-' . 'q7Zr' x 6, 'the key' => 're_' . 'k9Xv' x 6);
my $server = Mail::server(user => 'bookings', password => $secret{'the password'});
my $resend = Mail::resend();
my $folder = PostgreSQL::Test::Utils::tempdir('mails');
my $node = OpenCalendly::node('main', conf => Mail::by_smtp($server, smtp_user => 'bookings', mail_folder => $folder,
		connect_to => 'api.resend.com:443:127.0.0.1:' . $resend->port) . <<'END');
restart_after_crash = on
log_statement = all
log_min_messages = debug1
log_error_verbosity = verbose
log_parameter_max_length = 0
track_activity_query_size = 100kB
END
OpenCalendly::install($node);
Mail::host($node);
Mail::write_secret($node, smtp_password => $secret{'the password'});
Mail::write_secret($node, resend_key => $secret{'the key'});
sub value { return $node->safe_psql('postgres', $_[0]) }

sub switch_to
{
	my ($transport) = @_;

	value("ALTER SYSTEM SET opencalendly.mail_transport = '$transport'");
	$node->reload;
	$node->poll_query_until('postgres', 'SELECT opencalendly.mail_transport()', $transport) or die 'no reload';
	return;
}

# Ada's mails are of no interest here.
value(<<'SQL');
CREATE FUNCTION keep_quiet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN NEW.user_id IS NULL THEN NEW END; END $$;
CREATE TRIGGER keep_quiet BEFORE INSERT ON opencalendly.email_deliveries FOR EACH ROW EXECUTE FUNCTION keep_quiet();
SQL

# Kills a worker that has not read yet what $counterpart answers to the mail that it holds, and starts another one.
sub killed_after_answer
{
	my ($counterpart, $worker, $name) = @_;

	ok(Outbox::poll(20, sub { $counterpart->order(do => 'holding') == 1 }), "$name: the mail has come");
	kill 'STOP', $worker->{pid};
	$counterpart->order(do => 'release');
	kill 'KILL', $worker->{pid};
	$node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $worker->{pid})") or die 'no recovery';
	eval { Scene::last_words($worker->{session}) };
	is(Mail::rows($node, "concat_ws(' ', status, attempt)", "d.status <> 'succeeded'"), 'leased 1', "$name: nobody has noted that");
	value(q{UPDATE opencalendly.email_deliveries SET leased_until = clock_timestamp() WHERE status = 'leased'});
	my $next = Outbox::worker($node);
	ok(Mail::settled($node), "$name: it is settled later");
	is(Mail::rows($node, "concat_ws(' ', status, attempt)", "d.email LIKE 'hold-%' OR d.email LIKE 'hold%' AND d.attempt > 1"), 'succeeded 2', "$name: by another attempt")
	  if $name eq 'smtp';
	return $next;
}

#
# A mail server
#

my $worker = Outbox::worker($node);
value(Mail::book('intro', 3, email => 'hold1@example.net'));
$worker = killed_after_answer($server, $worker, 'smtp');
my @mails = $server->requests;
is(scalar @mails, 2, 'smtp: it has come twice');
is($mails[1]{id}, $mails[0]{id}, 'smtp: under the same Message-ID');
is($mails[1]{raw}, $mails[0]{raw}, 'smtp: to the octet the same');
like(value('SELECT error FROM opencalendly.delivery_attempts WHERE attempt = 1'), qr/did not come back/, 'smtp: the lost attempt is told');

#
# Resend
#

switch_to('resend');
$resend->order(do => 'answer', list => [ { after => JSON::PP::true, hold => JSON::PP::true } ]);
value(Mail::book('intro', 4, email => 'held@example.net'));
$worker = killed_after_answer($resend, $worker, 'resend');
my @asked = $resend->requests;
is(scalar @asked, 2, 'resend: it was asked twice');
is($asked[1]{key}, $asked[0]{key}, 'resend: under the same Idempotency-Key');
is($asked[1]{body}, $asked[0]{body}, 'resend: for the same mail');
is(scalar @{ $resend->order(do => 'sent') }, 1, 'resend: it has sent once');

#
# A folder, looked at while it fills
#

switch_to('folder');
value(<<'SQL');
INSERT INTO opencalendly.email_deliveries (kind, idempotency_key, email, booking_id, meeting_id)
	SELECT 'booking_confirmed', 'booking_confirmed/' || b.id || '/0/' || n, 'held@example.net', b.id, gen_random_uuid()
	FROM opencalendly.bookings AS b, generate_series(1, 300) AS n WHERE b.invitee_email = 'held@example.net';
SELECT opencalendly.wake_workers();
SQL
my (%whole, @broken);
Outbox::poll(30, sub {
	for my $file (grep { !$whole{$_} } glob "$folder/*.eml")
	{
		slurp_file($file) =~ /^Message-ID:.*^Content-Type: multipart\/mixed;\s+boundary="?([^"\r\n]+).*^--\1--\r\n\z/ms ? $whole{$file} = 1 : push @broken, $file;
	}
	return keys %whole == 300 || @broken;
});
is(scalar keys %whole, 300, 'folder: 300 mails');
is_deeply(\@broken, [], 'folder: each was whole when it was seen first') or diag slurp_file($broken[0]);
ok(Mail::settled($node), 'folder: all are settled');
Outbox::stop($worker);

#
# A restored copy
#

switch_to('smtp');
my $answer = value(q{SELECT opencalendly.api_request_login_link('{"email": "new@example.net"}')});
value(Mail::book('intro', 5, email => 'later@example.net'));
my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'a dump with two mails that are due');
value('CREATE DATABASE copy');
$node->command_ok([ 'psql', '-Xq', '-1', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('copy') ], 'is restored beside it');
my ($stdout, $stderr) = ('', '');
$node->psql('copy', 'CALL opencalendly.run_deliveries(60)', stdout => \$stdout, stderr => \$stderr);
like($stderr, qr/WARNING:.*copy/s, 'a worker there warns that it is a copy');
is(scalar(my @now = $server->requests), 2, 'nothing is sent from it');
is($node->safe_psql('copy', q{SELECT count(*) FROM opencalendly.email_deliveries WHERE status = 'pending' AND attempt = 0}), '2', 'nor is anything touched');

#
# Secrets
#

# One whom the server does not let in, so that there are errors, too.
$worker = Outbox::worker($node);
my ($link) = $server->wait_for(1, 'new@example.net');
$server->order(do => 'login', password => 'another one');
Outbox::stop($worker); # and its connection
$worker = Outbox::worker($node);
value(Mail::book('intro', 6, email => 'refused@example.net'));
Outbox::poll(20, sub { value(q{SELECT count(*) FROM opencalendly.delivery_attempts WHERE phase = 'login'}) > 0 }) or diag 'nobody was refused';
switch_to('resend');
$resend->order(do => 'answer', list => [ map { { status => 401, body => { name => 'invalid_api_key', message => 'API key is invalid' } } } 1 .. 2 ]);
Outbox::poll(20, sub { value(q{SELECT count(*) FROM opencalendly.delivery_attempts WHERE status = 401}) > 0 }) or diag 'the key was not refused';

($secret{'the link to sign in'}) = $link->{text} =~ /token=([\w.-]+)/;
($secret{'the link to cancel'}) = $server->requests('later@example.net') && ($server->requests('later@example.net'))[0]{text} =~ m{https://book\.example\.org/\S*?([\w.-]{32,})};
isnt($secret{$_}, undef, "$_ is known") for sort keys %secret;

sub is_clean
{
	my ($where, $text) = @_;

	cmp_ok(length $text, '>', 200, "$where: there is something");
	for my $name (sort keys %secret)
	{
		my $plain = $secret{$name} // next;
		my @forms = ($plain, encode_base64($plain, ''), encode_base64("\0bookings\0$plain", ''), unpack('H*', $plain));

		is(scalar(grep { index($text, $_) >= 0 } @forms), 0, "$where: not $name");
	}
	return;
}

is_clean('the log', slurp_file($node->logfile));
is_clean('pg_stat_activity', value('SELECT a FROM pg_stat_activity AS a'));
is_clean('the tables', Scene::contents($node));
is_clean('views', value('SELECT f FROM opencalendly.failed_deliveries AS f; SELECT s FROM opencalendly.outbox_status AS s; SELECT name, setting FROM pg_settings WHERE name LIKE \'opencalendly%\''));
$node->command_ok([ 'pg_dump', '-f', "$dump.2", $node->connstr('postgres') ], 'a dump');
is_clean('the dump', slurp_file("$dump.2"));

Outbox::stop($worker);
$node->stop;
$_->stop for $server, $resend;
done_testing();
