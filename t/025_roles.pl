# Promise: a role with no grants can call nothing and see nothing; a member of opencalendly_admin can call the verbs
# and change no table; whoever calls, with whatever search_path, the verbs do what they do for everybody; only a
# superuser turns the clock or allows a drop.
use strict;
use warnings;
use OpenCalendly;
use PostgreSQL::Test::Utils;
use Scene;
use Test::More;

# No clock in the configuration file: who may set it is tested here.
my $node = OpenCalendly::node('main', conf => "timezone = 'UTC'\n");
OpenCalendly::install($node);
Scene::host($node);
my $clock = "opencalendly.clock = '2026-06-01 08:00+00'";
$node->safe_psql('postgres', <<"SQL");
CREATE ROLE nobody LOGIN;
CREATE ROLE clerk LOGIN IN ROLE opencalendly_admin;
CREATE ROLE shim LOGIN IN ROLE opencalendly_api;
CREATE ROLE worker LOGIN IN ROLE opencalendly_worker;
ALTER ROLE clerk SET $clock;
SQL

sub rows { return $node->safe_psql('postgres', $_[0]) }

sub state_as
{
	my ($user, $sql) = @_;
	return Scene::state_of($node, $sql, user => $user);
}

# What a role may do at all, by the catalogs. Row types are no data, so types do not count.
sub rights_of
{
	my ($role) = @_;
	return rows(<<"SQL");
SELECT 'function ' || p.oid::regprocedure FROM pg_proc AS p
	WHERE pronamespace = 'opencalendly'::regnamespace AND has_function_privilege('$role', p.oid, 'EXECUTE')
UNION ALL
SELECT 'relation ' || c.oid::regclass || ' ' || privilege FROM pg_class AS c,
		unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS privilege
	WHERE relnamespace = 'opencalendly'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
		AND has_any_column_privilege('$role', c.oid, privilege)
UNION ALL
SELECT 'relation ' || c.oid::regclass || ' ' || privilege FROM pg_class AS c,
		unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER']) AS privilege
	WHERE relnamespace = 'opencalendly'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
		AND has_table_privilege('$role', c.oid, privilege)
UNION ALL
SELECT 'sequence ' || c.oid::regclass FROM pg_class AS c
	WHERE relnamespace = 'opencalendly'::regnamespace
		AND CASE WHEN relkind = 'S' THEN has_sequence_privilege('$role', c.oid, 'USAGE, SELECT, UPDATE') ELSE false END
UNION ALL
SELECT 'schema ' || privilege FROM unnest(ARRAY['USAGE', 'CREATE']) AS privilege
	WHERE has_schema_privilege('$role', 'opencalendly', privilege)
ORDER BY 1
SQL
}

