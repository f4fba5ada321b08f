package Tour;

=head1 NAME

Tour - a walk through the whole HTTP API, every operation at least once

=head1 SYNOPSIS

  my @clients = map { $anyone->login("$_\@example.com", username => $_) } qw(ada ben cleo);
  Tour::run(anyone => $anyone, clients => \@clients, call => \&call, refused => \&refused, set_clock => \&set_clock,
      lease => \&lease, change => \&change);

=head1 DESCRIPTION

The node's clock must stand as Scene::conf sets it, and sign-in links must come in the answers (Shim::conf). The tour
makes its own event types, schedules, bookings and a team, in an order in which everything is there when it is needed.
What happens to a call is the caller's: both functions send a request and return its answer, as Http tells.

=over

=item call => sub { my ($client, $operation, %options) = @_; ... }

A request that must succeed. $operation is a method and a path of the document, such as "GET /v0/bookings/{id}"; the
options are those of Http's request, and path => {name => value}.

=item refused => sub { my ($client, $status, $why, $operation, %options) = @_; ... }

One that must be answered with another status than 200, and why.

=item set_clock => sub { my ($instant) = @_; ... }

=item lease => sub { my ($delivery_id) = @_; ... }

A worker takes a delivery. There must be no other worker.

=item change => sub { my ($sql) = @_; ... }

Runs statements, in the schema opencalendly.

=back

=cut

use strict;
use warnings;
use JSON::PP;
use Test::More;

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $no_id = '01890000-0000-7000-8000-000000000000';
my %guide;

# The paths that are long.
my $page = '/v0/users/{username}/event-types/{slug}';
my $team_page = '/v0/teams/{teamSlug}/event-types/{eventSlug}';
my $link = '/v0/bookings/actions/{token}';
my $member = '/v0/teams/{teamId}/members/{userId}';

my @week = map { { dayOfWeek => $_, startMinute => 540, endMinute => 1020 } } 0 .. 6;

sub call { return $guide{call}->(@_); }
sub refused { return $guide{refused}->(@_); }

sub run
{
	(%guide) = @_;
	my ($ada, $ben, $cleo) = @{ $guide{clients} };

	call($guide{anyone}, "GET $_") for '/health', '/ready', '/v0/openapi.json';
	sign_in($guide{anyone});
	set_hours($ada);
	my $schedule_id = make_schedules($ada);
	my $event_type_id = make_event_types($ada, $schedule_id);
	read_pages($guide{anyone});
	my ($first, @booked) = book($guide{anyone});
	refused($ada, 409, 'with bookings to come', 'DELETE /v0/event-types/{id}', path => { id => $event_type_id });
	use_links($guide{anyone}, $first);
	keep_bookings($ada, @booked);
	use_webhooks($ada);
	use_calendars($guide{anyone}, $ada, $ben);
	my $team_id = make_team($ada, $ben, $cleo);
	make_team_event_types($ada, $ben, $team_id);
	book_team($guide{anyone}, $ada, $team_id);
	return;
}

sub sign_in
{
	my ($anyone) = @_;
	my $token = sub {
		return call($anyone, 'POST /v0/auth/magic-link', data => { email => 'dora@example.com' })->{json}{magicLinkToken};
	};
	my %verify = (data => { token => $token->() });

	refused($anyone, 409, 'without a username', 'POST /v0/auth/verify', %verify);
	call($anyone, 'POST /v0/auth/verify', data => { %{ $verify{data} }, username => 'dora', timezone => 'Asia/Kolkata' });
	refused($anyone, 401, 'for a link that was used', 'POST /v0/auth/verify', %verify);
	my $dora = $anyone->login('dora@example.com');

	my %cookie = (headers => { 'X-Session' => 'cookie' });
	my $by_page = call($anyone, 'POST /v0/auth/verify', %cookie, data => { token => $token->() });
	ok(!exists $by_page->{json}{sessionToken}, 'the cookie has the token alone');
	my ($cookie) = $by_page->{headers}{'set-cookie'} =~ m{^(__Host-session=[^;]+); Path=/; Secure; HttpOnly; SameSite=Lax};
	call($dora->as(undef), 'GET /v0/auth/me', headers => { Cookie => $cookie });
	my $sessions = call($dora, 'GET /v0/auth/sessions')->{json}{sessions};
	is(scalar @$sessions, 3, 'there are three sessions');
	my ($other) = grep { !$_->{isCurrent} } @$sessions;
	call($dora, 'DELETE /v0/auth/sessions/{id}', path => { id => $other->{id} });

	call($dora, 'PATCH /v0/me',
		data => { displayName => 'Dora', timezone => 'Europe/Berlin', username => 'dora-d', language => 'de' });
	call($dora, 'PATCH /v0/me', data => { language => undef });
	refused($dora, 400, 'for no language of ours', 'PATCH /v0/me', data => { language => 'fr' });
	refused($dora, 409, 'for a username that is taken', 'PATCH /v0/me', data => { username => 'ada' });
	refused($dora, 400, 'for no zone', 'PATCH /v0/me', data => { timezone => 'Mars/Olympus' });
	call($dora, 'POST /v0/auth/logout', data => { everywhere => $false });
	refused($dora, 401, 'after signing out', 'GET /v0/auth/me');
	return;
}

