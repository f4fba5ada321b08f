# Promise: whatever happens to a worker, a delivery is sent at least once, under the same ids and freshly signed, and settled by
# who has it now and nobody else. Several workers share the work without sending anything twice. A worker stops within a second and
# gives back what it has begun; it holds no snapshot while it waits and does not grow; a commit wakes it, a clock that is set
# back neither stops it nor makes it repeat itself, and what is changed, taken away or dropped under its hands ends well.
use strict;
use warnings;
use List::Util qw(max sum0 uniq);
use OpenCalendly;
use Outbox;
use PostgreSQL::Test::Utils;
use Receiver;
use Scene;
use Test::More;
use Time::HiRes qw(sleep time);

my $receiver = Receiver->start(program => 'faults.mjs');
my $node = OpenCalendly::node('main',
	allows_streaming => 1,
	conf => Scene::conf() . Outbox::conf(preload => 1, delivery_timeout => '20s') . "restart_after_crash = on\nlog_statement = none\n");
OpenCalendly::install($node);
Scene::host($node);

sub sql
{
	my ($query) = @_;

	return $node->safe_psql('postgres', $query);
}

# The receiver has so many requests that it has not answered.
sub held
{
	my ($count) = @_;

	return Outbox::poll(10, sub { $receiver->order(do => 'holding') >= $count });
}

sub release
{
	my ($status, %options) = @_;

	return $receiver->order(do => 'release', status => $status, %options);
}

# Nothing is left over for the next part.
sub clear
{
	sql('DELETE FROM opencalendly.webhook_subscriptions');
	$receiver->order(do => 'release', status => 200);
	$receiver->forget;
	return;
}

# 20 deliveries, each to an endpoint that holds its first request, under way in a new worker.
sub under_way
{
	my (%options) = @_;
	my @deliveries = Outbox::enqueue($node, map { Outbox::endpoint($node, $receiver->url("/hold-first?$_")) } 1 .. 20);
	my $worker = Outbox::worker($node, %options);

	held(20) or die 'the requests do not come';
	return ($worker, @deliveries);
}

# --- killed ------------------------------------------------------------------------------------------------------------

{
	my $endpoint = Outbox::endpoint($node, $receiver->url('/hold-first'), secret => 'the secret of the killed');
	my ($delivery) = Outbox::enqueue($node, $endpoint);
	my $worker = Outbox::worker($node);

	ok(held(1), 'kill -9: the receiver has the request');
	is(Outbox::delivery($node, $delivery), 'leased|1|', 'kill -9: it is leased');
	system_log('pg_ctl', 'kill', 'KILL', $worker->{pid});
	Scene::last_words($worker->{session});
	$node->wait_for_log(qr/\Q(PID $worker->{pid}) was terminated by signal 9\E/);
	$node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'the server did not come back';
	is(Outbox::delivery($node, $delivery), 'leased|1|', 'kill -9: its lease is still there');
	is(Outbox::delivery($node, $delivery, "leased_until BETWEEN clock_timestamp() + interval '10 s' AND clock_timestamp() + interval '40 s'"),
		't', 'kill -9: and will have run out soon after the timeout');

	$worker = Outbox::worker($node);
	ok( Outbox::poll(5, sub { sql('SELECT count(*) > 0 FROM opencalendly.worker_heartbeats WHERE seen_at > clock_timestamp() - interval \'5 s\'') eq 't' }),
		'kill -9: another worker is there');
	is(Outbox::delivery($node, $delivery), 'leased|1|', 'kill -9: it keeps its hands off the lease');
	my ($first) = $receiver->requests;
	sleep 0.1 until time > $first->{timestamp} + 1;
	sql("UPDATE opencalendly.webhook_deliveries SET leased_until = clock_timestamp() WHERE id = '$delivery'");
	ok(Outbox::settled($node, $delivery), 'kill -9: the lease has run out, it is sent again');
	is(Outbox::delivery($node, $delivery), 'succeeded|2|', 'kill -9: by a second attempt');
	is(Outbox::attempts($node, $delivery), "1|send||the worker did not come back\n2|done|200|", 'kill -9: one attempt row more');

	my @requests = $receiver->requests;
	my $second = $requests[1];
	is(scalar @requests, 2, 'kill -9: the receiver has it twice');
	is($second->{headers}{$_}, $first->{headers}{$_}, "kill -9: the same $_")
	  for 'webhook-id', 'x-opencalendly-delivery-id', 'x-opencalendly-event-id', 'x-opencalendly-event';
	is($second->{body}, $first->{body}, 'kill -9: the same body');
	isnt($second->{headers}{$_}, $first->{headers}{$_}, "kill -9: a new $_")
	  for 'webhook-timestamp', 'webhook-signature', 'x-opencalendly-signature', 'x-opencalendly-signature-timestamp';
	is( sql("SELECT opencalendly.webhook_signature('the secret of the killed', \$body\$$_->{body}\$body\$, to_timestamp($_->{timestamp}))"),
		$_->{headers}{'x-opencalendly-signature'}, 'kill -9: signed with the time of the attempt') for @requests;
	is(scalar(grep { $_->{n} == 1 } @requests), 1, 'kill -9: who knows repeats by their id acts once');
	Outbox::stop($worker);
	clear();
}

