# Promise: a team is booked by many at once without a deadlock. 64 bookers of one start of a round robin get as many
# bookings as hosts are free, each with another host; 64 bookers of 64 starts share the hosts evenly, by each rule.
# After a storm of bookings, holds, moves, cancellations, no-shows and comings and goings of members, on several teams
# that share members, at all isolation levels, every team's booking has its claims and assignments and nothing else
# has, and the ledger gives cursor, credits and last picks. A server that crashes in the middle of it leaves whole bookings.
use strict;
use warnings;
use Ledger;
use OpenCalendly;
use PostgreSQL::Test::Utils;
use Scene;
use Test::More;

my $gate = 4242;    # advisory lock that holds the clients back until all of them wait for it

my $node = OpenCalendly::node('main', conf => Scene::conf() . "log_statement = none\nrestart_after_crash = on\n");
OpenCalendly::install($node);
Scene::host($node);
Scene::teams($node);
Ledger::install($node);
my $gatekeeper = Scene::session($node);

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE answers (round text, client integer, state text, start timestamptz, host_ids uuid[]);

-- Books, and notes what came of it. Whoever is told to try again (40001) is, by pgbench.
CREATE FUNCTION attempt(round text, client integer, slug text, start timestamptz) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	hosts uuid[];
BEGIN
	SELECT b.host_ids INTO hosts FROM opencalendly.event_types AS e,
		opencalendly.book_slot(e.id, start, 'Ann', 'ann@example.com') AS b WHERE e.slug = attempt.slug;
	INSERT INTO answers VALUES (round, client, 'booked', start, hosts);
EXCEPTION WHEN OTHERS THEN
	IF SQLSTATE = '40001' THEN
		RAISE;
	END IF;
	INSERT INTO answers VALUES (round, client, SQLSTATE, start, NULL);
END
$$;

-- How often each host was the last of the hosts, and so the one picked.
CREATE FUNCTION picks_of(given_round text) RETURNS TABLE (name text, picks bigint) LANGUAGE sql AS $$
	SELECT u.username, count(*) FROM answers AS a JOIN opencalendly.users AS u ON u.id = a.host_ids[cardinality(a.host_ids)]
	WHERE a.round = given_round AND a.state = 'booked' GROUP BY 1
$$;
SQL

# Deadlocks since the server started, by its statistics and by its log.
sub deadlocks
{
	my $counted = $node->safe_psql('postgres', 'SELECT sum(deadlocks) FROM pg_stat_database');
	my $logged = () = slurp_file($node->logfile) =~ /deadlock detected/g;
	return $counted + $logged;
}

# Starts pgbench with a script at an isolation level.
sub start_clients
{
	my ($name, $script, $level, @options) = @_;
	my $file = $node->basedir . "/$name.sql";
	my %run = (out => '');

	unlink $file;
	append_to_file($file, $script);
	$level =~ s/ /\\ /;
	local $ENV{PGOPTIONS} = "-c client_min_messages=warning -c default_transaction_isolation=$level";
	$run{handle} = IPC::Run::start([ 'pgbench', '-n', @options, '-f', $file, $node->connstr('postgres') ], '<', \undef, '>&', \$run{out});
	return \%run;
}

sub finish_clients
{
	my ($run) = @_;

	$run->{handle}->finish;
	return $run->{out};
}

# 64 clients that book once, all released at the same moment. $slug, $start: SQL of the client's number.
sub at_once
{
	my ($round, $slug, $start, $level) = @_;

	$gatekeeper->query_safe("SELECT pg_advisory_lock($gate)");
	my $run = start_clients('at_once', <<"SQL", $level, '-c', 64, '-j', 2, '-t', 1, '--max-tries=1000');
SELECT pg_advisory_lock_shared($gate), pg_advisory_unlock_shared($gate);
SELECT attempt('$round', :client_id, $slug, $start);
SQL
	$node->poll_query_until('postgres',
		"SELECT count(*) = 64 FROM pg_locks WHERE locktype = 'advisory' AND objid = $gate AND NOT granted")
	  or die 'the clients did not come to the gate';
	$gatekeeper->query_safe("SELECT pg_advisory_unlock($gate)");
	finish_clients($run);
}

