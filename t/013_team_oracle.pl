# compute_slots gives teams the slots that docs/design.md (Time) and docs/teams.md define: cases worked out by hand, and 500
# random teams of 1 to 12 members in mixed zones, near transitions, the named moments and at any time, each compared row
# for row, hosts and seats with it, with t/oracle/oracle.sql.
#
# OPENCALENDLY_SEED and OPENCALENDLY_CASES choose others.

use strict;
use warnings;
use Oracle;
use Test::More;
use Time::HiRes qw(time);

my $seed  = $ENV{OPENCALENDLY_SEED}  // 20260708;
my $cases = $ENV{OPENCALENDLY_CASES} // 500;
my $batch = 25;
my $node  = Oracle::node('team_oracle', qw(oracle random team_random compare hand team_hand));

Oracle::check_hand_cases($node, map { "team_$_" } qw(times parts buffers meetings limits freshness));

note("seed $seed, $cases teams");
my $start = time();
# some of the zones at a transition, all of the named moments, and then zones and times at random
my $first = $node->safe_psql('postgres', 'SELECT count(*) - 149 FROM oracle.zones');
my ($done, $comparisons, $open, $slots, $failure) = Oracle::sums(Oracle::call_all($node, map {
	my $from = $first + $batch * $_;
	"CALL oracle.run($seed, $from, ${\ ($from + $batch - 1)}, true)"
} 0 .. $cases / $batch - 1));

ok($failure eq '', "$cases random teams: compute_slots = oracle (seed $seed)")
  or diag("compute_slots and the oracle differ, seed $seed\n$failure");
cmp_ok($open, '>', 0.4 * $done, 'many of the teams have slots');
note(sprintf('%d teams, %d comparisons, %d with slots, %d slots, %.0f teams/s',
	$done, $comparisons, $open, $slots, $done / (time() - $start)));

$node->stop;
done_testing();
