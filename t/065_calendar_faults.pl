# Promise: what goes wrong with one connection is its own. What cannot be written is its failure, and the others of the same turn
# are written; what waits for a lock is not read again for that; a clock that is set back keeps nobody waiting; the operator's
# faults are told as such and do not hurry. A list without end, or without anything in it, changes nothing. Who wants to leave
# leaves, whatever is lost. And a consent is tried once: what is no proof of whose account it is, comes too late, or was let fall
# too often, fails at once.
use strict;
use warnings;
use Google;
use JSON::PP;
use Mail;
use MIME::Base64 qw(encode_base64url);
use OpenCalendly;
use Outbox;
use PostgreSQL::Test::Utils;
use Scene;
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => Google::missing() if defined Google::missing();

my $google = Google->start;
my $node = OpenCalendly::node('main', conf => Google::conf($google, calendar_sync_interval => '1h'));
OpenCalendly::install($node);
Google::write_secret($node);
Mail::host($node);
my $session = Scene::session($node);

sub value
{
	my ($sql) = @_;
	no warnings 'redefine';
	local *PostgreSQL::Test::BackgroundPsql::note = sub { };

	return $session->query_safe($sql);
}

my ($ada, $ben) = qw(ada@example.com ben@example.com);
my $events = 'GET .*/events';
my $noon = (int(time / 86400) + 1) * 86400 + 43200;
sub instant { my @t = gmtime($_[0]); return sprintf('%04d-%02d-%02dT%02d:%02d:%02dZ', $t[5] + 1900, $t[4] + 1, @t[3, 2, 1, 0]) }
sub at { my ($id, $n) = @_; return { id => $id, start => { dateTime => instant($noon + $n * 7200) }, end => { dateTime => instant($noon + $n * 7200 + 3600) } } }
sub connection { return value("SELECT $_[1] FROM opencalendly.calendar_connections WHERE id = '$_[0]'") }
sub windows { return value("SELECT count(*) FROM opencalendly.calendar_busy_windows AS w JOIN opencalendly.calendars AS c ON c.id = w.calendar_id WHERE c.connection_id = '$_[0]'") }

# All of them at once, in one turn.
sub ask
{
	my (@ids) = @_;
	my $list = join ', ', map { "'$_'" } @ids;

	return value(<<"SQL") =~ s/\n.*//sr;
WITH waking AS MATERIALIZED (SELECT opencalendly.wake_workers_at_commit())
UPDATE opencalendly.calendar_connections SET asked_at = clock_timestamp(), next_sync_at = '-infinity' FROM waking WHERE id IN ($list) RETURNING asked_at
SQL
}

sub ended
{
	my ($id, $asked) = @_;

	Outbox::poll(30, sub { connection($id, "tried_at >= '$asked' AND leased_until IS NULL") eq 't' }) or diag('it does not end');
	return connection($id, "state || ', ' || failures || ' failures' || COALESCE(': ' || last_error, '')");
}

sub sync { my ($id) = @_; return ended($id, ask($id)) }

value("SELECT opencalendly.create_user('ben', '$ben')");
$google->put($_, $_, map { at("e$_", $_) } 1 .. 5) for $ada, $ben;
my $connection = $google->connect($node, 'ada');
my $bens = $google->connect($node, 'ben');
my $worker = Google::worker($node);
is(sync($_), 'active, 0 failures', 'all is well') for $connection, $bens;

#
# Writing
#

# What no answer of Google's should bring about: the writing raises.
value(<<'SQL');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.user_id = (SELECT id FROM opencalendly.users WHERE username = 'ben') THEN RAISE 'no window for ben'; END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT ON opencalendly.calendar_busy_windows FOR EACH ROW EXECUTE FUNCTION refuse();
SQL
$google->put($_, $_, at('e6', 6)) for $ada, $ben;
value("UPDATE opencalendly.calendar_connections SET refresh_at = clock_timestamp()");
my $token = connection($bens, 'md5(access_token)');
my $asked = ask($connection, $bens);
is(ended($bens, $asked), 'active, 1 failures: what was found could not be stored', 'what cannot be written is a failure');
is(ended($connection, $asked), 'active, 0 failures', 'of nobody else');
is(windows($connection) . ' ' . windows($bens), '6 5', 'whose windows are there');
is(connection($bens, "next_sync_at - clock_timestamp() BETWEEN '3 min' AND '7 min'"), 't', 'it does not hurry');
isnt(connection($bens, 'md5(access_token)'), $token, 'the new token is kept, whatever became of the rest');
like(slurp_file($node->logfile), qr/WARNING:  what was found in a calendar could not be stored: no window for ben/, 'the operator is told why');
value('DROP TRIGGER refuse ON opencalendly.calendar_busy_windows');
is(sync($bens), 'active, 0 failures', 'and when it can be written, it is');

