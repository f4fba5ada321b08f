-- The demo organizer's next free half hours:
SELECT e.id AS intro FROM opencalendly.event_types AS e JOIN opencalendly.users AS u ON u.id = e.user_id
    WHERE u.username = 'demo' AND e.slug = 'intro' \gset
SELECT starts_at, ends_at FROM opencalendly.compute_slots(:'intro', now(), now() + '7 days', 5);

-- Book the first one:
SELECT starts_at AS first_slot FROM opencalendly.compute_slots(:'intro', now(), now() + '7 days', 1) \gset
SELECT starts_at, ends_at, status FROM opencalendly.book_slot(
    :'intro', :'first_slot', 'Ada Lovelace', 'ada@example.org', 'Europe/London');

-- The same slot once more is refused, for a host's time is given once:
SELECT starts_at, ends_at, status FROM opencalendly.book_slot(
    :'intro', :'first_slot', 'Charles Babbage', 'charles@example.org', 'Europe/London');

-- Why?
SELECT verdict, reason, detail FROM opencalendly.explain_slot(:'intro', :'first_slot');
