-- Who keeps the workers going: jobs of pg_cron, which is optional. Nothing here needs it until schedule_workers() is called.
--
-- pg_cron (1.4) starts a job at a full minute, never a second run of a job beside its first, and each run by a connection of
-- its own. So two jobs take turns, each living a little longer than its minute: the next one is there before the last one
-- goes. The jobs run as the role that scheduled them, which needs opencalendly_worker, a way to log in, and USAGE on schema
-- cron. cron.job keeps where to connect to from the time of scheduling.

CREATE FUNCTION opencalendly.cron_setting(name text) RETURNS text
    AS 'MODULE_PATHNAME', 'cron_setting' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.cron_setting(text) IS
    'internal: a setting of pg_cron, which only superusers may SHOW; null where it is not loaded';

CREATE FUNCTION opencalendly.worker_jobs() RETURNS TABLE (job_name text, schedule text, command text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    VALUES ('opencalendly-even', '*/2 * * * *', 'CALL opencalendly.run_deliveries(70)'),
           ('opencalendly-odd', '1-59/2 * * * *', 'CALL opencalendly.run_deliveries(70)'),
           ('opencalendly-calendars-even', '*/2 * * * *', 'CALL opencalendly.run_calendar_sync(70)'),
           ('opencalendly-calendars-odd', '1-59/2 * * * *', 'CALL opencalendly.run_calendar_sync(70)'),
           ('opencalendly-prune', '7 * * * *', 'CALL opencalendly.prune_outbox()')
$$;
COMMENT ON FUNCTION opencalendly.worker_jobs() IS 'internal: the jobs that schedule_workers puts into pg_cron';

-- What to run in the database where pg_cron is, for jobs that work in this one.
CREATE FUNCTION opencalendly.remote_job_statements() RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(format('SELECT cron.schedule_in_database(%L, %L, %L, %L, %L);', opencalendly.remote_job_name(j.job_name),
                             j.schedule, j.command, current_database(), current_user), E'\n' ORDER BY j.job_name)
        || format(E'\nSELECT cron.schedule(%L, %L, %L);', opencalendly.remote_job_name('opencalendly-log'), '7 * * * *',
                  format('DELETE FROM cron.job_run_details WHERE database = %L AND end_time < now() - interval %L',
                         current_database(), '7 days'))
    FROM opencalendly.worker_jobs() AS j
$$;
COMMENT ON FUNCTION opencalendly.remote_job_statements() IS
    'internal: the statements that schedule the jobs where pg_cron is in another database';

-- A job's name is a name (63 bytes) and unique for each role.
CREATE FUNCTION opencalendly.remote_job_name(job_name text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (job_name || ' of ' || current_database())::name::text
$$;
COMMENT ON FUNCTION opencalendly.remote_job_name(text) IS
    'internal: what a job for this database is called where pg_cron is in another one';

-- Raises OC011, with what to do, unless pg_cron is there.
CREATE FUNCTION opencalendly.check_cron() RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home constant text := opencalendly.cron_setting('database_name');
    -- null for whom the settings are none of their business
    libraries constant text := (SELECT s.setting FROM pg_settings AS s WHERE s.name = 'shared_preload_libraries');
    sockets constant text := (SELECT split_part(s.setting, ',', 1) FROM pg_settings AS s
                              WHERE s.name = 'unix_socket_directories');
    -- superusers need no grant
    grant_usage constant text := (SELECT format('GRANT USAGE ON SCHEMA cron TO %I;', r.rolname) FROM pg_roles AS r
                                  WHERE r.rolname = current_user AND NOT r.rolsuper);
BEGIN
    IF home IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'OC011', MESSAGE = 'pg_cron is not loaded',
            DETAIL = 'This server''s shared_preload_libraries has no pg_cron.',
            HINT = format(E'Install it (Debian: postgresql-15-cron), put into postgresql.conf\n'
                'shared_preload_libraries = %L\ncron.database_name = %L\ncron.host = %L\n'
                'restart the server, and in this database, as a superuser: %s',
                concat_ws(', ', nullif(libraries, ''),
                          CASE WHEN libraries ~ '\mopencalendly\M' THEN NULL ELSE 'opencalendly' END, 'pg_cron'),
                current_database(), coalesce(nullif(sockets, ''), '/var/run/postgresql'),
                concat_ws(' ', 'CREATE EXTENSION pg_cron;', grant_usage));
    ELSIF home <> current_database() THEN
        RAISE EXCEPTION USING ERRCODE = 'OC011', MESSAGE = format('pg_cron is in database "%s", not in this one', home),
            DETAIL = 'cron.database_name says so.',
            HINT = format(E'As a superuser in database "%s":\n%s', home, opencalendly.remote_job_statements());
    ELSIF NOT EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'pg_cron') THEN
        RAISE EXCEPTION USING ERRCODE = 'OC011', MESSAGE = 'extension pg_cron is not in this database',
            DETAIL = 'The server has it loaded for this database.',
            HINT = concat_ws(' ', 'As a superuser: CREATE EXTENSION pg_cron;', grant_usage);
    ELSIF NOT has_schema_privilege('cron', 'USAGE') THEN
        RAISE EXCEPTION USING ERRCODE = 'OC009', MESSAGE = format('role "%s" may not use pg_cron', current_user),
            HINT = 'As a superuser: ' || grant_usage;
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.check_cron() IS
    'internal: raises OC011 with what to do where pg_cron is not in this database, OC009 where it is not the caller''s';

-- Who runs the jobs: the caller; if a superuser calls, who runs them already.
CREATE FUNCTION opencalendly.job_role() RETURNS name
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    role record;
BEGIN
    SELECT r.rolname AS name, r.rolcanlogin AS can_login, r.rolsuper AS is_superuser INTO role
        FROM pg_roles AS r LEFT JOIN cron.job AS j
            ON j.username = r.rolname AND j.jobname IN (SELECT w.job_name FROM opencalendly.worker_jobs() AS w)
                AND pg_has_role(r.oid, 'opencalendly_worker', 'USAGE')
        WHERE j.jobid IS NOT NULL OR r.rolname = current_user
        ORDER BY j.jobid NULLS LAST LIMIT 1;
    IF NOT role.can_login AND NOT opencalendly.cron_setting('use_background_workers')::boolean THEN
        RAISE EXCEPTION USING ERRCODE = 'OC011', MESSAGE = format('role "%s" cannot log in', role.name),
            DETAIL = 'pg_cron connects as the role that schedules a job.',
            HINT = 'SET ROLE to one that can and is in opencalendly_worker, and call schedule_workers() again.';
    ELSIF role.is_superuser THEN
        RAISE WARNING USING MESSAGE = format('the jobs run as superuser "%s"', role.name),
            HINT = 'Rather unschedule_workers(), SET ROLE to one that can log in and is in opencalendly_worker, and schedule_workers().';
    END IF;
    RETURN role.name;
END
$$;
COMMENT ON FUNCTION opencalendly.job_role() IS
    'internal: the role that pg_cron runs the jobs as; raises OC011 if it cannot log in, warns of a superuser';

CREATE FUNCTION opencalendly.schedule_workers() RETURNS TABLE (job_name text, schedule text, command text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    role name;
    wanted record;
BEGIN
    PERFORM opencalendly.check_cron();
    role := opencalendly.job_role();
    IF opencalendly.cron_setting('use_background_workers')::boolean THEN
        RAISE WARNING USING MESSAGE = 'cron.use_background_workers is on: pg_cron starts nothing else while a worker runs',
            HINT = 'Turn it off; pg_cron then connects to cron.host.';
    END IF;
    -- what is not as it would be made now goes first
    PERFORM cron.unschedule(j.jobid)
        FROM cron.job AS j JOIN opencalendly.worker_jobs() AS w ON w.job_name = j.jobname
        WHERE (j.username, j.schedule, j.command, j.database, j.nodename, j.nodeport, j.active)
            IS DISTINCT FROM (role::text, w.schedule, w.command, current_database()::text, opencalendly.cron_setting('host'),
                              current_setting('port')::integer, true);
    FOR wanted IN
        SELECT w.* FROM opencalendly.worker_jobs() AS w
            WHERE NOT EXISTS (SELECT FROM cron.job AS j WHERE j.jobname = w.job_name AND j.username = role)
    LOOP
        IF role = current_user THEN
            PERFORM cron.schedule(wanted.job_name, wanted.schedule, wanted.command);
        ELSE
            PERFORM cron.schedule_in_database(wanted.job_name, wanted.schedule, wanted.command, current_database(), role);
        END IF;
    END LOOP;
    RETURN QUERY SELECT w.* FROM opencalendly.worker_jobs() AS w;
END
$$;
COMMENT ON FUNCTION opencalendly.schedule_workers() IS
    'puts the workers into pg_cron, to run as the caller (SET ROLE first; a superuser keeps the role that they have), and returns the jobs; called again it brings them up to date; errors OC009, OC011 with what to do';

CREATE FUNCTION opencalendly.unschedule_workers() RETURNS integer
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone integer;
BEGIN
    IF opencalendly.cron_setting('database_name') IS NULL THEN
        RETURN 0;
    ELSIF opencalendly.cron_setting('database_name') <> current_database() THEN
        RAISE EXCEPTION USING ERRCODE = 'OC011',
            MESSAGE = format('pg_cron is in database "%s", not in this one', opencalendly.cron_setting('database_name')),
            HINT = format(E'As a superuser in database "%s":\n'
                'SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname IN (%s);',
                opencalendly.cron_setting('database_name'),
                (SELECT string_agg(quote_literal(opencalendly.remote_job_name(j.name)), ', ')
                 FROM (SELECT w.job_name FROM opencalendly.worker_jobs() AS w UNION ALL VALUES ('opencalendly-log')) AS j (name)));
    END IF;
    PERFORM opencalendly.check_cron();
    PERFORM cron.unschedule(j.jobid)
        FROM cron.job AS j JOIN opencalendly.worker_jobs() AS w ON w.job_name = j.jobname;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;
COMMENT ON FUNCTION opencalendly.unschedule_workers() IS
    'takes the caller''s (a superuser: everybody''s) jobs of schedule_workers out of pg_cron, returns how many; a worker that runs ends within 70 seconds; errors OC009, OC011';

-- It commits, so that no transaction of it is long: hence no SET and no SECURITY DEFINER, and every name is qualified. An id
-- begins with the time that it was made at, so what is old is found by the primary key.
CREATE PROCEDURE opencalendly.prune_outbox(keep interval DEFAULT '30 days') LANGUAGE plpgsql AS $$
DECLARE
    step constant integer := 10000;
    nobody constant uuid := '00000000-0000-0000-0000-000000000000';
    everybody constant uuid := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
    cutoff constant timestamptz := pg_catalog.clock_timestamp() - keep;
    last uuid := nobody;
    upto uuid;
    ids uuid[];
    event_ids uuid[];
BEGIN
    IF keep IS NULL OR keep < interval '0' THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = 'keep must be an interval of zero or more',
            DETAIL = pg_catalog.format('Field "keep" has the value %s.', coalesce(keep::text, 'null'));
    END IF;
    LOOP
        WITH old AS (
            SELECT d.id, d.event_id FROM opencalendly.webhook_deliveries AS d
                WHERE d.id > last AND d.id < opencalendly.first_id_of(cutoff)
                    AND d.status IN ('succeeded', 'failed') AND d.settled_at < cutoff
                ORDER BY d.id LIMIT step FOR UPDATE SKIP LOCKED)
        SELECT pg_catalog.array_agg(old.id ORDER BY old.id), pg_catalog.array_agg(DISTINCT old.event_id) INTO ids, event_ids
            FROM old;
        EXIT WHEN ids IS NULL;
        DELETE FROM opencalendly.webhook_deliveries AS d WHERE d.id = ANY (ids);
        DELETE FROM opencalendly.delivery_attempts AS a WHERE a.delivery_id = ANY (ids);
        DELETE FROM opencalendly.outbox_events AS e
            WHERE e.id = ANY (event_ids)
                AND NOT EXISTS (SELECT FROM opencalendly.webhook_deliveries AS d WHERE d.event_id = e.id);
        last := ids[pg_catalog.cardinality(ids)];
        COMMIT;
    END LOOP;

    last := nobody;
    LOOP
        SELECT pg_catalog.array_agg(old.id ORDER BY old.id) INTO ids FROM (
            SELECT d.id FROM opencalendly.calendar_writebacks AS d
                WHERE d.id > last AND d.id < opencalendly.first_id_of(cutoff)
                    AND d.status IN ('succeeded', 'failed') AND d.settled_at < cutoff
                ORDER BY d.id LIMIT step FOR UPDATE SKIP LOCKED) AS old;
        EXIT WHEN ids IS NULL;
        DELETE FROM opencalendly.calendar_writebacks AS d WHERE d.id = ANY (ids);
        DELETE FROM opencalendly.delivery_attempts AS a WHERE a.delivery_id = ANY (ids);
        last := ids[pg_catalog.cardinality(ids)];
        COMMIT;
    END LOOP;

    -- What a calendar tells of a meeting that is long over stays there as it is.
    last := nobody;
    LOOP
        SELECT pg_catalog.array_agg(old.id ORDER BY old.id) INTO ids FROM (
            SELECT e.id FROM opencalendly.calendar_entries AS e
                WHERE e.id > last AND e.id < opencalendly.first_id_of(cutoff)
                ORDER BY e.id LIMIT step) AS old;
        EXIT WHEN ids IS NULL;
        DELETE FROM opencalendly.calendar_entries AS e
            WHERE e.id = ANY (ids) AND NOT EXISTS (
                SELECT FROM opencalendly.bookings AS b
                    WHERE b.id = ANY (opencalendly.live_bookings_of(e.meeting_id)) AND b.ends_at >= cutoff);
        last := ids[pg_catalog.cardinality(ids)];
        COMMIT;
    END LOOP;

    -- Mails of the last day stay in any case: they are counted (has_mail_to_spare).
    last := nobody;
    LOOP
        SELECT pg_catalog.array_agg(old.id ORDER BY old.id) INTO ids FROM (
            SELECT d.id FROM opencalendly.email_deliveries AS d
                WHERE d.id > last AND d.id < opencalendly.first_id_of(cutoff)
                    AND d.status IN ('succeeded', 'failed') AND d.settled_at < cutoff
                    AND d.sends_at < pg_catalog.clock_timestamp() - interval '24 hours'
                ORDER BY d.id LIMIT step FOR UPDATE SKIP LOCKED) AS old;
        EXIT WHEN ids IS NULL;
        DELETE FROM opencalendly.email_deliveries AS d WHERE d.id = ANY (ids);
        DELETE FROM opencalendly.delivery_attempts AS a WHERE a.delivery_id = ANY (ids);
        last := ids[pg_catalog.cardinality(ids)];
        COMMIT;
    END LOOP;

    -- What has lost its deliveries otherwise: a subscription or a user was deleted. Both sides of the comparison are cut to the
    -- same range, so that a batch costs what it has, and not what the tables have.
    last := nobody;
    LOOP
        upto := coalesce((SELECT e.id FROM opencalendly.outbox_events AS e WHERE e.id > last ORDER BY e.id OFFSET step LIMIT 1), everybody);
        DELETE FROM opencalendly.outbox_events AS e
            WHERE e.id > last AND e.id <= upto
                AND NOT EXISTS (SELECT FROM opencalendly.webhook_deliveries AS d
                                WHERE d.event_id = e.id AND d.event_id > last AND d.event_id <= upto);
        COMMIT;
        EXIT WHEN upto = everybody;
        last := upto;
    END LOOP;
    last := nobody;
    LOOP
        upto := coalesce((SELECT a.delivery_id FROM opencalendly.delivery_attempts AS a
                              WHERE a.delivery_id > last ORDER BY a.delivery_id OFFSET step LIMIT 1), everybody);
        DELETE FROM opencalendly.delivery_attempts AS a
            WHERE a.delivery_id > last AND a.delivery_id <= upto
                AND NOT EXISTS (SELECT FROM opencalendly.webhook_deliveries AS d
                                WHERE d.id = a.delivery_id AND d.id > last AND d.id <= upto)
                AND NOT EXISTS (SELECT FROM opencalendly.email_deliveries AS d
                                WHERE d.id = a.delivery_id AND d.id > last AND d.id <= upto)
                AND NOT EXISTS (SELECT FROM opencalendly.calendar_writebacks AS d
                                WHERE d.id = a.delivery_id AND d.id > last AND d.id <= upto);
        COMMIT;
        EXIT WHEN upto = everybody;
        last := upto;
    END LOOP;

    -- Whoever was on the way to a calendar is there, or will not come.
    DELETE FROM opencalendly.calendar_consents AS c
        WHERE c.expires_at < pg_catalog.clock_timestamp() - interval '1 day';
    COMMIT;

    -- pg_cron never forgets a run by itself. Runs that could not start have no time, but a number.
    IF EXISTS (SELECT FROM pg_catalog.pg_extension AS e WHERE e.extname = 'pg_cron')
        AND pg_catalog.has_schema_privilege('cron', 'USAGE')
    THEN
        DELETE FROM cron.job_run_details AS d
            WHERE d.command IN (SELECT w.command FROM opencalendly.worker_jobs() AS w)
                AND d.database = pg_catalog.current_database()
                AND d.runid <= (SELECT pg_catalog.max(r.runid) FROM cron.job_run_details AS r
                                WHERE r.start_time < pg_catalog.clock_timestamp() - interval '7 days');
    END IF;
END
$$;
COMMENT ON PROCEDURE opencalendly.prune_outbox(interval) IS
    'deletes deliveries, of webhooks, mails and calendar entries, settled longer than keep ago (no mail of the last day), with their attempts, events that nobody is told any more, the names of calendar entries of meetings over for longer than that, consents that ended more than a day ago, and a week''s old runs of our jobs in pg_cron; commits every 10,000 rows, so call it outside of a transaction; errors OC006';

CREATE FUNCTION opencalendly.first_id_of(at timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (lpad(to_hex(greatest(floor(extract(epoch FROM at) * 1000), 0)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;
COMMENT ON FUNCTION opencalendly.first_id_of(timestamptz) IS
    'internal: the smallest id that is made at that time or later (a UUIDv7 begins with milliseconds)';
