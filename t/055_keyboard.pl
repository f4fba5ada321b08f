# Promise: by the keyboard alone, with the focus always in sight, a visitor books, moves and cancels, and a host goes about the
# console, opens a booking, cancels it and changes hours; a dialog gives the focus back to what opened it.
use strict;
use warnings;
use Browser;
use Test::More;

my $missing = Browser::missing();
plan skip_all => $missing if defined $missing;

Browser::run('keyboard');
done_testing();