# A lock that is held for longer than a turn waits.
$google->put($ada, $ada, at('e7', 7));
$google->forget;
my $blocker = Scene::session($node);
Scene::answer($blocker, 'BEGIN; LOCK TABLE opencalendly.calendar_busy_windows IN SHARE MODE');
$asked = ask($connection);
for my $turn (1, 2)
{
	my $waits = "SELECT count(*) > 0 FROM pg_locks WHERE pid = $worker->{pid} AND NOT granted";

	$node->poll_query_until('postgres', $waits) or fail('it does not come to write');
	$node->poll_query_until('postgres', "SELECT NOT ($waits)") if $turn == 1;
}
is(value("SELECT seen_at > clock_timestamp() - interval '10 s' FROM opencalendly.worker_heartbeats WHERE queue = 'calendar'"), 't', 'the worker is not stuck behind a lock');
Scene::answer($blocker, 'COMMIT');
$blocker->quit;
is(ended($connection, $asked), 'active, 0 failures', 'a lock is no failure');
is(windows($connection), '7', 'what was found is written when it is gone');
is(scalar($google->asked(qr/events\?/)), 1, 'and was read once');

# A clock that was an hour ahead: what waits by it, a lease and a wish, end as they would have.
value("UPDATE opencalendly.calendar_connections SET next_sync_at = clock_timestamp() + interval '65 min', leased_until = clock_timestamp() + interval '61 min', asked_at = clock_timestamp() + interval '61 min' WHERE id = '$connection'");
value("UPDATE opencalendly.worker_heartbeats SET seen_at = clock_timestamp() + interval '1 hour' WHERE queue = 'calendar'");
Outbox::poll(20, sub { connection($connection, "next_sync_at - clock_timestamp() < interval '6 min' AND greatest(leased_until, asked_at) - clock_timestamp() < interval '2 min'") eq 't' })
  or fail('a clock that is set back is not followed');
value("UPDATE opencalendly.calendar_connections SET leased_until = NULL WHERE id = '$connection'");

# A wish that stayed in the future, for it came while a sync was under way: it is fulfilled by that one, once, and who waits is
# told; whatever was read before the clock was set back says nothing.
my $user = value("SELECT user_id FROM opencalendly.calendar_connections WHERE id = '$connection'");
$google->forget;
$google->rule($events, hold => JSON::PP::true);
ask($connection);
Outbox::poll(20, sub { $google->holding == 1 }) or fail('it does not begin');
value("UPDATE opencalendly.calendar_connections SET asked_at = clock_timestamp() + interval '1 hour', tried_at = clock_timestamp() + interval '2 hours' WHERE id = '$connection'");
my $waiting = Scene::session($node);
my $is_waiting = q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT opencalendly.await_syncs%' AND state = 'active'};
Scene::start($waiting, "SET statement_timeout = '15 s'; SELECT opencalendly.await_syncs('$user', ARRAY['$connection'::uuid])");
Outbox::poll(10, sub { value($is_waiting) eq '1' }) or fail('nobody waits');
$google->release;
is(Scene::answer($waiting), '', 'a wish from the future: who waits is told when it has been read');
is(connection($connection, "failures || ' ' || (leased_until IS NULL) || ' ' || (asked_at <= clock_timestamp()) || ' ' || (next_sync_at > clock_timestamp() + interval '30 min')"), '0 true true true', 'and it is fulfilled');
is(scalar($google->asked(qr/events\?/)), 1, 'by one sync');
$waiting->quit;

#
# The operator's
#

