# Promise: with deploy/pgbouncer.ini, as docs/deploy.md shows it, and --no-prepare the shim works through PgBouncer in
# transaction mode: few connections serve many threads, what is set for a request ends with it, and what comes back after
# a restart of the pooler or the database heals by itself.
use strict;
use warnings;
use FindBin;
use IO::Socket::INET;
use JSON::PP;
use OpenCalendly;
use POSIX ();
use PostgreSQL::Test::Utils;
use Scene;
use Shim;
use Test::More;
use Time::HiRes qw(sleep time);

my ($binary) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan skip_all => 'PgBouncer is not here (Debian: pgbouncer)' unless defined $binary;

my $database = 'opencalendly';
my $node = OpenCalendly::node('main', conf => Scene::conf());
$node->safe_psql('postgres', "CREATE DATABASE $database");
OpenCalendly::install($node, $database);
Scene::host($node, $database);
$node->safe_psql($database, <<'SQL');
CREATE ROLE opencalendly LOGIN PASSWORD 'open sesame' IN ROLE opencalendly_api;
SQL
my $hba = $node->data_dir . '/pg_hba.conf';
my $rules = slurp_file($hba);
unlink $hba;
append_to_file($hba, "local all opencalendly scram-sha-256\n$rules");
$node->reload;

# --- PgBouncer -------------------------------------------------------------------------------------------------------

my $folder = PostgreSQL::Test::Utils::tempdir_short();
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $pooler;

sub write_config
{
	my $text = slurp_file("$FindBin::RealBin/../deploy/pgbouncer.ini");
	my %changes = (
		'host=/var/run/postgresql port=5432' => 'host=' . $node->host . ' port=' . $node->port,
		'/var/log/postgresql/' => "$folder/",
		'pidfile = /var/run/postgresql/' => "pidfile = $folder/",
		'unix_socket_dir = /var/run/postgresql' => "unix_socket_dir = $folder",
		'/etc/pgbouncer/' => "$folder/",
		'listen_port = 6432' => "listen_port = $port",
		'default_pool_size = 16' => 'default_pool_size = 4',
		'query_wait_timeout = 5' => 'query_wait_timeout = 2');

	for my $from (sort keys %changes)
	{
		$text =~ s/\Q$from\E/$changes{$from}/g or die "deploy/pgbouncer.ini has no \"$from\"\n";
	}
	$text =~ s/^;.*opencalendly\.\S+ for .*\n//m;
	append_to_file("$folder/pgbouncer.ini", $text);
	return;
}

# As docs/deploy.md tells: the server's own verifier, no password.
sub write_users
{
	append_to_file("$folder/userlist.txt", $node->safe_psql('postgres', <<'SQL') . "\n");
SELECT format('"%s" "%s"', rolname, rolpassword) FROM pg_authid WHERE rolname = 'opencalendly'
SQL
	return;
}

sub start_pooler
{
	my $until = time + 20;

	$pooler = fork() // die "could not fork: $!";
	if ($pooler == 0)
	{
		open(STDOUT, '>>', "$folder/output") && open(STDERR, '>&', \*STDOUT);
		exec($binary, "$folder/pgbouncer.ini") or POSIX::_exit(127);
	}
	until (IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port))
	{
		die "PgBouncer does not start: " . slurp_file("$folder/output")
		  if time > $until || waitpid($pooler, POSIX::WNOHANG()) == $pooler;
		sleep 0.02;
	}
	return;
}

sub stop_pooler
{
	my ($signal) = @_;

	return unless $pooler;
	kill $signal // 'TERM', $pooler;
	waitpid $pooler, 0;
	undef $pooler;
	return;
}

END
{
	my $status = $?;
	stop_pooler('KILL');
	$? = $status;
}

# What another client of the pooler gets.
sub through_pooler
{
	my ($sql) = @_;
	my $result = '';
	local $ENV{PGPASSWORD} = 'open sesame';

	IPC::Run::run([ 'psql', '-XAtq', '-h', '127.0.0.1', '-p', $port, '-U', 'opencalendly', '-d', $database, '-c', $sql ],
		'<', \undef, '>', \$result);
	chomp $result;
	return $result;
}

