# Promise: a booking is there as a whole or not at all. Whatever ends it in the middle (kill -9 of its server process
# and the recovery after it, termination, cancellation, a timeout, ROLLBACK, ROLLBACK TO SAVEPOINT) leaves every table
# as it was and every lock free, and the same call, under the same idempotency key, then books once.
use strict;
use warnings;
use Ledger;
use OpenCalendly;
use PostgreSQL::Test::Utils;
use Scene;
use Test::More;

my $node = OpenCalendly::node('main', conf => Scene::conf() . "restart_after_crash = on\n");
OpenCalendly::install($node);
Scene::host($node);
Scene::teams($node);
Ledger::install($node);

# A booking that is there before, to be moved and canceled.
my ($cancel_token, $reschedule_token) = split /\|/, $node->safe_psql('postgres',
	Scene::book('intro', '2026-06-02 09:00+00', 'cancel_token, reschedule_token'));
my $before = Scene::contents($node);

my $day = 2;
my $booked = sub { Scene::book('intro', sprintf('2026-06-%02d 12:00+00', $day), 'replayed, booking_id', "idempotency_key => 'crash-test-of-day-$day'") };
my $moved = sub { "SELECT replayed, booking_id FROM opencalendly.reschedule_booking('$reschedule_token', '2026-06-02 15:00+00')" };
my $canceled = sub { "SELECT replayed, booking_id FROM opencalendly.cancel_booking('$cancel_token')" };

# Starts $sql in a session of its own and returns when it waits for $table, which another session has locked against
# writers. With $checkpoint, what it has written until then is on disk.
sub stop_at
{
	my ($table, $sql, %options) = @_;
	my $blocker = Scene::session($node);
	my $victim = Scene::session($node);
	my $pid = $victim->query_safe('SELECT pg_backend_pid()');

	Scene::answer($blocker, "BEGIN; LOCK TABLE opencalendly.$table IN SHARE MODE");
	Scene::answer($victim, $options{before}) if defined $options{before};
	Scene::start($victim, $sql);
	$node->poll_query_until('postgres', <<"SQL") or die "the victim did not come to $table";
SELECT count(*) > 0 FROM pg_locks WHERE pid = $pid AND NOT granted AND relation = 'opencalendly.$table'::regclass
SQL
	$node->safe_psql('postgres', 'CHECKPOINT') if $options{checkpoint};
	return ($blocker, $victim, $pid);
}

sub has_written
{
	my ($pid) = @_;
	return $node->safe_psql('postgres', "SELECT backend_xid IS NOT NULL FROM pg_stat_activity WHERE pid = $pid");
}

# Nothing is different and no lock is left.
sub is_untouched
{
	my ($name) = @_;
	is(Scene::contents($node), $before, "$name: every table is as before");
	$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory'")
	  or fail("$name: no lock is left");
}

# The same call works at once, and works once; then everything is as before again.
sub works_once
{
	my ($name, $sql) = @_;
	my $limit = "SET lock_timeout = '20s';";
	my ($first, $id) = split /\|/, $node->safe_psql('postgres', "$limit $sql");
	my $again = $node->safe_psql('postgres', "$limit $sql");

	is($first, 'f', "$name: the same call works afterwards");
	is($again, "t|$id", "$name: and once more is answered with the same booking");
	return $id;
}

# The test goes on with the bookings that are there now.
sub remember
{
	$before = Scene::contents($node);
	$day++;
}

sub kill_9
{
	my ($name, $table, $sql, %options) = @_;
	my ($blocker, $victim, $pid) = stop_at($table, $sql, %options);

	is(has_written($pid), 't', "$name: it had written before it was killed") if $options{has_written};
	system_log('pg_ctl', 'kill', 'KILL', $pid);
	Scene::last_words($_) for $victim, $blocker;
	$node->wait_for_log(qr/\Q(PID $pid) was terminated by signal 9\E/);
	$node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'the server did not come back';
	is_untouched($name);
}

# Each table that book_slot writes, in turn, is where it is killed.
for my $table ('occurrences', 'claims', 'bookings', 'idempotency_keys')
{
	my $name = "kill -9 of a booking at $table";
	kill_9($name, $table, $booked->(),
		checkpoint  => $table eq 'bookings',
		has_written => $table eq 'bookings' || $table eq 'idempotency_keys');
	works_once($name, $booked->());
	remember();
}
kill_9('kill -9 of a hold', 'holds',
	"SELECT * FROM opencalendly.hold_slot(${\ Scene::event_type('intro')}, '2026-06-02 13:00+00')");
is( $node->safe_psql('postgres', 'SELECT count(*) FROM opencalendly.claims'),
	$node->safe_psql('postgres', "SELECT count(*) FROM opencalendly.bookings WHERE status = 'confirmed'"),
	'after five crashes: a claim for each booking');

