# Promise: what two readers of HTTP could take for different requests is refused or cut, and no request hidden in it
# reaches a handler; what is one request is answered once, in its turn. What clients send slowly, half or never ends
# by a deadline, and holds no thread longer.
use strict;
use warnings;
use Crowd;
use JSON::PP;
use OpenCalendly;
use Scene;
use Shim;
use Test::More;
use Time::HiRes qw(sleep time);

my $threads = 16;
my $node = OpenCalendly::node('main', conf => Scene::conf());
OpenCalendly::install($node);
Scene::host($node);

# Who is trusted may name requests, and the log then tells which were answered.
my $shim = Shim->start($node, threads => $threads, args => [ '--trusted-proxy', '127.0.0.1/32' ]);
my $port = $shim->port;
my $host = "Host: localhost\r\n";

sub booking
{
	my ($name, $day) = @_;
	my $body = encode_json({
		username => 'ada', eventSlug => 'intro', startsAt => "2026-06-${day}T10:00:00.000Z",
		inviteeName => 'Eve', inviteeEmail => 'eve@example.com' });

	return Crowd::request('POST', '/v0/bookings',
		headers => [ 'X-Request-Id' => $name, 'Idempotency-Key' => "$name-$day-$day-$day" ],
		body => $body);
}

my $hidden = booking('hidden-request', '03');
my $hidden_length = length $hidden;
my $hold = "POST /v0/holds HTTP/1.1\r\n$host";

sub bookings
{
	return $node->safe_psql('postgres', 'SELECT count(*) FROM opencalendly.bookings');
}

# The requests that the log tells of, but for the clients' own health checks.
my ($log_at, @log) = (0);

