# Promise: a day that is blocked over bookings lists them and can be left as it is; what is blocked, added and replaced is what
# visitors are then offered; too many requests, and no network: told, and nothing is lost.
use strict;
use warnings;
use Browser;
use Test::More;

my $missing = Browser::missing();
plan skip_all => $missing if defined $missing;

Browser::run('console-acts');
done_testing();
