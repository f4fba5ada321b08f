# Promise: whatever a receiver does, the attempt ends within the timeout, its row says how far it came and why it failed, and
# the delivery is what that means: delivered, due again after the delay of its attempt or what Retry-After says within bounds,
# failed after the last attempt, or kept until the endpoint is resumed. 200 receivers that hang do not delay one that answers.
use strict;
use warnings;
use List::Util qw(max min);
use OpenCalendly;
use Outbox;
use POSIX ();
use PostgreSQL::Test::Utils;
use Receiver;
use Scene;
use Test::More;
use Time::HiRes qw(sleep time);

my $timeout = 2;
my $receiver = Receiver->start(program => 'faults.mjs');

# One that is trusted, one that is not, and three that would be but for their day, their name, or how old their TLS is.
my %certificate = (
	good => Receiver::certificate(),
	old => { %{ Receiver::certificate() }, tls => 'TLSv1.1' },
	stranger => Receiver::certificate(),
	expired => Receiver::certificate(days => -1),
	elsewhere => Receiver::certificate(names => [ 'DNS:elsewhere.example', 'IP:127.0.0.2' ]));
my %secure = map { $_ => Receiver->start(program => 'faults.mjs', name => $_, %{ $certificate{$_} }) } sort keys %certificate;
my $ca_file = PostgreSQL::Test::Utils::tempdir() . '/authorities.pem';
append_to_file($ca_file, join '', map { slurp_file($certificate{$_}{certificate}) } qw(good old expired elsewhere));

my $node = OpenCalendly::node('main',
	conf => Scene::conf() . Outbox::conf(preload => 1, delivery_timeout => "${timeout}s", ca_file => $ca_file));
OpenCalendly::install($node);
Scene::host($node);
# so that nothing is tried again too soon, until the usual delays are looked at
set(retry_delays => '60s');

sub sql
{
	my ($query) = @_;

	return $node->safe_psql('postgres', $query);
}

sub set
{
	my ($name, $value) = @_;

	sql("ALTER SYSTEM SET opencalendly.$name = '$value'");
	$node->reload;
	return;
}

sub http_date
{
	my ($seconds) = @_;

	return POSIX::strftime('%a,%%20%d%%20%b%%20%Y%%20%H:%M:%S%%20GMT', gmtime(time + $seconds));
}

