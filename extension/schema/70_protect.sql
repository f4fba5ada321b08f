-- Refuses what would take this extension, its schema or an extension that it stands on with it, while bookings exist.
CREATE FUNCTION opencalendly.protect_bookings() RETURNS event_trigger
    AS 'MODULE_PATHNAME', 'protect_bookings' LANGUAGE C VOLATILE
    SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION opencalendly.protect_bookings() IS
    'event trigger: refuses to drop the extension while bookings exist, unless opencalendly.allow_drop is on (OC005)';
CREATE EVENT TRIGGER opencalendly_protect_bookings ON ddl_command_start
    WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED')
    EXECUTE FUNCTION opencalendly.protect_bookings();
ALTER EVENT TRIGGER opencalendly_protect_bookings ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER opencalendly_protect_bookings IS 'keeps bookings from being dropped by accident';
