-- Everything belongs to opencalendly_owner, nothing is PUBLIC's, every table's rows go into pg_dump.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT c.oid::pg_catalog.regclass AS name, c.relkind FROM pg_catalog.pg_class AS c
        WHERE c.relnamespace = 'opencalendly'::pg_catalog.regnamespace AND c.relkind IN ('r', 'v')
    LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s OWNER TO opencalendly_owner', item.name);
        EXECUTE pg_catalog.format('REVOKE ALL ON TABLE %s FROM PUBLIC', item.name);
        EXECUTE pg_catalog.format('GRANT SELECT ON TABLE %s TO opencalendly_admin', item.name);
        IF item.relkind = 'r' THEN
            PERFORM pg_catalog.pg_extension_config_dump(item.name, '');
        END IF;
    END LOOP;
    FOR item IN SELECT p.oid::pg_catalog.regprocedure AS name, p.proname FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'opencalendly'::pg_catalog.regnamespace
    LOOP
        EXECUTE pg_catalog.format('ALTER ROUTINE %s OWNER TO opencalendly_owner', item.name);
        EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', item.name);
        IF item.proname LIKE 'api\_%' THEN
            EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO opencalendly_api', item.name);
        END IF;
    END LOOP;
    ALTER TYPE opencalendly.api_answer OWNER TO opencalendly_owner;
END
$$;

GRANT EXECUTE ON FUNCTION
    opencalendly.compute_slots, opencalendly.explain_slot, opencalendly.hold_slot, opencalendly.release_hold,
    opencalendly.book_slot, opencalendly.cancel_booking, opencalendly.reschedule_booking, opencalendly.booking_action,
    opencalendly.organizer_cancel_booking, opencalendly.organizer_reschedule_booking, opencalendly.mark_no_show,
    opencalendly.create_user, opencalendly.update_user,
    opencalendly.create_schedule, opencalendly.update_schedule, opencalendly.delete_schedule,
    opencalendly.set_availability_rules, opencalendly.set_availability_overrides,
    opencalendly.add_time_off, opencalendly.remove_time_off,
    opencalendly.create_event_type, opencalendly.update_event_type, opencalendly.delete_event_type,
    opencalendly.create_team, opencalendly.update_team, opencalendly.delete_team, opencalendly.invite_team_member,
    opencalendly.accept_team_invitation, opencalendly.decline_team_invitation, opencalendly.leave_team,
    opencalendly.remove_team_member, opencalendly.update_team_member, opencalendly.create_team_event_type,
    opencalendly.update_team_event_type, opencalendly.set_team_event_type_members, opencalendly.delete_user,
    opencalendly.create_login_link, opencalendly.create_session, opencalendly.revoke_sessions,
    opencalendly.prune_sessions, opencalendly.prune_login_links,
    opencalendly.create_webhook_subscription, opencalendly.update_webhook_subscription,
    opencalendly.delete_webhook_subscription, opencalendly.rotate_webhook_secret, opencalendly.resume_webhook,
    opencalendly.ping_webhook, opencalendly.replay_webhook, opencalendly.replay_webhooks, opencalendly.webhook_signature,
    opencalendly.set_notification_rules, opencalendly.mail_is_on, opencalendly.replay_mail, opencalendly.replay_writeback,
    opencalendly.is_timezone, opencalendly.current_instant, opencalendly.is_restored_copy, opencalendly.adopt_outbox, opencalendly.prune_idempotency_keys
    TO opencalendly_admin;

-- The workers' procedures commit, so they run with the caller's rights.
GRANT SELECT, UPDATE (failing_since, paused_reason) ON opencalendly.webhook_subscriptions TO opencalendly_worker;
GRANT SELECT, UPDATE (status, attempt, due_at, leased_until, last_error, settled_at), DELETE ON opencalendly.webhook_deliveries
    TO opencalendly_worker;
GRANT SELECT, UPDATE (status, attempt, due_at, leased_until, last_error, settled_at), DELETE ON opencalendly.email_deliveries
    TO opencalendly_worker;
-- Calendars (world/calendar.c, world/writeback.c); what a sync has found is written by functions.
GRANT SELECT, UPDATE (asked_at, attempt, failures, leased_until, next_sync_at) ON opencalendly.calendar_connections TO opencalendly_worker;
GRANT SELECT, UPDATE (attempt, leased_until) ON opencalendly.calendar_consents TO opencalendly_worker;
GRANT SELECT ON opencalendly.calendars TO opencalendly_worker;
GRANT SELECT, DELETE ON opencalendly.calendar_entries TO opencalendly_worker;
GRANT DELETE ON opencalendly.calendar_consents TO opencalendly_worker;
GRANT EXECUTE ON FUNCTION
    opencalendly.finish_consent, opencalendly.fail_consent, opencalendly.renew_access_token, opencalendly.apply_calendar_sync,
    opencalendly.fail_calendar_sync, opencalendly.ask_calendar_sync, opencalendly.leave_calendar
    TO opencalendly_worker;
GRANT SELECT, UPDATE (status, attempt, due_at, leased_until, last_error, settled_at), DELETE ON opencalendly.calendar_writebacks
    TO opencalendly_worker;
GRANT SELECT, INSERT, DELETE ON opencalendly.delivery_attempts TO opencalendly_worker;
GRANT SELECT, DELETE ON opencalendly.outbox_events TO opencalendly_worker;
GRANT SELECT, INSERT, UPDATE ON opencalendly.worker_heartbeats TO opencalendly_worker;
-- What mails tell (world/mail_facts.c).
GRANT SELECT (id, username, email, display_name, timezone, language) ON opencalendly.users TO opencalendly_worker;
GRANT SELECT (id, event_type_id, organizer_id, host_ids, seats, starts_at, ends_at, status, invitee_name, invitee_email,
    timezone, language, answers, link_key_id, rescheduled_from, sequence, cancel_reason, canceled_by, no_show_at,
    occurrence_id, seat_no, meeting_url)
    ON opencalendly.bookings TO opencalendly_worker;
GRANT SELECT (id, user_id, name, slug, location_type, location_value, conference, questions, cancellation_policy)
    ON opencalendly.event_types TO opencalendly_worker;
GRANT SELECT (event_type_id, team_id) ON opencalendly.team_event_types TO opencalendly_worker;
GRANT SELECT (id, owner_id, name, slug) ON opencalendly.teams TO opencalendly_worker;
GRANT SELECT (team_id, user_id, status) ON opencalendly.team_members TO opencalendly_worker;
GRANT SELECT (id, is_enabled) ON opencalendly.notification_rules TO opencalendly_worker;
GRANT SELECT (id, email, language, link_key_id, expires_at, used_at) ON opencalendly.login_links TO opencalendly_worker;
GRANT EXECUTE ON FUNCTION opencalendly.is_restored_copy, opencalendly.instant_text, opencalendly.tell_of_pause,
    opencalendly.keep_meeting_link
    TO opencalendly_worker;
GRANT EXECUTE ON FUNCTION
    opencalendly.schedule_workers, opencalendly.unschedule_workers, opencalendly.cron_setting, opencalendly.worker_jobs,
    opencalendly.remote_job_name, opencalendly.remote_job_statements, opencalendly.check_cron, opencalendly.job_role,
    opencalendly.first_id_of, opencalendly.live_bookings_of
    TO opencalendly_worker;
GRANT EXECUTE ON PROCEDURE opencalendly.run_deliveries, opencalendly.run_calendar_sync, opencalendly.prune_outbox TO opencalendly_worker;