# What the delivery is after its first attempt: [from, to] seconds until it is due again, or its status.
my $backoff = [ 48, 72 ];
my $closed_port = PostgreSQL::Test::Cluster::get_free_port();
my @cases = (
	# answers
	[ 'ok', 'done', 204, '', 'succeeded' ],
	[ 'status/200', 'done', 200, '', 'succeeded' ],
	[ 'status/200/60', 'done', 200, '', 'succeeded' ],
	[ 'status/299', 'done', 299, '', 'succeeded' ],
	[ 'http-1.0', 'done', 200, '', 'succeeded' ],
	[ 'one-1xx', 'done', 200, '', 'succeeded' ],
	[ 'twice', 'done', 200, '', 'succeeded' ],
	[ 'redirect', 'done', 301, 'answered 301; redirects are not followed', $backoff ],
	[ 'redirect-here', 'done', 307, 'answered 307; redirects are not followed', $backoff ],
	[ 'status/304', 'done', 304, 'answered 304; redirects are not followed', $backoff ],
	[ 'status/400', 'done', 400, 'answered 400', $backoff ],
	[ 'status/410', 'done', 410, 'answered 410', 'paused' ],
	[ 'status/500', 'done', 500, 'answered 500', $backoff ],
	[ 'odd-status', 'done', 999, 'answered 999', $backoff ],
	[ 'utf8', 'done', 500, 'answered 500', $backoff ],
	# how long to wait, between a second and a day
	[ 'status/429', 'done', 429, 'answered 429', $backoff ],
	[ 'status/429/30', 'done', 429, 'answered 429', [ 30, 30 ] ],
	[ 'status/503/2', 'done', 503, 'answered 503', [ 2, 2 ] ],
	[ 'status/503/0', 'done', 503, 'answered 503', [ 1, 1 ] ],
	[ "status/503/${\ http_date(120)}", 'done', 503, 'answered 503', [ 90, 120 ] ],
	[ "status/503/${\ http_date(400 * 86400)}", 'done', 503, 'answered 503', [ 86400, 86400 ] ],
	[ 'status/503/1000000000000', 'done', 503, 'answered 503', [ 86400, 86400 ] ],
	[ 'status/503/99999999999999999999999999', 'done', 503, 'answered 503', [ 86400, 86400 ] ],
	[ 'status/503/-5', 'done', 503, 'answered 503', $backoff ],
	[ 'status/503/soon', 'done', 503, 'answered 503', $backoff ],
	[ 'status/503/12abc', 'done', 503, 'answered 503', $backoff ],
	# too slow
	[ 'hang', 'response', undef, 'timed out', $backoff ],
	[ 'drip', 'response', undef, 'timed out', $backoff ],
	[ 'drip-body', 'response', 200, 'timed out', $backoff ],
	[ 'upgrade', 'response', undef, qr/./, $backoff ],
	# too much: what has been read says enough
	[ 'big', 'done', 200, '', 'succeeded' ],
	[ 'endless', 'done', 200, '', 'succeeded' ],
	[ 'gzip', 'done', 200, '', 'succeeded' ],
	[ 'big-refusal', 'done', 500, 'answered 500', $backoff ],
	[ 'headers/1000/20', 'done', 200, '', 'succeeded' ],
	[ 'headers/1000/100', 'response', 200, 'response headers too long', $backoff ],
	[ 'headers/1/200000', 'response', 200, 'response headers too long', $backoff ],
	[ 'headers-endless', 'response', 200, 'response headers too long', $backoff ],
	[ 'flood-1xx', 'response', undef, 'response headers too long', $backoff ],
	# too little
	[ 'cut', 'response', 200, qr/./, $backoff ],
	[ 'reset', 'response', 200, qr/./, $backoff ],
	[ 'reset-at-once', 'response', undef, qr/./, $backoff ],
	[ 'close', 'response', undef, qr/./, $backoff ],
	# something else
	[ 'bad-chunk', 'response', 200, qr/./, $backoff ],
	[ 'odd-length', 'response', 200, qr/./, $backoff ],
	[ 'no-status', 'response', undef, qr/./, $backoff ],
	[ 'http-0.9', 'response', undef, qr/./, $backoff ],
	[ 'http2', 'response', undef, qr/./, $backoff ],
	# nobody there, or the wrong one
	[ "http://127.0.0.1:$closed_port/", 'connect', undef, 'connection refused', $backoff ],
	[ $receiver->url('/ok') =~ s/http:/https:/r, 'tls', undef, qr/./, $backoff ],
	[ $secure{good}->url('/ok') =~ s/https:/http:/r, 'response', undef, qr/./, $backoff ],
	[ $secure{good}->url('/ok'), 'done', 204, '', 'succeeded' ],
	[ $secure{good}->url('/ok', 'localhost'), 'done', 204, '', 'succeeded' ],
	[ $secure{old}->url('/ok'), 'tls', undef, 'TLS handshake failed', $backoff ],
	[ $secure{stranger}->url('/ok'), 'tls', undef, 'certificate not trusted', $backoff ],
	[ $secure{expired}->url('/ok'), 'tls', undef, 'certificate expired', $backoff ],
	[ $secure{elsewhere}->url('/ok'), 'tls', undef, 'certificate is for another name', $backoff ]);

