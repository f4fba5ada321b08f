# Promise: every page in every state, in both themes, on a desktop and a phone, in English and German, breaks no rule of
# axe-core, has one h1, a language and a title, shows where the focus is, and fits.
use strict;
use warnings;
use Browser;
use Test::More;

my $missing = Browser::missing();
plan skip_all => $missing if defined $missing;

Browser::run('accessibility', conf => "opencalendly.google_client_id = 'a.name.at.google'\n");
done_testing();
