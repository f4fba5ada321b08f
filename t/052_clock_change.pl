# Promise: on the days of 2026 on which the clocks change in New York, a visitor there sees each time that exists, once; what
# the clock reads twice has its offset beside it, and what it skips is not there.
use strict;
use warnings;
use Browser;
use Test::More;

my $missing = Browser::missing();
plan skip_all => $missing if defined $missing;

Browser::run('clock-change');
done_testing();
