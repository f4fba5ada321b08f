# Promise: without JavaScript a visitor sees the times, changes the zone, books, moves and cancels by plain forms.
use strict;
use warnings;
use Browser;
use Test::More;

my $missing = Browser::missing();
plan skip_all => $missing if defined $missing;

Browser::run('no-script');
done_testing();
