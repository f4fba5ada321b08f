# Promise: a sync is there as a whole or not at all, and one worker's alone. Whatever ends a worker in its middle (kill -9, and the
# recovery after it; termination; the server's end), the windows are the old ones, whole, and another worker takes it up when the
# lease has run out. Two workers never read one connection at once. What was disconnected while it was being read is gone, all
# of it: an answer that comes afterwards writes nothing.
use strict;
use warnings;
use Google;
use JSON::PP;
use Mail;
use OpenCalendly;
use Outbox;
use PostgreSQL::Test::Utils;
use Scene;
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => Google::missing() if defined Google::missing();

my $n = 12; # connections in the crowd
my @crowd = map { "guest$_\@example.com" } 1 .. $n;
my $google = Google->start(accounts => [ 'ada@example.com', 'ben@example.com', @crowd ]);
my $node = OpenCalendly::node('main', conf => Google::conf($google, delivery_timeout => '20s', calendar_sync_interval => '1h') . "restart_after_crash = on\n");
OpenCalendly::install($node);
Google::write_secret($node);
Mail::host($node);
sub value { return $node->safe_psql('postgres', $_[0]) }
value("SELECT opencalendly.create_user(split_part(n, '\@', 1), n) FROM unnest(ARRAY['ben\@example.com', " . join(', ', map { "'$_'" } @crowd) . ']) AS n');

my $day = 86400;
my $noon = (int(time / $day) + 1) * $day + 43200;
sub instant { my @t = gmtime($_[0]); return sprintf('%04d-%02d-%02dT%02d:%02d:%02dZ', $t[5] + 1900, $t[4] + 1, @t[3, 2, 1, 0]) }
sub at { my ($id, $n) = @_; return { id => $id, start => { dateTime => instant($noon + $n * 7200) }, end => { dateTime => instant($noon + $n * 7200 + 3600) } } }

sub connection { return value("SELECT $_[1] FROM opencalendly.calendar_connections WHERE id = '$_[0]'") }

sub ask
{
	my ($id) = @_;

	value("SELECT opencalendly.wake_workers_at_commit(); UPDATE opencalendly.calendar_connections SET asked_at = clock_timestamp(), next_sync_at = '-infinity' WHERE id = '$id'");
	return;
}

sub is_synced { my ($id) = @_; return Outbox::poll(30, sub { connection($id, 'tried_at >= asked_at AND leased_until IS NULL') eq 't' }) }

sub windows { return value("SELECT string_agg(w::text, ' ' ORDER BY w::text) FROM opencalendly.calendar_busy_windows AS w JOIN opencalendly.calendars AS c ON c.id = w.calendar_id WHERE c.connection_id = '$_[0]'") }

sub holds { my ($n) = @_; return Outbox::poll(30, sub { $google->holding >= $n }) }

my $events = 'GET .*/events';
my $ada = 'ada@example.com';
$google->put($ada, $ada, map { at("a$_", $_) } 1 .. 20);
my $connection = $google->connect($node, 'ada');
my $worker = Google::worker($node);
Outbox::poll(30, sub { connection($connection, 'synced_at IS NOT NULL') eq 't' }) or die 'the first sync does not come';
my $before = windows($connection);
is(value('SELECT count(*) FROM opencalendly.calendar_busy_windows'), '20', 'twenty windows');

#
# Ended in the middle: what it had read until then counts for nothing
#

# All events are others, and the second page is not answered.
sub in_the_middle
{
	my ($round) = @_;

	$google->settings(pageSize => 6);
	$google->forget_tokens($ada, $ada);
	$google->put($ada, $ada, map { at("a$_", $_ + 40 * $round) } 1 .. 20);
	$google->rule("$events.*pageToken", hold => JSON::PP::true);
	ask($connection);
	holds(1) or die 'the sync does not come to its second page';
	return;
}