my $secret = $node->basedir . '/google_client_secret';
my ($file) = grep { -e } $secret, value("SELECT regexp_replace(current_setting('opencalendly.secret_key_file'), '[^/]*\$', 'google_client_secret')");
rename $file, "$file.away" or die "$file: $!";
value("UPDATE opencalendly.calendar_connections SET refresh_at = clock_timestamp() WHERE id = '$connection'");
is(sync($connection), 'active, 1 failures: the file "google_client_secret" cannot be used', 'the secret is not there');
is(connection($connection, "next_sync_at - clock_timestamp() BETWEEN '3 min' AND '7 min'"), 't', 'no hurry');
is(sync($bens), 'active, 0 failures', 'whose token is good needs none');
is(consent('ben'), 'failed OC011: the file "google_client_secret" cannot be used', 'nobody can be connected');
rename "$file.away", $file or die "$file: $!";
is(sync($connection), 'active, 0 failures', 'the secret is there again');

for my $case ([ 403, 'accessNotConfigured' ], [ 403, 'dailyLimitExceeded' ])
{
	my ($status, $reason) = @$case;

	$google->rule($events, status => $status, error => $reason);
	is(sync($connection), "active, 1 failures: events could not be read: answered $status ($reason)", "$reason is not one calendar's fault");
	is(connection($connection, "next_sync_at - clock_timestamp() BETWEEN '3 min' AND '7 min'"), 't', "$reason: no hurry");
	is(sync($connection), 'active, 0 failures', "$reason: over");
}
#
# Lists
#

value("UPDATE opencalendly.calendars SET sync_token = NULL WHERE connection_id = '$connection'");
$google->forget;
$google->rule($events, status => 200, times => 1e6, body => { kind => 'calendar#events', items => [ at('z', 1) ], nextPageToken => 'more' });
like(sync($connection), qr/^active, 1 failures: .*it has too many events/, 'pages without end');
is(windows($connection), '7', 'change nothing');
cmp_ok(scalar($google->asked(qr/events\?/)), '<=', 101, 'and are not read for ever');
$google->clear;

for my $body ({}, { kind => 'calendar#calendarList', items => [] }, [], 'null', '{"items": [{"id": "\u0000"}]}', "{\"items\": [\"\xff\"]}")
{
	my $shown = ref $body ? encode_json($body) : $body =~ s/[^ -~]/?/gr;

	value("UPDATE opencalendly.calendar_connections SET listed_at = NULL WHERE id = '$connection'");
	$google->rule('GET .*/calendarList', status => 200, body => $body);
	sync($connection);
	is(value("SELECT count(*) FROM opencalendly.calendars WHERE connection_id = '$connection'") . ' ' . windows($connection), '1 7', "a list of calendars that is $shown takes none away");
}
value("UPDATE opencalendly.calendar_connections SET listed_at = NULL WHERE id = '$connection'");
$google->rule('GET .*/calendarList', status => 403, error => 'forbidden');
$google->put($ada, $ada, at('e8', 8));
is(sync($connection), 'active, 0 failures', 'a list that may not be read');
is(windows($connection), '8', 'does not keep the events from being read');
value("UPDATE opencalendly.calendars SET sync_token = 'nonsense' WHERE connection_id = '$connection'");
$google->put($ada, $ada, at('e9', 9));
is(sync($connection) . ' ' . windows($connection), 'active, 0 failures 9', 'a sync token that Google never gave: all is read anew');

#
# Leaving
#

# Tokens of another row do not open; there is nothing to be revoked with.
value(<<"SQL");
UPDATE opencalendly.calendar_connections AS c SET refresh_token = o.refresh_token, access_token = o.access_token
	FROM opencalendly.calendar_connections AS o WHERE c.id = '$bens' AND o.id = '$connection'
SQL
$google->forget;
like(sync($bens), qr/^active, 1 failures: sealed secret cannot be opened/, 'a token of another row');
is(scalar($google->requests), 0, 'is told to nobody');
leave($bens);
is(gone($bens), 't', 'who has lost the tokens can leave');
is(scalar($google->asked(qr/revoke/)), 0, 'without revoking');
$google->rule('POST .*/revoke', status => 503, error => 'internal_failure', times => 1e6);
leave($connection);
is(gone($connection), 't', 'and so can who does not reach Google');
is(scalar($google->asked(qr/revoke/)), 3, 'after three tries');
$google->clear;