# What ends a call more gently.
my %ends = (
	'pg_terminate_backend' => { state => '57P01', by => 'SELECT pg_terminate_backend(%d)' },
	'pg_cancel_backend'    => { state => '57014', by => 'SELECT pg_cancel_backend(%d)' },
	'statement_timeout'    => { state => '57014', before => "SET statement_timeout = '1s'" },
	'lock_timeout'         => { state => '55P03', before => "SET lock_timeout = '1s'" });

for my $end (sort keys %ends)
{
	my ($state, $by, $prelude) = @{ $ends{$end} }{qw(state by before)};
	my ($blocker, $victim, $pid) = stop_at('bookings', $booked->(), before => $prelude);

	$node->safe_psql('postgres', sprintf($by, $pid)) if defined $by;
	if ($end eq 'pg_terminate_backend')
	{
		is(Scene::last_words($victim), $state, "$end ends a booking with $state");
		$victim = undef;
	}
	else
	{
		is(scalar Scene::answer($victim), $state, "$end ends a booking with $state");
	}
	is(scalar Scene::answer($blocker, 'COMMIT'), '', "$end: the other session goes on");
	is_untouched($end);
	if (defined $victim)
	{
		is(scalar Scene::answer($victim, 'RESET ALL;' . Scene::book('long', '2026-06-29 12:00+00', 'status')), '',
			"$end: its session goes on and books");
		$node->safe_psql('postgres', "SELECT opencalendly.organizer_cancel_booking(id) FROM opencalendly.bookings WHERE starts_at = '2026-06-29 12:00+00' AND status = 'confirmed'");
		$victim->quit;
	}
	$blocker->quit;
	works_once($end, $booked->());
	remember();
}

# The other verbs, killed between the old and the new.
kill_9('kill -9 of a move', 'bookings', $moved->(), checkpoint => 1);
my $moved_to = works_once('kill -9 of a move', $moved->());
is($node->safe_psql('postgres', <<"SQL"), 'rescheduled|confirmed|1|t', 'the move: one old row, one new row, one claim at the new time');
SELECT old.status, new.status, count(c.id), bool_and(lower(c.during) = '2026-06-02 15:00+00')
	FROM opencalendly.bookings AS new
		JOIN opencalendly.bookings AS old ON old.id = new.rescheduled_from
		LEFT JOIN opencalendly.claims AS c ON c.occurrence_id IN (old.occurrence_id, new.occurrence_id)
	WHERE new.id = '$moved_to' GROUP BY old.id, new.id
SQL
($cancel_token) = $node->safe_psql('postgres',
	Scene::book('intro', '2026-06-02 16:00+00', 'cancel_token'));
remember();
kill_9('kill -9 of a cancellation', 'bookings', $canceled->());
works_once('kill -9 of a cancellation', $canceled->());
remember();

# A team's booking at each table that it writes besides: claims, assignments, credits, cursor and ledger are there as a
# whole or not at all.
my $team_booked = sub {
	Scene::book($_[0], sprintf('2026-06-%02d 14:00+00', $day), 'replayed, booking_id', "idempotency_key => 'crash-of-$_[0]-of-day-$day'");
};
for ([ 'panel', 'claims' ], [ 'panel', 'team_booking_assignments' ], [ 'weight', 'team_booking_assignments' ],
	[ 'weight', 'team_event_types' ], [ 'weight', 'team_credits' ], [ 'weight', 'team_ledger' ])
{
	my ($slug, $table) = @$_;
	my $name = "kill -9 of a booking of $slug at $table";

	kill_9($name, $table, $team_booked->($slug), checkpoint => $table eq 'team_ledger', has_written => $table ne 'claims');
	works_once($name, $team_booked->($slug));
	remember();
}
my ($team_booking, $team_token, $team_host) = split /\|/, $node->safe_psql('postgres',
	Scene::book('weight', '2026-06-02 09:00+00', 'booking_id, reschedule_token, organizer_id'));
# its host is busy where it moves to: another one is picked, and the first pick is returned
$node->safe_psql('postgres', "INSERT INTO opencalendly.claims (host_id, during) VALUES ('$team_host', '[2026-06-02 11:00+00,2026-06-02 11:30+00)')");
remember();
for my $verb ("reschedule_booking('$team_token', '2026-06-02 11:00+00')",
	'organizer_cancel_booking((SELECT id FROM opencalendly.bookings WHERE rescheduled_from = \'' . $team_booking . '\'))')
{
	my ($name) = $verb =~ /(\w+)/;
	my $sql = "SELECT replayed, booking_id FROM opencalendly.$verb";

	kill_9("kill -9 of $name at team_ledger", 'team_ledger', $sql, has_written => 1);
	works_once("kill -9 of $name at team_ledger", $sql);
	remember();
}
is(Ledger::faults($node), '', 'after eight crashes: bookings, claims, assignments and ledger of teams agree');

