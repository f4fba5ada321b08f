-- What a round robin's ledger says, replayed by the published rules (docs/teams.md), and what a team's bookings, claims,
-- assignments and ledger must agree on. Written from the rules, not from the extension's code.

CREATE SCHEMA replay;

-- A cursor that somebody has set: it is what the entries after this one go on from.
CREATE TABLE replay.cursors (event_type_id uuid, after_entry bigint, value integer);

-- The candidates of each pick, one a row; level: they have the highest priority of those who were free; sharer: they have
-- that of the one who was picked, which is the same but where no rule picked.
CREATE VIEW replay.candidates AS
	SELECT l.event_type_id, l.entry_no, c.*,
		c.priority = max(c.priority) OVER (PARTITION BY l.event_type_id, l.entry_no) AS is_level,
		c.priority = max(c.priority) FILTER (WHERE c.user_id = l.user_id)
			OVER (PARTITION BY l.event_type_id, l.entry_no) AS is_sharer
	FROM opencalendly.team_ledger AS l,
		unnest(l.candidate_ids, l.candidate_positions, l.candidate_priorities, l.candidate_weights, l.candidate_credits,
			l.candidate_last_picks) AS c (user_id, position, priority, weight, credits, last_pick);

-- Whom each rule picks out of a row's candidates.
-- cursor: the smallest position after the cursor, else the smallest.
-- least_recent: of the highest level, the one whose last pick is longest ago; never is longest.
-- weighted: of the highest level, among those whose credits, seen from the level's mean per weight, are less than a
-- whole turn behind (credits/weight + 1 > sum of credits / sum of weights), the one with the most credits for its
-- weight: whose next turn, at weight a turn and the sum of weights each, is due first.
CREATE VIEW replay.picks AS
	SELECT l.event_type_id, l.entry_no, l.reason, l.user_id,
		CASE l.reason
		WHEN 'cursor' THEN (SELECT c.user_id FROM replay.candidates AS c
			WHERE (c.event_type_id, c.entry_no) = (l.event_type_id, l.entry_no)
			ORDER BY c.position <= l.cursor_before, c.position LIMIT 1)
		WHEN 'least_recent' THEN (SELECT c.user_id FROM replay.candidates AS c
			WHERE (c.event_type_id, c.entry_no) = (l.event_type_id, l.entry_no) AND c.is_level
			ORDER BY c.last_pick, c.position LIMIT 1)
		WHEN 'weighted' THEN (SELECT c.user_id FROM replay.candidates AS c, (
				SELECT sum(s.weight)::numeric AS weights, sum(s.credits)::numeric AS credits FROM replay.candidates AS s
				WHERE (s.event_type_id, s.entry_no) = (l.event_type_id, l.entry_no) AND s.is_level) AS level
			WHERE (c.event_type_id, c.entry_no) = (l.event_type_id, l.entry_no) AND c.is_level
				AND level.weights * c.credits + (level.weights - level.credits) * c.weight > 0
			ORDER BY (level.weights - c.credits) / c.weight, c.position LIMIT 1)
		END AS rightly
	FROM opencalendly.team_ledger AS l WHERE l.reason IN ('cursor', 'least_recent', 'weighted');

-- Goes through an event type's entries in their order with cursor, credits and last picks of its own, and tells of every
-- difference from what the rows say, and in the end from what the tables say.
CREATE FUNCTION replay.walk(event_type uuid) RETURNS SETOF text LANGUAGE plpgsql SET client_min_messages = warning AS $$
#variable_conflict use_column
DECLARE
	entry opencalendly.team_ledger;
	pick opencalendly.team_ledger;
	last_entry bigint := 0;
	cursor_now integer := 0;
	set_to integer;
	kind_of_rule boolean;
	mine record;
