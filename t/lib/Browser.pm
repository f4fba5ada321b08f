package Browser;

=head1 NAME

Browser - tests of the pages in Debian's Chromium

=head1 SYNOPSIS

  use Browser;
  Browser::run('journey');                     # t/browser/journey.mjs, with a service of its own
  done_testing();

  my $service = Browser::start(limits => 1);   # or step by step
  Browser::script($service, 'states', { host => 'ada' });
  Browser::stop($service);

=head1 DESCRIPTION

A service is a node and a shim at http://localhost:PORT, which is its base URL as well, so that its cookies and links
work in a browser. The clock stands at Monday, 2026-06-01 08:00 UTC, until a script moves it. Sign-in links come in the
answers. No mail is queued until a script has it so (setMail), and none is sent but by mailTo, for no worker is
at work.

A script is a program for node that uses t/browser/lib.mjs. It is told of the service by environment variables, may
send SQL as superuser, and prints TAP without numbers and plan: each "ok NAME" and "not ok NAME" becomes a test of the
calling script. It must print "done" at its end. Screenshots of failed steps go to build/results/screenshots.

=over

=item Browser::missing()

Says what keeps such tests from running; undef if nothing does.

=item Browser::start(%options)

Makes a service: {node, shim, http, url}. Options: conf (more lines for the node) and those of Shim->start.

=item Browser::script($service, $name, $data, %answers)

Runs t/browser/$name.mjs; $data, if given, is handed on as JSON. What the script asks by ask(NAME, VALUES), is answered by what
$answers{NAME}->(VALUES) returns.

=item Browser::run($name, %options)

All three in one.

=back

=cut

use strict;
use warnings;
use File::Path qw(make_path);
use FindBin;
use IO::Handle;
use JSON::PP;
use OpenCalendly;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Scene;
use Shim;
use Test::More;

my $child;

sub missing
{
	my $tools = $ENV{OPENCALENDLY_TOOLS} // return 'OPENCALENDLY_TOOLS names no folder';

	return "no playwright-core in $tools" if !-d "$tools/node_modules/playwright-core";
	return 'no chromium' if !-x '/usr/bin/chromium';
	return undef;
}

sub start
{
	my (%options) = @_;
	my $port = $options{port} // PostgreSQL::Test::Cluster::get_free_port();
	my $url = "http://localhost:$port";
	my $conf = delete $options{conf} // '';
	my $mails = PostgreSQL::Test::Utils::tempdir('mails');
	my $node = OpenCalendly::node(
		$options{name} // 'main',
		conf => Scene::conf() . Shim::conf() . "opencalendly.base_url = '$url'\nopencalendly.mail_transport = 'none'\n"
		  . "opencalendly.mail_folder = '$mails'\n$conf");

	OpenCalendly::install($node);
	my $shim = Shim->start($node, %options, port => $port);
	return { node => $node, shim => $shim, http => $shim->http, url => $url, mails => $mails };
}

# The environment of a script.
sub environment
{
	my ($service, $data) = @_;
	my $home = PostgreSQL::Test::Utils::tempdir();
	my $screenshots = "$ENV{TESTDIR}/../screenshots";

	make_path($screenshots);
	return (
		BROWSER_URL => $service->{url},
		BROWSER_METRICS_URL => 'http://127.0.0.1:' . $service->{shim}->metrics_port,
		BROWSER_DATA => encode_json($data // {}),
		BROWSER_SCREENSHOTS => $screenshots,
		BROWSER_SCRIPT => $service->{script},
		BROWSER_MAILS => $service->{mails},
		PGHOST => $service->{node}->host,
		PGPORT => $service->{node}->port,
		PGUSER => 'postgres',
		PGDATABASE => 'postgres',
		HOME => $home,
		XDG_CONFIG_HOME => "$home/config",
		XDG_CACHE_HOME => "$home/cache");
}

sub script
{
	my ($service, $name, $data, %answers) = @_;
	my $is_done = 0;

	$service->{script} = $name;
	my %environment = environment($service, $data);
	pipe(my $output, my $input) or die "no pipe: $!";
	pipe(my $questioner, my $answer) or die "no pipe: $!";
	$answer->autoflush(1);
	$child = fork() // die "could not fork: $!";
	if ($child == 0)
	{
		POSIX::dup2(fileno($questioner), 0);
		POSIX::dup2(fileno($input), 1);
		POSIX::dup2(1, 2);
		%ENV = (%ENV, %environment);
		no warnings 'exec';
		exec 'node', "$FindBin::RealBin/browser/$name.mjs";
		POSIX::_exit(127);
	}
	close($_) for $input, $questioner;
	while (my $line = <$output>)
	{
		chomp $line;
		$is_done = 1, next if $line eq 'done';
		print($answer encode_json([ $answers{$1}->(decode_json($2)) ]) . "\n"), next if $line =~ /^ask (\w+) (.*)/;
		pass_on($line);
	}
	waitpid($child, 0);
	$child = undef;
	ok($? == 0 && $is_done, "$name.mjs came to its end") or diag("status $?");
	return;
}

# One line of a script's TAP becomes one of ours.
sub pass_on
{
	my ($line) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 2;
	if ($line =~ /^(not )?ok\s*(.*)/)
	{
		ok(!$1, $2);
	}
	elsif ($line =~ /^# (.*)/)
	{
		note($1);
	}
	else
	{
		diag($line);
	}
	return;
}

sub stop
{
	my ($service) = @_;

	is($service->{shim}->stop, 0, 'the shim ends well');
	$service->{node}->stop('immediate');
	return;
}

sub run
{
	my ($name, %options) = @_;
	my $data = delete $options{data};
	my $service = start(%options);

	script($service, $name, $data);
	stop($service);
	return;
}

# A browser ends with the script that drives it.
END
{
	my $status = $?;

	if (defined $child)
	{
		kill 'TERM', $child;
		waitpid $child, 0;
	}
	$? = $status;
}

1;
