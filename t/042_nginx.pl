# Promise: deploy/nginx.conf, as docs/deploy.md shows it, serves the shim by TLS and HTTP/2, tells it who the client is
# whatever the client says, and lets no request through that two readers could take for different ones: each is refused or
# cut, and none reaches the shim twice.
use strict;
use warnings;
use FindBin;
use IPC::Run;
use JSON::PP;
use Nginx;
use OpenCalendly;
use PostgreSQL::Test::Utils;
use Scene;
use Shim;
use Test::More;
use Time::HiRes qw(sleep time);

my $missing = Nginx::missing();
plan skip_all => $missing if defined $missing;

my $host = 'calendar.example.com';
my $node = OpenCalendly::node('main', allows_streaming => 1, conf => Scene::conf() . "opencalendly.base_url = 'https://$host'\n");
OpenCalendly::install($node);
Scene::host($node);
my $shim = Shim->start($node, limits => 1, args => [ '--trusted-proxy', '127.0.0.1/32' ]);
my $nginx = Nginx->start(
	shims => [ $shim->port ],
	set => {
		'client_header_timeout 10s' => 'client_header_timeout 1s',
		'client_body_timeout 10s' => 'client_body_timeout 1s',
		'keepalive_timeout 30s' => 'keepalive_timeout 200ms' });
my $page = '/v0/users/ada/event-types/intro';

# The blocks of docs/deploy.md of a language.
sub blocks
{
	my ($language) = @_;

	return slurp_file("$FindBin::RealBin/../docs/deploy.md") =~ /^```$language\n(.*?)^```$/msg;
}

