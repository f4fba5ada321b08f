-- Creating and changing what hosts publish. The limits stand in the tables' constraints alone: these functions try the
-- write and turn a refusal into one OC006 that names the field and the value (or OC014 for a name that is taken).

-- Raises what a constraint's refusal means to the caller. given: the values by field name.
CREATE FUNCTION opencalendly.raise_refusal(
    refusal_state text, refusal_message text, column_name text, constraint_name text, given jsonb,
    path text DEFAULT '', names jsonb DEFAULT '{}')
    RETURNS void LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rule text := (SELECT obj_description(c.oid, 'pg_constraint') FROM pg_constraint AS c
                  WHERE c.connamespace = 'opencalendly'::regnamespace AND c.conname = constraint_name);
    field text := split_part(rule, ': ', 1);
    -- what the caller calls the column
    shown text := coalesce((SELECT n.key FROM jsonb_each(names) AS n
                            WHERE n.value ->> 0 = coalesce(nullif(column_name, ''), field)), nullif(column_name, ''), field);
BEGIN
    IF refusal_state = '23505' THEN
        field := CASE constraint_name
            WHEN 'users_username_key' THEN 'username' WHEN 'former_usernames_pkey' THEN 'username'
            WHEN 'users_email_key' THEN 'email' WHEN 'event_types_user_id_slug_key' THEN 'slug'
            WHEN 'schedules_one_default' THEN 'is_default' WHEN 'teams_slug_key' THEN 'slug'
            ELSE 'name' END;
        RAISE EXCEPTION USING ERRCODE = 'OC014', MESSAGE = format('%s is taken', field),
            DETAIL = format('Field "%s" has the value %s.', field, coalesce(left((given -> field)::text, 200), 'null'));
    ELSIF refusal_state = '23502' THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = format('%s must be given', shown),
            DETAIL = format('Field "%s" is null.', path || shown);
    ELSIF rule IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006',
            MESSAGE = format('%s %s', shown, substr(rule, length(field) + 3)),
            DETAIL = format('Field "%s" has the value %s.', path || shown,
                            left(coalesce((given -> field)::text, 'null'), 200));
    ELSE
        RAISE EXCEPTION USING ERRCODE = refusal_state, MESSAGE = refusal_message;
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.raise_refusal(text, text, text, text, jsonb, text, jsonb) IS
    'internal: raises OC006 or OC014 for a constraint''s refusal, in the words of the constraint''s comment';

-- The row with the changes in it. Raises OC006 for a field that cannot be set or has a value of another type.
CREATE FUNCTION opencalendly.with_changes(base anyelement, changes jsonb, allowed text[]) RETURNS anyelement
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    field text;
    wanted text;
    is_date boolean;
BEGIN
    IF jsonb_typeof(changes) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = 'changes must be a JSON object',
            DETAIL = format('Field "changes" has the value %s.', left(coalesce(changes::text, 'null'), 200));
    END IF;
    FOR field IN SELECT jsonb_object_keys(changes) LOOP
        IF field <> ALL (allowed) THEN
            RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = format('unknown field "%s"', left(field, 100)),
                DETAIL = format('Field "%s" cannot be set here.', left(field, 100)),
                HINT = 'It takes ' || array_to_string(allowed, ', ') || '.';
        END IF;
        SELECT CASE a.atttypid WHEN 'integer'::regtype THEN 'number' WHEN 'boolean'::regtype THEN 'boolean'
                WHEN 'jsonb'::regtype THEN jsonb_typeof(changes -> field) ELSE 'string' END, a.atttypid = 'date'::regtype
            INTO wanted, is_date
            FROM pg_attribute AS a JOIN pg_type AS t ON t.typrelid = a.attrelid
            WHERE t.oid = pg_typeof(base) AND a.attname = field;
        BEGIN
            IF jsonb_typeof(changes -> field) NOT IN ('null', wanted)
                OR is_date AND changes ->> field !~ '^\d{4}-\d\d-\d\d$'
            THEN
                RAISE data_exception;
            END IF;
            base := jsonb_populate_record(base, jsonb_build_object(field, changes -> field));
        EXCEPTION WHEN data_exception OR datetime_field_overflow THEN
            RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = format('%s has a value of the wrong type', field),
                DETAIL = format('Field "%s" has the value %s.', field, left((changes -> field)::text, 200));
        END;
    END LOOP;
    RETURN base;
