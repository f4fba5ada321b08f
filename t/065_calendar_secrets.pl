# Promise: what opens a host's calendars is known to Google and to a worker while it asks, and to nobody else: no code, token,
# verifier of PKCE, client secret or word of a channel is in a log (with every statement logged, and parameters where the role
# does not hide them), in pg_stat_activity, in a table, in a dump, in an answer of the API or in a mail. A sealed token opens in
# its own row alone; one that does not open is that connection's failure and sends nothing.
use strict;
use warnings;
use Google;
use JSON::PP;
use Mail;
use MIME::Base64 qw(encode_base64);
use OpenCalendly;
use Outbox;
use PostgreSQL::Test::Utils;
use Scene;
use Shim;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => Google::missing() if defined Google::missing();

my $folder = PostgreSQL::Test::Utils::tempdir('mails');
my $google = Google->start;
my $node = OpenCalendly::node('main', conf => Shim::conf() . Google::conf($google, delivery_timeout => '3s', calendar_sync_interval => '1h',
	base_url => 'https://book.example', mail_transport => 'folder', mail_folder => $folder, mail_from => 'bookings@example.org') . <<'END');
log_statement = all
log_min_duration_statement = 0
log_min_messages = debug1
log_error_verbosity = verbose
track_activity_query_size = 100kB
END
OpenCalendly::install($node);
Google::write_secret($node);
Mail::host($node);
sub value { return $node->safe_psql('postgres', $_[0]) }

# As docs/deploy.md has it for the shim's role.
value("CREATE ROLE shim LOGIN IN ROLE opencalendly_api; ALTER ROLE shim SET log_parameter_max_length = 0");
my $shim = Shim->start($node);
my @workers = (Google::worker($node), Outbox::worker($node));
my $http = $shim->http->login('ada@example.com');
my (@activity, @answers);
my $look = sub { push @activity, value(q(SELECT string_agg(a::text, E'\n') FROM pg_stat_activity AS a)) };

# An answer of the API; what is in it is looked at in the end.
sub asked
{
	my ($method, $path, $data) = @_;
	my $answer = $http->request($method, $path, defined $data ? (data => $data) : ());

	push @answers, "$method $path: $answer->{status} $answer->{body}";
	$look->();
	return $answer;
}

sub is_asked
{
	my ($status, $name, @request) = @_;
	my $answer = asked(@request);

	is($answer->{status}, $status, $name) or diag($answer->{body});
	return $answer->{json};
}

