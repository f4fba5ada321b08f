-- Waking the workers, for functions that make something due (verbs/wake.h).

CREATE FUNCTION opencalendly.wake_workers_at_commit() RETURNS void
    AS 'MODULE_PATHNAME', 'wake_workers_at_commit' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION opencalendly.wake_workers_at_commit() IS
    'internal: workers look for what is due as soon as this transaction has committed';

CREATE FUNCTION opencalendly.wake_workers() RETURNS void
    AS 'MODULE_PATHNAME', 'wake_workers' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION opencalendly.wake_workers() IS 'internal: workers look for what is due now';
