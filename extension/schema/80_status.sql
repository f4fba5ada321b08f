-- Whether this database is where its rows were written, or a restored copy of it.

CREATE FUNCTION opencalendly.is_restored_copy() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT coalesce(bool_and(i.system_identifier = c.system_identifier AND i.database_oid = d.oid), false)
    FROM pg_control_system() AS c
        CROSS JOIN (SELECT oid FROM pg_database WHERE datname = current_database()) AS d
        CROSS JOIN opencalendly.installations AS i
$$;
COMMENT ON FUNCTION opencalendly.is_restored_copy() IS
    'whether these rows came here by a dump from another cluster or database and have not been adopted';

CREATE FUNCTION opencalendly.adopt_outbox() RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was_copy constant boolean := opencalendly.is_restored_copy();
BEGIN
    DELETE FROM opencalendly.installations;
    INSERT INTO opencalendly.installations (system_identifier, database_oid)
        SELECT c.system_identifier, d.oid FROM pg_control_system() AS c, pg_database AS d
        WHERE d.datname = current_database();
    RETURN was_copy;
END
$$;
COMMENT ON FUNCTION opencalendly.adopt_outbox() IS
    'makes a restored copy the one that sends: returns whether it was a copy';

CREATE VIEW opencalendly.outbox_status AS
    SELECT CASE WHEN opencalendly.is_restored_copy() THEN 'restored copy' ELSE 'ready' END AS state;
COMMENT ON VIEW opencalendly.outbox_status IS
    'whether what is due is sent from here: ready, or restored copy until adopt_outbox()';
