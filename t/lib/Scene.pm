package Scene;

=head1 NAME

Scene - a host, and teams, with event types and a fixed clock, for tests of operation

=head1 SYNOPSIS

  my $node = OpenCalendly::node('main', conf => Scene::conf());
  OpenCalendly::install($node);
  Scene::host($node);
  is(Scene::state_of($node, Scene::book('intro', '2026-06-02 10:00+00')), '', 'it is booked');

  my $session = Scene::session($node);           # a psql that stays
  Scene::start($session, Scene::book('intro', '2026-06-02 11:00+00'));
  my ($rows, $state) = Scene::answer($session);  # waits for what was started

=head1 DESCRIPTION

The clock stands at Monday, 2026-06-01 08:00 UTC. The host "ada" can be booked from 09:00 to 17:00 UTC on every
day, for "intro" (30 minutes), "long" (60 minutes), "padded" (30 minutes, 15 more before and after), "capped" (30
minutes, 1 a day) and "class" (30 minutes, 2 seats).

With teams there are also ben, cleo, dan and eve, with the same hours; alone they can be booked for "with-ben" and so
on. Of the team "crew" (ada, ben, cleo, dan, eve) there are the round robins "turn" (by cursor), "recent"
(least_recent), "weight" (weighted: ben has half the others' weight, dan twice), "duo" (eve is always there) and
"lab" (ben, cleo, dan; 2 seats) and the collective "panel" (ada, ben, cleo). Of the team "night", which has the members
in the opposite order (eve, dan, cleo, ben), the round robin "turn-back" and the collective "panel-back" (cleo, ben).
Each takes 30 minutes.

=cut

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

# Lines for OpenCalendly::node's conf.
sub conf
{
	return "opencalendly.clock = '2026-06-01 08:00+00'\ntimezone = 'UTC'\n";
}

# Makes the host; in every database once.
sub host
{
	my ($node, $database) = @_;

	$node->safe_psql($database // 'postgres', <<'SQL');
DO $$
DECLARE
	host uuid := opencalendly.create_user('ada', 'ada@example.com');
BEGIN
	PERFORM opencalendly.set_availability_rules(host, jsonb_agg(jsonb_build_object(
		'dayOfWeek', day, 'startMinute', 540, 'endMinute', 1020))) FROM generate_series(0, 6) AS day;
	PERFORM opencalendly.create_event_type(host, 'Intro', 'intro', 30);
	PERFORM opencalendly.create_event_type(host, 'Long', 'long', 60);
	PERFORM opencalendly.create_event_type(host, 'Padded', 'padded', 30,
		buffer_before_minutes => 15, buffer_after_minutes => 15);
	PERFORM opencalendly.create_event_type(host, 'Capped', 'capped', 30, daily_booking_limit => 1);
	PERFORM opencalendly.create_event_type(host, 'Class', 'class', 30, seats => 2);
END
$$;
SQL
	return;
}

# Makes the teams, after the host; in every database once.
sub teams
{
	my ($node, $database) = @_;

	$node->safe_psql($database // 'postgres', <<'SQL');
DO $$
DECLARE
	ada uuid := (SELECT id FROM opencalendly.users WHERE email = 'ada@example.com');
	id jsonb := jsonb_build_object('ada', ada);
	host uuid;
	name text;
	crew uuid := opencalendly.create_team(ada, 'Crew', 'crew');
	night uuid;
BEGIN
	FOREACH name IN ARRAY ARRAY['ben', 'cleo', 'dan', 'eve'] LOOP
		host := opencalendly.create_user(name, name || '@example.com');
		id := id || jsonb_build_object(name, host);
		PERFORM opencalendly.set_availability_rules(host, jsonb_agg(jsonb_build_object(
			'dayOfWeek', day, 'startMinute', 540, 'endMinute', 1020))) FROM generate_series(0, 6) AS day;
		PERFORM opencalendly.create_event_type(host, name, 'with-' || name, 30);
		PERFORM opencalendly.invite_team_member(crew, host);
		PERFORM opencalendly.accept_team_invitation(crew, host);
	END LOOP;
	PERFORM opencalendly.update_team_member(crew, (id ->> 'ben')::uuid, '{"weight": 50}');
	PERFORM opencalendly.update_team_member(crew, (id ->> 'dan')::uuid, '{"weight": 200}');
	PERFORM opencalendly.create_team_event_type(crew, 'Turn', 'turn', 30, 'round_robin');
	PERFORM opencalendly.create_team_event_type(crew, 'Recent', 'recent', 30, 'round_robin', assignment => 'least_recent');
	PERFORM opencalendly.create_team_event_type(crew, 'Weight', 'weight', 30, 'round_robin', assignment => 'weighted');
	PERFORM opencalendly.create_team_event_type(crew, 'Duo', 'duo', 30, 'round_robin', assignment => 'weighted',
		fixed_member_ids => ARRAY[(id ->> 'eve')::uuid]);
	PERFORM opencalendly.create_team_event_type(crew, 'Lab', 'lab', 30, 'round_robin', seats => 2,
		member_ids => ARRAY[id ->> 'ben', id ->> 'cleo', id ->> 'dan']::uuid[]);
	PERFORM opencalendly.create_team_event_type(crew, 'Panel', 'panel', 30, 'collective',
		member_ids => ARRAY[id ->> 'ada', id ->> 'ben', id ->> 'cleo']::uuid[]);

	night := opencalendly.create_team((id ->> 'eve')::uuid, 'Night', 'night');
	FOREACH name IN ARRAY ARRAY['dan', 'cleo', 'ben'] LOOP
		PERFORM opencalendly.invite_team_member(night, (id ->> name)::uuid);
		PERFORM opencalendly.accept_team_invitation(night, (id ->> name)::uuid);
	END LOOP;
	PERFORM opencalendly.create_team_event_type(night, 'Turn back', 'turn-back', 30, 'round_robin');
	PERFORM opencalendly.create_team_event_type(night, 'Panel back', 'panel-back', 30, 'collective',
		member_ids => ARRAY[id ->> 'cleo', id ->> 'ben']::uuid[]);
END
$$;
SQL
	return;
}

# SQL for the id of an event type.
sub event_type
{
	my ($slug) = @_;

	return "(SELECT id FROM opencalendly.event_types WHERE slug = '$slug')";
}

# SQL that books; $columns of book_slot's row, $more named arguments.
sub book
{
	my ($slug, $start, $columns, $more) = @_;
	$columns //= 'status';
	$more = defined $more ? ", $more" : '';

	return "SELECT $columns FROM opencalendly.book_slot(" . event_type($slug)
	  . ", '$start', 'Ann', 'ann\@example.com'$more)";
}

# SQL for the open starts of an event type, from 2026-06-01 on.
sub open_slots
{
	my ($slug, $days) = @_;

	return "SELECT * FROM opencalendly.compute_slots(" . event_type($slug)
	  . ", '2026-06-01', timestamptz '2026-06-01' + interval '${\ ($days // 7)} days')";
}

# The SQLSTATE that the statements end with, '' if none. $options: database, user.
sub state_of
{
	my ($node, $sql, %options) = @_;
	my ($stdout, $stderr);

	$node->psql(
		$options{database} // 'postgres', $sql,
		stdout        => \$stdout,
		stderr        => \$stderr,
		extra_params  => [ '-v', 'VERBOSITY=sqlstate', (map { ('-U', $_) } grep { defined } $options{user}) ]);
	return sqlstate($stderr);
}

# The last SQLSTATE in what psql printed to stderr, '' if none.
sub sqlstate
{
	my ($stderr) = @_;
	my @states = $stderr =~ /(?:ERROR|FATAL|PANIC):\s+([0-9A-Z]{5})\b/g;

	return $states[-1] // ($stderr =~ /ERROR|FATAL|PANIC|lost|closed/ ? $stderr : '');
}

# A psql that stays connected and goes on after errors.
sub session
{
	my ($node, $database) = @_;

	return $node->background_psql(
		$database // 'postgres',
		on_error_stop => 0,
		extra_params  => [ '-v', 'VERBOSITY=sqlstate' ]);
}

# Sends a statement and does not wait for it.
sub start
{
	my ($session, $sql) = @_;

	$session->{stdin} .= "$sql;\n";
	$session->{run}->pump_nb while length $session->{stdin};
	return;
}

# Sends a statement, if one is given, and waits for all that was sent: the rows and the SQLSTATE ('' if none).
sub answer
{
	my ($session, $sql) = @_;
	my $rows = $session->query($sql // '');
	my $state = sqlstate($session->{stderr});

	$session->{stderr} = '';
	return wantarray ? ($rows, $state) : $state;
}

# Waits for the end of a session whose server process is gone: the SQLSTATE it was told, if any.
sub last_words
{
	my ($session) = @_;

	eval { $session->{run}->finish };
	return sqlstate($session->{stderr});
}

# The names of the extension's tables.
sub tables
{
	my ($node, $database) = @_;

	return split /\n/, $node->safe_psql($database // 'postgres', <<'SQL');
SELECT relname FROM pg_class
	WHERE relnamespace = 'opencalendly'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
SQL
}

# Every row of every table but those in $options{but}, as text that can be compared.
sub contents
{
	my ($node, $database, %options) = @_;
	my %but = map { $_ => 1 } @{ $options{but} // [] };
	my $sql = join "\n", map {
		"SELECT '$_: ' || r::text FROM opencalendly.$_ AS r ORDER BY r::text COLLATE \"C\";"
	} grep { !$but{$_} } tables($node, $database);

	return $node->safe_psql($database // 'postgres', $sql);
}

1;
