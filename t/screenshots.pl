# The scene of the README's pictures; called by scripts/screenshots.
use strict;
use warnings;
use Browser;
use Test::More;

Browser::run('screenshots');
done_testing();