# --- the shim --------------------------------------------------------------------------------------------------------

# Sends requests at once, each in a connection of its own; the statuses in the order of the requests.
sub at_once
{
	my ($shim, @requests) = @_;
	my @sockets = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $shim->port) or die "could not connect: $!" } @requests;
	my @statuses;

	syswrite $sockets[$_], $requests[$_] for 0 .. $#sockets;
	for my $socket (@sockets)
	{
		local $/;
		my ($status) = (<$socket> // '') =~ m{\AHTTP/1\.1 (\d+)};
		push @statuses, $status // 'none';
	}
	return @statuses;
}

sub get { return "GET $_[0] HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"; }

sub post
{
	my ($path, $data) = @_;
	my $body = encode_json($data);
	my $length = length $body;

	return "POST $path HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: $length\r\n\r\n$body";
}

sub wish
{
	my ($start) = @_;

	return { username => 'ada', eventSlug => 'intro', startsAt => $start, inviteeName => 'Ann', inviteeEmail => 'ann@example.com' };
}

sub count
{
	my ($what, @list) = @_;

	return scalar grep { $_ eq $what } @list;
}

# Makes a route's function into another one, whose answer's text is what an expression says.
sub make_answer
{
	my ($expression) = @_;

	$node->safe_psql($database, <<"SQL");
CREATE OR REPLACE FUNCTION opencalendly.api_public_event_types(username text) RETURNS opencalendly.api_answer LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS \$\$
DECLARE
	answer opencalendly.api_answer;
BEGIN
	answer.status := 200;
	answer.body := to_json($expression);
	RETURN answer;
END
\$\$
SQL
	return;
}

write_config();
write_users();
start_pooler();

my ($shown) = slurp_file("$FindBin::RealBin/../docs/deploy.md") =~ /^```ini\n(; PgBouncer.*?)^```$/ms;
is($shown, slurp_file("$FindBin::RealBin/../deploy/pgbouncer.ini"), 'docs/deploy.md has deploy/pgbouncer.ini');

my $conninfo = "host=127.0.0.1 port=$port dbname=$database user=opencalendly password='open sesame'";
my $shim = Shim->start($node, database => $database, threads => 50, args => [ '--database', $conninfo, '--no-prepare' ]);
my $http = $shim->http;
my $page = '/v0/users/ada/event-types';

is($http->get('/ready')->{status}, 200, 'ready');
is($http->get($page)->{status}, 200, 'a GET');
is($http->get("$page/intro/availability", query => { days => 2 })->{json}{ok}, JSON::PP::true, 'open slots');
is($http->post('/v0/bookings', wish('2026-06-02T09:00:00Z'), headers => { 'Idempotency-Key' => 'x' x 16 })->{status}, 200, 'a booking') for 1, 2;
is($http->post('/v0/bookings', wish('2026-06-02T09:00:00Z'))->{status}, 409, 'the same slot once more');

# --- many threads, few connections -----------------------------------------------------------------------------------

my @statuses = at_once($shim, (post('/v0/bookings', wish('2026-06-02T10:00:00Z'))) x 50);
is(count(200, @statuses), 1, '50 at once for one slot: one has it');
is(count(409, @statuses), 49, 'the others are told so');
@statuses = at_once($shim, map { $_ % 2 ? get("$page/intro/availability?days=7") : get($page) } 1 .. 50);
is(count(200, @statuses), 50, '50 questions at once');
cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE usename = 'opencalendly'"), '<=', 4,
	'by four connections');

# --- what is set for a request ---------------------------------------------------------------------------------------

