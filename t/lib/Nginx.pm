package Nginx;

=head1 NAME

Nginx - Debian's nginx with deploy/nginx.conf, as a child process of a TAP test

=head1 SYNOPSIS

  plan skip_all => Nginx::missing() if defined Nginx::missing();
  my $nginx = Nginx->start(shims => [ $shim->port ], set => { 'client_header_timeout 10s' => 'client_header_timeout 1s' });
  is($nginx->curl('/health')->{status}, 200, 'the shim answers');
  my $raw = $nginx->raw("GET /health HTTP/1.1\r\n\r\n");
  is($nginx->stop, 0, 'it ends well');

=head1 DESCRIPTION

The file is used as it is shipped but for what every machine must change (ports, paths, the certificate, which is made
here) and what the caller says. Each change must find its place, so that it is the shipped file that is tested. nginx
runs as the test's user on loopback; what is left of it when the script ends is ended.

=over

=item Nginx::missing()

Why it cannot be run here, undef if it can.

=item Nginx->start(%options)

shims: the ports of the upstream's servers. set: texts of the file and what stands in their place.

=item $nginx->curl($path, @arguments)

Asks by HTTPS, with the certificate checked. $path may be a whole URL. Returns {status, version, headers (name in lower
case => list of values), body, error (curl's exit status)}.

=item $nginx->raw($bytes, %options)

Sends bytes over TLS and reads until the other side closes the connection, 20 seconds at most. $bytes may be a list of
parts; between two of them pause (0) seconds pass. Returns {bytes, statuses (of the answers in it), closed, seconds}.

=item $nginx->https_port, $nginx->http_port, $nginx->folder, $nginx->logs

=item $nginx->stop

Ends it (SIGQUIT) and returns its exit status.

=back

=cut

use strict;
use warnings;
use FindBin;
use IPC::Run;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(sleep time);

my ($binary) = grep { -x } map { "$_/nginx" } split(/:/, $ENV{PATH}), '/usr/sbin';
my $name = 'calendar.example.com'; # as in the file
my $config = "$FindBin::RealBin/../deploy/nginx.conf";
my %running; # by process id

sub missing
{
	return 'nginx is not here (Debian: nginx-light)' unless defined $binary;
	return 'curl is not installed' if system('command -v curl >/dev/null') != 0;
	return undef;
}

sub start
{
	my ($class, %options) = @_;
	my $self = bless {
		folder => PostgreSQL::Test::Utils::tempdir(),
		http_port => PostgreSQL::Test::Cluster::get_free_port(),
		https_port => PostgreSQL::Test::Cluster::get_free_port() }, $class;

	$self->make_certificate;
	$self->write_config(%options);
	$self->spawn;
	return $self;
}

sub make_certificate
{
	my ($self) = @_;

	system_log(
		qw(openssl req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1),
		'-subj', "/CN=$name", '-addext', "subjectAltName=DNS:$name",
		'-keyout', "$self->{folder}/key.pem", '-out', "$self->{folder}/cert.pem") == 0
	  or die "no certificate\n";
	return;
}

sub change
{
	my ($text, $from, $to) = @_;

	$$text =~ s/\Q$from\E/$to/g or die "deploy/nginx.conf has no \"$from\"\n";
	return;
}

sub write_config
{
	my ($self, %options) = @_;
	my $folder = $self->{folder};
	my $text = slurp_file($config);
	my $temporary = join '', map { " ${_}_temp_path $folder/$_;" } qw(client_body proxy fastcgi uwsgi scgi);

	change(\$text, 'pid /run/nginx.pid', "pid $folder/nginx.pid");
	change(\$text, '/var/log/nginx/', "$folder/");
	change(\$text, "\nhttp {", "\nhttp {$temporary");
	change(\$text, 'listen 80', "listen 127.0.0.1:$self->{http_port}");
	change(\$text, 'listen 443', "listen 127.0.0.1:$self->{https_port}");
	change(\$text, 'listen [::]:80', "listen [::1]:$self->{http_port}");
	change(\$text, 'listen [::]:443', "listen [::1]:$self->{https_port}");
	$text =~ s/listen \[::1\].*\n//g unless has_ipv6();
	change(\$text, "/etc/letsencrypt/live/$name/fullchain.pem", "$folder/cert.pem");
	change(\$text, "/etc/letsencrypt/live/$name/privkey.pem", "$folder/key.pem");
	change(\$text, '/var/www/acme', "$folder/acme");
	change(\$text, 'server 127.0.0.1:8080 max_fails=0;', join ' ', map { "server 127.0.0.1:$_ max_fails=0;" } @{ $options{shims} });
	change(\$text, $_, $options{set}{$_}) for sort keys %{ $options{set} // {} };
	append_to_file("$folder/nginx.conf", $text);
	return;
}

sub has_ipv6
{
	return -e '/proc/net/if_inet6' && slurp_file('/proc/net/if_inet6') =~ /^0{31}1 /m;
}

sub spawn
{
	my ($self) = @_;
	my $folder = $self->{folder};
	my @command = ($binary, '-p', $folder, '-e', "$folder/error.log", '-c', "$folder/nginx.conf");
	my $pid;

	system_log(@command, '-t') == 0 or die "nginx refuses its configuration\n";
	$pid = fork() // die "could not fork: $!";
	if ($pid == 0)
	{
		exec(@command, '-g', 'daemon off;') or POSIX::_exit(127);
	}
	$self->{pid} = $pid;
	$running{$pid} = 1;
	$self->wait_until_up;
	return;
}

# nginx listens before it writes the file with its process id.
sub wait_until_up
{
	my ($self) = @_;
	my $until = time + 20;

	until (-s "$self->{folder}/nginx.pid")
	{
		die "nginx did not start: " . $self->logs if time > $until || waitpid($self->{pid}, POSIX::WNOHANG()) != 0;
		sleep 0.02;
	}
	return;
}

sub stop
{
	my ($self) = @_;

	kill 'QUIT', $self->{pid};
	waitpid $self->{pid}, 0;
	delete $running{ $self->{pid} };
	return $?;
}

sub curl
{
	my ($self, $path, @arguments) = @_;
	my $url = $path =~ m{^/} ? "https://$name:$self->{https_port}$path" : $path;
	my $output = '';

	IPC::Run::run(
		[
			qw(curl --silent --show-error --include --http1.1 --path-as-is --globoff --max-time 30),
			'--cacert', "$self->{folder}/cert.pem", '--noproxy', '*', (map { ('--resolve', "$name:$_:127.0.0.1") } $self->{https_port}, $self->{http_port}),
			@arguments, $url
		],
		'<', \undef, '>', \$output, '2>>', "$self->{folder}/curl.log");
	return answer($output, $? >> 8);
}

sub answer
{
	my ($text, $error) = @_;
	my %answer = (status => 0, version => '', headers => {}, body => '', error => $error);

	$text =~ s{\AHTTP/[\d.]+ 1\d\d.*?\r\n\r\n}{}s;
	if ($text =~ s{\AHTTP/([\d.]+) (\d+).*?\r\n(.*?)\r\n\r\n}{}s)
	{
		my $lines = $3;
		@answer{qw(version status)} = ($1, $2);
		push @{ $answer{headers}{ lc $1 } }, $2 while $lines =~ /^([^:\r\n]+):[ \t]*([^\r\n]*)/mg;
	}
	$answer{body} = $text;
	return \%answer;
}

sub raw
{
	my ($self, $parts, %options) = @_;
	my $began = time;
	my ($in, $out) = ('', '');
	my $client = IPC::Run::start(
		[
			qw(openssl s_client -quiet -verify_quiet -verify_return_error),
			'-CAfile', "$self->{folder}/cert.pem", '-verify_hostname', $name, '-servername', $name,
			'-connect', "127.0.0.1:$self->{https_port}"
		],
		'<', \$in, '>', \$out, '2>>', "$self->{folder}/openssl.log",
		my $timer = IPC::Run::timer(20));
	my $n = 0;

	local $SIG{PIPE} = 'IGNORE';
	eval {
		for my $part (ref $parts ? @$parts : $parts)
		{
			sleep($options{pause}) if $n++ && $options{pause};
			last unless $client->pumpable;
			$in .= $part;
			$client->pump_nb while length $in && $client->pumpable && !$timer->is_expired;
		}
		$client->pump while $client->pumpable && !$timer->is_expired;
	};
	my $closed = !$timer->is_expired;
	$client->kill_kill;
	return {
		bytes => $out,
		statuses => [ $out =~ m{HTTP/1\.[01] (\d{3}) [A-Z]}g ],
		closed => $closed,
		seconds => time - $began };
}

sub logs
{
	my ($self) = @_;

	return join '', map { -e ? slurp_file($_) : '' } map { "$self->{folder}/$_" } qw(error.log access.log);
}

sub https_port { return $_[0]{https_port}; }
sub http_port { return $_[0]{http_port}; }
sub folder { return $_[0]{folder}; }

END
{
	my $status = $?;

	for my $pid (keys %running)
	{
		kill 'TERM', $pid;
		waitpid $pid, 0;
	}
	$? = $status;
}

1;
