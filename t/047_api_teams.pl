# Promise (API.md, Teams): people are asked and come by their own will; a team's event types are offered when enough of
# them are free, booked with those whose turn it is, and the ledger says why.
use strict;
use warnings;
use Front;
use Http;
use JSON::PP ();
use Scene;
use Test::More;

my ($node, $shim, $http) = Front::start();
my %who = map { $_ => Front::sign_in($node, $http, $_) } qw(ada ben cleo dan eve fay);
my %id = map { $_ => $who{$_}{user}{id} } keys %who;
my ($true, $false) = (JSON::PP::true(), JSON::PP::false());

sub as { return $who{ $_[0] }; }
sub names { my %name = reverse %id; return join ' ', map { $name{$_} // $_ } @_; }
sub members { my ($client, $team) = @_; return { map { $_->{user}{username} => $_ } @{ $client->get("/v0/teams/$team->{id}/members")->{json}{members} } }; }

#
# A team
#

my $made = as('ada')->post('/v0/teams', { name => 'Crew', slug => 'crew' });
answered($made, 'a team is made');
my $team = $made->{json}{team};
is_deeply({ map { $_ => $team->{$_} } qw(ownerUserId name slug role memberCount teamEventTypeCount) },
	{ ownerUserId => $id{ada}, name => 'Crew', slug => 'crew', role => 'owner', memberCount => 1, teamEventTypeCount => 0 }, 'with its owner');
is_deeply(as('ada')->get('/v0/teams')->{json}{teams}, [$team], 'it is in the list');
is_deeply(as('ben')->get('/v0/teams')->{json}{teams}, [], 'of its members');
refused(as('ben')->post('/v0/teams', { name => 'Crew', slug => 'crew' }), 409, 'OC014', 'slug', 'a slug is used once');
refused(as('ben')->post('/v0/teams', { name => 'X', slug => $_ }), 400, 'OC006', 'slug', "\"$_\" is no slug") for 'x', 'A-b', 'a--b', '';
refused(as('ben')->post('/v0/teams', { name => '', slug => 'xx' }), 400, 'OC006', 'name', 'a name has a character at least');
refused(as('ben')->post('/v0/teams', { name => 'X', slug => 'xx', owner => 1 }), 400, 'OC006', 'owner', 'unknown fields are refused by name');
my $path = "/v0/teams/$team->{id}";
is(as('ada')->patch($path, { name => 'The crew', slug => 'the-crew' })->{json}{team}{name}, 'The crew', 'it is renamed');
as('ada')->patch($path, { slug => 'crew' });

# Asking
my $asked = as('ada')->post("$path/members", { userId => $id{ben}, role => 'member' });
answered($asked, 'somebody is asked by id');
is_deeply([ @{ $asked->{json}{member} }{qw(teamId userId role status)} ], [ $team->{id}, $id{ben}, 'member', 'pending' ], 'and is pending');
is($asked->{json}{member}{user}{email}, undef, 'no address of who has not come');
my $by_mail = as('ada')->post("$path/members", { email => 'CLEO@example.com', role => 'owner' });
answered($by_mail, 'somebody is asked by address');
is_deeply([ @{ $by_mail->{json}{member} }{qw(userId role status)} ], [ $id{cleo}, 'owner', 'pending' ], 'in any case');
answered(as('ada')->post("$path/members", { userId => $id{$_}, role => 'member' }), "$_ is asked, too") for qw(dan eve);
refused(as('ada')->post("$path/members", { userId => $id{ben} }), 409, 'OC005', undef, 'nobody is asked twice');
refused(as('ada')->post("$path/members", { userId => '01900000-0000-7000-8000-000000000000' }), 404, 'OC013', undef, 'nobody who is not there');
refused(as('ada')->post("$path/members", {}), 400, 'OC006', 'userId', 'whom must be said');
refused(as('ada')->post("$path/members", { userId => $id{ben}, email => 'ben@example.com' }), 400, 'OC006', 'userId', 'in one way');
refused(as('ada')->post("$path/members", { userId => $id{fay}, role => 'boss' }), 400, 'OC006', 'role', 'roles are owner and member');
is_deeply(as('ben')->get('/v0/teams')->{json}{teams}, [], 'who is asked is in no team yet');
refused(as('ben')->get("$path/members"), 404, 'OC013', undef, 'and does not see who is');
refused(as('eve')->post("$path/leave", {}), 409, 'OC005', undef, 'nor can leave');
answered(as('ben')->post("$path/accept", {}), 'ben accepts');
answered(as('cleo')->post("$path/accept", undef), 'cleo, too, without a body');
is(as('ben')->post("$path/accept", {})->{status}, 409, 'once');
answered(as('dan')->post("$path/decline", {}), 'dan declines');
refused(as('dan')->post("$path/accept", {}), 404, 'OC013', undef, 'and then is not asked any more');
refused(as('ben')->post("$path/decline", {}), 409, 'OC005', undef, 'a member leaves, and does not decline');
my $members = members(as('ben'), $team);
is(join(' ', map { "$_:$members->{$_}{role}:$members->{$_}{status}" } sort keys %$members), 'ada:owner:active ben:member:active cleo:owner:active eve:member:pending', 'members see who is in and who is asked');
is_deeply({ map { $_ => $members->{$_}{user}{email} } keys %$members }, { ada => 'ada@example.com', ben => 'ben@example.com', cleo => 'cleo@example.com', eve => undef }, 'addresses of active members only');
is_deeply([ @{ $members->{ben} }{qw(weight priority)} ], [ 100, 2 ], 'with weight and priority');
is(as('cleo')->get('/v0/teams')->{json}{teams}[0]{role}, 'owner', 'one sees one\'s role');
is(as('ben')->get('/v0/teams')->{json}{teams}[0]{memberCount}, 3, 'and how many there are');

# Rights
refused(as('ben')->patch($path, { name => 'X' }), 403, 'OC009', undef, 'a member does not rename');
refused(as('ben')->post("$path/members", { userId => $id{dan} }), 403, 'OC009', undef, 'nor ask others');
refused(as('ben')->patch("$path/members/$id{ben}", { role => 'owner' }), 403, 'OC009', undef, 'nor become an owner alone');
refused(as('dan')->patch($path, { name => 'X' }), 404, 'OC013', undef, 'for others the team is not there');
answered(as('cleo')->patch("$path/members/$id{ben}", { weight => 50, priority => 4 }), 'an owner changes a member');
is_deeply([ @{ members(as('ada'), $team)->{ben} }{qw(weight priority role)} ], [ 50, 4, 'member' ], 'in part');
refused(as('ada')->patch("$path/members/$id{ben}", { $_->[0] => $_->[1] }), 400, 'OC006', $_->[0], "$_->[0] $_->[1] is refused") for [ weight => 0 ], [ priority => 5 ], [ priority => -1 ], [ role => 'boss' ], [ status => 'active' ];
as('ada')->patch("$path/members/$id{ben}", { weight => 100, priority => 2 });

#
# Event types
#

my %good = (teamId => $team->{id}, name => 'Turn', slug => 'turn', durationMinutes => 30, mode => 'round_robin');
my $turn = as('ada')->post('/v0/team-event-types', {%good});
answered($turn, 'a round robin is made');
$turn = $turn->{json}{teamEventType};
is_deeply([ @$turn{qw(teamId mode roundRobinCursor assignment)} ], [ $team->{id}, 'round_robin', 0, 'cursor' ], 'with its mode and cursor');
is(names(@{ $turn->{requiredMemberUserIds} }), 'ada ben cleo', 'all active members take turns');
is_deeply([ @{ $turn->{eventType} }{qw(name slug durationMinutes locationType)} ], [ 'Turn', 'turn', 30, 'video' ], 'its event type is like others');
my $panel = as('cleo')->post('/v0/team-event-types', { %good, name => 'Panel', slug => 'panel', mode => 'collective', requiredMemberUserIds => [ @id{qw(ada cleo)} ], locationType => 'custom', locationValue => 'Hall' });
answered($panel, 'a collective is made');
$panel = $panel->{json}{teamEventType};
is(names(@{ $panel->{requiredMemberUserIds} }), 'ada cleo', 'with those who attend');
is_deeply(as('ben')->get("$path/event-types")->{json}{eventTypes}, [ $turn, $panel ], 'members see them');
is(as('ada')->get('/v0/teams')->{json}{teams}[0]{teamEventTypeCount}, 2, 'counted');
is_deeply(as('ada')->get('/v0/event-types')->{json}{eventTypes}, [], 'they are the team\'s, nobody\'s own');
refused(as('ben')->post('/v0/team-event-types', { %good, slug => 'x2' }), 403, 'OC009', undef, 'a member makes none');
refused(as('dan')->post('/v0/team-event-types', { %good, slug => 'x2' }), 404, 'OC013', undef, 'nor does a stranger');
refused(as('ada')->post('/v0/team-event-types', {%good}), 409, 'OC014', 'slug', 'a slug is used once');
refused(as('ada')->post('/v0/team-event-types', { %good, slug => 'x2', $_->[0] => $_->[1] }), 400, 'OC006', $_->[0], "$_->[0] is checked")
  for [ mode => 'solo' ], [ mode => undef ], [ assignment => 'luck' ], [ requiredMemberUserIds => [ $id{eve} ] ], [ requiredMemberUserIds => ['x'] ], [ requiredMemberUserIds => [] ], [ durationMinutes => 4 ], [ name => undef ], [ members => [] ];
is(as('ada')->patch("/v0/event-types/$turn->{id}", { minNoticeMinutes => 30 })->{json}{eventType}{minNoticeMinutes}, 30, 'settings are changed as those of other event types');
refused(as('ben')->patch("/v0/event-types/$turn->{id}", { minNoticeMinutes => 0 }), 403, 'OC009', undef, 'by owners');
as('ada')->patch("/v0/event-types/$turn->{id}", { minNoticeMinutes => 0 });

#
# In public
#

my $page = $http->get('/v0/teams/crew/event-types/turn');
answered($page, 'a team\'s page');
is_deeply($page->{json}{team}, { id => $team->{id}, slug => 'crew', name => 'The crew' }, 'says which team');
is($page->{json}{mode}, 'round_robin', 'which mode');
is_deeply($page->{json}{members}[0]{user}, { id => $id{ada}, username => 'ada', displayName => 'Ada', timezone => 'UTC' }, 'who takes part');
is(names(map { $_->{userId} } @{ $page->{json}{members} }), 'ada ben cleo', 'and nobody who is only asked');
unlike($page->{body}, qr/example\.com/, 'without addresses');
refused($http->get('/v0/teams/crew/event-types/none'), 404, 'OC002', undef, 'what is not there is not');
refused($http->get('/v0/teams/none/event-types/turn'), 404, 'OC002', undef, 'nor in another team');

sub slots { my ($slug, %query) = @_; return $http->get("/v0/teams/crew/event-types/$slug/availability", query => { start => '2026-06-02T09:00:00Z', days => 1, limit => 3, %query }); }
sub free_at { my ($slug, $start) = @_; my ($slot) = grep { $_->{startsAt} eq $start } @{ slots($slug, limit => 100)->{json}{slots} }; return $slot ? names(@{ $slot->{assignmentUserIds} }) : 'nobody'; }

my $free = slots('turn');
answered($free, 'slots are shown');
is($free->{json}{mode}, 'round_robin', 'with the mode');
is(names(@{ $free->{json}{slots}[0]{assignmentUserIds} }), 'ada ben cleo', 'and who is free');
is(free_at('panel', '2026-06-02T09:00:00.000Z'), 'ada cleo', 'of a collective who attends');
my $tag = $free->{headers}{etag};
is($http->get('/v0/teams/crew/event-types/turn/availability?start=2026-06-02T09:00:00Z&days=1&limit=3', headers => { 'If-None-Match' => $tag })->{status}, 304, 'they have a tag');
my @walked;
for (my $target = '/v0/teams/crew/event-types/turn/availability?start=2026-06-02T09:00:00Z&days=1&limit=7'; $target && @walked < 100;)
{
	my $answer = $http->get($target);
	push @walked, map { $_->{startsAt} } @{ $answer->{json}{slots} };
	($target) = ($answer->{headers}{link} // '') =~ /^<(.+)>; rel="next"/;
}
is_deeply(\@walked, [ map { $_->{startsAt} } @{ slots('turn', limit => '')->{json}{slots} } ], 'and pages');

# Ada is busy for an hour: the round robin goes on without her, the collective does not.
Front::event_type(as('ada'), slug => 'alone', durationMinutes => 60);
answered(Front::book($http, { username => 'ada', eventSlug => 'alone', startsAt => '2026-06-02T09:00:00Z' }), 'ada is booked alone');
is(free_at('turn', '2026-06-02T09:00:00.000Z'), 'ben cleo', 'the others are free');
is(free_at('panel', '2026-06-02T09:00:00.000Z'), 'nobody', 'for the panel nobody is');
refused(Front::book($http, { teamSlug => 'crew', eventSlug => 'panel', startsAt => '2026-06-02T09:30:00Z' }), 409, 'OC001', undef, 'so it cannot be booked');
as('ben')->post('/v0/me/time-off', { startAt => '2026-06-02T09:00:00Z', endAt => '2026-06-02T10:00:00Z' });
is(free_at('turn', '2026-06-02T09:30:00.000Z'), 'cleo', 'whoever is off has no turn');

# Booking
my @turns = map { Front::book($http, { teamSlug => 'crew', eventSlug => 'turn', startsAt => "2026-06-0${_}T10:00:00Z" })->{json} } 3 .. 8;
is($turns[0]{teamMode}, 'round_robin', 'a team\'s booking says the mode');
is(names(map { @{ $_->{assignmentUserIds} } } @turns), 'ada ben cleo ada ben cleo', 'and whose turn it is');
is($turns[1]{booking}{organizerId}, $id{ben}, 'the organizer is the first of them');
my $together = Front::book($http, { teamSlug => 'crew', eventSlug => 'panel', startsAt => '2026-06-09T10:00:00Z' })->{json};
is(names(sort { $a cmp $b } @{ $together->{assignmentUserIds} }), names(sort { $a cmp $b } @id{qw(ada cleo)}), 'a panel is booked with all who attend');
is($together->{teamMode}, 'collective', 'in its mode');
my $by_owner = Front::book($http, { username => 'ada', eventSlug => 'turn', startsAt => '2026-06-10T10:00:00Z' });
answered($by_owner, 'a team\'s event type is booked by the owner\'s name');
is_deeply([ $by_owner->{json}{teamMode}, scalar @{ $by_owner->{json}{assignmentUserIds} } ], [ 'round_robin', 1 ], 'and is the team\'s');
refused(Front::book($http, { teamSlug => 'crew', eventSlug => 'alone', startsAt => '2026-06-10T12:00:00Z' }), 404, 'OC002', undef, 'but not the other way round');
refused(Front::book($http, { teamSlug => 'none', eventSlug => 'turn', startsAt => '2026-06-10T12:00:00Z' }), 404, 'OC002', undef, 'nor in another team');

# The same key on both routes is two requests.
my $key = { 'Idempotency-Key' => 'one-key-two-routes' };
my %twice = (eventSlug => 'turn', startsAt => '2026-06-11T10:00:00Z', inviteeName => 'Ann', inviteeEmail => 'twice@example.net');
my $on_team = $http->post('/v0/team-bookings', { %twice, teamSlug => 'crew' }, headers => $key);
answered($on_team, 'a key on one route');
is($http->post('/v0/team-bookings', { %twice, teamSlug => 'crew' }, headers => $key)->{body}, $on_team->{body}, 'gives the same answer there');
my $on_user = $http->post('/v0/bookings', { %twice, username => 'ada' }, headers => $key);
answered($on_user, 'on the other route');
isnt($on_user->{json}{booking}{id}, $on_team->{json}{booking}{id}, 'it is another request');

# Holds and links
my $hold = $http->post('/v0/holds', { teamSlug => 'crew', eventSlug => 'panel', startsAt => '2026-06-12T10:00:00Z' });
answered($hold, 'a slot of a team is held');
is(free_at('panel', '2026-06-12T10:00:00.000Z'), 'nobody', 'and kept');
answered(Front::book($http, { teamSlug => 'crew', eventSlug => 'panel', startsAt => '2026-06-12T10:00:00Z', holdToken => $hold->{json}{holdToken} }), 'for who holds it');
my $link = $http->get("/v0/bookings/actions/$turns[1]{actions}{reschedule}{token}");
is_deeply($link->{json}{booking}{team}, { teamId => $team->{id}, teamSlug => 'crew', teamEventTypeId => $turn->{id}, mode => 'round_robin', assignmentUserIds => [ $id{ben} ] }, 'a link tells the team');
my $moved = $http->post("/v0/bookings/actions/$turns[1]{actions}{reschedule}{token}/reschedule", { startsAt => '2026-06-15T10:00:00Z' });
answered($moved, 'a team\'s booking is moved');
is(names(@{ $moved->{json}{assignmentUserIds} }), 'ben', 'and keeps its host who is free');
is($http->get("/v0/bookings/actions/$turns[1]{actions}{reschedule}{token}/availability?start=2026-06-16T00:00:00Z")->{status}, 409, 'a moved one has no slots any more');

# Who sees a team's bookings
is(as('ben')->get("/v0/bookings/$turns[4]{booking}{id}")->{status}, 200, 'an assigned host does');
is(as('cleo')->get("/v0/bookings/$turns[4]{booking}{id}")->{status}, 200, 'the team\'s owners do');
refused(as('ben')->get("/v0/bookings/$turns[2]{booking}{id}"), 404, 'OC013', undef, 'another member does not');
refused(as('eve')->get("/v0/bookings/$turns[2]{booking}{id}"), 404, 'OC013', undef, 'nor who is only asked');
is(as('ben')->get('/v0/bookings?limit=100')->{json}{bookings}[0]{team}{mode}, 'round_robin', 'bookings say which team they are of');
answered(as('ben')->post("/v0/bookings/$turns[4]{booking}{id}/cancel", { reason => 'ill' }), 'an assigned host cancels');

#
# The ledger
#

my $ledger = as('ben')->get("/v0/team-event-types/$turn->{id}/ledger?limit=100");
answered($ledger, 'members read the ledger');
my @entries = @{ $ledger->{json}{entries} };
is_deeply([ map { $_->{entryNo} } @entries ], [ sort { $b <=> $a } map { $_->{entryNo} } @entries ], 'newest first');
my %of_booking = map { ($_->{bookingId} // '') => $_ } @entries;
is(names($of_booking{ $turns[2]{booking}{id} }{userId}), 'cleo', 'whose turn a booking was');
is(names(map { $_->{userId} } @{ $of_booking{ $turns[2]{booking}{id} }{candidates} }), 'ada ben cleo', 'among whom');
my ($target, @numbers) = ("/v0/team-event-types/$turn->{id}/ledger?limit=3");
while ($target && @numbers < 1000)
{
	my $part = as('ada')->get($target);
	push @numbers, map { $_->{entryNo} } @{ $part->{json}{entries} };
	($target) = ($part->{headers}{link} // '') =~ /^<(.+)>; rel="next"/;
}
is_deeply(\@numbers, [ map { $_->{entryNo} } @entries ], 'page by page, each once');
refused(as('dan')->get("/v0/team-event-types/$turn->{id}/ledger"), 404, 'OC013', undef, 'others do not');

# Changes
my $changed = as('ada')->patch("/v0/team-event-types/$turn->{id}", { assignment => 'weighted', roundRobinCursor => 1, members => [ { userId => $id{ben}, weight => 200 }, { userId => $id{ada}, isRequired => $true } ] });
answered($changed, 'who takes part and how is changed');
is_deeply([ @{ $changed->{json}{teamEventType} }{qw(assignment roundRobinCursor)} ], [ 'weighted', 1 ], 'as asked for');
is(names(@{ $changed->{json}{teamEventType}{requiredMemberUserIds} }) . '/' . names(@{ $changed->{json}{teamEventType}{fixedMemberUserIds} }), 'ben/ada', 'in turns, and always');
is(as('ada')->patch("/v0/team-event-types/$turn->{id}", { cursor => 0 })->{json}{teamEventType}{roundRobinCursor}, 0, 'the cursor is set by its short name, too');
refused(as('ada')->patch("/v0/team-event-types/$turn->{id}", { members => [ { userId => $id{eve} } ] }), 400, 'OC006', undef, 'whoever has not come does not take part');
refused(as('ben')->patch("/v0/team-event-types/$turn->{id}", { assignment => 'cursor' }), 403, 'OC009', undef, 'members do not change it');

#
# The end of it
#

refused(as('ada')->del($path), 409, 'OC005', undef, 'a team with bookings to come is not deleted');
refused(as('ada')->del("/v0/event-types/$panel->{id}"), 409, 'OC005', undef, 'nor is its event type');
refused(as('ada')->post("$path/leave", {}), 409, 'OC005', undef, 'its owner does not leave');
answered(as('ada')->patch($path, { ownerUserId => $id{cleo} }), 'but gives it to another');
is(as('cleo')->get('/v0/teams')->{json}{teams}[0]{ownerUserId}, $id{cleo}, 'who owns it then');
answered(as('cleo')->del("$path/members/$id{eve}"), 'an invitation is taken back');
refused(as('eve')->post("$path/accept", {}), 404, 'OC013', undef, 'and is no more');
answered(as('ben')->post("$path/leave", {}), 'ben leaves');
refused(as('ben')->get("$path/members"), 404, 'OC013', undef, 'and does not see the team any more');
is(as('ben')->get("/v0/bookings/$turns[4]{booking}{id}")->{status}, 200, 'but what he hosts');
my $empty = as('dan')->post('/v0/teams', { name => 'Empty', slug => 'empty' })->{json}{team};
is(as('dan')->del("/v0/teams/$empty->{id}")->{json}{deletedId}, $empty->{id}, 'a team without bookings is deleted');
answered(as('eve')->post('/v0/teams', { name => 'Empty', slug => 'empty' }), 'its slug is free');

is($shim->stop, 0, 'the shim ends well');
done_testing();
