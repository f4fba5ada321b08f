# Promise: a host signs in by a mailed link, sets hours and makes an event type in the console; a visitor in another zone books,
# moves and cancels by the pages and links alone; the host sees each in the list and in the week. On a desktop and on a phone.
use strict;
use warnings;
use Browser;
use Test::More;

my $missing = Browser::missing();
plan skip_all => $missing if defined $missing;

Browser::run('journey');
done_testing();
