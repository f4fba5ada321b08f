# Promise: a page of another site shows a booking page inline, as a popup and by a button; it hears of a booking, and nothing
# more; nobody else does; and no other page of the service can be framed.
use strict;
use warnings;
use Browser;
use Test::More;

my $missing = Browser::missing();
plan skip_all => $missing if defined $missing;

Browser::run('embed');
done_testing();
