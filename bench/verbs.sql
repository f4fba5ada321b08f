-- What the benchmarks call besides the extension: after load.sql, psql -v baseline=PATH-OF-THE-LIBRARY
\set ON_ERROR_STOP on
SET client_min_messages = warning;
DROP FUNCTION IF EXISTS bench.same_reads, bench.try_book, bench.contended_host;

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

-- A new host who is open all day and has no claim yet: 96 starts a day of an event of 30 minutes.
CREATE FUNCTION bench.contended_host(OUT host_id uuid, OUT event_type_id uuid) LANGUAGE plpgsql AS $$
DECLARE
    name constant text := 'contended-' || md5(random()::text);
BEGIN
    host_id := opencalendly.create_user(name, name || '@example.com');
    PERFORM opencalendly.set_availability_rules(host_id,
        jsonb_agg(jsonb_build_object('dayOfWeek', day, 'startMinute', 0, 'endMinute', 1440)))
        FROM generate_series(0, 6) AS day;
    event_type_id := opencalendly.create_event_type(host_id, 'Half an hour', 'half-hour', 30);
END
$$;