sub leave
{
	my ($id) = @_;

	return value(<<"SQL");
WITH waking AS MATERIALIZED (SELECT opencalendly.wake_workers_at_commit())
UPDATE opencalendly.calendar_connections SET state = 'leaving', failures = 0, attempt = attempt + 1, leased_until = NULL, next_sync_at = '-infinity'
	FROM waking WHERE id = '$id'
SQL
}

sub gone { my ($id) = @_; return Outbox::poll(30, sub { value("SELECT count(*) FROM opencalendly.calendar_connections WHERE id = '$id'") eq '0' }) ? 't' : 'f' }

#
# Consents
#

# Rows as if the host had brought a code: what became of it.
sub consent
{
	my ($user, %columns) = @_;
	my $id = value(<<"SQL") =~ s/\n.*//sr;
WITH new AS MATERIALIZED (SELECT opencalendly.uuid_generate_v7() AS id), waking AS MATERIALIZED (SELECT opencalendly.wake_workers_at_commit())
INSERT INTO opencalendly.calendar_consents (id, user_id, redirect_uri, link_key_id, status, code, attempt, expires_at)
	SELECT new.id, u.id, 'http://book.example.org/settings/calendar/google/callback', 1, 'pending', opencalendly.seal_calendar_code(new.id, 'the-code'),
		${\ ($columns{attempt} // 0)}, clock_timestamp() + interval '${\ ($columns{ends} // '10 min')}'
	FROM new, waking, opencalendly.users AS u WHERE u.username = '$user' RETURNING id
SQL
	Outbox::poll(20, sub { value("SELECT status FROM opencalendly.calendar_consents WHERE id = '$id'") ne 'pending' }) or diag('it stays pending');
	return value("SELECT status || COALESCE(' ' || error_code || ': ' || error, '') FROM opencalendly.calendar_consents WHERE id = '$id'");
}

sub claims { return join '.', map { encode_base64url($_) } '{"alg":"RS256"}', encode_json({@_}), 'proof' }

my %right = (iss => 'https://accounts.google.com', aud => Google::CLIENT, sub => '1234567890', email => $ada);
my %wrong = (
	'none' => undef,
	'no token' => 'nonsense',
	'no JSON' => 'a.' . encode_base64url('nonsense') . '.c',
	'for somebody else' => claims(%right, aud => 'another'),
	'by somebody else' => claims(%right, iss => 'https://accounts.example.org'),
	'of nobody' => claims(%right, sub => ''),
	'without an address' => claims(%right, email => undef));
for my $name (sort keys %wrong)
{
	my %answer = (access_token => 'at', refresh_token => 'rt', expires_in => 3599, token_type => 'Bearer');

	$google->forget;
	$google->rule('POST .*/token', status => 200, body => { %answer, defined $wrong{$name} ? (id_token => $wrong{$name}) : () });
	is(consent('ben'), 'failed OC010: Google does not say whose account it is', "an id token: $name");
	is(scalar($google->requests), 1, "an id token: $name: nothing more is asked");
}
for my $answer ('{}', '[]', '{"access_token": ""}', '{"access_token": "a b"}', '{"access_token": "a", "refresh_token": "r\\r\\nX: y"}', '{"access_token": "a", "expires_in": -1}')
{
	$google->rule('POST .*/token', status => 200, body => $answer);
	is(consent('ben'), 'failed OC010: the code could not be exchanged: the answer makes no sense', "tokens that are none: $answer");
}
$google->forget;
is(consent('ben', ends => '-2 min'), 'failed OC010: no worker came to it in time', 'a consent of a while ago');
is(consent('ben', attempt => 3), 'failed OC010: workers did not come back from it', 'one that workers have died of');
is(scalar($google->requests), 0, 'neither is told to Google');
$google->rule('POST .*/token', status => 503, error => 'internal_failure');
like(consent('ben'), qr/^failed OC010: the code could not be exchanged: answered 503/, 'Google is down');
is(scalar($google->requests), 1, 'it is tried once');
is(value('SELECT count(*) FROM opencalendly.calendar_connections'), '0', 'nobody is connected by any of them');
is(value('SELECT count(*) FROM opencalendly.calendar_consents WHERE code IS NOT NULL'), '0', 'and no code is left');

is(Outbox::stop($worker), '57014', 'the worker was there to the end');
is(join("\n", Outbox::failed_turns($node)), '', 'and none of its turns has failed');
$google->stop;
done_testing();