# k free hosts, 64 bookers: k bookings, k hosts. One more host is taken by a booking of its own at each start.
sub one_slot
{
	my $day = 1;

	for ([ 'turn', 'read committed' ], [ 'recent', 'read committed' ], [ 'weight', 'read committed' ],
		[ 'turn', 'repeatable read' ], [ 'turn', 'serializable' ])
	{
		my ($slug, $level) = @$_;
		my ($start, $busy) = (sprintf('2026-06-%02d 10:00+00', ++$day), sprintf('2026-06-%02d 09:45+00', $day));
		my $round = "$slug at $level";

		is($node->safe_psql('postgres', Scene::book('with-cleo', $busy)), 'confirmed', "$round: cleo is busy");
		at_once($round, "'$slug'", "'$start'", $level);
		is($node->safe_psql('postgres', "SELECT state, count(*) FROM answers WHERE round = '$round' GROUP BY 1 ORDER BY 1"),
			"OC001|60\nbooked|4", "$round: 64 want one start, 4 have it, the others are told OC001");
		is($node->safe_psql('postgres', "SELECT string_agg(name || ' ' || picks, ', ' ORDER BY name) FROM picks_of('$round')"),
			'ada 1, ben 1, dan 1, eve 1', "$round: each of the free hosts once");
	}
	at_once('back', "'turn-back'", "'2026-06-10 10:00+00'", 'read committed');
	is($node->safe_psql('postgres', "SELECT string_agg(name || ' ' || picks, ', ' ORDER BY name) FROM picks_of('back')"),
		'ben 1, cleo 1, dan 1, eve 1', 'another team has its own four');
	is(Ledger::faults($node), '', 'one slot: bookings, claims, assignments and ledger agree');
}

# 64 bookers, 64 starts, all hosts free at each: the counts differ by one at most, or from the exact share by one.
sub many_slots
{
	my $start = "timestamptz '2026-07-01 09:00+00' + :client_id / 16 * interval '1 day' + :client_id % 16 * interval '30 min'";
	my %days = (turn => 0, recent => 7, weight => 14, duo => 21);

	for my $slug ('turn', 'recent', 'weight', 'duo')
	{
		my $entries = $node->safe_psql('postgres',
			"SELECT last_entry FROM opencalendly.team_event_types WHERE event_type_id = ${\ Scene::event_type($slug)}");
		at_once("even $slug", "'$slug'", "$start + interval '$days{$slug} days'", 'read committed');
		is($node->safe_psql('postgres', "SELECT count(*) FROM answers WHERE round = 'even $slug' AND state = 'booked'"),
			64, "$slug: 64 have a start each");
		next if $slug eq 'weight' || $slug eq 'duo';
		is($node->safe_psql('postgres', "SELECT count(*) || ' ' || max(picks) - min(picks) FROM picks_of('even $slug')"),
			'5 1', "$slug: the hosts' counts differ by one");
	}
	note $node->safe_psql('postgres', "SELECT round, name, picks FROM answers, picks_of(round) WHERE round LIKE 'even %' GROUP BY 1, 2, 3 ORDER BY 1, 2");
	# ada 100, ben 50, cleo 100, dan 200, eve 100 (not in the pool of "duo", whose first picks these are); "weight" has
	# picked four before, when cleo was busy.
	is($node->safe_psql('postgres', <<'SQL'), '', 'duo: each count is within one of 64 times the weight over 450');
SELECT name, picks FROM picks_of('even duo') WHERE abs(picks - 64 * (CASE name WHEN 'ben' THEN 50 WHEN 'dan' THEN 200 ELSE 100 END) / 450.0) >= 1
SQL
	is(Ledger::faults($node), '', 'many slots: bookings, claims, assignments and ledger agree');
}