# It can be taken up by somebody else at once only when it was given back.
sub goes_on
{
	my ($name, %options) = @_;

	is(windows($connection), $before, "$name: the windows are the old ones, whole");
	is(connection($connection, 'leased_until IS NULL'), $options{is_released} ? 't' : 'f', "$name: the lease is " . ($options{is_released} ? 'given back' : 'left'));
	$google->clear;
	$google->release;
	value("UPDATE opencalendly.calendar_connections SET leased_until = clock_timestamp() WHERE leased_until IS NOT NULL AND id = '$connection'");
	$worker = Google::worker($node);
	ask($connection) if $options{is_released};
	Outbox::poll(30, sub { windows($connection) ne $before && is_synced($connection) }) or fail("$name: nobody takes it up");
	is(value('SELECT count(*) FROM opencalendly.calendar_busy_windows'), '20', "$name: then it is read again");
	$before = windows($connection);
	return;
}

in_the_middle(1);
kill 'KILL', $worker->{pid};
eval { $worker->{session}->quit };
$node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()');
goes_on('kill -9');

in_the_middle(2);
value("SELECT pg_terminate_backend($worker->{pid})");
eval { $worker->{session}->quit };
Outbox::poll(20, sub { value("SELECT count(*) FROM pg_stat_activity WHERE pid = $worker->{pid}") eq '0' });
goes_on('SIGTERM', is_released => 1);

in_the_middle(3);
is(Outbox::stop($worker), '57014', 'cancelation');
goes_on('cancelation', is_released => 1);

in_the_middle(4);
$node->stop('immediate');
eval { $worker->{session}->quit };
$node->start;
goes_on('the server ends');

# In the transaction that writes.
in_the_middle(5);
my $blocker = Scene::session($node);
Scene::answer($blocker, 'BEGIN; LOCK TABLE opencalendly.calendar_busy_windows IN SHARE MODE');
$google->clear;
$google->release;
$node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_locks WHERE pid = $worker->{pid} AND NOT granted AND relation = 'opencalendly.calendar_busy_windows'::regclass")
  or fail('it does not come to write');
kill 'KILL', $worker->{pid};
eval { $worker->{session}->quit };
eval { $blocker->quit };
$node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()');
goes_on('kill -9 while it writes');

#
# One worker's alone
#

# A sync that is held is nobody else's, however often it is asked for.
my $second = Google::worker($node);
$google->settings(pageSize => 2500);
$google->rule($events, hold => JSON::PP::true);
$google->forget;
ask($connection);
holds(1) or fail('it is not read');
for (1 .. 5)
{
	ask($connection);
	sleep 0.05;
}
my $asked = connection($connection, 'asked_at');
sleep 0.3;
is(scalar($google->asked(qr/events/)), 1, 'asked for again and again, it is read once at a time');
$google->clear;
$google->release;
Outbox::poll(30, sub { connection($connection, "tried_at >= '$asked' AND leased_until IS NULL") eq 't' }) or fail('what was asked for meanwhile comes afterwards');
is(scalar($google->asked(qr/events/)), 2, 'and once more afterwards');

# Lets the answer go that a worker does not expect any more, and waits until it has read something else afterwards.
sub goes_on_after_late_answer
{
	my ($name) = @_;

	$google->clear;
	$google->forget;
	$google->release;
	$google->wait_for(sub { $google->events('answered') }, sub { 0 });
	my $next = $google->connect($node, 'ben');
	Outbox::poll(30, sub { connection($next, 'synced_at IS NOT NULL') eq 't' }) or fail("$name: the worker does not go on");
	value("DELETE FROM opencalendly.calendar_connections WHERE id = '$next'");
	return;
}

