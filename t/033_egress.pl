# Promise: no URL that a user can set makes the server connect to anything but public addresses: not by another spelling, not by a
# name that resolves to something else later, not by a redirect, a proxy of the environment or a connection that was kept.
# Who set it learns no more than "address not allowed". opencalendly.egress_allow opens what it lists, and nothing else.
#
# What the server resolves and connects to is seen by a library of this test, which is preloaded into it: getaddrinfo
# answers names as a file says, and connect writes down where it goes. Nothing leaves this machine: a public address refuses, but
# for the one that stands for the outside (a receiver of this test).
use strict;
use warnings;
use FindBin;
use OpenCalendly;
use Outbox;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Receiver;
use Scene;
use Sys::Hostname ();
use Test::More;
use Time::HiRes qw(sleep);

plan skip_all => Receiver::missing() if defined Receiver::missing();

my $folder = PostgreSQL::Test::Utils::tempdir();
my $public = '93.184.216.34'; # stands for the outside
my $refusing = '93.184.216.35'; # public, too; refuses
my $public6 = '2606:2800:220:1::34'; # as well

sub write_file
{
	my ($path, $text) = @_;

	open(my $file, '>', $path) or die "$path: $!";
	print $file $text;
	close($file) or die "$path: $!";
	return;
}

#
# The library
#

write_file("$folder/resolver.c", <<'C');
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char is_outside[65536]; /* by descriptor */

