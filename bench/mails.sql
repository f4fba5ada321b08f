-- Mails to be sent, in the database that load.sql made; may be run again.
--
-- bench.make_mails_due(n) queues confirmations to the invitees of n bookings, as booking them would, and wakes the workers;
-- bench.mails_drained(n) is how many a second were sent; bench.forget_mails() empties the queue.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET search_path = bench, pg_catalog;
DROP TABLE IF EXISTS mail_batch;
CREATE TABLE mail_batch (n bigint);

CREATE OR REPLACE FUNCTION make_mails_due(wanted integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO opencalendly.email_deliveries (kind, idempotency_key, email, booking_id, meeting_id)
        SELECT 'booking_confirmed', format('booking_confirmed/%s/0/invitee', b.id), b.invitee_email, b.id, b.id
        FROM (SELECT * FROM opencalendly.bookings WHERE status = 'confirmed' LIMIT wanted) AS b;
    INSERT INTO bench.mail_batch SELECT count(*) FROM opencalendly.email_deliveries;
    SELECT opencalendly.wake_workers_at_commit();
$$;

-- From the commit to the last one's being settled. Fails if one of them was not sent at once.
CREATE OR REPLACE FUNCTION mails_drained(wanted integer) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    committed_at timestamptz;
    settled_at timestamptz;
    succeeded bigint;
BEGIN
    SELECT pg_xact_commit_timestamp(b.xmin) INTO committed_at FROM bench.mail_batch AS b;
    SELECT max(d.settled_at), count(*) FILTER (WHERE d.status = 'succeeded' AND d.attempt = 1) INTO settled_at, succeeded
        FROM opencalendly.email_deliveries AS d;
    IF succeeded <> wanted THEN
        RAISE EXCEPTION 'only % were sent', succeeded;
    END IF;
    RETURN round(wanted / extract(epoch FROM settled_at - committed_at), 1);
END
$$;

CREATE OR REPLACE FUNCTION forget_mails() RETURNS void LANGUAGE sql AS $$
    TRUNCATE opencalendly.email_deliveries, opencalendly.delivery_attempts, bench.mail_batch;
$$;