BEGIN
	DROP TABLE IF EXISTS standing, returned;
	CREATE TEMP TABLE standing (user_id uuid PRIMARY KEY, credits bigint, last_pick bigint);
	CREATE TEMP TABLE returned (pick_no bigint PRIMARY KEY);
	FOR entry IN SELECT * FROM opencalendly.team_ledger WHERE event_type_id = event_type ORDER BY entry_no LOOP
		SELECT value INTO set_to FROM replay.cursors
			WHERE event_type_id = event_type AND after_entry = last_entry ORDER BY ctid DESC LIMIT 1;
		cursor_now := coalesce(set_to, cursor_now);
		IF entry.entry_no <> last_entry + 1 THEN
			RETURN NEXT format('entry %s follows %s', entry.entry_no, last_entry);
		END IF;
		last_entry := entry.entry_no;
		INSERT INTO standing SELECT u.id, 0, 0 FROM unnest(array_append(entry.candidate_ids, entry.user_id)) AS u (id)
			GROUP BY u.id ON CONFLICT DO NOTHING;
		SELECT * INTO mine FROM standing WHERE user_id = entry.user_id;
		IF (entry.credits_before, entry.last_pick_before, entry.cursor_before) <> (mine.credits, mine.last_pick, cursor_now) THEN
			RETURN NEXT format('entry %s starts from %s, %s, %s instead of %s, %s, %s', entry.entry_no, entry.credits_before,
				entry.last_pick_before, entry.cursor_before, mine.credits, mine.last_pick, cursor_now);
		END IF;

		IF entry.kind = 'pick' THEN
			IF EXISTS (SELECT FROM replay.candidates AS c JOIN standing AS s USING (user_id)
				WHERE c.event_type_id = event_type AND c.entry_no = entry.entry_no
					AND (c.credits, c.last_pick) <> (s.credits, s.last_pick))
			THEN
				RETURN NEXT format('entry %s has other candidates'' credits or last picks', entry.entry_no);
			END IF;
			IF NOT EXISTS (SELECT FROM replay.candidates AS c WHERE c.event_type_id = event_type
					AND c.entry_no = entry.entry_no HAVING count(*) = count(DISTINCT c.user_id) AND count(*) = count(c.position)
					AND count(*) = cardinality(entry.candidate_ids) AND bool_or(c.user_id = entry.user_id)
					AND array_agg(c.position) = array_agg(c.position ORDER BY c.position)
					AND count(*) = count(DISTINCT c.position))
			THEN
				RETURN NEXT format('entry %s has candidates that are not a list', entry.entry_no);
			END IF;
			kind_of_rule := entry.reason IN ('cursor', 'least_recent', 'weighted');
			IF kind_of_rule AND entry.user_id IS DISTINCT FROM (SELECT p.rightly FROM replay.picks AS p
				WHERE p.event_type_id = event_type AND p.entry_no = entry.entry_no)
			THEN
				RETURN NEXT format('entry %s picks another one than the rule %s', entry.entry_no, entry.reason);
			END IF;
			IF entry.reason = 'weighted' OR entry.credits_after <> entry.credits_before THEN
				UPDATE standing AS s SET credits = s.credits + c.weight FROM replay.candidates AS c
					WHERE c.event_type_id = event_type AND c.entry_no = entry.entry_no AND c.is_sharer AND s.user_id = c.user_id;
				UPDATE standing AS s SET credits = s.credits - (SELECT sum(c.weight) FROM replay.candidates AS c
						WHERE c.event_type_id = event_type AND c.entry_no = entry.entry_no AND c.is_sharer)
					WHERE s.user_id = entry.user_id;
			ELSIF entry.reason = 'cursor' OR entry.reason = 'joined' AND entry.cursor_after <> entry.cursor_before THEN
				cursor_now := (SELECT c.position FROM replay.candidates AS c WHERE c.event_type_id = event_type
					AND c.entry_no = entry.entry_no AND c.user_id = entry.user_id);
			END IF;
			UPDATE standing SET last_pick = entry.entry_no WHERE user_id = entry.user_id;
		ELSE
			SELECT * INTO pick FROM opencalendly.team_ledger AS l
				WHERE l.event_type_id = event_type AND l.entry_no = entry.pick_no AND l.entry_no < entry.entry_no;
			IF pick.kind IS DISTINCT FROM 'pick' OR pick.user_id <> entry.user_id
				OR EXISTS (SELECT FROM returned WHERE pick_no = entry.pick_no)
			THEN
				RETURN NEXT format('entry %s is of no open pick of the host', entry.entry_no);
			END IF;
		END IF;

		IF entry.kind = 'return' THEN
			INSERT INTO returned VALUES (entry.pick_no) ON CONFLICT DO NOTHING;
			IF pick.reason = 'weighted' OR pick.credits_after <> pick.credits_before THEN
				UPDATE standing AS s SET credits = s.credits - c.weight FROM replay.candidates AS c
					WHERE c.event_type_id = event_type AND c.entry_no = pick.entry_no AND c.is_sharer AND s.user_id = c.user_id;
				UPDATE standing AS s SET credits = s.credits + (SELECT sum(c.weight) FROM replay.candidates AS c
						WHERE c.event_type_id = event_type AND c.entry_no = pick.entry_no AND c.is_sharer)
					WHERE s.user_id = entry.user_id;
			END IF;
			UPDATE standing SET last_pick = coalesce((SELECT max(l.entry_no) FROM opencalendly.team_ledger AS l
					WHERE l.event_type_id = event_type AND l.user_id = entry.user_id AND l.kind = 'pick'
						AND l.entry_no < entry.entry_no AND l.entry_no NOT IN (SELECT r.pick_no FROM returned AS r)), 0)
				WHERE user_id = entry.user_id;
		END IF;

		SELECT * INTO mine FROM standing WHERE user_id = entry.user_id;
		IF (entry.credits_after, entry.cursor_after) <> (mine.credits, cursor_now) THEN
			RETURN NEXT format('entry %s ends with %s, %s instead of %s, %s', entry.entry_no, entry.credits_after,
				entry.cursor_after, mine.credits, cursor_now);
		END IF;
		IF (SELECT sum(credits) FROM standing) <> 0 THEN
			RETURN NEXT format('credits sum to %s after entry %s', (SELECT sum(credits) FROM standing), entry.entry_no);
		END IF;
	END LOOP;

	SELECT value INTO set_to FROM replay.cursors
		WHERE event_type_id = event_type AND after_entry = last_entry ORDER BY ctid DESC LIMIT 1;
	cursor_now := coalesce(set_to, cursor_now);
	RETURN QUERY SELECT format('the event type stands at %s, %s instead of %s, %s', t.last_entry, t.round_robin_cursor,
			walk.last_entry, walk.cursor_now)
		FROM opencalendly.team_event_types AS t, (SELECT last_entry, cursor_now) AS walk (last_entry, cursor_now)
		WHERE t.event_type_id = event_type AND (t.last_entry, t.round_robin_cursor) <> (walk.last_entry, walk.cursor_now);
	RETURN QUERY SELECT format('a member stands at %s, %s instead of %s, %s', k.credits, k.last_pick, s.credits, s.last_pick)
		FROM (SELECT * FROM opencalendly.team_credits WHERE event_type_id = event_type) AS k
			FULL JOIN (SELECT s.* FROM standing AS s JOIN opencalendly.users AS u ON u.id = s.user_id) AS s USING (user_id)
		WHERE (coalesce(k.credits, 0), coalesce(k.last_pick, 0)) <> (coalesce(s.credits, 0), coalesce(s.last_pick, 0));
