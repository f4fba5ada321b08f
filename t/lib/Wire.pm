package Wire;

=head1 NAME

Wire - a connection to the shim that stays, for many small requests and for bytes that no client would send

=head1 SYNOPSIS

  my $wire = Wire->new($shim->port);
  my $answer = $wire->ask('GET', '/v0/users/%ff/event-types', { Authorization => "Bearer $token" });
  is($answer->{status}, 400, 'no UTF-8');

=head1 DESCRIPTION

Method, target, header values and body are bytes and are sent as they are; Host and Content-Length are added unless they
are given (undef: not sent). An answer is {status, headers (lower case names), body (bytes), json}; json is undef unless
the body is JSON. The connection is opened anew when the server has closed it. Status 0: the server closed it without an
answer; status 599: nothing came within 15 seconds.

=cut

use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;

my $json = JSON::PP->new->utf8->allow_nonref;

sub new
{
	my ($class, $port) = @_;

	return bless { port => $port }, $class;
}

sub ask
{
	my ($self, $method, $target, $headers, $body) = @_;
	my %headers = (Host => 'test', defined $body ? ('Content-Length' => length $body) : (), %{ $headers // {} });
	my $bytes = "$method $target HTTP/1.1\r\n"
	  . join('', map { "$_: $headers{$_}\r\n" } grep { defined $headers{$_} } sort keys %headers) . "\r\n" . ($body // '');
	my $is_old = defined $self->{socket};
	my $answer = $self->exchange($bytes, $method);

	# an idle connection may have been closed meanwhile
	$answer = $self->exchange($bytes, $method) if $is_old && $answer->{status} == 0;
	return $answer;
}

sub exchange
{
	my ($self, $bytes, $method) = @_;
	my $buffer = '';
	my $sent = 0;
	my ($status, %headers);

	local $SIG{PIPE} = 'IGNORE';
	$self->{socket} //= IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}, Proto => 'tcp', Timeout => 10)
	  // die "could not connect to port $self->{port}: $!\n";
	while ($sent < length $bytes)
	{
		my $n = syswrite($self->{socket}, $bytes, length($bytes) - $sent, $sent);
		last unless $n;
		$sent += $n;
	}
	while (1)
	{
		if (!defined $status && $buffer =~ s{\AHTTP/1\.1 (\d+)[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n}{})
		{
			$status = $1;
			for my $line (split /\r\n/, $2)
			{
				my ($name, $value) = split /:\s*/, $line, 2;
				$headers{ lc $name } = exists $headers{ lc $name } ? $headers{ lc $name } . ', ' . $value : $value;
			}
			if ($status == 100) { undef $status; next; }
		}
		last if defined $status && length $buffer >= length_of($status, $method, \%headers);
		return $self->lost($status, \%headers, $buffer, 599) unless IO::Select->new($self->{socket})->can_read(15);
		sysread($self->{socket}, $buffer, 65536, length $buffer)
		  or return $self->lost($status, \%headers, $buffer, 0);
	}
	$self->close if ($headers{connection} // '') eq 'close' || $sent < length $bytes;
	return answer($status, \%headers, $buffer);
}

sub length_of
{
	my ($status, $method, $headers) = @_;

	return $method eq 'HEAD' || $status == 204 || $status == 304 ? 0 : $headers->{'content-length'} // 0;
}

sub lost
{
	my ($self, $status, $headers, $buffer, $instead) = @_;

	$self->close;
	return answer($status // $instead, $headers, $buffer);
}

sub answer
{
	my ($status, $headers, $body) = @_;
	my $is_json = ($headers->{'content-type'} // '') =~ m{^application/json};

	return { status => $status, headers => $headers, body => $body, json => $is_json ? eval { $json->decode($body) } : undef };
}

sub close
{
	my ($self) = @_;

	close(delete $self->{socket}) if $self->{socket};
	return;
}

1;