sub set_hours
{
	my ($ada) = @_;
	my $hours = call($ada, 'GET /v0/me/availability');
	my %stale = (headers => { 'If-Match' => $hours->{headers}{etag} });
	my %rules = (data => { rules => \@week });
	my %overrides = (data => { overrides => [
		{ startAt => '2026-06-06T08:00Z', endAt => '2026-06-06T10:00Z', isAvailable => $true, replacesDay => $true },
		{ startAt => '2026-06-03T12:00:00+02:00', endAt => '2026-06-03T13:00:00+02:00', isAvailable => $false,
			reason => undef } ] });

	call($ada, 'PUT /v0/me/availability/rules', %rules, %stale);
	refused($ada, 412, 'for what has changed', 'PUT /v0/me/availability/rules', %rules, %stale);
	call($ada, 'PUT /v0/me/availability/overrides', %overrides);
	refused($ada, 412, 'for what has changed', 'PUT /v0/me/availability/overrides', %overrides, %stale);
	$hours = call($ada, 'GET /v0/me/availability');
	my %known = (headers => { 'If-None-Match' => $hours->{headers}{etag} });
	refused($ada, 304, 'if it is known', 'GET /v0/me/availability', %known);
	call($ada, 'PUT /v0/me/availability/rules', data => { rules => $hours->{json}{rules} });
	call($ada, 'PUT /v0/me/availability/overrides', data => { overrides => $hours->{json}{overrides} });
	return;
}

sub make_schedules
{
	my ($ada) = @_;
	my %summer = (name => 'Summer', timezone => 'Europe/Berlin', rules => \@week, overrides => undef);
	my $summer = call($ada, 'POST /v0/me/schedules', data => \%summer);
	my %id = (path => { id => $summer->{json}{schedule}{id} });
	my $winter = call($ada, 'POST /v0/me/schedules', data => { name => 'Winter', timezone => 'UTC' });
	my $list = call($ada, 'GET /v0/me/schedules')->{json}{schedules};

	refused($ada, 409, 'for a name that is taken', 'POST /v0/me/schedules', data => { %summer, timezone => 'UTC' });
	my $tag = call($ada, 'GET /v0/me/schedules/{id}', %id)->{headers}{etag};
	my %match = (headers => { 'If-Match' => $tag });
	my %known = (headers => { 'If-None-Match' => "W/$tag" });
	refused($ada, 304, 'if it is known', 'GET /v0/me/schedules/{id}', %id, %known);
	call($ada, 'PATCH /v0/me/schedules/{id}', %id, %match, data => { name => 'High summer', rules => undef });
	refused($ada, 412, 'for what has changed', 'PATCH /v0/me/schedules/{id}', %id, %match, data => {});
	refused($ada, 409, 'for a name that is taken', 'PATCH /v0/me/schedules/{id}', %id, data => { name => 'Winter' });
	call($ada, 'DELETE /v0/me/schedules/{id}', path => { id => $winter->{json}{schedule}{id} });
	refused($ada, 409, 'for the default one', 'DELETE /v0/me/schedules/{id}', path => { id => $list->[0]{id} });
	return $id{path}{id};
}

