# Promise: a host connects a calendar through Google's page of consent, and from then on nobody books a time in which they are
# busy; what is booked stands in their calendar until it is canceled; whatever ends a connection is told.
use strict;
use warnings;
use Browser;
use Google;
use Outbox;
use PostgreSQL::Test::Cluster;
use Test::More;

my $missing = Browser::missing() // Google::missing();
plan skip_all => $missing if defined $missing;

my $google = Google->start(emulated => 1);
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $service = Browser::start(
	port => $port, conf => "opencalendly.clock = ''\n" . Google::conf($google, base_url => "http://localhost:$port"));
my $node = $service->{node};
my @account = ('ada@example.com') x 2;

Google::write_secret($node);
my @workers = (Google::worker($node), Outbox::worker($node));
Browser::script(
	$service, 'calendars', { hostRules => 'MAP accounts.google.com 127.0.0.1:' . $google->port },
	settings => sub { $google->settings(%{ $_[0] }); return 1; },
	rule => sub { $google->rule(delete $_[0]{when}, %{ $_[0] }); return 1; },
	put => sub { $google->event(@account, $_[0]); return 1; },
	events => sub { return [ $google->events(@account) ]; },
	grants => sub { return $google->grants($account[0]); },
	withdraw => sub { $google->withdraw($account[0]); return 1; });
is(Outbox::stop($_), '57014', 'a worker goes on until it is ended') for @workers;
Browser::stop($service);
$google->stop;
done_testing();
