# Promise: what is not offered, or no longer, says so, and where to go on; whatever became of a booking in the meantime, its
# links tell it, also on a page that was open before.
use strict;
use warnings;
use Browser;
use Test::More;

my $missing = Browser::missing();
plan skip_all => $missing if defined $missing;

my $service = Browser::start();
Browser::script($service, $_) for qw(offer-states link-states);
Browser::stop($service);
done_testing();
