package Crowd;

=head1 NAME

Crowd - many clients of a server at once, byte by byte, in one process

=head1 SYNOPSIS

  my $crowd = Crowd->new($port);
  my $slow = $crowd->client(send => [ map { [ 1, $_ ] } split //, "GET /health HTTP/1.1\r\n" ]);
  my $good = $crowd->client(send => Crowd::request('GET', '/health'), answers => 1);
  $crowd->pump(20);                                # until all have ended, 20 seconds at most
  is($good->{answers}[0]{status}, 200, 'answered');
  cmp_ok($slow->{seconds}, '<', 11, 'cut');

=head1 DESCRIPTION

=over

=item Crowd->new($port)

=item $crowd->client(%options)

Connects and returns the client, which lives while the crowd is pumped. Options:

  send       => $bytes, or a list of [seconds after the piece before, bytes]
  answers    => 1               it closes when it has so many answers; otherwise the server must
  next       => sub { ... }     called with the client and each answer: the next bytes to send, or [seconds to wait,
                                bytes]; undef to close
  half_close => 1               shuts its sending side down when all is sent
  vanish     => 1               closes when all is sent, and reads nothing
  reads      => [ 0.5, 100 ]    reads 100 bytes each half second, through a small window
  head       => 1               its answers have no bodies, as those to HEAD
  port       => 8081            another port than the crowd's

A client has: bytes (all it got), answers (as those of Http, with began and seconds if "next" made the request), ended
(0 while it lives), closed (the server closed), error (a reset's or a failed connection's), first and seconds (from its
beginning to the first byte and to the end).

=item $crowd->pump($seconds, $until)

Lets the clients live until all have ended, $until->() is true, or so many seconds are over. Returns whether it was not
the time that ended it.

=item $crowd->close

Ends all clients.

=item Crowd::request($method, $path, %options)

A request's bytes. Options: headers (a list of names and values), body (bytes), json (data).

=item Crowd::get($port, $seconds, @requests)

Sends each request from a client of its own, all at once; the clients, after $seconds at most.

=item Crowd::in_background(sub { ... })

Runs the code in a child process and returns a code reference that waits for what it returns (JSON), and dies if it
died.

=back

=cut

use strict;
use warnings;
use Errno qw(EAGAIN EINPROGRESS EINTR);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use Http;
use IO::Poll qw(POLLIN POLLOUT POLLERR POLLHUP);
use IO::Socket::INET;
use JSON::PP ();
use List::Util qw(min);
use POSIX ();
use Socket qw(SOL_SOCKET SO_ERROR SO_RCVBUF PF_INET SOCK_STREAM pack_sockaddr_in inet_aton);
use Time::HiRes qw(sleep time);

my $json = JSON::PP->new->canonical->allow_nonref;

sub new
{
	my ($class, $port) = @_;

	$SIG{PIPE} = 'IGNORE';
	return bless { port => $port, clients => [] }, $class;
}

sub client
{
	my ($self, %options) = @_;
	my $send = delete $options{send} // [];
	my $client = {
		port => $self->{port},
		%options,
		queue => [ map { [@$_] } ref $send ? @$send : [ 0, $send ] ],
		began => time,
		sent_at => time,
		bytes => '',
		rest => '',
		answers_wanted => delete $options{answers},
		answers => [],
		ended => 0,
		closed => 0 };

	socket($client->{socket}, PF_INET, SOCK_STREAM, 0) or die "no socket: $!";
	setsockopt($client->{socket}, SOL_SOCKET, SO_RCVBUF, 2048) if $client->{reads};
	fcntl($client->{socket}, F_SETFL, fcntl($client->{socket}, F_GETFL, 0) | O_NONBLOCK);
	connect($client->{socket}, pack_sockaddr_in($client->{port}, inet_aton('127.0.0.1')))
		or $!{EINPROGRESS}
		or finish($client, "$!");
	push @{ $self->{clients} }, $client;
	return $client;
}

sub finish
{
	my ($client, $error) = @_;

	return if $client->{ended};
	close($client->{socket});
	$client->{ended} = 1;
	$client->{seconds} = time - $client->{began};
	$client->{error} = $error if defined $error;
	return;
}

# When the next piece may be sent; undef: there is none.
sub due
{
	my ($client) = @_;

	return @{ $client->{queue} } ? $client->{sent_at} + $client->{queue}[0][0] : undef;
}

sub pump
{
	my ($self, $seconds, $until) = @_;
	my $end = time + $seconds;

	while (my @live = grep { !$_->{ended} } @{ $self->{clients} })
	{
		return 1 if $until && $until->();
		return 0 if time > $end;
		turn($end, @live);
	}
	return 1;
}

sub turn
{
	my ($end, @live) = @_;
	my $poll = IO::Poll->new;
	my $now = time;
	my $wait = min(0.05, $end - $now + 0.001);

	for my $client (@live)
	{
		my $due = due($client);
		my $mask = reads_now($client, $now) ? POLLIN : 0;

		$mask |= POLLOUT if defined $due && $due <= $now;
		$wait = min($wait, $due - $now) if defined $due && $due > $now;
		$poll->mask($client->{socket} => $mask) if $mask;
	}
	$poll->poll($wait > 0 ? $wait : 0);
	for my $client (@live)
	{
		my $events = $poll->events($client->{socket});

		write_some($client) if $events & POLLOUT && !$client->{ended};
		read_some($client) if $events & (POLLIN | POLLERR | POLLHUP) && !$client->{ended};
	}
	return;
}

sub reads_now
{
	my ($client, $now) = @_;

	return !$client->{reads} || $now >= ($client->{read_at} // $client->{began}) + $client->{reads}[0];
}

sub write_some
{
	my ($client) = @_;
	my $piece = $client->{queue}[0];
	my $n = syswrite($client->{socket}, $piece->[1]);

	if (!defined $n)
	{
		# what the server has said before it hung up is still there to be read
		$client->{queue} = [] unless $!{EAGAIN} || $!{EINTR};
		return;
	}
	substr($piece->[1], 0, $n, '');
	$piece->[0] = 0;
	$client->{sent_at} = time;
	return if length $piece->[1];
	shift @{ $client->{queue} };
	return if @{ $client->{queue} };
	finish($client) if $client->{vanish};
	shutdown($client->{socket}, 1) if $client->{half_close};
	return;
}

sub read_some
{
	my ($client) = @_;
	my $n = sysread($client->{socket}, my $piece, $client->{reads} ? $client->{reads}[1] : 65536);

	return if !defined $n && ($!{EAGAIN} || $!{EINTR});
	$client->{read_at} = time;
	if (!$n)
	{
		$client->{closed} = 1;
		finish($client, defined $n ? undef : "$!");
		return;
	}
	$client->{first} //= time - $client->{began};
	$client->{bytes} .= $piece;
	$client->{rest} .= $piece;
	while (!$client->{ended} && (my $answer = take_answer($client)))
	{
		take_turn($client, $answer);
	}
	return;
}

sub take_turn
{
	my ($client, $answer) = @_;

	push @{ $client->{answers} }, $answer;
	if ($client->{next})
	{
		my $asked = $client->{asked_at} // $client->{began};
		@$answer{qw(began seconds)} = ($asked, time - $asked);
		my $next = $client->{next}->($client, $answer);
		return finish($client) unless defined $next;
		$next = [ 0, $next ] unless ref $next;
		$client->{sent_at} = time;
		$client->{asked_at} = time + $next->[0];
		push @{ $client->{queue} }, $next;
	}
	finish($client) if $client->{answers_wanted} && @{ $client->{answers} } >= $client->{answers_wanted};
	return;
}

# The next whole answer out of what was read.
sub take_answer
{
	my ($client) = @_;

	return unless $client->{rest} =~ /\A(HTTP\/1\.[01] (\d+).*?\r\n\r\n)/s;
	my ($head, $status) = ($1, $2);
	my $bodyless = $client->{head} || $status < 200 || $status == 204 || $status == 304;
	my $length = !$bodyless && $head =~ /^Content-Length: (\d+)/mi ? $1 : 0;

	return if length $client->{rest} < length($head) + $length;
	my ($answer) = Http::answers_in(substr($client->{rest}, 0, length($head) + $length, ''));
	return $answer;
}

sub close
{
	my ($self) = @_;

	finish($_) for @{ $self->{clients} };
	return;
}

sub request
{
	my ($method, $path, %options) = @_;
	my $body = defined $options{json} ? $json->encode($options{json}) : $options{body};
	my @headers = (Host => 'localhost', @{ $options{headers} // [] });
	my $head = "$method $path HTTP/1.1\r\n";

	push @headers, 'Content-Type' => 'application/json', 'Content-Length' => length $body if defined $body;
	while (my ($name, $value) = splice @headers, 0, 2)
	{
		$head .= "$name: $value\r\n";
	}
	return "$head\r\n" . ($body // '');
}

sub get
{
	my ($port, $seconds, @requests) = @_;
	my $crowd = Crowd->new($port);
	my @clients = map { $crowd->client(send => $_, answers => 1) } @requests;

	$crowd->pump($seconds);
	$crowd->close;
	return @clients;
}

sub in_background
{
	my ($code) = @_;

	pipe(my $from, my $to) or die "no pipe: $!";
	my $pid = fork() // die "could not fork: $!";
	if ($pid == 0)
	{
		CORE::close($from);
		my $said = $json->encode(eval { [ 1, $code->() ] } // [ 0, "$@" ]);
		while (length $said)
		{
			my $n = syswrite($to, $said) // POSIX::_exit(1);
			substr($said, 0, $n, '');
		}
		POSIX::_exit(0);
	}
	CORE::close($to);
	return sub {
		local $/;
		my $said = <$from>;
		waitpid $pid, 0;
		my ($good, @what) = @{ $json->decode($said // '[0, "it said nothing"]') };
		die $what[0] unless $good;
		return @what;
	};
}

1;
