package Ledger;

=head1 NAME

Ledger - what a round robin's ledger and a team's bookings must agree on, said once more in SQL

=head1 SYNOPSIS

  Ledger::install($node);                       # makes the schema "replay"
  is(Ledger::faults($node), '', 'all is in order');

=head1 DESCRIPTION

t/fairness/ledger.sql goes into the schema "replay": the view picks (whom the rule says out of each row's own
candidates), the function walk (an event type's ledger from its first entry to where the event type stands) and the
view faults (bookings, claims, assignments and ledger beside each other).

=cut

use strict;
use warnings;
use PostgreSQL::Test::Utils;

sub install
{
	my ($node, $database) = @_;

	$node->safe_psql($database // 'postgres', slurp_file('t/fairness/ledger.sql'));
	return;
}

# All that is wrong, a line each; '' if nothing is.
sub faults
{
	my ($node, $database) = @_;

	return $node->safe_psql($database // 'postgres', <<'SQL');
SELECT fault, count(*) FROM replay.faults GROUP BY 1 ORDER BY 1;
SELECT e.slug, w.fault FROM opencalendly.team_event_types AS t JOIN opencalendly.event_types AS e ON e.id = t.event_type_id,
	replay.walk(t.event_type_id) AS w (fault) WHERE t.mode = 'round_robin' ORDER BY e.slug LIMIT 20;
SQL
}

1;
