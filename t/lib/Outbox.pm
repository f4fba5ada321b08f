package Outbox;

=head1 NAME

Outbox - endpoints, deliveries and workers for tests of the queue

=head1 SYNOPSIS

  my $node = OpenCalendly::node('main', conf => Scene::conf() . Outbox::conf(delivery_timeout => '2s'));
  OpenCalendly::install($node);
  Scene::host($node);
  my $endpoint = Outbox::endpoint($node, $receiver->url('/ok'));
  my ($delivery) = Outbox::enqueue($node, $endpoint);
  my $worker = Outbox::worker($node);            # CALL run_deliveries(), in a session of its own
  Outbox::settled($node, $delivery) or die;
  is(Outbox::attempts($node, $delivery), '1|done|204|', 'it is delivered');
  Outbox::stop($worker);

=head1 DESCRIPTION

Endpoints are ada's and, unlike those of create_webhook_subscription, any number; they are told of nothing by themselves
unless events are named. Deliveries are of an event of their own, each, and written as the verbs write them.

=over

=item Outbox::conf(%settings)

Lines for OpenCalendly::node's conf: loopback may be sent to, and the settings, without "opencalendly.". preload => 1
loads the library into the server, so that commits wake workers.

=item Outbox::endpoint($node, $url, %options)

Makes an endpoint and returns its id. Options: secret, events (list of types; default: booking.created, which nothing
in these tests makes unless it books), database.

=item Outbox::enqueue($node, @endpoints)

An event for each endpoint that is named, committed together. Returns the deliveries' ids. The workers are woken.

=item Outbox::broadcast($node, $events, @endpoints)

So many events, and each of them for all the endpoints.

=item Outbox::worker($node, %options)

Starts a worker, as opencalendly_worker, and returns {session, pid}. Options: before (SQL for the session), seconds (max_seconds), database,
procedure (another than run_deliveries).

=item Outbox::stop($worker)

Ends a worker by pg_cancel_backend and closes its session. Returns the SQLSTATE that the CALL ended with.

=item Outbox::settled($node, @deliveries)

Waits until they are neither pending nor leased.

=item Outbox::attempted($node, $attempt, @deliveries)

Waits until each has a row of this attempt.

=item Outbox::delivery($node, $delivery, $columns), Outbox::attempts($node, $delivery, $columns)

What the tables say: columns of the delivery (status, attempt, last_error); one line for each of its attempts (attempt, phase,
status, error).

=item Outbox::failed_turns($node)

What the server's log says of turns of workers that have failed and were tried again: a list of messages.

=item Outbox::poll($seconds, $condition)

Waits until $condition->() is true; false if it never was.

=back

=cut

use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Scene;
use Time::HiRes qw(sleep time);

my $secret = 'whsec_' . 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=';

sub conf
{
	my (%settings) = @_;
	my $preload = delete $settings{preload};

	%settings = (egress_allow => '127.0.0.0/8', %settings);
	return ($preload ? "shared_preload_libraries = '\$libdir/opencalendly'\n" : '')
	  . join '', map { "opencalendly.$_ = '$settings{$_}'\n" } sort keys %settings;
}