END
$$;
COMMENT ON FUNCTION opencalendly.with_changes(anyelement, jsonb, text[]) IS
    'internal: a row with the given fields changed; raises OC006';

CREATE FUNCTION opencalendly.raise_unknown(what text, field text, value uuid) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF value IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = format('%s must be given', field),
            DETAIL = format('Field "%s" is null.', field);
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'OC013', MESSAGE = format('no such %s', what),
        DETAIL = format('Field "%s" has the value %s.', field, value);
END
$$;
COMMENT ON FUNCTION opencalendly.raise_unknown(text, text, uuid) IS
    'internal: raises OC006 for a null id and OC013 for one that names nothing';

-- Who changes a key that bookings refer to, or the seats of meetings, waits where bookings wait, and so before any row
-- is locked. All else can be changed while bookings go on.
CREATE FUNCTION opencalendly.lock_host(host_id uuid) RETURNS void
    AS 'MODULE_PATHNAME', 'lock_host' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION opencalendly.lock_host(uuid) IS
    'internal: waits for the lock under which a host''s time is given, until the end of the transaction';

CREATE FUNCTION opencalendly.lock_event_type(event_type_id uuid) RETURNS void
    AS 'MODULE_PATHNAME', 'lock_event_type' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION opencalendly.lock_event_type(uuid) IS
    'internal: waits for the lock under which an event type is booked (the host''s, or a team event type''s own), until the end of the transaction; errors OC002';

CREATE FUNCTION opencalendly.create_user(
    username text, email text, display_name text DEFAULT NULL, timezone text DEFAULT 'UTC', language text DEFAULT 'en')
    RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    new_id uuid;
    state text; message text; col text; con text;
BEGIN
    INSERT INTO opencalendly.users (username, email, display_name, timezone, language)
        VALUES (create_user.username, lower(create_user.email COLLATE "C"), create_user.display_name, create_user.timezone,
            create_user.language)
        RETURNING id INTO new_id;
    -- after the insert, which has waited for a rename that is giving the name up
    IF EXISTS (SELECT FROM opencalendly.former_usernames AS f WHERE f.username = create_user.username) THEN
        PERFORM opencalendly.raise_refusal('23505', '', '', 'former_usernames_pkey',
            jsonb_build_object('username', create_user.username));
    END IF;
    INSERT INTO opencalendly.schedules (user_id, name, is_default) VALUES (new_id, 'Working hours', true);
    RETURN new_id;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    PERFORM opencalendly.raise_refusal(state, message, col, con, jsonb_build_object('username', create_user.username,
        'email', create_user.email, 'display_name', create_user.display_name, 'timezone', create_user.timezone,
        'language', create_user.language));
END
$$;
COMMENT ON FUNCTION opencalendly.create_user(text, text, text, text, text) IS
    'makes a host with an empty default schedule, returns the id; email is stored in lower case; language: of mails, en or de; errors OC006, OC014';