sub logged
{
	open(my $file, '<', $shim->log_file) or die "no log: $!";
	seek($file, $log_at, 0);
	while (my $line = <$file>)
	{
		last unless $line =~ /\n\z/;
		$log_at += length $line;
		my $said = decode_json($line);
		push @log, $said if exists $said->{status} && ($said->{requestId} // '') !~ /^honest-/;
	}
	return @log;
}

# The statuses of a client's answers: '400', '200,404', '' for none.
sub statuses
{
	my ($client) = @_;

	return join ',', map { $_->{status} } @{ $client->{answers} };
}

# The log's lines may come a moment after the answers: the first is of the start.
my $honest = 0;
my $expected_lines = 1;
sleep 0.005 until logged() >= $expected_lines;

sub readable
{
	my ($bytes) = @_;

	return $bytes =~ s/([^\n -~])/sprintf '\\x%02x', ord $1/ger;
}

# Sends bytes and reads until the server closes. The statuses must be as expected (a mere 400: the shim's own), as many
# requests (or $lines) be in the log, nothing hidden among them; and the next client must be served.
sub shape
{
	my ($name, $bytes, $expected, $lines, %options) = @_;
	my $code = delete $options{code} // ($expected eq '400' ? 'HTTP_400' : undef);
	my $crowd = Crowd->new($port);
	my $client = $crowd->client(send => $bytes, %options);
	my $ended = $crowd->pump(10);
	my $seen = @log;
	my @next = Crowd::get($port, 10, Crowd::request('GET', '/health', headers => [ 'X-Request-Id' => sprintf 'honest-%04d', ++$honest ]));
	my @lines;
	my $until = time + 5;

	$crowd->close;
	$expected_lines += $lines // grep { $_ >= 200 } split /,/, $expected;
	sleep 0.005 while time < $until && (@lines = logged()) < $expected_lines;
	my @wrong = (
		$ended ? () : 'it did not end',
		statuses($client) =~ /^(?:$expected)$/ ? () : 'answered ' . statuses($client) . ", not $expected",
		!$code || ($client->{answers}[0]{json}{code} // '') eq $code ? () : "the answer is not of $code",
		statuses($next[0]) eq '200' ? () : 'the next client was answered ' . statuses($next[0]),
		@lines == $expected_lines ? () : "the log has ${\ scalar @lines} requests, not $expected_lines",
		(grep { ($_->{requestId} // '') =~ /hidden/ } @lines[ $seen .. $#lines ]) ? 'the hidden request was answered' : ());
	is("@wrong", '', readable($name)) or diag readable(substr($client->{bytes}, 0, 1000) =~ tr/\r//dr);
	$expected_lines = @lines;
	return $client;
}

sub lengths
{
	my $te = "Transfer-Encoding: chunked\r\n";

	shape('Content-Length and Transfer-Encoding', "${hold}Content-Length: 5\r\n$te\r\n0\r\n\r\n$hidden", '400');
	shape('Transfer-Encoding and Content-Length', "$hold${te}Content-Length: 5\r\n\r\n0\r\n\r\n$hidden", '400');
	shape('the same, the length around all of it', "$hold${te}Content-Length: ${\ (5 + $hidden_length)}\r\n\r\n0\r\n\r\n$hidden", '400');
	shape("Transfer-Encoding: $_", "${hold}Transfer-Encoding: $_\r\n\r\n0\r\n\r\n$hidden", '400')
	  for 'chunked', 'Chunked', 'identity', 'chunked, identity', 'gzip, chunked', 'xchunked', '"chunked"', '';
	shape('Transfer-Encoding twice', "$hold${te}Transfer-Encoding: identity\r\n\r\n0\r\n\r\n$hidden", '400');

	my %chunks = (
		'chunks as they should be'       => "2\r\n{}\r\n0\r\n\r\n",
		'a chunk size that is no number' => "zz\r\n{}\r\n0\r\n\r\n",
		'a negative chunk size'          => "-2\r\n{}\r\n0\r\n\r\n",
		'a chunk size of 68 bits'        => "10000000000000002\r\n{}\r\n0\r\n\r\n",
		'a chunk extension'              => "2;a=\"b\"\r\n{}\r\n0\r\n\r\n",
		'a chunk longer than its size'   => "2\r\n{}{}{}\r\n0\r\n\r\n",
		'chunks by bare line feeds'      => "2\n{}\n0\n\n",
		'a trailer'                      => "2\r\n{}\r\n0\r\nContent-Length: $hidden_length\r\n\r\n");
	shape($_, "$hold$te\r\n$chunks{$_}$hidden", '400') for sort keys %chunks;

	shape("Content-Length: '$_'", "${hold}Content-Length: $_\r\n\r\n{}   $hidden", '400|413')
	  for '5, 6', '5,5', '+5', '-5', '5abc', 'abc', '', '0x5', '5 5', '5 ', '1e1', "5\t", '18446744073709551621',
	  '99999999999999999999999999', '9223372036854775807';
	shape('Content-Length twice, the same', "${hold}Content-Length: 5\r\nContent-Length: 5\r\n\r\n{}   $hidden", '400');
	shape('Content-Length twice, not the same',
		"${hold}Content-Length: 2\r\nContent-Length: ${\ (2 + $hidden_length)}\r\n\r\n{}$hidden", '400');
	shape('Content-Length twice, in other case',
		"${hold}Content-Length: 2\r\ncontent-length: ${\ (2 + $hidden_length)}\r\n\r\n{}$hidden", '400');
	return;
}

sub header_counts
{
	my $more = sub { join '', map { "X-$_: $_\r\n" } 2 .. $_[0] };    # after Host

	shape('63 headers', "GET /health HTTP/1.1\r\n$host${\ $more->(63)}\r\n", '200');
	shape("$_ headers", "GET /health HTTP/1.1\r\n$host${\ $more->($_)}\r\n", '431') for 64, 65, 100;
	shape("Content-Length in header $_", "$hold${\ $more->($_ - 1)}Content-Length: $hidden_length\r\n\r\n$hidden", '431')
	  for 64, 65, 66;
	shape('Transfer-Encoding in header 65',
		"${hold}Content-Length: 5\r\n${\ $more->(63)}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n$hidden", '431');
	return;
}

# The library ends the headers at a line that does not begin with a name, and would lose a length below it.
sub header_lines
{
	my $length = "Content-Length: $hidden_length\r\n\r\n$hidden";

	shape('a folded header, a length below it', "${hold}X: a\r\n b\r\n$length", '400');
	shape('a header folded by a tab', "${hold}X: a\r\n\tb\r\n$length", '400');
	shape('a header without a name', "${hold}: a\r\n$length", '400');
	shape('a name of other letters', "${hold}\xc3\xa9: a\r\n$length", '400');
	shape('a line feed and an empty line', "${hold}X: a\n\r\n$length", '400');
	shape('a line feed and a carriage return', "${hold}X: a\n\r$length", '400');
	shape('an empty line of a carriage return', "${hold}X: a\r\n\r$length", '400');
	shape('the same in HTTP/1.0', "POST /v0/holds HTTP/1.0\r\n${host}Connection: keep-alive\r\n\r$length", '400');
	shape('no header above a folded length, in HTTP/1.0', "POST /v0/holds HTTP/1.0\r\n $length", '400', 1, code => 'OC006');
	shape('a header that is no line', "${hold}X\r\n$length", '400');
	shape('a space before the colon', "${hold}Content-Length : $hidden_length\r\n\r\n$hidden", '400');
	shape('a space before the colon of nothing', "${hold}X :\r\n$length", '400');
	shape('a tab before the colon', "${hold}Content-Length\t: $hidden_length\r\n\r\n$hidden", '400');
	shape('a space in a name', "${hold}Content Length: $hidden_length\r\n\r\n$hidden", '400');
	shape('line ends of line feeds', "GET /health HTTP/1.1\nHost: localhost\n\n", '400');
	shape('one line end of a line feed', "GET /health HTTP/1.1\r\n${host}A: b\nC: d\r\n\r\n", '400');
	shape('a header without a value is one', "GET /health HTTP/1.1\r\n${host}X:\r\nY: \r\n\r\n", '200');
	shape("byte $_ in a header's value", "GET /health HTTP/1.1\r\n${host}X: a" . chr($_) . "b\r\n\r\n", '400') for 0, 1, 8, 11, 13, 27, 127;
	shape("byte $_ in a header's name", "GET /health HTTP/1.1\r\n${host}X" . chr($_) . ": b\r\n\r\n", '400') for 0, 1, 127, 160;
	shape('no Host', "GET /health HTTP/1.1\r\n\r\n$hidden", '400');
	shape('two Hosts', "GET /health HTTP/1.1\r\n${host}Host: other\r\n\r\n$hidden", '400');
	shape('the same Host twice', "GET /health HTTP/1.1\r\n$host$host\r\n$hidden", '400');
	return;
}

sub first_lines
{
	shape("'$_'", "$_\r\n$host\r\n", '400|505')
	  for 'GET /health', 'GET /health HTTP/0.9', 'GET /health HTTP/1.2', 'GET /health HTTP/2.0', 'GET /health HTTP/11', 'GET /health HTTP',
	  'GET /health http/1.1', 'GET /health /health HTTP/1.1', 'get /health HTTP/1.1', 'TRACE /health HTTP/1.1', 'BREW /health HTTP/1.1',
	  'CONNECT localhost:80 HTTP/1.1', "GET\t/health\tHTTP/1.1", "GET /he\x01alth HTTP/1.1", "GET /he\0alth HTTP/1.1", 'GET health HTTP/1.1',
	  'HTTP/1.1 200 OK';
	shape("'$_' is cut", "$_\r\n$host\r\n$hidden", '|400', 0)
	  for 'GET http://localhost/health HTTP/1.1', "GET http://127.0.0.1:$port/health HTTP/1.1", 'OPTIONS * HTTP/1.1';
	shape('the preface of HTTP/2', "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", '400|505');
	shape('a TLS handshake', "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" . 'x' x 160, '400');
	shape('HTTP/1.0 without Host, and its end', "GET /health HTTP/1.0\r\n\r\n$hidden", '200');
	shape('HTTP/1.0 that goes on', "GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" x 2, '200,200');
	shape("$_->[0] before the request", "$_->[1]${hold}Content-Length: 2\r\n\r\n{}$hidden", '400')
	  for [ 'an empty line', "\r\n" ], [ 'two empty lines', "\r\n\r\n" ], [ 'a line feed', "\n" ], [ 'a space', ' ' ],
	  [ '16 spaces', ' ' x 16 ];
	return;
}

# Of one thread, whose buffer still has what was cut off of an earlier client's requests: it must not be read as if it
# were a part of another's.
sub leftovers
{
	my $single = Shim->start($node, name => 'single', threads => 1, args => [ '--trusted-proxy', '127.0.0.1/32' ]);
	my $close = "GET /health HTTP/1.1\r\n${host}Connection: close\r\n\r\n";
	my $secret = Crowd::request('GET', '/v0/auth/me', headers => [ 'X-Request-Id' => 'anothers-request', Authorization => 'Bearer secret' ]);
	my $gap = length $secret;

	for my $blank ("\r\n\r\n" . ' ' x ($gap - 4), ' ' x ($gap - 4) . "\r\n\r\n", ' ' x ($gap - 2) . "\n\n", "\r\n" x ($gap / 2), "\n" x $gap)
	{
		my ($victim) = Crowd::get($single->port, 10, "$close$secret$secret");
		my $crowd = Crowd->new($single->port);
		my $thief = $crowd->client(send => $blank);

		$crowd->pump(10);
		is(statuses($victim), '200', 'a client sends more after what it says is its last request');
		like(statuses($thief), qr/^(400)?$/, 'another, who sends an empty line, is not answered in its place');
	}
	unlike($single->log, qr/anothers-request/, 'what was left over was not answered');
	is($single->stop, 0, 'the shim ends well');
	return;
}

sub paths
{
	# these are requests, and so the next one on the connection is answered
	my $then = Crowd::request('GET', '/health', headers => [ Connection => 'close' ]);
	my $page = '/v0/users/ada/event-types';

	shape("path $_", "GET $_ HTTP/1.1\r\n$host\r\n$then", '400,200')
	  for "$page/a%00", "$page%00/intro", '/%00', "$page/%zz", "$page/%", "$page/%2", "$page/%2e%2e/intro", "$page/%2E%2e", "$page/%2e",
	  "$page/../event-types", "$page/./intro", '/..', '/v0/users/..%2f..%2fetc/event-types', "$page/a%2fb", "$page/a%2Fb", "$page/a%5cb",
	  '//health', '/v0//users/ada/event-types', "//$page", "$page//intro", "$page/%0a", "$page/%7f", "$page/%ff", "$page/%c0%af", "$page/%ed%a0%80";
	shape("path $_", "GET $_ HTTP/1.1\r\n$host\r\n$then", '404,200')
	  for '/health/', "$page/", "$page/intro/", '/.well-known/security.txt', '/etc/passwd', '/health%20', '/HEALTH', '/health;a=b', '/health#top';
	shape("path $_ has other letters", "GET $_ HTTP/1.1\r\n$host\r\n", '400') for "/he\xc3\xa9alth", "/he\xffalth";
	shape("path $_", "GET $_ HTTP/1.1\r\n$host\r\n$then", '200,200') for '/', '/health?', '/health?a=%zz', "$page/intr%6f", "$page?a=b&a=c";
	return;
}

sub sizes
{
	my $head_of = sub {
		my ($first, $size) = @_;
		my $head = "$first HTTP/1.1\r\n${host}X: ";
		return $head . 'x' x ($size - length($head) - 4) . "\r\n\r\n";
	};
	my $then = Crowd::request('GET', '/health', headers => [ Connection => 'close' ]);

	shape("headers of $_ bytes", $head_of->('GET /health', $_) . $then, '200,200') for 16383, 16384;
	shape("headers of $_ bytes", $head_of->('GET /health', $_) . $hidden, '400|413|431') for 16385, 16386, 20000;
	shape('a header of 1 MB', $head_of->('GET /health', 1024 * 1024) . $hidden, '400|413|431|', 1);
	shape('a path of 1 MB', 'GET /' . 'a' x (1024 * 1024) . " HTTP/1.1\r\n$host\r\n", '400|413|431|', 1);
	shape('1 MB without a line end', 'G' x (1024 * 1024), '400|413|431|', 1);
	shape('headers of 16 KiB and a body', $head_of->("POST /v0/holds HTTP/1.1\r\nContent-Length: 2", 16384) =~ s/^(.*?) HTTP.1.1\r\nHost/$1\r\nHost/sr . "{}$then", '400,200');

	my $post = sub { "${hold}Content-Length: $_[0]\r\n\r\n" };
	my $client = shape('a body of 64 KiB', $post->(65536) . '{"a":"' . 'b' x (65536 - 8) . "\"}$then", '400,200');
	is($client->{answers}[0]{json}{code}, 'OC006', 'the database has read it');
	shape('a body of 64 KiB and one byte', $post->(65537) . $hidden . ' ' x (65537 - $hidden_length), '413');
	shape('a body of 1 MB', $post->(1024 * 1024) . ' ' x (1024 * 1024), '413|', 1);
	shape("a length of $_", $post->($_) . $hidden, '413') for 999999999, 1000000000;
	shape('a GET with a body', Crowd::request('GET', '/health', body => $hidden) . $then, '200,200');
	shape('a GET with a body too long', "GET /health HTTP/1.1\r\n${host}Content-Length: 65537\r\n\r\n$hidden", '413');
	return;
}

sub expectations
{
	my $then = Crowd::request('GET', '/health', headers => [ Connection => 'close' ]);
	my $crowd = Crowd->new($port);
	my $client = $crowd->client(send => "${hold}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", answers => 2);

	$expected_lines++;
	$crowd->pump(10, sub { @{ $client->{answers} } });
	is(statuses($client), '100', 'Expect: 100-continue is answered before there is a body');
	push @{ $client->{queue} }, [ 0, '{}' ];
	$crowd->pump(10);
	is(statuses($client), '100,400', 'and the body, then');
	shape('Expect with the body already there', "${hold}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}$then", '100,400,200', 2);
	shape('Expect without a body', "GET /health HTTP/1.1\r\n${host}Expect: 100-continue\r\n\r\n$then", '200,200');
	shape('Expect with a body too long is told to keep it', "${hold}Expect: 100-continue\r\nContent-Length: 65537\r\n\r\n", '413');
	shape('Expect in HTTP/1.0', "POST /v0/holds HTTP/1.0\r\n${host}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", '400', 1, code => 'OC006');
	shape('another expectation', "${hold}Expect: 200-ok\r\nContent-Length: $hidden_length\r\n\r\n$hidden", '417');
	return;
}

sub pipelines
{
	my $page = '/v0/users/ada/event-types';
	my $close = [ Connection => 'close' ];
	my $two = Crowd::request('GET', "$page/intro") . Crowd::request('GET', '/health', headers => $close);
	my $client = shape('two requests in one write', $two, '200,200');
	ok($client->{answers}[0]{json}{eventType} && $client->{answers}[1]{json}{status} eq 'ok', 'answered in their order');
	shape('two requests, byte by byte', [ map { [ 0, $_ ] } split //, $two ], '200,200');

	# four GETs that can be told apart, two bookings, and refusals that go on
	my @ten = (
		Crowd::request('GET', "$page/intro"), booking('pipelined-1', '04'), Crowd::request('GET', "$page/long"),
		Crowd::request('GET', '/v0/nothing'), booking('pipelined-2', '05'), Crowd::request('HEAD', '/health'),
		Crowd::request('GET', "$page/padded"), Crowd::request('DELETE', '/health', body => $hidden), booking('pipelined-3', '04'),
		Crowd::request('GET', "$page/capped", headers => $close));
	my $before = bookings();
	my $lines = logged();

	# the answer to HEAD has no body, but its length
	my $crowd = Crowd->new($port);
	my $all = $crowd->client(send => join '', @ten, $hidden);
	$crowd->pump(10);
	my @answers = split /(?=HTTP\/1\.1 )/, $all->{bytes};
	is(join(',', map { /^HTTP\/1.1 (\d+)/ } @answers), '200,200,200,404,200,200,200,405,409,200', 'ten requests in one write');
	is(join(',', map { /"slug": ?"(\w+)"/ } @answers), 'intro,long,padded,capped', 'answered in their order');
	is(join(',', map { /^X-Request-Id: (pipelined-\d)/m } @answers), 'pipelined-1,pipelined-2,pipelined-3', 'each as itself');
	is(bookings() - $before, 2, 'each booking was made once');
	is(scalar(logged()) - $lines, 10, 'and the log has each once');
	$expected_lines = logged();

	shape('nothing is answered after the last one', Crowd::request('GET', '/health', headers => $close) . $hidden, '200');
	shape('keep-alive, and its end',
		Crowd::request('GET', '/health', headers => [ Connection => 'keep-alive' ]) . Crowd::request('GET', '/health'), '200,200');
	return;
}

sub methods
{
	my $raw = sub {
		my ($method, $path, @headers) = @_;
		my $client = shape("$method $path", Crowd::request($method, $path, headers => [ Connection => 'close', @headers ]), '\d+', 1, head => $method eq 'HEAD');
		return $client->{bytes};
	};
	my $page = '/v0/users/ada/event-types/intro';
	my $get = $raw->('GET', $page);
	my ($length) = $get =~ /^Content-Length: (\d+)/m;

	like($raw->('HEAD', $page), qr/^HTTP\/1.1 200 .*^Content-Length: $length\r\n.*\r\n\r\n\z/ms, 'HEAD is GET without its body');
	like($raw->('HEAD', '/v0/nothing'), qr/^HTTP\/1.1 404 .*\r\n\r\n\z/s, 'of what is not there, too');
	for ([ 'POST', $page, 'GET, HEAD, OPTIONS' ], [ 'GET', '/v0/holds', 'POST, OPTIONS' ], [ 'PATCH', '/v0/bookings', 'GET, HEAD, POST, OPTIONS' ],
		[ 'POST', '/health', 'GET, HEAD' ], [ 'PROPFIND', $page, 'GET, HEAD, OPTIONS' ], [ 'MKCOL', '/v0/holds', 'POST, OPTIONS' ],
		[ 'PUT', '/v0/openapi.json', 'GET, HEAD' ])
	{
		my ($method, $path, $allow) = @$_;
		my $bytes = $raw->($method, $path);
		my %allowed = map { $_ => 1 } split /, /, ($bytes =~ /^Allow: (.*)\r$/m)[0] // '';

		like($bytes, qr/^HTTP\/1.1 405 /, "$method $path is not allowed");
		is(join(', ', sort keys %allowed), join(', ', sort split /, /, $allow), 'the answer tells what is');
	}
	like($raw->('OPTIONS', $page), qr/^HTTP\/1.1 204 (?!.*Content-Length).*^Allow: [^\r]*GET.*\r\n\r\n\z/ms, 'OPTIONS of a path');
	like($raw->('OPTIONS', '/v0/nothing'), qr/^HTTP\/1.1 404 /, 'OPTIONS of nothing');
	for my $protocol ('websocket', 'h2c')
	{
		my $bytes = $raw->('GET', $page, Connection => 'Upgrade', Upgrade => $protocol, 'Sec-WebSocket-Version' => 13,
			'Sec-WebSocket-Key' => 'dGhlIHNhbXBsZSBub25jZQ==');
		like($bytes, qr/^HTTP\/1.1 200 (?!.*^Upgrade)/ms, "there is no upgrade to $protocol");
	}
	return;
}

sub halves
{
	my $before = bookings();
	my $cut = substr(booking('half-a-request', '06'), 0, -20);
	my $crowd = Crowd->new($port);

	my $half_closed = $crowd->client(send => Crowd::request('GET', '/health'), half_close => 1);
	my $cut_off = $crowd->client(send => $cut, half_close => 1);
	my $head_only = $crowd->client(send => substr($cut, 0, 40), half_close => 1);
	$crowd->client(send => $cut, vanish => 1);
	$crowd->client(send => substr($cut, 0, 40), vanish => 1);
	$crowd->client(send => Crowd::request('GET', '/v0/openapi.json') x 50, vanish => 1);
	is($crowd->pump(10), 1, 'half-closed connections end');
	is(statuses($half_closed), '200', 'a client that has only shut its sending side is answered');
	like(statuses($cut_off), qr/^(400|408)?$/, 'half a body is refused');
	like(statuses($head_only), qr/^400$|^$/, 'half a header is, too');
	is(bookings(), $before, 'none of it has booked');
	return;
}

# Clients that need patience, of a shim of their own, in a process of its own.
my $patient = Shim->start($node, name => 'patient', threads => $threads);

sub wait_for_the_slow
{
	my $crowd = Crowd->new($patient->port);
	my $drop = sub { my ($seconds, $text) = @_; return [ map { [ $seconds, $_ ] } split //, $text ] };
	my $cut = booking('slow', '07');
	my $body_at = index($cut, "\r\n\r\n") + 4;
	my $body = sub { my ($seconds) = @_; return [ [ 0, substr $cut, 0, $body_at ], @{ $drop->($seconds, substr $cut, $body_at) } ] };
	my $document = Crowd::request('GET', '/v0/openapi.json', headers => [ 'Accept-Encoding' => 'identity' ]);
	my %clients = (
		silent => $crowd->client(),
		slow_header => $crowd->client(send => $drop->(1, Crowd::request('GET', '/health'))),
		sly_header => $crowd->client(send => $drop->(4.5, Crowd::request('GET', '/health'))),
		second_header => $crowd->client(send => [ [ 0, Crowd::request('GET', '/health') ], @{ $drop->(0.5, Crowd::request('GET', '/health')) } ]),
		idle => $crowd->client(send => Crowd::request('GET', '/health')),
		slow_body => $crowd->client(send => $body->(0.5)),
		sly_body => $crowd->client(send => $body->(4.5)),
		stalled_body => $crowd->client(send => substr $cut, 0, -1),
		reads_never => $crowd->client(send => $document x 200, reads => [ 1000, 1 ]));
	my $waiting = sub { grep { !$clients{$_}{ended} } grep { $_ ne 'reads_never' } keys %clients };
	my (@slowest, $healthy);
	my $until = time + 25;

	# meanwhile others are served
	do
	{
		my $began = time;
		my ($client) = Crowd::get($patient->port, 10, Crowd::request('GET', '/health', headers => [ Connection => 'close' ]));
		$healthy++ if statuses($client) eq '200';
		push @slowest, time - $began;
		$crowd->pump(0.25, sub { !$waiting->() });
	} while (time < $until && $waiting->());

	# the one that does not read learns when it was cut only by reading; what it did not take is gone
	my $stuck = $clients{reads_never};
	delete $stuck->{reads};
	$crowd->pump(10);
	$crowd->close;
	return {
		seconds => { map { $_ => $clients{$_}{seconds} } keys %clients },
		statuses => { map { $_ => statuses($clients{$_}) } keys %clients },
		closed => { map { $_ => $clients{$_}{closed} } keys %clients },
		stuck_answers => scalar @{ $stuck->{answers} },
		asked => scalar @slowest, healthy => $healthy, slowest => (sort { $b <=> $a } @slowest)[0] };
}

# All threads at once have a request under way.
sub no_thread_is_lost
{
	my ($port) = @_;
	my $crowd = Crowd->new($port);
	my @clients = map { $crowd->client(send => "${hold}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", answers => 2) } 1 .. $threads;

	ok($crowd->pump(10, sub { !grep { !@{ $_->{answers} } } @clients }), "all $threads threads are told to go on at the same time");
	push @{ $_->{queue} }, [ 0, '{}' ] for @clients;
	$crowd->pump(10);
	is(join(' ', map { statuses($_) } @clients), join(' ', ('100,400') x $threads), 'and are answered');
	return;
}

my $slow = Crowd::in_background(\&wait_for_the_slow);
lengths();
header_counts();
header_lines();
first_lines();
paths();
sizes();
expectations();
pipelines();
methods();
halves();
no_thread_is_lost($port);
leftovers();
is(scalar(grep { ($_->{requestId} // '') eq 'hidden-request' } logged()), 0, 'nothing hidden was answered in all of this');
is(bookings(), 2, 'and nothing booked');

my ($seen) = $slow->();
my %bounds = (
	silent => [ 4, 8, '' ], slow_header => [ 4, 10, '400|' ], sly_header => [ 4, 12, '400|' ], second_header => [ 0, 4, '200|200,400' ],
	idle => [ 0.5, 4, '200' ], slow_body => [ 8, 13, '408' ], sly_body => [ 8, 18, '408' ], stalled_body => [ 4, 12, '408' ]);
for my $name (sort keys %bounds)
{
	my ($least, $most, $statuses) = @{ $bounds{$name} };
	my $seconds = $seen->{seconds}{$name};

	note sprintf '%s: %.2f s', $name, $seconds;
	ok($seen->{closed}{$name} && $seconds > $least && $seconds < $most, "the server ends $name by its deadline");
	like($seen->{statuses}{$name}, qr/^($statuses)$/, "and has answered '$statuses' to it");
}
ok($seen->{closed}{reads_never} && $seen->{stuck_answers} < 200, 'the server ends reads_never');
my $answered = () = $patient->log =~ m{"route":"/v0/openapi.json"}g;
is($answered, $seen->{stuck_answers} + 1, "after the first answer that it does not take (of $answered) there is no other");
is($seen->{healthy}, $seen->{asked}, 'others are served meanwhile');
note sprintf 'the slowest in %.3f s', $seen->{slowest};
no_thread_is_lost($patient->port);
is(bookings(), 2, 'no slow request has booked');
is($_->stop, 0, 'the shim ends well') for $shim, $patient;

$node->stop;
done_testing();
