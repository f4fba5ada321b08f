# Promise: the mirror of a host's calendars is what Google has. Whatever is changed there, in pages, by what has changed or, when
# Google has forgotten, anew: after a sync the windows are the events that count, and none of ours. An answer that is an error, or
# late, or not whole, or Google's word for "too much", changes no window and is tried again when it should be; a dead access
# token is renewed once; a dead grant is not asked for again but told to the host. Each calendar is right or says that it is not.
use strict;
use warnings;
use Google;
use JSON::PP;
use List::Util qw(max min);
use Mail;
use MIME::Base64 qw(encode_base64);
use OpenCalendly;
use Outbox;
use PostgreSQL::Test::Utils;
use Scene;
use Shim;
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => Google::missing() if defined Google::missing();

my $seed = $ENV{OPENCALENDLY_SEED} // int(rand(1 << 30));
srand($seed);
diag("OPENCALENDLY_SEED=$seed");

my $google = Google->start(accounts => [ map { my $n = $_; map { "$n\@example.$_" } qw(com net) } qw(ada ben cleo eve) ]);
my $node = OpenCalendly::node('main', conf => Google::conf($google, delivery_timeout => '1s', calendar_sync_interval => '1h',
	mail_transport => 'folder', mail_folder => PostgreSQL::Test::Utils::tempdir('mails'), mail_from => 'bookings@example.org'));
OpenCalendly::install($node);
Google::write_secret($node);
Mail::host($node);
my $session = Scene::session($node);

# Without a word about each of its hundreds of queries.
sub value
{
	my ($sql) = @_;
	no warnings 'redefine';
	local *PostgreSQL::Test::BackgroundPsql::note = sub { };

	return $session->query_safe($sql);
}

value("SELECT opencalendly.create_user(n, n || '\@example.com') FROM unnest(ARRAY['ben', 'cleo', 'dan', 'eve']) AS n");

my $day = 86400;
my $noon = (int(time / $day) + 1) * $day + 43200; # tomorrow

#
# What is asked of the database
#

sub connection { return value("SELECT $_[1] FROM opencalendly.calendar_connections WHERE id = '$_[0]'") }

sub calendar_of { return value("SELECT $_[2] FROM opencalendly.calendars WHERE connection_id = '$_[0]' AND external_id = '$_[1]'") }

# Asks for a sync and waits until one that began after that has ended: how it ended. backs_off: as it would be tried by itself.
sub sync
{
	my ($connection) = @_;
	my $asked = value(<<"SQL");
WITH waking AS MATERIALIZED (SELECT opencalendly.wake_workers_at_commit())
UPDATE opencalendly.calendar_connections SET asked_at = clock_timestamp(), next_sync_at = '-infinity' FROM waking WHERE id = '$connection' RETURNING asked_at
SQL
	$asked =~ s/\n.*//s;
	Outbox::poll(30, sub { connection($connection, "tried_at >= '$asked' AND leased_until IS NULL") eq 't' })
	  or diag('the sync does not end: ' . connection($connection, 'calendar_connections'));
	return connection($connection, "state || ', ' || failures || ' failures' || COALESCE(': ' || last_error, '')");
}

# Spans of seconds, merged and clipped to the days that a sync is sure to have read.
sub clipped
{
	my (@spans) = @_;
	my ($from, $until) = ($noon - $day, $noon + 57 * $day);
	my @merged;

	for my $span (sort { $a->[0] <=> $b->[0] } @spans)
	{
		my ($start, $end) = (max($span->[0], $from), min($span->[1], $until));

		next if $start >= $end;
		if (@merged && $start <= $merged[-1][1]) { $merged[-1][1] = max($merged[-1][1], $end) }
		else { push @merged, [ $start, $end ] }
	}
	return join "\n", map { "$_->[0]-$_->[1]" } @merged;
}

sub mirrored
{
	my ($connection, $calendar) = @_;

	return clipped(map { [ split /\|/ ] } split /\n/, value(<<"SQL"));
SELECT extract(epoch FROM w.starts_at)::bigint, extract(epoch FROM w.ends_at)::bigint
	FROM opencalendly.calendar_busy_windows AS w JOIN opencalendly.calendars AS c ON c.id = w.calendar_id
	WHERE c.connection_id = '$connection' AND c.external_id = '$calendar'
SQL
}

sub is_mirrored
{
	my ($connection, $calendar, $name) = @_;

	return is(mirrored($connection, $calendar), clipped($google->busy($calendar, $noon - 2 * $day, $noon + 70 * $day)), "$name: the windows are what Google has");
}

#
# What is put at Google
#

sub instant { my ($s, $us, $zone) = @_; my @t = gmtime($s); return sprintf('%04d-%02d-%02dT%02d:%02d:%02d', $t[5] + 1900, $t[4] + 1, @t[3, 2, 1, 0]) . 'Z' }

