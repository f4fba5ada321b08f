# compute_slots gives the slots that docs/design.md (Time) defines: cases worked out by hand, every zone of the tz database
# at one of its transitions, the named moments, and random cases, each compared row for row with t/oracle/oracle.sql.
#
# OPENCALENDLY_SEED and OPENCALENDLY_CASES choose others; "make oracle" is for many more.

use strict;
use warnings;
use Oracle;
use Test::More;
use Time::HiRes qw(time);

my $seed  = $ENV{OPENCALENDLY_SEED}  // 20260706;
my $cases = $ENV{OPENCALENDLY_CASES} // 2400;
my $batch = 100;
my $node  = Oracle::node('oracle', qw(oracle random compare hand));

sub test_year
{
	is($node->safe_psql('postgres', <<'END'), '5856||t', 'a year of half hours: compute_slots = oracle');
BEGIN;
SET LOCAL opencalendly.clock = '2026-01-01 00:00Z';
SELECT d.slots, d.message, d.first IS NULL FROM oracle.difference(ROW(
    oracle.example('America/New_York', (SELECT string_agg(day || ' 09:00-17:00', ', ')
        FROM unnest('{sun,mon,tue,wed,thu,fri,sat}'::text[]) AS day), 30, 30),
    '2026-03-01 05:00Z', '2027-03-02 05:00Z', 10000, NULL, NULL, NULL, false)::oracle.question) AS d;
ROLLBACK;
END
	return;
}

# Compares the cases first to last; returns their row of sums.
sub compare_cases
{
	my ($first, $last, $promise) = @_;
	my @batches = map { $first + $batch * $_ } 0 .. ($last - $first) / $batch;
	my @sums    = Oracle::sums(Oracle::call_all($node, map {
		my $end = $_ + $batch - 1 < $last ? $_ + $batch - 1 : $last;
		"CALL oracle.run($seed, $_, $end)"
	} @batches));
	my $failure = $sums[-1];

	ok($failure eq '', $promise) or diag("compute_slots and the oracle differ, seed $seed\n$failure");
	return \@sums;
}

Oracle::check_hand_cases($node, qw(clocks overrides busy limits freshness));
test_year();

note("seed $seed, $cases cases");
my $start   = time();
my $zones   = $node->safe_psql('postgres', 'SELECT count(*) FROM oracle.zones');
my $moments = $node->safe_psql('postgres', 'SELECT count(*) FROM oracle.moments');
my $named   = $zones + 10 * $moments;

cmp_ok($zones, '>', 400, 'the tz database is there');
my ($done, $comparisons, $open, $slots) = Oracle::sums(
	compare_cases(1, $zones, "all $zones zones at a transition: compute_slots = oracle (seed $seed)"),
	compare_cases($zones + 1, $named, "$moments named moments: compute_slots = oracle (seed $seed)"),
	compare_cases($named + 1, $cases, "anything: compute_slots = oracle (seed $seed)"));
cmp_ok($open, '>', 0.4 * $done, 'many of the cases have slots');
note(sprintf('%d cases, %d comparisons, %d with slots, %d slots, %.0f cases/s',
	$done, $comparisons, $open, $slots, $done / (time() - $start)));

$node->stop;
done_testing();