# All at once, each with an endpoint of its own.
my @endpoints = map { Outbox::endpoint($node, $_->[0] =~ /^https?:/ ? $_->[0] : $receiver->url("/$_->[0]")) } @cases;
my @deliveries = Outbox::enqueue($node, @endpoints);
my %delivery_of = map { $_ => sql("SELECT id FROM opencalendly.webhook_deliveries WHERE subscription_id = '$_'") } @endpoints;
my $began = time;
my $worker = Outbox::worker($node);
ok(Outbox::attempted($node, 1, @deliveries), 'each has had its attempt');
cmp_ok(time - $began, '<=', $timeout + 2, 'all of them at the same time');

# What the tables say of each, all at the same moment.
my %row = map { my @columns = split /\|/, $_, -1; (shift @columns => \@columns) } split /\n/, sql(<<'SQL');
SELECT d.subscription_id, a.phase, a.status, a.error, a.elapsed_ms, d.last_error, d.status, d.settled_at IS NOT NULL,
	extract(epoch FROM d.due_at - a.started_at) - a.elapsed_ms / 1000.0
	FROM opencalendly.webhook_deliveries AS d JOIN opencalendly.delivery_attempts AS a ON a.delivery_id = d.id AND a.attempt = 1
SQL

# How many seconds after the first attempt the second one was.
sub second_after
{
	my ($delivery) = @_;

	Outbox::attempted($node, 2, $delivery);
	return sql(<<"SQL");
SELECT extract(epoch FROM b.started_at - a.started_at) - a.elapsed_ms / 1000.0
	FROM opencalendly.delivery_attempts AS a JOIN opencalendly.delivery_attempts AS b USING (delivery_id)
	WHERE delivery_id = '$delivery' AND a.attempt = 1 AND b.attempt = 2
SQL
}

