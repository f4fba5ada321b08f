# Promise: what is shown changes without losing focus, typed text or running elements; and the pages' clock is PostgreSQL's, in
# every zone around its changes.
use strict;
use warnings;
use Browser;
use Test::More;

my $missing = Browser::missing();
plan skip_all => $missing if defined $missing;

Browser::run('scripts');
done_testing();