sub endpoint
{
	my ($node, $url, %options) = @_;
	my $events = join ',', @{ $options{events} // ['booking.created'] };
	my $plain = $options{secret} // $secret;

	return $node->safe_psql($options{database} // 'postgres', <<"SQL");
WITH new AS MATERIALIZED (SELECT gen_random_uuid() AS id)
INSERT INTO opencalendly.webhook_subscriptions (id, user_id, url, events, secret)
	SELECT new.id, u.id, '$url', '{$events}', opencalendly.seal_webhook_secret(new.id, '$plain')
	FROM new, opencalendly.users AS u WHERE u.username = 'ada'
	RETURNING id
SQL
}

sub enqueue
{
	my ($node, @endpoints) = @_;
	my $list = join ', ', map { "'$_'" } @endpoints;

	return split /\n/, $node->safe_psql('postgres', <<"SQL");
WITH wanted AS MATERIALIZED (
	SELECT opencalendly.uuid_generate_v7() AS event_id, e.id::uuid AS subscription_id FROM unnest(ARRAY[$list]) AS e(id)
), events AS (
	INSERT INTO opencalendly.outbox_events (id, type, body)
		SELECT event_id, 'booking.created', '{"id": "' || event_id || '", "type": "booking.created"}' FROM wanted
), waking AS MATERIALIZED (
	SELECT opencalendly.wake_workers_at_commit()
)
INSERT INTO opencalendly.webhook_deliveries (subscription_id, event_id)
	SELECT w.subscription_id, w.event_id FROM wanted AS w, waking
	RETURNING id
SQL
}

sub broadcast
{
	my ($node, $events, @endpoints) = @_;
	my $list = join ', ', map { "'$_'" } @endpoints;

	$node->safe_psql('postgres', <<"SQL");
WITH events AS (
	INSERT INTO opencalendly.outbox_events (id, type, body)
		SELECT opencalendly.uuid_generate_v7(), 'booking.created', '{"n": ' || n || ', "text": "' || repeat('x', 500) || '"}' FROM generate_series(1, $events) AS n
		RETURNING id
), waking AS MATERIALIZED (
	SELECT opencalendly.wake_workers_at_commit()
)
INSERT INTO opencalendly.webhook_deliveries (subscription_id, event_id)
	SELECT e::uuid, events.id FROM unnest(ARRAY[$list]) AS e, events, waking
SQL
	return;
}

sub worker
{
	my ($node, %options) = @_;
	my $session = Scene::session($node, $options{database});
	my $pid = $session->query_safe('SELECT pg_backend_pid()');

	Scene::answer($session, 'SET ROLE opencalendly_worker');
	Scene::answer($session, $options{before}) if defined $options{before};
	Scene::start($session, "CALL opencalendly.${\ ($options{procedure} // 'run_deliveries')}(${\ ($options{seconds} // '')})");
	return { node => $node, session => $session, pid => $pid };
}

sub stop
{
	my ($worker) = @_;

	$worker->{node}->safe_psql('postgres', "SELECT pg_cancel_backend($worker->{pid})");
	my $state = Scene::answer($worker->{session});
	$worker->{session}->quit;
	return $state;
}

sub settled
{
	my ($node, @deliveries) = @_;
	my $list = join ', ', map { "'$_'" } @deliveries;

	return poll(60, sub {
		return $node->safe_psql('postgres', <<"SQL") eq 't';
SELECT count(*) = 0 FROM opencalendly.webhook_deliveries WHERE id IN ($list) AND status IN ('pending', 'leased')
SQL
	});
}

sub attempted
{
	my ($node, $attempt, @deliveries) = @_;
	my $list = join ', ', map { "'$_'" } @deliveries;

	return poll(60, sub {
		return $node->safe_psql('postgres', <<"SQL") eq scalar @deliveries;
SELECT count(*) FROM opencalendly.delivery_attempts WHERE delivery_id IN ($list) AND attempt = $attempt
SQL
	});
}

sub delivery
{
	my ($node, $delivery, $columns) = @_;
	$columns //= 'status, attempt, last_error';

	return $node->safe_psql('postgres', "SELECT $columns FROM opencalendly.webhook_deliveries WHERE id = '$delivery'");
}

sub attempts
{
	my ($node, $delivery, $columns) = @_;
	$columns //= 'attempt, phase, status, error';

	return $node->safe_psql('postgres', "SELECT $columns FROM opencalendly.delivery_attempts WHERE delivery_id = '$delivery' ORDER BY attempt");
}

sub failed_turns
{
	my ($node) = @_;

	return slurp_file($node->logfile) =~ /WARNING:.* a worker's transaction has failed: (.*)/g;
}

sub poll
{
	my ($seconds, $condition) = @_;
	my $end = time + $seconds;

	until ($condition->())
	{
		return 0 if time > $end;
		sleep 0.02;
	}
	return 1;
}

1;
