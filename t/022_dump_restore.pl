# Promise: pg_dump | restore gives back everything, working: every row of every table, the open slots, the links and
# idempotency keys from before the dump (with the same key file). A restored copy says that it is one until
# adopt_outbox(); a fresh install and the origin are ready. Without the key file, what needs it says OC011.
use strict;
use warnings;
use Ledger;
use OpenCalendly;
use PostgreSQL::Test::Utils;
use Scene;
use Test::More;

my $origin = OpenCalendly::node('origin', conf => Scene::conf());
OpenCalendly::install($origin);
my $status = 'SELECT state FROM opencalendly.outbox_status';

is($origin->safe_psql('postgres', $status), 'ready', 'a fresh install is ready');
Scene::host($origin);

# Rows of every kind: hosts with names given up, schedules of their own, overrides, busy windows, questions, bookings
# in every state, several seats, a hold, a claim made by hand. What the links say is kept as text.
$origin->safe_psql('postgres', <<'SQL');
SELECT opencalendly.update_user(id, '{"username": "ada-lovelace", "display_name": "Ada \"Countess\" Lovelace\\"}')
	FROM opencalendly.users;
DO $$
DECLARE
	host uuid := opencalendly.create_user('grace', 'grace@example.com', 'Grace Höpper', 'America/New_York');
	evening uuid := opencalendly.create_schedule(host, 'Evening', 'Asia/Kathmandu',
		'[{"dayOfWeek": 3, "startMinute": 1080, "endMinute": 1440, "bufferAfterMinutes": 10}]');
BEGIN
	PERFORM opencalendly.set_availability_overrides(host, '[
		{"startAt": "2026-06-06T15:00:00Z", "endAt": "2026-06-06T17:00:00Z", "isAvailable": true, "reason": "tab\tquote\""},
		{"startAt": "2026-06-07T15:00:00Z", "endAt": "2026-06-07T17:00:00Z", "isAvailable": true, "replacesDay": true}]');
	PERFORM opencalendly.add_time_off(host, '2026-06-06 16:00+00', '2026-06-06 16:15+00', E'dentist,\nthen lunch');
	PERFORM opencalendly.create_event_type(host, 'Evening talk', 'evening', 45, schedule_id => evening,
		questions => '[{"id": "topic", "label": "What about?", "required": true}]',
		bookable_from => '2026-06-01', bookable_until => '2026-12-31', weekly_booking_limit => 5);
	PERFORM opencalendly.create_event_type(host, 'Weekend', 'weekend', 20, is_hidden => true);
	PERFORM opencalendly.create_login_link('nobody\@example.com'), opencalendly.create_session(host);
	INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at)
		SELECT id, '2026-06-03 10:00+00', '2026-06-03 11:00+00' FROM opencalendly.users;
	INSERT INTO opencalendly.claims (host_id, during) VALUES (host, '[2026-06-07 15:00+00, 2026-06-07 15:20+00)');
	-- an endpoint with two secrets, what was told to it, and a worker that has tried
	PERFORM opencalendly.rotate_webhook_secret(c.subscription_id), opencalendly.ping_webhook(c.subscription_id)
		FROM opencalendly.users AS u, opencalendly.create_webhook_subscription(u.id, 'https://hooks.example.com/?a=b',
			ARRAY['booking.created', 'booking.canceled', 'booking.rescheduled']) AS c;
	INSERT INTO opencalendly.delivery_attempts (delivery_id, attempt, started_at, elapsed_ms, phase, status, error)
		SELECT d.id, 1, clock_timestamp(), 15000, 'response', NULL, E'timed out\t\\' FROM opencalendly.webhook_deliveries AS d;
	INSERT INTO opencalendly.worker_heartbeats VALUES ('webhook', clock_timestamp());
	PERFORM opencalendly.set_notification_rules(e.id, '[{"notificationType": "reminder", "offsetMinutes": 60}]') FROM opencalendly.event_types AS e;
END
$$;
SQL

# A calendar that is read and written to, and one on its way: what is booked from here on goes there.
$origin->safe_psql('postgres', <<'SQL');
WITH n AS (INSERT INTO opencalendly.calendar_connections
	(user_id, account_id, account_email, scopes, refresh_token, access_token, refresh_at, access_expires_at, synced_at, last_error)
	SELECT u.id, '1234', 'ada@gmail.example', ARRAY['openid', 'a "quoted" one'], '\x0001ff', '\xff0100', now(), now(), now(), E'timed out\t\\'
	FROM opencalendly.users AS u WHERE u.username = 'ada-lovelace' RETURNING id, user_id),