# At each start one wants somebody of the team, and four want one member each, but nobody wants ada: the team's booking is
# made, whoever else is faster, with a host whom nobody else has then.
sub beside_solo_bookings
{
	for my $round (1 .. 3)
	{
		my $start = "timestamptz '2026-06-2$round 09:00+00' + :client_id / 5 * interval '30 min'";

		at_once("beside $round", "(ARRAY['turn', 'with-ben', 'with-cleo', 'with-dan', 'with-eve'])[:client_id % 5 + 1]", $start,
			'read committed');
		is($node->safe_psql('postgres', "SELECT count(*) FROM answers WHERE round = 'beside $round' AND client % 5 = 0 AND state = 'booked'"),
			13, 'whoever wants somebody of the team is served beside bookings of the members');
		is($node->safe_psql('postgres', <<"SQL"), '', 'and each host is booked once at a time, and wherever somebody asks');
SELECT a.start, a.state, a.client FROM answers AS a WHERE a.round = 'beside $round' AND a.client % 5 > 0 AND a.state <> 'booked'
	AND NOT (a.state = 'OC001' AND EXISTS (SELECT FROM answers AS t JOIN opencalendly.users AS u ON u.id = t.host_ids[1]
		WHERE t.round = a.round AND t.start = a.start AND t.client % 5 = 0
			AND u.username = (ARRAY['ben', 'cleo', 'dan', 'eve'])[a.client % 5]))
SQL
	}
	is(Ledger::faults($node), '', 'beside solo bookings: bookings, claims, assignments and ledger agree');
}

