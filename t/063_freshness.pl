# Promise: nothing is offered of a host whose calendars were read too long ago, and every answer and page says so, without
# JavaScript in both languages, with it (t/browser/freshness.mjs); as soon as they have been read, all is as before.
use strict;
use warnings;
use Browser;
use JSON::PP;
use OpenCalendly;
use PostgreSQL::Test::Utils;
use Scene;
use Test::More;

my $service = Browser::start();
my ($node, $http) = @$service{qw(node http)};
my %words = map { $_ => decode_json(slurp_file("shim/web/assets/messages/$_.json"))->{page}{form} } qw(en de);

Scene::host($node);
Scene::teams($node);
$node->safe_psql('postgres', <<'SQL');
INSERT INTO opencalendly.calendar_connections (user_id, account_id, account_email, scopes, refresh_token, access_token, refresh_at, access_expires_at)
	SELECT id, username, email, '{}', '', '', now(), now() FROM opencalendly.users;
INSERT INTO opencalendly.calendars (connection_id, user_id, external_id, name, access_role, is_busy_source)
	SELECT id, user_id, account_email, 'Calendar', 'owner', true FROM opencalendly.calendar_connections;
SQL

# The calendars of these users were read so long ago.
sub read_ago
{
	my ($age, @names) = @_;

	$node->safe_psql('postgres', "UPDATE opencalendly.calendars AS k SET synced_at = timestamptz '2026-06-01 08:00+00' - interval '$age'
		FROM opencalendly.users AS u WHERE u.id = k.user_id AND u.username = ANY ('{${\ join ',', @names}}')");
	return;
}

# What a page without scripts says: 'stale', 'none', and whether there is a time.
sub said
{
	my ($path, $language, %options) = @_;
	my $answer = $http->request($options{method} // 'GET', $path, headers => { 'Accept-Language' => $language, %{ $options{headers} // {} } },
		exists $options{body} ? (body => $options{body}) : ());
	my $body = $answer->{body};

	utf8::decode($body);
	$body =~ s/&#39;/'/g;
	return join ' ', $answer->{status}, (map { index($body, $words{$language}{$_}) >= 0 ? $_ : () } 'stale', 'none', 'noneHere', 'noneLater'),
	  $body =~ /<button name="startsAt" value="2026|<a class="button" rel="nofollow" href="[?]at=2026/ ? 'times' : ();
}

my $path = '/v0/users/ada/event-types/intro/availability';
my $token = $node->safe_psql('postgres', Scene::book('intro', '2026-06-03 10:00+00', 'reschedule_token'));
my %pages = (
	'an event type' => '/ada/intro',
	'its later times' => '/ada/intro?start=2026-06-10T00:00:00Z',
	'times years ahead' => '/ada/intro?start=2030-01-01T00:00:00Z',
	'a group event' => '/ada/class',
	'a round robin with the host always there' => '/team/crew/duo',
	'a collective' => '/team/crew/panel',
	'a link that moves' => "/bookings/actions/$token");

read_ago('1 hour', qw(ada ben cleo dan eve));
my $fresh = $http->get($path);
for my $name (sort keys %pages)
{
	like(said($pages{$name}, 'en'), qr/^200( noneLater| noneHere)?( times)?$/, "$name, fresh: nothing is said of calendars");
}

read_ago('24 hours 1 second', qw(ada eve));
for my $name (sort keys %pages)
{
	is(said($pages{$name}, $_), '200 stale', "$name, too old: that is said, in $_, and no time is shown") for qw(en de);
}
is(said('/team/crew/turn', 'en'), '200 times', 'a round robin goes on with the others');
is(said('/ada/intro?at=2026-06-02T09:00:00Z', 'en'), '409 stale', 'a time that was offered before is not to be filled in');
is(said('/ada/intro', 'de', method => 'POST', headers => { 'Content-Type' => 'application/x-www-form-urlencoded', Origin => $service->{url} },
		body => 'step=book&key=0123456789abcdef&startsAt=2026-06-02T09:00:00Z&inviteeName=Ann&inviteeEmail=ann@example.net'),
	'409 stale', 'nor to be booked by the form');

my $stale = $http->get($path);
is_deeply($stale->{json}, { ok => JSON::PP::true, timezone => 'UTC', calendarStale => JSON::PP::true, slots => [] }, 'the API says it');
isnt($stale->{headers}{etag}, $fresh->{headers}{etag}, 'by another ETag than when it was fresh');
is($http->get($path, headers => { 'If-None-Match' => $stale->{headers}{etag} })->{status}, 304, 'which is known again');
is($http->get("/v0/bookings/actions/$token/availability")->{json}{calendarStale}, JSON::PP::true, 'so does the link');
my $refused = $http->post('/v0/bookings',
	{ username => 'ada', eventSlug => 'intro', startsAt => '2026-06-02T09:00:00Z', inviteeName => 'Ann', inviteeEmail => 'ann@example.net' });
is("$refused->{status} $refused->{json}{code}", '409 OC001', 'nothing is booked');
is($http->post('/v0/holds', { username => 'ada', eventSlug => 'intro', startsAt => '2026-06-02T09:00:00Z' })->{json}{code}, 'OC001', 'nor held');
is($http->post("/v0/bookings/actions/$token/reschedule", { startsAt => '2026-06-02T09:00:00Z' })->{json}{code}, 'OC001', 'nor moved');

read_ago('0', qw(ada eve));
my $again = $http->get($path, headers => { 'If-None-Match' => $stale->{headers}{etag} });
is($again->{headers}{etag}, $fresh->{headers}{etag}, 'read again: all is as before');
ok(!exists $again->{json}{calendarStale}, 'and nothing is said');

SKIP:
{
	my $missing = Browser::missing();
	skip $missing, 1 if defined $missing;
	Browser::script($service, 'freshness');
}
Browser::stop($service);
done_testing();