sub make_event_types
{
	my ($ada, $schedule_id) = @_;
	my %intro = (
		name => 'Intro', slug => 'intro', durationMinutes => 30, locationType => 'video', description => undef,
		locationValue => 'https://meet.example.com/ada',
		questions => [ { id => 'topic', label => 'Topic', required => $false, placeholder => undef } ]);
	my %settings = (
		slotIntervalMinutes => 30, bufferBeforeMinutes => 0, bufferAfterMinutes => 5, minNoticeMinutes => 60,
		maxDaysAhead => 60, bookableFrom => '2026-06-01', bookableUntil => '2026-12-31', dailyBookingLimit => 8,
		weeklyBookingLimit => 40, monthlyBookingLimit => 100, seats => 2, scheduleId => $schedule_id,
		isHidden => $true, cancellationPolicy => 'A day before.', conference => 'google_meet');
	my %cleared = map { $_ => undef } keys %settings;

	my $intro = call($ada, 'POST /v0/event-types', data => \%intro)->{json}{eventType};
	refused($ada, 409, 'for a slug that is taken', 'POST /v0/event-types', data => \%intro);
	call($ada, 'POST /v0/event-types', data => { %intro, name => 'Class', slug => 'class', seats => 3 });
	my $spare = call($ada, 'POST /v0/event-types', data => { %intro, slug => 'spare', %settings })->{json}{eventType};
	is_deeply({ map { $_ => $spare->{$_} } keys %settings }, \%settings, 'with all its settings');
	my %spare = (path => { id => $spare->{id} });
	call($ada, 'PATCH /v0/event-types/{id}', %spare, data => { %cleared, isActive => $false });
	refused($ada, 409, 'for a slug that is taken', 'PATCH /v0/event-types/{id}', %spare, data => { slug => 'intro' });
	call($ada, 'GET /v0/event-types');
	my %explain = (path => { id => $intro->{id} }, query => { startsAt => '2026-06-02T03:00:00Z' });
	call($ada, 'GET /v0/event-types/{id}/explain', %explain);
	refused($ada, 400, 'for no instant', 'GET /v0/event-types/{id}/explain', %explain, query => { startsAt => 'noon' });
	remind($ada, path => { id => $intro->{id} });
	call($ada, 'DELETE /v0/event-types/{id}', %spare);
	return $intro->{id};
}

# Notification rules of an event type.
sub remind
{
	my ($ada, %id) = @_;
	my $rules = '/v0/event-types/{id}/notification-rules';
	my @day = ({ notificationType => 'reminder', offsetMinutes => 1440, isEnabled => $true });
	my @both = (@day, { notificationType => 'follow_up', offsetMinutes => 60, isEnabled => undef, id => undef });

	my $set = call($ada, "PUT $rules", %id, data => { rules => \@both })->{json}{rules};
	is_deeply(call($ada, "GET $rules", %id)->{json}{rules}, $set, 'the rules are kept');
	is_deeply(call($ada, "PUT $rules", %id, data => { rules => $set })->{json}{rules}, $set, 'by their ids');
	refused($ada, 400, 'for the same twice', "PUT $rules", %id, data => { rules => [ @day, @day ] });
	call($ada, 'POST /v0/notifications/run', query => { limit => 1 });
	call($ada, 'POST /v0/notifications/run', data => { limit => 1 });
	return;
}

sub read_pages
{
	my ($anyone) = @_;
	my %page = (path => { username => 'ada', slug => 'intro' });
	my %range = (%page, query => { start => '2026-06-02T00:00:00Z', days => 2, timezone => 'America/New_York' });

	call($anyone, 'GET /v0/users/{username}/event-types', path => { username => 'ada' });
	call($anyone, "GET $page", %page);
	my $slots = call($anyone, "GET $page/availability", %range);
	like($slots->{json}{slots}[0]{startsAtLocal}, qr/^2026-06-02T05:00:00(\.000)?-04:00$/, 'with the local time');
	my %known = (headers => { 'If-None-Match' => $slots->{headers}{etag} });
	refused($anyone, 304, 'if it is known', "GET $page/availability", %range, %known);
	my $part = call($anyone, "GET $page/availability", %page, query => { limit => 2 });
	my $cursor = $part->{json}{nextCursor};
	like($part->{headers}{link}, qr/cursor=\Q$cursor\E>; rel="next"$/, 'a part has a link to the next one');
	call($anyone, "GET $page/availability", %page, query => { limit => 2, cursor => $cursor });
	my $class = call($anyone, "GET $page/availability", path => { username => 'ada', slug => 'class' });
	is($class->{json}{slots}[0]{seatsLeft}, 3, 'a group event tells its seats');
	return;
}

