# Promise: schedule_workers() puts the workers into pg_cron, once, as a role that is no superuser, and a webhook leaves by a worker that
# pg_cron has started; where pg_cron is not, it says what to do, and that works; unschedule_workers() takes away what it has put there
# and nothing else; prune_outbox() deletes what is settled and old, and what belongs to nothing, in transactions that are short.
use strict;
use warnings;
use FindBin;
use OpenCalendly;
use PostgreSQL::Test::Utils;
use Receiver;
use Scene;
use Test::More;
use Time::HiRes qw(time);

my $missing = Receiver::missing();
plan skip_all => $missing if defined $missing;

my $node = OpenCalendly::node('main', conf => Scene::conf() . "opencalendly.egress_allow = '127.0.0.0/8'\n");
my $schedule = 'SELECT * FROM opencalendly.schedule_workers()';
my $jobs = 'SELECT jobid, jobname, schedule, command, nodename, nodeport, database, username, active FROM cron.job ORDER BY jobname, jobid';

# What is raised: SQLSTATE, message, hint (its lines).
sub refusal
{
	my ($database, $sql) = @_;
	my $stderr;

	$node->psql($database, "\\set VERBOSITY verbose\n$sql", stderr => \$stderr);
	my ($state, $message) = $stderr =~ /ERROR:\s+(\w{5}): (.*)/;
	my ($hint) = $stderr =~ /^[^\n]*HINT:\s+(.*?)(?=^[^\n]*(?:CONTEXT|LOCATION): )/ms;
	return ($state // '', $message // '', $hint // '');
}

sub as
{
	my ($role, $sql) = @_;

	return "SET ROLE $role; $sql";
}

OpenCalendly::install($node);
Scene::host($node);
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE jobs LOGIN IN ROLE opencalendly_worker;
CREATE ROLE sleeper NOLOGIN IN ROLE opencalendly_worker;
CREATE ROLE stranger LOGIN;
CREATE DATABASE "other's";
SQL
OpenCalendly::install($node, "other's");

# --- where pg_cron is not ------------------------------------------------------------------------------------------------

my ($state, $message, $hint) = refusal('postgres', $schedule);
is($state, 'OC011', 'without pg_cron: a setting is missing');
my @lines = $hint =~ /^((?:shared_preload_libraries|cron\.\w+) = .*)$/mg;
is(scalar @lines, 3, 'it shows the lines for postgresql.conf') or diag $hint;
is($node->safe_psql('postgres', 'SELECT opencalendly.unschedule_workers()'), '0', 'there is nothing to unschedule');
is((refusal('postgres', as('jobs', $schedule)))[0], 'OC011', 'so hears a role that may not see the settings');
is((refusal('postgres', as('stranger', $schedule)))[0], '42501', 'and a stranger nothing');

# The stage is not where a plain name is looked for; elsewhere it does.
s/'opencalendly,/'\$libdir\/opencalendly,/ for @lines;
$node->append_conf('postgresql.conf', join "\n", @lines);

# Who is let in is what docs/deploy.md tells, for this role and database and whoever runs this.
my $deploy = slurp_file("$FindBin::RealBin/../docs/deploy.md");
my ($hba) = $deploy =~ /^(local  opencalendly  opencalendly_jobs .*)$/m;
my ($ident) = $deploy =~ /^(cron  postgres  opencalendly_jobs)$/m;
my $others = slurp_file($node->data_dir . '/pg_hba.conf');
unlink $node->data_dir . '/pg_hba.conf';
$node->append_conf('pg_hba.conf', ($hba =~ s/opencalendly_jobs/jobs/r =~ s/opencalendly/postgres/r) . "\nlocal all jobs reject\n$others");
$node->append_conf('pg_ident.conf', $ident =~ s/opencalendly_jobs/jobs/r =~ s/postgres/getpwuid($>)/er);
$node->restart;
is((refusal('postgres', $schedule))[0], 'OC011', 'loaded, but not created: still missing');
my ($create) = $hint =~ /^.*(CREATE EXTENSION pg_cron;)/m;
$node->safe_psql('postgres', $create);

($state, $message, $hint) = refusal('postgres', as('jobs', $schedule));
is($state, 'OC009', 'a role without USAGE on schema cron is not permitted');
my ($grant) = $hint =~ /^As a superuser: (GRANT USAGE ON SCHEMA cron TO jobs;)$/m;
$node->safe_psql('postgres', "$grant GRANT USAGE ON SCHEMA cron TO sleeper");
($state, $message) = refusal('postgres', as('sleeper', $schedule));
is("$state $message", 'OC011 role "sleeper" cannot log in', 'nor can pg_cron connect as a role that cannot log in');
is($node->safe_psql('postgres', 'SELECT count(*) FROM cron.job'), '0', 'nothing of this has made a job');

# --- a delivery by pg_cron ------------------------------------------------------------------------------------------------

my $receiver = Receiver->start;
my $secret = $node->safe_psql('postgres', <<"SQL");
SELECT secret FROM opencalendly.create_webhook_subscription(
	(SELECT id FROM opencalendly.users WHERE username = 'ada'), '${\ $receiver->url('/verified')}', ARRAY['booking.created'])
SQL
$receiver->secrets('' => $secret);
$node->safe_psql('postgres', Scene::book('intro', '2026-06-02 10:00+00'));

is($node->safe_psql('postgres', as('jobs', $schedule)), <<'END' =~ s/\n\z//r, 'the jobs');
opencalendly-even|*/2 * * * *|CALL opencalendly.run_deliveries(70)
opencalendly-odd|1-59/2 * * * *|CALL opencalendly.run_deliveries(70)
opencalendly-calendars-even|*/2 * * * *|CALL opencalendly.run_calendar_sync(70)
opencalendly-calendars-odd|1-59/2 * * * *|CALL opencalendly.run_calendar_sync(70)
opencalendly-prune|7 * * * *|CALL opencalendly.prune_outbox()
END
my $scheduled_at = time;
my $made = $node->safe_psql('postgres', $jobs);
is(scalar(() = $made =~ /^\d+\|opencalendly-[\w-]+\|.*\|\Q${\ $node->host}\E\|${\ $node->port}\|postgres\|jobs\|t$/mg), 5,
	'each by the socket, in this database, as the role that scheduled them') or diag $made;

# While that minute passes: called again, by whom, and after what.
$node->safe_psql('postgres', as('jobs', $schedule));
is($node->safe_psql('postgres', $jobs), $made, 'called again it changes nothing');
my ($out, $warning);
$node->psql('postgres', $schedule, stdout => \$out, stderr => \$warning);
is($node->safe_psql('postgres', $jobs), $made, 'nor if a superuser does: the jobs stay that role\'s');
is($warning, '', 'and there is nothing to warn of');

$node->safe_psql('postgres', as('jobs', q{SELECT cron.schedule('my own', '0 0 1 1 *', 'SELECT 1')}));
for my $change ("active = false", "nodename = 'elsewhere'", "nodeport = 1", "database = 'gone'", "schedule = '0 0 1 1 *'", "command = 'SELECT 1'")
{
	$node->safe_psql('postgres', "UPDATE cron.job SET $change WHERE jobname = 'opencalendly-prune'");
	$node->safe_psql('postgres', as('jobs', $schedule));
	is(join("\n", grep { !/^my own/ } split /\n/, $node->safe_psql('postgres', $jobs) =~ s/^\d+\|//mgr), $made =~ s/^\d+\|//mgr,
		"it brings a job up to date: $change");
}

# --- pg_cron in another database ------------------------------------------------------------------------------------------

($state, $message, $hint) = refusal("other's", as('jobs', $schedule));
is("$state $message", 'OC011 pg_cron is in database "postgres", not in this one', 'from another database it cannot be done');
my @statements = $hint =~ /^(SELECT .*;)$/mg;
is(scalar @statements, 6, 'it shows the statements to run there') or diag $hint;
$node->safe_psql('postgres', join "\n", @statements);
is($node->safe_psql('postgres', "SELECT jobname, username FROM cron.job WHERE database = 'other''s' ORDER BY 1"),
	join("\n", map { "opencalendly-$_ of other's|jobs" } qw(calendars-even calendars-odd even odd prune)), 'and they schedule the jobs');
($state, $message, $hint) = refusal("other's", 'SELECT opencalendly.unschedule_workers()');
is($state, 'OC011', 'nor can they be taken away from there');

# --- pruning, meanwhile -----------------------------------------------------------------------------------------------------

# Deliveries are numbered by the end of their ids; each has an event of its number, and two attempts.
$node->safe_psql("other's", <<'SQL');
SELECT opencalendly.create_user('ada', 'ada@example.com');
INSERT INTO opencalendly.webhook_subscriptions (user_id, url, events, secret)
	SELECT u.id, 'https://example.com/' || n, ARRAY['booking.created'], '\x00' FROM opencalendly.users AS u, generate_series(1, 2) AS n;
CREATE FUNCTION id_of(n int, age interval) RETURNS uuid LANGUAGE sql AS $$
	SELECT overlay(opencalendly.first_id_of(clock_timestamp() - age)::text PLACING lpad(n::text, 12, '0') FROM 25)::uuid
$$;
CREATE FUNCTION number_of(id uuid) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT right(id::text, 12)::int';
CREATE PROCEDURE fill(first int, last int, age interval, state text, settled interval) LANGUAGE sql AS $$
	INSERT INTO opencalendly.outbox_events (id, type, body)
		SELECT id_of(n, age), 'booking.created', '{}' FROM generate_series(first, last) AS n;
	INSERT INTO opencalendly.webhook_deliveries (id, subscription_id, event_id, status, leased_until, settled_at)
		SELECT id_of(number_of(e.id), age), (SELECT id FROM opencalendly.webhook_subscriptions WHERE url LIKE '%/1'), e.id, state,
			CASE state WHEN 'leased' THEN '-infinity'::timestamptz END, clock_timestamp() - settled
		FROM opencalendly.outbox_events AS e WHERE number_of(e.id) BETWEEN first AND last;
	INSERT INTO opencalendly.delivery_attempts (delivery_id, attempt, started_at, elapsed_ms, phase)
		SELECT d.id, a, now(), 1, 'connect' FROM opencalendly.webhook_deliveries AS d, generate_series(1, 2) AS a
		WHERE number_of(d.id) BETWEEN first AND last;
$$;
CALL fill(1, 25000, '40 days', 'succeeded', '35 days');
CALL fill(30001, 30001, '40 days', 'failed', '31 days');
CALL fill(30002, 30002, '40 days', 'failed', '29 days');
CALL fill(30003, 30003, '40 days', 'pending', NULL);
CALL fill(30004, 30004, '40 days', 'leased', NULL);
CALL fill(30005, 30005, '40 days', 'paused', NULL);
CALL fill(30006, 30006, '1 day', 'succeeded', '1 day');
-- a second endpoint waits for an event that the first one was told long ago; nobody waits for a third one
INSERT INTO opencalendly.webhook_deliveries (id, subscription_id, event_id)
	SELECT id_of(30007, '40 days'), s.id, e.id FROM opencalendly.webhook_subscriptions AS s, opencalendly.outbox_events AS e
	WHERE s.url LIKE '%/2' AND number_of(e.id) = 30001;
INSERT INTO opencalendly.outbox_events (id, type, body) VALUES (id_of(30008, '1 day'), 'booking.created', '{}');
INSERT INTO opencalendly.delivery_attempts VALUES (id_of(30009, '1 day'), 1, now(), 1, 'connect', NULL, NULL);
SQL
sub left_over
{
	return $node->safe_psql("other's", <<'SQL');
SELECT (SELECT string_agg(number_of(id)::text, ' ' ORDER BY number_of(id)) FROM opencalendly.webhook_deliveries),
	(SELECT string_agg(number_of(id)::text, ' ' ORDER BY number_of(id)) FROM opencalendly.outbox_events),
	(SELECT string_agg(number_of(delivery_id)::text, ' ' ORDER BY number_of(delivery_id)) FROM opencalendly.delivery_attempts)
SQL
}
is((refusal("other's", "CALL opencalendly.prune_outbox('-1 day')"))[0], 'OC006', 'a negative age is refused');
is((refusal("other's", 'CALL opencalendly.prune_outbox(NULL)'))[0], 'OC006', 'and none');
is((refusal("other's", 'BEGIN; CALL opencalendly.prune_outbox()'))[0], '2D000', 'and a transaction around it');
is((refusal("other's", as('stranger', 'CALL opencalendly.prune_outbox()')))[0], '42501', 'and a stranger');

# Somebody has a row of the third batch: the first two are committed before anything waits for it.
my $other = Scene::session($node, "other's");
Scene::start($other, 'BEGIN');
Scene::answer($other);
Scene::start($other, "SELECT 1 FROM opencalendly.delivery_attempts
	WHERE number_of(delivery_id) = 24000 FOR UPDATE");
Scene::answer($other);
my $pruner = Scene::session($node, "other's");
Scene::start($pruner, 'SET ROLE jobs');
Scene::answer($pruner);
Scene::start($pruner, 'CALL opencalendly.prune_outbox()');
ok($node->poll_query_until("other's", 'SELECT count(*) = 5007 FROM opencalendly.webhook_deliveries'),
	'pruning commits its batches: what is done is done while it waits');
Scene::start($other, 'ROLLBACK');
Scene::answer($other);
is(scalar Scene::answer($pruner), '', 'it goes on, as the role of the jobs');
is(left_over(), join('|', '30002 30003 30004 30005 30006 30007', '30001 30002 30003 30004 30005 30006',
		'30002 30002 30003 30003 30004 30004 30005 30005 30006 30006'),
	'settled and old goes, with its attempts; open and young stays, and an event that somebody is still to be told');
$node->safe_psql("other's", "DELETE FROM opencalendly.webhook_subscriptions");
$node->safe_psql("other's", 'CALL opencalendly.prune_outbox()');
is(left_over(), '||', 'and without endpoints nothing stays');

# pg_cron's log.
$node->safe_psql('postgres', <<'SQL');
INSERT INTO cron.job_run_details (jobid, runid, database, username, command, status, start_time, end_time)
	SELECT 1, -n, d.name, 'jobs', c.text, 'succeeded', clock_timestamp() - make_interval(days => n), clock_timestamp() - make_interval(days => n)
	FROM generate_series(1, 10) AS n, (VALUES ('postgres')) AS d (name), (VALUES ('CALL opencalendly.run_deliveries(70)')) AS c (text);
INSERT INTO cron.job_run_details (jobid, runid, database, username, command, status, start_time, end_time)
	VALUES (9, -100, 'postgres', 'jobs', 'SELECT 1', 'succeeded', '2020-01-01', '2020-01-01'),
		(9, -101, 'elsewhere', 'jobs', 'CALL opencalendly.run_deliveries(70)', 'succeeded', '2020-01-01', '2020-01-01'),
		(9, -102, 'postgres', 'jobs', 'CALL opencalendly.run_deliveries(70)', 'failed', NULL, NULL);
SQL
$node->safe_psql('postgres', as('jobs', 'CALL opencalendly.prune_outbox()'));
is($node->safe_psql('postgres', 'SELECT string_agg(runid::text, \' \' ORDER BY runid DESC) FROM cron.job_run_details WHERE runid < 0'),
	'-1 -2 -3 -4 -5 -6 -100 -101', 'of our runs the last seven days stay, and everybody else\'s all');

# --- the minute is over -----------------------------------------------------------------------------------------------------

my ($request) = $receiver->wait_for(1, undef, timeout => 75);
isnt($request, undef, 'pg_cron has started a worker, and the webhook has left');
cmp_ok(time - $scheduled_at, '<', 70, 'a full minute and a bit after it was scheduled');
is("@$request{qw(standard svix opencalendly)}", 'ok ok ok', 'as signed as any other');
is($node->safe_psql('postgres', "SELECT DISTINCT usename || ' ' || state FROM pg_stat_activity WHERE application_name = 'pg_cron' AND datname = 'postgres' AND usename <> 'postgres'"),
	'jobs active', 'by a worker that is no superuser');

# --- away -------------------------------------------------------------------------------------------------------------------

is($node->safe_psql('postgres', as('jobs', 'SELECT opencalendly.unschedule_workers()')), '5', 'unscheduled');
is($node->safe_psql('postgres', 'SELECT jobname FROM cron.job ORDER BY jobname'),
	join("\n", 'my own', map { "opencalendly-$_ of other's" } qw(calendars-even calendars-odd even log odd prune)), 'what is not ours stays');
is($node->safe_psql('postgres', as('jobs', 'SELECT opencalendly.unschedule_workers()')), '0', 'once more: there is nothing');
my ($remove) = $hint =~ /^(SELECT cron\.unschedule.*;)$/m;
$node->safe_psql('postgres', $remove);
is($node->safe_psql('postgres', 'SELECT jobname FROM cron.job'), 'my own', 'the other database\'s go by the statement that was shown');

$node->psql('postgres', $schedule, stdout => \$out, stderr => \$warning);
like($warning, qr/^.*WARNING:\s+the jobs run as superuser/m, 'a superuser\'s own jobs are warned of');
is($node->safe_psql('postgres', 'SELECT opencalendly.unschedule_workers()'), '5', 'and go as well');

$node->stop;
$receiver->stop;
done_testing();
