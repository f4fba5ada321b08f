package Routes;

=head1 NAME

Routes - a good request for every route of the shim, and people to make it

=head1 SYNOPSIS

  my $scene = Routes::scene($node);
  for my $route (Routes::list())                    # as opencalendly-shim --routes prints them
  {
      my $row = Routes::row($route->{name}) // next;  # undef: nobody has written one yet
      my $answer = Routes::ask($wire, $route, $row->{make}->($scene), token => $scene->{session}{ $row->{as} });
  }

=head1 DESCRIPTION

The clock stands at Monday, 2026-06-01 08:00 UTC (Scene::conf). Whose the things are: olga has event types that are
booked, vera hours and event types that are changed, tina a team, in which mia, rosa and ron are and paul and pia were
asked; vera, rosa and ron have calendars; zoe has nothing but herself. All their names have "Verborgen" in them, all addresses end in "@geheim.example".
fritz is a stranger with a team of his own.

A row says:

  as      => whose session makes the request good; session => sub ($scene) {...}: or another one, to be used up
  make    => sub ($scene) { {path => {...}, query => {...}, body => {...}, headers => {...}} }
  good    => statuses of the good request, 200 if not said
  foreign => what fritz is answered: a status; "own" if he does the same to what is his
  member  => what mia, who is in the team but does not own it, is answered, if it is a team's
  late    => 1 for what takes things away: such are made last
  spend   => sub ($scene) {...} called after a success: the next request gets something fresh

=cut

use strict;
use warnings;
use JSON::PP;
use Shim;

my $json = JSON::PP->new->utf8->canonical;

# How many of what a request uses up there are.
my $pool = 220;

# The routes of the API: {name (METHOD PATH), method, path, function, params (words), auth, limit, cache}.
sub list
{
	my $binary = Shim::binary();

	return map {
		my ($method, $path, $function, $params, $auth, $limit, $cache) = split / /;
		{
			name => "$method $path", method => $method, path => $path, function => $function,
			params => [ split /,/, $params ], auth => $auth, limit => $limit, cache => $cache
		}
	} grep { / api$/ } split /\n/, `$binary --routes`;
}

# The SQL that makes everybody. It answers with a JSON object of ids, sessions and tokens.
my $scene_sql = <<'SQL';
SET search_path = opencalendly, pg_catalog;
-- what a worker does: who asks for a sync has had it at once
CREATE FUNCTION public.read_calendars() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.tried_at := NEW.asked_at; RETURN NEW; END';
CREATE TRIGGER read_calendars BEFORE UPDATE OF asked_at ON calendar_connections FOR EACH ROW EXECUTE FUNCTION public.read_calendars();
-- a connection, with a calendar that has a channel
CREATE FUNCTION pg_temp.connect(user_id uuid, name text) RETURNS uuid LANGUAGE plpgsql SET search_path = opencalendly, pg_catalog AS $$
DECLARE
	connection_id uuid := uuid_generate_v7();
BEGIN
	INSERT INTO calendar_connections (id, user_id, account_id, account_email, scopes, refresh_token, access_token, refresh_at,
			access_expires_at, next_sync_at, last_error)
		VALUES (connection_id, user_id, name, name || '@kalender.geheim.example', '{}', seal_calendar_token(connection_id, 'Verborgen-1'),
			seal_calendar_token(connection_id, 'Verborgen-2'), 'infinity', 'infinity', 'infinity', 'Fehler Verborgen');
	INSERT INTO calendars (connection_id, user_id, external_id, name, access_role, is_primary, channel_id, channel_token_hash)
		VALUES (connection_id, user_id, name || '@kalender.geheim.example', 'Kalender Verborgen', 'owner', true, connection_id,
			sha256('channel-Verborgen'));
	RETURN connection_id;
END
$$;
CREATE FUNCTION pg_temp.scene(pool integer) RETURNS jsonb LANGUAGE plpgsql SET search_path = opencalendly, pg_catalog AS $$
#variable_conflict use_variable
DECLARE
	id jsonb := '{}';
	session jsonb := '{}';
	token jsonb := '{}';
	spare jsonb := '{}';
	name text;
	made record;
	week jsonb := (SELECT jsonb_agg(jsonb_build_object('dayOfWeek', d, 'startMinute', 0, 'endMinute', 1440))
		FROM generate_series(0, 6) AS d);
	question jsonb := '[{"id": "topic", "label": "Thema Verborgen", "required": false}]';
	list jsonb;
	kind text;