# What one client of the storm does: something with an event type and a start, as often as not with what it has booked.
sub make_storm
{
	$node->safe_psql('postgres', <<'SQL');
CREATE TABLE refusals (level text, verb text, state text);

CREATE FUNCTION act(kind int, slug text, start timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	verb text := CASE WHEN kind < 42 THEN 'book' WHEN kind < 52 THEN 'book held' WHEN kind < 56 THEN 'hold' WHEN kind < 60 THEN 'book twice'
		WHEN kind < 74 THEN 'move' WHEN kind < 78 THEN 'host moves' WHEN kind < 92 THEN 'cancel' WHEN kind < 95 THEN 'change member'
		WHEN kind < 98 THEN 'leave and return' WHEN kind < 99 THEN 'change rule' ELSE 'change seats' END;
	event uuid := (SELECT id FROM opencalendly.event_types AS e WHERE e.slug = act.slug);
	crew uuid := (SELECT id FROM opencalendly.teams AS t WHERE t.slug = 'crew');
	member uuid := (SELECT id FROM opencalendly.users WHERE username IN ('ben', 'cleo', 'dan') ORDER BY random() LIMIT 1);
	key text := CASE verb WHEN 'book twice' THEN pg_backend_pid() || ' at ' || clock_timestamp() END;
	mine record;
	hold text;
	answer record;
BEGIN
	CREATE TEMP TABLE IF NOT EXISTS mine (id uuid, cancel text, move text);
	DELETE FROM pg_temp.mine WHERE verb IN ('cancel', 'move', 'host moves')
		AND id = (SELECT id FROM pg_temp.mine ORDER BY random() LIMIT 1) RETURNING * INTO mine;
	IF verb IN ('cancel', 'move', 'host moves') AND mine.id IS NULL THEN
		RETURN;
	ELSIF verb = 'cancel' THEN
		PERFORM opencalendly.cancel_booking(mine.cancel);
		RETURN;
	ELSIF verb = 'change member' THEN
		PERFORM opencalendly.update_team_member(crew, member,
			jsonb_build_object('weight', (ARRAY[50, 100, 200])[1 + kind % 3], 'priority', 2 + floor(random() * 1.2)::int));
		RETURN;
	ELSIF verb = 'leave and return' THEN
		SELECT id INTO member FROM opencalendly.users WHERE username = 'dan';
		PERFORM opencalendly.leave_team(crew, member);
		PERFORM opencalendly.invite_team_member(crew, member);
		PERFORM opencalendly.accept_team_invitation(crew, member);
		RETURN;
	ELSIF verb = 'change rule' THEN
		PERFORM opencalendly.update_team_event_type(e.id, jsonb_build_object('assignment',
				(ARRAY['cursor', 'least_recent', 'weighted'])[1 + floor(random() * 3)]))
			FROM opencalendly.event_types AS e WHERE e.slug = 'duo';
		RETURN;
	ELSIF verb = 'change seats' THEN
		PERFORM opencalendly.update_event_type(e.id, jsonb_build_object('seats', 2 + floor(random() * 2)::int))
			FROM opencalendly.event_types AS e WHERE e.slug = 'lab';
		RETURN;
	ELSIF verb = 'move' THEN
		SELECT r.* INTO answer FROM opencalendly.reschedule_booking(mine.move, start) AS r;
	ELSIF verb = 'host moves' THEN
		SELECT r.* INTO answer FROM opencalendly.organizer_reschedule_booking(mine.id, start + interval '5 minutes') AS r;
	ELSE
		IF verb IN ('hold', 'book held') THEN
			SELECT h.hold_token INTO hold FROM opencalendly.hold_slot(event, start) AS h;
		END IF;
		IF verb = 'hold' THEN
			PERFORM opencalendly.release_hold(hold);
			RETURN;
		END IF;
		FOR i IN 1 .. CASE verb WHEN 'book twice' THEN 2 ELSE 1 END LOOP
			SELECT b.* INTO answer FROM opencalendly.book_slot(event, start, 'Ann', 'ann@example.com',
				idempotency_key => key, hold_token => hold) AS b;
		END LOOP;
	END IF;
	INSERT INTO pg_temp.mine VALUES (answer.booking_id, answer.cancel_token, answer.reschedule_token);
EXCEPTION WHEN OTHERS THEN
	IF SQLSTATE = '40001' THEN
		RAISE;
	END IF;
	INSERT INTO refusals VALUES (current_setting('transaction_isolation'), verb, SQLSTATE);
END
$$;

-- Once a meeting is under way: its invitee does not come, the host cancels or moves it.
CREATE FUNCTION act_today(kind int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	verb text := CASE WHEN kind < 50 THEN 'no-show' WHEN kind < 75 THEN 'host cancels' ELSE 'host moves' END;
	booking opencalendly.bookings;
BEGIN
	SELECT b.* INTO booking FROM opencalendly.bookings AS b WHERE b.status = 'confirmed' AND b.starts_at < '2026-06-11'
		ORDER BY random() LIMIT 1;
	PERFORM set_config('opencalendly.clock', (booking.starts_at + interval '10 min')::text, true);
	IF verb = 'no-show' THEN
		PERFORM opencalendly.mark_no_show(booking.id);
	ELSIF verb = 'host cancels' THEN
		PERFORM opencalendly.organizer_cancel_booking(booking.id);
	ELSE
		PERFORM opencalendly.organizer_reschedule_booking(booking.id, timestamptz '2026-06-11 09:00+00' + floor(random() * 96) * interval '5 min');
	END IF;
EXCEPTION WHEN OTHERS THEN
	IF SQLSTATE = '40001' THEN
		RAISE;
	END IF;
	INSERT INTO refusals VALUES (current_setting('transaction_isolation'), verb, SQLSTATE);
END
$$;
SQL
	return;
}

# The script of a storm, on the two days from a date.
sub storm_on
{
	my ($date) = @_;

	return <<"SQL";
\\set kind random(0, 99)
\\set minutes random(0, 63) * 15
\\set event random(1, 12)
SELECT act(:kind, (ARRAY['turn', 'turn-back', 'panel', 'panel-back', 'recent', 'weight', 'duo', 'lab', 'lab', 'intro', 'with-ben',
		'with-cleo'])[:event],
	timestamptz '$date 09:00+00' + (CASE WHEN :minutes < 480 THEN :minutes ELSE :minutes + 960 END) * interval '1 minute');
SQL
}

sub storm
{
	my @runs = map { start_clients("storm at $_->[0]", storm_on('2026-06-09'), $_->[0], '-c', $_->[1], '-j', 1, '-T', 5, '--max-tries=50') }
	  ([ 'read committed', 32 ], [ 'repeatable read', 16 ], [ 'serializable', 16 ]);
	for my $out (map { finish_clients($_) } @runs)
	{
		my ($done) = $out =~ /transactions actually processed: (\d+)/;
		ok($out !~ /aborted/ && ($done // 0) > 50, 'a storm of clients goes through') or diag $out;
		note $out;
	}
	is($node->safe_psql('postgres', <<'SQL'), '', 'no error but OC001, and OC005 for a member who is gone already');
SELECT level, verb, state, count(*) FROM refusals
	WHERE NOT (state = 'OC001' OR state IN ('OC005', 'OC013') AND verb IN ('leave and return', 'change member'))
	GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
SQL
	note $node->safe_psql('postgres', 'SELECT verb, state, count(*) FROM refusals GROUP BY 1, 2 ORDER BY 1, 2');
	note $node->safe_psql('postgres', <<'SQL');
SELECT e.slug, b.status, count(*) FROM opencalendly.bookings AS b JOIN opencalendly.event_types AS e ON e.id = b.event_type_id
	WHERE b.starts_at BETWEEN '2026-06-09' AND '2026-06-11' GROUP BY 1, 2 ORDER BY 1, 2
SQL
	is(Ledger::faults($node), '', 'the storm: bookings, claims, assignments and ledger agree');
}

sub day_of_no_shows
{
	my @runs;

	$node->safe_psql('postgres', 'TRUNCATE refusals');
	@runs = map { start_clients("day at $_", "\\set kind random(0, 99)\nSELECT act_today(:kind);\n", $_, '-c', 6, '-j', 1, '-t', 10, '--max-tries=50') }
	  ('read committed', 'repeatable read', 'serializable');
	finish_clients($_) for @runs;
	is($node->safe_psql('postgres', <<'SQL'), '', 'no error but OC001, and OC005 for what somebody else has moved or canceled');
SELECT level, verb, state, count(*) FROM refusals WHERE state NOT IN ('OC001', 'OC005') GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
SQL
	note $node->safe_psql('postgres', 'SELECT kind, reason, count(*) FROM opencalendly.team_ledger GROUP BY 1, 2 ORDER BY 1, 2');
	is(Ledger::faults($node), '', 'no-shows: bookings, claims, assignments and ledger agree');
}

# In the middle of a storm the server stops at once, as in a power cut; then one of its processes is killed.
sub crashes
{
	my %crash = (
		'a stop'           => sub { $node->stop('immediate') },
		'a killed process' => sub {
			my $pid = $node->safe_psql('postgres',
				"SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT act(%' ORDER BY backend_xid IS NULL, random() LIMIT 1");
			like($pid, qr/^[1-9]/, 'a process is at work') or return;
			system_log('pg_ctl', 'kill', 'KILL', $pid);
		});

	for my $name (sort keys %crash)
	{
		my $entries = 'SELECT count(*) FROM opencalendly.team_ledger';
		my $before = $node->safe_psql('postgres', $entries);
		my $run = start_clients('crash', storm_on('2026-06-16'), 'read committed', '-c', 16, '-j', 1, '-T', 60);

		$node->poll_query_until('postgres', "SELECT ($entries) > $before + 50") or die 'the storm does not begin';
		$crash{$name}->();
		like(finish_clients($run), qr/aborted/, "$name ends the clients");
		$node->start if $name eq 'a stop';
		$node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'the server did not come back';
		is(Ledger::faults($node), '', "after $name in the middle: bookings, claims, assignments and ledger agree");
		cmp_ok($node->safe_psql('postgres', $entries), '>', $before, "after $name: what was committed is there");
	}
}

my $deadlocks_before = deadlocks();
one_slot();
many_slots();
beside_solo_bookings();
make_storm();
storm();
day_of_no_shows();
is(deadlocks(), $deadlocks_before, 'not one deadlock in all of this');
eval { $gatekeeper->quit };
crashes();

$node->stop;
done_testing();