is(rights_of('public'), '', 'PUBLIC has no right to anything');
is(rights_of('nobody'), '', 'a role with no grants has no right to anything');
unlike(rights_of('shim'), qr/^(relation|sequence)|CREATE/m, 'the HTTP shim sees no table');
unlike(rights_of('shim'), qr/^function (?!opencalendly\.api_)/m, 'the HTTP shim calls api_ functions alone');
unlike(rights_of('clerk'), qr/INSERT|UPDATE|DELETE|TRUNCATE|REFERENCES|TRIGGER|CREATE|sequence/, 'an admin changes no table');
unlike(rights_of('clerk'), qr/raise_|lock_|check_|with_changes|list_item|schedule_of|protect_bookings|is_active_member|retire_|drop_unbooked|_json|_parts|own_|visible_|_etag|etag_|_answer|cursor|_list|without_|cleared|has_owner_role|member_team_id|invited_|booking_page|event_type_fields|signed_in|body_|_parameter|is_of_kind|instant_text|_page|page_|(?:chosen|zone|form|meeting|times|clock|link|actions|queued|published|organizer|team_booking)_members|first_free|clocks_change|slot_days|local_text|_by_form|action_state|link_path|moved_to|booking_body|login_token\(|login_link_id|random_token|booking_links|use_login_link|seal_|calendar_(?:state|challenge)|_consent\(|token_times|put_|is_whole_list|choose_calendars|_connection\(|renew_access|ask_calendar|leave_calendar|is_date|is_leap_year|is_wall_clock|is_instant|first_reading|event_time|event_end|is_busy_event|told_events|booking_of_event|attended_bookings|is_asked_since|apply_|calendar_sync|end_sync|_set_up|is_stale\(|next_sync_of|begin_(?:wait|leaving)|percent_encoded|consent_url|sync_window|active_connections|ask_for_sync|await_|set_(?:busy_source|write_target)|change_(?:calendar|staleness)|new_webhook_secret|_problem|wake_workers|distinct_events|add_webhook|(?:pause|release|due|processed)_deliveries|replace_webhook|wanted_|sends\(|delivery_(?:page|place|answer)|enqueue_|mail_transport|mail_to_invitee|has_mail_to|plan_mails|planned_|rule_id_of|first_booking_of|add_notification|notifications_of|pending_notif|email_members|due_mails|processed_mails|run_due|tell_of_pause|(?:queued|due|processed)_writebacks\(|live_bookings_of|regroup_|tell_other_|keep_meeting_link|is_link_coming|api_/, 'an admin calls nothing internal');

# The same by trying: every function with nulls, every relation; the schema itself is opened for it.
is(state_as('nobody', 'SELECT * FROM opencalendly.outbox_status'), '42501', 'nobody comes into the schema');
rows('GRANT USAGE ON SCHEMA opencalendly TO nobody');
my @calls = split /\n/, rows(<<'SQL');
SELECT CASE p.prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT' END || format(' opencalendly.%I(%s)', p.proname,
		(SELECT string_agg(format(CASE p.prokind WHEN 'p' THEN '%s' ELSE '(SELECT %s)' END,
				'NULL::' || CASE WHEN t.typtype = 'p' THEN 'integer' ELSE format_type(t.oid, NULL) END), ', ' ORDER BY a.n)
			FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, n) JOIN pg_type AS t ON t.oid = a.type))
	FROM pg_proc AS p WHERE pronamespace = 'opencalendly'::regnamespace
		AND prorettype NOT IN ('event_trigger'::regtype, 'trigger'::regtype)
SQL
cmp_ok(scalar @calls, '>', 25, 'there are functions to try');
is(join("\n", grep { state_as('nobody', $_) ne '42501' } @calls), '', 'the role can call none of them');
my @relations = split /\n/, rows(<<'SQL');
SELECT c.oid::regclass FROM pg_class AS c
	WHERE relnamespace = 'opencalendly'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
SQL
is(join("\n", grep { state_as('nobody', "SELECT FROM $_") ne '42501' } @relations), '', 'the role can see none of them');
is(join("\n", grep { state_as('shim', "SELECT FROM $_") ne '42501' } @relations), '', 'nor can the shim');
rows('REVOKE USAGE ON SCHEMA opencalendly FROM nobody');

# A clerk at work, in one session: what a verb answers is the next one's argument. It uses no operator and no function
# but the extension's own, so that it can also be done with a search_path in which all others are traps.
sub work_through
{
	my ($name, $path) = @_;
	my $work = <<"SQL";
SET search_path = $path;
SELECT opencalendly.create_user('at-work-$name', 'At-Work-$name\@Example.com', timezone => 'Europe/Berlin') AS host \\gset
SELECT opencalendly.set_availability_rules(:'host', '[{"dayOfWeek": 2, "startMinute": 540, "endMinute": 1020}]') AS rules \\gset
SELECT opencalendly.set_availability_overrides(:'host', '[{"startAt": "2026-06-03T09:00Z", "endAt": "2026-06-03T10:00Z", "isAvailable": true}]') AS overrides \\gset
SELECT opencalendly.add_time_off(:'host', '2026-06-02 11:00+00', '2026-06-02 12:00+00') AS time_off \\gset
SELECT opencalendly.create_schedule(:'host', 'Other', 'Asia/Tokyo', '[{"dayOfWeek": 2, "startMinute": 540, "endMinute": 600}]') AS schedule \\gset
SELECT opencalendly.update_schedule(:'schedule', '{"name": "Another"}') AS schedule \\gset
SELECT opencalendly.create_event_type(:'host', 'Call', 'call', 30, daily_booking_limit => 5, questions => '[{"id": "q", "label": "Q"}]') AS event \\gset
SELECT opencalendly.update_event_type(:'event', '{"description": "By the clerk"}') AS event \\gset
\\echo made :rules :overrides
SELECT subscription_id AS hook FROM opencalendly.create_webhook_subscription(:'host', 'https://hooks.example.com/$name', '{booking.created}') \\gset
SELECT opencalendly.update_webhook_subscription(:'hook', '{"events": ["booking.created", "booking.canceled"], "is_active": false}') AS hook \\gset
SELECT opencalendly.resume_webhook(:'hook') AS hook, opencalendly.rotate_webhook_secret(:'hook') AS secret \\gset
SELECT opencalendly.ping_webhook(:'hook') AS delivery \\gset
SELECT opencalendly.replay_webhook(:'delivery') AS delivery, opencalendly.replay_webhooks(:'hook', '-infinity') AS replayed \\gset
SELECT opencalendly.set_notification_rules(:'event', '[{"notificationType": "reminder", "offsetMinutes": 60}, {"notificationType": "follow_up", "offsetMinutes": 60, "isEnabled": false}]') AS notices \\gset
\\echo reminds :notices
SELECT opencalendly.webhook_signature('the secret', '{}', '2026-06-01 08:00+00') AS signature \\gset
\\echo told :replayed :signature
SELECT hold_token AS hold FROM opencalendly.hold_slot(:'event', '2026-06-02 07:00+00', client => 'clerk') \\gset
SELECT opencalendly.release_hold(:'hold') AS released \\gset
SELECT hold_token AS hold FROM opencalendly.hold_slot(:'event', '2026-06-02 08:00+00') \\gset
SELECT booking_id AS booking, cancel_token, reschedule_token, status FROM opencalendly.book_slot(:'event', '2026-06-02 08:00+00',
	'Ann', 'Ann\@Example.com', 'America/Lima', '{"q": "x"}', 'the-key-of-the-clerk', :'hold') \\gset
\\echo booked :status :released
SELECT starts_at FROM opencalendly.compute_slots(:'event', '2026-06-02', '2026-06-03', 5);
SELECT verdict, reason FROM opencalendly.explain_slot(:'event', '2026-06-02 08:00+00');
SELECT can_cancel, invitee_email FROM opencalendly.booking_action(:'cancel_token');
SELECT booking_id AS booking, cancel_token FROM opencalendly.reschedule_booking(:'reschedule_token', '2026-06-02 13:00+00') \\gset
SELECT booking_id AS booking, cancel_token FROM opencalendly.organizer_reschedule_booking(:'booking', '2026-06-02 20:10+00') \\gset
SELECT status, starts_at FROM opencalendly.booking_action(:'cancel_token');
SELECT status FROM opencalendly.cancel_booking(:'cancel_token', 'enough');
SELECT status, replayed FROM opencalendly.organizer_cancel_booking(:'booking');
SELECT opencalendly.update_user(:'host', '{"timezone": "UTC", "username": "was-at-work-$name"}') AS host \\gset
SELECT opencalendly.remove_time_off(:'time_off') AS time_off, opencalendly.delete_schedule(:'schedule') AS schedule \\gset
SELECT opencalendly.create_user('mate-$name', 'mate-$name\@example.com') AS mate \\gset
\\set two '{' :host ',' :mate '}'
\\set one '{' :host '}'
\\set mates '[{"userId": "' :mate '"}]'
\\set owner '{"owner_id": "' :mate '"}'
SELECT opencalendly.create_team(:'host', 'Team', 'team-$name') AS team \\gset
SELECT opencalendly.invite_team_member(:'team', :'mate') AS asked \\gset
SELECT opencalendly.decline_team_invitation(:'team', :'mate') AS declined \\gset
SELECT opencalendly.invite_team_member(:'team', :'mate') AS asked \\gset
SELECT opencalendly.accept_team_invitation(:'team', :'mate') AS mate \\gset
SELECT opencalendly.update_team_member(:'team', :'mate', '{"weight": 50}') AS mate \\gset
SELECT opencalendly.create_team_event_type(:'team', 'Both', 'both', 30, 'collective', :'two') AS both \\gset
SELECT opencalendly.create_team_event_type(:'team', 'Turn', 'turn', 30, 'round_robin', fixed_member_ids => :'one') AS turn \\gset
SELECT opencalendly.update_team_event_type(:'turn', '{"assignment": "weighted"}') AS turn \\gset
SELECT opencalendly.set_team_event_type_members(:'turn', :'mates') AS parts \\gset
SELECT opencalendly.update_team(:'team', :'owner') AS team \\gset
SELECT opencalendly.leave_team(:'team', :'host') AS "left" \\gset
SELECT opencalendly.delete_team(:'team') AS team \\gset
SELECT opencalendly.delete_user(:'mate') AS mate \\gset
\\echo team :parts
SELECT state, due, failed FROM opencalendly.outbox_status;
SELECT queue, status, event_type FROM opencalendly.failed_deliveries;
SELECT opencalendly.delete_webhook_subscription(opencalendly.update_webhook_subscription(:'hook', '{"is_active": false}')) AS hook \\gset
SQL
	my ($stdout, $stderr);
	$node->psql('postgres', $work, stdout => \$stdout, stderr => \$stderr, extra_params => [ '-U', 'clerk' ]);
	is($stderr, '', "$name: no error");
	is($stdout, <<"SQL" =~ s/\n\z//r, "$name: every verb does what it does");
made 1 1
reminds 2
told 0 t=1780300800,v1=b8cdb07e6d17a815ded3b377d75a6b7a27f3372dfdd15897fa523e3793065363
booked confirmed t
2026-06-02 07:00:00+00
2026-06-02 07:15:00+00
2026-06-02 07:30:00+00
2026-06-02 08:30:00+00
2026-06-02 08:45:00+00
refused|claim
t|ann\@example.com
confirmed|2026-06-02 20:10:00+00
canceled
canceled|t
team 1
ready|3|0
SQL
	my $refused = sub { state_as('clerk', "SET search_path = $path; SELECT opencalendly.$_[0]") };
	is($refused->("create_user('x', 'x')"), 'OC006', "$name: a bad value is refused as always");
	is($refused->("create_user('at-work-$name', 'other\@example.com')"), 'OC014', "$name: a name that is taken");
	is($refused->("update_user(NULL, '{}')"), 'OC006', "$name: a null");
	is($refused->("compute_slots('00000000-0000-0000-0000-000000000000', '2026-06-02', '2026-06-03')"), 'OC002',
		"$name: what is not there");
}

work_through('plain', 'public');
is(join("\n", grep { state_as('clerk', "BEGIN; $_; ROLLBACK") ne '42501' }
		map { ("DELETE FROM $_", "TRUNCATE $_ CASCADE", "INSERT INTO $_ DEFAULT VALUES") } grep { !/status$|queues$|failed_deliveries$/ } @relations),
	'', 'the clerk cannot write to any table');
is(state_as('clerk', "UPDATE opencalendly.bookings SET status = 'confirmed'"), '42501', 'nor change a booking');

# What the functions are made like.
is(rows(<<'SQL'), '', 'every SECURITY DEFINER function pins its search_path');
SELECT p.oid::regprocedure FROM pg_proc AS p WHERE pronamespace = 'opencalendly'::regnamespace AND prosecdef
	AND NOT 'search_path=pg_catalog, pg_temp' = ANY (COALESCE(proconfig, '{}'))
SQL
is(rows(<<'SQL'), '', 'everything belongs to opencalendly_owner');
SELECT pg_describe_object('pg_proc'::regclass, oid, 0) FROM pg_proc
	WHERE pronamespace = 'opencalendly'::regnamespace AND proowner <> 'opencalendly_owner'::regrole
UNION ALL
SELECT pg_describe_object('pg_class'::regclass, oid, 0) FROM pg_class
	WHERE relnamespace = 'opencalendly'::regnamespace AND relowner <> 'opencalendly_owner'::regrole
UNION ALL
SELECT pg_describe_object('pg_type'::regclass, oid, 0) FROM pg_type
	WHERE typnamespace = 'opencalendly'::regnamespace AND typowner <> 'opencalendly_owner'::regrole
SQL
is(rows(<<'SQL'), 'f|f|f|f|f|f', 'which can do nothing else');
SELECT rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication
	FROM pg_roles WHERE rolname = 'opencalendly_owner'
SQL

# A caller's own idea of what the words mean: whatever the extension's SQL would take from the caller's search_path is
# a trap here, operators, functions, types and tables.
rows('CREATE SCHEMA evil AUTHORIZATION clerk');
rows(<<'SQL');
SET ROLE clerk;
SET search_path = pg_catalog;
DO $$
DECLARE
	item record;
	trap constant text := $trap$ LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION USING ERRCODE = ''XTRAP''; END' $trap$;
BEGIN
	FOR item IN SELECT row_number() OVER () AS n, oprname, oprleft::regtype AS l, oprright::regtype AS r, oprresult::regtype AS result
		FROM pg_operator WHERE oprleft::regtype = ANY ('{uuid, text, name, timestamptz, timestamp, date, interval, int4, int8,
			bool, jsonb, bytea, oid, anyrange, anyarray}'::regtype[])
	LOOP
		EXECUTE format('CREATE FUNCTION evil.op%s(%s, %s) RETURNS %s', item.n, item.l, item.r, item.result) || trap;
		EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.op%s)',
			item.oprname, item.l, item.r, item.n);
	END LOOP;
	FOR item IN SELECT proname, pg_get_function_identity_arguments(oid) AS arguments, prorettype::regtype AS result
		FROM pg_proc
		WHERE prokind = 'f' AND NOT proretset AND provariadic = 0 AND prorettype::regtype::text !~ 'internal|trigger|record'
			AND pg_get_function_identity_arguments(oid) !~ 'internal|OUT '
			AND proname IN ('lower', 'upper', 'length', 'btrim', 'now', 'clock_timestamp', 'isempty', 'lower_inc', 'upper_inc',
				'lower_inf', 'upper_inf', 'isfinite', 'jsonb_typeof', 'jsonb_array_length', 'jsonb_populate_record', 'left',
				'split_part', 'substr', 'array_to_string', 'to_jsonb', 'tstzrange', 'date_trunc', 'timezone', 'sha256',
				'pg_advisory_xact_lock', 'hashtextextended', 'gen_random_uuid', 'make_interval', 'current_database',
				'obj_description')
	LOOP
		EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS %s', item.proname, item.arguments, item.result) || trap;
	END LOOP;
END
$$;
CREATE AGGREGATE evil.count(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
CREATE DOMAIN evil.uuid AS pg_catalog.text;
CREATE DOMAIN evil.jsonb AS pg_catalog.text;
CREATE DOMAIN evil.tstzrange AS pg_catalog.text;
CREATE TABLE evil.users (id integer);
CREATE TABLE evil.event_types (id integer);
CREATE TABLE evil.claims (id integer);
CREATE TABLE evil.bookings (id integer);
CREATE TABLE evil.pg_class (id integer);
SQL
is(state_as('clerk', "SET search_path = evil, pg_catalog; SELECT lower(pg_catalog.text 'A')"), 'XTRAP', 'a trap: a function');
is(state_as('clerk', "SET search_path = evil, pg_catalog; SELECT pg_catalog.text 'a' = pg_catalog.text 'a'"), 'XTRAP', 'a trap: an operator');
work_through('trapped', 'evil, pg_catalog');
work_through('temporary', 'pg_temp, evil, pg_catalog');

# Only a superuser sets what governs time and drops; what a session asks for before the library is there is forgotten.
my $loads = "SELECT count(*) FROM opencalendly.compute_slots(${\ Scene::event_type('intro')}, '2031-01-01', '2031-01-02');";
for my $setting ("opencalendly.clock = '2031-01-01'", 'opencalendly.allow_drop = on', "opencalendly.secret_key_file = '/tmp/x'", "opencalendly.base_url = 'https://evil.example'")
{
	my ($name, $value) = $setting =~ /^(\S+) = '?([^']*)/;
	is(state_as('clerk', "$loads SET $setting"), '42501', "a clerk cannot set $name");
	my ($before, $stderr);
	$node->psql('postgres', "SET $setting;\n$loads\nSELECT 'it is ' || current_setting('$name')",
		stdout => \$before, stderr => \$stderr, on_error_stop => 0, extra_params => [ '-U', 'clerk' ]);
	unlike($before, qr/it is \Q$value\E/, "nor before the library is loaded: $name");
	local $ENV{PGOPTIONS} = "-c " . $setting =~ s/ = /=/r =~ s/'//gr;
	$node->psql('postgres', "$loads\nSELECT 'it is ' || current_setting('$name')",
		stdout => \$before, stderr => \$stderr, on_error_stop => 0, extra_params => [ '-U', 'clerk' ]);
	unlike($before, qr/it is \Q$value\E/, "nor in the connection's options: $name");
}
is(state_as('clerk', 'ALTER ROLE clerk SET opencalendly.allow_drop = on'), '42501', 'nor for sessions to come');
is(Scene::state_of($node, "SET $clock; SET opencalendly.allow_drop = on"), '', 'a superuser can');

$node->stop;
done_testing();