END
$$;

-- The live bookings of teams, with the sorted ids of those whose time is claimed for the whole of them, whose time is
-- claimed at all, who is assigned, and who attends.
CREATE VIEW replay.live AS
	SELECT b.*, array(SELECT c.host_id FROM opencalendly.claims AS c WHERE c.occurrence_id = b.occurrence_id
			AND c.expires_at IS NULL AND c.during @> tstzrange(b.starts_at, b.ends_at) ORDER BY c.host_id) AS claimed,
		array(SELECT c.host_id FROM opencalendly.claims AS c WHERE c.occurrence_id = b.occurrence_id ORDER BY c.host_id) AS claims,
		array(SELECT a.user_id FROM opencalendly.team_booking_assignments AS a WHERE a.booking_id = b.id
			ORDER BY a.user_id) AS assigned,
		array(SELECT h.id FROM unnest(b.host_ids) AS h (id) ORDER BY h.id) AS hosts
	FROM opencalendly.bookings AS b
	WHERE b.status = 'confirmed' AND b.event_type_id IN (SELECT t.event_type_id FROM opencalendly.team_event_types AS t);

-- The picks that are not returned, and the meeting that each stands for: where it was made, or kept last.
CREATE VIEW replay.open_picks AS
	SELECT DISTINCT ON (l.event_type_id, l.pick_no) l.event_type_id, l.pick_no, l.user_id, l.occurrence_id
	FROM opencalendly.team_ledger AS l
	WHERE l.kind <> 'return' AND NOT EXISTS (SELECT FROM opencalendly.team_ledger AS r
		WHERE r.event_type_id = l.event_type_id AND r.pick_no = l.pick_no AND r.kind = 'return')
	ORDER BY l.event_type_id, l.pick_no, l.entry_no DESC;

