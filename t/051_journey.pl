# Promise: from nothing to a booking and back, on a desktop and on a phone: a host signs in for the first time, sets hours, makes
# an event type; a visitor in another zone books; the host sees it and moves it; the visitor moves and cancels.
use strict;
use warnings;
use Browser;
use Test::More;

my $missing = Browser::missing();
plan skip_all => $missing if defined $missing;

Browser::run('journey');
done_testing();
