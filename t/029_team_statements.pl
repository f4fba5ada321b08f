# Promise: what a team costs in statements does not grow with it. Slots of 50 hosts are computed with the same
# statements, each of them once, as those of 2: one for each kind of data. A round robin's booking, hold, move and
# cancellation run the same statements as often in a team of 50 as in one of 2, the checks of foreign keys included (a
# member's first credits cost two more of these).
use strict;
use warnings;
use OpenCalendly;
use PostgreSQL::Test::Utils;
use Scene;
use Test::More;

my $node = OpenCalendly::node('main',
	conf => Scene::conf() . "shared_preload_libraries = 'pg_stat_statements'\npg_stat_statements.track = all\npg_stat_statements.max = 5000\nautovacuum = off\n");
OpenCalendly::install($node);
$node->safe_psql('postgres', 'CREATE EXTENSION pg_stat_statements');

# Teams of 2 and of 50 with a round robin of each rule, a collective, and one with a fixed host; every host has claims,
# busy windows, overrides and a named schedule.
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION make_team(hosts integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	name text := 'team-of-' || hosts;
	ids uuid[];
	team uuid;
	rule text;
BEGIN
	FOR i IN 1 .. hosts LOOP
		ids := ids || opencalendly.create_user(name || '-' || i, name || '-' || i || '@example.com',
			timezone => (ARRAY['Europe/Berlin', 'Asia/Kolkata', 'America/New_York'])[1 + i % 3]);
		PERFORM opencalendly.set_availability_rules(ids[i], jsonb_agg(jsonb_build_object(
			'dayOfWeek', day, 'startMinute', 0, 'endMinute', 1440))) FROM generate_series(0, 6) AS day;
		PERFORM opencalendly.set_availability_overrides(ids[i],
			'[{"startAt": "2026-06-05T10:00:00Z", "endAt": "2026-06-05T12:00:00Z", "isAvailable": false}]');
		PERFORM opencalendly.create_event_type(ids[i], 'Alone', 'alone', 30);
		INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at)
			SELECT ids[i], d.day + interval '13 hours', d.day + interval '14 hours'
			FROM generate_series(timestamptz '2026-06-01', '2026-06-30', '1 day') AS d (day);
		PERFORM opencalendly.book_slot(e.id, '2026-06-04 15:00+00', 'Ann', 'ann@example.com')
			FROM opencalendly.event_types AS e WHERE e.user_id = ids[i];
	END LOOP;
	team := opencalendly.create_team(ids[1], name, name);
	FOR i IN 2 .. hosts LOOP
		PERFORM opencalendly.invite_team_member(team, ids[i]);
		PERFORM opencalendly.accept_team_invitation(team, ids[i]);
	END LOOP;
	FOREACH rule IN ARRAY ARRAY['cursor', 'least_recent', 'weighted'] LOOP
		PERFORM opencalendly.create_team_event_type(team, rule, replace(rule, '_', '-') || '-of-' || hosts, 30, 'round_robin', assignment => rule);
	END LOOP;
	PERFORM opencalendly.create_team_event_type(team, 'Fixed', 'fixed-of-' || hosts, 30, 'round_robin', fixed_member_ids => ids[1:1]);
	PERFORM opencalendly.create_team_event_type(team, 'Seats', 'seats-of-' || hosts, 30, 'round_robin', seats => 3, daily_booking_limit => 100);
	PERFORM opencalendly.create_team_event_type(team, 'All', 'collective-of-' || hosts, 30, 'collective');
END
$$;
SELECT make_team(2), make_team(50);

-- Everybody has been picked before.
INSERT INTO opencalendly.team_credits (event_type_id, user_id)
	SELECT t.event_type_id, m.user_id FROM opencalendly.team_event_types AS t JOIN opencalendly.team_members AS m USING (team_id)
	WHERE t.mode = 'round_robin';
SQL

# All statements inside a call (or several), as "calls statement" lines without the outer ones; in a session where each
# call has been made before, so that what is done once a session does not count.
sub statements
{
	my ($name, $warm_up, $call) = @_;

	return $node->safe_psql('postgres', <<"SQL");
\\o /dev/null
$warm_up;
SELECT pg_stat_statements_reset();
$call;
\\o
SELECT calls, regexp_replace(query, '\\s+', ' ', 'g') FROM pg_stat_statements
	WHERE NOT toplevel AND query LIKE '%opencalendly%' AND query NOT LIKE '%create_user%' ORDER BY query COLLATE "C", calls;
SQL
}

