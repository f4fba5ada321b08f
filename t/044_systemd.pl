# Promise: deploy/opencalendly-shim.service is a unit that systemd accepts and finds well shut in; with the settings of
# deploy/shim.conf the shim starts; it tells systemd when it serves and when it stops.
use strict;
use warnings;
use FindBin;
use IO::Select;
use IO::Socket::UNIX;
use OpenCalendly;
use PostgreSQL::Test::Utils;
use Scene;
use Shim;
use Socket;
use Test::More;
use Time::HiRes qw(time);

my $deploy = "$FindBin::RealBin/../deploy";
my $unit = slurp_file("$deploy/opencalendly-shim.service");
my $node = OpenCalendly::node('main');
OpenCalendly::install($node);

# Settings of a file as systemd reads it: NAME=VALUE or NAME="VALUE"; of shim.conf also those that are commented out.
sub settings
{
	my %settings = slurp_file("$deploy/shim.conf") =~ /^#?(OPENCALENDLY_\w+)=(.*)$/mg;

	s/^"(.*)"$/$1/ for values %settings;
	return %settings;
}

# --- what systemd says -----------------------------------------------------------------------------------------------

my $has_analyze = system('command -v systemd-analyze >/dev/null') == 0;
SKIP:
{
	skip 'systemd-analyze is not installed', 3 unless $has_analyze;
	my $folder = PostgreSQL::Test::Utils::tempdir();
	my ($program) = $unit =~ /^ExecStart=(\S+)$/m;
	my $binary = Shim::binary();
	(my $here = $unit) =~ s/^ExecStart=.*$/ExecStart=$binary/m;
	append_to_file("$folder/opencalendly-shim.service", $here);

	my ($out, $err);
	my $status = IPC::Run::run([ qw(systemd-analyze verify --man=no), "$folder/opencalendly-shim.service" ], '<', \undef, '>', \$out, '2>', \$err);
	skip "systemd-analyze cannot work here: $err", 3 if $err =~ /Failed to (?:initialize|setup|create|start) (?:manager|working)/i;
	is($out . $err, '', 'the unit is correct');
	$status = IPC::Run::run([ qw(systemd-analyze security --offline=true --no-pager --threshold=15), "$folder/opencalendly-shim.service" ],
		'<', \undef, '>', \$out, '2>', \$err);
	ok($status, 'its exposure is at most 1.5 of 10') or diag $out, $err;
	like($out, qr/Overall exposure level/, 'by what systemd has looked at');
}
SKIP:
{
	skip 'systemd-sysusers is not installed', 2 if system('command -v systemd-sysusers >/dev/null') != 0;
	my $root = PostgreSQL::Test::Utils::tempdir();
	my $said = `systemd-sysusers --dry-run --root=$root $deploy/opencalendly.sysusers 2>&1`;

	is($?, 0, 'systemd-sysusers takes its file') or diag $said;
	my ($user) = $unit =~ /^User=(\w+)$/m;
	like(slurp_file("$deploy/opencalendly.sysusers"), qr/^u \Q$user\E /m, 'which makes the user of the unit');
}
my ($patience) = $unit =~ /^TimeoutStopSec=(\d+)$/m;
cmp_ok($patience, '>', 25 + 4, 'systemd waits longer for the end than the shim does');

# --- settings --------------------------------------------------------------------------------------------------------

my $help = `${\ Shim::binary()} --help`;
my %settings = settings();
is_deeply([ sort keys %settings ], [ sort grep { $_ ne 'OPENCALENDLY_NO_CLIENT_LIMITS' } $help =~ /(OPENCALENDLY_\w+)/g ],
	'shim.conf tells of every setting but that of development');
for my $name (grep { /^#OPENCALENDLY_\w+=\S+$/ } split /\n/, slurp_file("$deploy/shim.conf"))
{
	my ($variable, $value) = $name =~ /^#(\w+)=(.*)$/;
	like($help, qr/\(\Q$value\E\)\s+$variable\b/, "its default of $variable is right") unless $variable =~ /ORIGIN|PREPARE|WEB/;
}

# --- a start by the environment, watched as systemd does ---------------------------------------------------------------

my $folder = PostgreSQL::Test::Utils::tempdir_short();

# What comes at a socket within 20 seconds.
sub message
{
	my ($socket) = @_;
	my $text = '';

	$socket->recv($text, 4096) if IO::Select->new($socket)->can_read(20);
	return $text;
}

for my $path ("$folder/notify", "\0opencalendly-$$")
{
	my $what = $path =~ /^\0/ ? 'an abstract socket' : 'a socket in a folder';
	my $listener = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path) or die "no socket: $!";
	my %environment = (
		%settings,
		OPENCALENDLY_DATABASE => $settings{OPENCALENDLY_DATABASE} =~ s{^host=\S+ dbname=\S+}{'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres'}er,
		OPENCALENDLY_WEB => "$FindBin::RealBin/../shim/web",
		NOTIFY_SOCKET => $path =~ s/^\0/\@/r);
	my %ports;

	$node->safe_psql('postgres', 'CREATE ROLE opencalendly LOGIN IN ROLE opencalendly_api') if $path !~ /^\0/;
	# Shim gives ports and the like as arguments; without them the environment decides
	$environment{$_} = '127.0.0.1:' . ($ports{$_} = PostgreSQL::Test::Cluster::get_free_port()) for qw(OPENCALENDLY_LISTEN OPENCALENDLY_METRICS_LISTEN);
	my $began = time;
	my $process = IPC::Run::start([ Shim::binary() ], init => sub { %ENV = (%ENV, %environment) }, '<', \undef, '>', \my $out, '2>', \my $log);
	like(message($listener), qr/^READY=1$/m, "$what: the shim says that it serves") or diag $log;
	my $http = Http->new(port => $ports{OPENCALENDLY_LISTEN});
	is($http->get('/ready')->{status}, 200, 'it does');
	is(Http->new(port => $ports{OPENCALENDLY_METRICS_LISTEN})->get('/metrics')->{status}, 200, 'metrics, too');
	$process->signal('HUP');
	is($http->get('/health')->{status}, 200, 'SIGHUP changes nothing');
	$process->signal('TERM');
	like(message($listener), qr/^STOPPING=1$/m, 'then, that it stops');
	$process->finish;
	is($process->full_result(0), 0, 'and does, well');
	close $listener;
}

# --- a start that must fail -------------------------------------------------------------------------------------------

for my $wrong ([ OPENCALENDLY_LISTEN => 'nowhere' ], [ OPENCALENDLY_THREADS => 'many' ], [ OPENCALENDLY_TRUSTED_PROXY => '300.0.0.1' ],
	[ OPENCALENDLY_WEB => "$folder/absent" ])
{
	my ($variable, $value) = @$wrong;
	my $listener = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "$folder/$variable") or die "no socket: $!";
	my %environment = (
		OPENCALENDLY_WEB => "$FindBin::RealBin/../shim/web", $variable => $value, NOTIFY_SOCKET => "$folder/$variable",
		OPENCALENDLY_DATABASE => 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres user=opencalendly');
	my $log = '';
	IPC::Run::run([ Shim::binary() ], init => sub { %ENV = (%ENV, %environment) }, '<', \undef, '>&', \$log, IPC::Run::timeout(20));
	isnt($?, 0, "$variable=$value: no start");
	like($log, qr/\Q$value\E/, 'and why');
	ok(!IO::Select->new($listener)->can_read(0), 'systemd is not told that it serves');
}

$node->stop;
done_testing();
