# Promise: a hot standby shows the same open slots, verdicts and links as the primary; what would change something is
# refused there with 25006 and nothing else; after a promotion it books on.
use strict;
use warnings;
use OpenCalendly;
use PostgreSQL::Test::Utils;
use Scene;
use Test::More;

my $primary = OpenCalendly::node('primary', allows_streaming => 1, conf => Scene::conf());
OpenCalendly::install($primary);
Scene::host($primary);

my %token;
for ([ 'kept', '2026-06-02 10:00+00' ], [ 'moved', '2026-06-02 11:00+00' ], [ 'canceled', '2026-06-02 12:00+00' ])
{
	my ($name, $start) = @$_;
	($token{"$name cancel"}, $token{"$name reschedule"}) = split /\|/, $primary->safe_psql('postgres',
		Scene::book('intro', $start, 'cancel_token, reschedule_token', "idempotency_key => 'key-of-the-one-$name'"));
}
my $hold = $primary->safe_psql('postgres',
	"SELECT hold_token FROM opencalendly.hold_slot(${\ Scene::event_type('intro')}, '2026-06-02 16:00+00')");
$primary->safe_psql('postgres', join ";\n",
	"SELECT opencalendly.reschedule_booking('$token{'moved reschedule'}', '2026-06-02 15:00+00')",
	"SELECT opencalendly.cancel_booking('$token{'canceled cancel'}')",
	Scene::book('class', '2026-06-04 10:00+00'),
	"SELECT opencalendly.add_time_off(id, '2026-06-05 10:00+00', '2026-06-05 11:00+00') FROM opencalendly.users",
	"INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at)
		SELECT id, '2026-06-05 14:00+00', '2026-06-05 15:00+00' FROM opencalendly.users");

Scene::teams($primary);
$primary->safe_psql('postgres', join ";\n",
	Scene::book('turn', '2026-06-03 12:00+00'), Scene::book('panel', '2026-06-03 13:00+00'), Scene::book('lab', '2026-06-03 14:00+00'));
$token{'team cancel'} = $primary->safe_psql('postgres', Scene::book('weight', '2026-06-04 12:00+00', 'cancel_token'));

my $standby = OpenCalendly::standby('standby', $primary);
is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'the standby is one');

sub answer_of
{
	my ($node, $sql) = @_;
	my ($stdout, $stderr);

	$node->psql('postgres', $sql, stdout => \$stdout, stderr => \$stderr);
	return $stdout . $stderr;
}

sub same_on_both
{
	my ($name, $sql) = @_;
	my $here = answer_of($primary, $sql);

	unlike($here, qr/ERROR|WARNING|\A\z/, "$name: the primary answers");
	is(answer_of($standby, $sql), $here, "$name: the standby answers the same");
}

# The first call of a session, and out of a parallel worker: PARALLEL SAFE is true there, too.
sub same_in_a_worker
{
	my ($name, $sql) = @_;

	is(answer_of($_, "SET force_parallel_mode = on; $sql"), answer_of($primary, $sql),
		"$name: by a parallel worker of the ${\ $_->name}") for $primary, $standby;
}

for my $slug ('intro', 'long', 'padded', 'capped', 'class', 'turn', 'weight', 'duo', 'lab', 'panel')
{
	same_on_both("slots of $slug", Scene::open_slots($slug, 30));
	same_on_both("verdicts on $slug", <<"SQL");
SELECT s.start, v.* FROM generate_series(timestamptz '2026-06-02 08:00+00', '2026-06-05 18:00+00', '55 minutes') AS s (start),
	opencalendly.explain_slot(${\ Scene::event_type($slug)}, s.start) AS v
SQL
}
my $kept = $primary->safe_psql('postgres', "SELECT id FROM opencalendly.bookings WHERE starts_at = '2026-06-02 10:00+00'");
same_on_both('slots as if a booking were gone', <<"SQL");
SELECT * FROM opencalendly.compute_slots(${\ Scene::event_type('intro')}, '2026-06-02', '2026-06-03',
	ignore_booking => '$kept')