make_answer("current_setting('transaction_read_only') || ' ' || current_setting('statement_timeout')");
is($http->get($page)->{json}, 'on 5s', 'a GET is read only and has its time');
my @others = map { at_once($shim, (get($page)) x 10) && through_pooler("SELECT current_setting('transaction_read_only') || ' ' || current_setting('statement_timeout')") } 1 .. 10;
is_deeply(\@others, [ ('off 0') x 10 ], 'other clients of the same connections have neither');
$node->safe_psql($database, 'CREATE TABLE public.written (at timestamptz); GRANT INSERT ON public.written TO opencalendly_owner, opencalendly');
make_answer("(SELECT 1 FROM public.write_it())");
$node->safe_psql($database, <<'SQL');
CREATE FUNCTION public.write_it() RETURNS integer LANGUAGE sql AS 'INSERT INTO public.written VALUES (now()) RETURNING 1'
SQL
is($http->get($page)->{status}, 503, 'a GET that writes is refused');
my $until = time + 10;
sleep 0.01 until $shim->log =~ /"sqlstate":"25006"/ || time > $until; # the line comes after the answer
like($shim->log, qr/"sqlstate":"25006"/, 'by the database');
is($node->safe_psql($database, 'SELECT count(*) FROM public.written'), 0, 'and writes nothing');
through_pooler('SELECT 1 FROM public.write_it()') for 1 .. 8;
is($node->safe_psql($database, 'SELECT count(*) FROM public.written'), 8, 'what others do is not read only');

is($shim->stop, 0, 'the shim stops');
make_answer("pg_sleep(30)::text");
$shim = Shim->start($node, name => 'hasty', database => $database, threads => 50,
	args => [ '--database', $conninfo, '--no-prepare', '--statement-timeout', '700' ]);
my $began = time;
is(count(503, at_once($shim, (get($page)) x 4)), 4, 'who takes too long is stopped');
cmp_ok(time - $began, '<', 5, 'in time');
is(through_pooler('SELECT 1 FROM pg_sleep(1)'), 1, 'others may take longer');

sub heals
{
	my ($what) = @_;
	my $back = time;
	my $n = 0;

	while (time < $back + 20 && $n != 50)
	{
		$n = count(200, at_once($shim, (get($page)) x 50));
		sleep 0.05;
	}
	is($n, 50, "$what is back: so is the service, with all its threads");
	cmp_ok(time - $back, '<', 2, 'within two seconds');
	return;
}

# --- a pool that is full ---------------------------------------------------------------------------------------------

is($shim->stop, 0, 'the shim stops');
$shim = Shim->start($node, name => 'patient', database => $database, threads => 50,
	args => [ '--database', $conninfo, '--no-prepare', '--statement-timeout', '60000' ]);
make_answer("pg_sleep(8)::text");
$began = time;
my @long = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $shim->port) } 1 .. 4;
syswrite $_, get($page) for @long;
$node->poll_query_until($database, "SELECT count(*) = 4 FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
is(count(503, at_once($shim, (get("$page/intro"), post('/v0/bookings', wish('2026-06-02T11:00:00Z'))) x 4)), 8,
	'who waits too long for a connection is told so');
cmp_ok(time - $began, '<', 7, 'in time');
like(do { local $/; <$_> }, qr{^HTTP/1.1 200 }, 'who has one keeps it') for @long;
make_answer("'back'::text");
heals('a connection');

# --- restarts --------------------------------------------------------------------------------------------------------

for my $signal ('TERM', 'KILL')
{
	stop_pooler($signal);
	$began = time;
	my $answer = $shim->http->get($page);
	is($answer->{status}, 503, "PgBouncer stopped by $signal: unavailable");
	like($answer->{headers}{'retry-after'}, qr/^\d+$/, 'with the advice to try again');
	is(count(503, at_once($shim, (get($page)) x 50)), 50, 'for everybody');
	cmp_ok(time - $began, '<', 2, 'told at once');
	start_pooler();
	heals('PgBouncer');
}
$node->stop('immediate');
$began = time;
is($shim->http->get($page)->{status}, 503, 'the database behind PgBouncer stopped: unavailable');
cmp_ok(time - $began, '<', 10, 'told in time');
note 'told after ', time - $began, ' s';
$node->start;
heals('the database');

stop_pooler();
is(count(503, at_once($shim, (get($page)) x 50)), 50, 'PgBouncer stopped once more');
start_pooler();
sleep 1;
is(count(200, at_once($shim, (get($page)) x 50)), 50, 'who all come together after it is back are all served');

unlike(slurp_file($node->logfile), qr/prepared statement|LOG:  execute (?!<unnamed>)/, 'nothing was prepared');
is($shim->stop, 0, 'the shim ends well');
stop_pooler();
$node->stop;
done_testing();
