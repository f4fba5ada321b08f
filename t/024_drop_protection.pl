# Promise: while there are bookings, no DROP of an extension, a schema or somebody's possessions takes them away, by
# whatever way it would reach them, unless a superuser has set opencalendly.allow_drop; then, and without bookings, the
# same statements work. Drops that do not reach them pass always.
use strict;
use warnings;
use OpenCalendly;
use PostgreSQL::Test::Utils;
use Scene;
use Test::More;

my $node = OpenCalendly::node('main', conf => Scene::conf());

# Each database is one case. btree_gist is in a schema of its own; the extension belongs to the superuser "boss", the
# schema that it was put into to "landlord".
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE boss SUPERUSER LOGIN;
CREATE ROLE landlord;
CREATE ROLE stranger;
CREATE DATABASE template_of_all;
SQL
$node->safe_psql('template_of_all', <<'SQL');
CREATE SCHEMA gist;
CREATE EXTENSION btree_gist SCHEMA gist;
CREATE SCHEMA opencalendly AUTHORIZATION landlord;
SET ROLE boss;
CREATE EXTENSION opencalendly;
RESET ROLE;

CREATE SCHEMA unrelated;
CREATE EXTENSION citext SCHEMA unrelated;
CREATE EXTENSION hstore;
CREATE TABLE unrelated.notes (note text);
CREATE SCHEMA strangers AUTHORIZATION stranger;
CREATE TABLE strangers.things (thing text);
ALTER TABLE strangers.things OWNER TO stranger;
GRANT SELECT ON opencalendly.bookings TO stranger;
SQL
Scene::host($node, 'template_of_all');

my $cases = 0;

sub database
{
	my $name = 'case_' . ++$cases;
	$node->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE template_of_all");
	return $name;
}

# What would take the bookings with it.
my @reaching = (
	'DROP EXTENSION opencalendly',
	'DROP EXTENSION opencalendly CASCADE',
	'DROP EXTENSION IF EXISTS "opencalendly"',
	'DROP EXTENSION hstore, opencalendly',
	'DROP SCHEMA opencalendly CASCADE',
	'DROP SCHEMA strangers, opencalendly CASCADE',
	'DROP EXTENSION btree_gist CASCADE',
	'DROP EXTENSION hstore, btree_gist CASCADE',
	'DROP EXTENSION plpgsql CASCADE',
	'DROP SCHEMA gist CASCADE',
	'DROP SCHEMA IF EXISTS nowhere, gist CASCADE',
	'DROP OWNED BY boss CASCADE',
	'DROP OWNED BY stranger, boss CASCADE',
	'SET ROLE boss; DROP OWNED BY CURRENT_USER CASCADE',
	'SET SESSION AUTHORIZATION boss; DROP OWNED BY SESSION_USER CASCADE',
	'DROP OWNED BY landlord CASCADE',
	'DO $$ BEGIN DROP EXTENSION opencalendly; END $$',
	q{DO $$ BEGIN EXECUTE 'DROP SCHEMA gist CASCADE'; END $$},
	'DO $$ BEGIN DROP OWNED BY boss CASCADE; END $$');

# What cannot reach them, or would not work without protection either: nothing is lost by it.
my @stopped_anyway = (
	'DROP EXTENSION btree_gist', 'DROP SCHEMA gist', 'DROP SCHEMA opencalendly', 'DROP EXTENSION plpgsql',
	'DROP TABLE opencalendly.bookings CASCADE', 'DROP FUNCTION opencalendly.protect_bookings CASCADE',
	'DROP EVENT TRIGGER opencalendly_protect_bookings', 'DROP OWNED BY opencalendly_owner CASCADE',
	'DROP OWNED BY opencalendly_owner', 'DROP ROLE opencalendly_owner');

