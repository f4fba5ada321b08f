# Promise (API.md, Calendars): over HTTP a user connects accounts of Google, chooses which calendars count, has them read, and
# leaves. A state is good for its user, its redirectUri, once and 10 minutes; what is bad of a request is told by name, what
# is others' is not there. Requests wait for workers 20 seconds, one of a user at a time, and not where none is at work. No
# token, code or state is in an answer where it was not asked for, nor in a log. The workers' part is done here by the
# functions that they write with.
use strict;
use warnings;
use Crowd;
use Front;
use JSON::PP ();
use Outbox;
use PostgreSQL::Test::Utils;
use Scene;
use Shim;
use Test::More;
use Time::HiRes qw(time);

my ($true, $false) = (JSON::PP::true(), JSON::PP::false());
my $json = JSON::PP->new->canonical;
my ($start, $complete) = map { "/v0/calendar/google/connect/$_" } qw(start complete);
my $path = '/settings/calendar/google/callback';
my $own = 'https://book.example' . $path;
my ($node, $shim, $http) = Front::start(conf => "log_statement = none\n", threads => 12,
	args => [ '--allow-origin', 'https://front.example http://localhost:3000' ]);
my ($ada, $ben, $cleo, $dora, $emil, $finn) = map { Front::sign_in($node, $http, $_, hours => 0) } qw(ada ben cleo dora emil finn);
my @secrets;    # what no log has

sub sql { return $node->safe_psql('postgres', "SET search_path = opencalendly, pg_catalog; $_[0]"); }

# A worker was seen so many seconds ago; undef: none ever.
sub seen
{
	my ($seconds) = @_;

	sql("DELETE FROM worker_heartbeats WHERE queue = 'calendar'");
	sql("INSERT INTO worker_heartbeats VALUES ('calendar', clock_timestamp() - interval '$seconds seconds')") if defined $seconds;
	return;
}

# Posts in another process; what it returns waits for the answer.
sub later
{
	my ($client, @post) = @_;
	my $answers = Crowd::in_background(sub { return $client->post(@post) });

	return sub { return ($answers->())[0]; };
}

# Waits until the query has a row, and returns it.
sub row
{
	my ($query) = @_;
	my $row;

	Outbox::poll(15, sub { ($row = sql($query)) ne '' }) or die "nothing is found: $query\n";
	return $row;
}

sub list_of
{
	my (@calendars) = @_;
	my @items = map { { id => $_->[0], summary => $_->[1], accessRole => $_->[2], $_->[3] ? (primary => $true) : () } } @calendars;

	return $json->encode([ { kind => 'calendar#calendarList', items => \@items } ]);
}

# What a worker writes when a code was good: an account with a primary calendar and one that can be read alone.
sub finish
{
	my ($consent_id, $account) = @_;
	my $list = list_of([ "$account\@gmail.example", 'Mine', 'owner', 1 ], [ 'team', 'Team', 'reader' ], [ 'club', 'Club', 'writer' ]);

	push @secrets, "refresh-of-$account", "access-of-$account";
	return sql("SELECT finish_consent('$consent_id', 0, '$account', '$account\@gmail.example', '{}', 'refresh-of-$account',
		'access-of-$account', 3600, '$list')");
}

my %user = map { split /=/ } split /\n/, sql("SELECT username || '=' || id FROM users");