sub book
{
	my ($anyone) = @_;
	my %page = (path => { username => 'ada', slug => 'intro' });
	my %ten = (username => 'ada', eventSlug => 'intro', startsAt => '2026-06-02T10:00:00Z');
	my %ivy = (inviteeName => 'Ivy', inviteeEmail => 'ivy@example.com', timezone => 'Europe/Berlin');

	my $hold = call($anyone, 'POST /v0/holds', data => \%ten)->{json}{holdToken};
	refused($anyone, 409, 'for what is held', 'POST /v0/holds', data => \%ten);
	refused($anyone, 404, 'for no event type', 'POST /v0/holds', data => { %ten, eventSlug => 'nothing' });
	my %first = (query => { start => $ten{startsAt}, limit => 1, hold => $hold });
	my $held = call($anyone, "GET $page/availability", %page, %first);
	is($held->{json}{slots}[0]{startsAt}, '2026-06-02T10:00:00.000Z', 'who holds it sees it');
	my %eleven = (%ten, startsAt => '2026-06-02T11:00:00Z');
	my $other_hold = call($anyone, 'POST /v0/holds', data => \%eleven)->{json}{holdToken};
	call($anyone, 'DELETE /v0/holds/{token}', path => { token => $other_hold });

	my %booking = (%ten, %ivy, holdToken => $hold, answers => { topic => 'Ours' });
	my %key = (headers => { 'Idempotency-Key' => '"the key of the first"' });
	my $booked = call($anyone, 'POST /v0/bookings', %key, data => \%booking)->{json};
	my $again = call($anyone, 'POST /v0/bookings', %key, data => { %booking, startsAt => '2026-06-02T12:00+02:00' });
	is($again->{json}{booking}{id}, $booked->{booking}{id}, 'which is the same booking');
	my %other = (data => { %booking, inviteeName => 'Ira' });
	refused($anyone, 409, 'for another request by its key', 'POST /v0/bookings', %key, %other);
	refused($anyone, 409, 'for what is taken', 'POST /v0/bookings', data => { %ten, %ivy });
	refused($anyone, 404, 'for no event type', 'POST /v0/bookings', data => { %ten, %ivy, eventSlug => 'nothing' });
	my @starts = map { "2026-06-02T$_:00:00Z" } 13, 14, 15;
	return ($booked, map { call($anyone, 'POST /v0/bookings', data => { %ten, %ivy, startsAt => $_ })->{json} } @starts);
}

sub use_links
{
	my ($anyone, $booked) = @_;
	my %cancel = (path => { token => $booked->{actions}{cancel}{token} });
	my %move = (path => { token => $booked->{actions}{reschedule}{token} });
	my %own = (%move, query => { start => '2026-06-02T10:00:00Z', days => 1, limit => 1 });

	call($anyone, "GET $link", %cancel);
	call($anyone, "GET $link/invite.ics", %cancel);
	my $slots = call($anyone, "GET $link/availability", %own);
	is($slots->{json}{slots}[0]{startsAt}, '2026-06-02T10:00:00.000Z', 'its own slot is free to it');
	my %known = (headers => { 'If-None-Match' => $slots->{headers}{etag} });
	refused($anyone, 304, 'if it is known', "GET $link/availability", %own, %known);

	my %wish = (data => { startsAt => '2026-06-03T14:00:00Z', timezone => undef });
	my %taken = (data => { startsAt => '2026-06-02T13:00:00Z' });
	refused($anyone, 409, 'to a time that is taken', "POST $link/reschedule", %move, %taken);
	my %key = (headers => { 'Idempotency-Key' => 'the key of moving' });
	my $moved = call($anyone, "POST $link/reschedule", %move, %key, %wish)->{json};
	is($moved->{newBooking}{rescheduledFromBookingId}, $booked->{booking}{id}, 'the new booking names the old one');
	my $refused = refused($anyone, 409, 'for a booking that was moved', "POST $link/cancel", %cancel, data => {});
	is($refused->{json}{rescheduledTo}, $moved->{newBooking}{id}, 'with where it went');
	refused($anyone, 409, 'for a booking that was moved', "GET $link/availability", %move);

	my %new = (path => { token => $moved->{actions}{cancel}{token} });
	call($anyone, "POST $link/cancel", %new, data => { reason => 'rain' });
	my $again = call($anyone, "POST $link/cancel", %new);
	ok($again->{json}{replayed}, 'twice is once');
	return;
}

