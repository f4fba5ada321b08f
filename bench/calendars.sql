-- Hosts' calendars, in the database that load.sql made with at least 1,007 hosts.
--
-- Each of the first 1,000 hosts has a connection with one calendar, a busy source; it was never read. bench.make_due(is_full)
-- makes them all due, to be read anew or for what has changed, and wakes the workers; bench.synchronized() says how many a
-- second were read since.
--
-- bench.apply(k) writes the k-th (0 or 1) of two findings, each of 1,000 events that all lie elsewhere than the other's, into
-- the calendar of host 1,001; bench.replace(k) as many windows into the calendar of host 1,002, by bare statements.
--
-- Host 1,003 has 5,000 busy windows in the year from the first day on, and host 1,007, in the same time zone, those of them that
-- begin in the first 31 days.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET search_path = bench, pg_catalog;
SET synchronous_commit = off;
SELECT setseed(0.42);

CREATE TABLE calendars AS
    SELECT n, host_id, opencalendly.uuid_generate_v7() AS connection_id, opencalendly.uuid_generate_v7() AS calendar_id
    FROM hosts WHERE n <= 1003 OR n = 1007;
ALTER TABLE calendars ADD PRIMARY KEY (n);

-- The mirrors of those that no worker reads do not grow too old while the database is kept.
INSERT INTO opencalendly.calendar_connections (id, user_id, account_id, account_email, scopes, refresh_token, access_token,
        refresh_at, access_expires_at, next_sync_at, synced_at, listed_at, attempt)
    SELECT connection_id, host_id, 'account-' || n, 'host-' || n || '@example.com',
        ARRAY['https://www.googleapis.com/auth/calendar'],
        opencalendly.seal_calendar_token(connection_id, 'refresh-token-' || n),
        opencalendly.seal_calendar_token(connection_id, 'access-token-' || n),
        'infinity', 'infinity', 'infinity', fresh_until, now() + interval '1 year', 1
    FROM calendars, LATERAL (SELECT CASE WHEN n > 1000 THEN now() + interval '1 year' END) AS f(fresh_until) ORDER BY n;
INSERT INTO opencalendly.calendars (id, connection_id, user_id, external_id, name, timezone, access_role, is_primary,
        is_busy_source, synced_at)
    SELECT calendar_id, connection_id, host_id, 'host-' || n || '@example.com', 'Calendar', 'UTC', 'owner', true, true,
        CASE WHEN n > 1000 THEN now() + interval '1 year' END
    FROM calendars ORDER BY n;

--
-- Windows of a year
--

CREATE TABLE year_cells AS
    SELECT cell FROM generate_series(0, 365 * 20 - 1) AS cell ORDER BY random() LIMIT 5000;
INSERT INTO opencalendly.calendar_busy_windows (user_id, calendar_id, starts_at, ends_at)
    SELECT c.host_id, c.calendar_id, s, s + interval '25 minutes'
    FROM year_cells AS y CROSS JOIN calendars AS c JOIN hosts AS h USING (n), cell_start(y.cell, h.zone) AS s
    WHERE n = 1003 OR n = 1007 AND y.cell < 31 * 20
    ORDER BY random();

--
-- Applying a sync
--

-- Seventeen a day, 25 minutes each.
CREATE TABLE busy AS
    SELECT k, i, at, at + interval '25 minutes' AS until
    FROM generate_series(0, 1) AS k, generate_series(0, 999) AS i,
        LATERAL (SELECT date_trunc('day', now()) + i / 17 * interval '1 day' + i % 17 * interval '50 minutes'
            + k * interval '10 minutes' AS at) AS s;

