-- How far counts are from exact shares, at every prefix of the ledger: hosts who are all free at each booking, members who
-- join later, and members who are back from absence.

CREATE SCHEMA shares;

CREATE FUNCTION shares.add_host(team uuid, name text, weight integer) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	host uuid := opencalendly.create_user(name, name || '@example.com');
BEGIN
	PERFORM opencalendly.set_availability_rules(host, jsonb_agg(jsonb_build_object(
		'dayOfWeek', day, 'startMinute', 0, 'endMinute', 1440))) FROM generate_series(0, 6) AS day;
	IF team IS NOT NULL THEN
		PERFORM opencalendly.invite_team_member(team, host);
		PERFORM opencalendly.accept_team_invitation(team, host);
		PERFORM opencalendly.update_team_member(team, host, jsonb_build_object('weight', weight));
	END IF;
	RETURN host;
END
$$;

-- A team of hosts of their own, with a round robin of 15 minutes: the event type.
CREATE FUNCTION shares.make_team(slug text, rule text, weights integer[]) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	team uuid := opencalendly.create_team(shares.add_host(NULL, slug || '-1', NULL), slug, slug);
BEGIN
	PERFORM opencalendly.update_team_member(t.id, t.owner_id, jsonb_build_object('weight', weights[1]))
		FROM opencalendly.teams AS t WHERE t.id = team;
	FOR i IN 2 .. cardinality(weights) LOOP
		PERFORM shares.add_host(team, slug || '-' || i, weights[i]);
	END LOOP;
	RETURN opencalendly.create_team_event_type(team, slug, slug, 15, 'round_robin', assignment => rule);
END
$$;

-- The start after the last one booked.
CREATE FUNCTION shares.next_start(event uuid) RETURNS timestamptz LANGUAGE sql STABLE AS $$
	SELECT coalesce(max(b.ends_at), '2026-06-02 00:00+00') FROM opencalendly.bookings AS b WHERE b.event_type_id = event
$$;

-- Books the next starts; returns the ledger's last entry.
CREATE FUNCTION shares.book(event uuid, times integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	start timestamptz := shares.next_start(event);
BEGIN
	FOR i IN 0 .. times - 1 LOOP
		PERFORM opencalendly.book_slot(event, start + i * interval '15 minutes', 'Ann', 'ann@example.com');
	END LOOP;
	RETURN (SELECT t.last_entry FROM opencalendly.team_event_types AS t WHERE t.event_type_id = event);
END
$$;

-- Each member's count of picks after an entry, less the exact share, at every prefix from there on. By weight, or equal
-- where the rule knows no weights.
CREATE FUNCTION shares.distances(event uuid, after_entry bigint) RETURNS TABLE (user_id uuid, n bigint, distance numeric)
	LANGUAGE sql STABLE AS $$
	WITH members AS (
		SELECT m.user_id, (CASE t.assignment WHEN 'weighted' THEN m.weight ELSE 1 END)::numeric
			/ sum(CASE t.assignment WHEN 'weighted' THEN m.weight ELSE 1 END) OVER () AS share
		FROM opencalendly.team_event_types AS t JOIN opencalendly.team_members AS m ON m.team_id = t.team_id AND m.status = 'active'
		WHERE t.event_type_id = event)
	SELECT m.user_id, l.entry_no - after_entry,
		count(*) FILTER (WHERE l.user_id = m.user_id) OVER (PARTITION BY m.user_id ORDER BY l.entry_no)
			- m.share * (l.entry_no - after_entry)
	FROM opencalendly.team_ledger AS l, members AS m
	WHERE l.event_type_id = event AND l.entry_no > after_entry
$$;

-- A member is busy for the next so many bookings.
CREATE FUNCTION shares.be_absent(event uuid, member uuid, times integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at)
		SELECT member, s.start, s.start + times * interval '15 minutes' FROM shares.next_start(event) AS s (start);
END
$$;

-- Members are absent for a while, one after the other, and back; random weights. How much more than the share the one
-- who is back gets, and how far anybody is from the share then, at worst.
CREATE FUNCTION shares.come_and_go(slug text, rule text, hosts integer, rounds integer, OUT too_much numeric, OUT off numeric)
	LANGUAGE plpgsql AS $$
DECLARE
	event uuid := shares.make_team(slug, rule, ARRAY(SELECT 1 + floor(random() * random() * 300)::int FROM generate_series(1, hosts)));
	member uuid;
	entry bigint;
	here record;
BEGIN
	too_much := 0;
	off := 0;
	PERFORM shares.book(event, 10);
	FOR i IN 1 .. rounds LOOP
		SELECT m.user_id INTO member FROM opencalendly.team_event_types AS t JOIN opencalendly.team_members AS m USING (team_id)
			WHERE t.event_type_id = event ORDER BY random() LIMIT 1;
		PERFORM shares.be_absent(event, member, 12);
		entry := shares.book(event, 12);
		PERFORM shares.book(event, 15);
		SELECT max(d.distance) FILTER (WHERE d.user_id = member) AS too_much, max(abs(d.distance)) AS off INTO here
			FROM shares.distances(event, entry) AS d;
		too_much := greatest(too_much, here.too_much);
		off := greatest(off, here.off);
	END LOOP;
END
$$;