sub calls_in
{
	my ($lines) = @_;
	my $sum = 0;

	$sum += (split /\|/, $_)[0] for split /\n/, $lines;
	return $sum;
}

# The same in the teams of 2 and of 50; $sql of the team's size.
sub same_statements
{
	my ($name, $warm_up, $sql) = @_;
	my ($two, $fifty) = map { statements($name, $warm_up->($_), $sql->($_)) } 2, 50;

	cmp_ok(calls_in($two), '>', 3, "$name: ${\ calls_in($two)} statements are counted");
	is($fifty, $two, "$name: the same statements in a team of 50 as in one of 2");
	return $two;
}

sub slots
{
	my ($slug) = @_;
	return "SELECT count(*) FROM opencalendly.compute_slots(${\ Scene::event_type($slug)}, '2026-06-02', '2026-07-02', all_hosts => true)";
}

for my $slug ('cursor', 'weighted', 'fixed', 'seats', 'collective')
{
	my $lines = same_statements("slots, $slug", sub { slots("$slug-of-$_[0]") }, sub { slots("$slug-of-$_[0]") });

	is(join("\n", grep { !/^1\|/ } split /\n/, $lines), '', "slots, $slug: each statement once");
	note $lines if $slug eq 'seats';
	for my $table ('team_members', 'availability_rules', 'availability_overrides', 'claims', 'calendar_busy_windows')
	{
		my @reading = grep { /FROM [^()]*opencalendly\.$table\b|JOIN opencalendly\.$table\b/ } split /\n/, $lines;
		is(scalar(@reading), 1, "slots, $slug: one statement reads $table");
	}
}
same_statements('an explanation', sub { "SELECT count(*) FROM opencalendly.explain_slot(${\ Scene::event_type(\"fixed-of-$_[0]\")}, '2026-06-02 10:00+00')" },
	sub { "SELECT count(*) FROM opencalendly.explain_slot(${\ Scene::event_type(\"fixed-of-$_[0]\")}, '2026-06-02 10:00+00')" });

# A booking that is moved, held, booked by its holder, canceled; and a hold that is released.
sub round_of_verbs
{
	my ($slug, $day) = @_;
	my ($start, $later) = map { "$day $_+00" } '10:00', '16:00';

	return <<"SQL";
${\ Scene::book($slug, $start, 'reschedule_token AS token')} \\gset
SELECT cancel_token AS token FROM opencalendly.reschedule_booking(:'token', '$later') \\gset
SELECT status FROM opencalendly.cancel_booking(:'token');
SELECT hold_token AS hold FROM opencalendly.hold_slot(${\ Scene::event_type($slug)}, '$start') \\gset
${\ Scene::book($slug, $start, 'cancel_token AS token', "hold_token => :'hold'")} \\gset
SELECT status FROM opencalendly.cancel_booking(:'token');
SELECT hold_token AS hold FROM opencalendly.hold_slot(${\ Scene::event_type($slug)}, '$start') \\gset
SELECT opencalendly.release_hold(:'hold');
SQL
}

# Each event type has its own days, so that none's bookings are in another's way.
my $day = 0;
for my $slug ('cursor', 'least-recent', 'weighted', 'fixed', 'seats')
{
	my ($first, $second) = map { sprintf('2026-07-%02d', ++$day) } 1 .. 2;
	my $warm_up = sub { round_of_verbs("$slug-of-$_[0]", $first) x 7 };
	my $lines = same_statements("booking, $slug", $warm_up, sub { Scene::book("$slug-of-$_[0]", "$second 10:00+00") });

	note $lines if $slug eq 'weighted';
	same_statements("all verbs, $slug", $warm_up, sub { round_of_verbs("$slug-of-$_[0]", $first) });
}

# In a collective there are the checks of foreign keys for each claim and each assignment, and nothing else is more.
my @collective = map { statements('collective', round_of_verbs("collective-of-$_", '2026-07-20'), Scene::book("collective-of-$_", '2026-07-21 10:00+00')) } 2, 50;
my @own = map { join "\n", grep { !/FOR KEY SHARE OF x/ } split /\n/, $_ } @collective;
is($own[1], $own[0], 'booking, collective: the same statements but for foreign keys');
is(calls_in($collective[1]) - calls_in($collective[0]), 4 * 48, 'and four of these checks for each host more');

$node->stop;
done_testing();