# Connects an account, or comes as far as the rules of the stand-in let it.
sub connects
{
	my ($status, $name, $account, %options) = @_;
	my $uri = 'https://book.example/settings/calendar/google/callback';
	my $start = is_asked(200, "$name: started", 'POST', '/v0/calendar/google/connect/start', { redirectUri => $uri });
	my $consent = $google->consent($start->{authUrl}, $account);

	return is_asked($status, "$name: completed", 'POST', '/v0/calendar/google/connect/complete',
		{ code => $options{code} // $consent->{code}, state => $start->{state}, redirectUri => $uri });
}

#
# Everything that there is to leak
#

$google->rule('POST .*/token', status => 400, error => 'invalid_grant');
connects(400, 'a code that Google does not take', 'ada@example.com');
$google->rule('POST .*/token', status => 200, body => '{"access_token": "google_of_no_use", "refresh_token": ');
connects(502, 'an answer that is cut', 'ada@example.com');
$google->settings(givesNoRefreshToken => JSON::PP::true);
connects(400, 'no refresh token', 'ada@example.com');
$google->settings(givesNoRefreshToken => JSON::PP::false);
connects(200, 'an account', 'ada@example.com');
connects(200, 'another', 'ada@example.net');
my ($connection, $other) = split /\n/, value('SELECT id FROM opencalendly.calendar_connections ORDER BY account_email');
my $sync = "/v0/calendar/connections/$connection/sync";
is_asked(200, 'read', 'POST', $sync, {});
$google->expire('ada@example.com');
is_asked(200, 'with a new access token', 'POST', $sync, {});
for my $case ([ 403, 'rateLimitExceeded' ], [ 500, 'backendError' ], [ 403, 'forbidden' ])
{
	$google->rule('GET .*/events', status => $case->[0], error => $case->[1]);
	asked('POST', $sync, {});
	value("UPDATE opencalendly.calendar_connections SET failures = 0, next_sync_at = '-infinity'");
}

# Google's words may repeat what it was asked with.
my ($request) = $google->asked(qr/GET .*events/);
my ($bearer) = $request->{headers}{authorization} =~ /Bearer (.*)/;
$google->rule('GET .*/events', status => 403, body => { error => { code => 403, message => "bad $bearer", errors => [ { reason => "x$bearer", message => $bearer } ] } }, times => 2);
asked('POST', $sync, {});
value("UPDATE opencalendly.calendar_connections SET failures = 0, refresh_at = clock_timestamp(), next_sync_at = '-infinity'");
$google->rule('POST .*/token', status => 400, body => { error => 'unauthorized_client', error_description => 'bad ' . Google::SECRET }, times => 2);
asked('POST', $sync, {});
$google->clear;
value("UPDATE opencalendly.calendar_connections SET failures = 0, next_sync_at = '-infinity'");
is_asked(200, 'read once more', 'POST', $sync, {});

# Bookings into calendars, and push.
value(Mail::book('intro', 3, columns => 'booking_id'));
Outbox::poll(20, sub { value("SELECT count(*) > 0 AND bool_and(status = 'succeeded') FROM opencalendly.calendar_writebacks") eq 't' })
  or diag(value('SELECT * FROM opencalendly.calendar_writebacks'));
my ($told) = $google->notify('ada@example.com', 'ada@example.com', $shim->url);
like($told->{status} // 0, qr/^20/, 'Google tells of a change');
my @channels = $google->channels('ada@example.com');
is_asked(200, 'how it goes', 'GET', '/v0/calendar/sync/status');
is_asked(200, 'how writing goes', 'GET', '/v0/calendar/writeback/status');
$google->withdraw('ada@example.net');
value("UPDATE opencalendly.calendar_connections SET refresh_at = clock_timestamp(), next_sync_at = '-infinity' WHERE id = '$other'; SELECT opencalendly.wake_workers_at_commit()");
Outbox::poll(20, sub { value("SELECT state = 'broken' FROM opencalendly.calendar_connections WHERE id = '$other'") eq 't' }) or fail('a grant that was taken back');
Mail::settled($node) or diag(value('TABLE opencalendly.email_deliveries'));

#
# Nowhere
#

my %secret = ('client secret' => Google::SECRET);
for my $request ($google->requests)
{
	my $form = $request->{form} // {};

	$secret{$_} = $_ for grep { defined } @$form{qw(code code_verifier refresh_token token)}, ($request->{headers}{authorization} // '') =~ /Bearer (.*)/;
}
$secret{"channel's token"} = $_->{token} for @channels;
$secret{$_->{answer}{body}{id_token}} = $_->{answer}{body}{id_token} for grep { ref $_->{answer}{body} && defined $_->{answer}{body}{id_token} } $google->samples;
$secret{$_->{answer}{body}{access_token}} = $_->{answer}{body}{access_token} for grep { ref $_->{answer}{body} && defined $_->{answer}{body}{access_token} } $google->samples;
$secret{'of an answer that was cut'} = 'google_of_no_use';
cmp_ok(scalar keys %secret, '>', 12, 'codes, verifiers, tokens: ' . keys %secret);

# What of it is in a text, in any of the forms that it might have.
sub found_in
{
	my ($text) = @_;
	my @found;

	for my $name (sort keys %secret)
	{
		my $plain = $secret{$name};
		my %forms = (text => $plain, base64 => encode_base64($plain, '') =~ s/=+$//r, hex => unpack('H*', $plain));

		push @found, "$name as $_" for grep { index($text, $forms{$_}) >= 0 } sort keys %forms;
	}
	return join ', ', @found;
}

sub no_secret_in
{
	my ($text, $where) = @_;

	cmp_ok(length $text, '>', 200, "$where: there is something");
	return is(found_in($text), '', "$where: nothing that opens a calendar");
}

my $log = slurp_file($node->logfile);
like($log, qr/api_complete_connect/, 'calls are in the log');
no_secret_in($log, 'the server\'s log');
is(found_in($shim->log), '', 'the shim\'s log: nothing that opens a calendar');
no_secret_in(join("\n", @activity), 'pg_stat_activity');
no_secret_in(join("\n", grep { !/connect\/start/ } @answers), 'answers of the API');
no_secret_in(Scene::contents($node), 'all tables');
no_secret_in(join("\n", map { slurp_file($_) } glob("$folder/*/* $folder/*.eml")), 'mails');
for my $format ([], ['--inserts'])
{
	my $file = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';

	$node->command_ok([ 'pg_dump', @$format, '-f', $file, $node->connstr('postgres') ], 'a dump');
	no_secret_in(slurp_file($file), 'a dump');
}
is(value("SELECT count(*) FROM opencalendly.calendar_consents WHERE code IS NOT NULL"), '0', 'no code is kept');

#
# A sealed token that cannot be opened
#

my %mend = map { $_ => value("SELECT $_ FROM opencalendly.calendar_connections WHERE id = '$connection'") } qw(access_token refresh_token);
my %theirs = map { $_ => value("SELECT $_ FROM opencalendly.calendar_connections WHERE id = '$other'") } qw(access_token refresh_token);
my %harm = (
	'another row\'s access token' => "access_token = '$theirs{access_token}', refresh_at = clock_timestamp() + interval '1 hour'",
	'another row\'s refresh token' => "refresh_token = '$theirs{refresh_token}', refresh_at = clock_timestamp()",
	'a flipped bit' => 'access_token = set_byte(access_token, 20, get_byte(access_token, 20) # 1), refresh_at = clock_timestamp() + interval \'1 hour\'',
	'a short one' => 'refresh_token = substr(refresh_token, 1, 20), refresh_at = clock_timestamp()',
	'none' => "access_token = '', refresh_at = clock_timestamp() + interval '1 hour'");
my $windows = value("SELECT string_agg(w::text, ' ' ORDER BY w.id) FROM opencalendly.calendar_busy_windows AS w");
for my $name (sort keys %harm)
{
	$google->forget;
	value("UPDATE opencalendly.calendar_connections SET $harm{$name}, failures = 0, last_error = NULL, asked_at = clock_timestamp(), next_sync_at = '-infinity' WHERE id = '$connection'; SELECT opencalendly.wake_workers_at_commit()");
	Outbox::poll(20, sub { value("SELECT last_error IS NOT NULL AND leased_until IS NULL FROM opencalendly.calendar_connections WHERE id = '$connection'") eq 't' }) or fail("$name: a failure");
	like(value("SELECT state || ' ' || last_error FROM opencalendly.calendar_connections WHERE id = '$connection'"), qr/^active .*cannot be opened/, "$name: it says so");
	is(join(' ', map { $_->{path} } $google->requests), '', "$name: nothing is sent");
	value("UPDATE opencalendly.calendar_connections SET access_token = '$mend{access_token}', refresh_token = '$mend{refresh_token}', refresh_at = clock_timestamp() + interval '1 hour' WHERE id = '$connection'");
}
value("UPDATE opencalendly.calendar_connections SET failures = 0, next_sync_at = '-infinity' WHERE id = '$connection'");
is_asked(200, 'mended, it is read again', 'POST', $sync, {});
is_asked(200, 'and disconnected', 'POST', "/v0/calendar/connections/$connection/disconnect", {});
is($google->grants('ada@example.com'), 0, 'it was revoked');
Outbox::stop($_) for @workers;
$shim->stop;
$google->stop;
done_testing();
