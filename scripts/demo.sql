-- The demo organizer of "make run": user demo, open on weekdays 9 to 17, Berlin time. Does nothing if it is there.
SET client_min_messages = warning;
DO $$
DECLARE
    demo uuid;
BEGIN
    IF EXISTS (SELECT FROM opencalendly.users WHERE username = 'demo') THEN
        RETURN;
    END IF;
    demo := opencalendly.create_user('demo', 'demo@example.org', 'Demo Organizer', 'Europe/Berlin');
    PERFORM opencalendly.set_availability_rules(demo, (
        SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'dayOfWeek', day, 'startMinute', 9 * 60, 'endMinute', 17 * 60))
        FROM pg_catalog.generate_series(1, 5) AS day));
    PERFORM opencalendly.create_event_type(demo, 'Intro call', 'intro', 30,
        description => 'Half an hour to get to know each other.');
    PERFORM opencalendly.create_event_type(demo, 'Deep dive', 'deep-dive', 60,
        description => 'An hour for one question.', slot_interval_minutes => 30,
        buffer_after_minutes => 15, min_notice_minutes => 240);
END
$$;
