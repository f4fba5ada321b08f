# Promise: whoever has no right to something gets nothing and changes nothing, on every route that there is. Without a
# session that is good now: 401. With somebody else's: 404, or 403 for a team's member without the right. Links that are
# unknown, malformed, of the wrong kind: 404; of long ago: 410. A route without a row in lib/Routes.pm fails.
use strict;
use warnings;
use OpenCalendly;
use Routes;
use Scene;
use Shim;
use Test::More;
use Wire;

my $node = OpenCalendly::node('main', conf => Scene::conf() . Shim::conf());
OpenCalendly::install($node);
my $shim = Shim->start($node);
my $wire = Wire->new($shim->port);
my $scene = Routes::scene($node);
my @routes = Routes::list();
my %known = map { $_ => 1 } Routes::names();

cmp_ok(scalar @routes, '>', 50, 'there are routes');
is(join(', ', grep { !$known{$_} } map { $_->{name} } @routes), '', 'each has a row in lib/Routes.pm');
delete @known{ map { $_->{name} } @routes };
is(join(', ', sort keys %known), '', 'and each row is a route\'s');

my @rows = map { [ $_, Routes::row($_->{name}) ] } grep { Routes::row($_->{name}) } @routes;
my @with_session = grep { $_->[0]{auth} eq 'session' } @rows;
my @for_all = grep { $_->[0]{auth} ne 'session' } @rows;

# What of others' is in an answer: their names and addresses, and ids that the request did not have.
sub secrets_in
{
	my ($answer, $request) = @_;
	my $asked = Routes::target({ name => '', path => '' }, $request) . join ' ', map { "$_" } values %{ $request->{path} // {} };
	my $body = join ' ', %{ $answer->{headers} }, $answer->{body};
	my %id = %{ $scene->{id} };

	$asked .= JSON::PP->new->canonical->encode($request->{body}) if $request->{body};
	delete @id{ grep { /^(fritz|f_)/ } keys %id };
	return join ', ', ($body =~ /Verborgen|geheim\.example/g), grep { index($body, $_) >= 0 && index($asked, $_) < 0 } values %id;
}

# All tables as text, and what has become different in them.
my $contents;

sub changes
{
	my $now = Scene::contents($node);
	my %before = map { $_ => 1 } split /\n/, $contents // '';
	my @new = grep { !$before{$_} } split /\n/, $now;
	my $was_same = !defined $contents || $contents eq $now;

	$contents = $now;
	return $was_same ? '' : join("\n", 'changed:', @new);
}

sub without_ids
{
	my ($body) = @_;

	$body =~ s/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/ID/g;
	$body =~ s/"requestId":"[^"]*"//;
	return $body;
}

sub request_of { my ($row) = @_; return $row->{make}->($scene); }

#
# Sessions
#

# Sessions of vera that are good no more. A session's hash is no session, nor is any other token.
my $vera = $scene->{session}{vera};
my %dead = map { $_ => $node->safe_psql('postgres', "SELECT session_token FROM opencalendly.create_session('$scene->{id}{vera}')") } qw(expired revoked);
$node->safe_psql('postgres', <<"SQL");
UPDATE opencalendly.sessions SET created_at = now() - interval '30 days' - interval '1 second', expires_at = now() - interval '1 second'
	WHERE token_hash = sha256('$dead{expired}');
SQL
is($wire->ask('POST', '/v0/auth/logout', { Authorization => "Bearer $dead{revoked}" })->{status}, 200, 'a session is ended');
my $hash = $node->safe_psql('postgres', "SELECT encode(sha256('$vera'), 'hex')");
my %refused = (
	'no token' => [ {} ],
	'a malformed token' => [
		{ Authorization => 'Bearer' }, { Authorization => 'Bearer ' }, { Authorization => 'Bearer x' }, { Authorization => "Basic $vera" },
		{ Authorization => $vera }, { Authorization => "Bearer $vera, Bearer $vera" }, { Authorization => 'Bearer ' . 'x' x 5000 },
		{ Authorization => "Bearer $vera\xff" }, { Authorization => "Bearer ocs_' OR 1=1 --" }, { Authorization => 'Bearer ' . uc $vera } ],
	'an unknown token' => [ { Authorization => 'Bearer ocs_' . 'A' x 43 }, { Authorization => "Bearer $hash" }, { Cookie => "__Host-session=$hash" },
		map { { Authorization => "Bearer $scene->{token}{$_}" } } sort keys %{ $scene->{token} } ],
	'an expired session' => [ { Authorization => "Bearer $dead{expired}" }, { Cookie => "__Host-session=$dead{expired}" } ],
	'a session that was ended' => [ { Authorization => "Bearer $dead{revoked}" }, { Cookie => "__Host-session=$dead{revoked}" } ],
	'a bad token beside a good cookie' => [ { Authorization => 'Bearer x', Cookie => "__Host-session=$vera" } ],
	'the token elsewhere' => [ { Cookie => "session=$vera" }, { 'X-Session' => $vera }, { 'X-Authorization' => "Bearer $vera" } ],
);