SQL
same_on_both('slots as if a hold were gone', <<"SQL");
SELECT * FROM opencalendly.compute_slots(${\ Scene::event_type('intro')}, '2026-06-02', '2026-06-03',
	hold_token => '$hold')
SQL
same_on_both("the link $_", "SELECT * FROM opencalendly.booking_action('$token{$_}')") for sort keys %token;
same_on_both('the outbox', 'SELECT * FROM opencalendly.outbox_status');

same_in_a_worker('slots', Scene::open_slots('intro', 30));
same_in_a_worker("slots of $_", Scene::open_slots($_, 30)) for 'turn', 'panel';
same_in_a_worker('a verdict', "SELECT * FROM opencalendly.explain_slot(${\ Scene::event_type('intro')}, '2026-06-02 10:00+00')");
same_in_a_worker('a link', "SELECT * FROM opencalendly.booking_action('$token{'kept cancel'}')");

is(Scene::state_of($standby, "SELECT opencalendly.booking_action('no-token-at-all-no-token-at-all-00')"), 'OC003',
	'a refusal is the same one, too');

# Every call that would write, and in a read-only transaction of the primary as well.
my $event = Scene::event_type('intro');
my $user = "(SELECT id FROM opencalendly.users WHERE username = 'ada')";
my $team = "(SELECT id FROM opencalendly.teams WHERE slug = 'crew')";
my %writes = (
	book_slot                    => Scene::book('intro', '2026-06-03 10:00+00'),
	'book_slot, with a key'      => Scene::book('intro', '2026-06-03 10:00+00', '*', "idempotency_key => 'another-key-of-mine'"),
	'book_slot, a held one'      => Scene::book('intro', '2026-06-02 16:00+00', '*', "hold_token => '$hold'"),
	hold_slot                    => "SELECT * FROM opencalendly.hold_slot($event, '2026-06-03 10:00+00')",
	release_hold                 => "SELECT opencalendly.release_hold('$hold')",
	cancel_booking               => "SELECT * FROM opencalendly.cancel_booking('$token{'kept cancel'}')",
	reschedule_booking           => "SELECT * FROM opencalendly.reschedule_booking('$token{'kept reschedule'}', '2026-06-03 10:00+00')",
	organizer_cancel_booking     => "SELECT * FROM opencalendly.organizer_cancel_booking('$kept')",
	organizer_reschedule_booking => "SELECT * FROM opencalendly.organizer_reschedule_booking('$kept', '2026-06-03 10:00+00')",
	mark_no_show                 => "SET opencalendly.clock = '2026-06-02 12:00+00'; SELECT * FROM opencalendly.mark_no_show('$kept')",
	create_user                  => "SELECT opencalendly.create_user('grace', 'grace\@example.com')",
	create_event_type            => "SELECT opencalendly.create_event_type($user, 'Other', 'other', 30)",
	set_availability_rules       => "SELECT opencalendly.set_availability_rules($user, '[]')",
	set_availability_overrides   => "SELECT opencalendly.set_availability_overrides($user, '[]')",
	add_time_off                 => "SELECT opencalendly.add_time_off($user, '2026-06-05 10:00+00', '2026-06-05 11:00+00')",
	'book_slot, of a round robin' => Scene::book('turn', '2026-06-03 10:00+00'),
	'book_slot, of a collective' => Scene::book('panel', '2026-06-03 10:00+00'),
	'hold_slot, of a round robin' => "SELECT * FROM opencalendly.hold_slot(${\ Scene::event_type('turn')}, '2026-06-03 10:00+00')",
	'cancel_booking, of a team'  => "SELECT * FROM opencalendly.cancel_booking('$token{'team cancel'}')",
	create_team                  => "SELECT opencalendly.create_team($user, 'Other', 'other')",
	invite_team_member           => "SELECT opencalendly.invite_team_member(t.id, $user) FROM opencalendly.teams AS t WHERE t.slug = 'night'",
	update_team_member           => "SELECT opencalendly.update_team_member($team, $user, '{\"weight\": 5}')",
	create_team_event_type       => "SELECT opencalendly.create_team_event_type($team, 'Other', 'other', 30, 'collective')",
	delete_team                  => "SELECT opencalendly.delete_team($team)",
	adopt_outbox                 => 'SELECT opencalendly.adopt_outbox()');