# Three workers and a crowd that is always due: no two requests with one access token overlap.
my $third = Google::worker($node);
my @ids = map { $google->connect($node, s/@.*//r, account => $_) } @crowd;
value("ALTER SYSTEM SET opencalendly.calendar_sync_interval = '1s'; SELECT pg_reload_conf()");
$google->rule($events, times => 1e6, delay_ms => 30);
$google->forget;
my $list = join ', ', map { "'$_'" } @ids;
my $waking = 'SELECT opencalendly.wake_workers_at_commit()';
my $rounds = 0;
my $until = time + 4;
while (time < $until)
{
	value(join ";\n", map { $_, $waking } map { "UPDATE opencalendly.calendar_connections SET asked_at = clock_timestamp(), next_sync_at = '-infinity' WHERE id = '$_'" } @ids);
	$rounds++;
}
Outbox::poll(30, sub { value("SELECT count(*) FROM opencalendly.calendar_connections WHERE id IN ($list) AND (leased_until IS NOT NULL OR COALESCE(tried_at < asked_at, true))") eq '0' })
  or fail('all that was asked for is done');
$google->clear;
my (%under_way, $overlaps, $syncs);
for my $event (sort { $a->{order} <=> $b->{order} } $google->asked(qr/events/), grep { $_->{answered} =~ /events/ } $google->events('answered'))
{
	my ($calendar) = ($event->{answered} // $event->{path}) =~ m{calendars/([^/]+)/};

	if ($event->{answered}) { $under_way{$calendar} = 0 }
	else
	{
		$syncs++;
		$overlaps++ if $under_way{$calendar}++;
	}
}
cmp_ok($syncs, '>', 3 * $n, "three workers have read the crowd again and again ($syncs times in $rounds rounds)");
is($overlaps // 0, 0, 'never one connection twice at once');
is(value("SELECT count(*) FROM opencalendly.calendar_connections WHERE failures > 0"), '0', 'and none has failed');
value("ALTER SYSTEM RESET opencalendly.calendar_sync_interval; SELECT pg_reload_conf()");
Outbox::stop($_) for $second, $third;

# Who has lost the lease comes too late: an answer from before writes nothing.
$google->forget_tokens($ada, $ada);
$google->rule("$events.*timeMin", hold => JSON::PP::true, after => JSON::PP::true);
ask($connection);
holds(1) or fail('it is not read');
$google->put($ada, $ada, map { at("a$_", $_ + 300) } 1 .. 20);
$before = windows($connection);
value("UPDATE opencalendly.calendar_connections SET leased_until = clock_timestamp() WHERE id = '$connection'");
ask($connection);
Outbox::poll(30, sub { windows($connection) ne $before && is_synced($connection) }) or fail('nobody takes it up');
$before = windows($connection);
goes_on_after_late_answer('who has lost the lease');
is(windows($connection), $before, 'who has lost the lease: writes nothing');

#
# Disconnected in the middle
#

$google->rule($events, hold => JSON::PP::true);
$google->forget;
ask($connection);
holds(1) or fail('it is not read');
value(<<"SQL");
SELECT opencalendly.wake_workers_at_commit();
UPDATE opencalendly.calendar_connections SET state = 'leaving', attempt = attempt + 1, leased_until = NULL, next_sync_at = '-infinity' WHERE id = '$connection'
SQL
Outbox::poll(30, sub { value("SELECT count(*) FROM opencalendly.calendar_connections WHERE id = '$connection'") eq '0' }) or fail('it is not gone');
my $traces = join ' UNION ALL ', map { "SELECT count(*) FROM opencalendly.$_" } map { "$_ AS t WHERE t.user_id = (SELECT id FROM opencalendly.users WHERE username = 'ada')" }
  qw(calendar_connections calendars calendar_busy_windows calendar_entries calendar_writebacks);
is(value("SELECT sum(count) FROM ($traces) AS t"), '0', 'disconnected while it is read: all of it is gone');
is($google->grants($ada), 0, 'and revoked');
goes_on_after_late_answer('disconnected');
is(Outbox::stop($worker), '57014', 'the worker was there to the end');
is(value("SELECT sum(count) FROM ($traces) AS t"), '0', 'and written nothing');
is(join("\n", Outbox::failed_turns($node)), '', 'no turn has failed');
$google->stop;
done_testing();