# A connection without the way to it; returns its id.
sub connected
{
	my ($user, $account) = @_;
	my $consent = sql("INSERT INTO calendar_consents (user_id, redirect_uri, link_key_id, expires_at, status, code)
		VALUES ('$user{$user}', '$own', 1, clock_timestamp(), 'pending', '') RETURNING id");

	finish($consent, $account);
	return sql("SELECT connection_id FROM calendar_consents WHERE id = '$consent'");
}

# What a worker writes when it has read a connection: one event in a day or so, of the primary calendar.
sub synced
{
	my ($connection, %options) = @_;
	my $at = sub { my @at = gmtime(time + $_[0]); return sprintf '%04d-%02d-%02dT%02d:00:00Z', $at[5] + 1900, $at[4] + 1, @at[ 3, 2 ]; };
	my $calendar = sql("SELECT id FROM calendars WHERE connection_id = '$connection' AND is_primary");
	my $event = { id => 'lunch', status => 'confirmed', start => { dateTime => $at->(86400) }, end => { dateTime => $at->(90000) } };
	my $found = $json->encode({ from => $at->(-86400), until => $at->(60 * 86400),
			events => [ { calendarId => $calendar, isFull => $true, pages => [ { kind => 'calendar#events', timeZone => 'UTC', items => [$event], nextSyncToken => 'T' } ] } ] });

	sql("SELECT renew_access_token(id, attempt, 'access-again', NULL, 3600) FROM calendar_connections WHERE id = '$connection'") if $options{renews};
	return sql("SELECT apply_calendar_sync(id, attempt, clock_timestamp(), '$found') FROM calendar_connections WHERE id = '$connection'");
}

sub failed
{
	my ($connection, $is_broken, $began_at) = @_;

	$began_at //= 'clock_timestamp()';
	return sql("SELECT fail_calendar_sync(id, attempt, $began_at, 'answered 503', 3600000, $is_broken) FROM calendar_connections WHERE id = '$connection'");
}

# Waits until a request of the user's waits.
sub waits
{
	my ($user) = @_;

	return row(<<"SQL");
SELECT a.pid FROM hashtextextended('opencalendly calendars of $user{$user}', 0) AS h (key)
	JOIN pg_locks AS l ON l.locktype = 'advisory' AND l.granted
		AND l.classid::bigint = (h.key >> 32) & 4294967295 AND l.objid::bigint = h.key & 4294967295
	JOIN pg_stat_activity AS a ON a.pid = l.pid AND a.query LIKE '%api_await%'
SQL
}

# The same row whatever happens to it, without what a clock writes.
sub contents { return sql("SELECT md5(string_agg(c::text, ';' ORDER BY c.id)) FROM $_[0] AS c"); }

#
# Without a client of Google's
#

is($ada->get('/v0/calendar/sync/status')->{json}{isConfigured}, $false, 'calendars cannot be connected');
refused($ada->post($start, { redirectUri => $own }), 503, 'OC011', undef, 'so it does not begin');
$node->append_conf('postgresql.conf', "opencalendly.google_client_id = 'client-1.apps.example'\n");
$node->reload;
ok(Outbox::poll(15, sub { $ada->get('/v0/calendar/sync/status')->{json}{isConfigured} }), 'until there is one');

#
# What waits until it is too late, meanwhile
#

# So long do requests wait.
sub wait_for_seconds
{
	my ($seconds) = @_;

	sql("DO \$\$ BEGIN EXECUTE regexp_replace(pg_get_functiondef('begin_wait'::regproc), '[0-9]+ seconds', '$seconds seconds'); END \$\$");
	return;
}

my ($connection_of_emil, $connection_of_finn) = (connected(emil => 'emil'), connected(finn => 'finn'));
like(sql("SELECT prosrc FROM pg_proc WHERE oid = 'begin_wait'::regproc"), qr/interval '20 seconds'/, 'requests wait 20 seconds');
# longer than other statements may take
wait_for_seconds(6);
seen(0);
my $too_late = later($emil, '/v0/calendar/google/sync', {});
waits('emil');
my $gone_too_late = later($finn, '/v0/calendar/google/disconnect', {});
waits('finn');
wait_for_seconds(20);
seen(undef);

#
# Beginning
#

my %nothing = (provider => 'google', connected => $false, externalEmail => undef, lastSyncedAt => undef, nextSyncAt => undef, lastError => undef);
is_deeply($ada->get('/v0/calendar/sync/status')->{json},
	{ ok => $true, isConfigured => $true, providers => [ \%nothing ], connections => [] }, 'nothing is connected');

for my $case (
	[ 'nothing', {} ], [ 'null', { redirectUri => undef } ], [ 'a number', { redirectUri => 1 } ], [ 'a list', { redirectUri => [$own] } ], [ 'an empty text', { redirectUri => '' } ],
	[ 'a path alone', { redirectUri => $path } ], [ 'another path', { redirectUri => 'https://book.example/settings' } ],
	[ 'another host', { redirectUri => "https://evil.example$path" } ], [ 'another scheme', { redirectUri => "http://book.example$path" } ],
	[ 'a slash more', { redirectUri => "$own/" } ], [ 'a query', { redirectUri => "$own?a=b" } ], [ 'capitals', { redirectUri => uc $own } ], [ 'a blank', { redirectUri => "$own " } ],
	[ 'a host that begins alike', { redirectUri => "https://book.example.evil.example$path" } ], [ 'a user', { redirectUri => "https://book.example\@evil.example$path" } ],
	[ 'both origins', { redirectUri => "https://front.example http://localhost:3000$path" } ], [ 'another port', { redirectUri => "http://localhost:3001$path" } ])
{
	my ($what, $given) = @$case;
	my $answer = $ada->post($start, $given);

	refused($answer, 400, 'OC006', 'redirectUri', "redirectUri: $what");
	like($answer->{json}{detail}, qr/\Q$given->{redirectUri}\E/, 'told back') if ($given->{redirectUri} // '') =~ m{^h};
}
refused($ada->post($start, { redirectUri => $own, scope => 'x' }), 400, 'OC006', 'scope', 'nothing else');
refused($http->post($start, { redirectUri => $own }), 401, 'OC012', undef, 'nobody who is not signed in');

my $begun = $ada->post($start, { redirectUri => $own });
answered($begun, 'it begins');
is_deeply([ sort keys %{ $begun->{json} } ], [qw(authUrl expiresAt ok state)], 'the answer has what it should');
my ($at, $query) = split /\?/, $begun->{json}{authUrl};
my %asked = map { my ($name, $value) = split /=/; $value =~ s/%(..)/chr hex $1/ge; ($name => $value) } split /&/, $query;
is($at, 'https://accounts.google.com/o/oauth2/v2/auth', 'it leads to Google');
like(delete $asked{code_challenge}, qr/^[A-Za-z0-9_-]{43}$/, 'with a challenge');
is(delete $asked{state}, $begun->{json}{state}, 'and the state');
is_deeply(\%asked, {
		client_id => 'client-1.apps.example', redirect_uri => $own, response_type => 'code', access_type => 'offline', prompt => 'consent',
		include_granted_scopes => 'true', code_challenge_method => 'S256', login_hint => 'ada@example.com',
		scope => join(' ', 'openid email', map { "https://www.googleapis.com/auth/calendar.$_" } qw(events freebusy calendarlist.readonly)) }, 'and the rest');
unlike($query, qr/[^A-Za-z0-9._~%&=-]/, 'all escaped');
my $left = sql('SELECT extract(epoch FROM max(expires_at) - clock_timestamp()) FROM calendar_consents');
ok($left > 570 && $left <= 600, 'for 10 minutes') or diag $left;
answered($ada->post($start, { redirectUri => "https://front.example$path" }), 'or from an origin that is allowed');
answered($ada->post($start, { redirectUri => "http://localhost:3000$path" }), 'or another');

#
# States
#

# A state of $client's, begun from $uri.
sub state_of
{
	my ($client, $uri) = @_;
	my $answer = $client->post($start, { redirectUri => $uri // $own });

	push @secrets, $answer->{json}{state} // die "not begun: $answer->{body}\n";
	return $answer->{json}{state};
}

# A state with another character at a place.
sub forged
{
	my ($state, $place) = @_;

	substr($state, $place, 1) = substr($state, $place, 1) eq 'B' ? 'C' : 'B';
	return $state;
}

my $good = state_of($ada);
my ($late, $lost) = (state_of($ada), state_of($ada));
sql("UPDATE calendar_consents SET expires_at = clock_timestamp() WHERE id = read_calendar_state('$late')");
sql("DELETE FROM calendar_consents WHERE id = read_calendar_state('$lost')");
my $login = $http->post('/v0/auth/magic-link', { email => 'ada@example.com' })->{json}{magicLinkToken};
my $before = contents('calendar_consents');
for my $case (
	[ 'forged at the end', forged($good, -1) ], [ 'in the middle', forged($good, 30) ], [ 'in its id', forged($good, 10) ], [ 'in its kind', forged($good, 1) ],
	[ 'cut', substr $good, 0, -1 ], [ 'longer', "${good}A" ], [ 'a blank more', "$good " ], [ 'of another kind', $login ], [ 'empty', '' ], [ 'no token', 'state' ],
	[ 'long', 'A' x 20_000 ], [ 'of another user', state_of($ben) ], [ 'expired', $late ], [ 'of what is gone', $lost ])
{
	my ($what, $state) = @$case;

	$before = contents('calendar_consents') if $what =~ /user/;
	my $answer = $ada->post($complete, { code => 'code-1', state => $state, redirectUri => $own });
	refused($answer, 400, 'OC006', 'state', "state: $what");
	unlike($answer->{body}, qr/\Q$state\E|code-1/, 'and it is not told back') if length $state > 5;
}
for my $uri ("https://front.example$path", "$own/", "https://evil.example$path", '')
{
	refused($ada->post($complete, { code => 'code-1', state => $good, redirectUri => $uri }), 400, 'OC006', 'redirectUri', "another redirectUri: '$uri'");
}
for my $code ('', ' ', 'code 1', "code\n1", 'c' x 2001, "c\x{f6}de")
{
	my $answer = $ada->post($complete, { code => $code, state => $good, redirectUri => $own });
	refused($answer, 400, 'OC006', 'code', 'code: ' . substr($code, 0, 10) =~ s/[^ -~]/?/gr);
	unlike($answer->{body}, qr/\Q$code\E/, 'and it is not told back') if length $code > 1;
}
for my $field (qw(code state redirectUri))
{
	my %given = (code => 'code-1', state => $good, redirectUri => $own);
	delete $given{$field};
	refused($ada->post($complete, \%given), 400, 'OC006', $field, "without $field");
	refused($ada->post($complete, { %given, $field => {} }), 400, 'OC006', $field, "$field is an object");
}
my %good = (code => 'code-1', state => $good, redirectUri => $own);
refused($http->post($complete, \%good), 401, 'OC012', undef, 'nobody who is not signed in');
refused($ben->post($complete, \%good), 400, 'OC006', 'state', 'nor anybody else');
refused($ada->post($complete, \%good), 503, 'OC011', undef, 'nor while no worker is there');
seen(11);
refused($ada->post($complete, \%good), 503, 'OC011', undef, 'or none that was seen lately');
is(contents('calendar_consents'), $before, 'none of that has changed anything');

#
# The account is connected
#

my $pending = "SELECT id FROM calendar_consents WHERE status = 'pending'";
my $second = state_of($ada);
seen(0);
my $waiting = later($ada, $complete, { %good, code => '4/code-that-is-secret' });
push @secrets, '4/code-that-is-secret';
my $consent = row($pending);
unlike(sql("SELECT code FROM calendar_consents WHERE id = '$consent'"), qr/636f6465/, 'the code rests sealed');
refused($ada->post($complete, \%good), 400, 'OC006', 'state', 'once');
my %second = (code => 'code-2', state => $second, redirectUri => $own);
waits('ada');
refused($ada->post($complete, \%second), 429, 'OC008', undef, 'another one of hers must wait');
is(sql("SELECT status FROM calendar_consents WHERE id = read_calendar_state('$second')"), 'asked', 'its state is not used up');
finish($consent, 'ada');
my $answer = $waiting->();
answered($answer, 'it is connected');
my $connection = $answer->{json}{connection};
my @calendars = @{ delete $connection->{calendars} };
my $id = delete $connection->{id};
my $due = delete $connection->{nextSyncAt};
like($due, qr/^2\d{3}-/, 'and is to be read');
is_deeply($connection, {
		provider => 'google', externalEmail => 'ada@gmail.example', connected => $true, state => 'active', lastSyncedAt => undef, lastError => undef,
		isStale => $false, staleness => { mode => 'refuse', afterMinutes => 1440 } }, 'the connection');
is_deeply([ map { delete $_->{id}; $_ } map { {%$_} } @calendars ], [
		map { { name => $_->[0], accessRole => $_->[1], isPrimary => $_->[2], isBusySource => $_->[2], isWriteTarget => $_->[2], lastSyncedAt => undef, lastError => undef } }
		[ 'Mine', 'owner', $true ], [ 'Club', 'writer', $false ], [ 'Team', 'reader', $false ] ], 'its calendars, the primary one first');
refused($ada->post($complete, { %good, code => '4/code-that-is-secret' }), 400, 'OC006', 'state', 'and still once');

# What a worker may find out.
for my $case ([ 'OC006', 400, 'the code is not accepted', 'code' ], [ 'OC010', 502, 'answered 500' ], [ 'OC011', 503, 'google_client_secret is missing' ])
{
	my ($code, $status, $why, $field) = @$case;
	my $trying = later($ada, $complete, { code => "code-$code", state => state_of($ada), redirectUri => $own });

	sql(sprintf "SELECT fail_consent('%s', 0, '$code', '$why')", row($pending));
	my $failed = $trying->();
	refused($failed, $status, $code, $field, "it comes to $code");
	is($failed->{json}{error}, $why, 'in its words');
}
my $taking = later($ben, $complete, { code => 'code-b', state => state_of($ben), redirectUri => $own });
finish(row($pending), 'ada');
refused($taking->(), 409, 'OC014', undef, 'another user\'s account cannot be connected');
is_deeply($ben->get('/v0/calendar/sync/status')->{json}{connections}, [], 'and is not');

# A shim that prepares nothing, and a database that throws it out.
my $plain = Shim->start($node, name => 'plain', args => ['--no-prepare']);
my $plain_ada = $ada->with(port => $plain->port);
$waiting = later($plain_ada, $complete, \%second);
finish(row($pending), 'ada-2');
answered($waiting->(), 'a second account, without prepared statements');
$waiting = later($plain_ada, $complete, { code => 'code-3', state => state_of($ada), redirectUri => $own });
$consent = row($pending);
sql("SELECT pg_terminate_backend(${\ waits('ada') })");
is($waiting->()->{status}, 503, 'thrown out while it waits');
sql("SELECT fail_consent('$consent', 0, 'OC010', 'x')");
answered($plain_ada->get('/v0/calendar/sync/status'), 'and back');

#
# What is told
#

my $status = $ada->get('/v0/calendar/sync/status')->{json};
is(scalar @{ $status->{connections} }, 2, 'both accounts are listed');
my ($one, $two) = @{ $status->{connections} };
is_deeply([ $one->{id}, $one->{externalEmail}, $two->{externalEmail} ], [ $id, 'ada@gmail.example', 'ada-2@gmail.example' ], 'the newest last');
is_deeply([ map { $_->{isWriteTarget} } map { @{ $_->{calendars} } } $one, $two ], [ $true, ($false) x 5 ], 'one calendar is written to');
is_deeply([ @{ $status->{providers}[0] }{qw(connected externalEmail lastSyncedAt lastError)} ], [ $true, 'ada@gmail.example', undef, undef ], 'and Google as one');
synced($id);
failed($two->{id}, 'false');
$status = $ada->get('/v0/calendar/sync/status')->{json};
like($status->{connections}[0]{lastSyncedAt}, qr/^2/, 'the one was read');
like($status->{connections}[0]{calendars}[0]{lastSyncedAt}, qr/^2/, 'and its calendar');
is($status->{connections}[1]{lastError}, 'answered 503', 'the other was not');
is_deeply([ @{ $status->{providers}[0] }{qw(lastSyncedAt lastError)} ], [ undef, 'answered 503' ], 'over all that is the worst');
cmp_ok($status->{connections}[1]{nextSyncAt}, 'gt', $status->{connections}[0]{nextSyncAt}, 'and the later');
is_deeply([ map { $_->{isStale} } @{ $status->{connections} } ], [ $false, $false ], 'nothing is stale');
sql("UPDATE calendars SET synced_at = current_instant() - interval '24 hours 1 second' WHERE is_busy_source");
is_deeply([ map { $_->{isStale} } @{ $ada->get('/v0/calendar/sync/status')->{json}{connections} } ], [ $true, $true ], 'until it is too old');

#
# Which calendars count
#

my $connections = '/v0/calendar/connections';
my %calendar = map { $_->{name} => $_->{id} } @{ $one->{calendars} };
my %other = map { $_->{name} => $_->{id} } @{ $two->{calendars} };
$before = contents('calendars') . contents('calendar_connections');
for my $case (
	[ 'a text', 'calendars', { calendars => 'x' } ], [ 'a number', 'calendars[0]', { calendars => [1] } ], [ 'null in the list', 'calendars[0]', { calendars => [undef] } ],
	[ 'no id', 'calendars[0].id', { calendars => [ {} ] } ], [ 'null for an id', 'calendars[0].id', { calendars => [ { id => undef } ] } ],
	[ 'no uuid', 'calendars[0].id', { calendars => [ { id => 'primary' } ] } ], [ 'twice', 'calendars[1].id', { calendars => [ ({ id => $calendar{Club} }) x 2 ] } ],
	[ 'a number for a boolean', 'calendars[0].isBusySource', { calendars => [ { id => $calendar{Club}, isBusySource => 1 } ] } ],
	[ 'a text for a boolean', 'calendars[0].isWriteTarget', { calendars => [ { id => $calendar{Club}, isWriteTarget => 'true' } ] } ],
	[ 'one that cannot be written to', 'calendars[0].isWriteTarget', { calendars => [ { id => $calendar{Team}, isWriteTarget => $true } ] } ],
	[ 'two write targets', 'calendars[1].isWriteTarget', { calendars => [ map { { id => $calendar{$_}, isWriteTarget => $true } } qw(Club Mine) ] } ],
	[ 'another field', 'calendars[0].name', { calendars => [ { id => $calendar{Club}, name => 'x' } ] } ],
	[ 'a bad one behind a good one', 'calendars[1]', { calendars => [ { id => $calendar{Club}, isBusySource => $true }, 2 ] } ],
	[ 'a text', 'staleness', { staleness => 'trust' } ], [ 'no mode', 'staleness.mode', { staleness => {} } ], [ 'another mode', 'staleness.mode', { staleness => { mode => 'Trust' } } ],
	[ 'null for a mode', 'staleness.mode', { staleness => { mode => undef } } ], [ 'four minutes', 'staleness.afterMinutes', { staleness => { mode => 'trust', afterMinutes => 4 } } ],
	[ '43201 minutes', 'staleness.afterMinutes', { staleness => { mode => 'trust', afterMinutes => 43201 } } ], [ 'half a minute', 'staleness.afterMinutes', { staleness => { mode => 'trust', afterMinutes => 5.5 } } ],
	[ 'minutes as a text', 'staleness.afterMinutes', { staleness => { mode => 'trust', afterMinutes => '60' } } ], [ 'another field', 'staleness.after', { staleness => { mode => 'trust', after => 1 } } ],
	[ 'a field that is none', 'state', { state => 'active' } ], [ 'a token', 'refreshToken', { refreshToken => 'x' } ])
{
	my ($what, $field, $given) = @$case;
	refused($ada->patch("$connections/$id", $given), 400, 'OC006', $field, "$field: $what");
}
refused($ada->patch("$connections/$id", { calendars => [ { id => $calendar{Club}, isBusySource => $true }, { id => $_, isBusySource => $true } ] }), 404, 'OC013', 'calendars[1].id', 'a calendar that is none of it')
	for '01900000-0000-7000-8000-000000000000', $other{Mine}, $id;
for my $client ($ben, $http)
{
	my ($code, $word) = $client == $ben ? (404, 'OC013') : (401, 'OC012');

	refused($client->patch("$connections/$id", { staleness => { mode => 'trust' } }), $code, $word, undef, "others' patch: $code");
	refused($client->post("$connections/$id/$_", {}), $code, $word, undef, "others' $_: $code") for qw(sync disconnect);
}
refused($ada->$_("$connections/x", {}), 404, 'OC013', undef, "no id: $_") for qw(patch);
is(contents('calendars') . contents('calendar_connections'), $before, 'none of that has changed anything');

sub flags { my ($answer) = @_; return { map { ($_->{name} => join ' ', grep { $_ } $_->{isBusySource} && 'busy', $_->{isWriteTarget} && 'written') } @{ $answer->{json}{connection}{calendars} } }; }

$answer = $ada->patch("$connections/$id", { calendars => [ { id => $calendar{Club}, isBusySource => $true, isWriteTarget => $true } ], staleness => { mode => 'trust', afterMinutes => 43200 } });
answered($answer, 'it is changed');
is_deeply(flags($answer), { Mine => 'busy', Club => 'busy written', Team => '' }, 'the calendars');
is_deeply($answer->{json}{connection}{staleness}, { mode => 'trust', afterMinutes => 43200 }, 'and what happens when they are old');
is($answer->{json}{connection}{isStale}, $false, 'which they are for nobody now');
is(sql("SELECT asked_at > tried_at AND next_sync_at <= clock_timestamp() FROM calendar_connections WHERE id = '$id'"), 't', 'a new one is read at once');
is_deeply($ada->patch("$connections/$id", { staleness => { mode => 'refuse' } })->{json}{connection}{staleness}, { mode => 'refuse', afterMinutes => 43200 }, 'minutes stay');
is_deeply($ada->patch("$connections/$id", { staleness => undef })->{json}{connection}{staleness}, { mode => 'refuse', afterMinutes => 1440 }, 'or go back');
answered($ada->patch("$connections/$two->{id}", { calendars => [ { id => $other{Club}, isWriteTarget => $true } ] }), 'another account is written to');
is(sql("SELECT string_agg(id::text, ' ') FROM calendars WHERE user_id = '$user{ada}' AND is_write_target"), $other{Club}, 'and no other one');
answered($ada->patch("$connections/$two->{id}", { calendars => [ { id => $other{Club}, isWriteTarget => $false } ] }), 'or none is');
answered($ada->patch("$connections/$id", {}), 'nothing is no change');

# What was known of one that does not count any more is gone, and its channel is closed to us.
synced($id);
sql("UPDATE calendars SET channel_id = id, channel_token_hash = sha256('word') WHERE id = '$calendar{Mine}'");
is(sql("SELECT (SELECT count(*) FROM calendar_busy_windows AS w WHERE w.calendar_id = c.id), (SELECT count(*) FROM calendar_events AS e WHERE e.calendar_id = c.id), sync_token, channel_id = id
	FROM calendars AS c WHERE id = '$calendar{Mine}'"), '1|1|T|t', 'something is known');
sql("INSERT INTO calendar_busy_windows (user_id, starts_at, ends_at) VALUES ('$user{ada}', '2030-01-01', '2030-01-02')");
answered($ada->patch("$connections/$id", { calendars => [ { id => $calendar{Mine}, isBusySource => $true } ] }), 'a busy source is one');
is(sql("SELECT count(*) FROM calendar_busy_windows WHERE user_id = '$user{ada}'"), 2, 'and keeps what is known');
answered($ada->patch("$connections/$id", { calendars => [ { id => $calendar{Mine}, isBusySource => $false } ] }), 'it counts no more');
is(sql("SELECT sync_token, read_until, full_sync_at, synced_at, channel_id, channel_token_hash FROM calendars WHERE id = '$calendar{Mine}'"), '|||||', 'nothing is known of it');
is(sql("SELECT count(*), count(w.calendar_id) FROM calendar_busy_windows AS w WHERE user_id = '$user{ada}'"), '1|0', 'its windows are gone, others stay');
is(sql("SELECT count(*) FROM calendar_events AS e JOIN calendars AS c ON c.id = e.calendar_id WHERE c.connection_id = '$id'"), 0, 'and its events');
synced($id);
is(sql("SELECT count(w.calendar_id) FROM calendar_busy_windows AS w WHERE user_id = '$user{ada}'"), 0, 'a sync that has asked before does not bring them back');
$ada->patch("$connections/$id", { calendars => [ { id => $calendar{Mine}, isBusySource => $true } ] });

#
# Read now
#

my $sync = '/v0/calendar/google/sync';
refused($cleo->post($sync, {}), 404, 'OC013', undef, 'who has nothing has nothing to read');
for my $case (
	[ start => '2026-11-23' ], [ start => 'now' ], [ start => 'infinity' ], [ start => 1 ], [ start => '2126-01-01T00:00:00Z' ], [ end => '2016-01-01T00:00:00Z' ],
	[ end => '2026-02-30T00:00:00Z' ], [ end => $true ])
{
	refused($ada->post($_, { $case->[0] => $case->[1] }), 400, 'OC006', $case->[0], "$case->[0]: $case->[1]") for $sync, "$connections/$id/sync";
}
my $now = sql('SELECT instant_text(clock_timestamp())');
refused($ada->post($sync, { start => $now, end => $now }), 400, 'OC006', 'end', 'a window without length');

# The second account has failed once: its next attempt is an hour away, and asked for it comes at once.
$waiting = later($ada, $sync, { start => $now, end => '2099-01-01T01:00:00+01:00' });
waits('ada');
refused($ada->post($sync, {}), 429, 'OC008', undef, 'one request of hers waits at a time');
refused($ada->post("$connections/$id/disconnect", {}), 429, 'OC008', undef, 'whatever it is about');
synced($id, renews => 1);
synced($two->{id});
$answer = $waiting->();
answered($answer, 'all is read');
my %told = %{ $answer->{json} };
is_deeply([ sort keys %told ], [qw(busyWindowCount lastSyncedAt nextSyncAt ok refreshedAccessToken syncWindow)], 'the answer has what it should');
is_deeply([ @told{qw(busyWindowCount refreshedAccessToken)} ], [ 2, $true ], 'two busy times, and a new token');
is($told{syncWindow}{startIso}, $now, 'from when it was asked for');
is(sql("SELECT '$told{syncWindow}{endIso}'::timestamptz - '$now' < interval '60 days 1 minute'"), 't', 'to where calendars are read');
is(sql("SELECT '$told{nextSyncAt}' > '$told{lastSyncedAt}'"), 't', 'and again some time');

$waiting = later($ada, "$connections/$id/sync", {});
waits('ada');
synced($id);
$answer = $waiting->();
is_deeply([ @{ $answer->{json} }{qw(busyWindowCount refreshedAccessToken)}, $answer->{json}{connection}{id} ], [ 1, $false, $id ], 'one account is read');
$waiting = later($ada, "$connections/$id/sync", {});
waits('ada');
failed($id, 'false');
$answer = $waiting->();
refused($answer, 502, 'OC010', undef, 'it fails');
is($answer->{json}{detail}, 'answered 503', 'for a reason');

# One that was under way fails, and the next one is an hour away.
sql("UPDATE calendar_connections SET attempt = attempt + 1, leased_until = clock_timestamp() + interval '1 minute' WHERE id = '$id'");
my $instant = sql('SELECT clock_timestamp()');
$waiting = later($ada, "$connections/$id/sync", {});
waits('ada');
failed($id, 'false', "'$instant'");
my $since = time;
refused($waiting->(), 502, 'OC010', undef, 'what was under way fails');
cmp_ok(time - $since, '<', 10, 'and nobody waits for the next');

$waiting = later($ada, "$connections/$id/sync", {});
waits('ada');
failed($id, 'true');
$answer = $waiting->();
refused($answer, 409, 'OC005', undef, 'or it breaks');
like($answer->{json}{error}, qr/^ada\@gmail\.example must be connected again$/, 'which one');
refused($ada->post("$connections/$id/sync", {}), 409, 'OC005', undef, 'and is broken');
is_deeply([ @{ $ada->get('/v0/calendar/sync/status')->{json}{connections}[0] }{qw(state nextSyncAt lastError connected)} ], [ 'broken', undef, 'answered 503', $true ], 'which is told');
answered($ada->patch("$connections/$id", { staleness => { mode => 'trust' } }), 'but can be changed');
# So quickly that nobody waits yet.
my $session = sql("SELECT session_token FROM create_session('$user{ada}')");
sql("UPDATE calendar_connections SET state = 'broken' WHERE id = '$two->{id}'");
is(Scene::state_of($node, "SELECT opencalendly.api_await_sync('$session', '{}')"), 'OC005', 'all that are asked for break at once');
sql("UPDATE calendar_connections SET state = 'active' WHERE id = '$two->{id}'");
$waiting = later($ada, $sync, {});
waits('ada');
synced($two->{id});
answered($waiting->(), 'the other one is read');
$waiting = later($ada, $complete, { code => 'code-4', state => state_of($ada), redirectUri => $own });
finish(row($pending), 'ada');
is_deeply([ @{ $waiting->()->{json}{connection} }{qw(id state)} ], [ $id, 'active' ], 'connected again it is the same one');
seen(undef);
refused($ada->post($_, {}), 503, 'OC011', undef, 'without a worker nobody waits') for $sync, "$connections/$id/sync", "$connections/$id/disconnect", '/v0/calendar/google/disconnect';
seen(0);

#
# What Google pushes
#

my $notify = '/v0/calendar/google/notify';
my $channel = '0a1b2c3d-0000-4000-8000-000000000001';

sub push_of
{
	my (%headers) = @_;
	my %given = (id => $channel, token => 'word of the channel', state => 'exists', %headers);
	my %name = (id => 'X-Goog-Channel-ID', token => 'X-Goog-Channel-Token', state => 'X-Goog-Resource-State');

	return $http->post($notify, undef, headers => { map { defined $given{$_} ? ($name{$_} => $given{$_}) : () } keys %given });
}

my $when = "SELECT coalesce(asked_at::text, '') || next_sync_at FROM calendar_connections WHERE id = '$id'";
sql("UPDATE calendars SET channel_id = '$channel', channel_token_hash = sha256('word of the channel') WHERE id = '$calendar{Mine}'");
sql("UPDATE calendars SET channel_id = '0a1b2c3d-0000-4000-8000-000000000002', channel_token_hash = sha256('another word') WHERE id = '$other{Mine}'");
synced($id);
$before = sql($when);
refused($http->post($notify, undef), 404, 'OC013', undef, 'a push of nobody\'s');
refused(push_of(@{ $_->[1] }), 404, 'OC013', undef, "a push: $_->[0]")
	for [ 'no id', [ id => undef ] ], [ 'another id', [ id => '0a1b2c3d-0000-4000-8000-000000000003' ] ], [ 'no uuid', [ id => "' OR true --" ] ],
	[ 'no token', [ token => undef ] ], [ 'an empty token', [ token => '' ] ], [ 'another token', [ token => 'word of the channe1' ] ], [ 'another\'s token', [ token => 'another word' ] ],
	[ 'the token\'s hash', [ token => sql("SELECT sha256('word of the channel')") ] ];
is($http->get($notify)->{status}, 405, 'it cannot be read');
is(sql($when), $before, 'nothing is asked for');
answered(push_of(state => 'sync'), 'a channel opens');
is(sql($when), $before, 'which says nothing');
for my $state (qw(exists not_exists), undef)
{
	$before = sql($when);
	answered(push_of(state => $state), 'something has changed: ' . ($state // 'who knows'));
	isnt(sql($when), $before, 'and is asked for');
	is(sql("SELECT next_sync_at <= clock_timestamp() FROM calendar_connections WHERE id = '$id'"), 't', 'at once');
}
failed($id, 'false');
answered(push_of(), 'one that has failed');
is(sql("SELECT next_sync_at > clock_timestamp() + interval '50 minutes' FROM calendar_connections WHERE id = '$id'"), 't', 'waits nevertheless');
$ada->patch("$connections/$id", { calendars => [ { id => $calendar{Mine}, isBusySource => $false } ] });
refused(push_of(), 404, 'OC013', undef, 'what does not count has no channel');
$ada->patch("$connections/$id", { calendars => [ { id => $calendar{Mine}, isBusySource => $true } ] });

#
# Left
#

synced($id);
my $attempt = sql("SELECT attempt FROM calendar_connections WHERE id = '$id'");
$waiting = later($ada, "$connections/$id/disconnect", {});
row("SELECT id FROM calendar_connections WHERE id = '$id' AND state = 'leaving'");
is_deeply([ map { $_->{id} } @{ $ada->get('/v0/calendar/sync/status')->{json}{connections} } ], [ $two->{id} ], 'what is left is not listed');
refused($ada->patch("$connections/$id", {}), 404, 'OC013', undef, 'nor changed');
refused($ada->post("$connections/$id/sync", {}), 404, 'OC013', undef, 'nor read');
is(sql("SELECT apply_calendar_sync('$id', $attempt, clock_timestamp(), '{}'), renew_access_token('$id', $attempt, 'x', NULL, 1)"), 'f|f', 'a sync that is under way writes nothing');
is(sql("SELECT count(*) FROM calendar_busy_windows AS w JOIN calendars AS c ON c.id = w.calendar_id WHERE c.connection_id = '$id'"), 1, 'what is known counts still');
is(sql("SELECT next_sync_at <= clock_timestamp() AND leased_until IS NULL FROM calendar_connections WHERE id = '$id'"), 't', 'a worker is to come');
sql("SELECT leave_calendar(id, attempt) FROM calendar_connections WHERE id = '$id'");
$answer = $waiting->();
is_deeply($answer->{json}, { ok => $true, provider => 'google', disconnected => $true }, 'it is gone');
is(sql("SELECT count(*) FROM calendars WHERE connection_id = '$id'"), 0, 'with its calendars');
is(sql("SELECT count(*), count(w.calendar_id) FROM calendar_busy_windows AS w WHERE w.user_id = '$user{ada}'"), '2|1', 'and what was known of them');
refused($ada->post("$connections/$id/disconnect", {}), 404, 'OC013', undef, 'once');
$waiting = later($ada, '/v0/calendar/google/disconnect', {});
row("SELECT leave_calendar(id, attempt) FROM calendar_connections WHERE user_id = '$user{ada}' AND state = 'leaving'");
answered($waiting->(), 'or all at once');
is_deeply($ada->get('/v0/calendar/sync/status')->{json}{providers}, [ \%nothing ], 'nothing is connected');
is_deeply($ada->post('/v0/calendar/google/disconnect', {})->{json}, { ok => $true, provider => 'google', disconnected => $false }, 'and nothing left');
refused($ada->post('/v0/calendar/google/disconnect', { id => $id }), 400, 'OC006', 'id', 'no field is known');

# Not without end.
sql("DELETE FROM calendar_consents WHERE user_id = '$user{dora}'");
state_of($dora) for 1 .. 20;
refused($dora->post($start, { redirectUri => $own }), 429, 'OC008', undef, 'at most 20 begin at a time');

#
# What waited until it was too late, and what waits while the shim ends
#

$answer = $too_late->();
refused($answer, 502, 'OC010', undef, 'a sync that nobody makes');
is($answer->{json}{error}, 'Google did not answer in time', 'is waited for');
refused($gone_too_late->(), 502, 'OC010', undef, 'and so is what nobody gives back');
is(sql("SELECT state FROM calendar_connections WHERE id = '$connection_of_finn'"), 'leaving', 'which stays to be done');
seen(0);
$waiting = later($finn, "$connections/$connection_of_finn/disconnect", {});
waits('finn');
sql("SELECT leave_calendar('$connection_of_finn', attempt) FROM calendar_connections WHERE id = '$connection_of_finn'");
answered($waiting->(), 'and can be waited for again');

is($plain->stop, 0, 'the second shim ends well');
my $narrow = Shim->start($node, name => 'narrow', threads => 3);
$waiting = later($emil->with(port => $narrow->port), $sync, {});
waits('emil');
$answer = $cleo->with(port => $narrow->port)->post($sync, {});
is(join(' ', @{$answer}{qw(status)}, $answer->{headers}{'retry-after'} // 'never'), '503 1', 'half of the threads wait, no more');
kill 'TERM', $narrow->pid;
ok(Outbox::poll(10, sub { $narrow->log =~ /"stopping"/ }), 'the shim is stopped meanwhile');
synced($connection_of_emil);
answered($waiting->(), 'what waits is answered');
is($narrow->stop, 0, 'and then it ends well');

#
# What is in no log
#

my $page = $http->get("$path?code=4/code-in-the-path&state=state-in-the-path");
is($page->{status}, 200, 'there is the page that Google leads to');
like($page->{headers}{'x-robots-tag'}, qr/noindex/, 'for nobody else');
is($page->{headers}{'cache-control'}, 'no-store', 'and not to be kept');
unlike($page->{body}, qr/in-the-path/, 'which does not repeat what it was called with');
is($shim->stop, 0, 'the shim ends well');
push @secrets, qw(in-the-path access-again code-1 code-OC006), 'word of the channel', $login;
my $logs = join '', slurp_file($node->logfile), map { $_->log } $shim, $plain, $narrow;
is(join(' ', grep { index($logs, $_) >= 0 } @secrets), '', 'no code, state or token is in a log');
is($node->safe_psql('postgres', 'SELECT count(*) FROM opencalendly.calendar_consents WHERE code IS NOT NULL'), 0, 'and no code is kept');
done_testing();
