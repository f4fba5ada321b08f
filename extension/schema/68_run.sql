-- The worker's procedure. It commits, so it is neither SECURITY DEFINER nor has SET clauses: who calls it needs the
-- tables, as opencalendly_worker has them.

CREATE PROCEDURE opencalendly.run_deliveries(max_seconds integer DEFAULT NULL)
    AS 'MODULE_PATHNAME', 'run_deliveries' LANGUAGE C;
COMMENT ON PROCEDURE opencalendly.run_deliveries(integer) IS
    'sends what is due, again and again, for max_seconds (0 to 86400; null = until it is stopped), and then ends what is under way; several at once are safe; a statement of its own (2D000); on a standby and in a restored copy it returns at once; errors 2D000, OC006';

CREATE PROCEDURE opencalendly.run_calendar_sync(max_seconds integer DEFAULT NULL)
    AS 'MODULE_PATHNAME', 'run_calendar_sync' LANGUAGE C;
COMMENT ON PROCEDURE opencalendly.run_calendar_sync(integer) IS
    'connects calendars and reads those that are due into the mirror, again and again, for max_seconds (0 to 86400; null = until it is stopped); several at once are safe; a statement of its own (2D000); on a standby and in a restored copy it returns at once; errors 2D000, OC006';
