# Promise: whoever asks at the same moment, whatever ends in the middle. A slot goes to one of 50 clients, an idempotency
# key to one booking. A database that stops, or throws its clients out, is told by 503 and Retry-After, and nothing else
# is lost: every booking that was answered is there, every wish that is repeated is granted once, every thread serves
# again. A shim that is stopped answers what it was asked; one that is killed has not booked twice. Slow and idle clients
# hold their threads for a while, not for good. What must not be served is not, and a wrong setting is told.
use strict;
use warnings;
use Crowd;
use JSON::PP;
use List::Util qw(max sum0 uniq);
use OpenCalendly;
use POSIX ();
use PostgreSQL::Test::Utils;
use Scene;
use Shim;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = OpenCalendly::node('main', conf => Scene::conf() . "opencalendly.dev_login_links = off\n");
OpenCalendly::install($node);
Scene::host($node);
my $page = '/v0/users/ada/event-types/intro';
my $get = Crowd::request('GET', $page, headers => [ Connection => 'close' ]);
my $health = Crowd::request('GET', '/health', headers => [ Connection => 'close' ]);

# Instants from 2026-06-02 on, 16 a day.
sub slot
{
	my ($number) = @_;
	my @date = (gmtime(POSIX::mktime(0, 0, 0, 2, 5, 126) + 86400 * int($number / 16)))[ 5, 4, 3 ];

	return sprintf '%04d-%02d-%02dT%02d:%02d:00.000Z', $date[0] + 1900, $date[1] + 1, $date[2],
	  9 + int($number % 16 / 2), $number % 2 * 30;
}

