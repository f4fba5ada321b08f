# Promise: what webhooks are signed with and what links are made of is told once, to whom it is for, and found nowhere else: not
# in the server's log (with every statement logged, for calls with parameters by a role that hides them), not in
# pg_stat_activity, not in what the queue keeps, not in a dump. A sealed secret that cannot be opened is the failure of its own
# deliveries, which say so; with its key back they are sent.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use MIME::Base64 qw(decode_base64 encode_base64);
use OpenCalendly;
use Outbox;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Receiver;
use Scene;
use Shim;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => Receiver::missing() if defined Receiver::missing();

my $node = OpenCalendly::node('main', conf => Scene::conf() . Shim::conf() . Outbox::conf(preload => 1, retry_delays => '1s') . <<'END');
opencalendly.base_url = 'https://book.example'
log_statement = all
log_min_duration_statement = 0
log_min_messages = debug1
log_error_verbosity = verbose
track_activity_query_size = 100kB
END
OpenCalendly::install($node);
Scene::host($node);
my $receiver = Receiver->start;
my $key_file = OpenCalendly::key_file($node);

sub value { return $node->safe_psql('postgres', $_[0]) }

# As docs/deploy.md has it for the shim's role; the clerk is a caller with SQL.
value(<<'SQL');
CREATE ROLE shim LOGIN IN ROLE opencalendly_api;
CREATE ROLE clerk LOGIN IN ROLE opencalendly_admin;
ALTER ROLE shim SET log_parameter_max_length = 0;
ALTER ROLE clerk SET log_parameter_max_length = 0;
SQL
my $shim = Shim->start($node);
my $ada = value("SELECT id FROM opencalendly.users WHERE username = 'ada'");

# Everything that must not be found: name => text.
my %secret;

# Calls a statement with parameters, ":name" in it, as a role.
sub call_as
{
	my ($role, $sql, %parameters) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/call.sql';
	my ($stdout, $stderr) = ('', '');

	append_to_file($file, "$sql;\n");
	IPC::Run::run([ $node->installed_command('pgbench'), qw(-n -t 1 -M extended), '-h', $node->host, '-p', $node->port, '-U', $role,
			(map { ('-D', "$_=$parameters{$_}") } sort keys %parameters), '-f', $file, 'postgres' ],
		'<', \undef, '>', \$stdout, '2>', \$stderr);
	return $stderr =~ /ERROR:\s*(.*)/ ? $1 : '';
}

# What of it is in a text, in any of the forms that it might have.
sub found_in
{
	my ($text) = @_;
	my @found;

	for my $name (sort keys %secret)
	{
		my $plain = $secret{$name};
		my $key = $plain =~ /^whsec_(.*)/ ? $1 : $plain;
		my %forms = (text => $key, base64 => encode_base64($plain, ''), hex => unpack('H*', $plain));

		@forms{ 'key', 'hex key' } = (decode_base64($key), unpack('H*', decode_base64($key))) if $key ne $plain;
		push @found, "$name as $_" for grep { index($text, $forms{$_}) >= 0 || /hex/ && index($text, uc $forms{$_}) >= 0 } sort keys %forms;
	}
	return join ', ', @found;
}

sub no_secret_in
{
	my ($text, $where) = @_;

	cmp_ok(length $text, '>', 500, "$where: there is something");
	return is(found_in($text), '', "$where: no secret, no token");
}

#
# Secrets of every way that there is to give or get one
#

$secret{'the key file'} = (split / /, slurp_file($key_file))[1] =~ s/\s//gr;

# With SQL, by parameters.
my $create = "SELECT * FROM opencalendly.create_webhook_subscription((:who)::uuid, :url,"
  . " ARRAY['booking.created', 'booking.canceled', 'booking.rescheduled'], :secret)";
