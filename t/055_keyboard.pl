# Promise: by the keyboard alone, seeing where it is, a visitor books and cancels, and a host sets hours and makes an event type.
use strict;
use warnings;
use Browser;
use Test::More;

my $missing = Browser::missing();
plan skip_all => $missing if defined $missing;

Browser::run('keyboard');
done_testing();
