# Offered and bookable are the same set. For random event types (solo and group; hours, overrides, busy time, buffers,
# caps, notice, holds): each start that compute_slots returns is booked by book_slot, each other whole minute, grid point
# and odd instant is refused with OC001, and explain_slot agrees; also with a hold's token, beside a hold, after bookings,
# and for reschedule_booking with what compute_slots offers as if the booking were gone.
#
# OPENCALENDLY_SEED and OPENCALENDLY_EVENT_TYPES choose others.

use strict;
use warnings;
use OpenCalendly;
use Test::More;
use Time::HiRes qw(time);

my $seed   = $ENV{OPENCALENDLY_SEED}        // 20260707;
my $wanted = $ENV{OPENCALENDLY_EVENT_TYPES} // 200;
my $batch  = 20;

my $node = OpenCalendly::node('bookable', conf => "jit = off\n");
OpenCalendly::install($node);

for my $file (qw(oracle random compare bookable))
{
	my $text = PostgreSQL::Test::Utils::slurp_file("t/oracle/$file.sql");
	$node->safe_psql('postgres', "SET client_min_messages = warning;\n$text");
}

note("seed $seed");
my $start = time();
my $first = 1000;    # cases above the zones and the named moments: zones at random
my ($event_types, $instants, $offered, $failure) = (0, 0, 0, '');

while ($event_types < $wanted && $failure eq '')
{
	my $row = $node->safe_psql('postgres', "CALL oracle.run_bookable($seed, $first, $batch)");
	my @got = split(/\|/, $row, 5);

	$first = $got[0];
	$event_types += $got[1];
	$instants    += $got[2];
	$offered     += $got[3];
	$failure = $got[4];
	$node->safe_psql('postgres', 'VACUUM');
}

ok($failure eq '', "offered = bookable = explained as ok (seed $seed)")
  or diag("they differ, seed $seed\n$failure");
cmp_ok($offered, '>', $event_types, 'many instants were offered');
note(sprintf('%d event types, %d instants, %d offered, %.0f instants/s',
	$event_types, $instants, $offered, $instants / (time() - $start)));

$node->stop;
done_testing();
