# Promise: whatever stands in the path, the query or the form of a page, the answer is a page with one of the client's
# errors, or the value was good; what was typed comes back as text, never as markup. Routes come from the table.
use strict;
use warnings;
use utf8;
use Encode;
use Front;
use Http;
use Shim;
use Test::More;

my ($node, $shim, $http) = Front::start();
my $ada = Front::sign_in($node, $http, 'ada');
Front::event_type($ada, questions => [ { id => 'topic', label => 'Topic?', required => JSON::PP::false } ]);
my $team = $ada->post('/v0/teams', { name => 'Crew', slug => 'crew' })->{json}{team};
$ada->post('/v0/team-event-types',
	{ teamId => $team->{id}, name => 'Turn', slug => 'turn', durationMinutes => 30, mode => 'round_robin' });
my $booked = Front::book($http, { username => 'ada', eventSlug => 'talk', startsAt => '2026-06-02T10:00:00Z' })->{json};
my $canary = q{<b id=canary>"'&};

my @hostile = (
	'', '+', '%20', '%00', '%', '%ff', '%C3%28', '%0d%0aX-Evil:1', '..', '%2e%2e%2f', '%5c', 'a%2Fb', 'x' x 3000, '0', '-1', '1e308', 'null', 'true',
	'%27%20OR%201=1;--', '{}', '%7B%22a%22:1%7D', '%F0%9F%98%80', '%E2%80%AE', uri($canary), '2026-06-02T11:00:00Z', '9999-12-31T23:59:59Z',
	'-infinity', 'infinity', '2026-06-02', 'Europe%2FBerlin', 'XYZ3', '%7B%7Bframe.lang%7D%7D');

sub uri
{
	my ($text) = @_;

	return encode('UTF-8', $text) =~ s/([^A-Za-z0-9._-])/sprintf '%%%02X', ord $1/ger;
}

# Names a page that is good as it stands: {path parameter => value}.
my %good = (
	username => 'ada', slug => 'talk', teamSlug => 'crew', token => $booked->{actions}{reschedule}{token},
	team_slug => 'turn');
my %fields = (
	startsAt => '2026-06-02T11:00:00Z', timezone => 'UTC', inviteeName => 'Zoe', inviteeEmail => 'zoe@example.org',
	'answers.topic' => 'tea', key => 'page-values-key-0001', step => 'book', reason => 'rain');

sub path_of
{
	my ($route, %other) = @_;
	my %value = (%good, ($route->{path} =~ /^.team/ ? (slug => 'turn') : ()), %other);

	return $route->{path} =~ s/:(\w+)/$value{$1}/ger;
}

sub form
{
	my (%values) = @_;

	return join '&', map { "$_=$values{$_}" } sort keys %values;
}

my %bad;

# Asks, and notes what must not be.
sub ask
{
	my ($name, $method, $path, $body) = @_;
	my $answer = $http->request(
		$method, $path,
		(defined $body ? (body => $body, headers => { 'Content-Type' => 'application/x-www-form-urlencoded', Accept => 'text/html' })
			: (headers => { Accept => 'text/html' })));

	push @{ $bad{$name} }, "$answer->{status} $path " . ($body // '') if $answer->{status} >= 500;
	push @{ $bad{$name} }, "no page: $path " . ($body // '')
		if $answer->{status} !~ /^30/ && $answer->{body} !~ /^<!doctype html>/;
	push @{ $bad{$name} }, "markup: $path " . ($body // '') if $answer->{body} =~ /<b id=canary/;
	push @{ $bad{$name} }, "template: $path" if $answer->{body} =~ /\{\{t |\{\{#|\{\{\// || ($answer->{headers}{'x-evil'} // '') ne '';
	return $answer;
}

my @routes = grep { $_->{page} ne 'api' } map {
	my ($method, $path, undef, $params, undef, undef, undef, undef, $page) = split / /;
	{ method => $method, path => $path, params => [ grep { $_ ne '-' } split /,/, $params ], page => $page }
} split /\n/, `${\ Shim::binary() } --routes`;
cmp_ok(scalar @routes, '>=', 10, 'there are pages');

for my $route (@routes)
{
	my $name = "$route->{method} $route->{path}";
	my $n = 0;

	$bad{$name} = [];
	for my $param (@{ $route->{params} })
	{
		for my $value (@hostile)
		{
			my $body = $route->{method} eq 'POST' ? form(map { $_ => uri($fields{$_}) } keys %fields) : undef;

			$n++;
			if ($param =~ /^:(\w+)/)
			{
				ask($name, $route->{method}, path_of($route, $1 => $value), $body) if $value ne '' && $value ne '..';
			}
			elsif ($param =~ /^\?(\w+)/)
			{
				ask($name, $route->{method}, path_of($route) . "?$1=$value");
				ask($name, $route->{method}, path_of($route) . "?$1=$value&$1=$value");
			}
			else
			{
				for my $field (keys %fields, 'answers.', 'answers.none', 'isAdmin', '__proto__')
				{
					# a booking that is made takes the slot from the rest; that is as good
					ask($name, 'POST', path_of($route), form((map { $_ => uri($fields{$_}) } keys %fields), $field => $value));
				}
			}
		}
	}
	for my $query (qw(lang theme embed), 'embed=https://a.example&theme=dark&lang')
	{
		ask($name, $route->{method}, path_of($route) . "?$query=$_", $route->{method} eq 'POST' ? 'step=fill' : undef) for @hostile;
	}
	is(join("\n", @{ $bad{$name} }), '', "$name: $n values and more");
}

# What was typed comes back, whatever was wrong with it.
my $again = ask('kept', 'POST', '/ada/talk', form(
	step => 'book', startsAt => '2026-06-02T12:00:00Z', inviteeName => uri($canary), inviteeEmail => uri($canary), 'answers.topic' => uri("one\ntwo $canary"),
	key => 'page-values-key-0002'));
is($again->{status}, 400, 'an address that is none');
like($again->{body}, qr/value="&lt;b id=canary&gt;&quot;&#39;&amp;"/, 'the name is kept');
like($again->{body}, qr/one\ntwo &lt;b id=canary&gt;/, 'and the answer, with its lines');

# The form is a browser's own.
for my $case (
	[ 'Origin', 'https://evil.example', 403 ],
	[ 'Origin', 'null', 403 ],
	[ 'Origin', 'https://book.example.evil', 403 ],
	[ 'Origin', Front::base_url(), 400 ],
	[ 'Origin', uc Front::base_url(), 400 ],
	[ 'Content-Type', 'text/plain', 400 ],
	[ 'Content-Type', 'multipart/form-data; boundary=x', 400 ])
{
	my ($header, $value, $status) = @$case;
	my $answer = $http->request('POST', '/ada/talk', body => 'step=book&key=short&startsAt=2026-06-02T12:00:00Z',
		headers => { 'Content-Type' => 'application/x-www-form-urlencoded', $header => $value });
	is($answer->{status}, $status, "$header: $value");
}
is($http->request('POST', '/ada/talk', body => 'a=' . 'x' x 65536,
	headers => { 'Content-Type' => 'application/x-www-form-urlencoded' })->{status}, 413, 'at most 64 KiB');
is($http->request('DELETE', '/ada/talk')->{headers}{allow}, 'GET, HEAD, POST, OPTIONS', 'other methods are told which there are');
is($http->get('/v0/ada')->{headers}{'content-type'}, 'application/json; charset=utf-8', 'below /v0 nothing is a page');

is($shim->stop, 0, 'the shim ends well');
unlike($shim->log, qr/"status":5/, 'and had no error of its own');
done_testing();