# --- two workers -------------------------------------------------------------------------------------------------------

# The first one's lease has run out while it waits. Whatever it hears then, the delivery is no longer its own: neither while the
# second has it nor when that is done.
for my $answer (500, 200, 410)
{
	my ($delivery) = Outbox::enqueue($node, Outbox::endpoint($node, $receiver->url('/hold')));
	my $said = sub { Outbox::delivery($node, $delivery, '*') . Outbox::attempts($node, $delivery, '*') };
	my $first = Outbox::worker($node);

	held(1) or die 'no request';
	sql("UPDATE opencalendly.webhook_deliveries SET leased_until = clock_timestamp() WHERE id = '$delivery'");
	my $second = Outbox::worker($node);
	ok(held(2), "fence, $answer: another worker sends it");
	is(Outbox::delivery($node, $delivery), 'leased|2|', "fence, $answer: and holds it");
	my $before = $said->();
	is(release($answer, count => 1), 1, "fence, $answer: the first hears its answer");
	# it has settled that before it is stopped
	is(Outbox::stop($first), '57014', "fence, $answer: and ends");
	is($said->(), $before, "fence, $answer: and has written nothing");
	release(204);
	ok(Outbox::settled($node, $delivery), "fence, $answer: the second settles it");
	is(Outbox::delivery($node, $delivery), 'succeeded|2|', "fence, $answer: with success");
	is(Outbox::attempts($node, $delivery), "1|send||the worker did not come back\n2|done|204|", "fence, $answer: as its own attempt");
	Outbox::stop($second);
	clear();
}

# 1,000 deliveries and four workers that begin at once, whatever the isolation level is where they run.
{
	my @endpoints = map { Outbox::endpoint($node, $receiver->url("/ok?$_")) } 1 .. 20;

	Outbox::broadcast($node, 50, @endpoints);
	my @workers = map { Outbox::worker($node, before => "SET default_transaction_isolation = '$_'") }
	  'read committed', 'repeatable read', 'serializable', 'serializable';
	ok(Outbox::poll(60, sub { sql("SELECT count(*) FROM opencalendly.webhook_deliveries WHERE status = 'succeeded' AND attempt = 1") eq '1000' }),
		'four workers: 1,000 deliveries have come by their first attempt');
	my @requests = $receiver->requests;
	is(scalar @requests, 1000, 'four workers: the receiver has 1,000 requests');
	is(scalar(uniq map { $_->{headers}{'x-opencalendly-delivery-id'} } @requests), 1000, 'four workers: none twice');
	is(sql('SELECT count(*), count(DISTINCT delivery_id), count(*) FILTER (WHERE phase = \'done\') FROM opencalendly.delivery_attempts AS a JOIN opencalendly.webhook_deliveries AS d ON d.id = a.delivery_id'),
		'1000|1000|1000', 'four workers: 1,000 attempts');
	is(sql('SELECT count(*) FROM opencalendly.webhook_subscriptions WHERE failing_since IS NOT NULL'), '0', 'four workers: no endpoint fails');
	is(join(' ', map { Outbox::stop($_) } @workers), '57014 57014 57014 57014', 'four workers: all go on');
	clear();
}

# --- stopped -----------------------------------------------------------------------------------------------------------

# What is given back is told, and sent again by whoever comes next.
sub is_given_back
{
	my ($name, $seconds, @deliveries) = @_;
	my $list = join ', ', map { "'$_'" } @deliveries;

	cmp_ok($seconds, '<', 1, "$name: it stops within a second");
	is(sql("SELECT count(*), count(*) FILTER (WHERE status = 'pending' AND attempt = 1 AND due_at <= clock_timestamp()) FROM opencalendly.webhook_deliveries WHERE id IN ($list)"),
		'20|20', "$name: its leases are given back, due at once");
	is(sql("SELECT DISTINCT a.attempt, a.phase, a.status, a.error, a.elapsed_ms < 20000 FROM opencalendly.delivery_attempts AS a WHERE a.delivery_id IN ($list)"),
		'1|send||the worker was stopped|t', "$name: the attempts say so");
	is(sql("SELECT count(*) FROM opencalendly.webhook_subscriptions WHERE failing_since IS NOT NULL OR paused_reason IS NOT NULL"),
		'0', "$name: no endpoint is blamed");
	my $next = Outbox::worker($node);
	ok(Outbox::settled($node, @deliveries), "$name: another worker goes on");
	is(sql("SELECT DISTINCT status, attempt, last_error IS NULL FROM opencalendly.webhook_deliveries WHERE id IN ($list)"), 'succeeded|2|t', "$name: with the next attempt");
	Outbox::stop($next);
	clear();
}