sub event
{
	my ($id, $start, $minutes, %members) = @_;

	return { id => $id, summary => "about $id", start => { dateTime => instant($start) }, end => { dateTime => instant($start + $minutes * 60) }, %members };
}

sub date { return substr instant($_[0]), 0, 10 }

sub random_event
{
	my ($n, $account) = @_;
	my $start = $noon + int(rand(58 * 96)) * 900 - $day;
	my $event = event("r$n", $start, 15 * (1 + int rand 12));
	my $kind = int rand 10;

	@$event{ 'start', 'end' } = ({ date => date($start) }, { date => date($start + $day * (1 + int rand 2)) }) if $kind == 0;
	@$event{ 'start', 'end' } = map { +{ dateTime => $_->{dateTime} =~ s/Z$//r, timeZone => 'America/New_York' } } @$event{ 'start', 'end' } if $kind == 1;
	$event->{transparency} = $kind == 2 ? 'transparent' : 'opaque';
	$event->{eventType} = $kind == 3 ? 'workingLocation' : 'default';
	$event->{attendees} = [ { email => 'x@example.org', responseStatus => 'declined' }, { email => $account, responseStatus => $kind == 4 ? 'declined' : 'accepted' } ];
	$event->{status} = 'confirmed';
	return $event;
}

# So many changes at random; events named r1 to r40.
sub change
{
	my ($account, $calendar, $times) = @_;
	my %is_there = map { $_->{id} => 1 } $google->events($account, $calendar);

	for (1 .. $times)
	{
		my $n = 1 + int rand 40;

		if ($is_there{"r$n"} && rand() < 0.3)
		{
			$google->remove($account, $calendar, "r$n");
			delete $is_there{"r$n"};
		}
		else
		{
			$google->event($account, $calendar, random_event($n, $account));
			$is_there{"r$n"} = 1;
		}
	}
	return;
}

my $worker = Google::worker($node);
my $ada = 'ada@example.com';

#
# The first sync; and of two calendars one that shows only when it is busy
#

$google->calendar($ada, $ada, timeZone => 'Europe/Berlin');
$google->calendar('ben@example.net', 'boss@example.org', timeZone => 'Asia/Kathmandu');
$google->calendar($ada, 'boss@example.org', accessRole => 'freeBusyReader', timeZone => 'Asia/Kathmandu');
$google->calendar($ada, 'spare@example.org', accessRole => 'reader');
change($ada, $ada, 30);
$google->event($ada, $ada, event('tagged', $noon, 30, extendedProperties => { private => { note => 'another program keeps this' } }));
change('ben@example.net', 'boss@example.org', 20);
change($ada, 'spare@example.org', 5);
$google->settings(pageSize => 5, emptyPage => JSON::PP::true);
my $connection = $google->connect($node, 'ada', busy => [ $ada, 'boss@example.org' ]);
is(sync($connection), 'active, 0 failures', 'the first sync is good');
is_mirrored($connection, $ada, 'events, in pages');
is_mirrored($connection, 'boss@example.org', 'free and busy');
is(mirrored($connection, 'spare@example.org'), '', 'what is no busy source is not read');
is(scalar($google->asked(qr/spare%40/)), 0, 'nor asked for');
cmp_ok(scalar($google->asked(qr/events\?.*pageToken/)), '>=', 4, 'page after page');
my ($first) = $google->asked(qr/events\?/);
is($first->{query}{singleEvents}, 'true', 'as instances');
is(scalar(grep { JSON::PP->new->encode($_->{answer}{body}) =~ /another program/ } $google->samples), 0, 'what other programs keep in events is not asked for');
is(connection($connection, "synced_at = tried_at AND next_sync_at - clock_timestamp() BETWEEN '53 min' AND '67 min'"), 't', 'the next one is an hour from then, 10 percent more or less');
is(calendar_of($connection, $ada, 'sync_token IS NOT NULL AND last_error IS NULL AND synced_at IS NOT NULL'), 't', 'from where it goes on is kept');
for my $request ($google->asked(qr/freeBusy/))
{
	my ($min, $max) = map { value("SELECT extract(epoch FROM '$_'::timestamptz)::bigint") } @{ $request->{json} }{ 'timeMin', 'timeMax' };

	cmp_ok($max - $min, '<=', 60 * $day, 'of 60 days at most');
}

#
# What has changed; and what Google has forgotten
#

$google->forget;
change($ada, $ada, 10);
is(sync($connection), 'active, 0 failures', 'the second sync is good');
is_mirrored($connection, $ada, 'by what has changed');
is(scalar(grep { !defined $_->{query}{syncToken} } $google->asked(qr/events\?/)), 0, 'no more is asked for');
is(scalar($google->asked(qr{calendarList|/token })), 0, 'nor the list of calendars, nor a token');

$google->forget_tokens($ada, $ada);
change($ada, $ada, 10);
is(sync($connection), 'active, 0 failures', '410 is no failure');
is_mirrored($connection, $ada, 'anew');

for my $round (1 .. 8)
{
	$google->settings(pageSize => 1 + int rand 20, emptyPage => rand() < 0.5 ? JSON::PP::true : JSON::PP::false, gzip => rand() < 0.5 ? JSON::PP::true : JSON::PP::false);
	$google->forget_tokens($ada, $ada) if rand() < 0.2;
	value("UPDATE opencalendly.calendars SET full_sync_at = clock_timestamp() - interval '25 hours'") if rand() < 0.2;
	change($ada, $ada, int rand 12);
	change('ben@example.net', 'boss@example.org', int rand 4);
	sync($connection) eq 'active, 0 failures' or fail("round $round: " . connection($connection, 'last_error'));
	is_mirrored($connection, $_, "round $round, $_") for $ada, 'boss@example.org';
}
$google->settings(pageSize => 2500, emptyPage => JSON::PP::false);

# Ours: by its id and its mark, if its booking is known here. A copy of it is somebody else's.
my $booking = value(<<"SQL");
SELECT b.booking_id FROM opencalendly.event_types AS e, opencalendly.book_slot(e.id, to_timestamp(${\ ($noon + 20 * $day)}), 'Zoe', 'zoe\@example.org') AS b
	WHERE e.slug = 'intro'
SQL
my $ours = value("SELECT external_id FROM opencalendly.calendar_entries WHERE meeting_id = '$booking'");
my $mark = { extendedProperties => { private => { opencalendly => 'x' } } };
$google->event($ada, $ada, event($ours, $noon + 20 * $day, 600, %$mark));
is(sync($connection), 'active, 0 failures', 'an event of ours');
is_mirrored($connection, $ada, 'it is not in the mirror');
my $unknown = 'oc' . 'a' x 32 . substr($ours, -8);
my $before_it = mirrored($connection, $ada);
$google->event($ada, $ada, event($unknown, $noon + 20 * $day, 600, %$mark));
is(sync($connection), 'active, 0 failures', 'one of a booking that is not known here');
isnt(mirrored($connection, $ada), $before_it, 'it is as any other');
$google->remove($ada, $ada, $unknown);
is(sync($connection), 'active, 0 failures', 'it is deleted');
is_mirrored($connection, $ada, 'and gone from the mirror');
$google->event($ada, $ada, { %{ event($ours, $noon + 20 * $day, 600) }, extendedProperties => { private => {} } });
is(sync($connection), 'active, 0 failures', 'without its mark');
is_mirrored($connection, $ada, 'it is as any other');
$google->remove($ada, $ada, $ours);

#
# Access tokens
#

my $token = sub { return connection($connection, 'md5(access_token)') };
my $before = $token->();
$google->forget;
value("UPDATE opencalendly.calendar_connections SET refresh_at = clock_timestamp() + interval '1 min' WHERE id = '$connection'");
is(sync($connection), 'active, 0 failures', 'a token before 80 percent of its life');
is(scalar($google->asked(qr{/token })), 0, 'is not renewed');
value("UPDATE opencalendly.calendar_connections SET refresh_at = clock_timestamp() WHERE id = '$connection'");
is(sync($connection), 'active, 0 failures', 'and after it');
is(join(' ', map { $_->{form}{grant_type} } $google->asked(qr{/token })), 'refresh_token', 'it is renewed once');
isnt($token->(), $before, 'and kept');
is(connection($connection, "refresh_at - clock_timestamp() BETWEEN '47 min' AND '48 min' AND access_expires_at - clock_timestamp() BETWEEN '59 min' AND '60 min'"), 't', 'for 80 percent of its hour');

$google->forget;
$google->expire($ada);
change($ada, $ada, 5);
is(sync($connection), 'active, 0 failures', 'a token that Google does not know any more');
is(scalar($google->asked(qr{/token })), 1, 'is renewed once');
is_mirrored($connection, $ada, 'and the sync goes on');

$google->forget;
$google->rule('GET .*/events', status => 401, error => 'authError', times => 10);
like(sync($connection), qr/^active, 1 failures: /, 'one that is never good');
is(scalar($google->asked(qr{/token })), 1, 'is renewed once as well');
is_mirrored($connection, $ada, 'and the mirror stays');
$google->clear;

$google->settings(rotates => JSON::PP::true);
for (1, 2)
{
	value("UPDATE opencalendly.calendar_connections SET refresh_at = clock_timestamp() WHERE id = '$connection'");
	is(sync($connection), 'active, 0 failures', "a refresh token that is another each time, $_");
}
$google->settings(rotates => JSON::PP::false);

#
# What is no answer
#

# One calendar that has failed keeps its mirror and says why; the other one is read all the same, and soon both are again.
sub one_fails
{
	my ($name, $error, $when, %rule) = @_;
	my $mirror = mirrored($connection, $ada);
	my $synced = calendar_of($connection, $ada, 'synced_at');

	$google->clear;
	$google->rule($when, times => 1, %rule);
	change($ada, $ada, 3);
	change('ben@example.net', 'boss@example.org', 2);
	like(sync($connection), qr/^active, 0 failures: \Q$ada\E: .*$error/, "$name: it says why");
	is(mirrored($connection, $ada), $mirror, "$name: the mirror is as before");
	is(calendar_of($connection, $ada, 'synced_at'), $synced, "$name: and not called fresh");
	is_mirrored($connection, 'boss@example.org', "$name: the other one");
	is(connection($connection, "next_sync_at - clock_timestamp() BETWEEN '4 min' AND '5 min'"), 't', "$name: they are read again soon");
	$google->clear;
	is(sync($connection), 'active, 0 failures', "$name: the next one is good");
	return is_mirrored($connection, $ada, $name);
}

# A failure of them all leaves the mirror, says why, and is over with the next good sync.
sub all_fail
{
	my ($name, $error, $when, %rule) = @_;
	my $mirror = mirrored($connection, $ada);
	my $synced = connection($connection, 'synced_at');

	$google->clear;
	$google->rule($when, times => 1, %rule);
	change($ada, $ada, 3);
	like(sync($connection), qr/^active, 1 failures: .*$error/, "$name: the sync has failed, and says why");
	is(mirrored($connection, $ada), $mirror, "$name: the mirror is as before");
	is(connection($connection, 'synced_at'), $synced, "$name: and not called fresh");
	$google->clear;
	is(sync($connection), 'active, 0 failures', "$name: the next one is good");
	return is_mirrored($connection, $ada, $name);
}

my $events = 'GET .*/events';
my $all = 'GET .*/events|POST .*/freeBusy';
one_fails('cut', qr/./, $events, cut => JSON::PP::true);
one_fails('reset', qr/./, $events, reset => JSON::PP::true, times => 5);
one_fails('late', qr/./, $events, drip_ms => 200);
one_fails('503', qr/503/, $events, status => 503, error => 'backendError');
one_fails('500 without words', qr/500/, $events, status => 500, body => '<html>');
one_fails('no JSON', qr/./, $events, status => 200, body => '{"kind": "calendar#events", "items": [');
one_fails('another JSON', qr/./, $events, status => 200, body => '[]');
all_fail('no token', qr/503/, 'POST .*/token', status => 503, error => 'internal_failure') if value("UPDATE opencalendly.calendar_connections SET refresh_at = clock_timestamp() WHERE id = '$connection' RETURNING 1");

all_fail('503 for all', qr/503/, $all, status => 503, error => 'backendError', times => 2);

# In the middle of the pages.
$google->settings(pageSize => 5);
$google->forget_tokens($ada, $ada);
one_fails('the third page', qr/./, 'GET .*/events.*pageToken', skip => 1, cut => JSON::PP::true);
$google->settings(pageSize => 2500);

# Too much: it waits as long as it was told to.
for my $case ([ 403, 'rateLimitExceeded' ], [ 403, 'userRateLimitExceeded' ], [ 429, 'rateLimitExceeded' ])
{
	my ($status, $reason) = @$case;

	$google->rule($events, status => $status, error => $reason, headers => { 'Retry-After' => 40 });
	like(sync($connection), qr/^active, 1 failures: .*$status.*$reason/, "$status $reason: a failure");
	is(connection($connection, "next_sync_at - tried_at BETWEEN '39 s' AND '60 s'"), 't', "$status $reason: tried again when it may be")
	  or diag(connection($connection, 'next_sync_at - tried_at'));
	is(sync($connection), 'active, 0 failures', "$status $reason: and then it is good");
}

# By itself, again and again, ever slower.
$google->rule($all, status => 503, error => 'backendError', times => 4);
sync($connection);
my $delay = "extract(epoch FROM next_sync_at - tried_at)::numeric(9, 2)";
my @delays = (connection($connection, $delay));
Outbox::poll(40, sub { connection($connection, 'failures = 2 AND leased_until IS NULL') eq 't' }) or fail('it is tried again by itself');
push @delays, connection($connection, $delay);
Outbox::poll(40, sub { connection($connection, 'failures') == 0 }) or fail('until it is good');
ok($delays[0] >= 0.8 && $delays[0] < $delays[1] && $delays[1] >= 1.6, 'each time after a longer while') or diag("@delays");

# What has failed for long and is there again in part; and what wants to be left alone.
for my $case ([ 0, '4 min', '5 min' ], [ 480, '7 min', '8 min' ], [ 86400, '53 min', '67 min' ])
{
	my ($asked, $from, $until) = @$case;

	value("UPDATE opencalendly.calendar_connections SET failures = 12 WHERE id = '$connection'");
	$google->rule($events, status => 503, error => 'backendError', $asked ? (headers => { 'Retry-After' => $asked }) : ());
	like(sync($connection), qr/^active, 0 failures: .*503/, "one of them is there again, the other one in $asked s");
	is(connection($connection, "next_sync_at - clock_timestamp() BETWEEN '$from' AND '$until'"), 't', 'they are read no later than ever')
	  or diag(connection($connection, 'next_sync_at - clock_timestamp()'));
}
value("UPDATE opencalendly.calendar_connections SET failures = 6 WHERE id = '$connection'");
$google->rule($all, status => 500, times => 2);
like(sync($connection), qr/^active, 7 failures: .*500/, 'none of them is');
is(connection($connection, "next_sync_at - clock_timestamp() BETWEEN '45 s' AND '77 s'"), 't', 'they are left alone for longer and longer');
is(sync($connection), 'active, 0 failures', 'all of them are');

# Pages without end.
$google->rule($events, body => { kind => 'calendar#events', items => [], nextPageToken => 'again' }, status => 200, times => 1000);
sync($connection);
like(calendar_of($connection, $ada, 'last_error'), qr/too many/, 'pages without end: it says so');
$google->clear;
is(sync($connection), 'active, 0 failures', 'and once they end');
is_mirrored($connection, $ada, 'and once they end');

# A token that was renewed is kept, whatever comes of the sync: the old one may be dead.
$google->settings(rotates => JSON::PP::true);
for my $rule ([ status => 503, error => 'backendError' ], [ cut => JSON::PP::true ], [ status => 403, error => 'accessNotConfigured' ])
{
	value("UPDATE opencalendly.calendar_connections SET refresh_at = clock_timestamp() WHERE id = '$connection'");
	$google->rule($events, @$rule);
	sync($connection);
}
$google->settings(rotates => JSON::PP::false);
value("UPDATE opencalendly.calendar_connections SET refresh_at = clock_timestamp() WHERE id = '$connection'");
is(sync($connection), 'active, 0 failures', 'tokens that were renewed in syncs that failed are kept');

#
# Errors in an answer that is none as a whole: that calendar has failed, and no other
#

change('ben@example.net', 'boss@example.org', 6);
change($ada, $ada, 6);
my $boss = mirrored($connection, 'boss@example.org');
my $boss_synced = calendar_of($connection, 'boss@example.org', 'synced_at');
$google->settings(freeBusyErrors => { 'boss@example.org' => 'internalError' });
sync($connection);
is(mirrored($connection, 'boss@example.org'), $boss, 'errors[]: its windows stay');
is(calendar_of($connection, 'boss@example.org', 'synced_at'), $boss_synced, 'errors[]: and are not called fresh');
like(calendar_of($connection, 'boss@example.org', 'last_error'), qr/internalError/, 'errors[]: it says why');
is_mirrored($connection, $ada, 'errors[]: the other one');
$google->settings(freeBusyErrors => {});
for my $rule ([ status => 500, body => '<html>' ], [ cut => JSON::PP::true ])
{
	$google->forget;
	$google->rule('POST .*/freeBusy', @$rule);
	like(sync($connection), qr/^active, 0 failures: boss/, 'free and busy: no answer');
	is(mirrored($connection, 'boss@example.org'), $boss, 'free and busy: its windows stay');
	is(calendar_of($connection, 'boss@example.org', 'synced_at'), $boss_synced, 'free and busy: and are not called fresh');
	is(scalar($google->asked(qr/freeBusy/)), 1, 'free and busy: the rest is not asked for');
}
is(sync($connection), 'active, 0 failures', 'errors[]: over');
is_mirrored($connection, 'boss@example.org', 'errors[]: over');
is(calendar_of($connection, 'boss@example.org', 'last_error IS NULL'), 't', 'errors[]: and forgotten');

$google->rule($events, status => 403, error => 'forbidden');
my $adas_synced = calendar_of($connection, $ada, 'synced_at');
change('ben@example.net', 'boss@example.org', 6);
sync($connection);
like(calendar_of($connection, $ada, 'last_error'), qr/403.*forbidden/, 'a calendar that may not be read: it says so');
is(calendar_of($connection, $ada, 'synced_at'), $adas_synced, 'a calendar that may not be read: it is not called fresh');
is_mirrored($connection, 'boss@example.org', 'a calendar that may not be read: the other one');
is(sync($connection), 'active, 0 failures', 'a calendar that may be read again');
is_mirrored($connection, $ada, 'a calendar that may be read again');

#
# The list of calendars, once a day
#

$google->calendar($ada, 'new@example.org', summary => 'New one', timeZone => 'Asia/Tokyo');
$google->calendar($ada, 'put-away@example.org', hidden => JSON::PP::true);
value("UPDATE opencalendly.calendar_connections SET listed_at = clock_timestamp() - interval '25 hours' WHERE id = '$connection'");
for my $rule ([ status => 500 ], [ cut => JSON::PP::true ])
{
	$google->rule('GET .*/calendarList', @$rule);
	change($ada, $ada, 2);
	is(sync($connection), 'active, 0 failures', 'a list that does not come');
	is_mirrored($connection, $ada, 'a list that does not come keeps nothing from being read');
}
$google->unlist($ada, 'boss@example.org');
sync($connection);
sync($connection);
is(value("SELECT string_agg(external_id || ' ' || timezone || ' ' || is_busy_source, ', ' ORDER BY external_id) FROM opencalendly.calendars WHERE connection_id = '$connection'"),
	"$ada Europe/Berlin true, new\@example.org Asia/Tokyo false, put-away\@example.org UTC false, spare\@example.org UTC false",
	'a new calendar is there, and one that is hidden at Google; one that is gone is not');
is(value("SELECT count(*) FROM opencalendly.calendar_busy_windows AS w WHERE NOT EXISTS (SELECT FROM opencalendly.calendars AS c WHERE c.id = w.calendar_id)"), '0', 'and nothing of it');

#
# Several accounts; a calendar that two hosts see
#

$google->calendar('ada@example.net', 'team@example.org', accessRole => 'writer');
$google->calendar('ben@example.com', 'team@example.org', accessRole => 'reader');
change('ada@example.net', 'team@example.org', 8);
change('ada@example.net', 'ada@example.net', 8);
my $other = $google->connect($node, 'ada', account => 'ada@example.net', target => '', busy => [ 'ada@example.net', 'team@example.org' ]);
my $bens = $google->connect($node, 'ben', busy => ['team@example.org']);
is(sync($_), 'active, 0 failures', 'another account') for $other, $bens;
is_mirrored($other, $_, "of ada's other account, $_") for 'ada@example.net', 'team@example.org';
is_mirrored($bens, 'team@example.org', 'of ben');

# What is wrong with one of them is not what is wrong with the account.
for my $rule ([ status => 500 ], [ cut => JSON::PP::true ])
{
	my ($mirror, $synced) = (mirrored($other, 'team@example.org'), calendar_of($other, 'team@example.org', 'synced_at'));

	change('ada@example.net', $_, 4) for 'team@example.org', 'ada@example.net';
	$google->rule('GET .*/calendars/team%40example.org/events', @$rule);
	like(sync($other), qr/^active, 0 failures: team\@example.org: ./, 'one calendar fails');
	is(calendar_of($other, 'team@example.org', 'last_error IS NOT NULL'), 't', 'and says so');
	is(mirrored($other, 'team@example.org'), $mirror, 'its windows stay');
	is(calendar_of($other, 'team@example.org', 'synced_at'), $synced, 'and are not called fresh');
	is_mirrored($other, 'ada@example.net', 'the other one is read');
	is(calendar_of($other, 'ada@example.net', "last_error IS NULL AND synced_at = (SELECT n.tried_at FROM opencalendly.calendar_connections AS n WHERE n.id = connection_id)"), 't', 'and called fresh');
	is(connection($other, "next_sync_at - clock_timestamp() <= '5 min'"), 't', 'and both are soon again');
	is(sync($other), 'active, 0 failures', 'then both are good');
	is_mirrored($other, 'team@example.org', 'then both are good');
}
for my $rule ([ 401, 'authError' ], [ 429, 'rateLimitExceeded' ])
{
	$google->forget;
	$google->rule('GET .*/events', status => $rule->[0], error => $rule->[1], times => 2);
	like(sync($other), qr/^active, 1 failures: .*$rule->[0]/, "$rule->[1] is the account's");
	cmp_ok(scalar($google->asked(qr/events\?/)), '<=', 2, "$rule->[1]: the other one is not asked for");
	$google->clear;
	is(sync($other), 'active, 0 failures', "$rule->[1]: over");
}

# More than Google answers at once.
my @many = map { "room$_\@example.org" } 1 .. 55;
for (@many)
{
	$google->calendar('eve@example.com', $_, accessRole => 'freeBusyReader');
	$google->put('eve@example.com', $_, event("booked$1", $noon + $1 * 3600, 60)) if /(\d+)/;
}
my $rooms = $google->connect($node, 'eve', busy => \@many);
$google->forget;
is(sync($rooms), 'active, 0 failures', 'of 55 calendars that show only when they are busy');
is(value("SELECT count(*) FROM opencalendly.calendar_busy_windows AS w JOIN opencalendly.calendars AS c ON c.id = w.calendar_id WHERE c.connection_id = '$rooms'"), '55', 'all are read');
is(max(map { scalar @{ $_->{json}{items} } } $google->asked(qr/freeBusy/)), 50, '50 at a time');
is_mirrored($rooms, 'room55@example.org', 'the last of them');

#
# The grant is dead
#

is(sync($bens), 'active, 0 failures', 'before that');
$google->withdraw('ben@example.com');
$google->forget;
like(sync($bens), qr/^broken, 1 failures: /, 'a grant that was taken back');
is_mirrored($bens, 'team@example.org', 'the mirror stays');
is(Mail::rows($node, "kind || ' ' || (SELECT username FROM opencalendly.users WHERE id = d.user_id)", "kind = 'calendar_broken'"), 'calendar_broken ben', 'the host is told');
$google->forget;
value("UPDATE opencalendly.calendar_connections SET next_sync_at = '-infinity' WHERE id = '$bens'");
is(sync($other), 'active, 0 failures', 'others go on');
is(scalar($google->asked(qr{/token })), 0, 'and it is not asked for any more');

# The operator's fault is not the host's.
$google->rule('POST .*/token', status => 401, error => 'invalid_client');
value("UPDATE opencalendly.calendar_connections SET refresh_at = clock_timestamp() WHERE id = '$other'");
like(sync($other), qr/^active, 1 failures: .*invalid_client/, 'a client that Google does not know');
is(Mail::count($node, "kind = 'calendar_broken'"), '1', 'is no reason to mail');
is(sync($other), 'active, 0 failures', 'and once it does, all is well');

#
# Push
#

value("ALTER SYSTEM SET opencalendly.base_url = 'https://book.example.org'; SELECT pg_reload_conf()");
Outbox::stop($worker);
$worker = Google::worker($node);
is(sync($connection), 'active, 0 failures', 'with a public address');
my ($channel) = $google->channels($ada);
is($channel->{address}, 'https://book.example.org/v0/calendar/google/notify', 'Google is asked to tell');
cmp_ok(length($channel->{token}), '>=', 32, 'with a token');
is(calendar_of($connection, $ada, "channel_id = '$channel->{id}' AND channel_resource_id = '$channel->{resourceId}' AND channel_token_hash = sha256('$channel->{token}')"), 't', 'of which the hash is kept');
is(sync($connection), 'active, 0 failures', 'again');
is(scalar($google->channels($ada)), 1, 'one channel is enough');
value("UPDATE opencalendly.calendars SET channel_expires_at = clock_timestamp() + interval '23 hours' WHERE channel_id = '$channel->{id}'");
is(sync($connection), 'active, 0 failures', 'a day before it ends');
is(sync($connection), 'active, 0 failures', 'and then');
my @channels = $google->channels($ada);
is(scalar(@channels), 1, 'there is one channel again');
isnt($channels[0]{id}, $channel->{id}, 'another one');
value("UPDATE opencalendly.calendars SET channel_id = NULL, channel_token_hash = NULL, channel_resource_id = NULL, channel_expires_at = NULL WHERE connection_id = '$other'");
$google->rule('POST .*/watch', status => 403, error => 'push.webhookUrlUnauthorized', times => 5);
is(sync($other), 'active, 0 failures', 'a channel that cannot be had is no failure');
$google->clear;

# A change is there as soon as Google has told of it, if it was Google.
my $shim = Shim->start($node);
my $tried = connection($connection, 'tried_at');
my ($told) = $google->notify($ada, $ada, $shim->url, headers => { 'X-Goog-Channel-Token' => 'guessed' });
isnt($told->{status} // 0, 200, 'a word that Google does not know');
change($ada, $ada, 4);
($told) = $google->notify($ada, $ada, $shim->url);
like($told->{status} // 0, qr/^20[0-4]$/, 'a change that Google tells of');
Outbox::poll(20, sub { connection($connection, "tried_at > '$tried' AND leased_until IS NULL") eq 't' }) or fail('it is read');
is_mirrored($connection, $ada, 'it is there');
is($shim->stop, 0, 'the shim ends');

#
# Connecting, by the consent that a worker exchanges
#

# Rows as connect/start and connect/complete write them: what became of it.
sub exchange
{
	my ($user, $account, %options) = @_;
	my $uri = 'https://book.example.org/settings/calendar/google/callback';
	my ($id, $challenge) = split /\|/, value(<<"SQL");
WITH new AS (
	INSERT INTO opencalendly.calendar_consents (user_id, redirect_uri, link_key_id, expires_at)
		SELECT id, '$uri', 1, clock_timestamp() + interval '10 min' FROM opencalendly.users WHERE username = '$user'
		RETURNING id, link_key_id)
SELECT id, opencalendly.calendar_challenge(id, link_key_id) FROM new
SQL
	$challenge = $options{challenge} // $challenge;
	my $scope = join '+', 'openid', 'email', map { "https://www.googleapis.com/auth/calendar.$_" } qw(events freebusy calendarlist.readonly);
	my $consent = $google->consent('https://accounts.google.com/o/oauth2/v2/auth?client_id=' . Google::CLIENT . "&redirect_uri=$uri&response_type=code"
		  . "&scope=$scope&state=s&access_type=offline&prompt=consent&code_challenge=$challenge&code_challenge_method=S256", $account);
	my $code = $options{code} // $consent->{code};

	value("UPDATE opencalendly.calendar_consents SET status = 'pending', code = opencalendly.seal_calendar_code(id, '$code') WHERE id = '$id'");
	value('SELECT opencalendly.wake_workers_at_commit()');
	Outbox::poll(20, sub { value("SELECT status <> 'pending' FROM opencalendly.calendar_consents WHERE id = '$id'") eq 't' }) or diag('it stays pending');
	return value("SELECT status || COALESCE(' ' || error_code || ': ' || error, '') FROM opencalendly.calendar_consents WHERE id = '$id'");
}

change('ben@example.net', 'ben@example.net', 8);
is(exchange('cleo', 'ben@example.net'), 'succeeded', 'a code that is exchanged');
my $cleos = value("SELECT id FROM opencalendly.calendar_connections WHERE account_email = 'ben\@example.net'");
is(value("SELECT string_agg(external_id || ' ' || is_busy_source || ' ' || is_write_target, ', ' ORDER BY external_id) FROM opencalendly.calendars WHERE connection_id = '$cleos'"),
	'ben@example.net true true, boss@example.org false false', 'its calendars are there, the first one chosen');
Outbox::poll(20, sub { connection($cleos, 'synced_at IS NOT NULL') eq 't' });
is_mirrored($cleos, 'ben@example.net', 'it is read at once');
is(exchange('dan', 'ben@example.net'), 'failed OC014: this account is connected by another user', 'by another user');
like(exchange('cleo', 'ben@example.net', code => 'nonsense'), qr/^failed OC006: /, 'a code that is none');
like(exchange('cleo', 'ben@example.net', challenge => 'A' x 43), qr/^failed OC006: /, 'a challenge of somebody else');
$google->settings(givesNoRefreshToken => JSON::PP::true);
like(exchange('cleo', 'ben@example.net'), qr/^failed OC006: .*lasting/, 'without a refresh token');
$google->settings(givesNoRefreshToken => JSON::PP::false, granted => [qw(openid email https://www.googleapis.com/auth/calendar.freebusy https://www.googleapis.com/auth/calendar.calendarlist.readonly)]);
like(exchange('cleo', 'ben@example.net'), qr/^failed OC006: .*calendar\.events/, 'without a scope, which is named');
$google->settings(granted => undef);
for my $claims ({ aud => 'another client', sub => '1', email => 'ben@example.net' }, { aud => Google::CLIENT, email => 'ben@example.net' })
{
	my $token = join '.', map { encode_base64($_, '') =~ tr{+/=}{-_}dr } '{"alg":"none"}', encode_json($claims), 'x';

	$google->rule('POST .*/token', status => 200, body => { access_token => 'x', refresh_token => 'y', expires_in => 3600, scope => join(' ', map { "https://www.googleapis.com/auth/calendar$_" } '', '.events'), id_token => $token });
	like(exchange('dan', 'ben@example.net'), qr/^failed OC0/, 'who it is for somebody else to say');
}
$google->rule('POST .*/token', status => 503, error => 'internal_failure', times => 20);
like(exchange('cleo', 'ben@example.net'), qr/^failed OC010: /, 'Google is down');
$google->clear;
is(connection($cleos, 'state'), 'active', 'what was connected stays so');
is(exchange('ben', 'ben@example.com'), 'succeeded', 'a broken connection, connected again');
is(connection($bens, "state || ' ' || failures"), 'active 0', 'is whole');

#
# Disconnecting
#

sub leave
{
	my ($id) = @_;

	return value(<<"SQL");
WITH waking AS MATERIALIZED (SELECT opencalendly.wake_workers_at_commit())
UPDATE opencalendly.calendar_connections SET state = 'leaving', attempt = attempt + 1, leased_until = NULL, next_sync_at = '-infinity'
	FROM waking WHERE id = '$id'
SQL
}

$google->rule('POST .*/revoke', status => 503, error => 'internal_failure');
$google->forget;
leave($cleos);
Outbox::poll(30, sub { value("SELECT count(*) FROM opencalendly.calendar_connections WHERE id = '$cleos'") eq '0' }) or fail('it does not leave');
is(scalar($google->asked(qr{/revoke })), 2, 'it is revoked, tried again');
is($google->grants('ben@example.net'), 0, 'no consent of that account is left');
is(value("SELECT count(*) FROM opencalendly.calendar_busy_windows AS w JOIN opencalendly.users AS u ON u.id = w.user_id WHERE u.username = 'cleo'"), '0', 'and no window');

#
# Nothing else went wrong
#

is(join("\n", $google->misshapen), '', "what we ask has the shape of Google's library, and so have the answers that we got");
is($google->setting('mailed'), undef, 'Google was not asked to mail anybody');
is(Outbox::stop($worker), '57014', 'the worker was there to the end');
is(join("\n", Outbox::failed_turns($node)), '', 'and none of its turns has failed');
$google->stop;
done_testing();