my %url = map { $_ => $receiver->url("/$_") } qw(ok status/500 cut reset hang gone);
$url{refused} = 'http://127.0.0.1:' . PostgreSQL::Test::Cluster::get_free_port() . '/';
$url{blocked} = 'https://10.0.0.1.example:1/';
for my $name (sort keys %url)
{
	$secret{"given for $name"} = $name eq 'gone' ? "in plain words: $name" : 'whsec_' . encode_base64(pack('H*', sha256_hex($name)), '');
	is(call_as('clerk', $create, who => $ada, url => $url{$name}, secret => $secret{"given for $name"}), '', "an endpoint with a secret that is given: $name");
}
my %id = map { reverse split /\|/ } split /\n/, value('SELECT id, url FROM opencalendly.webhook_subscriptions');
%id = map { $_ => $id{ $url{$_} } } keys %url;
$secret{'given to rotate'} = 'whsec_' . encode_base64('r' x 40, '');
is( call_as('clerk', 'SELECT opencalendly.rotate_webhook_secret((:id)::uuid, :secret)', id => $id{ok}, secret => $secret{'given to rotate'}),
	'', 'one that is given to rotate');
$secret{'given to change'} = 'whsec_' . encode_base64('c' x 24, '');
is( call_as('clerk', 'SELECT opencalendly.update_webhook_subscription((:id)::uuid, jsonb_build_object(\'secret\', (:secret)::text))',
		id => $id{'status/500'}, secret => $secret{'given to change'}),
	'', 'one that is given as a change');
$secret{'of webhook_signature'} = 'whsec_' . encode_base64('s' x 24, '');
is(call_as('clerk', 'SELECT opencalendly.webhook_signature(:secret, \'x\', now())', secret => $secret{'of webhook_signature'}), '', 'one to sign with');

# What is refused, as bad input or because of something else: the message has not the value either.
my %bad = (short => 'x7.y-z', long => 'longer-' x 40, 'no base64' => 'whsec_no+base64!at all',
	'too few bytes' => 'whsec_' . encode_base64('few bytes', ''),
	'too many bytes' => 'whsec_' . encode_base64('m' x 65, ''));
for my $name (sort keys %bad)
{
	$secret{"refused: $name"} = $bad{$name};
	for my $sql ($create, 'SELECT opencalendly.rotate_webhook_secret((:who)::uuid, :secret)',
		'SELECT opencalendly.update_webhook_subscription((:who)::uuid, jsonb_build_object(\'secret\', (:secret)::text))',
		'SELECT opencalendly.webhook_signature(:secret, :url, now())')
	{
		my $error = call_as('clerk', $sql, who => $sql eq $create ? $ada : $id{ok}, url => $url{ok} . '2', secret => $bad{$name});
		like($error, qr/secret/, "refused, $name: by " . $sql =~ s/.*opencalendly\.(\w+).*/$1/r);
		is(found_in($error), '', 'and not repeated');
	}
}
$secret{'of nobody'} = 'whsec_' . encode_base64('n' x 24, '');
for ([ 'its user', '00000000-0000-0000-0000-000000000000', $url{ok} ], [ 'its URL', $ada, 'http://10.0.0.1/' ])
{
	my ($what, $who, $url) = @$_;

	isnt(call_as('clerk', $create, who => $who, url => $url, secret => $secret{'of nobody'}), '', "refused for $what");
}

# Made by the server.
sub made
{
	my ($name, $sql) = @_;

	like($secret{$name} = value($sql), qr/^whsec_/, "a secret is made: $name");
	return;
}

made('for a new endpoint', "SELECT secret FROM opencalendly.create_webhook_subscription('$ada', '${\ $receiver->url('/made')}', '{booking.created}')");
made('to rotate', "SELECT opencalendly.rotate_webhook_secret('$id{reset}')");