for my $end ([ 'pg_cancel_backend', '57014' ], [ 'pg_terminate_backend', '57P01' ])
{
	my ($function, $expected) = @$end;
	my ($worker, @deliveries) = under_way();
	my $began = time;
	my $state;

	sql("SELECT $function($worker->{pid})");
	$state = $expected eq '57P01' ? Scene::last_words($worker->{session}) : Scene::answer($worker->{session});
	my $seconds = time - $began;
	is($state, $expected, "$function ends a worker with $expected");
	if ($expected eq '57014')
	{
		is((Scene::answer($worker->{session}, 'SELECT 1'))[0], '1', "$function: its session goes on");
		$worker->{session}->quit;
	}
	is_given_back($function, $seconds, @deliveries);
}

{
	my ($worker, @deliveries) = under_way();
	my $began = time;

	$node->stop('fast');
	my $seconds = time - $began;
	Scene::last_words($worker->{session});
	$node->start;
	# the checkpoint takes its time, too
	is_given_back('a fast shutdown', max(0, $seconds - 0.5), @deliveries);
}

# Nobody would stop a worker whose client has gone.
{
	my ($worker, @deliveries) = under_way();
	my $client = $worker->{session}{run}->{KIDS}[0]{PID};

	kill 'KILL', $client;
	my $began = time;
	ok(Outbox::poll(10, sub { sql("SELECT count(*) FROM pg_stat_activity WHERE pid = $worker->{pid}") eq '0' }), 'without its client a worker ends');
	# it looks for it once a second
	is_given_back('without its client', max(0, time - $began - 1), @deliveries);
}

# Stopped again and again, at any moment.
{
	my @endpoints = map { Outbox::endpoint($node, $receiver->url("/late/20?$_")) } 1 .. 4;
	my $leased = 0;

	Outbox::broadcast($node, 750, @endpoints);
	for my $n (1 .. 24)
	{
		my $worker = Outbox::worker($node);
		sleep rand 0.04;
		$n % 2 ? Outbox::stop($worker) : sql("SELECT pg_terminate_backend($worker->{pid})") && Scene::last_words($worker->{session});
		$leased += sql("SELECT count(*) FROM opencalendly.webhook_deliveries WHERE status = 'leased'");
	}
	is($leased, 0, 'stopped 24 times: no lease was ever left');
	cmp_ok(sql("SELECT count(*) FROM opencalendly.webhook_deliveries WHERE status = 'pending'"), '>', 0, 'stopped 24 times: in the midst of its work');
	my $last = Outbox::worker($node);
	Outbox::poll(30, sub { sql("SELECT count(*) FROM opencalendly.webhook_deliveries WHERE status IN ('pending', 'leased')") eq '0' });
	Outbox::stop($last);
	is(sql("SELECT count(*) FROM opencalendly.webhook_deliveries WHERE status = 'succeeded'"), '3000', 'stopped 24 times: all have come');
	is(sql(<<'SQL'), '0', 'stopped 24 times: every attempt is told, and one of each was good');
SELECT count(*) FROM opencalendly.webhook_deliveries AS d
	WHERE (SELECT count(*) <> d.attempt OR count(*) FILTER (WHERE a.error IS NULL) <> 1
		OR count(*) FILTER (WHERE a.error <> 'the worker was stopped') > 0
		FROM opencalendly.delivery_attempts AS a WHERE a.delivery_id = d.id)
SQL
	my $sent = sql("SELECT sum(attempt) FROM opencalendly.webhook_deliveries");
	cmp_ok(scalar $receiver->requests, '<=', $sent, 'stopped 24 times: nothing was sent without an attempt');
	clear();
}

# A worker is one statement, that lasts.
{
	my ($worker, @deliveries) = under_way(before => "SET statement_timeout = '500ms'");

	sleep 0.7;
	is(release(200), 20, 'statement_timeout: a worker is not held to it');
	ok(Outbox::settled($node, @deliveries), 'statement_timeout: it goes on');
	is(Outbox::stop($worker), '57014', 'statement_timeout: until it is stopped');
	clear();
}

# Somebody else has one of the rows, and has changed it when they let go of it.
for my $change (q(SELECT FROM opencalendly.webhook_deliveries WHERE id = '%s' FOR UPDATE),
	q(UPDATE opencalendly.webhook_deliveries SET max_attempts = 11 WHERE id = '%s'))
{
	my ($worker, @deliveries) = under_way();
	my $locker = Scene::session($node);
	my ($verb) = $change =~ /^(\w+)/;
	my ($locked, @others) = @deliveries;

	Scene::answer($locker, 'BEGIN; ' . sprintf($change, $locked));
	release(200);
	ok(Outbox::settled($node, @others), "a row is locked by $verb: the others are settled");
	my ($next) = Outbox::enqueue($node, Outbox::endpoint($node, $receiver->url('/ok')));
	ok(Outbox::settled($node, $next), "a row is locked by $verb: the worker goes on");
	is(Outbox::delivery($node, $locked), 'leased|1|', "a row is locked by $verb: it waits");
	Scene::answer($locker, 'COMMIT');
	ok(Outbox::settled($node, $locked), "a row is locked by $verb: until it is free");
	is(Outbox::delivery($node, $locked) . Outbox::attempts($node, $locked), 'succeeded|1|1|done|200|', "a row is locked by $verb: and is settled by what came of it");
	$locker->quit;
	Outbox::stop($worker);
	clear();
}

