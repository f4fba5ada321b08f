# Promise (API.md, Calendars): with a worker at work, and Google as it is, over HTTP alone an account is connected, read, read with a
# new token, and left; what Google refuses is the answer, in words.
use strict;
use warnings;
use Front;
use Google;
use JSON::PP ();
use Outbox;
use Test::More;

plan skip_all => Google::missing() if defined Google::missing();

my ($true, $false) = (JSON::PP::true(), JSON::PP::false());
my $calendars = '/v0/calendar/google';
my $google = Google->start;
my ($node, $shim, $http) = Front::start(conf => Google::conf($google, base_url => 'https://book.example'));
Google::write_secret($node);
my $ada = Front::sign_in($node, $http, 'ada');
my $worker = Google::worker($node);
ok(Outbox::poll(20, sub { $node->safe_psql('postgres', "SELECT count(*) FROM opencalendly.worker_heartbeats WHERE queue = 'calendar'") }), 'a worker is there');

# Begins, lets the host agree, and completes: the answer. $given: what is sent otherwise.
sub connected
{
	my (%given) = @_;
	my %callback = (redirectUri => 'https://book.example/settings/calendar/google/callback');
	my $begun = $ada->post("$calendars/connect/start", \%callback)->{json};
	my $consent = $google->consent($begun->{authUrl}, 'ada@example.com');

	is($consent->{state}, $begun->{state}, 'Google sends the state back');
	return $ada->post("$calendars/connect/complete", { %callback, code => $consent->{code}, state => $consent->{state}, %given });
}

my $answer = connected();
answered($answer, 'an account is connected');
my $connection = $answer->{json}{connection};
is_deeply([ @$connection{qw(externalEmail state)} ], [ 'ada@example.com', 'active' ], 'and is the one');
$answer = $ada->post("$calendars/sync", {});
answered($answer, 'it is read');
is($answer->{json}{refreshedAccessToken}, $false, 'with the token that it has');
$google->expire('ada@example.com');
is($ada->post("/v0/calendar/connections/$connection->{id}/sync", {})->{json}{refreshedAccessToken}, $true, 'or with a new one, when that is dead');

refused(connected(code => 'no-code'), 400, 'OC006', 'code', 'a code that is none');
$google->settings(granted => [ 'openid', 'email', 'https://www.googleapis.com/auth/calendar.events' ]);
$answer = connected();
refused($answer, 400, 'OC006', 'code', 'a permission that was not given');
like($answer->{json}{error}, qr/calendar\.freebusy/, 'is named');
$google->settings(granted => undef, givesNoRefreshToken => $true);
refused(connected(), 400, 'OC006', 'code', 'no lasting access');
$google->settings(givesNoRefreshToken => $false);

$google->withdraw('ada@example.com');
refused($ada->post("$calendars/sync", {}), 409, 'OC005', undef, 'a grant that was withdrawn');
is(connected()->{json}{connection}{id}, $connection->{id}, 'connected again it is the same connection');
answered($ada->post("$calendars/disconnect", {}), 'and left');
is($google->grants('ada@example.com'), 0, 'nothing is granted any more');
is($node->safe_psql('postgres', 'SELECT count(*) FROM opencalendly.calendar_connections'), 0, 'and nothing is kept');
Outbox::stop($worker);
is($shim->stop, 0, 'the shim ends well');
done_testing();
