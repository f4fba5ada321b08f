# Promise: whatever happens between choosing a time and having it, the visitor is told what it is and what to do, loses
# nothing that was typed, and is booked once or not at all.
use strict;
use warnings;
use Browser;
use Test::More;

my $missing = Browser::missing();
plan skip_all => $missing if defined $missing;

Browser::run('booking-states');
done_testing();
