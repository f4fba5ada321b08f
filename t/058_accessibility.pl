# Promise: no page and no state of one breaks a rule of axe-core, light or dark, on a desktop or a phone, in English or German;
# at 320 pixels of width, and read from right to left, nothing sticks out.
use strict;
use warnings;
use Browser;
use Test::More;

my $missing = Browser::missing();
plan skip_all => $missing if defined $missing;

Browser::run('accessibility');
done_testing();
