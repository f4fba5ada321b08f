# Promise (API.md, Webhooks): over HTTP alone a user makes endpoints, is told a secret once that verifies what comes, sees what
# was sent with each attempt, rotates, pauses, resumes, pings and sends again. A secret is in the answer that sets it, in what
# it signs, and nowhere else. What a worker does meanwhile is told by "run" within a second.
use strict;
use warnings;
use Front;
use JSON::PP ();
use Outbox;
use PostgreSQL::Test::Utils;
use Receiver;
use Scene;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => Receiver::missing() if defined Receiver::missing();

my ($true, $false) = (JSON::PP::true(), JSON::PP::false());
my ($node, $shim, $http) = Front::start(conf => Outbox::conf(preload => 1, retry_delays => '1h') . "log_statement = none\n");
my $ada = Front::sign_in($node, $http, 'ada');
my $ben = Front::sign_in($node, $http, 'ben');
my $receiver = Receiver->start;
my $worker = Outbox::worker($node);
my @all = ('booking.created', 'booking.rescheduled', 'booking.canceled');
my @secrets;

# The deliveries of a webhook, newest first.
sub deliveries { my ($id, %query) = @_; return @{ $ada->get("/v0/webhooks/$id/deliveries", query => \%query)->{json}{deliveries} // [] }; }

# Waits until the newest one is neither pending nor leased; returns it.
sub settled
{
	my ($id) = @_;

	Outbox::poll(30, sub { (deliveries($id))[0]{status} !~ /pending|leased/ }) or diag('the delivery is not settled');
	return (deliveries($id))[0];
}

#
# Made and changed
#

my $made = $ada->post('/v0/webhooks', { url => $receiver->url('/switch/ada?key=ada'), events => \@all });
answered($made, 'an endpoint is made');
my $hook = $made->{json}{webhook};
my $path = "/v0/webhooks/$hook->{id}";
push @secrets, $hook->{secret};
like($hook->{secret}, qr{^whsec_[A-Za-z0-9+/]{43}=$}, 'with a secret');
is_deeply([ @$hook{qw(url events isActive pausedReason failingSince secondSecretUntil)} ],
	[ $receiver->url('/switch/ada?key=ada'), \@all, $true, undef, undef, undef ], 'as it was asked for');
my %shown = %$hook;
delete $shown{secret};
is_deeply($ada->get($path)->{json}{webhook}, \%shown, 'it is shown without its secret');
is_deeply($ada->get('/v0/webhooks')->{json}{webhooks}, [ \%shown ], 'and in the list');
is_deeply($ben->get('/v0/webhooks')->{json}{webhooks}, [], 'of its owner');
refused($ben->get($path), 404, 'OC013', undef, 'another finds nothing');
refused($ben->$_($path, {}), 404, 'OC013', undef, "nor by $_") for qw(patch del);
refused($ben->post("$path/$_", { since => '2026-01-01T00:00:00Z' }), 404, 'OC013', undef, "nor by $_") for qw(ping resume replay);
refused($ben->get("$path/deliveries"), 404, 'OC013', undef, 'nor what was sent');
my $mine = 'a secret of my own';
push @secrets, $mine;
my $second = $ada->post('/v0/webhooks', { url => $receiver->url('/verified?key=second'), events => ['booking.canceled'], secret => $mine });
is($second->{json}{webhook}{secret}, $mine, 'a secret can be given');
is_deeply([ map { $_->{id} } @{ $ada->get('/v0/webhooks')->{json}{webhooks} } ], [ $hook->{id}, $second->{json}{webhook}{id} ], 'the newest is the last');
is_deeply($ada->patch($path, { events => ['booking.created'] })->{json}{webhook}{events}, ['booking.created'], 'events are changed');
is_deeply($ada->patch($path, { events => \@all })->{json}{webhook}{events}, \@all, 'and back');
refused($ada->post('/v0/webhooks', { url => 'https://10.0.0.1/', events => \@all }), 400, 'OC006', 'url', 'no private address');
refused($ada->post('/v0/webhooks', { url => 'https://ada:Kennwort1@example.com/', events => \@all }), 400, 'OC006', 'url', 'no user name');
refused($ada->post('/v0/webhooks', { url => 'https://example.com/', events => \@all, secret => 'Kurz-1' }), 400, 'OC006', 'secret', 'no short secret');
refused($ada->post('/v0/webhooks', { url => 'https://example.com/', events => \@all, secret => 'whsec_Geheimnis1' }), 400, 'OC006', 'secret', 'nor one that is not what it says');
unlike($ada->post('/v0/webhooks', { url => 'https://example.com/', events => \@all, secret => 'whsec_Geheimnis1' })->{body}, qr/Geheimnis1/, 'and it is not told back');

#
# Sent
#

$receiver->secrets(ada => $hook->{secret});
$receiver->secrets(second => $mine);
$receiver->switch(ada => '/status/503');
my $ping = $ada->post("$path/ping", {});
answered($ping, 'a ping is queued');
is_deeply([ @{ $ping->{json}{delivery} }{qw(event status attempt bookingId)} ], [ 'ping', 'pending', 0, undef ], 'and told');
Outbox::poll(30, sub { (deliveries($hook->{id}))[0]{lastError} });
my ($failed) = deliveries($hook->{id});
is_deeply([ @$failed{qw(id status attempt settledAt)} ], [ $ping->{json}{delivery}{id}, 'pending', 1, undef ], 'it has failed once, and waits');
is_deeply([ map { [ @$_{qw(attempt phase status)} ] } @{ $failed->{attempts} } ], [ [ 1, 'done', 503 ] ], 'with the attempt');
cmp_ok($failed->{nextAttemptAt}, 'gt', $failed->{attempts}[0]{startedAt}, 'and when the next one comes');
like($ada->get($path)->{json}{webhook}{failingSince}, qr/^\d{4}-/, 'the endpoint fails since then');

$receiver->switch(ada => '/verified');
my $before = time;
my $replayed = $ada->post("/v0/webhooks/deliveries/$failed->{id}/replay", {});
answered($replayed, 'it need not wait');
is(settled($hook->{id})->{status}, 'succeeded', 'it arrives');
cmp_ok(time - $before, '<', 10, 'at once');
my @pings = $receiver->wait_for(2, sub { $_[0]{path} =~ /key=ada/ });
is($pings[0]{id}, $pings[1]{id}, 'by the same id');
is($pings[1]{standard}, 'ok', 'signed with the secret that was told');
is(JSON::PP::decode_json($pings[1]{body})->{payload}{webhookId}, $hook->{id}, 'a ping says whose it is');
is($ada->get($path)->{json}{webhook}{failingSince}, undef, 'the endpoint is well');
refused($ben->post("/v0/webhooks/deliveries/$failed->{id}/replay", {}), 404, 'OC013', undef, 'another cannot send it again');

Front::event_type($ada);
my $booked = Front::book($http, { username => 'ada', eventSlug => 'talk', startsAt => '2026-06-02T10:00:00Z' });
is_deeply($booked->{json}{webhooks}, { queued => 1 }, 'a booking tells how many are told');
my $delivery = settled($hook->{id});
is_deeply([ @$delivery{qw(event bookingId status attempt lastError nextAttemptAt)} ], [ 'booking.created', $booked->{json}{booking}{id}, 'succeeded', 1, undef, undef ],
	'one delivery');
is_deeply($delivery->{body}, JSON::PP::decode_json(($receiver->requests(sub { $_[0]{path} =~ /key=ada/ }))[-1]{body}), 'its body is what came');
is($delivery->{body}{payload}{metadata}{sequence}, 0, 'the first of its sequence');
my $moved = $http->post("/v0/bookings/actions/$booked->{json}{actions}{reschedule}{token}/reschedule", { startsAt => '2026-06-02T11:00:00Z' });
is_deeply($moved->{json}{webhooks}, { queued => 1 }, 'a move is told');
is(settled($hook->{id})->{body}{payload}{metadata}{rescheduledFromBookingId}, $booked->{json}{booking}{id}, 'with what it was');
my $canceled = $ada->post("/v0/bookings/$moved->{json}{newBooking}{id}/cancel", { reason => 'rain' });
answered($canceled, 'it is canceled');
is(settled($hook->{id})->{body}{payload}{metadata}{cancellationReason}, 'rain', 'and the reason told');
is(settled($second->{json}{webhook}{id})->{status}, 'succeeded', 'the other endpoint is told that alone');
is(scalar deliveries($second->{json}{webhook}{id}), 1, 'once');
my $page = $ada->get("$path/deliveries", query => { limit => 3, status => 'succeeded' });
is_deeply([ map { $_->{event} } @{ $page->{json}{deliveries} } ], [ 'booking.canceled', 'booking.rescheduled', 'booking.created' ], 'a page of the list');
like($page->{headers}{link}, qr/cursor=\Q$page->{json}{nextCursor}\E.*rel="next"/, 'leads to the next');
is_deeply([ map { $_->{event} } deliveries($hook->{id}, limit => 3, status => 'succeeded', cursor => $page->{json}{nextCursor}) ], ['ping'], 'and that is the rest');

#
# Secrets change
#

my $rotated = $ada->patch($path, { rotateSecret => $true });
my $new = $rotated->{json}{webhook}{secret};
push @secrets, $new;
isnt($new, $hook->{secret}, 'a secret is made anew');
like($rotated->{json}{webhook}{secondSecretUntil}, qr/^\d{4}-/, 'the old one signs, too');
ok(!exists $ada->get($path)->{json}{webhook}{secret}, 'it is not shown again');
for my $secret ($hook->{secret}, $new)
{
	$receiver->secrets(ada => $secret);
	answered($ada->post("$path/ping", {}), 'a ping');
	is(settled($hook->{id})->{status}, 'succeeded', 'verified with ' . ($secret eq $new ? 'the new' : 'the old') . ' secret');
}
refused($ada->patch($path, { rotateSecret => $true, secret => $mine }), 400, 'OC006', 'rotateSecret', 'either made or given');

#
# Paused and resumed
#

$receiver->switch(ada => '/gone');
answered($ada->post("$path/ping", {}), 'a ping');
Outbox::poll(30, sub { $ada->get($path)->{json}{webhook}{pausedReason} });
my $paused = $ada->get($path)->{json}{webhook};
like($paused->{pausedReason}, qr/410/, 'an endpoint that is gone is paused, and says why');
is($paused->{isActive}, $true, 'it is not the user\'s switch');
refused($ada->post("$path/ping", {}), 409, 'OC005', undef, 'no pings then');
my $late = Front::book($http, { username => 'ada', eventSlug => 'talk', startsAt => '2026-06-02T12:00:00Z' });
is_deeply($late->{json}{webhooks}, { queued => 1 }, 'a booking is queued all the same');
is((deliveries($hook->{id}))[0]{status}, 'paused', 'and waits');
$receiver->switch(ada => '/verified');
my $resumed = $ada->post("$path/resume", {});
is_deeply([ @{ $resumed->{json}{webhook} }{qw(pausedReason failingSince isActive)} ], [ undef, undef, $true ], 'it is resumed');
Outbox::poll(30, sub { !grep { $_->{status} ne 'succeeded' } deliveries($hook->{id}) });
is(join(' ', map { $_->{status} } deliveries($hook->{id})), join(' ', ('succeeded') x 8), 'and all of it arrives') or diag(explain([ deliveries($hook->{id}) ]));

is($ada->patch($path, { isActive => $false })->{json}{webhook}{isActive}, $false, 'it is switched off');
is_deeply(Front::book($http, { username => 'ada', eventSlug => 'talk', startsAt => '2026-06-02T13:00:00Z' })->{json}{webhooks}, { queued => 0 }, 'and told nothing');
is($ada->patch($path, { isActive => $true })->{json}{webhook}{isActive}, $true, 'and on again');

#
# Again, and "run"
#

is($ada->post("$path/replay", { since => '2026-06-01T00:00:00Z' })->{json}{replayed}, 0, 'nothing has failed');
my $run = $ada->post('/v0/webhooks/deliveries/run', {});
is_deeply({ %{ $run->{json} }, ok => 1 }, { ok => 1, processed => 0, succeeded => 0, retried => 0, failed => 0 }, 'and nothing is due');
is(Outbox::stop($worker), '57014', 'the worker goes');
is($ada->post("$path/replay", { since => '2026-06-01T00:00:00Z', includeSucceeded => $true })->{json}{replayed}, 8, 'all again');
$before = time;
$run = $ada->post('/v0/webhooks/deliveries/run', {}, query => { limit => 5 });
is($run->{json}{processed}, 0, 'nobody sends it');
cmp_ok(time - $before, '<', 3, 'which is not waited for');
cmp_ok(time - $before, '>', 0.9, 'but a second');
my $other = Scene::session($node);
$other->query_safe("SELECT pg_advisory_lock(hashtextextended('opencalendly run of ' || id, 0)) FROM opencalendly.users WHERE username = 'ada'");
$before = time;
is($ada->post('/v0/webhooks/deliveries/run', {})->{status}, 200, 'once more, while another request waits');
cmp_ok(time - $before, '<', 0.9, 'which does not wait, too');
$other->quit;
$worker = Outbox::worker($node);
$receiver->switch(ada => '/status/500');
Outbox::poll(30, sub { !grep { $_->{status} =~ /pending|leased/ && ($_->{attempt} < 2) } deliveries($hook->{id}) });
$receiver->switch(ada => '/verified');
$ada->post("/v0/webhooks/deliveries/$_->{id}/replay", {}) for grep { $_->{status} eq 'pending' } deliveries($hook->{id});
Outbox::poll(30, sub { !grep { $_->{status} ne 'succeeded' } deliveries($hook->{id}) });
is(join(' ', map { $_->{status} } deliveries($hook->{id})), join(' ', ('succeeded') x 8), 'all have arrived');
# on a slow machine it may be asked when all is over
$receiver->switch(ada => '/slow/300');
for (1 .. 20)
{
	$ada->post("$path/ping", {});
	$run = $ada->post('/v0/webhooks/deliveries/run', {});
	last if $run->{json}{processed};
}
is_deeply([ @{ $run->{json} }{qw(processed succeeded retried failed)} ], [ 1, 1, 0, 0 ], 'run tells what the worker has done meanwhile');

#
# Gone
#

is($ada->del($path)->{json}{deletedId}, $hook->{id}, 'it is deleted');
refused($ada->get("$path/deliveries"), 404, 'OC013', undef, 'with what was sent');
refused($ada->post("/v0/webhooks/deliveries/$failed->{id}/replay", {}), 404, 'OC013', undef, 'for good');

# What PostgreSQL logs by default, and the shim.
my $logs = join '', map { slurp_file($_) } $node->logfile, $shim->log_file;
is(join(', ', grep { index($logs, $_) >= 0 } @secrets, 'Kennwort1', 'Geheimnis1', 'Kurz-1'), '', 'no secret and no password is in a log');
my $dump = $node->safe_psql('postgres', 'SELECT s::text FROM opencalendly.webhook_subscriptions AS s');
is(join(', ', grep { index($dump, $_) >= 0 } @secrets, unpack('H*', $mine)), '', 'nor in the table');
Outbox::stop($worker);
done_testing();