CREATE FUNCTION opencalendly.update_user(user_id uuid, changes jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    old opencalendly.users;
    new opencalendly.users;
    state text; message text; col text; con text;
BEGIN
    IF changes ?| ARRAY['username', 'email'] THEN
        PERFORM opencalendly.lock_event_types_of(
            ARRAY(SELECT m.team_id FROM opencalendly.team_members AS m WHERE m.user_id = update_user.user_id));
        PERFORM opencalendly.lock_host(update_user.user_id);
    END IF;
    SELECT u.* INTO old FROM opencalendly.users AS u WHERE u.id = update_user.user_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('user', 'user_id', update_user.user_id);
    END IF;
    new := opencalendly.with_changes(old, changes, ARRAY['username', 'email', 'display_name', 'timezone', 'language']);
    new.email := lower(new.email COLLATE "C");
    UPDATE opencalendly.users AS u
        SET (username, email, display_name, timezone, language)
            = (new.username, new.email, new.display_name, new.timezone, new.language)
        WHERE u.id = old.id;
    IF new.username <> old.username THEN
        DELETE FROM opencalendly.former_usernames AS f WHERE f.username = new.username AND f.user_id = old.id;
        IF EXISTS (SELECT FROM opencalendly.former_usernames AS f WHERE f.username = new.username) THEN
            PERFORM opencalendly.raise_refusal('23505', '', '', 'former_usernames_pkey', to_jsonb(new));
        END IF;
        INSERT INTO opencalendly.former_usernames (username, user_id) VALUES (old.username, old.id);
    END IF;
    RETURN old.id;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    PERFORM opencalendly.raise_refusal(state, message, col, con, changes);
END
$$;
COMMENT ON FUNCTION opencalendly.update_user(uuid, jsonb) IS
    'changes username, email, display_name, timezone, language: {"timezone": "Europe/Berlin"}; the default schedule''s zone moves with timezone; errors OC006, OC013, OC014';

CREATE FUNCTION opencalendly.create_schedule(
    user_id uuid, name text, timezone text, rules jsonb DEFAULT '[]') RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    new_id uuid;
    state text; message text; col text; con text;
BEGIN
    PERFORM FROM opencalendly.users AS u WHERE u.id = create_schedule.user_id FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('user', 'user_id', create_schedule.user_id);
    END IF;
    BEGIN
        INSERT INTO opencalendly.schedules (user_id, name, timezone)
            VALUES (create_schedule.user_id, create_schedule.name, create_schedule.timezone)
            RETURNING id INTO new_id;
    EXCEPTION WHEN integrity_constraint_violation THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
        PERFORM opencalendly.raise_refusal(state, message, col, con,
            jsonb_build_object('name', create_schedule.name, 'timezone', create_schedule.timezone));
    END;
    PERFORM opencalendly.set_availability_rules(create_schedule.user_id, create_schedule.rules, new_id);
    RETURN new_id;
END
$$;
COMMENT ON FUNCTION opencalendly.create_schedule(uuid, text, text, jsonb) IS
    'makes a named schedule with its own zone and rules (as set_availability_rules), returns the id; errors OC006, OC013, OC014';

CREATE FUNCTION opencalendly.update_schedule(schedule_id uuid, changes jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    old opencalendly.schedules;
    new opencalendly.schedules;
    state text; message text; col text; con text;
BEGIN
    -- the user's row first, as whoever changes hours
    PERFORM FROM opencalendly.users AS u
        WHERE u.id = (SELECT s.user_id FROM opencalendly.schedules AS s WHERE s.id = update_schedule.schedule_id)
        FOR NO KEY UPDATE;
    SELECT s.* INTO old FROM opencalendly.schedules AS s WHERE s.id = update_schedule.schedule_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('schedule', 'schedule_id', update_schedule.schedule_id);
    END IF;
    SELECT coalesce(old.timezone, u.timezone) INTO old.timezone FROM opencalendly.users AS u WHERE u.id = old.user_id;
    new := opencalendly.with_changes(old, changes, ARRAY['name', 'timezone', 'is_default']);
    IF new.is_default IS NULL OR new.timezone IS NULL THEN
        PERFORM opencalendly.raise_refusal('23502', '',
            CASE WHEN new.timezone IS NULL THEN 'timezone' ELSE 'is_default' END, '', changes);
    ELSIF old.is_default AND NOT new.is_default THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = 'is_default must stay true on the default schedule',
            DETAIL = 'Field "is_default" has the value false.', HINT = 'Make another schedule the default instead.';
    END IF;
    IF new.is_default THEN
        -- the default schedule's zone is the user's: the user's follows, the hours keep their meaning
        UPDATE opencalendly.schedules AS s SET is_default = false, timezone = u.timezone
            FROM opencalendly.users AS u
            WHERE u.id = old.user_id AND s.user_id = u.id AND s.is_default AND s.id <> old.id;
        UPDATE opencalendly.users AS u SET timezone = new.timezone
            WHERE u.id = old.user_id AND u.timezone <> new.timezone;
    END IF;
    UPDATE opencalendly.schedules AS s SET name = new.name, is_default = new.is_default,
            timezone = CASE WHEN new.is_default THEN NULL ELSE new.timezone END
        WHERE s.id = old.id;
    RETURN old.id;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    PERFORM opencalendly.raise_refusal(state, message, col, con, changes);
END
$$;
COMMENT ON FUNCTION opencalendly.update_schedule(uuid, jsonb) IS
    'changes name, timezone, is_default (to true; the user''s timezone follows the new default); errors OC006, OC013, OC014';

CREATE FUNCTION opencalendly.delete_schedule(schedule_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    old opencalendly.schedules;
    users_of_it bigint;
BEGIN
    SELECT s.* INTO old FROM opencalendly.schedules AS s WHERE s.id = delete_schedule.schedule_id FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('schedule', 'schedule_id', delete_schedule.schedule_id);
    END IF;
    SELECT (SELECT count(*) FROM opencalendly.event_types AS e WHERE e.schedule_id = old.id)
            + (SELECT count(*) FROM opencalendly.team_event_type_members AS m WHERE m.schedule_id = old.id)
        INTO users_of_it;
    IF old.is_default OR users_of_it > 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'schedule is in use',
            DETAIL = CASE WHEN old.is_default THEN 'It is the default schedule.'
                          ELSE format('%s event types name it.', users_of_it) END;
    END IF;
    DELETE FROM opencalendly.schedules AS s WHERE s.id = old.id;
    RETURN old.id;
EXCEPTION WHEN foreign_key_violation THEN
    RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'schedule is in use',
        DETAIL = 'An event type has just been given it.';
END
$$;
COMMENT ON FUNCTION opencalendly.delete_schedule(uuid) IS
    'deletes a named schedule with its rules and overrides; errors OC005 (the default, or named by an event type), OC006, OC013';

-- The schedule that a call is about: the named one, which must be the user's, or the default one, made if missing.
CREATE FUNCTION opencalendly.schedule_of(user_id uuid, schedule_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found_id uuid;
BEGIN
    -- the row lock makes concurrent replacements of one user's hours follow each other
    PERFORM FROM opencalendly.users AS u WHERE u.id = schedule_of.user_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('user', 'user_id', schedule_of.user_id);
    END IF;
    SELECT s.id INTO found_id FROM opencalendly.schedules AS s
        WHERE s.user_id = schedule_of.user_id
            AND CASE WHEN schedule_of.schedule_id IS NULL THEN s.is_default ELSE s.id = schedule_of.schedule_id END;
    IF found_id IS NULL AND schedule_of.schedule_id IS NOT NULL THEN
        PERFORM opencalendly.raise_unknown('schedule', 'schedule_id', schedule_of.schedule_id);
    ELSIF found_id IS NULL THEN
        INSERT INTO opencalendly.schedules (user_id, name, is_default)
            VALUES (schedule_of.user_id, 'Working hours', true) RETURNING id INTO found_id;
    END IF;
    RETURN found_id;
END
$$;
COMMENT ON FUNCTION opencalendly.schedule_of(uuid, uuid) IS
    'internal: the id of the user''s named or default schedule, with the user''s row locked';

-- One row of a JSON list, typed. Raises OC006 that names the element: rules[3].startMinute.
CREATE FUNCTION opencalendly.list_item(base anyelement, item jsonb, fields jsonb, path text) RETURNS anyelement
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    field text;
BEGIN
    IF jsonb_typeof(item) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = format('%s must be a JSON object', path),
            DETAIL = format('Field "%s" has the value %s.', path, left(item::text, 200));
    END IF;
    FOR field IN SELECT jsonb_object_keys(item) LOOP
        IF NOT fields ? field THEN
            RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = format('unknown field "%s"', left(field, 100)),
                DETAIL = format('Field "%s.%s" is not known.', path, left(field, 100)),
                HINT = 'It takes ' || (SELECT string_agg(k, ', ') FROM jsonb_object_keys(fields) AS k) || '.';
        END IF;
        CONTINUE WHEN item -> field = 'null'::jsonb;
        BEGIN
            IF jsonb_typeof(item -> field) <> coalesce(nullif(fields -> field ->> 1, 'instant'), 'string')
                OR fields -> field ->> 1 = 'instant' AND item ->> field
                    !~ '^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)$'
            THEN
                RAISE data_exception;
            END IF;
            base := jsonb_populate_record(base, jsonb_build_object(fields -> field ->> 0, item -> field));
        EXCEPTION WHEN data_exception THEN
            RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = format('%s has a value of the wrong type', field),
                DETAIL = format('Field "%s.%s" has the value %s.', path, field, left((item -> field)::text, 200));
        END;
    END LOOP;
    RETURN base;
END
$$;
COMMENT ON FUNCTION opencalendly.list_item(anyelement, jsonb, jsonb, text) IS
    'internal: a row out of a JSON object; fields maps its keys to [column, JSON type or instant]; raises OC006';

CREATE FUNCTION opencalendly.check_list(field text, list jsonb, most integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF jsonb_typeof(list) IS DISTINCT FROM 'array' THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = format('%s must be a JSON list', field),
            DETAIL = format('Field "%s" has the value %s.', field, left(coalesce(list::text, 'null'), 200));
    ELSIF jsonb_array_length(list) > most THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = format('%s must have at most %s entries', field, most),
            DETAIL = format('Field "%s" has %s entries.', field, jsonb_array_length(list));
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.check_list(text, jsonb, integer) IS
    'internal: raises OC006 unless the value is a JSON list with at most so many entries';

CREATE FUNCTION opencalendly.set_availability_rules(user_id uuid, rules jsonb, schedule_id uuid DEFAULT NULL)
    RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    target uuid;
    item jsonb;
    n integer := 0;
    path text;
    rule opencalendly.availability_rules;
    fields constant jsonb := '{"dayOfWeek": ["day_of_week", "number"], "startMinute": ["start_minute", "number"],
        "endMinute": ["end_minute", "number"], "bufferBeforeMinutes": ["buffer_before_minutes", "number"],
        "bufferAfterMinutes": ["buffer_after_minutes", "number"]}';
    state text; message text; col text; con text;
BEGIN
    PERFORM opencalendly.check_list('rules', rules, 50);
    target := opencalendly.schedule_of(set_availability_rules.user_id, set_availability_rules.schedule_id);
    DELETE FROM opencalendly.availability_rules AS r WHERE r.schedule_id = target;
    FOR item IN SELECT e FROM jsonb_array_elements(rules) AS e LOOP
        path := format('rules[%s]', n);
        rule := NULL;
        rule.buffer_before_minutes := 0;
        rule.buffer_after_minutes := 0;
        rule := opencalendly.list_item(rule, item, fields, path);
        INSERT INTO opencalendly.availability_rules
            (schedule_id, day_of_week, start_minute, end_minute, buffer_before_minutes, buffer_after_minutes)
            VALUES (target, rule.day_of_week, rule.start_minute, rule.end_minute,
                rule.buffer_before_minutes, rule.buffer_after_minutes);
        n := n + 1;
    END LOOP;
    RETURN n;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    PERFORM opencalendly.raise_refusal(state, message, col, con, to_jsonb(rule), path || '.', fields);
END
$$;
COMMENT ON FUNCTION opencalendly.set_availability_rules(uuid, jsonb, uuid) IS
    'replaces all weekly hours of a schedule (null: the default one), returns how many: [{"dayOfWeek": 1, "startMinute": 540, "endMinute": 1020, "bufferBeforeMinutes"?, "bufferAfterMinutes"?}], at most 50; errors OC006, OC013';

CREATE FUNCTION opencalendly.set_availability_overrides(user_id uuid, overrides jsonb, schedule_id uuid DEFAULT NULL)
    RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    target uuid;
    item jsonb;
    n integer := 0;
    path text;
    override opencalendly.availability_overrides;
    fields constant jsonb := '{"startAt": ["starts_at", "instant"], "endAt": ["ends_at", "instant"],
        "isAvailable": ["is_available", "boolean"], "replacesDay": ["replaces_day", "boolean"],
        "reason": ["reason", "string"]}';
    state text; message text; col text; con text;
BEGIN
    PERFORM opencalendly.check_list('overrides', overrides, 200);
    target := opencalendly.schedule_of(set_availability_overrides.user_id, set_availability_overrides.schedule_id);
    DELETE FROM opencalendly.availability_overrides AS o WHERE o.schedule_id = target;
    FOR item IN SELECT e FROM jsonb_array_elements(overrides) AS e LOOP
        path := format('overrides[%s]', n);
        override := NULL;
        override.replaces_day := false;
        override := opencalendly.list_item(override, item, fields, path);
        INSERT INTO opencalendly.availability_overrides
            (user_id, schedule_id, starts_at, ends_at, is_available, replaces_day, reason)
            VALUES (set_availability_overrides.user_id, target, override.starts_at, override.ends_at,
                override.is_available, override.replaces_day, override.reason);
        n := n + 1;
    END LOOP;
    RETURN n;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    PERFORM opencalendly.raise_refusal(state, message, col, con, to_jsonb(override), path || '.', fields);
END
$$;
COMMENT ON FUNCTION opencalendly.set_availability_overrides(uuid, jsonb, uuid) IS
    'replaces all overrides of a schedule (null: the default one), time off excepted, returns how many: [{"startAt", "endAt" (2026-06-01T09:00:00Z), "isAvailable", "replacesDay"?, "reason"?}], at most 200; errors OC006, OC013';

CREATE FUNCTION opencalendly.add_time_off(
    user_id uuid, starts_at timestamptz, ends_at timestamptz, reason text DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    new_id uuid;
    state text; message text; col text; con text;
BEGIN
    PERFORM FROM opencalendly.users AS u WHERE u.id = add_time_off.user_id FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('user', 'user_id', add_time_off.user_id);
    END IF;
    INSERT INTO opencalendly.availability_overrides (user_id, starts_at, ends_at, is_available, reason, source)
        VALUES (add_time_off.user_id, add_time_off.starts_at, add_time_off.ends_at, false, add_time_off.reason, 'time_off')
        RETURNING id INTO new_id;
    RETURN new_id;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    PERFORM opencalendly.raise_refusal(state, message, col, con, jsonb_build_object(
        'starts_at', add_time_off.starts_at, 'ends_at', add_time_off.ends_at, 'reason', add_time_off.reason));
END
$$;
COMMENT ON FUNCTION opencalendly.add_time_off(uuid, timestamptz, timestamptz, text) IS
    'blocks [starts_at, ends_at) in all the user''s schedules, returns the override''s id; bookings inside stay; errors OC006, OC013';

CREATE FUNCTION opencalendly.remove_time_off(time_off_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM opencalendly.availability_overrides AS o
        WHERE o.id = time_off_id AND o.schedule_id IS NULL AND NOT o.is_available;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('time off', 'time_off_id', time_off_id);
    END IF;
    RETURN time_off_id;
END
$$;
COMMENT ON FUNCTION opencalendly.remove_time_off(uuid) IS 'takes time off back, returns its id; errors OC006, OC013';

CREATE FUNCTION opencalendly.create_event_type(
    user_id uuid, name text, slug text, duration_minutes integer, location_type text DEFAULT 'video',
    location_value text DEFAULT NULL, questions jsonb DEFAULT '[]', description text DEFAULT NULL,
    slot_interval_minutes integer DEFAULT 15, buffer_before_minutes integer DEFAULT NULL,
    buffer_after_minutes integer DEFAULT NULL, min_notice_minutes integer DEFAULT 0,
    max_days_ahead integer DEFAULT NULL, bookable_from date DEFAULT NULL, bookable_until date DEFAULT NULL,
    daily_booking_limit integer DEFAULT NULL, weekly_booking_limit integer DEFAULT NULL,
    monthly_booking_limit integer DEFAULT NULL, seats integer DEFAULT 1, schedule_id uuid DEFAULT NULL,
    is_active boolean DEFAULT true, is_hidden boolean DEFAULT false, cancellation_policy text DEFAULT NULL,
    conference text DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    new_id uuid;
    state text; message text; col text; con text;
BEGIN
    PERFORM FROM opencalendly.users AS u WHERE u.id = create_event_type.user_id FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('user', 'user_id', create_event_type.user_id);
    END IF;
    INSERT INTO opencalendly.event_types (user_id, name, slug, duration_minutes, location_type, location_value,
            questions, description, slot_interval_minutes, buffer_before_minutes, buffer_after_minutes,
            min_notice_minutes, max_days_ahead, bookable_from, bookable_until, daily_booking_limit,
            weekly_booking_limit, monthly_booking_limit, seats, schedule_id, is_active, is_hidden, cancellation_policy, conference)
        VALUES (user_id, name, slug, duration_minutes, location_type, location_value,
            questions, description, slot_interval_minutes, buffer_before_minutes, buffer_after_minutes,
            min_notice_minutes, max_days_ahead, bookable_from, bookable_until, daily_booking_limit,
            weekly_booking_limit, monthly_booking_limit, seats, schedule_id, is_active, is_hidden, cancellation_policy, conference)
        RETURNING id INTO new_id;
    RETURN new_id;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    PERFORM opencalendly.raise_refusal(state, message, col, con, jsonb_build_object('name', name, 'slug', slug,
        'duration_minutes', duration_minutes, 'location_type', location_type, 'location_value', location_value,
        'questions', questions, 'description', description, 'slot_interval_minutes', slot_interval_minutes,
        'buffer_before_minutes', buffer_before_minutes, 'buffer_after_minutes', buffer_after_minutes,
        'min_notice_minutes', min_notice_minutes, 'max_days_ahead', max_days_ahead, 'bookable_from', bookable_from,
        'bookable_until', bookable_until, 'daily_booking_limit', daily_booking_limit,
        'weekly_booking_limit', weekly_booking_limit, 'monthly_booking_limit', monthly_booking_limit,
        'seats', seats, 'schedule_id', schedule_id, 'cancellation_policy', cancellation_policy, 'conference', conference));
END
$$;
COMMENT ON FUNCTION opencalendly.create_event_type(uuid, text, text, integer, text, text, jsonb, text, integer, integer,
    integer, integer, integer, date, date, integer, integer, integer, integer, uuid, boolean, boolean, text, text) IS
    'makes an event type, returns the id; lengths in minutes; errors OC006, OC013, OC014';

CREATE FUNCTION opencalendly.update_event_type(event_type_id uuid, changes jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    old opencalendly.event_types;
    new opencalendly.event_types;
    state text; message text; col text; con text;
BEGIN
    IF changes ?| ARRAY['slug', 'seats'] THEN
        PERFORM opencalendly.lock_event_type(e.id) FROM opencalendly.event_types AS e WHERE e.id = update_event_type.event_type_id;
    END IF;
    SELECT e.* INTO old FROM opencalendly.event_types AS e
        WHERE e.id = update_event_type.event_type_id AND e.deleted_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('event type', 'event_type_id', update_event_type.event_type_id);
    END IF;
    new := opencalendly.with_changes(old, changes, ARRAY['name', 'slug', 'description', 'duration_minutes',
        'location_type', 'location_value', 'questions', 'slot_interval_minutes', 'buffer_before_minutes',
        'buffer_after_minutes', 'min_notice_minutes', 'max_days_ahead', 'bookable_from', 'bookable_until',
        'daily_booking_limit', 'weekly_booking_limit', 'monthly_booking_limit', 'seats', 'schedule_id',
        'is_active', 'is_hidden', 'cancellation_policy', 'conference']);
    IF changes ->> 'schedule_id' IS NOT NULL
        AND EXISTS (SELECT FROM opencalendly.team_event_types AS t WHERE t.event_type_id = old.id)
    THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = 'schedule_id must be null in a team''s event type',
            DETAIL = format('Field "schedule_id" has the value %s.', changes -> 'schedule_id'),
            HINT = 'The members'' own schedules count (set_team_event_type_members).';
    END IF;
    UPDATE opencalendly.event_types AS e
        SET (name, slug, description, duration_minutes, location_type, location_value, questions,
                slot_interval_minutes, buffer_before_minutes, buffer_after_minutes, min_notice_minutes, max_days_ahead,
                bookable_from, bookable_until, daily_booking_limit, weekly_booking_limit, monthly_booking_limit,
                seats, schedule_id, is_active, is_hidden, cancellation_policy, conference)
            = (new.name, new.slug, new.description, new.duration_minutes, new.location_type, new.location_value,
                new.questions, new.slot_interval_minutes, new.buffer_before_minutes, new.buffer_after_minutes,
                new.min_notice_minutes, new.max_days_ahead, new.bookable_from, new.bookable_until,
                new.daily_booking_limit, new.weekly_booking_limit, new.monthly_booking_limit,
                new.seats, new.schedule_id, new.is_active, new.is_hidden, new.cancellation_policy, new.conference)
        WHERE e.id = old.id;
    IF new.seats > old.seats THEN
        PERFORM opencalendly.regroup_calendar_entries(old.id);
    END IF;
    -- more seats hold for the meetings that are there already; fewer need no change here (the smaller number counts)
    UPDATE opencalendly.occurrences AS o SET seats = new.seats
        WHERE o.event_type_id = old.id AND o.seats < new.seats AND o.starts_at > opencalendly.current_instant();
    RETURN old.id;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    PERFORM opencalendly.raise_refusal(state, message, col, con, changes);
END
$$;
COMMENT ON FUNCTION opencalendly.update_event_type(uuid, jsonb) IS
    'changes an event type, null clears an optional field: {"duration_minutes": 45}; bookings stay as they were made; errors OC006, OC013, OC014';

CREATE FUNCTION opencalendly.prune_idempotency_keys() RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (DELETE FROM opencalendly.idempotency_keys AS k
                  WHERE k.expires_at <= opencalendly.current_instant() RETURNING 1)
    SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION opencalendly.prune_idempotency_keys() IS
    'deletes the answers kept for idempotency keys that have run out, returns how many; run it daily';