BEGIN
	FOREACH name IN ARRAY ARRAY['olga', 'vera', 'tina', 'mia', 'rosa', 'ron', 'paul', 'pia', 'zoe', 'fritz'] LOOP
		id := id || jsonb_build_object(name, CASE name WHEN 'fritz' THEN create_user(name, 'fritz@fremd.example', 'Fritz Fremd')
			ELSE create_user(name, name || '@geheim.example', initcap(name) || ' Verborgen') END);
		session := session || jsonb_build_object(name,
			(SELECT session_token FROM create_session((id ->> name)::uuid, CASE WHEN name <> 'fritz' THEN 'Browser Verborgen' END)));
		PERFORM set_availability_rules((id ->> name)::uuid, week);
	END LOOP;

	-- olga: booked
	id := id || jsonb_build_object('event', create_event_type((id ->> 'olga')::uuid, 'Rede Verborgen', 'talk', 30,
		location_type => 'phone', location_value => '+49 30 Verborgen', questions => question));
	id := id || jsonb_build_object('tiny', create_event_type((id ->> 'olga')::uuid, 'Kurz Verborgen', 'tiny', 5,
		slot_interval_minutes => 5, questions => question));
	PERFORM create_event_type((id ->> 'olga')::uuid, 'Zu Verborgen', 'closed', 30, is_active => false);
	SELECT * INTO made FROM book_slot((id ->> 'event')::uuid, '2026-06-02 10:00+00', 'Ines Verborgen',
		'ines@geheim.example', answers => '{"topic": "Antwort Verborgen"}');
	id := id || jsonb_build_object('booking', made.booking_id);
	token := token || jsonb_build_object('cancel', made.cancel_token, 'reschedule', made.reschedule_token);
	SELECT * INTO made FROM hold_slot((id ->> 'event')::uuid, '2026-06-02 12:00+00');
	token := token || jsonb_build_object('hold', made.hold_token);
	-- long ago, and on its way
	PERFORM set_config('opencalendly.clock', '2026-03-01 08:00+00', false);
	SELECT * INTO made FROM book_slot((id ->> 'event')::uuid, '2026-03-02 10:00+00', 'Alt Verborgen', 'alt@geheim.example');
	token := token || jsonb_build_object('old_cancel', made.cancel_token, 'old_reschedule', made.reschedule_token);
	PERFORM set_config('opencalendly.clock', '2026-05-20 08:00+00', false);
	SELECT * INTO made FROM book_slot((id ->> 'event')::uuid, '2026-05-21 10:00+00', 'Neu Verborgen', 'neu@geheim.example');
	id := id || jsonb_build_object('past_booking', made.booking_id);
	token := token || jsonb_build_object('past_cancel', made.cancel_token, 'past_reschedule', made.reschedule_token);
	PERFORM set_config('opencalendly.clock', '2026-06-01 08:00+00', false);
	token := token || jsonb_build_object('login', (SELECT l.login_token FROM create_login_link('olga@geheim.example') AS l));

	-- vera: organizes
	id := id || jsonb_build_object('schedule', create_schedule((id ->> 'vera')::uuid, 'Ferien Verborgen', 'Europe/Berlin', week));
	id := id || jsonb_build_object('spare_schedule', create_schedule((id ->> 'vera')::uuid, 'Leer Verborgen', 'Europe/Berlin'));
	id := id || jsonb_build_object('v_event', create_event_type((id ->> 'vera')::uuid, 'Vera Verborgen', 'vera-talk', 30));
	PERFORM set_notification_rules((id ->> 'v_event')::uuid, '[{"notificationType": "reminder", "offsetMinutes": 1440}]');
	id := id || jsonb_build_object('rule', (SELECT r.id FROM notification_rules AS r));
	id := id || jsonb_build_object('spare_event', create_event_type((id ->> 'vera')::uuid, 'Rest Verborgen', 'rest', 30));
	id := id || jsonb_build_object('time_off', add_time_off((id ->> 'vera')::uuid, '2026-07-01', '2026-07-02', 'Kur Verborgen'));
	id := id || jsonb_build_object('session', (SELECT s.id FROM sessions AS s WHERE s.user_id = (id ->> 'vera')::uuid));
	PERFORM create_session((id ->> 'vera')::uuid, 'Telefon Verborgen');
	id := id || jsonb_build_object('other_session', (SELECT s.id FROM sessions AS s
		WHERE s.user_id = (id ->> 'vera')::uuid AND s.user_agent LIKE 'Telefon%'));
	FOREACH name IN ARRAY ARRAY['hook', 'spare_hook'] LOOP
		id := id || jsonb_build_object(name, (SELECT c.subscription_id FROM create_webhook_subscription((id ->> 'vera')::uuid,
			'https://hooks.geheim.example/Verborgen', '{booking.created}') AS c));
	END LOOP;
	id := id || jsonb_build_object('delivery', ping_webhook((id ->> 'hook')::uuid));

	-- vera's calendars. The workers' part is done at once: syncs were over long ago, codes are good, what is left is gone.
	EXECUTE format('ALTER DATABASE %I SET opencalendly.google_client_id = ''client.example''', current_database());
	EXECUTE format('ALTER DATABASE %I SET opencalendly.base_url = ''https://book.example''', current_database());
	INSERT INTO worker_heartbeats (queue, seen_at) VALUES ('calendar', clock_timestamp() + interval '1 day');
	id := id || jsonb_build_object('connection', pg_temp.connect((id ->> 'vera')::uuid, 'vera'),
		'channel', pg_temp.connect((id ->> 'ron')::uuid, 'ron'));
	id := id || jsonb_build_object('calendar', (SELECT c.id FROM calendars AS c WHERE c.connection_id = (id ->> 'connection')::uuid));
	FOR n IN 1 .. pool LOOP
		INSERT INTO calendar_consents (user_id, redirect_uri, link_key_id, expires_at)
			VALUES ((id ->> 'vera')::uuid, 'https://book.example/settings/calendar/google/callback', login_key_id(),
				clock_timestamp() + interval '1 day');
		PERFORM pg_temp.connect((id ->> 'rosa')::uuid, 'rosa-' || n);
	END LOOP;
	spare := spare || jsonb_build_object(
		'state', (SELECT jsonb_agg(calendar_state(c.id, c.link_key_id)) FROM calendar_consents AS c),
		'connection', (SELECT jsonb_agg(c.id) FROM calendar_connections AS c WHERE c.user_id = (id ->> 'rosa')::uuid));
	CREATE FUNCTION public.connect() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN NEW.status := ''succeeded''; NEW.code := NULL;
			NEW.connection_id := (SELECT c.id FROM opencalendly.calendar_connections AS c WHERE c.user_id = NEW.user_id LIMIT 1);
			RETURN NEW; END';
	CREATE TRIGGER connect BEFORE UPDATE ON calendar_consents FOR EACH ROW EXECUTE FUNCTION public.connect();
	CREATE FUNCTION public.leave() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN DELETE FROM opencalendly.calendar_connections AS c WHERE c.id = NEW.id; RETURN NULL; END';
	CREATE TRIGGER leave AFTER UPDATE ON calendar_connections FOR EACH ROW WHEN (NEW.state = 'leaving')
		EXECUTE FUNCTION public.leave();

	-- tina: a team
	id := id || jsonb_build_object('team', create_team((id ->> 'tina')::uuid, 'Runde Verborgen', 'runde'));
	FOREACH name IN ARRAY ARRAY['mia', 'rosa', 'ron', 'paul', 'pia'] LOOP
		PERFORM invite_team_member((id ->> 'team')::uuid, (id ->> name)::uuid);
		IF name NOT IN ('paul', 'pia') THEN
			PERFORM accept_team_invitation((id ->> 'team')::uuid, (id ->> name)::uuid);
		END IF;
	END LOOP;
	id := id || jsonb_build_object('team_event', create_team_event_type((id ->> 'team')::uuid, 'Reihum Verborgen', 'turn', 5,
		'round_robin'));
	PERFORM update_event_type((id ->> 'team_event')::uuid, '{"slot_interval_minutes": 5}');
	id := id || jsonb_build_object('spare_team', create_team((id ->> 'tina')::uuid, 'Weg Verborgen', 'weg'),
		'renamed_team', create_team((id ->> 'tina')::uuid, 'Neu Verborgen', 'neu'));
	SELECT * INTO made FROM book_slot((id ->> 'team_event')::uuid, '2026-06-02 11:00+00', 'Timo Verborgen',
		'timo@geheim.example');
	id := id || jsonb_build_object('team_booking', made.booking_id);

	-- fritz: somebody else
	id := id || jsonb_build_object('f_event', create_event_type((id ->> 'fritz')::uuid, 'Fremd', 'fremd', 30));
	id := id || jsonb_build_object('f_team', create_team((id ->> 'fritz')::uuid, 'Fremde', 'fremde'));
	id := id || jsonb_build_object('f_team_event', create_team_event_type((id ->> 'f_team')::uuid, 'Fremd', 'fremd-turn', 30, 'round_robin'));

	-- what requests use up: bookings to cancel and to move, sessions to end, people to ask
	FOREACH kind IN ARRAY ARRAY['cancel', 'reschedule', 'host_cancel', 'host_reschedule'] LOOP
		list := '[]';
		FOR n IN 1 .. pool LOOP
			SELECT * INTO made FROM book_slot((id ->> 'tiny')::uuid,
				timestamptz '2027-01-01 00:00+00' + n * interval '5 min'
					+ array_position(ARRAY['cancel', 'reschedule', 'host_cancel', 'host_reschedule'], kind) * interval '10 days',
				'Pool Verborgen', format('%s-%s@geheim.example', kind, n));
			list := list || jsonb_build_array(CASE kind WHEN 'cancel' THEN made.cancel_token
				WHEN 'reschedule' THEN made.reschedule_token ELSE made.booking_id::text END);
		END LOOP;
		spare := spare || jsonb_build_object(kind, list);
	END LOOP;
	spare := spare || jsonb_build_object(
		'session', (SELECT jsonb_agg(s.session_token)
			FROM generate_series(1, pool) AS n, create_session(create_user('guest-' || n, format('guest-%s@geheim.example', n))) AS s),
		'rename', (SELECT jsonb_agg(s.session_token)
			FROM generate_series(1, pool) AS n, create_session(create_user('other-' || n, format('other-%s@geheim.example', n))) AS s),
		'hook', (SELECT jsonb_agg(s.session_token)
			FROM generate_series(1, pool) AS n, create_session(create_user('told-' || n, format('told-%s@geheim.example', n))) AS s),
		'user', (SELECT jsonb_agg(create_user('u-' || n, format('u-%s@geheim.example', n))) FROM generate_series(1, pool) AS n));
	RETURN jsonb_build_object('id', id, 'session', session, 'token', token, 'spare', spare);