c AS (INSERT INTO opencalendly.calendars (connection_id, user_id, external_id, name, timezone, access_role, is_primary,
		is_busy_source, is_write_target, sync_token, read_until, full_sync_at, synced_at, channel_id, channel_token_hash, channel_expires_at)
	SELECT n.id, n.user_id, 'ada@gmail.example', 'Ada', 'Europe/London', 'owner', true,
		true, true, 'CPDAlvWDx70CE', now(), now(), now(), gen_random_uuid(), '\x00ff', now() FROM n RETURNING id, user_id),
e AS (INSERT INTO opencalendly.calendar_events SELECT c.id, 'an event', '2026-06-08 10:00+00', '2026-06-08 10:30+00' FROM c),
w AS (INSERT INTO opencalendly.calendar_busy_windows (user_id, calendar_id, starts_at, ends_at)
	SELECT c.user_id, c.id, '2026-06-08 10:00+00', '2026-06-08 10:30+00' FROM c)
INSERT INTO opencalendly.calendar_consents (user_id, redirect_uri, link_key_id, status, code, expires_at)
	SELECT n.user_id, 'https://example.com/settings/calendar/google/callback', 1, 'pending', '\x00ff', now() FROM n;
SQL

my %token;
for ([ 'keep', '2026-06-02 10:00+00' ], [ 'cancel', '2026-06-02 11:00+00' ], [ 'canceled', '2026-06-02 12:00+00' ],
	[ 'move', '2026-06-02 13:00+00' ], [ 'moved', '2026-06-02 14:00+00' ])
{
	my ($name, $start) = @$_;
	($token{"cancel $name"}, $token{"move $name"}) = split /\|/, $origin->safe_psql('postgres',
		Scene::book('intro', $start, 'cancel_token, reschedule_token', "idempotency_key => 'key-of-the-one-to-$name'"));
}
$token{hold} = $origin->safe_psql('postgres',
	"SELECT hold_token FROM opencalendly.hold_slot(${\ Scene::event_type('intro')}, '2026-06-02 16:00+00', '10 min', 'browser')");
$origin->safe_psql('postgres', join ";\n",
	"SELECT opencalendly.cancel_booking('$token{'cancel canceled'}', E'no time,\\tsorry')",
	"SELECT opencalendly.reschedule_booking('$token{'move moved'}', '2026-06-02 15:00+00')",
	Scene::book('class', '2026-06-04 10:00+00'), Scene::book('class', '2026-06-04 10:00+00'),
	Scene::book('evening', '2026-06-03 13:00+00', 'status', q(answers => '{"topic": "a \"quoted\"\\ttab"}')));

# Teams: somebody invited, a booking that stays, one that moved, one canceled, one of all hosts, one with a seat left.
Scene::teams($origin);
$origin->safe_psql('postgres', <<'SQL');
SELECT opencalendly.invite_team_member(t.id, u.id) FROM opencalendly.teams AS t, opencalendly.users AS u
	WHERE t.slug = 'crew' AND u.username = 'grace';
SQL
for ([ 'keep a turn', 'turn', '2026-06-10 10:00+00' ], [ 'move a turn', 'weight', '2026-06-10 11:00+00' ],
	[ 'cancel a turn', 'weight', '2026-06-10 12:00+00' ], [ 'a panel', 'panel', '2026-06-11 10:00+00' ],
	[ 'a lab', 'lab', '2026-06-11 11:00+00' ])
{
	my ($name, $slug, $start) = @$_;
	($token{"cancel $name"}, $token{"move $name"}) = split /\|/, $origin->safe_psql('postgres',
		Scene::book($slug, $start, 'cancel_token, reschedule_token'));
}
$origin->safe_psql('postgres', join ";\n",
	"SELECT opencalendly.reschedule_booking('$token{'move move a turn'}', '2026-06-10 15:00+00')",
	"SELECT opencalendly.cancel_booking('$token{'cancel cancel a turn'}')");

# Mails: to a user, and to the invitees of all that was booked.
$origin->safe_psql('postgres', <<'SQL');
SET opencalendly.mail_transport = 'folder';
SELECT opencalendly.enqueue_mail('team_invitation', 'team_invitation/' || u.id, u.id, NULL, NULL) FROM opencalendly.users AS u;
INSERT INTO opencalendly.email_deliveries (kind, idempotency_key, email, booking_id, meeting_id, last_error)
	SELECT 'booking_confirmed', 'booking_confirmed/' || b.id, b.invitee_email, b.id, b.id, E'timed out\t\\' FROM opencalendly.bookings AS b;
SQL

