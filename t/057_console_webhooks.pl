# Promise: an endpoint's secret is shown once, and not lost by a slip; what becomes of every delivery can be read, and what failed
# can be sent again; what is sent is what a real worker sends.
use strict;
use warnings;
use Browser;
use Test::More;

my $missing = Browser::missing();
plan skip_all => $missing if defined $missing;

Browser::run('console-webhooks', conf => "opencalendly.egress_allow = '127.0.0.0/8'\n");
done_testing();