changes();
for my $what (sort keys %refused)
{
	my (@wrong, $n);

	for my $pair (@with_session)
	{
		my ($route, $row) = @$pair;
		my $request = request_of($row);
		# each route with one of the tokens, each token with several routes
		my $headers = $refused{$what}[ $n++ % @{ $refused{$what} } ];
		my $answer = Routes::ask($wire, $route, $request, headers => $headers);
		# a cookie of another site's request is refused before it is looked at
		my $expected = $headers->{Cookie} && $headers->{Cookie} =~ /__Host/ && !$headers->{Authorization} && $route->{method} ne 'GET' ? 403 : 401;

		push @wrong, "$route->{name}: $answer->{status} $answer->{body}"
		  if $answer->{status} != $expected || secrets_in($answer, $request) ne '' || ($answer->{json}{ok} // 1);
		push @wrong, "$route->{name}: no WWW-Authenticate" if $expected == 401 && ($answer->{headers}{'www-authenticate'} // '') ne 'Bearer';
	}
	is(join("\n", @wrong), '', "$what: every route that asks for a session refuses");
}
is(changes(), '', 'and nothing was written');

# HEAD is GET without the body, so it must not be a way around.
is(join(' ', grep { $_ != 401 } map { Routes::ask($wire, { %{ $_->[0] }, method => 'HEAD' }, request_of($_->[1]))->{status} }
		grep { $_->[0]{method} eq 'GET' } @with_session), '', 'HEAD asks for a session, too');

#
# Others' things
#

my (@wrong, @own);
for my $pair (@with_session)
{
	my ($route, $row) = @$pair;
	my $request = request_of($row);

	if ($row->{foreign} eq 'own') { push @own, $pair; next; }
	my $answer = Routes::ask($wire, $route, $request, token => $scene->{session}{fritz});
	push @wrong, "$route->{name}: $answer->{status} $answer->{body}"
	  if $answer->{status} != $row->{foreign} || secrets_in($answer, $request) ne '';
}
is(join("\n", @wrong), '', 'a stranger\'s session finds nothing of others');
is(changes(), '', 'and nothing was written');

# The same as an id that is nobody's: the answer does not tell that there is something.
@wrong = ();
for my $pair (grep { $_->[1]{foreign} eq '404' && $_->[0]{path} =~ /:/ } @with_session)
{
	my ($route, $row) = @$pair;
	my ($theirs, $nobodys) = (request_of($row), request_of($row));

	$nobodys->{path}{$_} = '01900000-0000-7000-8000-000000000000' for keys %{ $nobodys->{path} };
	my ($told, $untold) = map { without_ids(Routes::ask($wire, $route, $_, token => $scene->{session}{fritz})->{body}) } $theirs, $nobodys;
	push @wrong, "$route->{name}: $told or $untold" if $told ne $untold;
}
is(join("\n", @wrong), '', 'others\' things are answered as absent ones');

@wrong = ();
for my $pair (grep { defined $_->[1]{member} } @with_session)
{
	my ($route, $row) = @$pair;
	my $answer = Routes::ask($wire, $route, request_of($row), token => $scene->{session}{mia});
	push @wrong, "$route->{name}: $answer->{status} $answer->{body}" if $answer->{status} != $row->{member};
}
is(join("\n", @wrong), '', 'a team\'s member sees it, and changes nothing without the right');

# Who was asked to join is no member yet.
@wrong = ();
for my $pair (grep { defined $_->[1]{member} } @with_session)
{
	my ($route, $row) = @$pair;
	my $request = request_of($row);
	my $answer = Routes::ask($wire, $route, $request, token => $scene->{session}{paul});
	push @wrong, "$route->{name}: $answer->{status} $answer->{body}" if $answer->{status} != 404 || secrets_in($answer, $request);
}
is(join("\n", @wrong), '', 'who was asked to join sees and changes nothing of the team');

# More ways to reach for what is others': routes, who, what is asked, the status.
my %id = %{ $scene->{id} };
my @reaches = (
	[ 'mia', 'PATCH /v0/event-types/:id', { path => { id => $id{team_event} }, body => { name => 'x' } }, 403, 'a team\'s event type' ],
	[ 'mia', 'DELETE /v0/event-types/:id', { path => { id => $id{team_event} } }, 403, 'a team\'s event type' ],
	[ 'mia', 'DELETE /v0/teams/:id', { path => { id => $id{team} } }, 403, 'the team' ],
	[ 'paul', 'DELETE /v0/teams/:id', { path => { id => $id{team} } }, 404, 'the team that has asked' ],
	[ 'fritz', 'PATCH /v0/event-types/:id', { path => { id => $id{f_event} }, body => { scheduleId => $id{schedule} } }, 400, 'another\'s schedule' ],
	[ 'fritz', 'PATCH /v0/event-types/:id', { path => { id => $id{team_event} }, body => { name => 'x' } }, 404, 'another team\'s event type' ],
	[ 'fritz', 'POST /v0/team-event-types', { body => { teamId => $id{f_team}, name => 'N', slug => 'stolen', durationMinutes => 30, mode => 'collective',
				requiredMemberUserIds => [ $id{olga} ] } }, 400, 'another as a member' ],
	[ 'fritz', 'PATCH /v0/team-event-types/:id', { path => { id => $id{f_team_event} }, body => { members => [ { userId => $id{olga} } ] } }, 400, 'another as a member' ],
	[ 'fritz', 'PATCH /v0/team-event-types/:id', { path => { id => $id{f_team_event} },
			body => { members => [ { userId => $id{fritz}, scheduleId => $id{schedule} } ] } }, 400, 'another\'s schedule' ],
	[ 'fritz', 'PATCH /v0/teams/:id', { path => { id => $id{f_team} }, body => { ownerUserId => $id{olga} } }, 400, 'another as the owner' ],
	[ 'fritz', 'PATCH /v0/teams/:teamId/members/:userId', { path => { teamId => $id{f_team}, userId => $id{mia} }, body => { role => 'owner' } }, 404, 'another team\'s member' ],
	[ 'fritz', 'DELETE /v0/teams/:teamId/members/:userId', { path => { teamId => $id{f_team}, userId => $id{mia} } }, 404, 'another team\'s member' ],
	[ 'fritz', 'GET /v0/bookings/:id', { path => { id => $id{team_booking} } }, 404, 'another team\'s booking' ],
	[ 'fritz', 'GET /v0/event-types/:id/explain', { path => { id => $id{team_event} }, query => { startsAt => '2026-06-02T11:00:00Z' } }, 404, 'why a team is busy' ],
);
my %route = map { $_->{name} => $_ } @routes;
@wrong = ();
for my $reach (@reaches)
{
	my ($who, $name, $request, $status, $what) = @$reach;
	my $answer = Routes::ask($wire, $route{$name}, $request, token => $scene->{session}{$who});
	push @wrong, "$who, $name, $what: $answer->{status} $answer->{body}"
	  if $answer->{status} != $status || $who eq 'fritz' && secrets_in($answer, $request) ne '';
}
is(join("\n", @wrong), '', 'nor does anybody reach others\' things from their own');
is(changes(), '', 'and nothing was written');

# What everybody can do with what is theirs touches nobody else's.
sub view_of
{
	my ($who) = @_;

	return join "\n", map { Routes::ask($wire, $_->[0], {}, token => $scene->{session}{$who})->{body} }
	  grep { $_->[0]{method} eq 'GET' && $_->[0]{path} !~ /:/ } @with_session;
}
my %view = map { $_ => view_of($_) } qw(olga vera tina zoe);
my $spare_session = Routes::spare($scene, 'session');
@wrong = ();
for my $pair (@own)
{
	my ($route, $row) = @$pair;
	my $request = request_of($row);
	my $token = $row->{session} ? $node->safe_psql('postgres', "SELECT session_token FROM opencalendly.create_session('$id{fritz}')") : $scene->{session}{fritz};
	my $answer = Routes::ask($wire, $route, $request, token => $token);
	my $secrets = secrets_in($answer, { body => $request->{body} });

	$secrets = '' if $request->{body} && $secrets =~ /^(Verborgen(, )?)+$/;    # fritz said so
	push @wrong, "$route->{name}: $answer->{status} $secrets $answer->{body}" if $answer->{status} != 200 || $secrets ne '';
}
is(join("\n", @wrong), '', 'a stranger sees and changes what is his, and nothing else');
is(join(' ', grep { view_of($_) ne $view{$_} } sort keys %view), '', 'others find theirs as it was');
is($wire->ask('GET', '/v0/auth/me', { Authorization => "Bearer $spare_session" })->{status}, 200, 'signing out does not sign others out');

#
# Routes for everybody
#

# Tokens that are no link's. Of each one byte less, one more, one changed.
my %token = %{ $scene->{token} };
sub spoilt
{
	my ($token) = @_;
	my $changed = $token;

	substr($changed, -2, 1) =~ tr/A-Za-z0-9_-/B-ZAb-za1-90AA/;
	return (substr($token, 0, -1), "${token}A", $changed, uc $token, lc $token, "$token=", " $token", "$token%00");
}
my @bad_tokens = (
	'x', 'x' x 31, 'A' x 43, 'A' x 64, 'A' x 256, 'A' x 257, 'A' x 4000, "'", "' OR 1=1 --", '../me', "\xff", '%00', "a\nb",
	$token{hold}, $token{login}, $vera, $id{booking}, map { spoilt($_) } @token{qw(cancel reschedule)});
changes();
@wrong = ();
for my $pair (grep { $_->[0]{path} =~ /:token/ } @for_all)
{
	my ($route, $row) = @$pair;
	my $request = request_of($row);
	my $is_hold = $route->{path} =~ /holds/;

	for my $bad ($is_hold ? grep { $_ ne $token{hold} } @bad_tokens, @token{qw(cancel reschedule)} : @bad_tokens)
	{
		my $answer = Routes::ask($wire, $route, { %$request, path => { token => $bad } });
		my $good = $is_hold ? $answer->{status} == 200 && !$answer->{json}{released} || $answer->{status} == 400 : $answer->{status} =~ /^40[04]$/;
		push @wrong, "$route->{name} " . substr($bad, 0, 60) . ": $answer->{status} $answer->{body}" if !$good || secrets_in($answer, $request) ne '';
	}
}
is(join("\n", @wrong), '', 'tokens that are no link\'s lead nowhere');

# Links of another kind, and those of long ago.
@wrong = ();
my %other_kind = (cancel => $token{reschedule}, reschedule => $token{cancel});
for my $pair (grep { $_->[0]{path} =~ m{^/v0/bookings/actions/:token} } @for_all)
{
	my ($route, $row) = @$pair;
	my $request = request_of($row);
	my %expected = (old_cancel => $row->{kind} && $row->{kind} eq 'reschedule' ? 404 : 410,
		old_reschedule => $row->{kind} && $row->{kind} eq 'cancel' ? 404 : 410);

	$expected{old_cancel} = '404|410' if $route->{path} =~ /availability/;
	for my $name (sort keys %expected)
	{
		my $answer = Routes::ask($wire, $route, { %$request, path => { token => $token{$name} } });
		push @wrong, "$route->{name} $name: $answer->{status} $answer->{body}"
		  if $answer->{status} !~ /^(?:$expected{$name})$/ || secrets_in($answer, $request) ne '';
	}
	next unless $row->{kind};
	my $answer = Routes::ask($wire, $route, { %$request, path => { token => $other_kind{ $row->{kind} } } });
	push @wrong, "$route->{name} of the other kind: $answer->{status} $answer->{body}" if $answer->{status} != 404;
}
is(join("\n", @wrong), '', 'links of another kind 404, of long ago 410');

# Names that lead nowhere, and what is not offered.
my %absent = (
	username => [ 'nobody', 'Olga', 'olga%00', 'olga/', 'x' x 3000, $id{olga}, 'olga@geheim.example', "olga'" ],
	teamSlug => [ 'nowhere', 'Runde', $id{team}, "runde'" ],
	slug => [ 'nothing', 'closed', 'Talk', $id{event}, "talk'", 'turn' ],
	eventSlug => [ 'nothing', 'Turn', $id{team_event}, 'talk' ]);
@wrong = ();
for my $pair (grep { $_->[0]{method} eq 'GET' && $_->[0]{path} =~ /:(username|teamSlug)/ } @for_all)
{
	my ($route, $row) = @$pair;
	my $request = request_of($row);
	for my $name (sort keys %{ $request->{path} })
	{
		for my $value (@{ $absent{$name} // die "what is $name?\n" })
		{
			my $answer = Routes::ask($wire, $route, { %$request, path => { %{ $request->{path} }, $name => $value } });
			push @wrong, "$route->{name} $name $value: $answer->{status}" unless $answer->{status} =~ /^40[04]$/;
		}
	}
}
is(join("\n", @wrong), '', 'names that lead nowhere 404, and so does what is not offered now');
my @stolen = map { [ 'POST /v0/auth/verify', { body => { token => $_ } }, 401 ] } 'A' x 43, 'x', $token{cancel}, $token{hold}, $vera, spoilt($token{login});
push @stolen, [ 'POST /v0/holds', { body => { username => 'olga', eventSlug => 'talk', startsAt => '2026-06-03T10:00:00Z', actionToken => $_ } }, 400 ]
  for 'A' x 43, @token{qw(cancel hold login old_reschedule past_reschedule)}, $vera;
push @stolen, [ 'POST /v0/bookings', { body => { username => 'olga', eventSlug => 'talk', startsAt => '2026-06-02T12:00:00Z', inviteeName => 'I',
			inviteeEmail => 'i@example.com', holdToken => $_ } }, '400|409' ] for 'A' x 43, @token{qw(cancel login)}, $vera;
is(join("\n", map { my $answer = Routes::ask($wire, $route{ $_->[0] }, $_->[1]);
		$answer->{status} =~ /^(?:$_->[2])$/ && secrets_in($answer, $_->[1]) eq '' ? () : "$_->[0] " . JSON::PP->new->encode($_->[1]{body}) . ": $answer->{status} $answer->{body}" } @stolen),
	'', 'tokens in bodies that are of the wrong kind are refused');
is(changes(), '', 'and nothing was written');

# A bad session does not close what is open to all.
is(join(' ', grep { $_ != 200 } map { Routes::ask($wire, $_->[0], request_of($_->[1]), token => 'x')->{status} }
		grep { $_->[0]{method} eq 'GET' } @for_all), '', 'what is open to all asks for no session');

#
# That the requests are good: made by those who may, each is answered. What takes things away comes last.
#

@wrong = ();
for my $pair (sort { ($a->[1]{late} // 0) <=> ($b->[1]{late} // 0) } @rows)
{
	my ($route, $row) = @$pair;
	my $token = $row->{session} ? $row->{session}->($scene) : $row->{as} ? $scene->{session}{ $row->{as} } : undef;
	my $answer = Routes::ask($wire, $route, request_of($row), token => $token);

	$row->{spend}->($scene) if $row->{spend};
	is($answer->{status}, $row->{good} // 200, "$route->{name} is answered to who may")
	  or diag($answer->{body});
	push @wrong, "$route->{name}: " . join(', ', headers_amiss($route, $answer)) if headers_amiss($route, $answer);
}
is(join("\n", @wrong), '', 'each with the headers of its kind');

# What is not as API.md has it: only slots are kept, and asked for again; what a link leads to is not for search engines.
sub headers_amiss
{
	my ($route, $answer) = @_;
	my %got = %{ $answer->{headers} };
	my $is_kept = $route->{path} =~ m{/availability$} && $route->{auth} ne 'session';
	my $type = $route->{path} =~ /\.ics$/ ? 'text/calendar; charset=utf-8; method=PUBLISH' : 'application/json; charset=utf-8';
	my %wanted = ('cache-control' => $is_kept ? 'no-cache' : 'no-store', 'content-type' => $type, 'x-robots-tag' => $route->{path} =~ /:token/ ? 'noindex' : undef,
		'x-content-type-options' => 'nosniff', vary => 'Origin', 'set-cookie' => $route->{path} =~ m{/logout$} ? qr/Max-Age=0/ : undef);

	return (
		(map { my ($is, $should) = ($got{$_} // 'none', $wanted{$_} // 'none'); (ref $should ? $is =~ $should : $is eq $should) ? () : "$_ is $is" } sort keys %wanted),
		$is_kept && ($got{etag} // '') !~ /^"[A-Za-z0-9_-]+"$/ ? 'no tag' : (),
		$type =~ /json/ && !$answer->{json}{ok} ? 'not ok' : ());
}

my $log = $shim->log;
is(join(', ', grep { index($log, $_) >= 0 } $vera, values %token, values %dead), '', 'the shim\'s log has no token');
is($shim->stop, 0, 'the shim ends well');
done_testing();
