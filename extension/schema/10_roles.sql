-- Roles. They belong to the cluster, not to the database, so they may be here already.
-- opencalendly_owner   owns every table and function, nobody logs in as it
-- opencalendly_admin   SQL callers: the verbs and the functions that create and change things
-- opencalendly_api     the HTTP shim: api_* functions only
-- opencalendly_worker  pg_cron's jobs
DO $$
DECLARE
    role_name text;
BEGIN
    IF pg_catalog.current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = 'opencalendly needs a database in UTF8',
            DETAIL = pg_catalog.format('This one is in %s.', pg_catalog.current_setting('server_encoding'));
    END IF;
    FOREACH role_name IN ARRAY ARRAY['opencalendly_owner', 'opencalendly_admin',
                                     'opencalendly_api', 'opencalendly_worker']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS', role_name);
        END IF;
    END LOOP;
END
$$;

REVOKE ALL ON SCHEMA opencalendly FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA opencalendly TO opencalendly_owner;
GRANT USAGE ON SCHEMA opencalendly TO opencalendly_admin, opencalendly_api, opencalendly_worker;
COMMENT ON SCHEMA opencalendly IS 'OpenCalendly: scheduling inside PostgreSQL; docs/sql.md tells every table and function';