END
$$;
SQL

sub scene
{
	my ($node) = @_;
	my $made = $node->safe_psql('postgres', "$scene_sql SELECT pg_temp.scene($pool)");

	return { %{ $json->decode($made) }, serial => 0 };
}

sub spare { my ($scene, $kind) = @_; return $scene->{spare}{$kind}[0] // die "no $kind is left\n"; }
sub spend { my ($kind) = @_; return sub { shift @{ $_[0]{spare}{$kind} }; return; }; }

# A number that no request of this process has had; different processes begin at different ones.
sub serial { my ($scene) = @_; return ++$scene->{serial}; }

# An instant that is free for events of 5 minutes on every day, a new one each time; $shift days later for other uses.
sub free_start
{
	my ($scene, $shift) = @_;
	my $minutes = 5 * serial($scene);
	my ($day, $minute) = (int($minutes / 1440) + $shift, $minutes % 1440);
	my @utc = gmtime(1_780_531_200 + 86400 * $day);    # 2026-06-04

	return sprintf '%04d-%02d-%02dT%02d:%02d:00Z', $utc[5] + 1900, $utc[4] + 1, $utc[3], int($minute / 60), $minute % 60;
}

my %event_settings = (
	locationType => 'video', locationValue => 'Hall', questions => [ { id => 'q', label => 'Q', required => JSON::PP::true, placeholder => 'p' } ],
	description => 'd', slotIntervalMinutes => 15, bufferBeforeMinutes => 0, bufferAfterMinutes => 0, minNoticeMinutes => 0,
	maxDaysAhead => 60, bookableFrom => '2026-01-01', bookableUntil => '2027-12-31', dailyBookingLimit => 10,
	weeklyBookingLimit => 20, monthlyBookingLimit => 30, seats => 1, isActive => JSON::PP::true, isHidden => JSON::PP::false,
	cancellationPolicy => 'c', conference => 'google_meet');
my %rule = (dayOfWeek => 1, startMinute => 540, endMinute => 1020, bufferBeforeMinutes => 0, bufferAfterMinutes => 0);
my %override = (startAt => '2026-06-10T09:00:00Z', endAt => '2026-06-10T10:00:00Z', isAvailable => JSON::PP::true,
	replacesDay => JSON::PP::false, reason => 'r');
my %webhook = (url => 'https://hooks.example/Verborgen', events => ['booking.created'], secret => 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD');
my %notification = (notificationType => 'reminder', offsetMinutes => 1440, isEnabled => JSON::PP::true);
my %callback = (redirectUri => 'https://book.example/settings/calendar/google/callback');
my %sync = (start => '2026-06-01T00:00:00Z', end => '2099-01-01T00:00:00Z');
my %slots = (timezone => 'Europe/Berlin', start => '2026-06-02T00:00:00Z', days => 1, limit => 5);

# The body of a booking of olga's or of the team; holdToken is left out, as one can only be used once.
sub booking_body
{
	my ($scene, $whose, $shift) = @_;

	return {
		%$whose, startsAt => free_start($scene, $shift), timezone => 'Europe/Berlin', language => 'de', inviteeName => 'Ivo Verborgen',
		inviteeEmail => 'ivo-' . serial($scene) . '@geheim.example', answers => $whose->{username} ? { topic => 'Antwort Verborgen' } : {}
	};
}

my %rows = (
	# signing in
	'POST /v0/auth/magic-link' => { make => sub {
		{ body => { email => 'new-' . serial($_[0]) . '@geheim.example', username => 'new-name', displayName => 'Neu', timezone => 'UTC', language => 'de' } } } },
	'POST /v0/auth/verify' => { late => 1, make => sub {
		{ headers => { 'User-Agent' => 'test' }, body => { token => $_[0]{token}{login}, username => 'somebody', displayName => 'Some', timezone => 'UTC' } } } },
	'GET /v0/auth/me' => { as => 'zoe', foreign => 'own' },
	'POST /v0/auth/logout' => { foreign => 'own', late => 1, session => sub { spare($_[0], 'session') }, spend => spend('session'), as => 'zoe',
		make => sub { { body => { everywhere => JSON::PP::false } } } },
	'GET /v0/auth/sessions' => { as => 'vera', foreign => 'own' },
	'DELETE /v0/auth/sessions/:id' => { as => 'vera', foreign => 404, late => 1, make => sub { { path => { id => $_[0]{id}{other_session} } } } },
	'PATCH /v0/me' => { as => 'zoe', foreign => 'own', session => sub { spare($_[0], 'rename') }, spend => spend('rename'),
		make => sub { { body => { displayName => 'Zoe Verborgen', timezone => 'Europe/Berlin', language => 'de', username => 'zoe-' . serial($_[0]) } } } },

	# the organizer's
	'GET /v0/event-types' => { as => 'vera', foreign => 'own' },
	'POST /v0/event-types' => { as => 'vera', foreign => 400,
		make => sub { { body => { %event_settings, name => 'N', slug => 'e-' . serial($_[0]), durationMinutes => 30, scheduleId => $_[0]{id}{schedule} } } } },
	'PATCH /v0/event-types/:id' => { as => 'vera', foreign => 404, make => sub {
		{ path => { id => $_[0]{id}{v_event} },
			body => { %event_settings, name => 'Verborgen', slug => 'e-' . serial($_[0]), durationMinutes => 30, scheduleId => $_[0]{id}{schedule} } } } },
	'DELETE /v0/event-types/:id' => { as => 'vera', foreign => 404, late => 1, make => sub { { path => { id => $_[0]{id}{spare_event} } } } },
	'GET /v0/event-types/:id/notification-rules' => { as => 'vera', foreign => 404, make => sub { { path => { id => $_[0]{id}{v_event} } } } },
	'PUT /v0/event-types/:id/notification-rules' => { as => 'vera', foreign => 404,
		make => sub { { path => { id => $_[0]{id}{v_event} }, body => { rules => [ { id => $_[0]{id}{rule}, %notification } ] } } } },
	'GET /v0/event-types/:id/explain' => { as => 'olga', foreign => 404,
		make => sub { { path => { id => $_[0]{id}{event} }, query => { startsAt => '2026-06-02T10:00:00Z' } } } },
	'GET /v0/me/availability' => { as => 'vera', foreign => 'own', make => sub { { headers => { 'If-None-Match' => '"none"' } } } },
	'PUT /v0/me/availability/rules' => { as => 'vera', foreign => 'own',
		make => sub { { headers => { 'If-Match' => '*' }, body => { rules => [ {%rule} ] } } } },
	'PUT /v0/me/availability/overrides' => { as => 'vera', foreign => 'own',
		make => sub { { headers => { 'If-Match' => '*' }, body => { overrides => [ {%override} ] } } } },
	'GET /v0/me/schedules' => { as => 'vera', foreign => 'own' },
	'POST /v0/me/schedules' => { as => 'vera', foreign => 'own', make => sub {
		{ body => { name => 'S-' . serial($_[0]), timezone => 'Europe/Berlin', rules => [ {%rule} ], overrides => [ {%override} ], isDefault => JSON::PP::false } } } },
	'GET /v0/me/schedules/:id' => { as => 'vera', foreign => 404,
		make => sub { { path => { id => $_[0]{id}{schedule} }, headers => { 'If-None-Match' => '"none"' } } } },
	'PATCH /v0/me/schedules/:id' => { as => 'vera', foreign => 404, make => sub {
		{ path => { id => $_[0]{id}{schedule} }, headers => { 'If-Match' => '*' },
			body => { name => 'P-' . serial($_[0]), timezone => 'Europe/Berlin', rules => [ {%rule} ], overrides => [ {%override} ] } } } },
	'DELETE /v0/me/schedules/:id' => { as => 'vera', foreign => 404, late => 1, make => sub { { path => { id => $_[0]{id}{spare_schedule} } } } },
	'GET /v0/me/time-off' => { as => 'vera', foreign => 'own' },
	'POST /v0/me/time-off' => { as => 'vera', foreign => 'own',
		make => sub { { body => { startAt => '2026-08-01T00:00:00Z', endAt => '2026-08-02T00:00:00Z', reason => 'Verborgen' } } } },
	'DELETE /v0/me/time-off/:id' => { as => 'vera', foreign => 404, late => 1, make => sub { { path => { id => $_[0]{id}{time_off} } } } },
	'GET /v0/bookings' => { as => 'olga', foreign => 'own',
		make => sub { { query => { status => 'confirmed', from => '2026-06-01T00:00:00Z', to => '2027-06-01T00:00:00Z', limit => 10 } } } },
	'GET /v0/bookings/:id' => { as => 'olga', foreign => 404, make => sub { { path => { id => $_[0]{id}{booking} } } } },
	'POST /v0/bookings/:id/cancel' => { as => 'olga', foreign => 404, spend => spend('host_cancel'),
		make => sub { { path => { id => spare($_[0], 'host_cancel') }, body => { reason => 'Verborgen' } } } },
	'POST /v0/bookings/:id/reschedule' => { as => 'olga', foreign => 404, spend => spend('host_reschedule'),
		make => sub { { path => { id => spare($_[0], 'host_reschedule') }, body => { startsAt => free_start($_[0], 300) } } } },
	'POST /v0/bookings/:id/no-show' => { as => 'olga', foreign => 404, make => sub { { path => { id => $_[0]{id}{past_booking} }, body => {} } } },

	# webhooks
	'GET /v0/webhooks' => { as => 'vera', foreign => 'own' },
	'POST /v0/webhooks' => { as => 'zoe', foreign => 'own', session => sub { spare($_[0], 'hook') }, spend => spend('hook'),
		make => sub { { body => {%webhook} } } },
	'GET /v0/webhooks/:id' => { as => 'vera', foreign => 404, make => sub { { path => { id => $_[0]{id}{hook} } } } },
	'PATCH /v0/webhooks/:id' => { as => 'vera', foreign => 404,
		make => sub { { path => { id => $_[0]{id}{hook} }, body => { %webhook, isActive => JSON::PP::true, rotateSecret => JSON::PP::false } } } },
	'DELETE /v0/webhooks/:id' => { as => 'vera', foreign => 404, late => 1, make => sub { { path => { id => $_[0]{id}{spare_hook} } } } },
	'POST /v0/webhooks/:id/ping' => { as => 'vera', foreign => 404, make => sub { { path => { id => $_[0]{id}{hook} }, body => {} } } },
	'POST /v0/webhooks/:id/resume' => { as => 'vera', foreign => 404, make => sub { { path => { id => $_[0]{id}{hook} }, body => {} } } },
	'POST /v0/webhooks/:id/replay' => { as => 'vera', foreign => 404,
		make => sub { { path => { id => $_[0]{id}{hook} }, body => { since => '2026-06-01T00:00:00Z', includeSucceeded => JSON::PP::true } } } },
	'GET /v0/webhooks/:id/deliveries' => { as => 'vera', foreign => 404,
		make => sub { { path => { id => $_[0]{id}{hook} }, query => { status => 'pending', limit => 5 } } } },
	'POST /v0/webhooks/deliveries/:id/replay' => { as => 'vera', foreign => 404,
		make => sub { { path => { id => $_[0]{id}{delivery} }, body => {} } } },
	'POST /v0/notifications/run' => { as => 'zoe', foreign => 'own', make => sub { { query => { limit => 5 }, body => { limit => 5 } } } },
	'POST /v0/webhooks/deliveries/run' => { as => 'zoe', foreign => 'own', make => sub { { query => { limit => 5 }, body => {} } } },

	# calendars
	'GET /v0/calendar/sync/status' => { as => 'vera', foreign => 'own' },
	'POST /v0/calendar/google/connect/start' => { as => 'zoe', foreign => 'own', make => sub { { body => {%callback} } } },
	'POST /v0/calendar/google/connect/complete' => { as => 'vera', foreign => 400, spend => spend('state'),
		make => sub { { body => { %callback, code => '4/Verborgen', state => spare($_[0], 'state') } } } },
	'POST /v0/calendar/google/sync' => { as => 'vera', foreign => 404, make => sub { { body => {%sync} } } },
	'POST /v0/calendar/google/disconnect' => { as => 'zoe', foreign => 'own', make => sub { { body => {} } } },
	'POST /v0/calendar/google/notify' => { make => sub {
		{ headers => { 'X-Goog-Channel-ID' => $_[0]{id}{channel}, 'X-Goog-Channel-Token' => 'channel-Verborgen', 'X-Goog-Resource-State' => 'exists' } } } },
	'GET /v0/calendar/writeback/status' => { as => 'vera', foreign => 'own' },
	'POST /v0/calendar/writeback/run' => { as => 'zoe', foreign => 'own', make => sub { { query => { limit => 5 }, body => { limit => 5 } } } },
	'PATCH /v0/calendar/connections/:id' => { as => 'vera', foreign => 404, make => sub {
		{ path => { id => $_[0]{id}{connection} }, body => { staleness => { mode => 'trust', afterMinutes => 60 },
				calendars => [ { id => $_[0]{id}{calendar}, isWriteTarget => JSON::PP::true, isBusySource => JSON::PP::false } ] } } } },
	'POST /v0/calendar/connections/:id/sync' => { as => 'vera', foreign => 404, make => sub { { path => { id => $_[0]{id}{connection} }, body => {%sync} } } },
	'POST /v0/calendar/connections/:id/disconnect' => { as => 'rosa', foreign => 404, spend => spend('connection'),
		make => sub { { path => { id => spare($_[0], 'connection') }, body => {} } } },

	# links
	'GET /v0/bookings/actions/:token' => { make => sub { { path => { token => $_[0]{token}{cancel} } } } },
	'GET /v0/bookings/actions/:token/availability' => {
		make => sub { { path => { token => $_[0]{token}{reschedule} }, query => {%slots}, headers => { 'If-None-Match' => '"none"' } } } },
	'POST /v0/bookings/actions/:token/cancel' => { late => 1, kind => 'cancel', spend => spend('cancel'),
		make => sub { { path => { token => spare($_[0], 'cancel') }, body => { reason => 'Verborgen' } } } },
	'POST /v0/bookings/actions/:token/reschedule' => { late => 1, kind => 'reschedule', spend => spend('reschedule'), make => sub {
		{ path => { token => spare($_[0], 'reschedule') }, headers => { 'Idempotency-Key' => 'key-of-16-or-more-' . serial($_[0]) },
			body => { startsAt => free_start($_[0], 400), timezone => 'Europe/Berlin' } } } },
	'GET /v0/bookings/actions/:token/invite.ics' => { make => sub { { path => { token => $_[0]{token}{cancel} } } } },

	# booking
	'GET /v0/users/:username/event-types' => { make => sub { { path => { username => 'olga' } } } },
	'GET /v0/users/:username/event-types/:slug' => { make => sub { { path => { username => 'olga', slug => 'talk' } } } },
	'GET /v0/users/:username/event-types/:slug/availability' => {
		make => sub { { path => { username => 'olga', slug => 'talk' }, query => {%slots}, headers => { 'If-None-Match' => '"none"' } } } },
	'POST /v0/holds' => { make => sub { { body => { username => 'olga', eventSlug => 'tiny', startsAt => free_start($_[0], 500) } } } },
	'DELETE /v0/holds/:token' => { late => 1, make => sub { { path => { token => $_[0]{token}{hold} } } } },
	'POST /v0/bookings' => { make => sub {
		{ headers => { 'Idempotency-Key' => 'key-of-16-or-more-' . serial($_[0]) }, body => booking_body($_[0], { username => 'olga', eventSlug => 'tiny' }, 0) } } },
	'POST /v0/team-bookings' => { make => sub {
		{ headers => { 'Idempotency-Key' => 'key-of-16-or-more-' . serial($_[0]) }, body => booking_body($_[0], { teamSlug => 'runde', eventSlug => 'turn' }, 0) } } },

	# teams
	'GET /v0/teams' => { as => 'tina', foreign => 'own' },
	'POST /v0/teams' => { as => 'tina', foreign => 'own', make => sub { { body => { name => 'T', slug => 't-' . serial($_[0]) } } } },
	'PATCH /v0/teams/:id' => { as => 'tina', foreign => 404, member => 403,
		make => sub { { path => { id => $_[0]{id}{team} }, body => { name => 'Verborgen', slug => 'runde', ownerUserId => $_[0]{id}{tina} } } } },
	'DELETE /v0/teams/:id' => { as => 'tina', foreign => 404, late => 1, make => sub { { path => { id => $_[0]{id}{spare_team} } } } },
	'GET /v0/teams/:teamId/members' => { as => 'tina', foreign => 404, member => 200, make => sub { { path => { teamId => $_[0]{id}{team} } } } },
	'POST /v0/teams/:teamId/members' => { as => 'tina', foreign => 404, member => 403, spend => spend('user'),
		make => sub { { path => { teamId => $_[0]{id}{team} }, body => { userId => spare($_[0], 'user'), role => 'member' } } } },
	'PATCH /v0/teams/:teamId/members/:userId' => { as => 'tina', foreign => 404, member => 403,
		make => sub { { path => { teamId => $_[0]{id}{team}, userId => $_[0]{id}{mia} }, body => { role => 'member', weight => 100, priority => 2 } } } },
	'DELETE /v0/teams/:teamId/members/:userId' => { as => 'tina', foreign => 404, member => 403, late => 1,
		make => sub { { path => { teamId => $_[0]{id}{team}, userId => $_[0]{id}{rosa} } } } },
	'POST /v0/teams/:id/accept' => { as => 'paul', foreign => 404, late => 1, make => sub { { path => { id => $_[0]{id}{team} }, body => {} } } },
	'POST /v0/teams/:id/decline' => { as => 'pia', foreign => 404, late => 1, make => sub { { path => { id => $_[0]{id}{team} }, body => {} } } },
	'POST /v0/teams/:id/leave' => { as => 'ron', foreign => 404, late => 1, make => sub { { path => { id => $_[0]{id}{team} }, body => {} } } },
	'GET /v0/teams/:teamId/event-types' => { as => 'tina', foreign => 404, member => 200, make => sub { { path => { teamId => $_[0]{id}{team} } } } },
	'POST /v0/team-event-types' => { as => 'tina', foreign => 404, member => 403, make => sub {
		{ body => { %event_settings, teamId => $_[0]{id}{team}, name => 'N', slug => 'te-' . serial($_[0]), durationMinutes => 30, mode => 'round_robin',
				assignment => 'cursor', requiredMemberUserIds => [ $_[0]{id}{tina} ], fixedMemberUserIds => [ $_[0]{id}{mia} ] } } } },
	'PATCH /v0/team-event-types/:id' => { as => 'tina', foreign => 404, member => 403, make => sub {
		{ path => { id => $_[0]{id}{team_event} }, body => { assignment => 'cursor', roundRobinCursor => 0, allMembers => JSON::PP::true,
				members => [ { userId => $_[0]{id}{tina}, isRequired => JSON::PP::false, weight => 100, priority => 2, scheduleId => undef } ] } } } },
	'GET /v0/team-event-types/:id/ledger' => { as => 'tina', foreign => 404, member => 200,
		make => sub { { path => { id => $_[0]{id}{team_event} }, query => { limit => 5 } } } },
	'GET /v0/teams/:teamSlug/event-types/:eventSlug' => { make => sub { { path => { teamSlug => 'runde', eventSlug => 'turn' } } } },
	'GET /v0/teams/:teamSlug/event-types/:eventSlug/availability' => {
		make => sub { { path => { teamSlug => 'runde', eventSlug => 'turn' }, query => {%slots}, headers => { 'If-None-Match' => '"none"' } } } },
);

# The row of a route, undef if there is none.
sub row
{
	my ($name) = @_;
	my $row = $rows{$name} // return;

	$row->{make} //= sub { return {}; };
	return $row;
}

sub names { return sort keys %rows; }

sub escape
{
	my ($text) = @_;

	$text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge;
	return $text;
}

# Where a request goes: the path with its parameters, and the query.
sub target
{
	my ($route, $request) = @_;
	my $path = $route->{path};
	my $query = join '&', map { "$_=" . escape($request->{query}{$_}) } sort keys %{ $request->{query} // {} };

	$path =~ s/:(\w+)/escape($request->{path}{$1} \/\/ die "$route->{name} has no $1\n")/ge;
	return $path . ($query eq '' ? '' : "?$query");
}

# Sends a request over a Wire. $options: token, headers (more of them).
sub ask
{
	my ($wire, $route, $request, %options) = @_;
	my $body = defined $request->{body} ? $json->encode($request->{body}) : undef;
	my %headers = (%{ $request->{headers} // {} },
		defined $options{token} ? (Authorization => "Bearer $options{token}") : (),
		%{ $options{headers} // {} });

	return $wire->ask($route->{method}, target($route, $request), \%headers, $body);
}

1;