static void
note(const char *format, ...)
{
	char line[300];
	int fd = open(getenv("RESOLVER_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		abort();
	close(fd);
}

/* The addresses behind the name in RESOLVER_HOSTS, "name address ..."; false if it is not there. */
static int
look_up(const char *name, char addresses[200])
{
	FILE *file = fopen(getenv("RESOLVER_HOSTS"), "r");
	char known[100];
	int found = 0;

	while (file && !found && fscanf(file, "%99s %199[^\n]", known, addresses) == 2)
		found = strcasecmp(known, name) == 0;
	if (file)
		fclose(file);
	return found;
}

int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
	struct addrinfo numeric = *hints;
	char addresses[200];
	char *rest = addresses;
	char *word;

	if (!name || !look_up(name, addresses))
		return real(name, service, hints, result);
	note("lookup %s\n", name);
	numeric.ai_flags |= AI_NUMERICHOST;
	numeric.ai_family = AF_UNSPEC;
	*result = NULL;
	while ((word = strsep(&rest, " ")) != NULL)
	{
		struct addrinfo **end = result;

		while (*end)
			end = &(*end)->ai_next;
		if (real(word, service, &numeric, end) != 0)
			abort();
	}
	return 0;
}

int
connect(int fd, const struct sockaddr *address, socklen_t length)
{
	int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
	struct sockaddr_in inside = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	char text[INET6_ADDRSTRLEN] = "";
	int port = 0;
	int is_local;

	is_outside[fd] = 0;
	if (address->sa_family == AF_INET)
	{
		const struct sockaddr_in *in = (const void *) address;

		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		port = ntohs(in->sin_port);
		is_local = ntohl(in->sin_addr.s_addr) >> 24 == 127 || in->sin_addr.s_addr == 0;
	}
	else if (address->sa_family == AF_INET6)
	{
		const struct sockaddr_in6 *in6 = (const void *) address;

		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		port = ntohs(in6->sin6_port);
		is_local = !(in6->sin6_addr.s6_addr[0] & 0xe0) && in6->sin6_addr.s6_addr[15] <= 1;
	}
	else
		return real(fd, address, length);
	note("connect %s %d\n", text, port);
	if (strcmp(text, getenv("RESOLVER_PUBLIC")) == 0)
	{
		inside.sin_port = htons(atoi(getenv("RESOLVER_OUTSIDE")));
		is_outside[fd] = 1;
		return real(fd, (const struct sockaddr *) &inside, sizeof(inside));
	}
	if (is_local)
		return real(fd, address, length);
	errno = ECONNREFUSED;
	return -1;
}

/* Who asks where it has got to is not told that the outside is inside. */
int
getpeername(int fd, struct sockaddr *address, socklen_t *length)
{
	int (*real)(int, struct sockaddr *, socklen_t *) = dlsym(RTLD_NEXT, "getpeername");
	int result = real(fd, address, length);

	if (result == 0 && is_outside[fd])
		inet_pton(AF_INET, getenv("RESOLVER_PUBLIC"), &((struct sockaddr_in *) address)->sin_addr);
	return result;
}
C
system_log(qw(cc -shared -fPIC -O1 -Wall -o), "$folder/resolver.so", "$folder/resolver.c", '-ldl') == 0
  or die "no library\n";

# Names and the addresses that they have from now on.
sub resolve
{
	my (%names) = @_;

	write_file("$folder/hosts", join '', map { "$_ $names{$_}\n" } sort keys %names);
	return;
}

# What was resolved and connected to since the last time.
sub notes
{
	my $text = -e "$folder/log" ? slurp_file("$folder/log") : '';

	unlink "$folder/log";
	return split /\n/, $text;
}

sub connects { return grep { /^connect/ } notes() }

#
# The server, in an environment that would lead it astray, and what is not to be reached
#

my @names = map { "$_.example" } qw(rebind mixed mixed6 inside metadata outside kept);
my $certificate = Receiver::certificate(names => [ (map { "DNS:$_" } @names, 'localhost'), map { "IP:127.0.0.$_" } 1, 2 ]);
my $inner = Receiver->start(name => 'inner');
my $inner_tls = Receiver->start(name => 'inner_tls', %$certificate);
my $outside = Receiver->start(name => 'outside', %$certificate);
my $proxy = Receiver->start(name => 'proxy');
my $has_ipv6 = -e '/proc/net/if_inet6' && slurp_file('/proc/net/if_inet6') =~ /^0{31}1 /m;
my $inner6 = $has_ipv6 ? Receiver->start(name => 'inner6', host => '::1', port => $inner->port) : undef;
my @not_reached = ($inner, $inner_tls, $proxy, $inner6 // ());

write_file("$folder/.netrc", "default login somebody password something\n");
chmod 0600, "$folder/.netrc";
resolve();
my $node = OpenCalendly::node('main', start => 0, conf => Scene::conf()
	. "shared_preload_libraries = '\$libdir/opencalendly'\nopencalendly.retry_delays = '1h'\nopencalendly.ca_file = '$certificate->{certificate}'\n");
{
	my $url = $proxy->url('');
	local %ENV = (%ENV,
		LD_PRELOAD => "$folder/resolver.so",
		RESOLVER_HOSTS => "$folder/hosts",
		RESOLVER_LOG => "$folder/log",
		RESOLVER_PUBLIC => $public,
		RESOLVER_OUTSIDE => $outside->port,
		HOME => $folder,
		map { ($_ => $url, uc $_ => $url) } qw(http_proxy https_proxy all_proxy));
	$node->start;
}
OpenCalendly::install($node);
Scene::host($node);

sub value { return $node->safe_psql('postgres', $_[0]) }

# How often anything has connected to what is not to be reached.
sub reached
{
	return scalar map { $_->events('opened'), $_->events('refused') } @_ ? @_ : @not_reached;
}

# Opens these ranges and no others, and starts a worker anew, which knows it from the start.
my $worker;
sub open_only
{
	my ($list) = @_;

	Outbox::stop($worker);
	value("ALTER SYSTEM SET opencalendly.egress_allow = '$list'");
	value('SELECT pg_reload_conf()');
	Outbox::poll(10, sub { value('SHOW opencalendly.egress_allow') eq $list }) or die "not set: $list\n";
	$worker = Outbox::worker($node);
	return;
}

# Sends one delivery to each URL, by endpoints written with SQL, and returns for each what its attempt says.
my %endpoint; # by URL
sub attempts_at
{
	my (@urls) = @_;
	my %delivery;

	$endpoint{$_} //= Outbox::endpoint($node, $_) for @urls;
	@delivery{@urls} = map { Outbox::enqueue($node, $endpoint{$_}) } @urls;
	Outbox::attempted($node, 1, values %delivery) or diag('not all were attempted');
	return map { $_ => Outbox::attempts($node, $delivery{$_}, 'phase, status, error') } @urls;
}

#
# Closed by default
#

is(value('SHOW opencalendly.egress_allow'), '', 'nothing is open by default');
$worker = Outbox::worker($node);

my $host = Sys::Hostname::hostname();
my @spellings = qw(
  127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7F.1 0177.0.0.1 017700000001 127.0.0.2 0 0.0.0.0
  localhost LOCALHOST inside.example metadata.example
  [::1] [::] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b:1::7f00:1]
  [2002:7f00:1::] [2001:0:7f00:1::] [2001::1] [2001:db8::1] [3fff::1] [fe80::1%25lo] [fe80::1]
  [fec0::1] [fd00::1] [fc00::1] [ff02::1] [100::1] [5f00::1]
  169.254.169.254 2852039166 100.64.0.1 10.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1 192.0.0.1 192.0.2.1 192.88.99.1 198.18.0.1
  198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255);
push @spellings, $host if $host =~ /^[a-z0-9-]+$/i && gethostbyname($host);
my @disguises = ("\x{2460}\x{2461}\x{2466}.\x{24ea}.\x{24ea}.\x{2460}", "\x{ff11}\x{ff12}\x{ff17}.\x{ff10}.\x{ff10}.\x{ff11}",
	"127\x{3002}0\x{3002}0\x{3002}1", "\x{24db}ocalhost", 'localhost.', '127.0.0.1%00.example.com', '%31%32%37.0.0.1');
utf8::encode($_) for @disguises;
resolve('inside.example' => '127.0.0.1', 'metadata.example' => '169.254.169.254');

for my $scheme ('https', 'http')
{
	my @urls = map { "$scheme://$_:${\ $inner->port }/ok" } @spellings;
	my %said = attempts_at(@urls);

	is(join("\n", map { "$_ $said{$_}" } grep { $said{$_} ne 'address||address not allowed' } @urls),
		'', scalar(@urls) . " spellings with $scheme: no more is said than that the address is not allowed");
}

# These are no addresses to anybody, or the same ones: what is said differs, what is done does not.
my @urls = map { my $name = $_; map { "$_://$name:${\ $inner->port }/ok" } 'http', 'https' } @disguises;
my %said = attempts_at(@urls);
for my $url (@urls)
{
	my $name = $url =~ s/([\x80-\xff])/sprintf('\\x%02x', ord $1)/ger;
	like($said{$url}, qr/^(address\|\|address not allowed|resolve\|\|name could not be resolved|prepare\|\|[^0-9:]+)$/, "disguised: $name");
}
is(join("\n", connects()), '', 'the server has connected to nothing at all');
is(reached(), 0, 'nobody was reached');
is(value(<<'SQL'), '', 'nothing else is told');
SELECT DISTINCT last_error FROM opencalendly.webhook_deliveries
	WHERE last_error NOT IN ('address not allowed', 'name could not be resolved') AND last_error ~ '[0-9:]|loopback|private'
SQL

# What is no URL for a request does not come into the table.
for my $url ('file:///etc/passwd', 'gopher://127.0.0.1/', 'ftp://127.0.0.1/', 'https://127.0.0.1:1@8.8.8.8:1/', 'https://8.8.8.8@127.0.0.1/',
	'https://8.8.8.8\\@127.0.0.1/', 'https:///ok', "https://8.8.8.8/\nx", 'https://8.8.8.8/ x', '//127.0.0.1/', "https://8.8.8.8/\x{1}")
{
	my $quoted = $url =~ s/'/''/gr;

	is( Scene::state_of($node, <<"SQL"),
INSERT INTO opencalendly.webhook_subscriptions (user_id, url, events, secret)
	SELECT id, '$quoted', '{booking.created}', '' FROM opencalendly.users
SQL
		'23514', 'refused by the table: ' . $url =~ s/[\n\x01]/?/gr);
}

#
# By the function: addresses are refused when they are given, names when they are connected to
#

value("SELECT opencalendly.create_user('guest', 'guest\@example.com')");

sub create
{
	my ($url) = @_;
	my ($stdout, $stderr) = ('', '');

	$node->psql('postgres', <<"SQL",
SELECT subscription_id FROM opencalendly.users AS u, opencalendly.create_webhook_subscription(u.id, '$url', '{booking.created}')
	WHERE u.username = 'guest'
SQL
		stdout => \$stdout, stderr => \$stderr, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	return ($stdout, $stderr);
}

for my $name (grep { /^[0-9.]+$/ && tr/.// == 3 && !/^0177/ || /^\[[^%]*\]$/ } @spellings)
{
	my ($id, $error) = create("https://$name/hook");
	like($error, qr/OC006.*not allowed/s, "refused when it is given: $name");
}
for my $url ('http://example.com/hook', 'http://93.184.216.34/hook', 'https://user:word@example.com/', 'https://example.com:0/',
	'https://example.com:70000/', 'ftp://example.com/')
{
	my ($id, $error) = create($url);
	like($error, qr/OC006/, "refused when it is given: $url");
	unlike($error, qr/DETAIL:.*word/, 'without what is in it');
}
my ($registered) = create('https://rebind.example/hook');
like($registered, qr/^[0-9a-f-]{36}$/, 'a name is taken');
for my $url ('https://127.0.0.1/', 'http://rebind.example/', 'https://[::ffff:7f00:1]/')
{
	is( Scene::state_of($node, "SELECT opencalendly.update_webhook_subscription('$registered', '{\"url\": \"$url\"}')"),
		'OC006', "and not changed into $url");
}
value("SELECT opencalendly.delete_webhook_subscription('$registered')");

#
# The outside can be reached: the guard keeps nothing else from it
#

notes();
my $port = $inner_tls->port;
resolve('outside.example' => $public);
%said = attempts_at((map { "https://$_:$port/ok" } 'outside.example', $refusing, "[$public6]"), "http://outside.example:$port/ok");
is($said{"https://outside.example:$port/ok"}, 'done|204|', 'a public address is sent to');
is($said{"https://$refusing:$port/ok"}, 'connect||connection refused', 'or tried');
is($said{"https://[$public6]:$port/ok"}, 'connect||connection refused', 'of either family');
is($said{"http://outside.example:$port/ok"}, 'address||address not allowed', 'but not without TLS');
my ($request) = $outside->wait_for(1);
is($request->{headers}{authorization}, undef, 'a .netrc of the server\'s user is not read');
is(join("\n", sort(connects())), join("\n", sort map { "connect $_ $port" } $public, $refusing, $public6), 'that is all that was connected to');

#
# A resolver that changes its mind
#

# In one answer.
resolve('mixed.example' => "$refusing 127.0.0.1", 'mixed6.example' => "$public6 ::1 ::ffff:127.0.0.1 $refusing");
%said = attempts_at("https://mixed.example:$port/ok", "https://mixed6.example:$port/ok");
is($said{"https://$_.example:$port/ok"}, 'address||address not allowed', "$_: a public address that refuses, and others") for 'mixed', 'mixed6';
is(join("\n", grep { !/ (\Q$refusing\E|\Q$public6\E) / } connects()), '', 'only the public ones were tried');

# From one attempt to the next, in the same worker: by a new connection and by one that is kept.
$outside->forget;
resolve('rebind.example' => $refusing, 'kept.example' => $public);
@urls = map { "https://$_.example:$port/ok" } 'rebind', 'kept';
%said = attempts_at(@urls);
is(join(', ', @said{@urls}), 'connect||connection refused, done|204|', 'public at first');
my ($kept) = $outside->wait_for(1);
resolve(map { $_ => '127.0.0.1' } 'rebind.example', 'kept.example');
for my $n (1 .. 3)
{
	%said = attempts_at(@urls);
	unlike($said{ $urls[0] }, qr/^done/, 'then inside: no answer to the name without a connection');
}
is(scalar(grep { $_->{connection} != $kept->{connection} } $outside->requests), 0, 'the other one has its own connection, to the public address');

# And in the next worker, which has no connection and has resolved nothing.
Outbox::stop($worker);
$worker = Outbox::worker($node);
notes();
%said = attempts_at(@urls);
is($said{$_}, 'address||address not allowed', "in the next worker it is not allowed: $_") for @urls;
is(join("\n", sort(notes())), "lookup kept.example\nlookup rebind.example", 'it has been resolved, and not connected to');
is(reached(), 0, 'nobody was reached');

#
# Redirects, with loopback open so that they could be followed
#

open_only('127.0.0.0/8');
notes();
my $redirecting = Receiver->start(name => 'redirecting');
my %leads = map { $_ => $redirecting->url("/redirect/$_?to=" . $inner->url('/followed')) } 300 .. 305, 307, 308;
$leads{https} = $redirecting->url('/redirect/307?to=' . $inner_tls->url('/followed'));
$leads{metadata} = $redirecting->url('/redirect/301?to=http://169.254.169.254/latest/meta-data/');
$leads{file} = $redirecting->url('/redirect/302?to=file:///etc/passwd');
%said = attempts_at(values %leads);
for my $name (sort keys %leads)
{
	my ($status) = $leads{$name} =~ m{/redirect/(\d+)};

	is($said{ $leads{$name} }, "done|$status|answered $status; redirects are not followed", "a redirect is a failure: $name");
}
is(join("\n", grep { $_ ne "connect 127.0.0.1 ${\ $redirecting->port }" } connects()), '', 'and followed by no connection');
is(reached(), 0, 'nobody was reached');

#
# What is open, and closed again
#

# The same spellings: it was the guard that held.
%said = attempts_at(map { $inner->url('/ok', $_) } qw(127.0.0.1 127.1 2130706433 0x7f000001 0177.0.0.1 localhost));
is(join(' ', sort map { s/\|$//r } values %said), join(' ', ('done|204') x 6), 'opened, the spellings of 127.0.0.1 arrive');
is(scalar($inner->requests), 6, 'at the receiver that saw nothing before');
%said = attempts_at(map { "https://$_:$port/ok" } qw(10.0.0.1 [::1] 169.254.169.254 128.0.0.0.0 [::ffff:10.0.0.1]));
is($said{"https://$_:$port/ok"}, 'address||address not allowed', "$_ is still closed") for qw(10.0.0.1 [::1] 169.254.169.254 [::ffff:10.0.0.1]);
$_->forget for $inner, $inner_tls;

# Exactly: one address of many, by the one port as by the other, with TLS and without.
my $second = Receiver->start(name => 'second', host => '127.0.0.2', port => $inner->port);
open_only('127.0.0.2/32, 10.1.2.0/24');
%said = attempts_at(map { $inner->url('/exactly', "127.0.0.$_") } 1 .. 3);
is($said{ $inner->url('/exactly', '127.0.0.2') }, 'done|204|', 'the address that is listed is open');
is($said{ $inner->url('/exactly', "127.0.0.$_") }, 'address||address not allowed', "127.0.0.$_ beside it is not") for 1, 3;
notes();
%said = attempts_at('https://10.1.2.255/', 'http://10.1.2.0/', 'https://10.1.3.0/', 'https://10.1.1.255/');
is(join("\n", sort(connects())), "connect 10.1.2.0 80\nconnect 10.1.2.255 443", 'a range is open from its first to its last address');
like((create('http://127.0.0.2/hook'))[0], qr/^[0-9a-f-]{36}$/, 'what is open can be given');
like((create('http://127.0.0.1/hook'))[1], qr/OC006/, 'what is not cannot');

# Closed by a reload, while the worker holds a connection to it.
my $url = $inner->url('/exactly', '127.0.0.2');
is(scalar($second->open_connections), 1, 'a connection is kept');
value("ALTER SYSTEM SET opencalendly.egress_allow = '10.1.2.0/24'");
value('SELECT pg_reload_conf()');
my $blocked = Outbox::poll(30, sub { my %now = attempts_at($url); $now{$url} eq 'address||address not allowed' });
ok($blocked, 'closed, the worker stops sending');
$second->forget;
%said = attempts_at($url);
is($said{$url}, 'address||address not allowed', 'by the connection that it had, too');
is(scalar($second->requests), 0, 'nothing comes any more');
ok(Outbox::poll(10, sub { !$second->open_connections }), 'and the connection is given up');

# And opened again, without a restart.
value("ALTER SYSTEM SET opencalendly.egress_allow = '127.0.0.2'");
value('SELECT pg_reload_conf()');
ok(Outbox::poll(30, sub { my %now = attempts_at($url); $now{$url} eq 'done|204|' }), 'opened again, it sends');

# The setting is a superuser's, and what is no list is refused.
value('CREATE ROLE clerk LOGIN IN ROLE opencalendly_admin; CREATE ROLE worker LOGIN IN ROLE opencalendly_worker');
for my $role ('clerk', 'worker')
{
	like(Scene::state_of($node, "SET opencalendly.egress_allow = '0.0.0.0/0'", user => $role), qr/^(42501|55P02)$/, "a $role cannot open anything");
}
for my $list ('10.0.0.1/8', '127.0.0.1/33', '::1/129', 'localhost', '10.0.0.0/8;11.0.0.0/8', '1.2.3', '10.0.0.0/', '10.0.0.0/-1',
	'10.0.0.0/8,,', join ',', map { "10.0.0.$_" } 0 .. 64)
{
	is(Scene::state_of($node, "ALTER SYSTEM SET opencalendly.egress_allow = '$list'"), '22023', 'no list: ' . substr($list, 0, 30));
}

is(scalar($proxy->requests), 0, 'no proxy of the environment was asked');
is(reached($proxy), 0, 'nor connected to');
Outbox::stop($worker);
$node->stop;
$_->stop for $inner, $inner_tls, $outside, $proxy, $redirecting, $second, $inner6 // ();
done_testing();
