# Promise: when the server's clock is set back by an hour, while workers run or while none does, nothing is sent twice and
# nothing waits an hour more: neither what is under way nor what waits for its next attempt, nor what comes later. Forwards by an
# hour: what is under way may be sent again, under the same ids, but each delivery is settled once.
use strict;
use warnings;
use OpenCalendly;
use Outbox;
use PostgreSQL::Test::Utils;
use Receiver;
use Scene;
use Test::More;
use Time::HiRes qw(sleep time);

my ($faketime) = glob '/usr/lib/*/faketime/libfaketime.so.1';
plan skip_all => 'libfaketime is not here' unless defined $faketime;

my $receiver = Receiver->start(program => 'faults.mjs');
my $offset = PostgreSQL::Test::Utils::tempdir() . '/offset';
my $node = OpenCalendly::node('main', start => 0,
	conf => Scene::conf() . Outbox::conf(preload => 1, delivery_timeout => '20s', retry_delays => '4s'));

# By so many seconds the server's clock is wrong, from now on; what measures lengths of time is not touched.
sub set_clock
{
	my ($seconds) = @_;

	open(my $file, '>', "$offset.new") or die "$offset.new: $!";
	printf $file "%+d\n", $seconds;
	close($file) or die "$offset.new: $!";
	rename("$offset.new", $offset) or die "$offset: $!";
	return;
}

sub sql
{
	my ($query) = @_;

	return $node->safe_psql('postgres', $query);
}

sub start
{
	local %ENV = (
		%ENV,
		LD_PRELOAD => $faketime,
		FAKETIME_TIMESTAMP_FILE => $offset,
		FAKETIME_NO_CACHE => 1,
		FAKETIME_DONT_FAKE_MONOTONIC => 1);

	$node->start;
	return;
}

sub is_off_by
{
	my ($seconds) = @_;

	return abs(sql('SELECT extract(epoch FROM clock_timestamp())') - time - $seconds) < 2;
}

set_clock(0);
start();
OpenCalendly::install($node);
Scene::host($node);
ok(is_off_by(0), 'the clock is right');

my ($done, $failing, $holding, $later, $held) = map { Outbox::endpoint($node, $receiver->url($_)) }
  '/ok?done', '/status/500?failing', '/hold-first?holding', '/ok?later', '/hold-first?held';
my @workers = map { Outbox::worker($node) } 1, 2;

# A round: one delivered, one failed once, one under way; then the clock is another.
sub round_of
{
	my ($name, $seconds) = @_;
	my ($first, $second, $third) = map { Outbox::enqueue($node, $_) } $done, $failing, $holding;

	ok(Outbox::settled($node, $first) && Outbox::attempted($node, 1, $second), "$name: one is delivered, one has failed");
	ok(Outbox::poll(10, sub { $receiver->order(do => 'holding') == 1 }), "$name: one is under way");
	# a worker writes down every few seconds what time it is
	my $now = sql('SELECT clock_timestamp()');
	$node->poll_query_until('postgres', "SELECT bool_or(seen_at > '$now'::timestamptz - interval '1 s') FROM opencalendly.worker_heartbeats")
	  or die 'no heartbeat';
	my @attempts = map { sql("SELECT max(attempt) FROM opencalendly.webhook_deliveries WHERE id = '$_'") } $second;
	set_clock($seconds);
	ok(is_off_by($seconds), "$name: the clock is another");
	return ($first, $second, $third, $attempts[0]);
}

# What is sent after it comes at once, and no more than once; what has failed comes again after its delay.
sub goes_on
{
	my ($name, $second, $attempt) = @_;
	my $began = time;
	my ($new, $new_held) = map { Outbox::enqueue($node, $_) } $later, $held;

	ok(Outbox::settled($node, $new), "$name: what is new is sent");
	cmp_ok(time - $began, '<', 2.5, "$name: soon");
	ok(Outbox::poll(20, sub { Outbox::delivery($node, $second, 'attempt') > $attempt + 1 }), "$name: what has failed is tried again, and again");
	# each delay is 4.8 s at most, what the worker has written down may be some seconds old
	cmp_ok(time - $began, '<', 18, "$name: with the usual delay");
	cmp_ok(time - $began, '>', 2.5, "$name: and not without");
	is(Outbox::delivery($node, $new_held), 'leased|1|', "$name: what was begun since is under way, once");
	return $new_held;
}