# What the shim has been asked since the last call, a hash for each request, in the order of its log. The end is marked
# by a request of our own, sent past nginx; the log's lines may come a moment after the answers.
my ($marks, $seen) = (0, 0);
sub asked
{
	my ($at_least) = @_;
	my $mark = sprintf 'mark-%08d', ++$marks;
	my $until = time + 5;
	my @lines;

	$shim->http->get('/health', headers => { 'X-Request-Id' => $mark });
	do
	{
		sleep 0.005;
		@lines = grep { exists $_->{status} } map { decode_json($_) } grep { /^\{.*\}$/ } split /\n/, $shim->log;
	} until time > $until || ((grep { $_->{requestId} eq $mark } @lines) && @lines - $seen > ($at_least // 0));
	my @new = grep { ($_->{requestId} // '') !~ /^mark-/ } @lines[ $seen .. $#lines ];
	$seen = @lines;
	return @new;
}

my ($shown, @additions) = blocks('nginx');
is($shown, slurp_file("$FindBin::RealBin/../deploy/nginx.conf"), 'docs/deploy.md has deploy/nginx.conf');
asked();

# --- what a client sees ----------------------------------------------------------------------------------------------

for my $version ('1.1', '2')
{
	my $answer = $nginx->curl($page, $version eq '2' ? '--http2' : '--http1.1');
	is("$answer->{status} HTTP/$answer->{version}", "200 HTTP/$version", "HTTP/$version over TLS");
	is_deeply(decode_json($answer->{body})->{organizer}{username}, 'ada', 'the answer is the shim\'s');
	is(scalar(@{ $answer->{headers}{$_} // [] }), 1, "$_ comes once")
	  for qw(strict-transport-security content-security-policy x-content-type-options x-frame-options referrer-policy
	  permissions-policy cross-origin-resource-policy cache-control content-type date server x-request-id ratelimit);
	like($answer->{headers}{'strict-transport-security'}[0], qr/max-age=\d{8}/, 'HTTPS for long');
	is($answer->{headers}{server}[0], 'nginx', 'no versions are told');
	my ($logged) = asked(1);
	is($logged->{requestId}, $answer->{headers}{'x-request-id'}[0], 'answer and log have the same request id');
	like($nginx->logs, qr/"requestId":"$logged->{requestId}"/, 'and so has the log of nginx');
}

my $availability = $nginx->curl("$page/availability?days=31", '--http2');
cmp_ok(length $availability->{body}, '>', 50_000, 'a long answer');
ok(decode_json($availability->{body})->{ok}, 'arrives whole');
is($nginx->curl("$page/availability?days=31", '-H', "If-None-Match: $availability->{headers}{etag}[0]")->{status}, 304,
	'its ETag is known again');
ok(!$nginx->curl("$page/availability?days=31", '--compressed')->{headers}{'content-encoding'}, 'JSON is not compressed');
is($nginx->curl('/v0/openapi.json', '--compressed')->{headers}{'content-encoding'}[0], 'gzip', 'files are');

for my $path ('/', '/v0/users/ada?x=%2e%2e')
{
	my $answer = $nginx->curl("http://$host:" . $nginx->http_port . $path);
	is("$answer->{status} @{ $answer->{headers}{location} // [] }", "301 https://$host$path", "plain HTTP leads to HTTPS: $path");
}
is($nginx->curl('http://evil.example/', '--resolve', 'evil.example:80:127.0.0.1', '--connect-to', '::127.0.0.1:' . $nginx->http_port)
	  ->{headers}{location}[0], "https://$host/", 'by our name alone, whatever Host says');
mkdir $nginx->folder . '/acme';
mkdir $nginx->folder . "/acme/$_" for '.well-known', '.well-known/acme-challenge';
append_to_file($nginx->folder . '/acme/.well-known/acme-challenge/x', 'proof');
is($nginx->curl("http://$host:" . $nginx->http_port . '/.well-known/acme-challenge/x')->{body}, 'proof', 'certificates can be renewed');

for my $case (
	[ 'a client that knows no newer than TLS 1.1', '-servername', $host, '-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0' ],
	[ 'another server name', '-servername', 'evil.example' ],
	[ 'no server name', '-noservername' ])
{
	my ($what, @arguments) = @$case;
	my $talk = '';
	IPC::Run::run([ qw(openssl s_client -connect), '127.0.0.1:' . $nginx->https_port, @arguments ], '<', \undef, '>&', \$talk);
	unlike($talk, qr/BEGIN CERTIFICATE/, "no certificate for $what");
}

for my $path ('/metrics', '/metrics/', '//metrics', '/v0/../metrics', '/%6detrics')
{
	my $answer = $nginx->curl($path);
	like($answer->{status}, qr/^40[04]$/, "$path is not there");
	unlike($answer->{body}, qr/opencalendly_/, 'and tells nothing');
}
like($shim->http->with(port => $shim->metrics_port)->get('/metrics')->{body}, qr/opencalendly_http_requests_total/, 'metrics are elsewhere');
asked();

# --- bodies ----------------------------------------------------------------------------------------------------------

my $folder = $nginx->folder;
append_to_file("$folder/65536", '{"username": "' . 'x' x (65536 - 16) . '"}');
append_to_file("$folder/65537", '{"username": "' . 'x' x (65537 - 16) . '"}');
append_to_file("$folder/million", '{"username": "' . 'x' x 1_000_000 . '"}');
for my $more ([ '--http1.1' ], [ '--http1.1', '-H', 'Transfer-Encoding: chunked' ], [ '--http2' ])
{
	my @send = (@$more, '-H', 'Content-Type: application/json', '--data-binary');
	my $answer = $nginx->curl('/v0/bookings', @send, "\@$folder/65536");
	is($answer->{status}, 400, "@$more: 64 KiB reach the shim");
	is(scalar asked(1), 1, 'once');
	for my $size (65537, 'million')
	{
		$answer = $nginx->curl('/v0/bookings', @send, "\@$folder/$size");
		is($answer->{status}, 413, "@$more: $size bytes are too many");
		is(decode_json($answer->{body})->{code}, 'HTTP_413', 'told as the API tells it');
		is(scalar(@{ $answer->{headers}{'strict-transport-security'} // [] }), 1, 'with HSTS');
		is(scalar asked(), 0, 'they do not reach the shim');
	}
}
my $booking = encode_json({
	username => 'ada', eventSlug => 'intro', startsAt => '2026-06-02T10:00:00Z', inviteeName => 'Ann', inviteeEmail => 'ann@example.com' });
my @book = ('/v0/bookings', '-H', 'Content-Type: application/json', '-H', 'Idempotency-Key: 0123456789abcdef', '--data-binary', $booking);
my $booked = $nginx->curl(@book, '-H', 'Expect: 100-continue');
is($booked->{status}, 200, 'a booking') or diag $booked->{body};
is(decode_json($nginx->curl(@book, '--http2')->{body})->{booking}{id}, decode_json($booked->{body})->{booking}{id}, 'the same again');
is($node->safe_psql('postgres', 'SELECT count(*) FROM opencalendly.bookings'), 1, 'is the same booking');
my $link = decode_json($booked->{body})->{actions}{cancel};
like($link->{pageUrl}, qr{^https://\Q$host\E/}, 'links lead to the public address');
is($nginx->curl("/v0/bookings/actions/$link->{token}")->{status}, 200, 'a link works');

# --- sessions --------------------------------------------------------------------------------------------------------

my $session = $node->safe_psql('postgres', <<'SQL');
SET opencalendly.dev_login_links = on;
SELECT body::json ->> 'magicLinkToken' AS link FROM opencalendly.api_request_login_link('{"email": "ada@example.com"}') \gset
SELECT body::json ->> 'sessionToken' FROM opencalendly.api_verify_login_link(NULL, NULL, json_build_object('token', :'link')::text);
SQL
for my $version ('--http1.1', '--http2')
{
	is($nginx->curl('/v0/auth/me', $version)->{status}, 401, "$version: nobody is signed in");
	is($nginx->curl('/v0/auth/me', $version, '-H', "Authorization: Bearer $session")->{status}, 200, 'a bearer token arrives');
	is($nginx->curl('/v0/auth/me', $version, '-H', "Cookie: a=b; __Host-session=$session; c=d")->{status}, 200, 'a cookie arrives');
	is($nginx->curl('/v0/auth/me', $version, '-H', 'Cookie: a=b', '-H', "Cookie: __Host-session=$session")->{status}, 200, 'of several, too')
	  if $version eq '--http2';
}
my $out = $nginx->curl('/v0/auth/logout', '-H', "Cookie: __Host-session=$session", '-H', "Origin: https://$host",
	'-H', 'Content-Type: application/json', '--data-binary', '{}');
is($out->{status}, 200, 'signing out by cookie, from our own page');
like($out->{headers}{'set-cookie'}[0] // '', qr/^__Host-session=;.*Secure/, 'a cookie comes back');
is($nginx->curl('/v0/auth/me', '-H', "Authorization: Bearer $session")->{status}, 401, 'the session is over');
asked();

# --- who the client is -----------------------------------------------------------------------------------------------

for my $lie (
	[], [ 'X-Forwarded-For: 192.0.2.1' ], [ 'X-Forwarded-For: 192.0.2.1, 127.0.0.1' ], [ 'X-Forwarded-For: 192.0.2.1', 'X-Forwarded-For: 192.0.2.2' ],
	[ 'X-Forwarded-For;' ], [ 'X_Forwarded_For: 192.0.2.1' ], [ 'Forwarded: for=192.0.2.1' ], [ 'X-Real-IP: 192.0.2.1' ],
	[ 'Connection: close, X-Forwarded-For' ])
{
	$nginx->curl('/health', '--interface', '127.0.0.77', map { ('-H', $_) } @$lie);
	is((asked(1))[0]{client}, '127.0.0.77', 'the client is who connects' . join ', ', '', @$lie);
}
$nginx->curl('/health', '-H', 'X-Request-Id: chosen-by-the-client');
isnt((asked(1))[0]{requestId}, 'chosen-by-the-client', 'a client does not choose what the log says');

my %statuses;
my @many = map { my $n = $_; map { "$page/availability?days=1&n=$_" } ($n * 10) .. ($n * 10 + 9) } 0 .. 12;
for my $group (0 .. 12)
{
	# ten requests a call, each with another lie
	my @urls = map { ('-o', '/dev/null', '-H', "X-Forwarded-For: 10.0.$group.1", "https://$host:" . $nginx->https_port . $_) } @many[ $group * 10 .. $group * 10 + 8 ];
	my $last = $nginx->curl($many[ $group * 10 + 9 ], '--interface', '127.0.0.78', '-w', '%{http_code} ', @urls);
	$statuses{$_}++ for ($last->{body} // '') =~ /\b(200|429)\b/g;
}
my @limited = grep { $_->{client} eq '127.0.0.78' } asked(130);
is(scalar(grep { $_->{status} == 200 } @limited), 120, 'a client may read a page 120 times a minute');
is(scalar(grep { $_->{status} == 429 } @limited), 10, 'whatever else it calls itself');
my $refused = $nginx->curl("$page/availability?days=1", '--interface', '127.0.0.78');
is($refused->{status}, 429, 'then it is told');
like($refused->{headers}{'retry-after'}[0] // '', qr/^\d+$/, 'when to come again');
is($nginx->curl("$page/availability?days=1", '--interface', '127.0.0.79')->{status}, 200, 'another client may');
asked();

# --- shapes ----------------------------------------------------------------------------------------------------------

# Each in a connection of its own, followed by nothing: the answers' statuses, and the requests that the shim saw.
my $get = "GET $page HTTP/1.1\r\nHost: $host\r\n";
my $post = "POST /v0/bookings HTTP/1.1\r\nHost: $host\r\nContent-Type: application/json\r\n";
my $hidden = "GET /v0/openapi.json HTTP/1.1\r\nHost: $host\r\n\r\n";
my $length = 'Content-Length: ' . length $hidden;
my $refusal = qr/^[45]\d\d$/;
my $cut = qr/^(?:4\d\d)?$/; # who is still sending may miss the refusal
my @shapes = (
	[ 'Content-Length and Transfer-Encoding', "${post}$length\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$hidden", $refusal, 0 ],
	[ 'Transfer-Encoding and Content-Length', "${post}Transfer-Encoding: chunked\r\n$length\r\n\r\n0\r\n\r\n$hidden", $refusal, 0 ],
	[ 'Content-Length: 5, 6', "${post}Content-Length: 5, 6\r\n\r\n{}   $hidden", $refusal, 0 ],
	[ 'Content-Length: 5, 5', "${post}Content-Length: 5, 5\r\n\r\n{}   $hidden", $refusal, 0 ],
	[ 'Content-Length: 5abc', "${post}Content-Length: 5abc\r\n\r\n{}   $hidden", $refusal, 0 ],
	[ 'Content-Length: +5', "${post}Content-Length: +5\r\n\r\n{}   $hidden", $refusal, 0 ],
	[ 'Content-Length: -1', "${post}Content-Length: -1\r\n\r\n$hidden", $refusal, 0 ],
	[ 'Content-Length: 0x5', "${post}Content-Length: 0x5\r\n\r\n{}   $hidden", $refusal, 0 ],
	[ 'Content-Length: 2^64 + 5', "${post}Content-Length: 18446744073709551621\r\n\r\n{}   $hidden", $refusal, 0 ],
	[ 'an empty Content-Length', "${post}Content-Length:\r\n\r\n$hidden", $refusal, 0 ],
	[ 'Content-Length twice', "${post}Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}   $hidden", $refusal, 0 ],
	[ 'Content-Length twice the same', "${post}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}$hidden", $refusal, 0 ],
	[ 'Transfer-Encoding: xchunked', "${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n$hidden", $refusal, 0 ],
	[ 'Transfer-Encoding: identity, chunked', "${post}Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n$hidden", $refusal, 0 ],
	[ 'Transfer-Encoding twice', "${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$hidden", $refusal, 0 ],
	[ 'Transfer-Encoding in HTTP/1.0', "POST /v0/bookings HTTP/1.0\r\nHost: $host\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$hidden", $refusal, 0 ],
	[ 'a chunk size that is none', "${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", $refusal, 0 ],
	[ 'a chunk size below zero', "${post}Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n", $refusal, 0 ],
	[ 'a chunk size beyond 64 bits', "${post}Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n", $refusal, 0 ],
	[ 'a chunk longer than its size', "${post}Transfer-Encoding: chunked\r\n\r\n2\r\n{}  \r\n0\r\n\r\n", $refusal, 0 ],
	[ 'a chunk that ends early', "${post}Transfer-Encoding: chunked\r\n\r\n5\r\n{}", $cut, 0 ],
	[ 'a chunk without its line end', "${post}Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n", $refusal, 0 ],
	[ 'a million of one-byte chunks', "${post}Transfer-Encoding: chunked\r\n\r\n" . "1\r\n \r\n" x 1_000_000 . "0\r\n\r\n", $cut, 0 ],
	[ 'a chunk with an extension, re-framed', "${post}Transfer-Encoding: chunked\r\n\r\n2;x=\"y\"\r\n{}\r\n0\r\n\r\n", qr/^400$/, 1 ],
	[ 'chunks with trailers, dropped', "${post}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nContent-Length: 5\r\nHost: evil\r\n\r\n", qr/^400$/, 1 ],
	[ '70 headers and a length behind them', $post . join('', map { "X-$_: y\r\n" } 1 .. 70) . "$length\r\n\r\n$hidden", qr/^431$/, 1 ],
	[ '1,000 headers', $get . join('', map { "X-$_: y\r\n" } 1 .. 1000) . "\r\n", $cut, 0 ],
	[ '%00 in the path', "GET /v0/users/ada%00/x HTTP/1.1\r\nHost: $host\r\n\r\n", $refusal, 0 ],
	[ 'a NUL in the path', "GET /v0/users/ada\0x HTTP/1.1\r\nHost: $host\r\n\r\n", $refusal, 0 ],
	[ 'a NUL in a header', "${get}X-A: b\0c\r\n\r\n", $refusal, 0 ],
	[ '%2f.. in the path', "GET /v0/users/..%2f..%2fhealth HTTP/1.1\r\nHost: $host\r\n\r\n", qr/^40[04]$/, 1 ],
	[ '%zz in the path', "GET /v0/users/%zz HTTP/1.1\r\nHost: $host\r\n\r\n", $refusal, 0 ],
	[ '.. above the root', "GET /../../etc/passwd HTTP/1.1\r\nHost: $host\r\n\r\n", $refusal, 0 ],
	[ '%2e%2e above the root', "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: $host\r\n\r\n", $refusal, 0 ],
	[ '.. within', "GET /v0/x/../users/ada/event-types HTTP/1.1\r\nHost: $host\r\n\r\n", qr/^400$/, 1 ],
	[ 'no Host', "GET $page HTTP/1.1\r\n\r\n", $refusal, 0 ],
	[ 'an empty Host', "GET $page HTTP/1.1\r\nHost: a b\r\n\r\n", $refusal, 0 ],
	[ 'Host twice', "${get}Host: evil.example\r\n\r\n", $refusal, 0 ],
	[ 'a space before the colon', "${get}Content-Length : 5\r\n\r\n$hidden", $refusal, 0 ],
	[ 'a header without a name', "${get}: x\r\n\r\n", qr/^(?:[45]\d\d|200)$/, undef ],
	[ 'a folded header', "${get}X-A: b\r\n c\r\n\r\n", $refusal, 0 ],
	[ 'a CR alone in a header', "${get}X-A: b\rContent-Length: 5\r\n\r\n", qr/^(?:[45]\d\d|200)$/, undef ],
	[ 'a URI of 1 MB', 'GET /' . 'x' x 1_000_000 . " HTTP/1.1\r\nHost: $host\r\n\r\n", $cut, 0 ],
	[ 'a header of 1 MB', "${get}X-A: " . 'x' x 1_000_000 . "\r\n\r\n", $cut, 0 ],
	[ '20 KB of headers', $get . join('', map { "X-$_: " . 'y' x 1000 . "\r\n" } 1 .. 20) . "\r\n", $cut, 0 ],
	[ 'TRACE', "TRACE / HTTP/1.1\r\nHost: $host\r\n\r\n", $refusal, 0 ],
	[ 'CONNECT', "CONNECT evil.example:443 HTTP/1.1\r\nHost: $host\r\n\r\n", $refusal, 0 ],
	[ 'a method in lower case', "get $page HTTP/1.1\r\nHost: $host\r\n\r\n", $refusal, 0 ],
	[ 'HTTP/2.0 by hand', "GET $page HTTP/2.0\r\nHost: $host\r\n\r\n", $refusal, 0 ],
	[ 'what is not HTTP', "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", $cut, 0 ],
	[ 'absolute form', "GET https://$host$page HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n", qr/^200$/, 1 ],
	[ 'absolute form of another host', "GET http://evil.example$page HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n", qr/^421$/, 0 ],
	[ 'another Host', "GET $page HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", qr/^421$/, 0 ],
	[ 'bare line feeds', $get =~ s/\r//gr . "Connection: close\n\n", qr/^200$/, 1 ],
	[ 'a GET with a body', "${get}Content-Length: 2\r\nConnection: close\r\n\r\n{}", qr/^200$/, 1 ],
	[ 'three at once, in their order', "$get\r\n${post}Content-Length: 2\r\n\r\n{}${get}Connection: close\r\n\r\n", qr/^200 400 200$/, 3 ],
	[ 'a request behind a body', "${post}Content-Length: 2\r\n\r\n{}${get}Connection: close\r\n\r\n", qr/^400 200$/, 2 ],
	[ 'Upgrade: h2c', "${get}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", qr/^200$/, 1 ],
	[ 'Upgrade: websocket', "${get}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n", qr/^200$/, 1 ]);
for my $shape (@shapes)
{
	my ($what, $bytes, $expected, $reach) = @$shape;
	my $answer = $nginx->raw($bytes);
	my @reached = asked($reach);
	like("@{ $answer->{statuses} }", $expected, "$what: " . ("@{ $answer->{statuses} }" || 'cut'));
	ok($answer->{closed}, "$what: the connection ends") or diag "after $answer->{seconds} s";
	is(scalar(@reached), $reach, "$what: the shim has heard of it $reach times") if defined $reach;
	cmp_ok(scalar(@reached), '<=', 1, "$what: at most once") unless defined $reach;
	ok(!(grep { ($_->{route} // '') eq '/v0/openapi.json' } @reached), "$what: nothing hidden ran");
}

# --- slow ones -------------------------------------------------------------------------------------------------------

for my $slow (
	[ 'a header byte by byte', [ split //, "${get}X-Slow: yes" ], 0.1 ],
	[ 'a header that stops', [ $get ], 0 ],
	[ 'a body that stops', [ "${post}Content-Length: 100\r\n\r\n{" ], 0 ],
	[ 'a chunk that stops', [ "${post}Transfer-Encoding: chunked\r\n\r\n64\r\n{" ], 0 ])
{
	my ($what, $parts, $pause) = @$slow;
	my $answer = $nginx->raw($parts, pause => $pause);
	like("@{ $answer->{statuses} }", qr/^(?:408)?$/, "$what: is cut");
	cmp_ok($answer->{seconds}, '<', 5, "$what: soon");
	is(scalar asked(), 0, "$what: the shim hears nothing of it");
}
my $dribble = $nginx->raw([ "${post}Content-Length: 20\r\nConnection: close\r\n\r\n", map { ' ' } 1 .. 20 ], pause => 0.1);
is("@{ $dribble->{statuses} }", '400', 'a body byte by byte is collected');
cmp_ok((asked(1))[0]{ms}, '<', 500, 'the shim has it at once');

# --- the shim goes and comes -----------------------------------------------------------------------------------------

is($shim->stop, 0, 'the shim stops');
my $away = $nginx->curl($page);
is($away->{status}, 503, 'without a shim');
is(decode_json($away->{body})->{code}, 'HTTP_503', 'told as the API tells it');
like($away->{headers}{'retry-after'}[0] // '', qr/^\d+$/, 'with the advice to try again');
is($nginx->curl("/v0/bookings/actions/$link->{token}")->{status}, 503, 'for a link, too');
$shim = Shim->start($node, limits => 1, port => $shim->port, name => 'again', args => [ '--trusted-proxy', '127.0.0.1/32' ]);
is($nginx->curl($page)->{status}, 200, 'it is back');

my $secrets = join '|', map { quotemeta } $session, $link->{token};
unlike($nginx->logs, qr/$secrets/, 'the logs of nginx hold no token');
unlike($shim->log, qr/$secrets/, 'nor does the shim\'s');
is($nginx->stop, 0, 'nginx ends well');

# --- what docs/deploy.md adds: a proxy in front, two shims, a standby for reading ----------------------------------------

is($shim->stop, 0, 'the shim stops');
my $standby = OpenCalendly::standby('standby', $node);
my @shims = map { Shim->start($node, name => $_, args => [ '--trusted-proxy', '127.0.0.1/32' ]) } qw(one two);
my $reader = Shim->start($node, name => 'reader', args => [
	'--trusted-proxy', '127.0.0.1/32', '--database', 'host=' . $standby->host . ' port=' . $standby->port . ' dbname=postgres user=shim' ]);
my ($behind, $reading, $location) = @additions;
$reading =~ s/127\.0\.0\.1:8082/'127.0.0.1:' . $reader->port/e && $reading =~ s/127\.0\.0\.1:8080/'127.0.0.1:' . $shims[0]->port/e
  or die 'docs/deploy.md: what is the upstream for reading?';
$behind =~ s{192\.0\.2\.0/24}{127.0.0.77/32} or die 'docs/deploy.md: what is the proxy in front?';
$nginx = Nginx->start(
	shims => [ map { $_->port } @shims ],
	set => { 'upstream shim {' => "$behind$reading upstream shim {", 'location / {
            proxy_pass' => "$location location / {
            proxy_pass" });

sub clients_of
{
	my ($path, @arguments) = @_;
	my $id = $nginx->curl($path, @arguments)->{headers}{'x-request-id'}[0];
	my $until = time + 5;
	my @found;

	do
	{
		sleep 0.01;
		@found = map { my $log = $_; map { [ $log, decode_json($_)->{client} ] } grep { /"requestId":"$id"/ } split /\n/, $log->log } @shims, $reader;
	} until @found || time > $until;
	return $found[0];
}

is(clients_of('/health', '--interface', '127.0.0.77', '-H', 'X-Forwarded-For: 192.0.2.1, 198.51.100.7')->[1], '198.51.100.7',
	'a proxy in front that we know is believed');
is(clients_of('/health', '--interface', '127.0.0.78', '-H', 'X-Forwarded-For: 192.0.2.1, 198.51.100.7')->[1], '127.0.0.78',
	'another is not');
is(clients_of("$page/availability?days=1")->[0], $reader, 'open slots come from the standby');
isnt(clients_of($page)->[0], $reader, 'all else does not');
is($reader->http->post('/v0/bookings', decode_json($booking))->{status}, 503, 'which takes no bookings');
is($reader->stop, 0, 'without its shim');
is($nginx->curl("$page/availability?days=1")->{status}, 200, 'they come from the primary');

my $load = '';
my $client = IPC::Run::start(
	[
		qw(curl --silent --http1.1 --noproxy * --rate 100/s --cacert), $nginx->folder . '/cert.pem', '--resolve',
		"$host:" . $nginx->https_port . ':127.0.0.1', '-o', '/dev/null', '-w', '%{http_code} ',
		"https://$host:" . $nginx->https_port . '/v0/users/ada/event-types?n=[1-500]'
	],
	'<', \undef, '>', \$load);
for my $n (0, 1)
{
	sleep 0.7;
	is($shims[$n]->stop, 0, 'one of two shims stops under load');
	$shims[$n] = Shim->start($node, name => "again_$n", port => $shims[$n]->port);
}
$client->finish;
is_deeply([ split ' ', $load ], [ (200) x 500 ], 'and nobody notices');

$node->stop('immediate');
my $down = $nginx->curl($page);
is("$down->{status} " . decode_json($down->{body})->{error}, '503 the database is away, try again', 'without a database');
is($nginx->curl($page)->{status}, 503, 'and again') for 1 .. 10;
$node->start;
my $back = time;
sleep 0.05 until $nginx->curl($page)->{status} == 200 || time > $back + 20;
cmp_ok(time - $back, '<', 2, 'it is back within two seconds');

is($nginx->stop, 0, 'nginx ends well');
is($_->stop, 0, 'so does a shim') for @shims;
$standby->stop;
$node->stop;
done_testing();