# Over HTTP.
my $asked = $shim->http->post('/v0/auth/magic-link', { email => 'ada@example.com' });
$secret{'the link to sign in'} = $asked->{json}{magicLinkToken};
$secret{session} = $shim->http->post('/v0/auth/verify', { token => $secret{'the link to sign in'} })->{json}{sessionToken};
like($secret{session}, qr/^.{32,}$/, 'she is signed in');
my $http = $shim->http->as($secret{session});
$secret{'given over HTTP'} = 'whsec_' . encode_base64('h' x 32, '');
my $answer = $http->post('/v0/webhooks', { url => $receiver->url('/http'), events => ['booking.created'], secret => $secret{'given over HTTP'} });
is($answer->{json}{webhook}{secret}, $secret{'given over HTTP'}, 'given over HTTP, it is told once');
my $hook = $answer->{json}{webhook}{id};
$secret{'made over HTTP'} = $http->post('/v0/webhooks', { url => $receiver->url('/http2'), events => ['booking.created'] })->{json}{webhook}{secret};
$secret{'rotated over HTTP'} = $http->patch("/v0/webhooks/$hook", { rotateSecret => JSON::PP::true })->{json}{webhook}{secret};
like($secret{$_}, qr/^whsec_/, "a secret is $_") for 'made over HTTP', 'rotated over HTTP';
$secret{'changed over HTTP'} = 'whsec_' . encode_base64('p' x 32, '');
is($http->patch("/v0/webhooks/$hook", { secret => $secret{'changed over HTTP'} })->{status}, 200, 'one is changed over HTTP');
for my $name (sort keys %bad)
{
	$answer = $http->post('/v0/webhooks', { url => $receiver->url('/http3'), events => ['booking.created'], secret => $bad{$name} });
	is("$answer->{status} " . ($answer->{body} =~ /secret/ ? 'secret' : $answer->{body}), '400 secret', "refused over HTTP: $name");
	is(found_in($answer->{body}), '', 'and not repeated');
}

#
# Deliveries of every outcome, with tokens about, while everybody's statements are looked at
#

my @activity;
my $worker = Outbox::worker($node);
my $look = sub { push @activity, value(q(SELECT string_agg(a::text, E'\n') FROM pg_stat_activity AS a)) };

for my $n (1 .. 3)
{
	@secret{ "cancel $n", "move $n" } = split /\|/, value(Scene::book('intro', "2026-06-02 1$n:00+00", 'cancel_token, reschedule_token'));
	$look->();
}
is(call_as('clerk', 'SELECT status FROM opencalendly.cancel_booking(:token, \'ill\')', token => $secret{'cancel 1'}), '', 'a link cancels');
is(call_as('clerk', 'SELECT status FROM opencalendly.reschedule_booking(:token, \'2026-06-03 10:00+00\')', token => $secret{'move 2'}), '', 'another moves');
isnt(call_as('clerk', 'SELECT status FROM opencalendly.cancel_booking(:token, \'ill\')', token => $secret{'cancel 2'}), '', 'and then does not cancel');
is($shim->http->post("/v0/bookings/actions/$secret{'cancel 3'}/cancel", {})->{status}, 200, 'a third is used over HTTP');
$receiver->wait_for(6, '/ok');
my $attempted = Outbox::poll(60, sub {
	$look->();
	value(<<'SQL') eq 't';
SELECT count(DISTINCT a.error) > 4 FROM opencalendly.delivery_attempts AS a JOIN opencalendly.webhook_deliveries AS d ON d.id = a.delivery_id
SQL
});
ok($attempted, 'there are attempts that failed of different things')
  or diag(value('SELECT DISTINCT phase, status, error FROM opencalendly.delivery_attempts'));
note(value('SELECT DISTINCT phase, status, error FROM opencalendly.delivery_attempts'));

# Other answers of the API, and what metrics and status say.
my @told = map { $http->get($_)->{body} } '/v0/webhooks', "/v0/webhooks/$hook", "/v0/webhooks/$hook/deliveries", "/v0/webhooks/$id{ok}/deliveries",
  "/v0/webhooks/$id{'status/500'}/deliveries";
no_secret_in(join("\n", @told), 'later answers of the API');

#
# Nowhere
#