# Somebody else has the tables.
{
	my ($worker, @deliveries) = under_way();
	my $locker = Scene::session($node);

	Scene::answer($locker, 'BEGIN; LOCK TABLE opencalendly.webhook_deliveries');
	$node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_locks WHERE pid = $worker->{pid} AND NOT granted")
	  or die 'the worker does not wait for the lock';
	my $began = time;
	sql("SELECT pg_terminate_backend($worker->{pid})");
	is(Scene::last_words($worker->{session}), '57P01', 'while the table is locked: it can be stopped');
	cmp_ok(time - $began, '<', 5, 'while the table is locked: soon');
	Scene::answer($locker, 'ROLLBACK');
	$locker->quit;
	like(Outbox::delivery($node, $deliveries[0], 'status'), qr/^(leased|pending)$/, 'while the table is locked: nothing is lost');
	clear();
}

# An answer that comes while somebody has a table of theirs is not taken for one that came too late.
{
	sql("ALTER SYSTEM SET opencalendly.delivery_timeout = '4s'");
	$node->reload;
	my ($worker, @deliveries) = under_way();
	my $locker = Scene::session($node);

	Scene::answer($locker, 'BEGIN; LOCK TABLE opencalendly.webhook_subscriptions');
	$node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_locks WHERE pid = $worker->{pid} AND NOT granted")
	  or die 'the worker does not wait for the lock';
	release(200);
	sleep 4.5;
	Scene::answer($locker, 'ROLLBACK');
	$locker->quit;
	ok(Outbox::settled($node, @deliveries), 'after a table was locked: the worker goes on');
	is(join(' ', uniq map { Outbox::attempts($node, $_) } @deliveries), '1|done|200|', 'after a table was locked: what has come is known');
	is(Outbox::stop($worker), '57014', 'after a table was locked: until it is stopped');
	sql('ALTER SYSTEM RESET ALL');
	$node->reload;
	clear();
}

# The postmaster sends SIGTERM twice when it shuts down, and the second may come while leases are given back.
{
	my ($worker, @deliveries) = under_way();

	for (1 .. 40)
	{
		kill 'TERM', $worker->{pid};
		sleep 0.0005;
	}
	is(Scene::last_words($worker->{session}), '57P01', 'SIGTERM more than once: it ends');
	is(join(' ', uniq map { Outbox::delivery($node, $_) } @deliveries), 'pending|1|the worker was stopped', 'SIGTERM more than once: its leases are given back');
	clear();
}

# A standby that a commit has to wait for, and that is not there. The wait takes a cancelation for itself.
{
	my ($worker, @deliveries) = under_way();
	my $there = "SELECT count(*) FROM pg_stat_activity WHERE pid = $worker->{pid}";

	sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
	$node->reload;
	ok(Outbox::poll(20, sub { sql("$there AND wait_event = 'SyncRep'") }), 'a worker waits for a standby');
	sql("SELECT pg_terminate_backend($worker->{pid})");
	ok(Outbox::poll(5, sub { !sql($there) }), 'and can be stopped');
	sql('ALTER SYSTEM RESET ALL');
	$node->reload;
	Outbox::poll(10, sub { !sql($there) }) or sql("SELECT pg_terminate_backend($worker->{pid})");
	Scene::last_words($worker->{session});
	is(Outbox::delivery($node, $deliveries[0]), 'pending|1|the worker was stopped', 'with its leases given back');
	clear();
}

# A single place is not too few for an endpoint that fails.
{
	my ($delivery) = Outbox::enqueue($node, Outbox::endpoint($node, $receiver->url('/status/500')));

	sql('ALTER SYSTEM SET opencalendly.max_transfers = 1');
	sql("ALTER SYSTEM SET opencalendly.retry_delays = '0s'");
	$node->reload;
	my $worker = Outbox::worker($node);
	ok(Outbox::poll(10, sub { Outbox::delivery($node, $delivery, 'attempt') >= 3 }), 'max_transfers = 1: what fails is tried again');
	is(Outbox::stop($worker), '57014', 'max_transfers = 1: until the worker is stopped');
	sql('ALTER SYSTEM RESET ALL');
	$node->reload;
	clear();
}

