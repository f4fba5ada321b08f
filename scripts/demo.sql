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

-- And a demo team, of two other hosts and the demo organizer: an introduction by whoever is next, a panel with everybody.
DO $$
DECLARE
    demo constant uuid := (SELECT u.id FROM opencalendly.users AS u WHERE u.username = 'demo');
    grace uuid;
    ravi uuid;
    team uuid;
BEGIN
    IF EXISTS (SELECT FROM opencalendly.teams WHERE slug = 'demo-team')
        OR EXISTS (SELECT FROM opencalendly.users WHERE username IN ('demo-grace', 'demo-ravi'))
    THEN
        RETURN;
    END IF;
    grace := opencalendly.create_user('demo-grace', 'grace@example.org', 'Grace', 'America/New_York');
    ravi := opencalendly.create_user('demo-ravi', 'ravi@example.org', 'Ravi', 'Asia/Kolkata');
    PERFORM opencalendly.set_availability_rules(member, (
        SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'dayOfWeek', day, 'startMinute', first, 'endMinute', last))
        FROM pg_catalog.generate_series(1, 5) AS day))
        FROM (VALUES (grace, 7 * 60, 15 * 60), (ravi, 12 * 60, 21 * 60)) AS m (member, first, last);
    team := opencalendly.create_team(grace, 'Demo team', 'demo-team');
    PERFORM opencalendly.invite_team_member(team, member), opencalendly.accept_team_invitation(team, member)
        FROM pg_catalog.unnest(ARRAY[demo, ravi]) AS m (member);
    PERFORM opencalendly.create_team_event_type(team, 'Introduction', 'intro', 30, 'round_robin',
        description => 'Half an hour with whoever of us is next.');
    PERFORM opencalendly.create_team_event_type(team, 'Panel', 'panel', 45, 'collective',
        description => 'All three of us, wherever we are.');
END
$$;