# The host's side.
sub keep_bookings
{
	my ($ada, @booked) = @_;
	my ($one, $two) = map { { path => { id => $_->{booking}{id} } } } @booked;
	my %june = (from => '2026-06-01T00:00:00Z', to => '2026-07-01T00:00:00Z', status => 'confirmed');

	my $list = call($ada, 'GET /v0/bookings', query => { %june, limit => 2 })->{json};
	is(scalar @{ $list->{bookings} }, 2, 'a page of two');
	$list = call($ada, 'GET /v0/bookings', query => { %june, limit => 2, cursor => $list->{nextCursor} })->{json};
	is($list->{nextCursor}, undef, 'and the rest');
	call($ada, 'GET /v0/bookings/{id}', %$one);

	my %taken = (data => { startsAt => '2026-06-02T14:00:00Z' });
	refused($ada, 409, 'to a time that is taken', 'POST /v0/bookings/{id}/reschedule', %$one, %taken);
	my %wish = (data => { startsAt => '2026-06-02T20:00:00Z' });
	my $moved = call($ada, 'POST /v0/bookings/{id}/reschedule', %$one, %wish)->{json};
	my %new = (path => { id => $moved->{newBooking}{id} });
	call($ada, 'POST /v0/bookings/{id}/cancel', %new, data => { reason => undef });
	refused($ada, 409, 'for a booking that was moved', 'POST /v0/bookings/{id}/cancel', %$one);

	my %errand = (startAt => '2026-06-02T15:00:00Z', endAt => '2026-06-02T16:00:00Z', reason => 'errand');
	my $off = call($ada, 'POST /v0/me/time-off', data => \%errand)->{json};
	is($off->{bookings}[0]{id}, $booked[2]{booking}{id}, 'time off tells what lies in it');
	call($ada, 'GET /v0/me/time-off');
	call($ada, 'DELETE /v0/me/time-off/{id}', path => { id => $off->{timeOffBlock}{id} });

	refused($ada, 409, 'before it starts', 'POST /v0/bookings/{id}/no-show', %$two);
	$guide{set_clock}->('2026-06-02 16:00+00');
	call($ada, 'POST /v0/bookings/{id}/no-show', %$two);
	$guide{set_clock}->('2026-06-01 08:00+00');
	return;
}

sub use_webhooks
{
	my ($ada) = @_;
	my %hook = (url => 'https://hooks.example.com/ada?from=crew', events => [ 'booking.created', 'booking.canceled' ]);
	my $made = call($ada, 'POST /v0/webhooks', data => {%hook})->{json}{webhook};
	my %id = (path => { id => $made->{id} });
	my $given = call($ada, 'POST /v0/webhooks', data => { %hook, secret => 'one of mine' })->{json}{webhook};

	like($made->{secret}, qr/^whsec_/, 'a secret is made and told');
	refused($ada, 400, 'for an address inside', 'POST /v0/webhooks', data => { %hook, url => 'https://10.0.0.1/' });
	call($ada, 'GET /v0/webhooks');
	call($ada, 'GET /v0/webhooks/{id}', %id);
	call($ada, 'PATCH /v0/webhooks/{id}', %id,
		data => { url => 'https://hooks.example.com/', events => ['booking.rescheduled'], rotateSecret => $true });
	call($ada, 'PATCH /v0/webhooks/{id}', %id, data => { isActive => $false, secret => 'another of mine' });
	refused($ada, 409, 'while it is off', 'POST /v0/webhooks/{id}/ping', %id);
	call($ada, 'PATCH /v0/webhooks/{id}', %id, data => { isActive => undef, rotateSecret => undef });
	call($ada, 'POST /v0/webhooks/{id}/resume', %id, data => {});
	my %ping = (path => { id => call($ada, 'POST /v0/webhooks/{id}/ping', %id)->{json}{delivery}{id} });
	call($ada, 'POST /v0/webhooks/{id}/ping', %id, data => {});

	my $list = call($ada, 'GET /v0/webhooks/{id}/deliveries', %id, query => { status => 'pending', limit => 1 })->{json};
	call($ada, 'GET /v0/webhooks/{id}/deliveries', %id, query => { cursor => $list->{nextCursor} });
	refused($ada, 400, 'for no status', 'GET /v0/webhooks/{id}/deliveries', %id, query => { status => 'lost' });
	call($ada, 'POST /v0/webhooks/deliveries/{id}/replay', %ping);
	$guide{lease}->($ping{path}{id});
	refused($ada, 409, 'while it is being sent', 'POST /v0/webhooks/deliveries/{id}/replay', %ping);
	my %all = (data => { since => '2026-06-01T00:00:00Z', includeSucceeded => $true });
	call($ada, 'POST /v0/webhooks/{id}/replay', %id, %all);
	call($ada, 'POST /v0/webhooks/deliveries/run', query => { limit => 1 });
	call($ada, 'DELETE /v0/webhooks/{id}', path => { id => $given->{id} });
	return;
}

# What a worker does: a code is exchanged as the table outcome tells, what is left is gone, and who asks for a sync has had it at once.
my $calendar_worker = <<'SQL';
INSERT INTO worker_heartbeats (queue, seen_at) VALUES ('calendar', clock_timestamp() + interval '1 day');
CREATE TABLE public.outcome AS SELECT NULL::text AS error_code;
CREATE FUNCTION public.exchange() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	PERFORM CASE WHEN o.error_code IS NULL
		THEN opencalendly.finish_consent(NEW.id, NEW.attempt, 'ada', 'ada@gmail.example', '{}', 'r', 'a', 3600,
			'[{"kind": "calendar#calendarList", "items": [{"id": "ada@gmail.example", "summary": "Ada", "accessRole": "owner", "primary": true},
				{"id": "team", "summary": "Team", "accessRole": "reader"}]}]')
		ELSE opencalendly.fail_consent(NEW.id, NEW.attempt, o.error_code, 'it went wrong') END FROM public.outcome AS o;
	UPDATE opencalendly.calendar_connections SET synced_at = clock_timestamp();
	RETURN NULL;
