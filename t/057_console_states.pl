# Promise: nothing that a host has typed is lost when the session ends or another tab was faster, nothing that hits bookings
# happens without showing them, and what cannot be taken back is asked first.
use strict;
use warnings;
use Browser;
use Test::More;

my $missing = Browser::missing();
plan skip_all => $missing if defined $missing;

Browser::run('console-states');
done_testing();
