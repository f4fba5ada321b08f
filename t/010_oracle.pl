# compute_slots gives the slots that docs/design.md (Time) defines: cases worked out by hand, every zone of the tz database
# at one of its transitions, the named moments, and random cases, each compared row for row with t/oracle/oracle.sql.
#
# OPENCALENDLY_SEED and OPENCALENDLY_CASES choose others; "make oracle" is for many more.

use strict;
use warnings;
use OpenCalendly;
use Test::More;
use Time::HiRes qw(time);

my $seed  = $ENV{OPENCALENDLY_SEED}  // 20260706;
my $cases = $ENV{OPENCALENDLY_CASES} // 2400;
my $batch = 200;

my $node = OpenCalendly::node('oracle', conf => "jit = off\n");
OpenCalendly::install($node);

for my $file (qw(oracle random compare hand))
{
	my $text = PostgreSQL::Test::Utils::slurp_file("t/oracle/$file.sql");
	$node->safe_psql('postgres', "SET client_min_messages = warning;\n$text");
}

# The rows of a query as lists of columns.
sub rows
{
	my ($query) = @_;

	return map { [ split(/\t/, $_, -1) ] }
	  split(/\n/, $node->safe_psql('postgres', $query, extra_params => [ '-F', "\t" ]));
}

sub test_hand_cases
{
	for my $subject (qw(clocks overrides busy limits))
	{
		for my $case (rows("BEGIN; SELECT * FROM oracle.hand_$subject(); ROLLBACK;"))
		{
			my ($promise, $expected, $by_oracle, $by_engine) = @$case;
			is($by_engine, $expected, "$promise");
			is($by_oracle, $expected, "$promise (the oracle)");
		}
	}
	return;
}

sub test_year
{
	is($node->safe_psql('postgres', <<'END'), '5856||t', 'a year of half hours: compute_slots = oracle');
BEGIN;
SET LOCAL opencalendly.clock = '2026-01-01 00:00Z';
SELECT d.slots, d.message, d.first IS NULL FROM oracle.difference(ROW(
    oracle.example('America/New_York', (SELECT string_agg(day || ' 09:00-17:00', ', ')
        FROM unnest('{sun,mon,tue,wed,thu,fri,sat}'::text[]) AS day), 30, 30),
    '2026-03-01 05:00Z', '2027-03-02 05:00Z', 10000, NULL, NULL, NULL)::oracle.question) AS d;
ROLLBACK;
END
	return;
}

# Compares the cases first to last, in batches, so that rows rolled back can be cleared away; adds to the sums.
sub compare_cases
{
	my ($first, $last, $sums, $promise) = @_;
	my $failure = '';

	while ($first <= $last && $failure eq '')
	{
		my $end = $first + $batch - 1 < $last ? $first + $batch - 1 : $last;
		my $row = $node->safe_psql('postgres', "CALL oracle.run($seed, $first, $end)");
		my ($done, $comparisons, $open, $slots) = split(/\|/, $row);

		$failure = (split(/\|/, $row, 5))[4];
		$sums->{cases}       += $done;
		$sums->{comparisons} += $comparisons;
		$sums->{open}        += $open;
		$sums->{slots}       += $slots;
		$node->safe_psql('postgres', 'VACUUM');
		$first = $end + 1;
	}
	ok($failure eq '', $promise) or diag("compute_slots and the oracle differ, seed $seed\n$failure");
	return;
}

test_hand_cases();
test_year();

note("seed $seed, $cases cases");
my %sums;
my $start   = time();
my $zones   = $node->safe_psql('postgres', 'SELECT count(*) FROM oracle.zones');
my $moments = $node->safe_psql('postgres', 'SELECT count(*) FROM oracle.moments');
my $named   = $zones + 10 * $moments;

cmp_ok($zones, '>', 400, 'the tz database is there');
compare_cases(1, $zones, \%sums, "all $zones zones at a transition: compute_slots = oracle (seed $seed)");
compare_cases($zones + 1, $named, \%sums, "$moments named moments: compute_slots = oracle (seed $seed)");
compare_cases($named + 1, $cases, \%sums, "anything: compute_slots = oracle (seed $seed)");
cmp_ok($sums{open}, '>', 0.4 * $sums{cases}, 'many of the cases have slots');
note(sprintf('%d cases, %d comparisons, %d with slots, %d slots, %.0f cases/s',
	@sums{qw(cases comparisons open slots)}, $sums{cases} / (time() - $start)));

$node->stop;
done_testing();