CREATE TABLE findings AS
    SELECT k, connection_id, jsonb_build_object('from', now() - interval '1 day', 'until', now() + interval '60 days',
        'events', jsonb_build_array(jsonb_build_object('calendarId', calendar_id, 'isFull', true,
            'pages', jsonb_build_array(jsonb_build_object('kind', 'calendar#events', 'timeZone', 'UTC', 'nextSyncToken', 'bench',
                'items', items))))) AS findings
    FROM calendars, (SELECT k, jsonb_agg(jsonb_build_object('id', md5(i::text), 'status', 'confirmed',
            'start', jsonb_build_object('dateTime', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'timeZone', 'UTC'),
            'end', jsonb_build_object('dateTime', to_char(until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'timeZone', 'UTC'))
            ORDER BY i) AS items FROM busy GROUP BY k) AS told
    WHERE n = 1001;

CREATE FUNCTION apply(k integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (SELECT opencalendly.apply_calendar_sync(f.connection_id, 1, clock_timestamp(), f.findings)
            FROM bench.findings AS f WHERE f.k = apply.k) THEN
        RAISE EXCEPTION 'the attempt is not ours';
    END IF;
END
$$;

CREATE FUNCTION replace(k integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    target constant bench.calendars := (SELECT c FROM bench.calendars AS c WHERE n = 1002);
BEGIN
    DELETE FROM opencalendly.calendar_busy_windows AS w WHERE w.calendar_id = target.calendar_id;
    INSERT INTO opencalendly.calendar_busy_windows (user_id, calendar_id, starts_at, ends_at)
        SELECT target.host_id, target.calendar_id, b.at, b.until FROM bench.busy AS b WHERE b.k = replace.k;
END
$$;

-- Fails if the mirror is not as the findings say.
CREATE FUNCTION check_applied(k integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM bench.apply(k);
    IF (SELECT count(*) FROM opencalendly.calendar_busy_windows AS w JOIN bench.calendars AS c USING (calendar_id)
            JOIN bench.busy AS b ON b.k = check_applied.k AND b.at = w.starts_at AND b.until = w.ends_at
            WHERE c.n = 1001) <> 1000 THEN
        RAISE EXCEPTION 'the windows are not those of the findings';
    END IF;
END
$$;

--
-- Synchronizing
--

CREATE TABLE batch (made_at timestamptz);

CREATE FUNCTION make_due(is_full boolean) RETURNS void LANGUAGE sql AS $$
    UPDATE opencalendly.calendars AS c SET sync_token = NULL, full_sync_at = NULL
        FROM bench.calendars AS b WHERE is_full AND b.calendar_id = c.id AND b.n <= 1000;
    UPDATE opencalendly.calendar_connections AS c SET next_sync_at = '-infinity'
        FROM bench.calendars AS b WHERE b.connection_id = c.id AND b.n <= 1000;
    TRUNCATE bench.batch;
    INSERT INTO bench.batch SELECT clock_timestamp();
    SELECT opencalendly.wake_workers_at_commit();
$$;

CREATE FUNCTION is_synchronized() RETURNS boolean LANGUAGE sql AS $$
    SELECT NOT EXISTS (SELECT FROM opencalendly.calendar_connections AS c JOIN bench.calendars AS b ON b.connection_id = c.id
        CROSS JOIN bench.batch WHERE b.n <= 1000 AND (c.tried_at >= made_at) IS NOT TRUE)
$$;

-- From the commit to that of the last connection's. Fails if a sync was not good.
CREATE FUNCTION synchronized() RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    committed_at timestamptz;
    ended_at timestamptz;
    problem text;
BEGIN
    SELECT pg_xact_commit_timestamp(b.xmin) INTO committed_at FROM bench.batch AS b;
    SELECT max(pg_xact_commit_timestamp(c.xmin)),
            max(coalesce(c.last_error, a.last_error, 'not synchronized'))
                FILTER (WHERE (c.synced_at >= made_at AND a.synced_at >= made_at) IS NOT TRUE)
        INTO ended_at, problem
        FROM opencalendly.calendar_connections AS c JOIN bench.calendars AS b ON b.connection_id = c.id
            JOIN opencalendly.calendars AS a ON a.connection_id = c.id CROSS JOIN bench.batch
        WHERE b.n <= 1000;
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION '%', problem;
    END IF;
    RETURN round(1000 / extract(epoch FROM ended_at - committed_at), 1);
END
$$;

RESET synchronous_commit;
VACUUM (FREEZE, ANALYZE);
