# Promise: the pages are served with the headers that keep them safe, framing is for booking pages alone, what they load comes
# from the shim itself, is small and can be kept for good; whatever names and texts hosts choose, they stay text; and
# no path leads out of shim/web.
use strict;
use warnings;
use Compress::Zlib;
use File::Find;
use FindBin;
use Front;
use Http;
use JSON::PP;
use Scene;
use Test::More;

my ($node, $shim, $http) = Front::start();
my $web = "$FindBin::RealBin/../shim/web";
my $evil = q{</script><script>alert(1)</script><img src=x onerror=alert(2)>"'&{{t common.save}}{{frame.lang}}};
my $ada = Front::sign_in($node, $http, 'ada');
$ada->patch('/v0/me', { displayName => substr($evil, 0, 120) });
Front::event_type($ada, slug => 'intro', name => 'Intro');
Front::event_type(
	$ada,
	slug => 'evil',
	name => substr($evil, 0, 120),
	description => $evil,
	locationType => 'in_person',
	locationValue => $evil,
	questions => [ { id => 'q', label => substr($evil, 0, 120), required => JSON::PP::true, placeholder => $evil } ]);
my $team = $ada->post('/v0/teams', { name => substr($evil, 0, 120), slug => 'crew' })->{json}{team};
$ada->post('/v0/team-event-types',
	{ teamId => $team->{id}, name => 'Turn', slug => 'turn', durationMinutes => 30, mode => 'round_robin' });
my $booked = Front::book($http,
	{ username => 'ada', eventSlug => 'intro', startsAt => '2026-06-02T10:00:00Z', inviteeName => substr($evil, 0, 120) })->{json};
my $token = $booked->{actions}{cancel}{token};
my $move = $booked->{actions}{reschedule}{token};

# path => [may be framed, holds secrets]
my %pages = (
	'/' => [ 0, 0 ],
	'/ada' => [ 0, 0 ],
	'/ada/intro' => [ 1, 0 ],
	'/ada/evil' => [ 1, 0 ],
	'/ada/evil?at=2026-06-02T11:00:00Z' => [ 1, 0 ],
	'/team/crew/turn' => [ 1, 0 ],
	"/ada/intro?booked=$token&move=$move" => [ 1, 1 ],
	"/bookings/actions/$token" => [ 0, 1 ],
	"/bookings/actions/$move" => [ 0, 1 ],
	'/auth/verify?token=' . 'x' x 43 => [ 0, 1 ],
	'/settings/calendar/google/callback?code=' . 'x' x 43 => [ 0, 1 ],
	'/console' => [ 0, 0 ],
	'/nobody-there' => [ 0, 0 ],
	'/ada/nothing' => [ 1, 0 ]);

# Without what changes from run to run.
sub shown
{
	my ($path) = @_;

	return $path =~ s/\?(\w+).*/?$1/r =~ s{actions/\S+}{actions/…}r;
}

sub page
{
	my ($path, %headers) = @_;

	return $http->get($path, headers => { Accept => 'text/html,*/*;q=0.8', %headers });
}

# --- headers -----------------------------------------------------------------------------------------------------------

my %bodies;
for my $path (sort keys %pages)
{
	my ($may_frame, $is_secret) = @{ $pages{$path} };
	my $name = shown($path);
	my $answer = page($path);
	my %h = map { $_ => ref $answer->{headers}{$_} ? join(', ', @{ $answer->{headers}{$_} }) : $answer->{headers}{$_} }
	  keys %{ $answer->{headers} };
	my %csp = map { my ($directive, @values) = split ' '; $directive => "@values" } split /;\s*/, $h{'content-security-policy'} // '';

	$bodies{$path} = $answer->{body};
	is($answer->{status}, $path =~ /nobody|nothing/ ? 404 : 200, "$name: status");
	is($h{'content-type'}, 'text/html; charset=utf-8', "$name: type");
	is($csp{'default-src'}, q{'self'}, "$name: CSP");
	unlike($h{'content-security-policy'} =~ s/frame-ancestors[^;]*//r, qr/unsafe|\*|data:|blob:|nonce|http/, "$name: CSP lets nothing more in");
	is($csp{'base-uri'} // '', q{'none'}, "$name: no base");
	is($csp{'form-action'} // '', q{'self'}, "$name: forms go home");
	if ($may_frame)
	{
		ok(!defined $h{'x-frame-options'}, "$name: may be framed");
		unlike($csp{'frame-ancestors'} // '*', qr/none|self/, "$name: by whom it may");
	}
	else
	{
		is($h{'x-frame-options'}, 'DENY', "$name: may not be framed");
		is($csp{'frame-ancestors'}, q{'none'}, "$name: by nobody");
	}
	is($h{'x-content-type-options'}, 'nosniff', "$name: nosniff");
	like($h{'referrer-policy'}, qr/^(?:same-origin|no-referrer|strict-origin)$/, "$name: the address goes to nobody else");
	like($h{'cache-control'}, $is_secret || $answer->{status} != 200 ? qr/no-store/ : qr/no-cache|no-store|private/, "$name: caching");
	like($h{'x-robots-tag'} // '', qr/^noindex$/, "$name: not for search engines") if $is_secret;
	like($h{'vary'} // '', qr/Accept-Language/, "$name: by language");
	is($h{'set-cookie'}, undef, "$name: no cookie");
	like($answer->{body}, qr/\A<!doctype html>/i, "$name: a document");
	is($http->head($path, headers => { Accept => 'text/html' })->{status}, $answer->{status}, "$name: HEAD as GET");
}

# --- what stands in them -------------------------------------------------------------------------------------------------

for my $path (sort keys %bodies)
{
	my $body = $bodies{$path};
	my $name = shown($path);
	my @scripts = $body =~ /<script\b([^>]*)>/g;
	my @bad = grep { !/type="application\/json"/ && !/src="\/assets\/[0-9a-f]+\/[\w\/.-]+\.js"/ } @scripts;

	is("@bad", '', "$name: each script is a file, or data");
	my $tags = $body =~ s/<script type="application\/json".*?<\/script>//gsr =~ s/="[^"]*"/=""/gr;
	unlike($tags, qr/<[^>]*\s(?:style|on\w+)\s*=/i, "$name: no style, no handler in a tag");
	unlike($body, qr/<style|<img src=x|alert\(1\)<\/script>|<\/script><script>/, "$name: what a host wrote is text");
	unlike($body =~ s/<script type="application\/json".*?<\/script>//gsr, qr/(?<!&#123;)\{\{(?!t common|frame\.lang)/, "$name: no tag is left");
	like($body, qr/<html[^>]* lang="en"/, "$name: its language");
	like($body, qr/<title>[^<]*\S[^<]*<\/title>/, "$name: a title");
	like($body, qr/<meta name="viewport" content="width=device-width/, "$name: for phones");
	like($body, qr/<main id="main"|role="main"/, "$name: has its main part");
	my ($data) = $body =~ /<script type="application\/json" id="data">(.*?)<\/script>/s;
	if (defined $data)
	{
		ok(eval { JSON::PP->new->utf8->decode($data) }, "$name: its data is JSON") or diag($@);
	}
	my @outside = grep { !m{^(?:https?://(?:book\.example|calendar\.google\.com|outlook\.)|/|\?|\#|mailto:)} }
	  map { s/&amp;/&/gr } $body =~ /(?:src|href|action)="([^"]*)"/g;
	is("@outside", '', "$name: no address is of another kind");
}
like($bodies{'/ada/evil'}, qr/&lt;script&gt;/, 'a host\'s name is escaped');
like($bodies{'/ada/evil'}, qr/\{\{frame\.lang\}\}|&#123;&#123;frame\.lang/, 'and is no template');
my ($data) = $bodies{'/ada/evil'} =~ /id="data">(.*?)<\/script>/s;
is(JSON::PP->new->utf8->decode($data // '{}')->{eventType}{description}, $evil, 'what the scripts read is what the host wrote');

# --- languages and themes ------------------------------------------------------------------------------------------------

my $dc = JSON::PP->new->utf8;
for my $case (
	[ '/ada/intro', 'de-AT,de;q=0.9,en;q=0.5', 'de' ],
	[ '/ada/intro', 'fr-FR,fr', 'en' ],
	[ '/ada/intro', 'en;q=0.2,de;q=0.8', 'de' ],
	[ '/ada/intro?lang=de', 'en', 'de' ],
	[ '/ada/intro?lang=xx', 'de', 'de' ],
	[ '/ada/intro?lang=../../en', 'en', 'en' ],
	[ '/ada/intro', ',;q=;;,de;q=nan,*', 'en' ],
	[ '/ada/intro', 'x' x 5000, 'en' ],
	[ '/console', 'de', 'de' ])
{
	my ($path, $accept, $language) = @$case;
	my $body = page($path, 'Accept-Language' => $accept)->{body};
	like($body, qr/<html[^>]* lang="$language"/, "$path, Accept-Language: " . substr($accept, 0, 30));
}
like(page('/ada/intro?theme=dark')->{body}, qr/<html[^>]* data-theme="dark"/, 'a theme that is asked for');
unlike(page('/ada/intro?theme=%22%3E%3Cb')->{body}, qr/<html[^>]* data-theme/, 'one that is none');
like(page('/ada/intro?embed=https%3A%2F%2Fshop.example%3A8443')->{body}, qr{<html[^>]* data-embed="https://shop\.example:8443"},
	'the page that embeds');
unlike(page("/ada/intro?embed=$_")->{body}, qr/<html[^>]* data-embed/, "no origin: $_")
  for '*', 'javascript:alert(1)', 'https://a.example/path', 'https://a.example%22onload=', 'null', 'https://';
unlike(page('/console?embed=https://shop.example')->{body}, qr/data-embed/, 'the console is embedded nowhere');

# --- other ways to ask ---------------------------------------------------------------------------------------------------

my $moved = Front::sign_in($node, $http, 'earlier');
Front::event_type($moved, slug => 'talk');
$moved->patch('/v0/me', { username => 'later' });
my $redirect = page('/earlier/talk');
is("$redirect->{status} " . ($redirect->{headers}{location} // ''), '301 /later/talk', 'a former name leads to the new one');
is(page('/earlier')->{headers}{location}, '/later', 'for a host\'s page, too');
is($http->put('/ada/intro', {})->{status}, 405, 'PUT is not for pages');
like($http->del('/console')->{headers}{allow} // '', qr/GET/, 'and what is, is told');
is(page($_)->{status}, 404, "$_ is nobody") for '/Ada', '/ada/', '/ada/intro/x', '/ada/INTRO', '/team/crew', '/team/crew/none';
is($http->get('/x/y/z', headers => { Accept => 'application/json' })->{json}{ok}, JSON::PP::false, 'a client without HTML gets JSON');
is(page('/v0/users/nobody/event-types')->{headers}{'content-type'}, 'application/json; charset=utf-8', 'the API answers JSON to everybody');

my %form = (
	'Content-Type' => 'application/x-www-form-urlencoded',
	'Accept' => 'text/html',
	'Origin' => Front::base_url());
my $fields = 'step=book&startsAt=2026-06-03T10:00:00Z&timezone=UTC&inviteeName=Ben&inviteeEmail=ben%40example.net&key=' . 'k' x 20;
sub form
{
	my ($body, %more) = @_;

	return $http->post('/ada/intro', undef, body => $body, headers => { %form, %more });
}
is(form($fields, Origin => 'https://evil.example')->{status}, 403, 'a form of another site does not book');
my $refused = form("$fields&inviteeEmail=twice\@example.net");
is($refused->{status}, 400, 'a field twice');
like($refused->{headers}{'content-type'}, qr/^text\/html/, 'is told as a page');
is(form($_)->{status}, 400, "no form: $_") for $fields =~ s/step=book/step=buy/r, '%zz=1', 'inviteeName=%00', "inviteeName=\xff\xfe", 'inviteeName=%c3%28';
is(form('x' x 70_000)->{status}, 413, 'a form that is too big');
is(form($fields, 'Content-Type' => 'multipart/form-data; boundary=x')->{status}, 400, 'another kind of form');
my $wrong = form($fields =~ s/inviteeEmail=[^&]*/inviteeEmail=%3Cb%3E%22x/r);
is($wrong->{status}, 400, 'a wrong address');
like($wrong->{body}, qr/value="&lt;b&gt;&quot;x"|value="&lt;b&gt;&#34;x"/, 'is kept, as text');
like($wrong->{body}, qr/value="Ben"/, 'with the rest');
my $done = form($fields);
is($done->{status}, 303, 'a good form books');
like($done->{headers}{location}, qr{^/ada/intro\?booked=[\w-]{32,}&move=[\w-]{32,}$}, 'and leads to the confirmation');
is(form($fields)->{headers}{location}, $done->{headers}{location}, 'sent twice it books once');
is($node->safe_psql('postgres', "SELECT count(*) FROM opencalendly.bookings WHERE invitee_email = 'ben\@example.net'"), '1', 'indeed');

# --- assets ---------------------------------------------------------------------------------------------------------------

my ($folder) = $bodies{'/ada/intro'} =~ m{"(/assets/[0-9a-f]{8,})/};
ok($folder, 'pages name the folder of their assets') or BAIL_OUT('no assets');
my @assets;
find({ no_chdir => 1, wanted => sub { push @assets, $File::Find::name =~ s{^\Q$web\E/assets/}{}r if -f && !m{/parts/} } }, "$web/assets");
my (%etags, %packed);
for my $name (sort @assets)
{
	my $answer = $http->get("$folder/$name");
	my %h = %{ $answer->{headers} };
	my $gz = $http->get("$folder/$name", headers => { 'Accept-Encoding' => 'br;q=1, gzip' });
	my @wrong;
	my $type = { js => 'text/javascript', css => 'text/css', json => 'application/json', svg => 'image/svg+xml', png => 'image/png' };

	push @wrong, "status $answer->{status}" if $answer->{status} != 200;
	push @wrong, "type $h{'content-type'}" if $h{'content-type'} !~ /^\Q$type->{ $name =~ s{.*\.}{}r }\E(?:;|$)/;
	push @wrong, "caching $h{'cache-control'}" if $h{'cache-control'} !~ /public.*max-age=31536000.*immutable|max-age=31536000.*immutable/;
	push @wrong, 'no ETag' unless $h{etag};
	push @wrong, 'no nosniff' if ($h{'x-content-type-options'} // '') ne 'nosniff';
	push @wrong, 'not packed' if length $answer->{body} > 1000 && ($gz->{headers}{'content-encoding'} // '') ne 'gzip';
	push @wrong, 'packed is another' if $gz->{headers}{'content-encoding'} && Compress::Zlib::memGunzip(my $copy = $gz->{body}) ne $answer->{body};
	push @wrong, 'no Vary' if ($gz->{headers}{vary} // '') !~ /Accept-Encoding/;
	my $again = $http->get("$folder/$name", headers => { 'If-None-Match' => $h{etag} // 'x' });
	push @wrong, "again $again->{status}" if $again->{status} != 304 || length $again->{body};
	is("@wrong", '', "asset $name");
	$packed{$name} = length($gz->{body});
}

# What a page loads, modules with all that they import, and the messages of a language.
sub loaded
{
	my ($path) = @_;
	my ($body, %seen) = (page($path)->{body});
	my @next = $body =~ m{"$folder/([\w/.-]+)"}g;

	while (my $name = shift @next)
	{
		next if $seen{$name}++ || $name !~ /\.js$/;
		my ($dir) = $name =~ m{^(.*/)?[^/]+$};
		my $source = $http->get("$folder/$name")->{body};
		for my $import ($source =~ /^(?:import|export)\b[^;'"]*['"](\.[^'"]+)['"]/mg)
		{
			my $at = ($dir // '') . $import;
			1 while $at =~ s{(?:^|(?<=/))\./}{} || $at =~ s{[^/]+/\.\./}{};
			push @next, $at;
		}
	}
	# a page that has no words of its own loads them
	$seen{'messages/en.json'} = 1 if $body !~ /id="messages"/;
	my @absent = grep { !exists $packed{$_} } sort keys %seen;
	is("@absent", '', shown($path) . ': all that it loads is there');
	my $html = length Compress::Zlib::memGzip($body);
	note(shown($path) . ": $html (html) " . join ' ', map { "$_ $packed{$_}" } grep { exists $packed{$_} } sort keys %seen);
	my $sum = $html;
	$sum += $packed{$_} // 0 for keys %seen;
	return $sum;
}

for my $path ('/ada/intro', "/bookings/actions/$move", "/ada/intro?booked=$token&move=$move")
{
	my $bytes = loaded($path);
	note(shown($path) . ": $bytes bytes packed");
	cmp_ok($bytes, '>', 10_000, shown($path) . ': all was weighed');
	cmp_ok($bytes, '<', 60_000, shown($path) . ' takes less than 60 kB packed');
}
note('/console: ' . loaded('/console') . ' bytes packed');

# --- no way out -----------------------------------------------------------------------------------------------------------

my $secret = qr/root:|opencalendly\.so|CREATE FUNCTION|BEGIN [A-Z ]*KEY|"scripts"|#include/;
for my $path (
	map({ ("$folder/$_", "/assets/$_", "/$_") } '../pages/event.html', '..%2fpages/event.html', '%2e%2e/pages/event.html', '%2e%2e%2fpages%2fevent.html',
		'..%5cpages%5cevent.html', '..\\pages\\event.html', './style.css', '.%2fstyle.css', 'console/../style.css', 'console%2f..%2fstyle.css',
		'../../../../../../etc/passwd', '%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd', '..%252f..%252fetc%252fpasswd', '%c0%ae%c0%ae/etc/passwd',
		'..;/etc/passwd', 'style.css%00.html', "style.css\0", 'style.css/', 'style.css/x', '//etc/passwd', '%2fetc%2fpasswd', '~', '.git/config'),
	"$folder", "$folder/", '/assets', '/assets/', '/assets/00000000/style.css', "/assets/../assets/style.css", '/pages/event.html', '/pages/', '/v0/embed/',
	'/v0/embed/../openapi.json')
{
	my $answer = Http::raw($shim->port, "GET $path HTTP/1.1\r\nHost: book.example\r\nConnection: close\r\n\r\n")->{answers}[0] // { status => 0, body => '' };
	my $shown = $path =~ s/\Q$folder\E/\/assets\/HASH/r =~ s/\0/<NUL>/r;
	like($answer->{status}, qr/^(?:0|30[18]|400|404)$/, "$shown: nothing");
	unlike($answer->{body}, $secret, "$shown: tells nothing");
}

is($shim->stop, 0, 'the shim ends well');
unlike($shim->log, qr/\Q$token\E|\Q$move\E/, 'its log holds no token');
$node->stop('immediate');
done_testing();
