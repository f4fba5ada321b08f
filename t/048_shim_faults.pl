# Promise: whatever a database does to a connection, the shim answers in time and is well again with the next request; and
# neither its answers nor its log tell what they should not.
use strict;
use warnings;
use OpenCalendly;
use Scene;
use Shim;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = OpenCalendly::node('main', conf => Scene::conf() . "opencalendly.dev_login_links = off\n");
OpenCalendly::install($node);
Scene::host($node);

my $shim = Shim->start($node, threads => 2, args => [ '--statement-timeout', '500' ]);
my $http = $shim->http(timeout => 30);
my $page = '/v0/users/ada/event-types/intro';
my $number = 0;

sub sql
{
	my ($text) = @_;

	return $node->safe_psql('postgres', $text);
}

sub book
{
	return $http->post('/v0/bookings', {
		username => 'ada', eventSlug => 'intro', startsAt => sprintf('2026-06-%02dT11:00:00.000Z', 2 + $number++),
		inviteeName => 'Eve', inviteeEmail => "eve$number\@example.com" });
}

# The shim's role gets a setting, and new connections.
sub set_role
{
	my ($change) = @_;

	sql("ALTER ROLE shim $change; SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'shim'");
	return;
}

# What a booking's commit does.
sub at_commit
{
	my ($body) = @_;

	sql(<<"SQL");
DROP TRIGGER IF EXISTS at_commit ON opencalendly.bookings;
CREATE OR REPLACE FUNCTION public.at_commit() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN $body; RETURN NEW; END \$\$;
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON opencalendly.bookings
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.at_commit();
SQL
	return;
}

sub answers
{
	my ($name, $answer, $status) = @_;

	is($answer->{status}, $status, $name) or diag $answer->{body};
	isnt($answer->{headers}{'retry-after'} // '', '', "$name: it says when to try again") if $status == 503;
	return;
}

sub bookings { return sql('SELECT count(*) FROM opencalendly.bookings'); }

sub read_only_server
{
	set_role('SET default_transaction_read_only = on');
	answers('a server that only reads does', $http->get($page), 200);
	answers('writing there is refused for a while', book(), 503);
	set_role('RESET default_transaction_read_only');
	answers('then it writes', book(), 200);
	return;
}

sub commits
{
	my $before = bookings();

	at_commit("RAISE 'not yet' USING ERRCODE = '40001'");
	answers('a commit that fails each time for others is no booking', book(), 503);
	at_commit("RAISE 'of % no more', NEW.invitee_email USING ERRCODE = 'XX001'");
	answers('a commit that fails', my $failed = book(), 500);
	unlike($failed->{body}, qr/eve|no more/, 'its words are not told');
	at_commit('PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1)');
	answers('a connection that ends in its commit', book(), 503);
	is(bookings(), $before, 'none of them booked');

	at_commit('SET LOCAL statement_timeout = 0; PERFORM pg_sleep(60)');
	my $began = time;
	answers('a commit that does not end', book(), 503);
	cmp_ok(time - $began, '<', 15, 'it is not waited for');
	answers('the thread serves', $http->get($page), 200) for 1 .. 3;
	sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'shim'");
	sql('DROP TRIGGER at_commit ON opencalendly.bookings');
	answers('the next booking', book(), 200);
	return;
}

sub frozen
{
	$http->get($page) for 1 .. 8;
	my @pids = split /\n/, sql("SELECT pid FROM pg_stat_activity WHERE usename = 'shim'");
	my $began = time;

	kill 'STOP', @pids;
	answers('a reader does without a frozen connection', $http->get($page), 200);
	cmp_ok(time - $began, '<', 15, 'soon');
	kill 'CONT', @pids;
	return;
}

# The route's function goes, comes back, and answers in another shape.
sub other_function
{
	my $function = 'opencalendly.api_public_event_type(text, text)';

	answers('before', $http->get($page), 200);
	sql("ALTER FUNCTION $function RENAME TO was");
	answers('a function that is gone', $http->get($page), 500);
	sql(<<'SQL');
CREATE TYPE opencalendly.short_answer AS (status int, body text);
CREATE FUNCTION opencalendly.api_public_event_type(text, text) RETURNS opencalendly.short_answer LANGUAGE sql
	AS $$ SELECT ROW(200, '{"ok": true, "readOnly": "' || current_setting('transaction_read_only') || '"}')::opencalendly.short_answer $$;
SQL
	is($http->get($page)->{json}{readOnly}, 'on', 'one of another type') for 1 .. 3;
	sql("DROP FUNCTION $function");
	sql(<<'SQL');
CREATE FUNCTION opencalendly.api_public_event_type(text, text) RETURNS opencalendly.api_answer LANGUAGE sql
	AS $$ SELECT ROW(301, NULL, E'a\r\nX-Evil: 1', NULL, E'/x\r\nX-Evil: 1', E'c\r\nX-Evil: 1')::opencalendly.api_answer $$;
SQL
	ok(!exists $http->get($page)->{headers}{'x-evil'}, 'no text of the database makes a header');
	sql("DROP FUNCTION $function");
	sql('ALTER FUNCTION opencalendly.was(text, text) RENAME TO api_public_event_type');
	answers('and back', $http->get($page), 200);
	return;
}

# Notices quote what somebody has sent.
sub notices
{
	sql(<<'SQL');
CREATE FUNCTION public.says() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'a secret of %', NEW.invitee_email; RETURN NEW; END $$;
CREATE TRIGGER says BEFORE INSERT ON opencalendly.bookings FOR EACH ROW EXECUTE FUNCTION public.says();
SQL
	answers('a warning of the database is no harm', book(), 200);
	sql('DROP TRIGGER says ON opencalendly.bookings');
	return;
}

sub unreadable_conninfo
{
	local $ENV{OPENCALENDLY_DATABASE} = 'host=localhost password=open sesame user=shim';
	my $said = `timeout 10 ${\ Shim::binary()} --listen 127.0.0.1:1 2>&1`;

	is($? >> 8, 1, 'a connection string that cannot be read is refused');
	like($said, qr/connection string cannot be read/, 'by name');
	unlike($said, qr/sesame/, 'and not quoted');
	return;
}

# The setting is found by the first connection after its change; the request that opened it must not be answered.
sub late_login_links
{
	my $second = Shim->start($node, name => 'late', args => [ '--trusted-proxy', '10.0.0.0/8' ]);

	$node->append_conf('postgresql.conf', 'opencalendly.dev_login_links = on');
	$node->restart;
	my @asked = map { $second->http->post('/v0/auth/magic-link', { email => 'eve@example.com' }) } 1 .. 3;
	is(scalar(grep { ($_->{body} // '') =~ /magicLinkToken/ } @asked), 0, 'sign-in links are not handed out while it stops');
	is($second->stop, 1, 'it ends by itself, and tells that it failed');
	like($second->log, qr/dev_login_links is on/, 'and why');
	return;
}

read_only_server();
commits();
frozen();
other_function();
notices();
is($shim->stop, 0, 'the shim ends well');
is(join("\n", grep { !/^\{.*\}$/ } split /\n/, $shim->log), '', 'its log is JSON, line by line');
unlike($shim->log, qr/secret of/, 'without the notices');
unreadable_conninfo();
late_login_links();
done_testing();
