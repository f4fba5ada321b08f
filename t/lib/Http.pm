package Http;

=head1 NAME

Http - a small HTTP client for tests of the shim

=head1 SYNOPSIS

  my $http = Http->new(port => $port);
  my $answer = $http->get('/v0/bookings', query => { status => 'confirmed' });
  is($answer->{status}, 401, 'nobody is signed in');

  my $ada = $http->login('ada@example.com', username => 'ada');      # another client, with her token
  is($ada->post('/v0/teams', { name => 'Crew', slug => 'crew' })->{json}{team}{role}, 'owner', 'hers');

  my $raw = Http::raw($port, "GET /health HTTP/1.1\r\n\r\n");        # byte by byte
  is($raw->{answers}[0]{status}, 400, 'Host is missing');

=head1 DESCRIPTION

An answer is {status, reason, headers (lower case names; a list where one came twice), body, json (undef unless the
body is JSON)}. A connection that fails is status 599 and the reason in body. Redirects are not followed, and each
request has a connection of its own unless keep_alive is asked for.

=over

=item Http->new(port => $port, %options)

Options: host (127.0.0.1), token, headers ({name => value}, for all requests), timeout (30 seconds), keep_alive.

=item $http->get($path, %options), $http->del($path, %options), $http->head($path, %options)

=item $http->post($path, $data, %options), put, patch

$data is made JSON; undef sends no body. Options: headers, query ({name => value}), body (bytes, sent as they are).

=item $http->request($method, $path, %options)

Any method; data => $data makes a JSON body.

=item $http->as($token)

A client like this one with another token (undef: none).

=item $http->with(%options)

A client like this one with other options of new.

=item $http->login($email, %names)

Signs in by a link out of the answer (opencalendly.dev_login_links must be on) and returns a client with the token; its
user is the account. names: username, displayName, timezone, for an address that has no account yet. Dies if it fails.

=item Http::raw($port, $bytes, %options)

Sends bytes and reads until the server closes the connection or nothing comes for idle (2) seconds. $bytes may be a
list of parts; between two of them pause (0) seconds pass. half_close => 1 shuts the sending side down afterwards.
Returns {bytes, closed (whether the server closed it), seconds (all together), answers (parsed; of a body cut short: as
far as it came)}.

=back

=cut

use strict;
use warnings;
use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Time::HiRes qw(sleep time);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

sub new
{
	my ($class, %options) = @_;
	my $self = bless { host => '127.0.0.1', timeout => 30, headers => {}, keep_alive => 0, %options }, $class;

	$self->{client} = HTTP::Tiny->new(
		agent => 'opencalendly-test',
		keep_alive => $self->{keep_alive},
		max_redirect => 0,
		timeout => $self->{timeout});
	return $self;
}

sub with
{
	my ($self, %options) = @_;

	return Http->new(%$self, %options);
}

sub as
{
	my ($self, $token) = @_;

	return $self->with(token => $token);
}

sub get { my ($self, $path, %options) = @_; return $self->request('GET', $path, %options); }
sub head { my ($self, $path, %options) = @_; return $self->request('HEAD', $path, %options); }
sub del { my ($self, $path, %options) = @_; return $self->request('DELETE', $path, %options); }
sub post { my ($self, $path, $data, %options) = @_; return $self->request('POST', $path, data => $data, %options); }
sub put { my ($self, $path, $data, %options) = @_; return $self->request('PUT', $path, data => $data, %options); }
sub patch { my ($self, $path, $data, %options) = @_; return $self->request('PATCH', $path, data => $data, %options); }

sub request
{
	my ($self, $method, $path, %options) = @_;
	my %headers = (%{ $self->{headers} }, %{ $options{headers} // {} });
	my $body = $options{body} // (defined $options{data} ? $json->encode($options{data}) : undef);
	my $query = $self->{client}->www_form_urlencode($options{query} // {});
	my $url = "http://$self->{host}:$self->{port}$path" . ($query eq '' ? '' : "?$query");

	$headers{Authorization} //= "Bearer $self->{token}" if defined $self->{token};
	$headers{'Content-Type'} //= 'application/json' if defined $body;
	my $answer = $self->{client}
		->request($method, $url, { headers => \%headers, defined $body ? (content => $body) : () });
	return answer(@$answer{qw(status reason headers content)});
}

sub answer
{
	my ($status, $reason, $headers, $body) = @_;
	my $type = $headers->{'content-type'} // '';
	my $value = $type =~ m{^application/(\w+\+)?json} ? eval { $json->decode($body) } : undef;

	return { status => $status, reason => $reason, headers => $headers, body => $body // '', json => $value };
}

sub login
{
	my ($self, $email, %names) = @_;
	my $asked = $self->post('/v0/auth/magic-link', { email => $email, %names });
	my $token = $asked->{json}{magicLinkToken} // die "no link to sign in: $asked->{status} $asked->{body}\n";
	my $verified = $self->post('/v0/auth/verify', { token => $token });

	die "not signed in: $verified->{status} $verified->{body}\n" if $verified->{status} != 200;
	return $self->with(token => $verified->{json}{sessionToken}, user => $verified->{json}{user});
}

sub raw
{
	my ($port, $parts, %options) = @_;
	my $began = time;
	my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Proto => 'tcp', Timeout => 10)
		or die "could not connect to port $port: $!\n";
	my $result = { bytes => '', closed => 0 };
	my $select = IO::Select->new($socket);
	my $n = 0;

	local $SIG{PIPE} = 'IGNORE';
	$socket->autoflush(1);
	for my $part (ref $parts ? @$parts : $parts)
	{
		sleep($options{pause}) if $n++ && $options{pause};
		last unless send_all($socket, $part);
	}
	shutdown($socket, 1) if $options{half_close};
	while ($select->can_read($options{idle} // 2))
	{
		my $read = sysread($socket, my $piece, 65536);
		if (!$read)
		{
			$result->{closed} = 1;
			last;
		}
		$result->{bytes} .= $piece;
	}
	close($socket);
	$result->{seconds} = time - $began;
	$result->{answers} = [ answers_in($result->{bytes}) ];
	return $result;
}

# False if the server has closed the connection.
sub send_all
{
	my ($socket, $bytes) = @_;
	my $sent = 0;

	while ($sent < length $bytes)
	{
		my $written = syswrite($socket, $bytes, length($bytes) - $sent, $sent);
		return 0 unless $written;
		$sent += $written;
	}
	return 1;
}

sub answers_in
{
	my ($bytes) = @_;
	my @answers;

	while ($bytes =~ s{\AHTTP/1\.[01] (\d+) ?([^\r\n]*)\r\n((?:[^\r\n]+\r\n)*)\r\n}{})
	{
		my ($status, $reason, $lines) = ($1, $2, $3);
		my %headers;
		for my $line (split /\r\n/, $lines)
		{
			my ($name, $value) = split /:\s*/, $line, 2;
			$name = lc $name;
			my $before = $headers{$name};
			$headers{$name} = defined $before ? [ ref $before ? @$before : $before, $value ] : $value;
		}
		my $length = $status < 200 || $status == 204 || $status == 304 ? 0 : $headers{'content-length'} // length $bytes;
		$length = length $bytes if $length > length $bytes;
		push @answers, answer($status, $reason, \%headers, substr($bytes, 0, $length, ''));
	}
	return @answers;
}

1;