sub booking
{
	my ($number, $invitee, $key) = @_;
	my %body = (username => 'ada', eventSlug => 'intro', startsAt => slot($number), inviteeName => 'Ann', inviteeEmail => "$invitee\@example.com");

	return Crowd::request('POST', '/v0/bookings',
		headers => [ 'Idempotency-Key' => $key // "the-key-of-$invitee", Connection => 'close' ], json => \%body);
}

sub status_of
{
	my ($client) = @_;

	my @answers = @{ $client->{answers} };

	return @answers ? $answers[-1]{status} : 'none';
}

# '200: 1, 409: 49'
sub count_of
{
	my %count;

	$count{$_}++ for @_;
	return join ', ', map { "$_: $count{$_}" } sort keys %count;
}

sub sql
{
	my ($query) = @_;

	return $node->safe_psql('postgres', $query);
}

sub metric
{
	my ($shim, $name) = @_;
	my $text = Http->new(port => $shim->metrics_port)->get('/metrics')->{body};

	return $text =~ /^\Q$name\E (\S+)$/m ? $1 : undef;
}

sub poll
{
	my ($seconds, $condition) = @_;
	my $until = time + $seconds;

	until ($condition->())
	{
		return 0 if time > $until;
		sleep 0.02;
	}
	return 1;
}

# Each thread has a request under way at the same time, and answers it.
sub no_thread_is_lost
{
	my ($shim, $threads, $name) = @_;
	my $crowd = Crowd->new($shim->port);
	my $head = "POST /v0/holds HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
	my @clients = map { $crowd->client(send => $head, answers => 2) } 1 .. $threads;
	my $together = $crowd->pump(20, sub { !grep { !@{ $_->{answers} } } @clients });

	push @{ $_->{queue} }, [ 0, '{}' ] for @clients;
	$crowd->pump(20);
	is(count_of(map { status_of($_) } @clients), "400: $threads", "$name: no thread is lost");
	ok($together, "$name: they work at the same time");
	ok(poll(10, sub { metric($shim, 'opencalendly_http_connections') == 0 }), "$name: no connection is left");
	return;
}

# Starts a shim that was stopped or killed again.
sub start_again
{
	my ($shim) = @_;

	delete $shim->{status};
	$shim->spawn;
	$shim->wait_for('/health');
	return;
}

sub one_slot
{
	my $shim = Shim->start($node, name => 'slot', threads => 50);
	my $best;

	for my $number (0 .. 2)
	{
		my @clients = Crowd::get($shim->port, 60, map { booking($number, "rival-$number-$_") } 1 .. 50);
		my $slowest = max map { $_->{seconds} } @clients;

		is(count_of(map { status_of($_) } @clients), '200: 1, 409: 49', '50 clients at once on a slot: one has it');
		is(count_of(map { $_->{answers}[0]{json}{code} // 'none' } @clients), 'OC001: 49, none: 1', 'the others are told OC001');
		note sprintf 'slowest answer: %.3f s', $slowest;
		$best = $slowest if !defined $best || $slowest < $best;
	}
	cmp_ok($best, '<', 10, 'all are answered soon');
	is(sql('SELECT count(*) FROM opencalendly.bookings'), 3, 'one booking for each slot');
	no_thread_is_lost($shim, 50, 'one slot');
	is($shim->stop, 0, 'the shim ends well');
	return;
}

sub one_key
{
	my $shim = Shim->start($node, name => 'key', threads => 20);
	my @clients = Crowd::get($shim->port, 60, (booking(5, 'ann', 'one-key-for-twenty')) x 20);
	my $json = JSON::PP->new->canonical;
	my @said = map { my %said = %{ $_->{answers}[0]{json} // {} }; $json->encode({ map { $_ => $said{$_} } grep { !/^(replayed|requestId)$/ } keys %said }) } @clients;

	is(count_of(map { status_of($_) } @clients), '200: 20', '20 clients at once with one key are answered');
	is(scalar(uniq @said), 1, 'their answers are equal') or diag join "\n", uniq @said;
	ok($clients[0]{answers}[0]{json}{booking}{id}, 'and have a booking');
	is(sql("SELECT count(*) FROM opencalendly.bookings WHERE invitee_email = 'ann\@example.com'"), 1, 'there is one booking');
	my ($other) = Crowd::get($shim->port, 10, booking(6, 'ann', 'one-key-for-twenty'));
	is("${\ status_of($other)} $other->{answers}[0]{json}{code}", '409 OC007', 'the key for something else is refused');
	is($shim->stop, 0, 'the shim ends well');
	return;
}

# --- a database that goes -------------------------------------------------------------------------------------------

my $wishes = 100;    # the number of the next slot

# 16 clients do whatever comes until the file is there: bookings, each asked again until it is granted, and reads.
sub load
{
	my ($port, $name, $end) = @_;
	my $crowd = Crowd->new($port);
	my (@answers, $issue);
	my $wish = sub {
		my $number = $wishes++;
		my $kind = ('book', 'read', 'book', 'taken', 'book', 'days', 'nothing')[ $number % 7 ];
		my %bytes = (
			book => booking($number, "$name-$number"), taken => booking(0, "$name-$number"), read => $get,
			days => Crowd::request('GET', "$page/availability?days=3"), nothing => Crowd::request('GET', '/v0/users/ada/event-types/none'));
		return { kind => $kind, name => "$name-$number", bytes => $bytes{$kind} };
	};
	my $next = sub {
		my ($client, $answer) = @_;
		my $wanted = $client->{wanted};
		my $again = $wanted->{kind} eq 'book' && $answer->{status} == 503;

		push @answers, {
			kind => $wanted->{kind}, name => $wanted->{name}, seconds => $answer->{seconds}, status => $answer->{status},
			code => $answer->{json}{code}, retry => $answer->{headers}{'retry-after'}, id => $answer->{json}{booking}{id} };
		$client->{wanted} = undef;
		return if !$again && -e $end;
		my $then = $again ? $wanted : $wish->();
		my $pause = $answer->{status} == 503 ? 0.02 : 0;
		if (($answer->{headers}{connection} // '') eq 'close')
		{
			$issue->($then, $pause);
			return;
		}
		$client->{wanted} = $then;
		return [ $pause, $then->{bytes} ];
	};
	$issue = sub {
		my ($wanted, $pause) = @_;
		return $crowd->client(send => [ [ $pause, $wanted->{bytes} ] ], wanted => $wanted, next => $next);
	};
	$issue->($wish->(), 0) for 1 .. 16;
	my $ended = $crowd->pump(120);
	my @lost = map { "$_->{wanted}{kind}: " . ($_->{error} // ($_->{closed} ? 'closed' : 'no answer')) } grep { $_->{wanted} } @{ $crowd->{clients} };
	return { ended => $ended, lost => \@lost, answers => \@answers, wishes => $wishes };
}

# Runs the load while $disturb does its worst.
sub under_load
{
	my ($shim, $name, $disturb) = @_;
	my $end = $node->basedir . "/$name-is-over";
	my $result = Crowd::in_background(sub { load($shim->port, $name, $end) });

	sleep 0.5;
	$disturb->();
	sleep 0.5;
	append_to_file($end, '');
	my ($seen) = $result->();
	my @answers = @{ $seen->{answers} };
	my %allowed = (
		book => qr/^(200|503)$/, taken => qr/^(409 OC001|503)$/, read => qr/^(200|503)$/, days => qr/^(200|503)$/, nothing => qr/^(404 OC002|503)$/);
	my @told = map { $_->{status} == 409 || $_->{status} == 404 ? "$_->{status} $_->{code}" : $_->{status} } @answers;
	my @booked = grep { $_->{kind} eq 'book' } @answers;
	my @granted = grep { $_->{status} == 200 } @booked;

	$wishes = $seen->{wishes};
	note "$name: " . count_of(map { "$answers[$_]{kind} $told[$_]" } 0 .. $#answers);
	ok($seen->{ended}, "$name: no client hangs");
	is(join(' ', uniq @{ $seen->{lost} }), '', "$name: each request is answered");
	is(count_of(map { "$answers[$_]{kind} $told[$_]" } grep { $told[$_] !~ $allowed{ $answers[$_]{kind} } } 0 .. $#answers), '', "$name: as usual, or by 503");
	is(scalar(grep { $_->{status} == 503 && !($_->{retry} // '') } @answers), 0, "$name: each 503 says when to try again");
	my $slowest = max map { $_->{seconds} } @answers;
	note sprintf '%s: slowest answer %.3f s', $name, $slowest;
	cmp_ok($slowest, '<', 20, "$name: none takes long");

	my $ids = join ',', map { "'$_->{id}'" } @granted;
	is(sql("SELECT count(*) FROM opencalendly.bookings WHERE id IN ($ids) AND status = 'confirmed'"), scalar(@granted), "$name: each booking that was answered is there");
	is(sql("SELECT count(*) FROM opencalendly.bookings WHERE invitee_email LIKE '$name-%'"), scalar(uniq map { $_->{name} } @booked),
		"$name: each wish has one booking, asked for once or again");
	is(sql("SELECT count(*) FROM (SELECT FROM opencalendly.bookings WHERE status = 'confirmed' GROUP BY starts_at HAVING count(*) > 1) AS twice"), 0,
		"$name: no slot is booked twice");
	return @answers;
}

# Seconds until 16 requests at once are all answered well.
sub seconds_to_serve
{
	my ($shim, $limit) = @_;
	my $began = time;

	poll($limit, sub { !grep { status_of($_) ne '200' } Crowd::get($shim->port, $limit, ($get) x 16) }) or return $limit;
	return time - $began;
}

sub database_stops
{
	my $shim = Shim->start($node, name => 'restart', threads => 16);
	my $healed;
	my @answers = under_load($shim, 'restart', sub {
		$node->stop('immediate');
		sleep 1;
		is(Http->new(port => $shim->port)->get('/health')->{status}, 200, 'without a database the shim lives');
		my $ready = $shim->http->get('/ready');
		is("$ready->{status} " . ($ready->{headers}{'retry-after'} // ''), '503 1', 'and is not ready');
		is(metric($shim, 'opencalendly_db_up'), 0, 'and its metrics say so');
		$node->start;
		$healed = seconds_to_serve($shim, 30);
	});

	note sprintf 'full service %.3f s after the start', $healed;
	cmp_ok($healed, '<', 5, 'full service soon after the start');
	cmp_ok(scalar(grep { $_->{status} == 503 } @answers), '>', 0, 'clients have seen it stop');
	no_thread_is_lost($shim, 16, 'after the restart');
	is($shim->http->get('/ready')->{status}, 200, 'the shim is ready again');
	is($shim->stop, 0, 'the shim ends well');
	return;
}

sub backends_go
{
	my $shim = Shim->start($node, name => 'terminate', threads => 16);
	my $terminated = 0;

	under_load($shim, 'terminate', sub {
		my $until = time + 3;
		while (time < $until || $terminated < 20)
		{
			$terminated += sql(<<'SQL');
SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity WHERE usename = 'shim' ORDER BY random() LIMIT 3) AS victims
SQL
			sleep 0.02;
		}
	});
	note "$terminated sessions were thrown out";
	cmp_ok(seconds_to_serve($shim, 30), '<', 5, 'full service afterwards');
	no_thread_is_lost($shim, 16, 'after terminations');

	# fewer connections than threads
	sql('ALTER ROLE shim CONNECTION LIMIT 3');
	sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = 'shim'");
	my @clients = Crowd::get($shim->port, 30, ($get) x 64);
	like(count_of(map { status_of($_) } @clients), qr/^(200: \d+)?(, )?(503: \d+)?$/, 'where connections are scarce, some are told 503');
	is(scalar(grep { status_of($_) eq '503' && !$_->{answers}[0]{headers}{'retry-after'} } @clients), 0, 'and when to try again');
	sql('ALTER ROLE shim CONNECTION LIMIT -1');
	cmp_ok(seconds_to_serve($shim, 30), '<', 5, 'full service afterwards');
	is($shim->stop, 0, 'the shim ends well');
	return;
}

# --- a shim that goes -----------------------------------------------------------------------------------------------

sub lock_table
{
	my ($table, $mode) = @_;
	my $session = Scene::session($node);

	is(scalar Scene::answer($session, "BEGIN; LOCK TABLE opencalendly.$table IN $mode MODE"), '', "a lock on $table");
	return $session;
}

sub wait_for_waiting
{
	my ($n) = @_;

	$node->poll_query_until('postgres', "SELECT count(*) = $n FROM pg_stat_activity WHERE usename = 'shim' AND wait_event_type = 'Lock'")
	  or die "there are not $n waiting";
	return;
}

sub stops_with_requests
{
	my ($threads, $waiting) = @_;
	my $shim = Shim->start($node, name => "stop$threads", threads => $threads, args => [ '--statement-timeout', '60000' ]);
	my $locker = lock_table('event_types', 'ACCESS EXCLUSIVE');
	my $crowd = Crowd->new($shim->port);
	my @clients = map { $crowd->client(send => Crowd::request('GET', $page), answers => 1) } 1 .. 100;

	$crowd->pump(1, sub { !grep { @{ $_->{queue} } } @clients });
	wait_for_waiting($waiting);
	kill 'TERM', $shim->pid;
	ok(poll(10, sub { $shim->log =~ /"stopping"/ }), "--threads $threads: the shim stops");
	if ($threads > 100)
	{
		my $http = $shim->http;
		is($http->get('/health')->{status}, 200, 'meanwhile it lives');
		is($http->get('/ready')->{status}, 503, 'and is not ready');
		my $refused;
		ok(poll(10, sub { $refused = $http->with(timeout => 1)->get('/v0/users/ada'); $refused->{status} == 503 }), 'soon it takes nothing new');
		is("$refused->{headers}{'retry-after'} $refused->{headers}{connection}", '1 close', 'and says when to try again');
		ok(!$shim->has_ended, 'it waits for what it was asked');
	}
	is(scalar(grep { $_->{ended} } @clients), 0, 'nobody is answered yet');
	Scene::answer($locker, 'ROLLBACK');
	$crowd->pump(30);
	is(count_of(map { status_of($_) } @clients), '200: 100', "--threads $threads: 100 requests under way or waiting are answered");
	ok(poll(20, sub { $shim->has_ended }) && $shim->{status} == 0, 'then it ends, with status 0');
	$locker->quit;
	return;
}

# While idle connections hold all threads, others wait for one: those are answered, too.
sub stops_with_idle
{
	my $shim = Shim->start($node, name => 'idle_stop', threads => 4);
	my $crowd = Crowd->new($shim->port);
	my @idle = map { $crowd->client(send => [ [ 0, Crowd::request('GET', '/health') ] ]) } 1 .. 4;

	$crowd->pump(10, sub { !grep { !@{ $_->{answers} } } @idle });
	my @holding = map { $crowd->client(send => "GET /health HTTP/1.1\r\n") } 1 .. 2;
	$crowd->pump(0.1);
	my @waiting = map { $crowd->client(send => $health, answers => 1) } 1 .. 20;
	$crowd->pump(1, sub { !grep { @{ $_->{queue} } } @waiting });
	kill 'TERM', $shim->pid;
	$crowd->pump(20);
	is(count_of(map { status_of($_) } @waiting), '200: 20', 'what waits behind idle connections is answered before the end');
	ok(poll(20, sub { $shim->has_ended }) && $shim->{status} == 0, 'then it ends, with status 0');
	return;
}

# The shim is killed when its statement is under way; the database goes on with it, or does not.
sub is_killed
{
	my ($number, $backend_too) = @_;
	my $invitee = $backend_too ? 'killed-with-backend' : 'killed';
	my $name = $backend_too ? 'kill -9 of shim and session' : 'kill -9 of the shim';
	my $shim = Shim->start($node, name => $invitee, threads => 4);
	my $locker = lock_table('bookings', 'SHARE');
	my $crowd = Crowd->new($shim->port);
	my $client = $crowd->client(send => booking($number, $invitee), answers => 1);

	$crowd->pump(1, sub { !@{ $client->{queue} } });
	wait_for_waiting(1);
	is($shim->stop('KILL'), 128 + 9, "$name in the middle of a booking");
	$crowd->pump(10);
	is(status_of($client), 'none', "$name: there is no answer");
	sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = 'shim'") if $backend_too;
	Scene::answer($locker, 'ROLLBACK');
	$locker->quit;
	start_again($shim);
	my @answers = map { my ($again) = Crowd::get($shim->port, 20, booking($number, $invitee)); $again } 1 .. 2;
	is(count_of(map { status_of($_) } @answers), '200: 2', "$name: asked again, with the same key, it is granted");
	is(scalar(uniq map { $_->{answers}[0]{json}{booking}{id} } @answers), 1, "$name: once");
	is(sql("SELECT count(*) FROM opencalendly.bookings WHERE invitee_email = '$invitee\@example.com'"), 1, "$name: and there is one booking");
	is($shim->stop, 0, 'the shim ends well');
	return;
}

# --- clients that hold threads --------------------------------------------------------------------------------------

sub slow_clients
{
	my $threads = 8;
	my $shim = Shim->start($node, name => 'slow', threads => $threads);
	my $crowd = Crowd->new($shim->port);
	my $dribble = sub { my ($n) = @_; return map { $crowd->client(send => [ map { [ 0.5, $_ ] } split //, "GET /health HTTP/1.1\r\nHost: x\r\n" x 10 ]) } 1 .. $n; };

	# all threads but one
	my @slow = $dribble->($threads - 1);
	$crowd->pump(0.7);
	my @good = map { $crowd->client(send => $health, answers => 1) } 1 .. 20;
	$crowd->pump(20, sub { !grep { !$_->{ended} } @good });
	is(count_of(map { status_of($_) } @good), '200: 20', 'slow clients hold all threads but one: others are served');
	is(scalar(grep { $_->{ended} } @slow), 0, 'at once');

	# and many more than there are
	push @slow, $dribble->(2 * $threads);
	$crowd->pump(0.7);
	my $began = time;
	my @late = map { $crowd->client(send => $health, answers => 1) } 1 .. 20;
	$crowd->pump(60, sub { !grep { !$_->{ended} } @late });
	note sprintf 'behind %d slow clients of %d threads: %.3f s', scalar @slow, $threads, time - $began;
	is(count_of(map { status_of($_) } @late), '200: 20', 'they hold all: others are served when their time is over');
	cmp_ok(time - $began, '<', 30, 'in time');
	$crowd->close;

	# connections that are kept, and do nothing
	$crowd = Crowd->new($shim->port);
	my @idle = map { $crowd->client(send => Crowd::request('GET', '/health')) } 1 .. 200;
	$crowd->pump(0.2);
	$began = time;
	my ($new) = $crowd->client(send => $health, answers => 1);
	$crowd->pump(60, sub { $new->{ended} });
	my $waited = time - $began;
	is(status_of($new), '200', 'behind 200 connections that are kept a new client is served');
	note sprintf 'after %.3f s', $waited;
	cmp_ok($waited, '<', 10, 'soon');
	$crowd->pump(60);
	is(count_of(map { status_of($_) } @idle), '200: 200', 'so were they');
	no_thread_is_lost($shim, $threads, 'after slow clients');
	is($shim->stop, 0, 'the shim ends well');
	return;
}

sub statement_timeout
{
	my $shim = Shim->start($node, name => 'timeout', threads => 1, args => [ '--statement-timeout', '300' ]);
	my $http = $shim->http(keep_alive => 1);

	is($http->get($page)->{status}, 200, 'a page');
	my $sessions = "SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity WHERE usename = 'shim' AND backend_start < ";
	my $now = "'${\ sql('SELECT now()')}'";
	my $before = sql($sessions . $now);
	my $locker = lock_table('event_types', 'ACCESS EXCLUSIVE');
	my $began = time;
	my $answer = $http->get($page);
	note sprintf 'after %.3f s', time - $began;
	is("$answer->{status} $answer->{json}{code} $answer->{headers}{'retry-after'}", '503 HTTP_503 1', 'a statement that takes too long');
	unlike($answer->{body}, qr/statement|cancel|timeout/i, 'nothing of the database is told');
	Scene::answer($locker, 'ROLLBACK');
	$locker->quit;
	is($http->get($page)->{status}, 200, 'the next one is answered');
	is(sql($sessions . $now), $before, 'and no session is lost');
	like($shim->log, qr/"sqlstate":"57014"/, 'the log has the reason');

	# a server that says nothing at all, as when its machine is gone
	no_thread_is_lost($shim, 3, 'after a timeout');
	my @frozen = split /\n/, sql("SELECT pid FROM pg_stat_activity WHERE usename = 'shim'");
	kill 'STOP', @frozen;
	my $hold = Crowd::request('POST', '/v0/holds', headers => [ Connection => 'close' ], json => {});
	my @clients = Crowd::get($shim->port, 30, $hold, $hold, $get);
	note sprintf 'frozen sessions: %s after %.3f s', join(', ', map { status_of($_) } @clients), max map { $_->{seconds} } @clients;
	is(count_of(map { status_of($_) . ' ' . ($_->{answers}[0]{headers}{'retry-after'} // '') } @clients[ 0, 1 ]), '503 1: 2',
		'sessions that are frozen are not waited for, and what may have been done is not repeated');
	like(status_of($clients[2]), qr/^(200|503)$/, 'a question may be asked again');
	is($shim->http->get($page)->{status}, 200, 'other sessions are made');
	kill 'CONT', @frozen;
	is($shim->stop, 0, 'the shim ends well');
	return;
}

# --- start ----------------------------------------------------------------------------------------------------------

sub starts_without_database
{
	my $shim = Shim->start($node, name => 'early', threads => 8);

	is($shim->stop, 0, 'the shim ends well');
	$node->stop('fast');
	start_again($shim);
	is($shim->http->get('/health')->{status}, 200, 'started without a database, the shim lives');
	my $ready = $shim->http->get('/ready');
	is("$ready->{status} $ready->{headers}{'retry-after'}", '503 1', 'and is not ready');
	my $answer = $shim->http->get($page);
	is("$answer->{status} $answer->{json}{code} $answer->{headers}{'retry-after'}", '503 HTTP_503 1', 'requests are told so');
	kill 'HUP', $shim->pid;
	$node->start;
	my $healed = seconds_to_serve($shim, 30);
	note sprintf 'full service %.3f s after the start', $healed;
	cmp_ok($healed, '<', 5, 'it serves when there is one');
	is($shim->http->get('/ready')->{status}, 200, 'and is ready');
	ok(!$shim->has_ended, 'SIGHUP is ignored');
	is($shim->stop('INT'), 0, 'SIGINT ends it well');
	return;
}

# Starts a shim that must not run; its status and what it says.
sub refusal
{
	my ($name, @args) = @_;
	my $shim = Shim->start($node, name => $name, wait => 0, args => \@args);

	ok(poll(20, sub { $shim->has_ended }), "$name: it ends") or $shim->stop('KILL');
	return ($shim->{status}, $shim->log);
}

sub dev_login_links
{
	my $set = sub {
		my ($value) = @_;
		$node->adjust_conf('postgresql.conf', 'opencalendly.dev_login_links', $value);
		$node->reload;
		$node->poll_query_until('postgres', 'SHOW opencalendly.dev_login_links', $value);
	};
	my $port = PostgreSQL::Test::Cluster::get_free_port();

	$set->('on');
	for ([ 'dev_proxy', '--trusted-proxy', '10.0.0.0/8' ], [ 'dev_public', '--listen', "0.0.0.0:$port" ])
	{
		my ($name, @args) = @$_;
		my ($status, $log) = refusal($name, @args);
		is($status, 1, "@args with sign-in links for everyone: refused");
		like($log, qr/"level":"error".*opencalendly\.dev_login_links is on/, 'and the reason is told');
		unlike($log, qr/serving on/, 'before it serves');
	}
	my $private = Shim->start($node, name => 'dev_private', args => [ '--listen', "127.0.0.2:$port" ], wait => 0);
	ok(poll(20, sub { Http->new(port => $port, host => '127.0.0.2')->get('/health')->{status} == 200 }), 'on loopback it runs');
	is($private->stop, 0, 'the shim ends well');
	$set->('off');

	my $shim = Shim->start($node, name => 'dev_later', args => [ '--trusted-proxy', '10.0.0.0/8' ]);
	is($shim->http->get($page)->{status}, 200, 'a shim with a proxy');
	$set->('on');
	$shim->http->get('/ready');
	ok(poll(20, sub { $shim->has_ended }), 'ends when they are switched on');
	is($shim->{status}, 1, 'with status 1');
	like($shim->log, qr/"level":"error".*opencalendly\.dev_login_links is on/, 'and the reason');
	$set->('off');
	return;
}

sub wrong_settings
{
	my $shim = Shim->start($node, name => 'first');

	for ([ 'listen', $shim->port ], [ 'metrics-listen', $shim->metrics_port ])
	{
		my ($flag, $port) = @$_;
		my ($status, $log) = refusal("second_$flag", "--$flag", "127.0.0.1:$port");
		is($status, 1, "--$flag on a port that is in use");
		like($log, qr/127\.0\.0\.1:$port cannot be listened on/, 'is told');
	}
	is($shim->stop, 0, 'the shim ends well');

	my @wrong = (
		[ 'threads', '0' ], [ 'threads', '1001' ], [ 'threads', 'many' ], [ 'threads', '' ], [ 'threads', '8x' ], [ 'threads', '-1' ],
		[ 'statement-timeout', '0' ], [ 'statement-timeout', '5s' ], [ 'listen', '8080' ], [ 'listen', 'localhost:8080' ], [ 'listen', '127.0.0.1:' ],
		[ 'listen', '127.0.0.1:0' ], [ 'listen', '127.0.0.1:65536' ], [ 'listen', '[::1]:8080' ], [ 'listen', '127.0.0.1:8080s' ], [ 'listen', '1.2.3.4.5:80' ],
		[ 'listen', '127.0.0.1:8080,127.0.0.1:8081' ], [ 'metrics-listen', '' ], [ 'trusted-proxy', '10.0.0.0/33' ], [ 'trusted-proxy', '10.0.0.0/8 nonsense' ],
		[ 'trusted-proxy', '::1/129' ], [ 'allow-origin', 'example.com' ], [ 'allow-origin', 'https://example.com/path' ], [ 'allow-origin', '*' ],
		[ 'web', '' ]);
	for (@wrong)
	{
		my ($flag, $value) = @$_;
		my $variable = 'OPENCALENDLY_' . uc $flag =~ tr/-/_/r;

		for my $run ([ {}, "--$flag", $value ], [ {}, "--$flag=$value" ], [ { $variable => $value } ])
		{
			my ($env, @args) = @$run;
			my ($out, $err) = ('', '');
			local %ENV = (%ENV, %$env);
			IPC::Run::run([ Shim::binary(), @args ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout(20));
			my $name = %$env ? $variable : "--$flag";
			ok($? >> 8 == 1 && $err =~ /(?<!\S)\Q$name\E has a bad value: "\Q$value\E"/, "$name '$value' is refused by name" . (@args == 1 ? ', as one word' : ''))
			  or diag $? >> 8, ": $out$err";
		}
	}
	for ([ '--nothing', qr/--nothing/ ], [ '--threads', qr/--threads/ ], [ 'stray', qr/"stray"/ ], [ '--no-prepare=1', qr/--no-prepare/ ])
	{
		my ($arg, $expected) = @$_;
		my ($out, $err) = ('', '');
		IPC::Run::run([ Shim::binary(), $arg ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout(20));
		ok($? >> 8 == 1 && $err =~ $expected, "$arg is not understood") or diag $? >> 8, ": $out$err";
	}
	my ($status, $log) = refusal('no_web', '--web', '/nonexistent');
	is($status, 1, 'a folder that is not there');
	like($log, qr{/nonexistent cannot be read}, 'is told');
	return;
}

one_slot();
one_key();
database_stops();
backends_go();
stops_with_requests(128, 100);
stops_with_requests(8, 10);
stops_with_idle();
is_killed(20, 0);
is_killed(21, 1);
slow_clients();
statement_timeout();
starts_without_database();
dev_login_links();
wrong_settings();

$node->stop;
done_testing();