my $before = Scene::contents($primary);
for my $verb (sort keys %writes)
{
	is(Scene::state_of($standby, $writes{$verb}), '25006', "$verb on the standby");
	is(Scene::state_of($primary, "SET default_transaction_read_only = on; $writes{$verb}"), '25006', "$verb in a read-only transaction");
}
is(Scene::contents($primary), $before, 'nothing has changed on the primary');

# What is booked on the primary is closed on the standby as soon as it is there.
is($primary->safe_psql('postgres', Scene::book('intro', '2026-06-03 10:00+00')), 'confirmed', 'the primary books');
$primary->wait_for_catchup($standby);
same_on_both('slots after a booking', Scene::open_slots('intro', 30));

# A calendar grows too old for both at once, whatever else is there; it is read again on the primary.
$primary->safe_psql('postgres', <<'SQL');
INSERT INTO opencalendly.calendar_connections (user_id, account_id, account_email, scopes, refresh_token, access_token, refresh_at, access_expires_at)
	SELECT id, 'ada', email, '{}', '', '', now(), now() FROM opencalendly.users WHERE username = 'ada';
INSERT INTO opencalendly.calendars (connection_id, user_id, external_id, name, access_role, is_busy_source, synced_at)
	SELECT id, user_id, account_email, 'Ada', 'owner', true, '2026-05-31 07:59+00' FROM opencalendly.calendar_connections;
SQL
$primary->wait_for_catchup($standby);
for my $age ('too old', 'read again')
{
	same_on_both("count of slots, $age", "SELECT count(*) FROM (${\ Scene::open_slots('intro', 30)}) AS s");
	same_on_both("slots of a round robin, $age", Scene::open_slots('turn', 3));
	same_on_both("a verdict, $age", "SELECT * FROM opencalendly.explain_slot(${\ Scene::event_type('intro')}, '2026-06-03 10:00+00')");
	same_on_both("the API's answer, $age", "SELECT * FROM opencalendly.api_availability('ada', 'intro')");
	is($standby->safe_psql('postgres', "SELECT count(*) > 0 FROM (${\ Scene::open_slots('intro', 30)}) AS s"), $age eq 'too old' ? 'f' : 't',
		"$age: the standby offers accordingly");
	$primary->safe_psql('postgres', "UPDATE opencalendly.calendars SET synced_at = '2026-06-01 08:00+00'");
	$primary->wait_for_catchup($standby);
}

$primary->stop;
$standby->promote;
is($standby->safe_psql('postgres', Scene::book('intro', '2026-06-03 11:00+00')), 'confirmed', 'promoted, it books');
is(Scene::state_of($standby, Scene::book('intro', '2026-06-03 10:00+00')), 'OC001', 'but not what the old primary had booked');
is($standby->safe_psql('postgres', "SELECT status FROM opencalendly.cancel_booking('$token{'kept cancel'}')"), 'canceled',
	'and its links work');
is($standby->safe_psql('postgres', Scene::book('turn', '2026-06-03 12:00+00', '(SELECT username FROM opencalendly.users WHERE id = organizer_id)')),
	'ben', 'and a round robin goes on with the next host');
is($standby->safe_psql('postgres', 'SELECT state FROM opencalendly.outbox_status'), 'ready', 'and it is the one that sends');

$standby->stop;
done_testing();