# Who would get the next one, by cursor and by credits.
my %next = map {
	$_ => Scene::book($_, '2026-06-10 10:00+00', '(SELECT u.username FROM opencalendly.users AS u WHERE u.id = organizer_id)')
} 'turn', 'weight';
my %host = map { $_ => $origin->safe_psql('postgres', "BEGIN; $next{$_}; ROLLBACK") } keys %next;

my @empty = grep { $origin->safe_psql('postgres', "SELECT count(*) FROM opencalendly.$_") eq '0' } Scene::tables($origin);
is("@empty", '', 'there are rows in every table');

# Where a row lives is the one thing that must differ.
my @but = (but => ['installations']);
my $contents = Scene::contents($origin, 'postgres', @but);
my %slots = map { $_ => $origin->safe_psql('postgres', Scene::open_slots($_, 30)) } 'intro', 'class', 'evening', 'weekend',
  'turn', 'panel', 'lab';
my $replay = Scene::book('intro', '2026-06-02 10:00+00', '*', "idempotency_key => 'key-of-the-one-to-keep'");
my $first_answer = $origin->safe_psql('postgres', $replay);

# The two forms of dump, by the same names in every database.
my $plain = $origin->basedir . '/plain.sql';
my $custom = $origin->basedir . '/custom.dump';
$origin->command_ok([ 'pg_dump', '-Fp', '-f', $plain, $origin->connstr('postgres') ], 'pg_dump as text');
$origin->command_ok([ 'pg_dump', '-Fc', '-f', $custom, $origin->connstr('postgres') ], 'pg_dump -Fc');