END
$$;
CREATE FUNCTION public.read_calendars() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.tried_at := NEW.asked_at; RETURN NEW; END';
CREATE TRIGGER read_calendars BEFORE UPDATE OF asked_at ON calendar_connections FOR EACH ROW EXECUTE FUNCTION public.read_calendars();
CREATE TRIGGER exchange AFTER UPDATE ON calendar_consents FOR EACH ROW WHEN (NEW.status = 'pending')
	EXECUTE FUNCTION public.exchange();
CREATE FUNCTION public.leave() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN PERFORM opencalendly.leave_calendar(NEW.id, NEW.attempt); RETURN NULL; END';
CREATE TRIGGER leave AFTER UPDATE ON calendar_connections FOR EACH ROW WHEN (NEW.state = 'leaving')
	EXECUTE FUNCTION public.leave();
SQL

# Connects an account of $client's, and returns the answer.
sub connect_calendar
{
	my ($client, %callback) = @_;
	my $asked = call($client, 'POST /v0/calendar/google/connect/start', data => {%callback})->{json};
	my %given = (data => { %callback, code => '4/code', state => $asked->{state} });
	my $complete = 'POST /v0/calendar/google/connect/complete';
	my $connection = call($client, $complete, %given)->{json}{connection};

	refused($client, 400, 'again', $complete, %given);
	for my $case ([ OC006 => 400 ], [ OC014 => 409 ], [ OC010 => 502 ], [ OC011 => 503 ])
	{
		my ($code, $status) = @$case;
		my $state = call($client, 'POST /v0/calendar/google/connect/start', data => {%callback})->{json}{state};

		$guide{change}->("UPDATE public.outcome SET error_code = '$code'");
		refused($client, $status, "when it comes to $code", $complete, data => { %callback, code => '4/code', state => $state });
	}
	return $connection;
}

sub use_calendars
{
	my ($anyone, $ada, $ben) = @_;
	my %callback = (redirectUri => 'https://example.com/settings/calendar/google/callback');

	$guide{change}->($calendar_worker);
	call($ada, 'GET /v0/calendar/sync/status');
	refused($ada, 400, 'for a page elsewhere', 'POST /v0/calendar/google/connect/start',
		data => { redirectUri => 'https://example.org/settings/calendar/google/callback' });
	my $connection = connect_calendar($ada, %callback);
	my %id = (path => { id => $connection->{id} });
	my ($own, $team) = @{ $connection->{calendars} };
	my @changes = ({ id => $own->{id}, isBusySource => $false, isWriteTarget => undef }, { id => $team->{id}, isBusySource => $true });

	call($ada, 'PATCH /v0/calendar/connections/{id}', %id,
		data => { calendars => \@changes, staleness => { mode => 'refuse', afterMinutes => 60 } });
	call($ada, 'PATCH /v0/calendar/connections/{id}', %id, data => { calendars => undef, staleness => undef });
	refused($ada, 400, 'for a calendar that is read alone', 'PATCH /v0/calendar/connections/{id}', %id,
		data => { calendars => [ { id => $team->{id}, isWriteTarget => $true } ] });
	call($ada, 'GET /v0/calendar/sync/status');

	refused($ben, 404, 'without a calendar', 'POST /v0/calendar/google/sync');
	call($ben, 'POST /v0/calendar/google/disconnect');
	for my $case ([ 'POST /v0/calendar/google/sync' ], [ 'POST /v0/calendar/connections/{id}/sync', %id ])
	{
		my ($sync, @id) = @$case;
		my %far = (data => { start => '2000-01-01T00:00:00Z', end => '2099-01-01T00:00:00+02:00' });

		$guide{change}->("UPDATE calendar_connections SET next_sync_at = 'infinity'");
		call($ada, $sync, @id, %far);
		call($ada, $sync, @id);
		$guide{change}->("UPDATE calendar_connections SET failures = 1, last_error = 'it went wrong'");
		refused($ada, 502, 'when it fails', $sync, @id, %far);
		$guide{change}->("UPDATE calendar_connections SET state = 'broken'");
		refused($ada, 409, 'when it is broken', $sync, @id, %far);
		$guide{change}->("UPDATE calendar_connections SET failures = 0, state = 'active', last_error = NULL");
	}
	my %channel = ('X-Goog-Channel-ID' => $own->{id}, 'X-Goog-Channel-Token' => 'word', 'X-Goog-Resource-State' => 'exists');

	refused($anyone, 404, 'by another channel', 'POST /v0/calendar/google/notify', headers => \%channel);
	$guide{change}->("UPDATE calendars SET channel_id = id, channel_token_hash = sha256('word')");
	call($anyone, 'POST /v0/calendar/google/notify', headers => \%channel);
	write_back($ada, $own->{id});
	call($ada, 'POST /v0/calendar/connections/{id}/disconnect', %id);
	$guide{change}->('UPDATE public.outcome SET error_code = NULL');
	my $asked = call($ada, 'POST /v0/calendar/google/connect/start', data => {%callback})->{json};
	call($ada, 'POST /v0/calendar/google/connect/complete', data => { %callback, code => '4/code', state => $asked->{state} });
	call($ada, 'POST /v0/calendar/google/disconnect', data => {});
	return;
}

