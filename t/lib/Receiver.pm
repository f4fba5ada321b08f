package Receiver;

=head1 NAME

Receiver - an endpoint for webhooks that verifies by the official libraries, and misbehaves if it is asked to

=head1 SYNOPSIS

  plan skip_all => Receiver::missing() if defined Receiver::missing();
  my $receiver = Receiver->start;
  my $url = $receiver->url('/fail-then-ok/2?key=ada');      # to be subscribed to, with a secret
  $receiver->secrets(ada => $secret);
  my @requests = $receiver->wait_for(3);
  is($requests[2]{standard}, 'ok', 'the third attempt is verified');

=head1 DESCRIPTION

A receiver is a node process (t/receiver/receiver.mjs) on loopback. The path says what is answered; all others are /ok:

  /ok                            204
  /status/NNN?retry-after=X      that status, with Retry-After if it is given; location= for Location
  /gone                          410
  /redirect/NNN?to=URL           302 if no status is given
  /fail-then-ok/N?status=NNN     503 (retry-after= as above), N times for each webhook-id, then 204
  /sequence/503,429,204          one after the other for each webhook-id, then always the last
  /switch/NAME                   as another path that can be set meanwhile, see switch()
  /verified                      204 if both libraries accept it, else 401
  /echo                          200 with the request as JSON
  /slow/MS                       204 after so many milliseconds
  /hang                          nothing, ever
  /drip, /drip-head              200 with one byte a second, in the body or from the first of the head
  /big?status=NNN                100 MB
  /gzip                          100 MB, packed into 100 kB
  /cut                           a body of 100 bytes that ends after 3
  /close, /reset                 the connection ends, or is reset, without an answer
  /headers/N, /informational/N   N lines in the head, N answers of status 103 before the real one (1000)
  /garbage                       what is no HTTP

A request is {path (with the query), id (webhook-id), timestamp (webhook-timestamp), at_ms (when its head was there), n (which
one with this id on this path), standard, svix, opencalendly ("ok", or why not; undef if no secret is known for it), checks (the
three for each secret, if there are several), method, version, connection (its number), headers (lower case names),
raw_headers (name, value, ...), body (text), body_base64 (the bytes)}. "opencalendly" is an HMAC of its own over
X-OpenCalendly-Signature. The secrets are those of the query's key ("" if it has none).

=over

=item Receiver::missing()

Says what keeps it from running; undef if nothing does.

=item Receiver->start(%options)