sub restore
{
	my ($node, $database, $file, $name) = @_;
	my $connstr = $node->connstr($database);

	$node->command_ok(
		$file eq $plain
		? [ 'psql', '-Xq', '-1', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d', $connstr ]
		: [ 'pg_restore', '--exit-on-error', '-d', $connstr, $file ],
		"$name: restored without an error");
}

# All that a copy with the same key file must be able to do.
sub is_the_same
{
	my ($node, $database, $name) = @_;
	my $value = sub { $node->safe_psql($database, $_[0]) };
	my $state = sub { Scene::state_of($node, $_[0], database => $database) };

	is(Scene::contents($node, $database, @but), $contents, "$name: every table has the same rows");
	is($value->(Scene::open_slots($_, 30)), $slots{$_}, "$name: the same slots of $_") for sort keys %slots;
	is($value->($status), 'restored copy', "$name: it says that it is a copy");
	is($value->($replay), $first_answer, "$name: an idempotency key from before has its answer, the same links too");

	is($state->(Scene::book('intro', '2026-06-02 10:00+00')), 'OC001', "$name: what was booked is not booked again");
	is($state->(Scene::book('intro', '2026-06-08 10:00+00')), 'OC001', "$name: nor when the calendar was busy");
	is($state->(Scene::book('intro', '2026-06-02 16:00+00')), 'OC001', "$name: what was held is not booked by others");
	is($value->(Scene::book('intro', '2026-06-02 16:00+00', 'status', "hold_token => '$token{hold}'")), 'confirmed',
		"$name: the holder books it");
	is($value->(Scene::book('intro', '2026-06-05 10:00+00')), 'confirmed', "$name: booking goes on");
	is($value->("SELECT status, replayed FROM opencalendly.cancel_booking('$token{'cancel cancel'}')"), 'canceled|f',
		"$name: a link from before cancels");
	is($value->("SELECT status, replayed FROM opencalendly.cancel_booking('$token{'cancel canceled'}')"), 'canceled|t',
		"$name: a link from before says what was canceled");
	is($value->("SELECT status, starts_at FROM opencalendly.reschedule_booking('$token{'move move'}', '2026-06-09 10:00+00')"),
		'confirmed|2026-06-09 10:00:00+00', "$name: a link from before moves");
	is($value->("SELECT action_type, status, can_cancel FROM opencalendly.booking_action('$token{'cancel keep'}')"),
		'cancel|confirmed|t', "$name: a link from before shows its booking");
	Ledger::install($node, $database);
	is($value->($next{$_}), $host{$_}, "$name: the round robin $_ goes on with $host{$_}") for sort keys %next;
	is($value->(Scene::book('lab', '2026-06-11 11:00+00', 'organizer_id = (SELECT b.organizer_id FROM opencalendly.bookings AS b JOIN opencalendly.event_types AS e ON e.id = b.event_type_id WHERE e.slug = \'lab\')')),
		't', "$name: a seat that was left is taken");
	is($state->(Scene::book('panel', '2026-06-11 10:00+00')), 'OC001', "$name: a team's hosts are taken");
	is($value->("SELECT status FROM opencalendly.cancel_booking('$token{'cancel a panel'}')"), 'canceled', "$name: a team's booking is canceled by its link");
	is($value->(Scene::book('panel', '2026-06-11 10:00+00', 'cardinality(host_ids)')), '3', "$name: and then booked again");
	is($value->("SELECT cardinality(host_ids) FROM opencalendly.reschedule_booking('$token{'move keep a turn'}', '2026-06-12 10:00+00')"),
		'1', "$name: another moves by its link");
	is(Ledger::faults($node, $database), '', "$name: bookings, claims, assignments and the ledger from its first entry agree");
	is($state->('DROP EXTENSION opencalendly'), 'OC005', "$name: its bookings are protected");

	is($value->('SELECT opencalendly.adopt_outbox()'), 't', "$name: it is adopted");
	is($value->($status), 'ready', "$name: and then ready");
	is($value->('SELECT opencalendly.adopt_outbox()'), 'f', "$name: adopting again changes nothing");
	is($value->($status), 'ready', "$name: and it stays ready");
}

# Into a new cluster, with the origin's key file.
my $copy = OpenCalendly::node('copy', conf => Scene::conf(), key_file => OpenCalendly::key_file($origin));
for ([ 'plain', $plain ], [ 'custom', $custom ])
{
	my ($name, $file) = @$_;
	$copy->safe_psql('postgres', "CREATE DATABASE $name");
	restore($copy, $name, $file, $name);
	is_the_same($copy, $name, $name);
}

# A dump of a copy is a dump like any other.
my $second = $origin->basedir . '/second.sql';
$copy->command_ok([ 'pg_dump', '-f', $second, $copy->connstr('plain') ], 'an adopted copy is dumped');
$copy->safe_psql('postgres', 'CREATE DATABASE again');
$copy->command_ok([ 'psql', '-Xq', '-1', '-v', 'ON_ERROR_STOP=1', '-f', $second, '-d', $copy->connstr('again') ],
	'and restored beside it');
is($copy->safe_psql('again', $status), 'restored copy', 'another database of the same cluster is a copy, too');
is(Scene::contents($copy, 'again', @but), Scene::contents($copy, 'plain', @but), 'with the same rows');

# The origin has not noticed, and can be put back where it was after a loss.
is($origin->safe_psql('postgres', $status), 'ready', 'the origin is ready');
is(Scene::contents($origin, 'postgres', @but), $contents, 'the origin has what it had');
$origin->safe_psql('postgres', 'SET opencalendly.allow_drop = on; DROP EXTENSION opencalendly; DROP SCHEMA IF EXISTS opencalendly');
restore($origin, 'postgres', $plain, 'in the same place');
is(Scene::contents($origin, 'postgres', @but), $contents, 'in the same place: every table has the same rows');
is($origin->safe_psql('postgres', $status), 'ready', 'in the same place: it is no copy');

# The links are worth nothing without the key file, or with another one.
my $stranger = OpenCalendly::node('stranger', conf => Scene::conf());
restore($stranger, 'postgres', $custom, 'another key file');
is(Scene::state_of($stranger, "SELECT opencalendly.cancel_booking('$token{'cancel keep'}')"), 'OC003',
	'another key file: links from before are refused');
is(Scene::state_of($stranger, Scene::book('intro', '2026-06-05 10:00+00')), '', 'another key file: booking goes on');

my %without = (
	'no key file is named'          => sub { $stranger->append_conf('postgresql.conf', "opencalendly.secret_key_file = ''") },
	'the key file is not there'     => sub { $stranger->append_conf('postgresql.conf', "opencalendly.secret_key_file = '/nowhere/secret.key'") },
	'the key file is open to others' => sub {
		my $file = $stranger->basedir . '/open.key';
		OpenCalendly::make_key_file($file);
		chmod 0644, $file or die "chmod: $!";
		$stranger->append_conf('postgresql.conf', "opencalendly.secret_key_file = '$file'");
	});
for my $name (sort keys %without)
{
	$without{$name}->();
	$stranger->restart;
	is(Scene::state_of($stranger, Scene::book('intro', '2026-06-05 11:00+00')), 'OC011', "$name: booking says OC011");
	is(Scene::state_of($stranger, "SELECT opencalendly.cancel_booking('$token{'cancel keep'}')"), 'OC011', "$name: links say OC011");
	is(Scene::state_of($stranger, Scene::open_slots('intro')), '', "$name: the open slots are shown");
	is($stranger->safe_psql('postgres', "SELECT count(*) FROM opencalendly.claims WHERE during && '[2026-06-05 11:00+00,2026-06-05 11:30+00)'"),
		'0', "$name: nothing is half booked");
}

$_->stop for $origin, $copy, $stranger;
done_testing();
