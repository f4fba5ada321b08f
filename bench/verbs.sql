-- What the benchmarks call besides the extension: after load.sql, psql -v baseline=PATH-OF-THE-LIBRARY
\set ON_ERROR_STOP on
SET client_min_messages = warning;
DROP FUNCTION IF EXISTS bench.same_reads, bench.try_book, bench.contended_host, bench.new_team, bench.new_host;

CREATE FUNCTION bench.same_reads(
    event_type_id uuid, range_start timestamptz, range_end timestamptz, nrows integer,
    OUT starts_at timestamptz, OUT ends_at timestamptz, OUT seats_left integer, OUT host_ids uuid[])
    RETURNS SETOF record AS :'baseline', 'same_reads' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10000 ROWS 500;

-- An answer, whether the slot is taken or not: pgbench gives a client up at its first error.
CREATE FUNCTION bench.try_book(event_type_id uuid, starts_at timestamptz) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM opencalendly.book_slot(event_type_id, starts_at, 'Ada Lovelace', 'ada@example.com', 'Europe/Berlin');
    RETURN 'booked';
EXCEPTION WHEN SQLSTATE 'OC001' THEN
    RETURN 'taken';
END
$$;

-- A new host who is open all day and has no claim yet.
CREATE FUNCTION bench.new_host() RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    name constant text := 'new-' || md5(random()::text);
    host_id constant uuid := opencalendly.create_user(name, name || '@example.com');
BEGIN
    PERFORM opencalendly.set_availability_rules(host_id,
        jsonb_agg(jsonb_build_object('dayOfWeek', day, 'startMinute', 0, 'endMinute', 1440)))
        FROM generate_series(0, 6) AS day;
    RETURN host_id;
END
$$;

-- A new host with 96 starts a day of an event of 30 minutes.
CREATE FUNCTION bench.contended_host(OUT host_id uuid, OUT event_type_id uuid) LANGUAGE plpgsql AS $$
BEGIN
    host_id := bench.new_host();
    event_type_id := opencalendly.create_event_type(host_id, 'Half an hour', 'half-hour', 30);
END
$$;

-- The members of the teams that new_team has made, in the form of the ledger.
CREATE TABLE IF NOT EXISTS bench.pools (
    event_type_id uuid PRIMARY KEY, ids uuid[], positions integer[], priorities integer[], weights integer[]);

-- A new team of ten new hosts, with a round robin of an event of 30 minutes.
CREATE FUNCTION bench.new_team() RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    ids constant uuid[] := ARRAY(SELECT bench.new_host() FROM generate_series(1, 10));
    team_id constant uuid := opencalendly.create_team(ids[1], 'Team', 'team-' || md5(random()::text));
    event_type_id uuid;
BEGIN
    PERFORM opencalendly.invite_team_member(team_id, id), opencalendly.accept_team_invitation(team_id, id)
        FROM unnest(ids[2:]) AS id;
    event_type_id := opencalendly.create_team_event_type(team_id, 'Half an hour', 'half-hour', 30, 'round_robin');
    INSERT INTO bench.pools
        SELECT event_type_id, array_agg(m.user_id ORDER BY m.position), array_agg(m.position ORDER BY m.position),
            array_agg(m.priority ORDER BY m.position), array_agg(m.weight ORDER BY m.position)
        FROM opencalendly.team_members AS m WHERE m.user_id = ANY (ids);
    RETURN event_type_id;
END
$$;
