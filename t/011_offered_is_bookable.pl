# Offered and bookable are the same set. For random event types (solo and group, then those of teams; hours, overrides,
# busy time, buffers, caps, notice, holds): a start that compute_slots returns is booked by book_slot, with hosts whom the
# slot names (of a round robin the one who is due), a claim and an assignment for each; each other whole minute, grid
# point and odd instant is refused with OC001, and explain_slot agrees; also with a hold's token, beside a hold, after
# bookings, for a start booked until it is full (k free hosts: k bookings), and for reschedule_booking with what
# compute_slots offers as if the booking were gone. Of teams' instants a sample is tried.
#
# OPENCALENDLY_SEED and OPENCALENDLY_EVENT_TYPES choose others.

use strict;
use warnings;
use Oracle;
use Test::More;
use Time::HiRes qw(time);

my $seed   = $ENV{OPENCALENDLY_SEED}        // 20260707;
my $wanted = $ENV{OPENCALENDLY_EVENT_TYPES} // 200;
my $batch  = 10;
my $node   = Oracle::node('bookable', qw(oracle random team_random compare bookable));

# Cases above the zones and the named moments are zones at random.
sub try_event_types
{
	my ($of_teams, $number, $what) = @_;
	my $start = time();
	my ($next, $event_types, $instants, $offered, $failure) = Oracle::sums(Oracle::call_all($node,
		map { "CALL oracle.run_bookable($seed, ${\ (1000 * $_)}, $batch, $of_teams)" } 1 .. $number / $batch));

	ok($failure eq '', "$what: offered = bookable = explained as ok (seed $seed)")
	  or diag("they differ, seed $seed\n$failure");
	cmp_ok($offered, '>', $event_types, 'many instants were offered');
	note(sprintf('%d event types, %d instants, %d offered, %.0f instants/s',
		$event_types, $instants, $offered, $instants / (time() - $start)));
	return;
}

note("seed $seed");
try_event_types('false', $wanted, 'solo and group event types');
try_event_types('true', $wanted / 2, 'event types of teams');

$node->stop;
done_testing();