# What is written into a calendar; it fails, for no worker is there.
sub write_back
{
	my ($ada, $calendar_id) = @_;

	$guide{change}->(<<"SQL");
INSERT INTO calendar_writebacks (user_id, calendar_id, meeting_id, external_id, booking_id, operation, status, attempt, last_error, settled_at)
	SELECT c.user_id, c.id, b.id, 'ocean', b.id, 'create', w.status, 1, w.status || ' it was', w.at
	FROM calendars AS c CROSS JOIN (SELECT id FROM bookings LIMIT 1) AS b
		CROSS JOIN (VALUES ('pending', NULL), ('failed', clock_timestamp())) AS w (status, at) WHERE c.id = '$calendar_id'
SQL
	is_deeply([ map { $_->{lastError} } @{ call($ada, 'GET /v0/calendar/writeback/status')->{json}{failures} } ],
		[ 'failed it was', 'pending it was' ], 'what has failed is told');
	call($ada, 'POST /v0/calendar/writeback/run', query => { limit => 1 });
	call($ada, 'POST /v0/calendar/writeback/run', data => { limit => 1 });
	return;
}

sub make_team
{
	my ($ada, $ben, $cleo) = @_;
	my $team = call($ada, 'POST /v0/teams', data => { name => 'Crew', slug => 'crew' })->{json}{team};
	my $night = call($ada, 'POST /v0/teams', data => { name => 'Night', slug => 'night' })->{json}{team};
	my %id = (path => { id => $team->{id} });
	my %team_id = (path => { teamId => $team->{id} });
	my $invite = sub {
		return call($ada, 'POST /v0/teams/{teamId}/members', %team_id, data => { role => 'member', @_ });
	};
	my $id_of = sub { return (path => { teamId => $team->{id}, userId => $_[0]{user}{id} }); };

	refused($ada, 409, 'for a slug that is taken', 'POST /v0/teams', data => { name => 'Crew', slug => 'crew' });
	call($ada, 'PATCH /v0/teams/{id}', %id, data => { name => 'The crew' });
	refused($ada, 409, 'for a slug that is taken', 'PATCH /v0/teams/{id}', %id, data => { slug => 'night' });
	call($ada, 'DELETE /v0/teams/{id}', path => { id => $night->{id} });

	$invite->(email => $ben->{user}{email});
	$invite->(userId => $cleo->{user}{id});
	my %ben = (data => { userId => $ben->{user}{id} });
	refused($ada, 409, 'for who was asked', 'POST /v0/teams/{teamId}/members', %team_id, %ben);
	call($ben, 'GET /v0/teams');
	call($ben, 'POST /v0/teams/{id}/accept', %id);
	refused($ben, 409, 'again', 'POST /v0/teams/{id}/accept', %id);
	refused($ben, 409, 'for who is in it', 'POST /v0/teams/{id}/decline', %id);
	refused($cleo, 409, 'for who is not in it yet', 'POST /v0/teams/{id}/leave', %id);
	call($cleo, 'POST /v0/teams/{id}/decline', %id, data => {});
	$invite->(userId => $cleo->{user}{id});
	call($cleo, 'POST /v0/teams/{id}/accept', %id, data => {});
	call($cleo, 'POST /v0/teams/{id}/leave', %id);

	call($ada, 'GET /v0/teams/{teamId}/members', %team_id);
	call($ada, "PATCH $member", $id_of->($ben), data => { weight => 200, priority => 3 });
	refused($ben, 403, 'for a member', "PATCH $member", $id_of->($ben), data => { weight => 300 });
	$invite->(userId => $cleo->{user}{id});
	call($ada, "DELETE $member", $id_of->($cleo));
	refused($ada, 409, 'for its owner', "DELETE $member", $id_of->($ada));
	return $team->{id};
}

