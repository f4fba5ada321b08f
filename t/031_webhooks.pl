# Promise: what becomes of a booking is told to every endpoint that wants it, and to no other, once the change is committed and
# never if it is not; by requests that the official verifiers of Standard Webhooks accept, and that nobody can change or
# send again later; the same event has the same ids in every attempt. A restored copy and a standby send nothing.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256 hmac_sha256_hex);
use JSON::PP;
use MIME::Base64 qw(decode_base64 encode_base64);
use OpenCalendly;
use Outbox;
use PostgreSQL::Test::Utils;
use Receiver;
use Scene;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => Receiver::missing() if defined Receiver::missing();

my $node = OpenCalendly::node('main', allows_streaming => 1,
	conf => Scene::conf() . Outbox::conf(preload => 1, retry_delays => '2s'));
OpenCalendly::install($node);
Scene::host($node);
Scene::teams($node);
my $receiver = Receiver->start;
my $version = $node->safe_psql('postgres', "SELECT extversion FROM pg_extension WHERE extname = 'opencalendly'");
my %secret; # by endpoint: the one it signs with
my %id; # by endpoint
my @all = ('booking.created', 'booking.canceled', 'booking.rescheduled');

sub value { return $node->safe_psql('postgres', $_[0]) }

# An endpoint of a user, called by a name that is in its URL. %options: events, secret, path.
sub subscribe
{
	my ($user, $name, %options) = @_;
	my $events = join ',', @{ $options{events} // \@all };
	my $path = ($options{path} // '/ok') . "?key=$name";
	my $given = defined $options{secret} ? "'$options{secret}'" : 'NULL';

	($id{$name}, $secret{$name}) = split /\|/, value(<<"SQL");
SELECT * FROM opencalendly.create_webhook_subscription(
	(SELECT id FROM opencalendly.users WHERE username = '$user'), '${\ $receiver->url($path)}', '{$events}', $given)
SQL
	$receiver->secrets($name => $secret{$name});
	return;
}

# The body, out of the bytes that were sent.
sub body_in
{
	my ($request) = @_;

	return decode_json(decode_base64($request->{body_base64}));
}

# What has come: "endpoint type booking", sorted.
sub told
{
	my (@requests) = @_;

	return join "\n", sort map {
		my ($name) = $_->{path} =~ /key=([\w-]+)/;
		my $body = body_in($_);
		"$name $body->{type} " . ($body->{payload}{bookingId} // '')
	} @requests;
}

# Waits until nothing is due any more.
sub drained
{
	return Outbox::poll(60, sub {
		value("SELECT count(*) FROM opencalendly.webhook_deliveries WHERE status IN ('pending', 'leased')") eq '0' });
}

#
# The verifiers, and the HMACs of this test, against what is published
#

sub standard_signature
{
	my ($secret, $id, $time, $body) = @_;
	my $key = $secret =~ /^whsec_(.*)/ ? decode_base64($1) : $secret;

	return 'v1,' . encode_base64(hmac_sha256("$id.$time.$body", $key), '');
}

my %published = (
	secret => 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
	body => '{"test": 2432232314}',
	headers => {
		'webhook-id' => 'msg_p5jXN8AQM9LWM0D4loKWxJek',
		'webhook-timestamp' => '1614265330',
		'webhook-signature' => 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' });
my $verdict = $receiver->verify(undef, $published{secret},
	body => $published{body}, headers => $published{headers}, shift => 1614265330 - int(time));
is("$verdict->{standard} $verdict->{svix}", 'ok ok', 'both libraries accept the published vector, at its time');
is( standard_signature($published{secret}, @{ $published{headers} }{ 'webhook-id', 'webhook-timestamp' }, $published{body}),
	$published{headers}{'webhook-signature'}, 'and so does the HMAC of this test');
for my $secret ($published{secret}, 'a plain secret of words', "p\x{c3}\x{bc}nktlich")
{
	is( value("SELECT opencalendly.webhook_signature('$secret', '$published{body}', to_timestamp(1614265330.9))"),
		't=1614265330,v1=' . hmac_sha256_hex("1614265330.$published{body}", $secret), 'webhook_signature is that HMAC, with the whole text as key');
}

#
# Who is told of what
#

subscribe('ada', 'ada');
subscribe('ada', 'ada-plain', secret => 'correct horse battery');
subscribe('ben', 'ben', secret => 'whsec_' . encode_base64('k' x 24, ''));
subscribe('cleo', 'cleo', events => ['booking.canceled']);
subscribe('dan', 'dan');
subscribe('dan', 'dan-off');
value("SELECT opencalendly.update_webhook_subscription('$id{'dan-off'}', '{\"is_active\": false}')");
subscribe('eve', 'eve', events => [ 'booking.created', 'booking.rescheduled' ]);
like($secret{ada}, qr{^whsec_[A-Za-z0-9+/]{43}=$}, 'a secret that is made has 32 bytes');

my $worker = Outbox::worker($node);
my %booking; # by what this test calls it: {id, cancel, move, host}
my @tokens;
my @expected;

sub expect
{
	my ($type, $booking, @names) = @_;

	push @expected, map { "$_ booking.$type $booking" } @names;
	return;
}

# Books and remembers.
sub booked
{
	my ($name, $slug, $start) = @_;
	my %row;

	@row{qw(id cancel move host)} = split /\|/, value(Scene::book($slug, $start,
		'booking_id, cancel_token, reschedule_token, (SELECT username FROM opencalendly.users WHERE id = organizer_id)'));
	push @tokens, @row{ 'cancel', 'move' };
	$booking{$name} = \%row;
	return $row{id};
}

# Moves, by the link of the last one.
sub moved
{
	my ($name, $start) = @_;
	my %row;

	@row{qw(id cancel move host)} = split /\|/, value(<<"SQL");
SELECT booking_id, cancel_token, reschedule_token, (SELECT username FROM opencalendly.users WHERE id = organizer_id)
	FROM opencalendly.reschedule_booking('$booking{$name}{move}', '$start')
SQL
	push @tokens, @row{ 'cancel', 'move' };
	$booking{$name} = \%row;
	return $row{id};
}

sub canceled
{
	my ($name, $reason) = @_;

	return (split /\|/, value("SELECT booking_id FROM opencalendly.cancel_booking('$booking{$name}{cancel}', '$reason')"))[0];
}

my @adas = ('ada', 'ada-plain');
my %wants = (
	ada  => { map { $_ => [@adas] } qw(created canceled rescheduled) },
	ben  => { map { $_ => ['ben'] } qw(created canceled rescheduled) },
	cleo => { canceled => ['cleo'] },
	dan  => { map { $_ => ['dan'] } qw(created canceled rescheduled) },
	eve  => { map { $_ => ['eve'] } qw(created rescheduled) });

# The endpoints of the team's owner, ada, and of these hosts.
sub team_wants
{
	my ($type, @hosts) = @_;
	my %names = map { $_ => 1 } map { @{ $wants{$_}{$type} // [] } } 'ada', @hosts;

	return sort keys %names;
}

# Solo, with every change that there is.
my @journey = booked('solo', 'intro', '2026-06-02 10:00+00');
expect('created', $journey[0], @adas);
for my $start ('2026-06-03 11:00+00', '2026-06-04 12:00+00')
{
	push @journey, moved('solo', $start);
	expect('rescheduled', $journey[-1], @adas);
}
is(canceled('solo', 'It rains, "sadly"\\'), $journey[-1], 'the journey of one booking ends');
expect('canceled', $journey[-1], @adas);

# By its host, without a link.
booked('by the host', 'long', '2026-06-05 10:00+00');
expect('created', $booking{'by the host'}{id}, @adas);
my $by_host = value("SELECT booking_id FROM opencalendly.organizer_reschedule_booking('$booking{'by the host'}{id}', '2026-06-05 12:00+00')");
expect('rescheduled', $by_host, @adas);
value("SELECT opencalendly.organizer_cancel_booking('$by_host', 'ill')");
expect('canceled', $by_host, @adas);

# Round robin: the owner and the host whose turn it is; once, if they are the same.
for my $n (1 .. 5)
{
	booked("turn $n", 'turn', "2026-06-0$n 14:00+00");
	expect('created', $booking{"turn $n"}{id}, team_wants('created', $booking{"turn $n"}{host}));
	canceled("turn $n", 'no more');
	expect('canceled', $booking{"turn $n"}{id}, team_wants('canceled', $booking{"turn $n"}{host}));
}

# Collective: all of them.
booked('panel', 'panel', '2026-06-08 10:00+00');
expect('created', $booking{panel}{id}, team_wants('created', qw(ada ben cleo)));
moved('panel', '2026-06-08 11:00+00');
expect('rescheduled', $booking{panel}{id}, team_wants('rescheduled', qw(ada ben cleo)));

# A group: each seat is a booking.
for my $seat (1, 2)
{
	booked("seat $seat", 'class', '2026-06-09 10:00+00');
	expect('created', $booking{"seat $seat"}{id}, @adas);
}
canceled('seat 1', 'flu');
expect('canceled', $booking{'seat 1'}{id}, @adas);

# Whatever an invitee may be called: signed and sent are the same bytes.
my $unusual = "Zo\x{c3}\x{ab} \x{f0}\x{9f}\x{a6}\x{84} \"O''Neill\" \\ </script> %s";
push @tokens, split /\|/, value(<<"SQL");
SELECT cancel_token, reschedule_token
	FROM opencalendly.book_slot(${\ Scene::event_type('intro')}, '2026-06-22 10:00+00', '$unusual', 'o''neill+x\@example.com')
SQL
my $unusual_id = value("SELECT id FROM opencalendly.bookings WHERE starts_at = '2026-06-22 10:00+00'");
expect('created', $unusual_id, @adas);

# Another host alone.
booked('ben alone', 'with-ben', '2026-06-10 10:00+00');
expect('created', $booking{'ben alone'}{id}, 'ben');

# What is no change is no event: a replay, a refusal.
value("SELECT opencalendly.cancel_booking('$booking{'seat 1'}{cancel}')");
is(Scene::state_of($node, Scene::book('with-ben', '2026-06-10 10:00+00')), 'OC001', 'a slot that is taken is refused');

ok(drained(), 'all is delivered') or diag(value('SELECT status, count(*) FROM opencalendly.webhook_deliveries GROUP BY 1'));
my @requests = $receiver->wait_for(scalar @expected);
is(told(@requests), join("\n", sort @expected), 'each endpoint is told of what it wants, once');
is(value('SELECT count(*) FROM opencalendly.webhook_deliveries'), scalar @expected, 'nothing more is queued');
is( value("SELECT string_agg(DISTINCT status || attempt || coalesce(last_error, ''), ' ') FROM opencalendly.webhook_deliveries"),
	'succeeded1', 'all have succeeded at once');
is(value('SELECT count(*) FROM opencalendly.outbox_events'), value('SELECT count(DISTINCT event_id) FROM opencalendly.webhook_deliveries'),
	'an event is written once, for however many endpoints');

#
# Each request
#

my %known = map { $_ => 1 } qw(host accept content-type content-length user-agent webhook-id webhook-timestamp webhook-signature),
  map { "x-opencalendly-$_" } qw(signature signature-timestamp delivery-id event event-id);

# What is wrong with a request, by what is documented and the rows in the database; '' if nothing.
sub faults
{
	my ($request, @secrets) = @_;
	my %h = %{ $request->{headers} };
	my ($name) = $request->{path} =~ /key=([\w-]+)/;
	my $raw = decode_base64($request->{body_base64});
	my $time = $h{'webhook-timestamp'} // '';
	my $body = eval { decode_json($raw) } // {};
	my @faults;
	my $must = sub { my ($holds, $what) = @_; push @faults, $what unless $holds; };

	@secrets = ($secret{$name}) unless @secrets;
	$must->($request->{method} eq 'POST' && $request->{version} eq '1.1', 'POST');
	$must->(!(grep { !$known{$_} } keys %h), 'a header more: ' . join ' ', grep { !$known{$_} } keys %h);
	$must->(($h{'content-type'} // '') eq 'application/json', 'content-type');
	$must->(($h{'content-length'} // '') eq length $raw, 'content-length');
	$must->(($h{'user-agent'} // '') eq "OpenCalendly/$version", 'user-agent');
	$must->($time !~ /\D/ && abs($time - $request->{at_ms} / 1000) < 15, "the time $time");
	$must->(($h{'x-opencalendly-signature-timestamp'} // '') eq $time, 'x-opencalendly-signature-timestamp');
	$must->(($h{'x-opencalendly-event'} // '') eq $body->{type}, 'x-opencalendly-event');
	$must->(($h{$_} // '') eq $body->{id}, $_) for 'webhook-id', 'x-opencalendly-event-id';
	$must->($h{'webhook-signature'} eq join(' ', map { standard_signature($_, $h{'webhook-id'}, $time, $raw) } @secrets), 'webhook-signature');
	$must->($h{'x-opencalendly-signature'} eq join(',', "t=$time", map { 'v1=' . hmac_sha256_hex("$time.$raw", $_) } @secrets),
		'x-opencalendly-signature');
	for my $check (@{ $request->{checks} })
	{
		$must->($check->{$_} eq 'ok', "$_: $check->{$_}") for qw(standard svix opencalendly);
	}
	$must->(@{ $request->{checks} } == @secrets, 'checked with each secret');
	$must->(value(<<"SQL") eq 't', 'the row');
SELECT count(*) = 1 FROM opencalendly.webhook_deliveries AS d JOIN opencalendly.outbox_events AS e ON e.id = d.event_id
	WHERE d.id = '$h{'x-opencalendly-delivery-id'}' AND d.subscription_id = '$id{$name}' AND e.id = '$body->{id}'
		AND e.body = convert_from(decode('$request->{body_base64}', 'base64'), 'UTF8')
SQL
	$must->($raw !~ /\Q$_\E/, 'a token') for @tokens;
	$must->($raw !~ /token|secret/i, 'the word token');
	return join '; ', @faults;
}

is(join("\n", grep { $_ ne '' } map { faults($_) } @requests), '', 'signatures, headers and ids of all ' . @requests . ' requests');

# How bodies of the same event differ for two endpoints: not at all.
my %bodies;
push @{ $bodies{ $_->{id} }{ $_->{body} } }, $_ for @requests;
is(scalar(grep { keys %$_ > 1 } values %bodies), 0, 'all endpoints of an event get the same bytes');

#
# Bodies
#

sub body_of
{
	my ($type, $booking) = @_;
	my ($found) = grep { $_->{type} eq "booking.$type" && $_->{payload}{bookingId} eq $booking }
	  map { body_in($_) } $receiver->requests;

	return $found // {};
}

# The payload as the booking's row has it.
sub payload_of
{
	my ($booking, %metadata) = @_;
	my $row = decode_json(value(<<"SQL"));
SELECT json_build_object('bookingId', id, 'eventTypeId', event_type_id, 'organizerId', organizer_id,
	'inviteeEmail', invitee_email, 'inviteeName', invitee_name,
	'startsAt', to_char(starts_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'endsAt', to_char(ends_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
	FROM opencalendly.bookings WHERE id = '$booking'
SQL
	return { %$row, metadata => \%metadata };
}

sub is_body
{
	my ($type, $booking, $name, %metadata) = @_;
	my $body = body_of($type, $booking);

	is_deeply($body->{payload}, payload_of($booking, %metadata), "$name: the payload") or diag(explain($body));
	is(join(' ', sort keys %$body), 'createdAt id payload type', "$name: its frame");
	like($body->{createdAt}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, "$name: when");
}

my @were = map { { rescheduledFromBookingId => $$_[0], previousStartsAt => "2026-06-$$_[1].000Z", previousEndsAt => "2026-06-$$_[2].000Z" } }
  [ $journey[0], '02T10:00:00', '02T10:30:00' ], [ $journey[1], '03T11:00:00', '03T11:30:00' ];
is_body('created', $journey[0], 'booked', sequence => 0);
is_body('rescheduled', $journey[1], 'moved', sequence => 1, %{ $were[0] });
is_body('rescheduled', $journey[2], 'moved again', sequence => 2, %{ $were[1] });
is_body('canceled', $journey[2], 'canceled', sequence => 3, cancellationReason => 'It rains, "sadly"\\', canceledBy => 'invitee');
is_body('canceled', $by_host, 'canceled by its host', sequence => 2, cancellationReason => 'ill', canceledBy => 'host');

sub team_metadata
{
	my ($booking, $mode) = @_;
	my ($team, @hosts) = split /[|,]/, value(<<"SQL");
SELECT t.team_id, array_to_string(b.host_ids, ',') FROM opencalendly.bookings AS b
	JOIN opencalendly.team_event_types AS t ON t.event_type_id = b.event_type_id WHERE b.id = '$booking'
SQL
	return (teamId => $team, teamMode => $mode, assignmentUserIds => \@hosts);
}

is_body('created', $booking{'turn 2'}{id}, 'a round robin', sequence => 0, team_metadata($booking{'turn 2'}{id}, 'round_robin'));
is_body('rescheduled', $booking{panel}{id}, 'a panel that moved', sequence => 1, team_metadata($booking{panel}{id}, 'collective'),
	rescheduledFromBookingId => value("SELECT rescheduled_from FROM opencalendly.bookings WHERE id = '$booking{panel}{id}'"),
	previousStartsAt => '2026-06-08T10:00:00.000Z', previousEndsAt => '2026-06-08T10:30:00.000Z');
is_body('created', $unusual_id, 'an unusual name', sequence => 0);
is_body('created', $booking{'seat 2'}{id}, 'a seat', sequence => 0);

#
# What a receiver must refuse
#

for my $request (@requests[ 0, 1 ], (grep { $_->{path} =~ /ada-plain/ } @requests)[0])
{
	my ($name) = $request->{path} =~ /key=([\w-]+)/;
	my %headers = %{ $request->{headers} };
	my $raw = decode_base64($request->{body_base64});
	my $flipped = $raw;
	my $late = sub { $receiver->verify($request, $secret{$name}, shift => $request->{timestamp} - int(time) + $_[0]) };

	substr($flipped, length($flipped) / 2, 1) ^= "\x01";
	my %refused = (
		'a flipped bit of the body' => [ body => $flipped ],
		'a byte less' => [ body => substr($raw, 0, -1) ],
		'another id' => [ headers => { %headers, 'webhook-id' => $headers{'webhook-id'} =~ tr/0-9/1-90/r } ],
		'another time' => [ headers => { %headers, 'webhook-timestamp' => $request->{timestamp} + 1 } ]);
	for my $what (sort keys %refused)
	{
		my $verdict = $receiver->verify($request, $secret{$name}, @{ $refused{$what} });
		is("$verdict->{standard}; $verdict->{svix}", 'No matching signature found; No matching signature found', "$name: $what is refused");
	}
	is($receiver->verify($request, $secret{$name}, body => $flipped)->{opencalendly}, 'no matching signature', "$name: by X-OpenCalendly-Signature, too");
	is($receiver->verify($request, "$secret{$name}A")->{opencalendly}, 'no matching signature', "$name: another secret is refused");
	is($late->(299)->{standard}, 'ok', "$name: five minutes late is in time");
	is($late->(360)->{$_}, 'Message timestamp too old', "$name: six minutes late is not ($_)") for qw(standard svix);
	is($late->(-360)->{$_}, 'Message timestamp too new', "$name: nor six minutes early ($_)") for qw(standard svix);
}

#
# What is taken back was never there
#

$receiver->forget;
my $before = value('SELECT count(*) FROM opencalendly.outbox_events') . ' ' . value('SELECT count(*) FROM opencalendly.webhook_deliveries');
for my $level ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
{
	value("BEGIN ISOLATION LEVEL $level; " . Scene::book('intro', '2026-06-11 10:00+00') . '; ROLLBACK');
	value("BEGIN ISOLATION LEVEL $level; SAVEPOINT s; " . Scene::book('intro', '2026-06-11 10:00+00') . '; ROLLBACK TO s; COMMIT');
	value("BEGIN ISOLATION LEVEL $level; SELECT opencalendly.cancel_booking('$booking{panel}{cancel}'); ROLLBACK");
}
value(<<"SQL");
DO \$\$
BEGIN
	PERFORM opencalendly.reschedule_booking('$booking{panel}{move}', '2026-06-12 10:00+00');
	RAISE EXCEPTION 'no';
EXCEPTION WHEN raise_exception THEN
END
\$\$
SQL
is(value('SELECT count(*) FROM opencalendly.outbox_events') . ' ' . value('SELECT count(*) FROM opencalendly.webhook_deliveries'),
	$before, 'ROLLBACK, ROLLBACK TO SAVEPOINT and EXCEPTION leave no event');

# One transaction that keeps one of two.
value(join '; ', 'BEGIN', 'SAVEPOINT s', Scene::book('intro', '2026-06-11 10:00+00'), 'ROLLBACK TO s',
	Scene::book('intro', '2026-06-11 11:00+00'), 'COMMIT');
my $kept = value("SELECT id FROM opencalendly.bookings WHERE starts_at = '2026-06-11 11:00+00'");
$receiver->wait_for(2);
ok(drained(), 'what is left is delivered');
is(told($receiver->requests), told_of('created', $kept, @adas), 'and nothing else is told');

sub told_of
{
	my ($type, $booking, @names) = @_;

	return join "\n", sort map { "$_ booking.$type $booking" } @names;
}

# Prepared: told when it is committed.
$receiver->forget;
value('BEGIN; ' . Scene::book('intro', '2026-06-12 11:00+00') . "; PREPARE TRANSACTION 'dropped'");
value("ROLLBACK PREPARED 'dropped'");
value('BEGIN; ' . Scene::book('intro', '2026-06-12 10:00+00') . "; PREPARE TRANSACTION 'kept'");
is(scalar($receiver->requests), 0, 'a prepared booking is not told');
value("COMMIT PREPARED 'kept'");
my $prepared = value("SELECT id FROM opencalendly.bookings WHERE starts_at = '2026-06-12 10:00+00'");
is(told($receiver->wait_for(2)), told_of('created', $prepared, @adas), 'committed, it is');

# A commit survives whatever comes before its delivery.
Outbox::stop($worker);
$receiver->forget;
booked('before a crash', 'intro', '2026-06-12 12:00+00');
$node->stop('immediate');
$node->start;
is(scalar($receiver->requests), 0, 'nothing is sent without a worker');
$worker = Outbox::worker($node);
is(told($receiver->wait_for(2)), told_of('created', $booking{'before a crash'}{id}, @adas), 'what was committed before a crash is sent after it');

#
# Attempts: new signatures, the same ids
#

value("SELECT opencalendly.delete_webhook_subscription('$id{$_}')") for 'ada-plain', 'ben', 'cleo', 'dan', 'dan-off', 'eve';
value("SELECT opencalendly.delete_webhook_subscription('$id{ada}')");
is(value('SELECT count(*) FROM opencalendly.webhook_deliveries'), '0', 'an endpoint takes its deliveries with it');
$receiver->forget;
subscribe('ada', 'stubborn', path => '/switch/stubborn');
$receiver->switch(stubborn => '/fail-then-ok/2');
booked('thrice', 'intro', '2026-06-15 10:00+00');
my @attempts = $receiver->wait_for(3);
ok(drained(), 'the third attempt is the last');
$receiver->switch(stubborn => '/ok');
for my $header ('webhook-id', 'x-opencalendly-delivery-id', 'x-opencalendly-event-id', 'x-opencalendly-event')
{
	is(scalar(keys %{ { map { $_->{headers}{$header} => 1 } @attempts } }), 1, "$header is the same in all attempts");
}
for my $header ('webhook-timestamp', 'webhook-signature', 'x-opencalendly-signature')
{
	is(scalar(keys %{ { map { $_->{headers}{$header} => 1 } @attempts } }), 3, "$header is new in each");
}
is(join(' ', map { faults($_) } @attempts), '  ', 'each attempt is signed for its own time');
is(scalar(keys %{ { map { $_->{body} => 1 } @attempts } }), 1, 'the body is the same to the byte');
my $delivery = $attempts[0]{headers}{'x-opencalendly-delivery-id'};
is( Outbox::attempts($node, $delivery, 'attempt, phase, status, error IS NOT NULL, elapsed_ms BETWEEN 0 AND 15000'),
	"1|done|503|t|t\n2|done|503|t|t\n3|done|204|f|t", 'and each is in the log');

#
# Rotation
#

my $old = $secret{stubborn};
my $new = value("SELECT opencalendly.rotate_webhook_secret('$id{stubborn}')");
like($new, qr/^whsec_/, 'a new secret is made');
isnt($new, $old, 'it is another one');
$receiver->forget;
$receiver->secrets(stubborn => $new, $old);
value("SELECT opencalendly.ping_webhook('$id{stubborn}')");
is(faults(($receiver->wait_for(1))[0], $new, $old), '', 'after a rotation both secrets verify');
$secret{stubborn} = $new;
ok(drained(), 'delivered');
value("UPDATE opencalendly.webhook_subscriptions SET old_secret_until = clock_timestamp() + interval '1 second'");
Outbox::poll(10, sub { value('SELECT old_secret_until < clock_timestamp() FROM opencalendly.webhook_subscriptions') eq 't' });
$receiver->forget;
$receiver->secrets(stubborn => $new);
value("SELECT opencalendly.ping_webhook('$id{stubborn}')");
my ($after) = $receiver->wait_for(1);
is(faults($after), '', 'after the overlap the new one verifies');
isnt($receiver->verify($after, $old)->{$_}, 'ok', "and the old one does not ($_)") for qw(standard svix opencalendly);
ok(drained(), 'delivered');

# A given one, and one more before the overlap is over: the last two sign.
my $given = 'a secret that somebody chose';
is(value("SELECT opencalendly.rotate_webhook_secret('$id{stubborn}', '$given')"), $given, 'a secret can be given');
$receiver->forget;
$receiver->secrets(stubborn => $given, $new);
value("SELECT opencalendly.ping_webhook('$id{stubborn}')");
is(faults(($receiver->wait_for(1))[0], $given, $new), '', 'it signs with the one before');
ok(drained(), 'delivered');

#
# Ping, replay, resume
#

value("UPDATE opencalendly.webhook_subscriptions SET old_secret = NULL, old_secret_until = NULL");
$secret{stubborn} = $given;
$receiver->secrets(stubborn => $given);
$receiver->forget;
my $ping = value("SELECT opencalendly.ping_webhook('$id{stubborn}')");
@requests = $receiver->wait_for(1);
ok(drained(), 'a ping is delivered');
is(faults($requests[0]), '', 'it is a delivery as any');
is($requests[0]{headers}{'x-opencalendly-delivery-id'}, $ping, 'ping_webhook returns its id');
my $body = body_in($requests[0]);
is_deeply([ @$body{ 'type', 'payload' } ], [ 'ping', { webhookId => $id{stubborn} } ], 'it says for which endpoint it is');

$receiver->forget;
is(value("SELECT opencalendly.replay_webhook('$delivery')"), $delivery, 'what has succeeded is sent again');
my ($replayed) = $receiver->wait_for(1);
ok(drained(), 'it succeeds again');
is(faults($replayed), '', 'with a new signature');
is("$replayed->{id} $replayed->{headers}{'x-opencalendly-delivery-id'} $replayed->{body}",
	"$attempts[0]{id} $delivery $attempts[0]{body}", 'and the same ids and bytes');
is(value("SELECT attempt, status FROM opencalendly.webhook_deliveries WHERE id = '$delivery'"), '4|succeeded', 'attempts go on counting');

# An endpoint that is gone keeps its queue.
subscribe('ada', 'leaving', path => '/switch/leaving');
$receiver->switch(leaving => '/gone');
$receiver->forget;
booked('gone', 'intro', '2026-06-16 10:00+00');
my $leaving = sub { value("SELECT string_agg(status, ' ' ORDER BY id) FROM opencalendly.webhook_deliveries WHERE subscription_id = '$id{leaving}'") };
ok(Outbox::poll(30, sub { $leaving->() eq 'paused' }), '410 pauses');
like(value("SELECT paused_reason FROM opencalendly.webhook_subscriptions WHERE id = '$id{leaving}'"), qr/410/, 'with a reason');
my $since = value('SELECT clock_timestamp()');
booked('queued', 'intro', '2026-06-16 11:00+00');
canceled('queued', 'never mind');
ok(drained(), 'the other endpoint is told');
is($leaving->(), 'paused paused paused', 'what comes meanwhile is kept');
is(scalar($receiver->requests(sub { $_[0]{path} =~ /leaving/ })), 1, 'and not sent');
is(Scene::state_of($node, "SELECT opencalendly.ping_webhook('$id{leaving}')"), 'OC005', 'a paused endpoint is not pinged');
$receiver->switch(leaving => '/ok');
value("SELECT opencalendly.resume_webhook('$id{leaving}')");
my @resumed = $receiver->wait_for(4, sub { $_[0]{path} =~ /leaving/ });
ok(drained(), 'resumed, it gets all that was kept');
is( join(' ', sort map { body_in($_)->{type} } @resumed[ 1 .. 3 ]),
	'booking.canceled booking.created booking.created', 'each once');
is(join('', map { faults($_) } @resumed), '', 'and signed');
is(scalar(grep { $_->{id} eq $resumed[0]{id} } @resumed), 2, 'the one that was refused has its id again');

# Many at once: those that failed, and with include_succeeded all.
value(<<"SQL");
UPDATE opencalendly.webhook_deliveries SET status = 'failed' WHERE id =
	(SELECT max(id::text)::uuid FROM opencalendly.webhook_deliveries WHERE subscription_id = '$id{leaving}')
SQL
$receiver->forget;
is(value("SELECT opencalendly.replay_webhooks('$id{leaving}', '-infinity')"), '1', 'replay_webhooks takes what has failed');
ok(drained(), 'it is sent');
is(value("SELECT opencalendly.replay_webhooks('$id{leaving}', '$since', true)"), '2', 'or all since then');
is(scalar($receiver->wait_for(3)), 3, 'these are sent');
ok(drained(), 'all have come');
is(scalar($receiver->requests), 3, 'and no more');

# The user's own switch.
value("SELECT opencalendly.update_webhook_subscription('$id{leaving}', '{\"is_active\": false}')");
$receiver->forget;
booked('while off', 'intro', '2026-06-17 10:00+00');
$receiver->wait_for(1);
ok(drained(), 'the others are told');
is( value("SELECT count(*) FROM opencalendly.webhook_deliveries WHERE subscription_id = '$id{leaving}'"), '3',
	'nothing is queued for what is switched off');
value("SELECT opencalendly.update_webhook_subscription('$id{leaving}', '{\"is_active\": true}')");

#
# A restored copy
#

Outbox::stop($worker);
$receiver->forget;
booked('due in the dump', 'intro', '2026-06-18 10:00+00');
my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'a dump with two deliveries that are due');
value('CREATE DATABASE copy');
$node->command_ok([ 'psql', '-Xq', '-1', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('copy') ], 'is restored beside it');

sub copy_value { return $node->safe_psql('copy', $_[0]) }

# Calls a worker's loop and returns what it says and how long it took.
sub call_worker
{
	my ($where, $database, $seconds) = @_;
	my $began = time;
	my ($stdout, $stderr) = ('', '');

	$where->psql($database, "CALL opencalendly.run_deliveries($seconds)", stdout => \$stdout, stderr => \$stderr);
	return ($stderr, time - $began);
}

is(copy_value('SELECT state, due FROM opencalendly.outbox_status'), 'restored copy|2', 'the copy says what it is');
my ($says, $took) = call_worker($node, 'copy', 60);
like($says, qr/WARNING:.*copy/s, 'a worker warns that it is a copy');
cmp_ok($took, '<', 10, 'and returns at once');
is(scalar($receiver->requests), 0, 'nothing is sent from it');
is(copy_value("SELECT count(*) FROM opencalendly.webhook_deliveries WHERE status = 'pending' AND attempt = 0"), '2', 'nor is anything touched');
is(copy_value('SELECT opencalendly.adopt_outbox()'), 't', 'adopted,');
my $adopted = Outbox::worker($node, database => 'copy');
@requests = $receiver->wait_for(2);
is( told(@requests), told_of('created', $booking{'due in the dump'}{id}, 'stubborn', 'leaving'),
	'it sends what was due, and nothing that was sent before the dump');
is(join('', map { faults($_) } @requests), '', 'signed with the secrets from before');
Outbox::poll(30, sub { copy_value("SELECT count(*) FROM opencalendly.webhook_deliveries WHERE status <> 'succeeded'") eq '0' });
is(copy_value("SELECT count(*) FROM opencalendly.webhook_deliveries WHERE status <> 'succeeded'"), '0', 'all is settled there');
Outbox::stop($adopted);
is(value("SELECT count(*) FROM opencalendly.webhook_deliveries WHERE status = 'pending'"), '2', 'the origin has its own, still due');

#
# A standby
#

my $standby = OpenCalendly::standby('standby', $node);
$receiver->forget;
($says, $took) = call_worker($standby, 'postgres', 60);
like($says, qr/NOTICE:.*standby/, 'a worker says that a standby sends nothing');
cmp_ok($took, '<', 10, 'and returns at once');
is(scalar($receiver->requests), 0, 'nothing is sent from it');
$node->stop;
$standby->promote;
$worker = Outbox::worker($standby);
@requests = $receiver->wait_for(2);
is( told(@requests), told_of('created', $booking{'due in the dump'}{id}, 'stubborn', 'leaving'),
	'promoted, it sends what was due, which the receiver knows by its id');
Outbox::stop($worker);

$standby->stop;
$receiver->stop;
done_testing();