# An attempt that is told already, because somebody has set the delivery back by hand, holds up nothing.
{
	my @deliveries = Outbox::enqueue($node, map { Outbox::endpoint($node, $receiver->url("/ok?$_")) } 1, 2);
	my $worker = Outbox::worker($node);

	ok(Outbox::settled($node, @deliveries), 'set back by hand: sent');
	sql("UPDATE opencalendly.webhook_deliveries SET status = 'pending', attempt = 0, settled_at = NULL WHERE id = '$deliveries[0]'");
	my ($next) = Outbox::enqueue($node, Outbox::endpoint($node, $receiver->url('/ok?3')));
	ok(Outbox::settled($node, $deliveries[0], $next), 'set back by hand: sent again, and others');
	is(Outbox::stop($worker), '57014', 'set back by hand: until the worker is stopped');
	clear();
}

# A call that does not end tells autovacuum what it leaves behind.
{
	my @endpoints = map { Outbox::endpoint($node, $receiver->url("/ok?$_")) } 1 .. 20;
	my $worker = Outbox::worker($node);
	my $changed = "SELECT n_tup_upd FROM pg_stat_all_tables WHERE relid = 'opencalendly.webhook_deliveries'::regclass";
	my $before = sql($changed);
	my @deliveries = Outbox::enqueue($node, @endpoints);

	ok(Outbox::settled($node, @deliveries), 'statistics: a worker works');
	ok(Outbox::poll(15, sub { Outbox::enqueue($node, $endpoints[0]); return sql($changed) >= $before + 40 }), 'statistics: it says so while it does');
	is(Outbox::stop($worker), '57014', 'statistics: until it is stopped');
	clear();
}

# max_seconds
{
	my ($delivery) = Outbox::enqueue($node, Outbox::endpoint($node, $receiver->url('/ok')));
	my $began = time;

	is(Scene::state_of($node, 'CALL opencalendly.run_deliveries(0)'), '', 'with no time at all a worker ends');
	cmp_ok(time - $began, '<', 1, 'at once');
	$began = time;
	is(Scene::state_of($node, 'CALL opencalendly.run_deliveries(1)'), '', 'with a second it ends by itself');
	ok(time - $began > 0.9 && time - $began < 2, 'after a second');
	is(Outbox::delivery($node, $delivery), 'succeeded|1|', 'and has sent what was due');

	my ($slow) = Outbox::enqueue($node, Outbox::endpoint($node, $receiver->url('/hold')));
	my $worker = Outbox::worker($node, seconds => 1);
	held(1);
	my ($late) = Outbox::enqueue($node, Outbox::endpoint($node, $receiver->url('/ok?late')));
	sleep 1.2;
	my ($later) = Outbox::enqueue($node, Outbox::endpoint($node, $receiver->url('/ok?later')));
	is(Outbox::delivery($node, $slow), 'leased|1|', 'what is under way at its end is waited for');
	release(204);
	is(scalar Scene::answer($worker->{session}), '', 'then it ends');
	is(Outbox::delivery($node, $slow), 'succeeded|1|', 'with that settled');
	is(Outbox::delivery($node, $late), 'succeeded|1|', 'what was due before is sent');
	is(Outbox::delivery($node, $later), 'pending|0|', 'nothing new is begun');
	$worker->{session}->quit;
	for my $seconds (-1, 86401, 2147483647)
	{
		is(Scene::state_of($node, "CALL opencalendly.run_deliveries($seconds)"), 'OC006', "max_seconds $seconds is refused");
	}
	clear();
}

# Where it cannot commit, or must not send.
{
	my $caller = 'CREATE FUNCTION pg_temp.f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL opencalendly.run_deliveries(0); END $$;';
	my %where = (
		'a transaction block' => 'BEGIN; CALL opencalendly.run_deliveries(0); COMMIT',
		'a function' => "$caller SELECT pg_temp.f()",
		'a procedure with a search_path' => 'CREATE PROCEDURE pg_temp.p() LANGUAGE plpgsql SET search_path = pg_catalog AS $$ BEGIN CALL opencalendly.run_deliveries(0); END $$; CALL pg_temp.p()');

	is(Scene::state_of($node, $where{$_}), '2D000', "in $_ it says 2D000") for sort keys %where;
	is($node->psql('postgres', 'BEGIN; CALL opencalendly.run_deliveries(0)', stderr => \my $said, on_error_stop => 0), 0, 'asked once more');
	like($said, qr/run_deliveries must be called by a statement of its own.*HINT/s, 'and what to do');
	is(Scene::state_of($node, 'DO $$ BEGIN CALL opencalendly.run_deliveries(0); END $$'), '', 'in a DO block of its own it works');
}

# --- while it waits ----------------------------------------------------------------------------------------------------

