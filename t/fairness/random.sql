-- Some weeks of two teams, at random: bookings that take up time, with all that comes between. Before each booking it is written
-- down who is free by a count of claims and busy windows, in plain SQL, and afterwards compared with the ledger's row.

CREATE SCHEMA weeks;

-- The clock of the simulation; it only goes forward.
CREATE TABLE weeks.clock (now timestamptz);
INSERT INTO weeks.clock VALUES ('2026-06-01 08:00+00');

-- What went wrong, and what was done.
CREATE TABLE weeks.mistakes (mistake text);
CREATE TABLE weeks.acts (verb text, state text);

-- What the bookings' links to move them say.
CREATE TABLE weeks.links (booking_id uuid PRIMARY KEY, token text);

CREATE FUNCTION weeks.among(VARIADIC list text[]) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT list[1 + floor(random() * cardinality(list))::int]
$$;

CREATE FUNCTION weeks.make_host(name text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	host uuid := opencalendly.create_user(name, name || '@example.com');
BEGIN
	PERFORM opencalendly.set_availability_rules(host, jsonb_agg(jsonb_build_object(
		'dayOfWeek', day, 'startMinute', 0, 'endMinute', 1440))) FROM generate_series(0, 6) AS day;
	RETURN host;
END
$$;

CREATE FUNCTION weeks.join_team(team uuid, host uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM opencalendly.invite_team_member(team, host);
	PERFORM opencalendly.accept_team_invitation(team, host);
END
$$;

-- Ten hosts, of whom eight are in the team "crew" and four in "night" as well, in another order; round robins by each
-- rule, with fixed hosts, with seats, with weights of their own; a collective.
CREATE FUNCTION weeks.make_teams() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	hosts uuid[];
	crew uuid;
	night uuid;
	event uuid;
BEGIN
	hosts := ARRAY(SELECT weeks.make_host('host-' || n) FROM generate_series(1, 10) AS n);
	crew := opencalendly.create_team(hosts[1], 'Crew', 'crew');
	night := opencalendly.create_team(hosts[5], 'Night', 'night');
	FOR i IN 2 .. 8 LOOP
		PERFORM weeks.join_team(crew, hosts[i]);
		PERFORM opencalendly.update_team_member(crew, hosts[i], jsonb_build_object('weight', (ARRAY[50, 100, 100, 300])[1 + i % 4]));
		PERFORM opencalendly.create_event_type(hosts[i], 'Alone', 'alone', 30);
	END LOOP;
	FOR i IN 2 .. 4 LOOP
		PERFORM weeks.join_team(night, hosts[6 - i]);
	END LOOP;
	PERFORM opencalendly.create_team_event_type(crew, 'Cursor', 'cursor', 30, 'round_robin');
	PERFORM opencalendly.create_team_event_type(crew, 'Recent', 'recent', 30, 'round_robin', assignment => 'least_recent');
	PERFORM opencalendly.create_team_event_type(crew, 'Weight', 'weight', 30, 'round_robin', assignment => 'weighted');
	PERFORM opencalendly.create_team_event_type(crew, 'Panel', 'panel', 30, 'collective', hosts[1:3]);
	event := opencalendly.create_team_event_type(crew, 'Fixed', 'fixed', 30, 'round_robin', hosts[1:5], hosts[8:8], 'weighted');
	UPDATE opencalendly.team_event_type_members AS m SET weight = 7, priority = 3 WHERE m.event_type_id = event AND m.user_id = hosts[2];
	UPDATE opencalendly.team_event_type_members AS m SET weight = 11, priority = 3 WHERE m.event_type_id = event AND m.user_id = hosts[3];
	PERFORM opencalendly.create_team_event_type(crew, 'Lab', 'lab', 30, 'round_robin', seats => 3, assignment => 'weighted');
	PERFORM opencalendly.create_team_event_type(crew, 'Class', 'class', 30, 'round_robin', hosts[2:6], hosts[7:7], seats => 2);
	PERFORM opencalendly.create_team_event_type(night, 'Back', 'back', 30, 'round_robin', assignment => 'least_recent');
END
$$;

-- Who takes part in a round robin, and is free in a range: no claim, but for the meetings that would be gone with the
-- booking that moves and the caller's hold, and no busy window.
CREATE FUNCTION weeks.members(event uuid, at timestamptz, until timestamptz, now timestamptz, moves uuid, hold uuid)
	RETURNS TABLE (user_id uuid, "position" integer, priority integer, weight integer, is_fixed boolean, is_free boolean)
	LANGUAGE sql STABLE AS $$
	SELECT m.user_id, m.position, coalesce(x.priority, m.priority), coalesce(x.weight, m.weight), coalesce(x.is_required, false),
		NOT EXISTS (SELECT FROM opencalendly.claims AS c WHERE c.host_id = m.user_id AND c.during && tstzrange(at, until)
				AND (c.expires_at IS NULL OR c.expires_at > now)
				AND (EXISTS (SELECT FROM opencalendly.bookings AS b WHERE b.occurrence_id = c.occurrence_id AND b.status = 'confirmed'
						AND b.id IS DISTINCT FROM moves)
					OR EXISTS (SELECT FROM opencalendly.holds AS h WHERE h.occurrence_id = c.occurrence_id AND h.expires_at > now
						AND h.id IS DISTINCT FROM hold)))
			AND NOT EXISTS (SELECT FROM opencalendly.calendar_busy_windows AS w
				WHERE w.user_id = m.user_id AND tstzrange(w.starts_at, w.ends_at) && tstzrange(at, until))
	FROM opencalendly.team_event_types AS t
		JOIN opencalendly.team_members AS m ON m.team_id = t.team_id AND m.status = 'active'
		LEFT JOIN opencalendly.team_event_type_members AS x ON x.event_type_id = t.event_type_id AND x.user_id = m.user_id
	WHERE t.event_type_id = event AND (t.all_members OR x.user_id IS NOT NULL)
$$;


-- The list of a round robin's members that a ledger row would show as candidates, one a line.
CREATE TYPE weeks.candidate AS (user_id uuid, "position" integer, priority integer, weight integer);

-- Books, or moves a booking (its row in moves), and compares what came of it with what must; returns the new booking.
CREATE FUNCTION weeks.book(event uuid, start timestamptz, now timestamptz, moves opencalendly.bookings, by_host boolean,
		token text, hold uuid) RETURNS uuid LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	seats integer := (SELECT e.seats FROM opencalendly.event_types AS e WHERE e.id = event);
	had uuid := (SELECT l.user_id FROM opencalendly.team_ledger AS l
		WHERE l.occurrence_id = moves.occurrence_id AND l.kind <> 'return' ORDER BY l.entry_no DESC LIMIT 1);
	entries bigint := (SELECT t.last_entry FROM opencalendly.team_event_types AS t WHERE t.event_type_id = event);
	fixed uuid[];
	free weeks.candidate[];
	has_fixed boolean;
	booking uuid;
	hosts uuid[];
	link text;
	entry opencalendly.team_ledger;
	seen weeks.candidate[];
BEGIN
	SELECT array_agg(m.user_id ORDER BY m.position) FILTER (WHERE m.is_fixed), coalesce(bool_and(m.is_free) FILTER (WHERE m.is_fixed), true),
			array_agg((m.user_id, m.position, m.priority, m.weight)::weeks.candidate ORDER BY m.position) FILTER (WHERE m.is_free AND NOT m.is_fixed)
		INTO fixed, has_fixed, free
		FROM weeks.members(event, start, start + interval '30 min', now, moves.id, hold) AS m;
	BEGIN
		IF moves.id IS NULL THEN
			SELECT b.booking_id, b.host_ids, b.reschedule_token INTO booking, hosts, link
				FROM opencalendly.book_slot(event, start, 'Ann', 'ann@example.com', hold_token => token) AS b;
		ELSIF by_host THEN
			SELECT b.booking_id, b.host_ids, b.reschedule_token INTO booking, hosts, link
				FROM opencalendly.organizer_reschedule_booking(moves.id, start) AS b;
		ELSE
			SELECT b.booking_id, b.host_ids, b.reschedule_token INTO booking, hosts, link
				FROM weeks.links AS l, opencalendly.reschedule_booking(l.token, start) AS b WHERE l.booking_id = moves.id;
		END IF;
	EXCEPTION WHEN SQLSTATE 'OC001' THEN
		IF seats = 1 AND has_fixed AND cardinality(free) > 0 THEN
			INSERT INTO weeks.mistakes VALUES (format('%s at %s is refused, and somebody was free', event, start));
		END IF;
		RAISE;
	END;
	INSERT INTO weeks.links VALUES (booking, link);

	IF (SELECT t.mode FROM opencalendly.team_event_types AS t WHERE t.event_type_id = event) IS DISTINCT FROM 'round_robin' THEN
		RETURN booking;
	END IF;
	IF hosts[1 : cardinality(hosts) - 1] <> coalesce(fixed, '{}') THEN
		INSERT INTO weeks.mistakes VALUES (format('booking %s has other fixed hosts than the event type', booking));
	END IF;
	SELECT l.* INTO entry FROM opencalendly.team_ledger AS l WHERE l.event_type_id = event AND l.entry_no = entries + 1
		AND l.booking_id = booking;
	IF entry.user_id <> hosts[cardinality(hosts)] THEN
		INSERT INTO weeks.mistakes VALUES (format('booking %s has another host than its entry', booking));
	END IF;
	IF entry.kind IS NULL AND seats = 1 OR entry.kind IS NULL AND NOT EXISTS (
			SELECT FROM opencalendly.bookings AS a JOIN opencalendly.bookings AS b USING (occurrence_id)
			WHERE a.id = booking AND b.id <> booking AND b.status = 'confirmed')
	THEN
		INSERT INTO weeks.mistakes VALUES (format('booking %s has no entry', booking));
	END IF;
	IF entry.reason IN ('cursor', 'least_recent', 'weighted') THEN
		SELECT array_agg((c.user_id, c.position, c.priority, c.weight)::weeks.candidate) INTO seen
			FROM unnest(entry.candidate_ids, entry.candidate_positions, entry.candidate_priorities, entry.candidate_weights)
				AS c (user_id, position, priority, weight);
		IF seen IS DISTINCT FROM free OR NOT has_fixed THEN
			INSERT INTO weeks.mistakes VALUES (format('booking %s: free were %s, the entry says %s', booking, free, seen));
		END IF;
		IF entry.reason <> (SELECT t.assignment FROM opencalendly.team_event_types AS t WHERE t.event_type_id = event) THEN
			INSERT INTO weeks.mistakes VALUES (format('booking %s was picked by another rule', booking));
		END IF;
	END IF;
	-- with fixed hosts who are in a meeting that it joins, it goes to whoever has that meeting
	IF moves.id IS NOT NULL AND has_fixed AND had IN (SELECT f.user_id FROM unnest(free) AS f) AND had <> hosts[cardinality(hosts)] THEN
		INSERT INTO weeks.mistakes VALUES (format('booking %s has not kept its host, who was free', booking));
	END IF;
	RETURN booking;
END
$$;

-- One thing after the other.
CREATE FUNCTION weeks.act() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	verb text := weeks.among('book', 'book', 'book', 'book', 'book', 'book', 'book', 'book', 'book', 'book', 'book held', 'book held',
		'hold', 'solo', 'solo', 'panel', 'cancel', 'cancel', 'cancel', 'cancel', 'move', 'move', 'move', 'host moves', 'host cancels',
		'no-show', 'no-show', 'move under way', 'busy', 'settings');
	now timestamptz;
	wanted text := weeks.among('cursor', 'recent', 'weight', 'weight', 'fixed', 'lab', 'lab', 'class', 'class', 'back');
	event uuid := (SELECT e.id FROM opencalendly.event_types AS e WHERE e.slug = wanted);
	start timestamptz;
	booking opencalendly.bookings;
	is_under_way boolean := verb IN ('host cancels', 'no-show', 'move under way');
	token text;
	hold uuid;
	made uuid;
BEGIN
	UPDATE weeks.clock AS c SET now = c.now + random() * interval '6 minutes' RETURNING c.now INTO now;
	PERFORM set_config('opencalendly.clock', now::text, true);
	-- some starts are wanted by many
	start := date_bin('15 minutes', now, '2026-01-01') + (1 + floor(power(random(), 3) * 100)) * interval '15 minutes';
	IF verb IN ('cancel', 'move', 'host moves') OR is_under_way THEN
		SELECT b.* INTO booking FROM opencalendly.bookings AS b WHERE b.status = 'confirmed' AND b.host_ids IS NOT NULL
			AND CASE WHEN is_under_way THEN b.starts_at <= now AND b.ends_at > now ELSE b.starts_at > now END
			AND (b.event_type_id = event OR random() < 0.3) ORDER BY random() LIMIT 1;
		IF booking.id IS NULL THEN
			INSERT INTO weeks.acts VALUES (verb, 'nothing');
			RETURN;
		END IF;
	END IF;

	IF verb = 'settings' THEN
		verb := weeks.change();
	ELSIF verb IN ('book', 'book held') THEN
		IF verb = 'book held' THEN
			SELECT h.hold_token INTO token FROM opencalendly.hold_slot(event, start) AS h;
			hold := (SELECT h.id FROM opencalendly.holds AS h ORDER BY h.created_at DESC, h.id DESC LIMIT 1);
		END IF;
		made := weeks.book(event, start, now, NULL, false, token, hold);
	ELSIF verb = 'hold' THEN
		PERFORM opencalendly.hold_slot(event, start);
		made := weeks.book(event, start, now, NULL, false, NULL, NULL);
	ELSIF verb = 'solo' THEN
		PERFORM opencalendly.book_slot(e.id, start, 'Ann', 'ann@example.com') FROM opencalendly.event_types AS e
			WHERE e.id = (SELECT s.id FROM opencalendly.event_types AS s WHERE s.slug = 'alone' ORDER BY random() LIMIT 1);
	ELSIF verb = 'panel' THEN
		PERFORM opencalendly.book_slot(e.id, start, 'Ann', 'ann@example.com') FROM opencalendly.event_types AS e WHERE e.slug = 'panel';
	ELSIF verb IN ('cancel', 'host cancels') THEN
		PERFORM opencalendly.organizer_cancel_booking(booking.id);
	ELSIF verb = 'no-show' THEN
		PERFORM opencalendly.mark_no_show(booking.id);
	ELSIF verb = 'busy' THEN
		INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at)
			SELECT u.id, start, start + random() * interval '18 hours' FROM opencalendly.users AS u ORDER BY random() LIMIT 1;
	ELSE
		made := weeks.book(booking.event_type_id, start, now, booking,
			verb <> 'move' OR NOT EXISTS (SELECT FROM weeks.links AS l WHERE l.booking_id = booking.id), NULL, NULL);
	END IF;
	INSERT INTO weeks.acts VALUES (verb, 'done');
EXCEPTION WHEN OTHERS THEN
	IF SQLSTATE NOT LIKE 'OC%' THEN
		RAISE;
	END IF;
	INSERT INTO weeks.acts VALUES (verb, SQLSTATE);
END
$$;

-- What an organizer changes: members leave and come back, or are others; weights, levels, rules and cursors.
CREATE FUNCTION weeks.change() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	verb text := weeks.among('leave', 'leave', 'join', 'join', 'weight', 'level', 'own weight', 'rule', 'cursor');
	team uuid := (SELECT t.id FROM opencalendly.teams AS t ORDER BY random() LIMIT 1);
	host uuid;
	event uuid := (SELECT t.event_type_id FROM opencalendly.team_event_types AS t WHERE t.mode = 'round_robin' ORDER BY random() LIMIT 1);
	value integer := floor(random() * 12);
BEGIN
	IF verb = 'join' THEN
		SELECT u.id INTO host FROM opencalendly.users AS u
			WHERE u.id NOT IN (SELECT m.user_id FROM opencalendly.team_members AS m WHERE m.team_id = team) ORDER BY random() LIMIT 1;
		IF host IS NOT NULL THEN
			PERFORM weeks.join_team(team, host);
			-- into the event types with a list of their own, too
			INSERT INTO opencalendly.team_event_type_members (event_type_id, team_id, user_id, is_required, weight, priority)
				SELECT t.event_type_id, t.team_id, host, false, (ARRAY[NULL, 20, 200])[1 + value % 3], (ARRAY[NULL, 2, 3])[1 + value / 4]
				FROM opencalendly.team_event_types AS t WHERE t.team_id = team AND NOT t.all_members AND t.mode = 'round_robin';
		END IF;
		RETURN verb;
	END IF;
	SELECT m.user_id, m.team_id INTO host, team FROM opencalendly.team_members AS m WHERE m.role = 'member'
		AND m.user_id NOT IN (SELECT x.user_id FROM opencalendly.team_event_type_members AS x WHERE x.is_required) ORDER BY random() LIMIT 1;
	IF verb = 'leave' THEN
		PERFORM opencalendly.leave_team(team, host);
	ELSIF verb = 'weight' THEN
		PERFORM opencalendly.update_team_member(team, host, jsonb_build_object('weight', 1 + value * value));
	ELSIF verb = 'level' THEN
		PERFORM opencalendly.update_team_member(team, host, jsonb_build_object('priority', (ARRAY[1, 2, 2, 2, 3])[1 + value % 5]));
	ELSIF verb = 'own weight' THEN
		UPDATE opencalendly.team_event_type_members AS m SET weight = 1 + value, priority = (ARRAY[NULL, 2, 3])[1 + value / 4]
			WHERE m.user_id = host;
	ELSIF verb = 'rule' THEN
		PERFORM opencalendly.update_team_event_type(event, jsonb_build_object('assignment', weeks.among('cursor', 'least_recent', 'weighted')));
	ELSE
		PERFORM opencalendly.update_team_event_type(event, jsonb_build_object('round_robin_cursor', value));
		INSERT INTO replay.cursors SELECT event, t.last_entry, value FROM opencalendly.team_event_types AS t WHERE t.event_type_id = event;
	END IF;
	RETURN verb;
END
$$;
