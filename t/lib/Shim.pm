package Shim;

=head1 NAME

Shim - the HTTP shim as a child process of a TAP test

=head1 SYNOPSIS

  my $node = OpenCalendly::node('main', conf => Shim::conf());
  OpenCalendly::install($node);
  my $shim = Shim->start($node, threads => 4);      # returns when /health answers
  my $http = $shim->http;                           # an Http (lib/Http.pm)
  is($http->get('/v0/auth/me')->{status}, 401, 'nobody is signed in');
  is($shim->stop, 0, 'it ends well');

=head1 DESCRIPTION

The shim listens on a free port of 127.0.0.1, is connected to the node by its Unix socket as the role "shim" (a member
of opencalendly_api, made at the first start), and writes its log to NAME_SHIM.log in the folder of the node's log.
The binary is the one that OPENCALENDLY_SHIM names, else build/opencalendly-shim. A shim that is still running when the
script ends is killed.

=over

=item Shim::conf()

Lines for OpenCalendly::node's conf: sign-in links come in the answers, so that Http's login works.

=item Shim->start($node, %options)

Options:

  name     => 'second'            for the log's name; the default is "shim"
  database => 'postgres'
  threads  => 8
  limits   => 1                   limits per client, which are off by default
  port     => 12345               listen there, and
  metrics_port => 12346           there, not on a free port: as the one that was stopped
  args     => ['--no-prepare']    more arguments
  env      => { TZ => 'UTC' }     more of the environment
  wait     => 0                   do not wait for /health

=item $shim->port, $shim->metrics_port, $shim->url, $shim->pid, $shim->log_file

=item $shim->http(%options)

A client of it: Http->new with its port.

=item $shim->log

The whole log as text.

=item $shim->wait_ready

Waits until /ready answers 200, 30 seconds at most.

=item $shim->stop($signal)

Sends SIGTERM (or another signal) and waits, 30 seconds at most. Returns the exit status, or 128 and the signal's number
if a signal ended it.

=item Shim::binary()

The path of the shim.

=back

=cut

use strict;
use warnings;
use File::Basename ();
use FindBin;
use Http;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(sleep time);

my $tree = "$FindBin::RealBin/..";
my %running; # by process id

sub conf
{
	return "opencalendly.dev_login_links = on\n";
}

sub binary
{
	return $ENV{OPENCALENDLY_SHIM} // "$tree/build/opencalendly-shim";
}

sub start
{
	my ($class, $node, %options) = @_;
	my $name = $options{name} // 'shim';
	my $script = File::Basename::basename($0, '.pl');
	my $self = bless {
		port => $options{port} // PostgreSQL::Test::Cluster::get_free_port(),
		metrics_port => $options{metrics_port} // PostgreSQL::Test::Cluster::get_free_port(),
		log_file => "${PostgreSQL::Test::Utils::log_path}/${script}_$name.log" }, $class;

	make_role($node, $options{database});
	$self->{command} = [
		binary(),
		'--listen' => "127.0.0.1:$self->{port}",
		'--metrics-listen' => "127.0.0.1:$self->{metrics_port}",
		'--database' => conninfo($node, $options{database}),
		'--threads' => $options{threads} // 8,
		'--web' => "$tree/shim/web",
		($options{limits} ? () : '--no-client-limits'),
		@{ $options{args} // [] } ];
	$self->{env} = $options{env} // {};
	$self->spawn;
	$self->wait_for('/health') if $options{wait} // 1;
	return $self;
}

sub make_role
{
	my ($node, $database) = @_;

	$node->safe_psql($database // 'postgres', <<'SQL');
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'shim') THEN
		CREATE ROLE shim LOGIN IN ROLE opencalendly_api;
	END IF;
END
$$;
SQL
	return;
}

sub conninfo
{
	my ($node, $database) = @_;

	return sprintf "host='%s' port=%s dbname='%s' user=shim", $node->host, $node->port, $database // 'postgres';
}

sub spawn
{
	my ($self) = @_;
	my $pid = fork() // die "could not fork: $!";

	if ($pid == 0)
	{
		open(STDIN, '<', '/dev/null');
		open(STDOUT, '>>', $self->{log_file}) or POSIX::_exit(126);
		open(STDERR, '>&', \*STDOUT) or POSIX::_exit(126);
		%ENV = (%ENV, %{ $self->{env} });
		no warnings 'exec';
		exec { $self->{command}[0] } @{ $self->{command} };
		print "could not run $self->{command}[0]: $!\n";
		POSIX::_exit(127);
	}
	$self->{pid} = $pid;
	$running{$pid} = 1;
	return;
}

# Whether the process has ended; then status is known.
sub has_ended
{
	my ($self) = @_;

	return 1 if defined $self->{status};
	return 0 if waitpid($self->{pid}, POSIX::WNOHANG()) != $self->{pid};
	$self->{status} = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	delete $running{ $self->{pid} };
	return 1;
}

sub wait_for
{
	my ($self, $path) = @_;
	my $until = time + 30;
	my $http = $self->http(timeout => 5);

	while (time < $until)
	{
		return if $http->get($path)->{status} == 200;
		die "the shim ended with status $self->{status}:\n" . $self->log if $self->has_ended;
		sleep 0.02;
	}
	die "the shim does not answer $path:\n" . $self->log;
}

sub wait_ready
{
	my ($self) = @_;

	return $self->wait_for('/ready');
}

sub stop
{
	my ($self, $signal) = @_;
	my $until = time + 30;

	kill($signal // 'TERM', $self->{pid}) unless $self->has_ended;
	while (!$self->has_ended)
	{
		die "the shim has not ended after 30 seconds\n" if time > $until;
		sleep 0.01;
	}
	return $self->{status};
}

sub http
{
	my ($self, %options) = @_;

	return Http->new(port => $self->{port}, %options);
}

sub log
{
	my ($self) = @_;

	return PostgreSQL::Test::Utils::slurp_file($self->{log_file});
}

sub port { return $_[0]{port}; }
sub metrics_port { return $_[0]{metrics_port}; }
sub url { return "http://127.0.0.1:$_[0]{port}"; }
sub pid { return $_[0]{pid}; }
sub log_file { return $_[0]{log_file}; }

END
{
	my $status = $?;

	for my $pid (keys %running)
	{
		kill 'KILL', $pid;
		waitpid $pid, 0;
	}
	$? = $status;
}

1;