sub is_sent_once
{
	my ($name, $first, @held) = @_;

	is($receiver->order(do => 'release', status => 204), scalar @held, "$name: what is under way is under way once");
	ok(Outbox::settled($node, @held), "$name: and is settled by its answer");
	is(Outbox::delivery($node, $_), 'succeeded|1|', "$name: by the first attempt") for $first, @held;
	is(scalar $receiver->requests(sub { $_[0]{headers}{'x-opencalendly-delivery-id'} eq $first }), 1, "$name: what was delivered is not sent again");
	is(sql("SELECT count(*) FROM opencalendly.delivery_attempts AS a WHERE a.elapsed_ms NOT BETWEEN 0 AND 60000"), '0', "$name: no attempt was a wrong time long");
	return;
}

my ($first, $second, $third, $attempt) = round_of('an hour back', -3600);
my $fourth = goes_on('an hour back', $second, $attempt);
is(Outbox::delivery($node, $third, "leased_until < clock_timestamp() + interval '45 s'"), 't', 'an hour back: what is under way has a lease as before');
is_sent_once('an hour back', $first, $third, $fourth);
is(sql("SELECT count(*) FROM opencalendly.worker_heartbeats WHERE seen_at > clock_timestamp() + interval '1 s'"), '0', 'an hour back: the worker knows the time');

# While nobody is there; and what a worker that died had under way.
($first, $second, $third, $attempt) = round_of('back without a worker', -3600);
$node->stop('immediate');
Scene::last_words($_->{session}) for @workers;
set_clock(-7200);
start();
ok(is_off_by(-7200), 'back without a worker: the clock is another');
@workers = map { Outbox::worker($node) } 1, 2;
goes_on('back without a worker', $second, $attempt);
is(Outbox::delivery($node, $third, "status, attempt, leased_until < clock_timestamp() + interval '45 s'"), 'leased|1|t', 'back without a worker: the lease of one that died does not grow');
sql("UPDATE opencalendly.webhook_deliveries SET leased_until = clock_timestamp() WHERE id = '$third'");
ok(Outbox::settled($node, $third), 'back without a worker: and when it has run out it is sent');
is(Outbox::delivery($node, $third), 'succeeded|2|', 'back without a worker: by the second attempt');
$receiver->order(do => 'release', status => 204);

# Forwards.
($first, $second, $third, $attempt) = round_of('an hour forward', -3600);
ok(Outbox::settled($node, $third), 'an hour forward: the lease has run out, what is under way is sent again');
is(Outbox::delivery($node, $third), 'succeeded|2|', 'an hour forward: and settled by that');
my $before = Outbox::delivery($node, $third, '*') . Outbox::attempts($node, $third, '*');
is($receiver->order(do => 'release', status => 500), 1, 'an hour forward: the old request is answered');
my ($new) = Outbox::enqueue($node, $later);
ok(Outbox::settled($node, $new), 'an hour forward: what is new is sent');
is(Outbox::delivery($node, $third, '*') . Outbox::attempts($node, $third, '*'), $before, 'an hour forward: that writes nothing');
is(scalar $receiver->requests(sub { $_[0]{headers}{'x-opencalendly-delivery-id'} eq $first }), 1, 'an hour forward: what was delivered is not sent again');

is(Outbox::stop($_), '57014', 'a worker has gone on all the time') for @workers;
is(join("\n", Outbox::failed_turns($node)), '', 'nothing had to be tried again');
$node->stop;
$receiver->stop;
done_testing();