my @unrelated = (
	'DROP EXTENSION citext CASCADE',
	'DROP EXTENSION hstore',
	'DROP EXTENSION citext, hstore CASCADE',
	'DROP EXTENSION IF EXISTS no_such_extension',
	'DROP SCHEMA IF EXISTS no_such_schema CASCADE',
	'DROP SCHEMA unrelated CASCADE',
	'DROP SCHEMA unrelated, strangers CASCADE',
	'CREATE VIEW unrelated.upcoming AS SELECT starts_at FROM opencalendly.bookings; DROP SCHEMA unrelated CASCADE',
	'DROP OWNED BY stranger',
	'DROP OWNED BY stranger CASCADE',
	'SET SESSION AUTHORIZATION stranger; DROP OWNED BY CURRENT_USER CASCADE',
	'SET SESSION AUTHORIZATION stranger; DROP SCHEMA strangers CASCADE',
	'DO $$ BEGIN DROP EXTENSION hstore; DROP SCHEMA unrelated CASCADE; DROP OWNED BY stranger; END $$',
	q{CREATE FUNCTION clean() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DROP SCHEMA strangers CASCADE'; END $$; SELECT clean()});

my $is_there = q{SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'opencalendly')};

# Statements are tried in a transaction that is taken back, so that one database serves for all.
sub outcome
{
	my ($database, $statement, $setting) = @_;
	my ($stdout, $stderr);

	$node->psql($database, "BEGIN;\n" . ($setting // '') . "$statement;\nRESET ROLE;\n$is_there;\nROLLBACK",
		stdout => \$stdout, stderr => \$stderr, extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);
	my ($there) = $stdout =~ /^([tf])$/m;
	return Scene::sqlstate($stderr) || ($there eq 't' ? 'is there' : 'is gone');
}

my $protected = database();
$node->safe_psql($protected, Scene::book('intro', '2026-06-02 10:00+00'));
my $before = Scene::contents($node, $protected);

is(outcome($protected, $_), 'OC005', "$_: refused") for @reaching;
like(outcome($protected, $_), qr/^(OC005|2BP01)$/, "$_: refused") for @stopped_anyway;
is(outcome($protected, $_), 'is there', "$_: passes") for @unrelated;
is(Scene::contents($node, $protected), $before, 'nothing is lost');
is($node->safe_psql($protected, Scene::book('intro', '2026-06-02 11:00+00')), 'confirmed', 'and it books on');

# A booking counts that another session has not committed yet: the drop waits for it, and looks then.
my $contended = database();
my $booker = Scene::session($node, $contended);
my $dropper = Scene::session($node, $contended);
my $dropper_pid = $dropper->query_safe('SELECT pg_backend_pid()');
Scene::answer($booker, 'BEGIN; ' . Scene::book('intro', '2026-06-02 10:00+00'));
Scene::start($dropper, 'DROP EXTENSION opencalendly');
$node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_locks WHERE pid = $dropper_pid AND NOT granted")
  or die 'the drop does not wait for the booking';
is(scalar Scene::answer($booker, 'COMMIT'), '', 'somebody books while the extension is being dropped');
is(scalar Scene::answer($dropper), 'OC005', 'and it is not dropped');
$_->quit for $booker, $dropper;

# What a DBA reads, and when the protection begins and ends.
my $fresh = database();
is(outcome($fresh, 'DROP EXTENSION opencalendly'), 'is gone', 'without bookings it can be dropped');
$node->safe_psql($fresh, Scene::book('intro', '2026-06-02 10:00+00'));
is(Scene::state_of($node, 'DROP EXTENSION opencalendly', database => $fresh), 'OC005', 'with one booking it cannot');
my $stderr;
$node->psql($fresh, 'DROP SCHEMA gist CASCADE', stderr => \$stderr);
like($stderr, qr/HINT:.*opencalendly\.allow_drop/s, 'the refusal says what would allow it');
$node->safe_psql($fresh, 'SELECT opencalendly.organizer_cancel_booking(id) FROM opencalendly.bookings');
is(Scene::state_of($node, 'DROP EXTENSION opencalendly', database => $fresh), 'OC005', 'a canceled booking is worth keeping, too');
$node->safe_psql($fresh, 'TRUNCATE opencalendly.bookings CASCADE');
is(outcome($fresh, 'DROP EXTENSION opencalendly'), 'is gone', 'without bookings again it can be dropped');

# With the setting, and without bookings, all of them work.
my $empty = database();
for my $statement (@reaching)
{
	is(outcome($protected, $statement, "SET opencalendly.allow_drop = on;\n"), 'is gone', "$statement: allowed by the setting");
	is(outcome($empty, $statement), 'is gone', "$statement: works without bookings");
}
is(outcome($protected, 'DROP EXTENSION opencalendly', "SET opencalendly.allow_drop = on; SET opencalendly.allow_drop = off;\n"),
	'OC005', 'the setting is off again');

# For good, with a new beginning in the same database, also for a session that has used the old one; other databases do
# not mind.
my $witness = Scene::session($node, $protected);
is(scalar Scene::answer($witness, Scene::book('intro', '2026-06-02 12:00+00')), '', 'a session books');
is(scalar Scene::answer($witness, 'SET opencalendly.allow_drop = on; DROP EXTENSION opencalendly; RESET opencalendly.allow_drop'),
	'', 'the extension is dropped for good');
is(scalar Scene::answer($witness, 'CREATE EXTENSION opencalendly; SELECT FROM opencalendly.bookings'), '', 'and installed again');
Scene::host($node, $protected);
is((Scene::answer($witness, Scene::book('intro', '2026-06-02 10:00+00')))[0], 'confirmed', 'the session books again');
is(scalar Scene::answer($witness, 'DROP EXTENSION opencalendly'), 'OC005', 'and is protected again');
$witness->quit;
$node->safe_psql('postgres', 'CREATE SCHEMA opencalendly; DROP SCHEMA opencalendly CASCADE');
$node->safe_psql('postgres', "DROP DATABASE $protected");
pass('a database is dropped as always');

$node->stop;
done_testing();