# First of all: this log has parameters, where they are not hidden.
is(call_as('postgres', 'SELECT length(:marker)', marker => 'a marker of this test'), '', 'somebody else\'s parameter');
my $log = slurp_file($node->logfile);
like($log, qr/a marker of this test/, 'it is in the log');
like($log, qr/create_webhook_subscription\(\(\$1\)/, 'and so are the calls');
no_secret_in($log, 'the server\'s log');
is(found_in($shim->log), '', 'the shim\'s log: no secret, no token');
no_secret_in(join("\n", @activity), 'pg_stat_activity');
like(join("\n", @activity), qr/CALL opencalendly\.run_deliveries/, 'it has the worker');
no_secret_in(Scene::contents($node), 'all tables');
no_secret_in(value("SELECT string_agg(t::text, E'\\n') FROM opencalendly.$_ AS t"), $_) for qw(delivery_attempts webhook_deliveries outbox_events webhook_subscriptions);
is(found_in(value("TABLE opencalendly.$_")), '', "$_: no secret, no token") for 'failed_deliveries', 'outbox_status';
for my $format ([], ['--inserts'])
{
	my $file = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';

	$node->command_ok([ 'pg_dump', @$format, '-f', $file, $node->connstr('postgres') ], 'a dump');
	no_secret_in(slurp_file($file), 'a dump');
}
is(value('SELECT count(*) = count(DISTINCT secret) FROM opencalendly.webhook_subscriptions'), 't', 'each is sealed by itself');
is(value(<<'SQL'), 't', 'the same text is sealed differently each time');
SELECT opencalendly.seal_webhook_secret(id, 'the same secret') <> opencalendly.seal_webhook_secret(id, 'the same secret')
	FROM opencalendly.webhook_subscriptions LIMIT 1
SQL
Outbox::stop($worker);
$shim->stop;

#
# A sealed secret that cannot be opened
#

value('DELETE FROM opencalendly.webhook_subscriptions');
$receiver->forget;
my %endpoint = map { $_ => Outbox::endpoint($node, $receiver->url("/$_?key=$_"), secret => "the secret of $_") }
  qw(swapped flipped shortened empty old good);
$receiver->secrets($_ => "the secret of $_") for keys %endpoint;
my %sealed = map { $_ => value("SELECT secret FROM opencalendly.webhook_subscriptions WHERE id = '$endpoint{$_}'") } keys %endpoint;
my %broken = (
	swapped => "secret = '$sealed{good}'",
	flipped => 'secret = set_byte(secret, 20, get_byte(secret, 20) # 1)',
	shortened => 'secret = substr(secret, 1, 20)',
	empty => "secret = ''");
value("UPDATE opencalendly.webhook_subscriptions SET $broken{$_} WHERE id = '$endpoint{$_}'") for sort keys %broken;
value("UPDATE opencalendly.webhook_subscriptions SET old_secret = '$sealed{good}', old_secret_until = clock_timestamp() + interval '1 hour' WHERE id = '$endpoint{old}'");
$worker = Outbox::worker($node);
Outbox::enqueue($node, values %endpoint);
my %delivery = map { reverse split /\|/ } split /\n/, value(<<'SQL');
SELECT d.id, substring(s.url FROM 'key=(\w+)') FROM opencalendly.webhook_deliveries AS d
	JOIN opencalendly.webhook_subscriptions AS s ON s.id = d.subscription_id
SQL
is(join(', ', sort map { "$_->{path} $_->{standard} $_->{opencalendly}" } $receiver->wait_for(2)), '/good?key=good ok ok, /old?key=old ok ok',
	'the one beside them is delivered; and so is the one whose old secret alone is broken, signed by the new one');
ok(Outbox::attempted($node, 2, @delivery{ keys %broken }), 'the others are tried again and again');
for my $name (sort keys %broken)
{
	is( value("SELECT DISTINCT phase, status, error FROM opencalendly.delivery_attempts WHERE delivery_id = '$delivery{$name}'"),
		'prepare||could not sign: sealed secret cannot be opened', "$name: each attempt says why");
	is(Outbox::delivery($node, $delivery{$name}, 'status, last_error'), 'pending|could not sign: sealed secret cannot be opened', "$name: so does the delivery");
}
is(scalar($receiver->requests), 2, 'nothing was sent for them');
is(value("SELECT count(*) FROM pg_stat_activity WHERE pid = $worker->{pid}"), '1', 'the worker goes on');
value("UPDATE opencalendly.webhook_subscriptions SET secret = '$sealed{$_}' WHERE id = '$endpoint{$_}'") for keys %endpoint;
ok(Outbox::settled($node, values %delivery), 'mended, all are delivered');
my @requests = $receiver->wait_for(6);
is(join(' ', sort map { "$_->{standard} $_->{svix} $_->{opencalendly}" } @requests), join(' ', ('ok') x 18), 'and signed as they should be');

#
# The key file
#

sub write_key_file
{
	my ($text) = @_;

	unlink $key_file;
	my $mask = umask 0077;
	append_to_file($key_file, $text);
	umask $mask;
	return;
}

my $first_key = slurp_file($key_file);
my $second_key = '2 ' . sha256_hex(time . $$) . "\n";
my $third_key = '3 ' . sha256_hex(rand() . $$) . "\n";
my %trouble = (
	'is not there'            => sub { unlink $key_file },
	'is open to others'       => sub { chmod 0644, $key_file },
	'has other keys only'     => sub { write_key_file($third_key) },
	'has another key by this id' => sub { write_key_file('1 ' . substr($third_key, 2)) },
	'is empty'                => sub { write_key_file('') });
for my $name (sort keys %trouble)
{
	my $says = 'could not sign: ' . ($name =~ /by this id/ ? 'sealed secret cannot be opened' : 'secret key file cannot be used');

	$receiver->forget;
	$trouble{$name}->();
	my ($id) = Outbox::enqueue($node, $endpoint{good});
	ok(Outbox::attempted($node, 2, $id), "the key file $name: attempts go on");
	is(value("SELECT DISTINCT phase, status, error FROM opencalendly.delivery_attempts WHERE delivery_id = '$id'"),
		"prepare||$says", "$name: they say so");
	is(Outbox::delivery($node, $id, 'last_error'), $says, "$name: the delivery, too");
	is(Outbox::delivery($node, $id, 'status IN (\'pending\', \'leased\')'), 't', "$name: it is kept");
	is(scalar($receiver->requests), 0, "$name: nothing is sent");
	write_key_file($first_key);
	ok(Outbox::settled($node, $id), "$name: with the key back it is delivered");
	is(($receiver->wait_for(1))[0]{standard}, 'ok', "$name: and verified");
}

# Rotated: what was sealed before is opened, what is new is sealed under the new key, and both in one run.
write_key_file($first_key . $second_key);
my $new = Outbox::endpoint($node, $receiver->url('/new?key=new'), secret => 'sealed under the second key');
$receiver->secrets(new => 'sealed under the second key');
is(value(<<"SQL"), '1 2', 'after a rotation new secrets are sealed under the new key');
SELECT string_agg(get_byte(secret, 3)::text, ' ' ORDER BY created_at) FROM opencalendly.webhook_subscriptions
	WHERE id IN ('$endpoint{good}', '$new')
SQL
$receiver->forget;
ok(Outbox::settled($node, Outbox::enqueue($node, $endpoint{good}, $new)), 'both are delivered');
is(join(' ', map { "$_->{standard} $_->{svix} $_->{opencalendly}" } $receiver->wait_for(2)), 'ok ok ok ok ok ok', 'and verified');

# The old key is taken away too early.
write_key_file($second_key);
$receiver->forget;
my @both = Outbox::enqueue($node, $endpoint{good}, $new);
my ($waiting) = grep { Outbox::delivery($node, $_, 'subscription_id') eq $endpoint{good} } @both;
ok(Outbox::attempted($node, 2, $waiting), 'without the old key what is sealed under it waits');
is(join(' ', map { $_->{path} } $receiver->requests), '/new?key=new', 'and the other is delivered');
write_key_file($first_key . $second_key);
ok(Outbox::settled($node, @both), 'with it back it is delivered');

# What the log says of all that.
%secret = map { ("the secret of $_" => "the secret of $_") } 'nobody';
$secret{"key $_->[0]"} = $_->[1] =~ s/^\d+ //r =~ s/\s//gr for [ 1, $first_key ], [ 2, $second_key ], [ 3, $third_key ];
is(found_in(slurp_file($node->logfile)), '', 'no key is in the log');

Outbox::stop($worker);
$node->stop;
$receiver->stop;
done_testing();