{
	my ($worker, @deliveries) = under_way();
	my $look = "SELECT coalesce(backend_xmin::text, backend_xid::text, 'none') || ' ' || coalesce(wait_event_type, '') FROM pg_stat_activity WHERE pid = $worker->{pid}";
	my $session = Scene::session($node);
	my %seen;

	sql('CREATE TABLE public.litter AS SELECT g FROM generate_series(1, 10000) AS g');
	sql('DELETE FROM public.litter');
	sql('VACUUM public.litter');
	is(sql("SELECT pg_relation_size('public.litter')"), '0', 'while transfers are under way, vacuum removes what is dead');
	for my $n (1 .. 200)
	{
		$seen{ $session->query_safe($look) }++;
		sleep 0.01;
	}
	note join ', ', map { "$_: $seen{$_}" } sort keys %seen;
	# it is looked at in the middle of a turn now and then
	cmp_ok($seen{'none Extension'} // 0, '>=', 190, 'it waits for the network without snapshot and transaction id');
	release(200);
	Outbox::settled($node, @deliveries);
	%seen = ();
	for my $n (1 .. 100)
	{
		$seen{ $session->query_safe($look) }++;
		sleep 0.01;
	}
	cmp_ok($seen{'none Extension'} // 0, '>=', 95, 'and so it waits for something to do');
	is(sql("SELECT count(*) FROM pg_locks WHERE pid = $worker->{pid} AND locktype NOT IN ('virtualxid')"), '0', 'with no lock');
	$session->quit;
	Outbox::stop($worker);
	clear();
}

# What the process has of its own, in kilobytes.
sub process_kb
{
	my ($pid) = @_;
	my ($kb) = slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m;

	return $kb;
}

{
	my @endpoints = map { Outbox::endpoint($node, $receiver->url("/quiet/$_")) } 1 .. 50;
	my $worker = Outbox::worker($node);
	my @kb;

	for my $events (100, 200)
	{
		Outbox::broadcast($node, $events, @endpoints);
		Outbox::poll(60, sub { sql("SELECT count(*) FROM opencalendly.webhook_deliveries WHERE status <> 'succeeded'") eq '0' }) or fail('all are delivered');
		push @kb, process_kb($worker->{pid});
	}
	is($receiver->order(do => 'quiet')->{requests}, 15_000, '15,000 deliveries have come');
	is($receiver->order(do => 'quiet')->{ids}, 15_000, 'none twice');
	# turns that find nothing
	my $turns = 'DO $$ BEGIN FOR n IN 1 .. 2000 LOOP PERFORM opencalendly.wake_workers(); PERFORM pg_sleep(0.001); END LOOP; END $$';
	sql($turns);
	push @kb, process_kb($worker->{pid});
	sql($turns);
	push @kb, process_kb($worker->{pid});
	note "process: @kb kB";
	cmp_ok($kb[1] - $kb[0], '<=', 1500, 'the last 10,000 have left the worker as big as it was');
	cmp_ok($kb[3] - $kb[2], '<=', 200, 'and so do 2,000 turns that find nothing');
	Outbox::stop($worker);
	clear();
}

# --- woken -------------------------------------------------------------------------------------------------------------

# Seconds from the beginning of a booking to the receiver's having its event.
sub delays
{
	my ($which, $count, $day) = @_;
	my $session = Scene::session($which);
	my @delays;

	for my $n (0 .. $count)
	{
		my $began = time;
		my $id = $session->query_safe(Scene::book('intro', sprintf('2026-06-%02d %02d:%02d+00', $day, 9 + int($n / 2), $n % 2 * 30), 'booking_id'));
		my ($request) = $receiver->wait_for(1, sub { $_[0]{body} =~ /\Q$id\E/ }, timeout => 5) or last;
		# the first one prepares its statements
		push @delays, $request->{at_ms} / 1000 - $began if $n;
		sleep 0.13;
	}
	$session->quit;
	note 'from booking to receiver: ' . join ' ', map { sprintf '%.3f', $_ } @delays;
	return @delays;
}

{
	Outbox::endpoint($node, $receiver->url('/ok?bookings'), events => [ 'booking.created', 'booking.canceled' ]);
	my $worker = Outbox::worker($node);
	my @delays = delays($node, 12, 8);

	is(scalar @delays, 12, 'woken at commit: each booking arrives');
	cmp_ok(scalar(grep { $_ < 0.2 } @delays), '>=', 11, 'woken at commit: within 200 ms');
	cmp_ok(max(@delays), '<', 1.3, 'woken at commit: and never later than by looking each second');

	my $before = sql('SELECT count(*) FROM opencalendly.outbox_events');
	my $session = Scene::session($node);
	my $book = Scene::book('intro', '2026-06-09 10:00+00', 'booking_id');
	$receiver->forget;
	is(scalar Scene::answer($session, "BEGIN; $book; ROLLBACK"), '', 'a booking that is taken back');
	is(scalar Scene::answer($session, "BEGIN; SAVEPOINT s; $book; ROLLBACK TO s; COMMIT"), '', 'another, by its savepoint');
	is(scalar Scene::answer($session, "BEGIN; $book; SELECT 1 / 0; COMMIT"), '22012', 'a third, by an error');
	is(sql('SELECT count(*) FROM opencalendly.outbox_events'), $before, 'nothing is queued');
	my ($kept) = (Scene::answer($session, "BEGIN; SAVEPOINT s; ${\ Scene::book('intro', '2026-06-09 11:00+00')}; ROLLBACK TO s; ${\ Scene::book('intro', '2026-06-09 12:00+00', 'booking_id')}; COMMIT"))[0] =~ /(\S+)\s*\z/;
	my @requests = $receiver->wait_for(1);
	is(scalar @requests, 1, 'what is committed beside it is sent');
	like($requests[0]{body}, qr/\Q$kept\E/, 'and nothing else');
	$session->quit;
	Outbox::stop($worker);
	clear();
}

# --- settings ----------------------------------------------------------------------------------------------------------

sub set
{
	my ($name, $value) = @_;

	sql("ALTER SYSTEM SET opencalendly.$name = '$value'");
	sql('SELECT pg_reload_conf()');
	return;
}

{
	my $hanging = Outbox::endpoint($node, $receiver->url('/hang'));
	my $good = Outbox::endpoint($node, $receiver->url('/ok'));
	my $worker = Outbox::worker($node);
	my ($delivery) = Outbox::enqueue($node, $good);

	ok(Outbox::settled($node, $delivery), 'a running worker');
	set(delivery_timeout => '700ms');
	# it has read it when it says so
	ok(Outbox::poll(10, sub {
		($delivery) = Outbox::enqueue($node, $hanging);
		return Outbox::poll(2, sub { Outbox::attempts($node, $delivery, 'elapsed_ms BETWEEN 700 AND 1700') eq 't' });
	}), 'takes another delivery_timeout');
	set(egress_allow => '');
	ok(Outbox::poll(10, sub {
		($delivery) = Outbox::enqueue($node, $good);
		Outbox::attempted($node, 1, $delivery);
		return Outbox::attempts($node, $delivery) eq '1|address||address not allowed';
	}), 'takes another egress_allow, for the connection that is open, too');
	set(egress_allow => '127.0.0.1/32');
	ok(Outbox::poll(10, sub {
		($delivery) = Outbox::enqueue($node, $good);
		Outbox::attempted($node, 1, $delivery);
		return Outbox::attempts($node, $delivery) eq '1|done|204|';
	}), 'and back again');
	is(Outbox::stop($worker), '57014', 'without having been started anew');
	sql('ALTER SYSTEM RESET ALL');
	$node->reload;
	clear();
}

# --- changed under its hands -------------------------------------------------------------------------------------------

# What is done while a request is held, and what is there once it was answered by 200 and by 500.
my $alive = 'SELECT status FROM opencalendly.webhook_deliveries WHERE id = %s';
for my $case (
	[ 'deleted', 'SELECT opencalendly.delete_webhook_subscription(%s)', '', '' ],
	[ 'deactivated', q(SELECT opencalendly.update_webhook_subscription(%s, '{"is_active": false}')), 'succeeded', 'paused' ],
	[ 'given another secret', 'SELECT opencalendly.rotate_webhook_secret(%s)', 'succeeded', 'pending' ],
	[ 'paused', q(UPDATE opencalendly.webhook_subscriptions SET paused_reason = 'by hand' WHERE id = %s), 'succeeded', 'paused' ],
	[ 'given another URL', q(SELECT opencalendly.update_webhook_subscription(%s, '{"url": "https://example.com/"}')), 'succeeded', 'pending' ],
	[ 'emptied of its queue', 'TRUNCATE opencalendly.webhook_deliveries', '', '' ],
	[ 'truncated', 'TRUNCATE opencalendly.webhook_subscriptions CASCADE', '', '' ])
{
	my ($name, $act, @then) = @$case;

	for my $answer (200, 500)
	{
		my $then = shift @then;
		my $endpoint = Outbox::endpoint($node, $receiver->url('/hold'));
		my ($delivery) = Outbox::enqueue($node, $endpoint);
		my $worker = Outbox::worker($node);

		held(1) or die 'no request';
		is(Scene::state_of($node, "SET lock_timeout = '2s'; " . ($act =~ s/%s/'$endpoint'/r)), '', "an endpoint that is $name while a request is under way, then $answer");
		release($answer);
		my ($next) = Outbox::enqueue($node, Outbox::endpoint($node, $receiver->url('/ok')));
		ok(Outbox::settled($node, $next), "$name, $answer: the worker goes on");
		ok(Outbox::poll(5, sub { Outbox::delivery($node, $delivery, 'status') eq $then }), "$name, $answer: the delivery is " . ($then || 'not there'))
		  or diag(Outbox::delivery($node, $delivery));
		is(Outbox::stop($worker), '57014', "$name, $answer: until it is stopped");
		clear();
	}
}

# Whose endpoint is paused is told by mail, unless somebody is changing the user at that moment: for that nobody waits.
for my $case ([ 'renamed', "SET username = 'bob'", 0 ], [ 'left alone', '', 1 ])
{
	my ($name, $change, $mails) = @$case;
	my $endpoint = Outbox::endpoint($node, $receiver->url('/status/410'));
	my $good = Outbox::endpoint($node, $receiver->url('/ok'));
	my ($gone) = Outbox::enqueue($node, $endpoint);
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	sql("ALTER SYSTEM SET opencalendly.mail_transport = 'folder'");
	$node->reload;
	$session->query_safe("BEGIN; UPDATE opencalendly.users $change") if $change;
	my $worker = Outbox::worker($node);
	ok(Outbox::poll(10, sub { sql("SELECT paused_reason FROM opencalendly.webhook_subscriptions WHERE id = '$endpoint'") ne '' }), "its owner is being $name: an endpoint is paused");
	is(sql("SELECT count(*) FROM opencalendly.email_deliveries WHERE kind = 'webhook_paused' AND subject_id = '$endpoint'"), $mails, "its owner is being $name: mails");
	my ($next) = Outbox::enqueue($node, $good);
	ok(Outbox::settled($node, $next), "its owner is being $name: the worker goes on");
	is(Outbox::stop($worker), '57014', "its owner is being $name: until it is stopped");
	$session->query_safe('ROLLBACK') if $change;
	$session->quit;
	sql('ALTER SYSTEM RESET ALL');
	$node->reload;
	sql('DELETE FROM opencalendly.email_deliveries');
	clear();
}

# --- a standby, a copy, an extension that is gone ----------------------------------------------------------------------

{
	my $standby = OpenCalendly::standby('standby', $node);
	my $endpoint = Outbox::endpoint($node, $receiver->url('/ok'));
	my ($delivery) = Outbox::enqueue($node, $endpoint);

	$node->wait_for_catchup($standby);
	my $began = time;
	is(Scene::state_of($standby, 'CALL opencalendly.run_deliveries()'), '', 'on a standby a worker ends without an error');
	cmp_ok(time - $began, '<', 1, 'at once');
	$standby->stop('immediate');

	# a copy of the database with what was due in it
	my $dump = $node->basedir . '/dump.sql';
	sql('CREATE DATABASE copy');
	$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'a dump');
	$node->command_ok([ 'psql', '-Xq', '-1', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('copy') ], 'restored beside it');
	my $said;
	$began = time;
	is($node->psql('copy', 'CALL opencalendly.run_deliveries()', stderr => \$said), 0, 'in a restored copy a worker ends without an error');
	cmp_ok(time - $began, '<', 1, 'at once');
	like($said, qr/WARNING:.*restored copy.*adopt_outbox/s, 'and says why');
	is(scalar $receiver->requests, 0, 'nothing is sent');
	is($node->safe_psql('copy', 'SELECT opencalendly.adopt_outbox()'), 't', 'it is adopted');
	$node->safe_psql('copy', 'CALL opencalendly.run_deliveries(1)');
	is(scalar $receiver->requests, 1, 'then it sends what it has');
	$node->safe_psql('copy', 'DELETE FROM opencalendly.installations');
	sql('CALL opencalendly.run_deliveries(1)');
	is(scalar $receiver->requests, 2, 'the origin has sent its own');
	clear();

	# a worker of the copy, which a drop leaves without its tables
	$node->safe_psql('copy', 'SELECT opencalendly.adopt_outbox()');
	my $held = Outbox::endpoint($node, $receiver->url('/hold'), database => 'copy');
	$node->safe_psql('copy', <<"SQL");
WITH e AS (INSERT INTO opencalendly.outbox_events (id, type, body) VALUES (gen_random_uuid(), 'ping', '{}') RETURNING id)
INSERT INTO opencalendly.webhook_deliveries (subscription_id, event_id) SELECT '$held', id FROM e
SQL
	my $worker = Outbox::worker($node, database => 'copy');
	held(1) or die 'no request';
	is( Scene::state_of($node, "SET lock_timeout = '5s'; SET opencalendly.allow_drop = on; DROP EXTENSION opencalendly", database => 'copy'),
		'', 'the extension is dropped while a worker is at work');
	release(200);
	my $state = Scene::answer($worker->{session});
	is($state, '42P01', 'the worker ends with an error');
	is((Scene::answer($worker->{session}, 'SELECT 1'))[0], '1', 'and its session goes on');
	$worker->{session}->quit;
	unlike(slurp_file($node->logfile), qr/PANIC|TRAP/, 'no server process was lost');
}

# --- without the library in the server ---------------------------------------------------------------------------------

{
	$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
	$node->restart;
	Outbox::endpoint($node, $receiver->url('/ok?bookings'));
	my $worker = Outbox::worker($node);
	my @delays = delays($node, 5, 10);

	is(scalar @delays, 5, 'not preloaded: each booking arrives');
	cmp_ok(max(@delays), '<', 1.3, 'not preloaded: by looking each second');
	is(Outbox::stop($worker), '57014', 'not preloaded: a worker can be stopped, too');
}
is(join("\n", uniq Outbox::failed_turns($node)), 'canceling statement due to lock timeout', 'the only thing that has failed is what somebody had locked');
$node->stop;
$receiver->stop;
done_testing();