# A caller's own transaction: what it takes back was never there, at every isolation level.
for my $level ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
{
	my $verbs = <<"SQL";
${\ Scene::book('intro', '2026-06-20 10:00+00', 'cancel_token', "idempotency_key => 'a-key-for-rollback'")} \\gset
${\ Scene::book('intro', '2026-06-20 12:00+00', 'reschedule_token')} \\gset
SELECT * FROM opencalendly.hold_slot(${\ Scene::event_type('intro')}, '2026-06-20 11:00+00');
SELECT * FROM opencalendly.reschedule_booking(:'reschedule_token', '2026-06-20 14:00+00');
SELECT * FROM opencalendly.cancel_booking(:'cancel_token');
${\ Scene::book('class', '2026-06-20 15:00+00')};
${\ Scene::book('class', '2026-06-20 15:00+00')};
${\ Scene::book('turn', '2026-06-20 16:00+00')};
${\ Scene::book('weight', '2026-06-20 16:00+00', 'cancel_token')} \\gset
${\ Scene::book('panel', '2026-06-21 16:00+00')};
SELECT * FROM opencalendly.cancel_booking(:'cancel_token');
SQL

	is(Scene::state_of($node, "BEGIN ISOLATION LEVEL $level;\n$verbs ROLLBACK;"), '', "ROLLBACK at $level");
	is_untouched("ROLLBACK at $level");

	my $caller = Scene::session($node);
	my $other = Scene::session($node);
	my $same = Scene::book('intro', '2026-06-20 10:00+00', 'status');
	is(scalar Scene::answer($caller, "BEGIN ISOLATION LEVEL $level;\nSAVEPOINT before;\n$verbs ROLLBACK TO SAVEPOINT before"),
		'', "ROLLBACK TO SAVEPOINT at $level");
	is(scalar Scene::answer($other, "SET lock_timeout = '20s'; BEGIN; $same; ROLLBACK"), '',
		"at $level the slot is free for others as soon as the savepoint is back");
	is((Scene::answer($caller, $same))[0], 'confirmed', "at $level the caller can book it again in the same transaction");
	is(scalar Scene::answer($caller, 'ROLLBACK'), '', "at $level the rest is taken back");
	is_untouched("ROLLBACK TO SAVEPOINT at $level");
	$_->quit for $caller, $other;
}

# A prepared transaction is one that may still be committed: the slot waits for it, over a crash too.
is(Scene::state_of($node, "BEGIN; ${\ $booked->()}; PREPARE TRANSACTION 'booking'"), '', 'a booking can be prepared');
$node->stop('immediate');
$node->start;
is(Scene::state_of($node, "SET lock_timeout = '100ms'; ${\ $booked->()}"), '55P03', 'others wait for the prepared booking');
is(Scene::contents($node), $before, 'nobody sees it');
$node->safe_psql('postgres', "COMMIT PREPARED 'booking'");
is((split /\|/, $node->safe_psql('postgres', $booked->()))[0], 't', 'committed, it is the first answer');
remember();
is(Scene::state_of($node, "BEGIN; ${\ $booked->()}; PREPARE TRANSACTION 'booking'"), '', 'another is prepared');
$node->safe_psql('postgres', "ROLLBACK PREPARED 'booking'");
is_untouched('ROLLBACK PREPARED');
works_once('ROLLBACK PREPARED', $booked->());
remember();

# So does a team's start, whoever else of the team is free: the next host depends on whether it is committed.
my ($last) = $node->safe_psql('postgres', Scene::book('turn', '2026-06-21 09:00+00', 'organizer_id'));
is(Scene::state_of($node, 'BEGIN; ' . Scene::book('turn', '2026-06-21 10:00+00') . "; PREPARE TRANSACTION 'turn'"), '',
	'a team\'s booking is prepared');
$node->stop('immediate');
$node->start;
is(Scene::state_of($node, "SET lock_timeout = '100ms'; " . Scene::book('turn', '2026-06-21 10:00+00')), '55P03',
	'others wait for it');
$node->safe_psql('postgres', "ROLLBACK PREPARED 'turn'");
is(Ledger::faults($node), '', 'taken back, it has left nothing');
my ($next) = $node->safe_psql('postgres', Scene::book('turn', '2026-06-21 10:00+00', 'organizer_id'));
is($node->safe_psql('postgres', <<"SQL"), '1', 'and the next host is the next one');
SELECT b.position - a.position FROM opencalendly.team_members AS a JOIN opencalendly.team_members AS b USING (team_id)
	JOIN opencalendly.teams AS t ON t.id = team_id WHERE t.slug = 'crew' AND a.user_id = '$last' AND b.user_id = '$next'
SQL

$node->stop;
done_testing();