name (of its log, "receiver"), host (127.0.0.1), port (0: any), secret (the same as secrets('' => ...) afterwards), key and
certificate (files: it speaks TLS), tls (the highest version, such as "TLSv1.1", with the weakest ciphers), idle_ms (after which it
closes a connection that rests; 120000), program (in t/receiver, which has its own paths and orders: faults.mjs), arguments
(more of the program's: list).

=item Receiver::certificate(%options)

Makes a key and a certificate that vouches for itself: {key, certificate} are files. names: list of "DNS:..." and "IP:..." (DNS:localhost,
IP:127.0.0.1), days (2; negative: it has expired).

=item $receiver->url($path, $host)

=item $receiver->secrets($key => @secrets)

=item $receiver->switch($name => $path)

=item $receiver->verify($request, $secret, %options)

Checks a request again: {standard, svix, opencalendly}. shift: by how many seconds the verifiers' clock is ahead; body, headers:
instead of the request's own.

=item $receiver->requests($which)

All requests so far, in their order. $which: a path (the whole, or without the query), or a sub that gets a request.

=item $receiver->wait_for($n, $which, %options)

Waits until there are $n of them, or until the sub $n, called with them, returns true; 30 seconds at most (timeout). Returns
them. Says so if it was in vain.

=item $receiver->forget

Forgets the requests so far, and the events.

=item $receiver->events($kind)

What else was there, of one kind: opened, closed (connections; with at_ms), sent (bytes, when an answer of /big ended; path,
complete), refused (why a TLS handshake has failed).

=item $receiver->open_connections

The numbers of the connections that are open.

=item $receiver->drop

Closes all connections.

=item $receiver->port, $receiver->stop

=back

=cut

use strict;
use warnings;
use File::Basename ();
use FindBin;
use IO::Handle;
use JSON::PP;
use MIME::Base64 ();
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More ();
use Time::HiRes qw(sleep time);

my $programs = "$FindBin::RealBin/receiver";
my $json = JSON::PP->new->utf8->canonical;
my %running; # by process id

sub missing
{
	my $tools = $ENV{OPENCALENDLY_TOOLS} // return 'OPENCALENDLY_TOOLS names no folder';

	return "no standardwebhooks in $tools" if !-d "$tools/node_modules/standardwebhooks";
	return undef;
}

sub start
{
	my ($class, %options) = @_;
	my $script = File::Basename::basename($0, '.pl');
	my $name = $options{name} // 'receiver';
	my $self = bless {
		host => $options{host} // '127.0.0.1',
		scheme => defined $options{key} ? 'https' : 'http',
		program => "$programs/" . ($options{program} // 'receiver.mjs'),
		log => "${PostgreSQL::Test::Utils::log_path}/${script}_$name.jsonl",
		requests => [], events => [], opened => {}, results => {}, orders => 0, rest => '' }, $class;

	unlink $self->{log};
	$self->spawn(
		'--host' => $self->{host},
		'--port' => $options{port} // 0,
		'--idle' => $options{idle_ms} // 120_000,
		(defined $options{key} ? ('--key' => $options{key}, '--cert' => $options{certificate}) : ()),
		(defined $options{tls} ? ('--tls' => $options{tls}) : ()),
		@{ $options{arguments} // [] });
	$self->until(sub { defined $self->{port} }, 30) or die 'the receiver does not start: ' . slurp_file($self->{log});
	$self->secrets('' => $options{secret}) if defined $options{secret};
	return $self;
}

sub spawn
{
	my ($self, @arguments) = @_;
	my $pid;

	pipe(my $orders, $self->{orders_to}) or die "no pipe: $!";
	$pid = fork() // die "could not fork: $!";
	if ($pid == 0)
	{
		close($self->{orders_to});
		open(STDIN, '<&', $orders) or POSIX::_exit(126);
		open(STDOUT, '>>', $self->{log}) or POSIX::_exit(126);
		open(STDERR, '>&', \*STDOUT) or POSIX::_exit(126);
		no warnings 'exec';
		exec 'node', $self->{program}, @arguments;
		POSIX::_exit(127);
	}
	close($orders);
	$self->{orders_to}->autoflush(1);
	$self->{pid} = $pid;
	$running{$pid} = 1;
	return;
}

# Polls a condition; false if it does not come true in time.
sub until
{
	my ($self, $condition, $seconds) = @_;
	my $end = time + $seconds;

	while (1)
	{
		$self->read_log;
		return 1 if $condition->();
		return 0 if time > $end || waitpid($self->{pid}, POSIX::WNOHANG()) != 0;
		sleep 0.005;
	}
}

# Takes in the lines that are new.
sub read_log
{
	my ($self) = @_;

	if (!defined $self->{reader})
	{
		open(my $reader, '<:raw', $self->{log}) or return;
		$self->{reader} = $reader;
	}
	while (sysread($self->{reader}, $self->{rest}, 1 << 20, length $self->{rest}))
	{
		while ($self->{rest} =~ s/\A([^\n]*)\n//)
		{
			my $line = $1;
			my $value = eval { $json->decode($line) };
			defined $value ? $self->take($value) : Test::More::diag("receiver: $line");
		}
	}
	return;
}

sub take
{
	my ($self, $value) = @_;

	if (exists $value->{method}) { push @{ $self->{requests} }, $value; }
	elsif (exists $value->{done}) { $self->{results}{ $value->{done} } = $value; }
	elsif (exists $value->{port}) { $self->{port} = $value->{port}; }
	else { push @{ $self->{events} }, $value; }
	$self->{opened}{ $value->{opened} } = 1 if exists $value->{opened};
	delete $self->{opened}{ $value->{closed} } if exists $value->{closed};
	return;
}

sub order
{
	my ($self, %order) = @_;
	my $number = ++$self->{orders};

	local $SIG{PIPE} = 'IGNORE';
	print { $self->{orders_to} } $json->encode({ %order, number => $number }) . "\n";
	$self->until(sub { exists $self->{results}{$number} }, 30) or die "the receiver does not do what it is told\n";
	return delete($self->{results}{$number})->{result};
}

sub secrets
{
	my ($self, $key, @secrets) = @_;

	return $self->order(do => 'secrets', key => $key, list => \@secrets);
}

sub switch
{
	my ($self, $name, $path) = @_;

	return $self->order(do => 'switch', name => $name, to => $path);
}

sub verify
{
	my ($self, $request, $secret, %options) = @_;

	return $self->order(
		do => 'verify',
		secret => $secret,
		shift => $options{shift} // 0,
		headers => $options{headers} // $request->{headers},
		body => defined $options{body} ? MIME::Base64::encode_base64($options{body}, '') : $request->{body_base64});
}

sub drop
{
	my ($self) = @_;

	return $self->order(do => 'drop');
}

sub matches
{
	my ($request, $which) = @_;

	return 1 if !defined $which;
	return $which->($request) if ref $which;
	return $request->{path} eq $which || $request->{path} =~ /\A\Q$which\E\?/;
}

sub requests
{
	my ($self, $which) = @_;

	$self->read_log;
	return grep { matches($_, $which) } @{ $self->{requests} };
}

sub wait_for
{
	my ($self, $n, $which, %options) = @_;
	my $is_enough = ref $n ? $n : sub { @_ >= $n };
	my @found;

	$self->until(sub { @found = $self->requests($which); $is_enough->(@found) }, $options{timeout} // 30)
	  or Test::More::diag('the receiver waited in vain; it has ' . @found . ' of such requests and ' . @{ $self->{requests} } . ' in all');
	return @found;
}

sub forget
{
	my ($self) = @_;

	$self->read_log;
	$self->{$_} = [] for 'requests', 'events';
	return;
}

sub events
{
	my ($self, $kind) = @_;

	$self->read_log;
	return grep { exists $_->{$kind} } @{ $self->{events} };
}

sub open_connections
{
	my ($self) = @_;

	$self->read_log;
	my @numbers = sort { $a <=> $b } keys %{ $self->{opened} };
	return @numbers;
}

sub url
{
	my ($self, $path, $host) = @_;

	$host //= $self->{host} =~ /:/ ? "[$self->{host}]" : $self->{host};
	return "$self->{scheme}://$host:$self->{port}$path";
}

sub port { return $_[0]{port}; }

sub stop
{
	my ($self) = @_;

	close($self->{orders_to});
	kill 'TERM', $self->{pid};
	waitpid $self->{pid}, 0;
	delete $running{ $self->{pid} };
	$self->read_log;
	return;
}

sub certificate
{
	my (%options) = @_;
	my $folder = PostgreSQL::Test::Utils::tempdir('certificate');
	my $names = join ',', @{ $options{names} // [ 'DNS:localhost', 'IP:127.0.0.1' ] };
	my ($key, $request, $extensions, $certificate) = map { "$folder/$_" } qw(key.pem request.pem extensions cert.pem);

	append_to_file($extensions, "subjectAltName=$names\nbasicConstraints=critical,CA:TRUE\n");
	system_log(qw(openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN=receiver),
		'-keyout', $key, '-out', $request) == 0
	  && system_log(qw(openssl x509 -req -sha256), '-in', $request, '-signkey', $key, '-extfile', $extensions,
		'-days', $options{days} // 2, '-out', $certificate) == 0
	  or die "no certificate\n";
	return { key => $key, certificate => $certificate };
}

# Without its standard input a receiver ends by itself, too: whatever ends the script.
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