sub make_team_event_types
{
	my ($ada, $ben, $team_id) = @_;
	my %turn = (teamId => $team_id, name => 'Turn', slug => 'turn', durationMinutes => 30);
	my @both = map { $_->{user}{id} } $ada, $ben;
	my @parts = ({ userId => $both[1], isRequired => $false, weight => 150 });
	my %panel = (%turn, mode => 'collective', slug => 'panel', requiredMemberUserIds => \@both);

	call($ben, 'PUT /v0/me/availability/rules', data => { rules => \@week });
	my %weighted = (mode => 'round_robin', assignment => 'weighted');
	my $turn = call($ada, 'POST /v0/team-event-types', data => { %turn, %weighted });
	refused($ada, 409, 'for a slug that is taken', 'POST /v0/team-event-types', data => { %panel, slug => 'turn' });
	refused($ada, 404, 'for no team', 'POST /v0/team-event-types', data => { %panel, teamId => $no_id });
	call($ada, 'POST /v0/team-event-types', data => \%panel);
	my %id = (path => { id => $turn->{json}{teamEventType}{id} });
	call($ada, 'PATCH /v0/team-event-types/{id}', %id,
		data => { assignment => 'least_recent', roundRobinCursor => 1, allMembers => $true, members => \@parts });
	my %explain = (%id, query => { startsAt => '2026-06-02T03:00:00Z' });
	call($ada, 'GET /v0/event-types/{id}/explain', %explain);
	refused($ben, 403, 'for a member', 'GET /v0/event-types/{id}/explain', %explain);
	refused($ben, 403, 'for a member', 'GET /v0/event-types/{id}/notification-rules', %id);
	call($ben, 'GET /v0/teams/{teamId}/event-types', path => { teamId => $team_id });
	return;
}

sub book_team
{
	my ($anyone, $ada, $team_id) = @_;
	my %page = (path => { teamSlug => 'crew', eventSlug => 'turn' });
	my %booking = (
		teamSlug => 'crew', eventSlug => 'turn', startsAt => '2026-06-04T10:00:00Z', inviteeName => 'Ivy',
		inviteeEmail => 'ivy@example.com');

	call($anyone, "GET $team_page", %page);
	my $slots = call($anyone, "GET $team_page/availability", %page);
	my %known = (headers => { 'If-None-Match' => $slots->{headers}{etag} });
	refused($anyone, 304, 'if it is known', "GET $team_page/availability", %page, %known);
	call($anyone, "GET $team_page/availability", path => { teamSlug => 'crew', eventSlug => 'panel' });

	my %key = (headers => { 'Idempotency-Key' => 'the key of the team' });
	my $booked = call($anyone, 'POST /v0/team-bookings', %key, data => \%booking)->{json};
	call($anyone, 'POST /v0/team-bookings', data => { %booking, inviteeName => 'Ira' });
	refused($anyone, 409, 'for what is taken', 'POST /v0/team-bookings', data => \%booking);
	refused($anyone, 404, 'for no team', 'POST /v0/team-bookings', data => { %booking, teamSlug => 'nobody' });
	call($anyone, "GET $link", path => { token => $booked->{actions}{cancel}{token} });
	my %id = (path => { id => $booked->{booking}{eventTypeId} });
	my $ledger = call($ada, 'GET /v0/team-event-types/{id}/ledger', %id, query => { limit => 1 })->{json};
	call($ada, 'GET /v0/team-event-types/{id}/ledger', %id, query => { cursor => $ledger->{nextCursor} });
	my $list = call($ada, 'GET /v0/bookings', query => { from => '2026-06-04T00:00:00Z' })->{json}{bookings};
	is($list->[0]{team}{teamSlug}, 'crew', 'the list has the team\'s');
	refused($ada, 409, 'with bookings to come', 'DELETE /v0/teams/{id}', path => { id => $team_id });
	after_its_time($anyone, $booked->{actions});
	return;
}

# Links after 30 days.
sub after_its_time
{
	my ($anyone, $actions) = @_;
	my %cancel = (path => { token => $actions->{cancel}{token} });
	my %move = (path => { token => $actions->{reschedule}{token} });

	$guide{set_clock}->('2026-09-01 08:00+00');
	refused($anyone, 410, 'after its time', "GET $link$_", %move) for '', '/availability', '/invite.ics';
	refused($anyone, 410, 'after its time', "POST $link/cancel", %cancel);
	my %wish = (data => { startsAt => '2026-09-02T10:00:00Z' });
	refused($anyone, 410, 'after its time', "POST $link/reschedule", %move, %wish);
	$guide{set_clock}->('2026-06-01 08:00+00');
	return;
}

1;