for my $i (0 .. $#cases)
{
	my ($path, $phase, $status, $error, $then) = @{ $cases[$i] };
	my $name = $path =~ s{^(https?)://([^:]+):\d+}{$1 $2 }r =~ s{%20}{ }gr;
	my ($said_phase, $said_status, $said_error, $elapsed_ms, $last_error, $is_now, $is_settled, $due_in) =
	  @{ $row{ $endpoints[$i] } };
	my $is_as_told = ref $error ? $said_error =~ $error : $said_error eq $error;

	is("$said_phase " . ($said_status || 'no status'), "$phase " . ($status // 'no status'), "$name: phase and status");
	ok($is_as_told, "$name: the error") or diag("it says: $said_error");
	unlike($said_error, qr/\d+\.\d+\.\d+|localhost|:\d|curl|openssl|errno/i, "$name: it names no address and no library");
	cmp_ok($elapsed_ms, '<=', 1000 * $timeout + 1000, "$name: within the timeout");
	is($is_settled, ref $then || $then eq 'paused' ? 'f' : 't', "$name: whether it is settled");
	if (!ref $then)
	{
		is($is_now, $then, "$name: it has $then");
		is($last_error, $said_error, "$name: the delivery says why, too");
		next;
	}
	# settled a moment after the attempt's end, in groups; what is due is looked for once a second
	my ($from, $to) = @$then;
	my $is_soon = $to < 10;
	$due_in = second_after($delivery_of{ $endpoints[$i] }) if $is_soon;
	ok($due_in >= $from - 0.05 && $due_in <= $to + ($is_soon ? 3 : 1), "$name: again in $from to $to s") or diag("in $due_in s");
	next if $is_soon;
	is($is_now, 'pending', "$name: it is tried again");
	is($last_error, $said_error, "$name: the delivery says why, too");
}
is(scalar $receiver->requests('/ok'), 1, 'no redirect is followed');

# A receiver that hangs must not keep the next one waiting, nor 200 of them with more in store each.
sql('DELETE FROM opencalendly.webhook_deliveries');
my $good = Outbox::endpoint($node, $receiver->url('/ok?good'));
my @hanging = map { Outbox::endpoint($node, $receiver->url("/hang?$_")) } 1 .. 200;
Outbox::enqueue($node, (@hanging) x 5);
ok( Outbox::poll(10, sub { $receiver->requests(sub { $_[0]{path} =~ m{^/hang\?} }) >= 200 }),
	'200 receivers have a request and hang');
my (@sent, @delays);
for my $n (1 .. 20)
{
	push @sent, Outbox::enqueue($node, $good);
	my @come = $receiver->wait_for($n, '/ok?good');
	push @delays, $come[-1]{at_ms} / 1000 - sql("SELECT extract(epoch FROM created_at) FROM opencalendly.webhook_deliveries WHERE id = '$sent[-1]'");
	sleep 0.2;
}
note 'delays of the good one: ' . join ' ', map { sprintf '%.3f', $_ } sort { $a <=> $b } @delays;
cmp_ok(max(@delays), '<', 1, 'beside them, one that answers has each delivery within a second');
cmp_ok(sql("SELECT count(*) FROM opencalendly.delivery_attempts AS a JOIN opencalendly.webhook_deliveries AS d ON d.id = a.delivery_id JOIN opencalendly.webhook_subscriptions AS s ON s.id = d.subscription_id WHERE s.url LIKE '%/hang?%' AND a.elapsed_ms NOT BETWEEN 1000 * $timeout AND 1000 * $timeout + 1000"),
	'==', 0, 'those that hang have the whole timeout and not much more');
is(sql("SELECT count(*) FROM (SELECT FROM opencalendly.webhook_deliveries AS d JOIN opencalendly.webhook_subscriptions AS s ON s.id = d.subscription_id WHERE s.url LIKE '%/hang?%' GROUP BY s.id HAVING max(d.attempt) = 0) AS x"),
	'0', 'and none of them is forgotten');
sql('DELETE FROM opencalendly.webhook_deliveries');

# One that answers late is asked by a few requests at a time, however much is due.
my @queued = Outbox::enqueue($node, (Outbox::endpoint($node, $receiver->url('/hold'))) x 60);
my %at_once;
ok( Outbox::poll(30, sub {
		my $holding = $receiver->order(do => 'holding');

		$at_once{$holding}++;
		$receiver->order(do => 'release', status => 200);
		return sql("SELECT count(*) FROM opencalendly.webhook_deliveries WHERE status <> 'succeeded'") eq '0';
	}),
	'60 deliveries of one endpoint');
note 'at the same time: ' . join ' ', sort { $a <=> $b } keys %at_once;
ok(max(keys %at_once) <= 8 && max(keys %at_once) > 1, 'are sent by a few at a time');
is(scalar(() = $receiver->requests('/hold')), scalar @queued, 'none twice');
sql('DELETE FROM opencalendly.webhook_deliveries');

# The schedule: 20 deliveries before each of the ten attempts.
my @delays_of = (5, 30, 120, 600, 1800, 7200, 21600, 43200, 86400);
my @failing = map { Outbox::endpoint($node, $receiver->url("/status/500?$_")) } 1 .. 20;
my $list = join ', ', map { "'$_'" } @failing;
is(Outbox::stop($worker), '57014', 'the worker has gone on all the time');
sql('ALTER SYSTEM RESET opencalendly.retry_delays');
$node->reload;
Outbox::broadcast($node, 10, @failing);
sql(<<'SQL');
UPDATE opencalendly.webhook_deliveries AS d SET attempt = n.before
	FROM (SELECT id, row_number() OVER (PARTITION BY subscription_id ORDER BY id) - 1 AS before FROM opencalendly.webhook_deliveries) AS n
	WHERE n.id = d.id
SQL
$worker = Outbox::worker($node);
ok(Outbox::poll(20, sub { sql(<<'SQL') eq '200' }), 'each has one attempt more');
SELECT count(*) FROM opencalendly.webhook_deliveries AS d JOIN opencalendly.delivery_attempts AS a ON a.delivery_id = d.id AND a.attempt = d.attempt
SQL
for my $n (1 .. 9)
{
	my ($count, $least, $most) = split /\|/, sql(<<"SQL");
SELECT count(*), min(delay), max(delay) FROM (
	SELECT extract(epoch FROM d.due_at - a.started_at) - a.elapsed_ms / 1000.0 AS delay
	FROM opencalendly.webhook_deliveries AS d JOIN opencalendly.delivery_attempts AS a ON a.delivery_id = d.id AND a.attempt = d.attempt
	WHERE d.attempt = $n AND d.status = 'pending') AS x
SQL
	my $delay = $delays_of[ $n - 1 ];

	is($count, 20, "after attempt $n: pending");
	ok($least >= 0.8 * $delay - 0.05 && $most <= 1.2 * $delay + 0.5, "after attempt $n: in $delay s, a fifth more or less")
	  or diag("$least to $most");
	cmp_ok($most - $least, '>', 0.08 * $delay, "after attempt $n: not all at the same time");
}
is(sql("SELECT count(*), count(settled_at), count(last_error), count(*) FILTER (WHERE attempt = 10) FROM opencalendly.webhook_deliveries WHERE status = 'failed'"),
	'20|20|20|20', 'after the tenth: failed, and settled');
is(sql("SELECT count(*) FROM opencalendly.webhook_subscriptions WHERE id IN ($list) AND (failing_since IS NULL OR paused_reason IS NOT NULL)"),
	'0', 'the endpoints are known to fail, and not paused yet');

# Retry-After is for the first attempts; later ones wait as long as planned, or longer if it says so.
my @asking = map { Outbox::endpoint($node, $receiver->url($_)) } '/status/503/3?a', '/status/503/7000?b';
my @asked = Outbox::enqueue($node, @asking);
for my $round ([ 3, [ 3, 3 ], [ 7000, 7000 ] ], [ 4, [ 480, 720 ], [ 7000, 7000 ] ])
{
	my ($attempt, @wanted) = @$round;

	Outbox::attempted($node, 1, @asked);
	sql("UPDATE opencalendly.webhook_deliveries SET attempt = $attempt - 1, due_at = '-infinity' WHERE id IN ('$asked[0]', '$asked[1]')");
	ok(Outbox::attempted($node, $attempt, @asked), "attempt $attempt");
	for my $i (0, 1)
	{
		my $delay = sql("SELECT extract(epoch FROM d.due_at - a.started_at) - a.elapsed_ms / 1000.0 FROM opencalendly.webhook_deliveries AS d JOIN opencalendly.delivery_attempts AS a ON a.delivery_id = d.id AND a.attempt = $attempt WHERE d.subscription_id = '$asking[$i]'");
		ok($delay >= $wanted[$i][0] - 0.05 && $delay <= $wanted[$i][1] + 0.5, "attempt $attempt: asked for ${\ (3, 7000)[$i]} s, it is $wanted[$i][0] to $wanted[$i][1] s")
		  or diag($delay);
	}
}

# 410, and failing for too long: paused with a reason, everything kept; resumed, everything is sent.
sql('DELETE FROM opencalendly.webhook_deliveries');
my $gone = Outbox::endpoint($node, $receiver->url('/gone-first'), events => ['booking.canceled']);
Outbox::enqueue($node, ($gone) x 5);
ok(Outbox::poll(10, sub { sql("SELECT paused_reason FROM opencalendly.webhook_subscriptions WHERE id = '$gone'") ne '' }), '410 pauses the endpoint');
is(sql("SELECT paused_reason FROM opencalendly.webhook_subscriptions WHERE id = '$gone'"), 'The endpoint answered 410 Gone.', 'and says why');
ok(Outbox::poll(10, sub { sql("SELECT count(*) FROM opencalendly.webhook_deliveries WHERE subscription_id = '$gone' AND status = 'paused'") eq '5' }),
	'what is queued is paused with it');
my $before = $receiver->requests('/gone-first');
Outbox::enqueue($node, $gone);
my $other = Outbox::endpoint($node, $receiver->url('/ok?other'));
Outbox::settled($node, Outbox::enqueue($node, $other));
is(scalar $receiver->requests('/gone-first'), $before, 'while it is paused, nothing is sent to it, whatever is queued');
my @ids = sql("SELECT id FROM opencalendly.webhook_deliveries WHERE subscription_id = '$gone' ORDER BY id") =~ /\S+/g;
$receiver->order(do => 'mend');
is(sql("SELECT opencalendly.resume_webhook('$gone')"), $gone, 'it is resumed');
ok(Outbox::settled($node, @ids), 'the queue is settled');
is(sql("SELECT count(*) FROM opencalendly.webhook_deliveries WHERE subscription_id = '$gone' AND status = 'succeeded'"), '6', 'all that was kept has come');
is(sql("SELECT paused_reason IS NULL, failing_since IS NULL, is_active FROM opencalendly.webhook_subscriptions WHERE id = '$gone'"), 't|t|t', 'and nothing is held against it');

my ($nearly, $long, $mended) = map { Outbox::endpoint($node, $receiver->url($_)) } '/status/500?nearly', '/status/500?long', '/ok?mended';
sql("UPDATE opencalendly.webhook_subscriptions SET failing_since = clock_timestamp() - interval '2 days 23 hours 59 min' WHERE id IN ('$nearly', '$mended')");
sql("UPDATE opencalendly.webhook_subscriptions SET failing_since = clock_timestamp() - interval '3 days 1 min' WHERE id = '$long'");
Outbox::enqueue($node, $nearly, $long, $long, $mended);
ok( Outbox::poll(10, sub { sql("SELECT count(DISTINCT d.subscription_id) FROM opencalendly.delivery_attempts AS a JOIN opencalendly.webhook_deliveries AS d ON d.id = a.delivery_id WHERE d.subscription_id IN ('$nearly', '$long', '$mended')") eq '3' }),
	'one more attempt each');
is(sql("SELECT paused_reason IS NULL, failing_since < clock_timestamp() - interval '2 days' FROM opencalendly.webhook_subscriptions WHERE id = '$nearly'"),
	't|t', 'failing for less than three days: not paused, and the time counts on');
like(sql("SELECT paused_reason FROM opencalendly.webhook_subscriptions WHERE id = '$long'"), qr/^No delivery has succeeded since /, 'failing for more: paused');
is(sql("SELECT count(*) FROM opencalendly.webhook_deliveries WHERE subscription_id = '$long' AND status = 'paused'"), '2', 'with its queue');
is(sql("SELECT failing_since IS NULL FROM opencalendly.webhook_subscriptions WHERE id = '$mended'"), 't', 'one success ends the counting');

# The same with the time shortened, and by itself.
sql('DELETE FROM opencalendly.webhook_deliveries');
set(pause_after => '3s');
set(retry_delays => '1s');
my $dead = Outbox::endpoint($node, $receiver->url('/status/500?dead'));
Outbox::enqueue($node, $dead);
ok(Outbox::poll(15, sub { sql("SELECT paused_reason FROM opencalendly.webhook_subscriptions WHERE id = '$dead'") ne '' }),
	'it is paused after pause_after');
my $tries = sql("SELECT count(*) FROM opencalendly.delivery_attempts AS a JOIN opencalendly.webhook_deliveries AS d ON d.id = a.delivery_id WHERE d.subscription_id = '$dead'");
ok($tries >= 3 && $tries <= 5, 'a delay apart each') or diag("$tries attempts");

is(Outbox::stop($worker), '57014', 'this worker, too, has gone on');
is(join("\n", Outbox::failed_turns($node)), '', 'nothing had to be tried again');
$node->stop;
$_->stop for $receiver, values %secure;
done_testing();