-- What must not be.
CREATE VIEW replay.faults AS
	WITH live AS MATERIALIZED (SELECT * FROM replay.live),
		open_picks AS MATERIALIZED (SELECT * FROM replay.open_picks)
	SELECT 'two claims of a host overlap' AS fault, a.id FROM opencalendly.claims AS a, opencalendly.claims AS b
		WHERE a.id < b.id AND a.host_id = b.host_id AND a.during && b.during
	UNION ALL SELECT 'a live booking has other claims than hosts', l.id FROM live AS l
		WHERE l.claims <> l.hosts OR l.claimed <> l.hosts
	UNION ALL SELECT 'a live booking has other assignments than hosts', l.id FROM live AS l WHERE l.assigned <> l.hosts
	UNION ALL SELECT 'a host attends a booking twice', l.id FROM live AS l
		WHERE cardinality(l.hosts) <> (SELECT count(DISTINCT h.id) FROM unnest(l.hosts) AS h (id))
	UNION ALL SELECT 'a team''s booking has no hosts, or not the organizer first', l.id FROM live AS l
		WHERE l.host_ids IS NULL OR l.host_ids[1] <> l.organizer_id
	UNION ALL SELECT 'a booking that is not live has assignments', b.id FROM opencalendly.bookings AS b
		WHERE b.status <> 'confirmed' AND EXISTS (SELECT FROM opencalendly.team_booking_assignments AS a WHERE a.booking_id = b.id)
	UNION ALL SELECT 'bookings of a meeting have other hosts', a.id FROM live AS a JOIN live AS b USING (occurrence_id)
		WHERE a.host_ids <> b.host_ids
	UNION ALL SELECT 'a claim of a meeting that nobody booked or holds', c.id FROM opencalendly.claims AS c
		WHERE c.occurrence_id IS NOT NULL AND NOT EXISTS (SELECT FROM opencalendly.bookings AS b WHERE b.occurrence_id = c.occurrence_id AND b.status = 'confirmed')
			AND NOT EXISTS (SELECT FROM opencalendly.holds AS h WHERE h.occurrence_id = c.occurrence_id)
	UNION ALL SELECT 'a meeting that is neither booked nor held nor was', o.id FROM opencalendly.occurrences AS o
		WHERE NOT EXISTS (SELECT FROM opencalendly.bookings AS b WHERE b.occurrence_id = o.id)
			AND NOT EXISTS (SELECT FROM opencalendly.holds AS h WHERE h.occurrence_id = o.id)
			AND NOT EXISTS (SELECT FROM opencalendly.claims AS c WHERE c.occurrence_id = o.id)
	UNION ALL SELECT 'a meeting has more bookings and holds than seats', o.id FROM opencalendly.occurrences AS o
		WHERE o.seats < (SELECT count(*) FROM opencalendly.bookings AS b WHERE b.occurrence_id = o.id AND b.status = 'confirmed')
			+ (SELECT count(*) FROM opencalendly.holds AS h WHERE h.occurrence_id = o.id)
	UNION ALL SELECT 'a round robin''s meeting has not one open pick of one of its hosts', l.id FROM live AS l
		JOIN opencalendly.team_event_types AS t USING (event_type_id)
			LEFT JOIN open_picks AS p ON p.occurrence_id = l.occurrence_id AND p.user_id = ANY (l.host_ids)
		WHERE t.mode = 'round_robin' AND l.no_show_at IS NULL GROUP BY l.id HAVING count(p.pick_no) <> 1
	UNION ALL SELECT 'an open pick of a meeting to which nobody is known to have come', p.occurrence_id FROM open_picks AS p
		WHERE NOT EXISTS (SELECT FROM live AS l WHERE l.occurrence_id = p.occurrence_id AND l.no_show_at IS NULL)
	UNION ALL SELECT 'an entry of a collective', l.event_type_id FROM opencalendly.team_ledger AS l
		JOIN opencalendly.team_event_types AS t USING (event_type_id) WHERE t.mode = 'collective';
