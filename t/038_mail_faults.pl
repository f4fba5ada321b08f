# Promise: what a mail server or Resend says decides what becomes of a mail: refused for good (5xx about the mail; a used up quota) it has
# failed, refused for now, unanswered or cut off it is tried again after its delay, under the same Message-ID; without TLS, with a
# certificate that nobody vouches for or with a wrong password nothing is sent, and everything once that is mended. One reader's
# mails about one meeting keep their order, whatever happens to the first.
use strict;
use warnings;
use File::Basename qw(dirname);
use JSON::PP;
use Mail;
use OpenCalendly;
use Outbox;
use PostgreSQL::Test::Utils;
use Receiver;
use Scene;
use Test::More;

plan skip_all => Mail::missing() if defined Mail::missing();

my $server = Mail::server();
my $node = OpenCalendly::node('main', conf => Mail::by_smtp($server, delivery_timeout => '2s'));
OpenCalendly::install($node);
Mail::host($node);
sub value { return $node->safe_psql('postgres', $_[0]) }

# Ada's mails are of no interest here.
value(<<'SQL');
CREATE FUNCTION keep_quiet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN NEW.user_id IS NULL THEN NEW END; END $$;
CREATE TRIGGER keep_quiet BEFORE INSERT ON opencalendly.email_deliveries FOR EACH ROW EXECUTE FUNCTION keep_quiet();
SQL

my ($worker, $day, $hour) = (undef, 3, 0);

# A worker that knows of no trouble yet, with these settings.
sub anew
{
	my (%settings) = @_;

	Outbox::stop($worker) if $worker;
	value("ALTER SYSTEM SET opencalendly.$_ = '$settings{$_}'") for keys %settings;
	$node->reload;
	for my $name (keys %settings)
	{
		$node->poll_query_until('postgres', "SELECT current_setting('opencalendly.$name')", $settings{$name}) or die "no $name";
	}
	$worker = Outbox::worker($node);
	return;
}

# SQL that books for the reader, at a time of its own.
sub booking_of
{
	my ($reader, $columns) = @_;

	($day, $hour) = $hour == 23 ? ($day + 1, 0) : ($day, $hour + 1);
	return Mail::book('intro', $day, hour => $hour, email => "$reader\@example.net", columns => $columns);
}

# The attempts of the reader's mails: "phase status error", one line each.
sub attempts
{
	my ($reader) = @_;

	return value(<<"SQL");
SELECT concat_ws(' ', a.phase, a.status, a.error) FROM opencalendly.delivery_attempts AS a
	JOIN opencalendly.email_deliveries AS d ON d.id = a.delivery_id WHERE d.email = '$reader\@example.net' ORDER BY d.id, a.attempt
SQL
}
sub state_of_mail { return Mail::rows($node, "concat_ws(' ', status, attempt)", "d.email = '$_[0]\@example.net'") }
sub of { my ($reader) = @_; return $server->requests("$reader\@example.net") }
sub ids { my @ids = map { $_->{id} } @_; return \@ids }

#
# What a server says of a mail
#

anew();
value(join ';', map { booking_of($_) } qw(greylist1 nobody1 spam1 full1 cut1 never-now1 greylist-not1));
value(q{UPDATE opencalendly.email_deliveries SET max_attempts = 3 WHERE email LIKE 'never-now%'});
ok(Mail::settled($node), 'all is settled');
is(state_of_mail('greylist1'), 'succeeded 2', 'greylisted: it comes again');
like(attempts('greylist1'), qr/\Adone 451 answered 451: .*greylisted.*\ndone 250\z/, 'and is accepted');
cmp_ok(value(q{SELECT extract(epoch FROM max(a.started_at) - min(a.started_at)) FROM opencalendly.delivery_attempts AS a
	JOIN opencalendly.email_deliveries AS d ON d.id = a.delivery_id WHERE d.email = 'greylist1@example.net'}), '>=', 0.8, 'not before its delay');
is(state_of_mail('nobody1'), 'failed 1', 'no such mailbox: it has failed for good');
like(attempts('nobody1'), qr/\Adone 550 answered 550: .*no such user/, 'with the server\'s words');
like(Mail::rows($node, 'last_error', "d.email = 'nobody1\@example.net'"), qr/^answered 550: /, 'the mail says why');
is(state_of_mail('spam1'), 'failed 1', 'refused as a whole: so is that');
is(scalar of('spam1'), 1, 'which was sent once');
is(state_of_mail('full1'), 'succeeded 2', 'no room: it comes again');
is(state_of_mail('never-now1'), 'failed 3', 'never room: until the attempts are used up');
is(state_of_mail('cut1'), 'succeeded 2', 'cut off after the mail: it comes again');
like(attempts('cut1'), qr/\Aresponse .*\ndone 250\z/, 'for nobody knows');
is_deeply(ids(of('cut1')), [ (of('cut1'))[0]{id}, (of('cut1'))[0]{id} ], 'under the same Message-ID');
is((of('cut1'))[0]{raw}, (of('cut1'))[1]{raw}, 'to the octet the same');
is(state_of_mail('greylist-not1'), 'succeeded 1', 'the others went at once');

# to judge a message that it has, a server has twenty times as long
anew(delivery_timeout => '500ms');
value(join ';', map { booking_of($_) } qw(silent1 hang1));
ok(Mail::settled($node), 'without an answer: settled, too');
cmp_ok(value(q{SELECT max(a.elapsed_ms) FROM opencalendly.delivery_attempts AS a JOIN opencalendly.email_deliveries AS d ON d.id = a.delivery_id
	WHERE d.email = 'silent1@example.net'}), '>=', 9_900, 'told, it may think for long');
cmp_ok(value(q{SELECT max(a.elapsed_ms) FROM opencalendly.delivery_attempts AS a JOIN opencalendly.email_deliveries AS d ON d.id = a.delivery_id
	WHERE d.email = 'hang1@example.net'}), '<', 3_000, 'not before');
is(state_of_mail($_), 'succeeded 2', "$_: it comes again") for qw(silent1 hang1);
like(attempts($_), qr/\A\w+ .*timed out.*\ndone 250\z/, "$_: after the time that it has") for qw(silent1 hang1);
is_deeply(ids(of('silent1')), [ ((of('silent1'))[0]{id}) x 2 ], 'under the same Message-ID');

anew(delivery_timeout => '2s');
value(booking_of('going1'));
ok(Mail::settled($node), 'a server that goes: settled');
is(attempts('going1') =~ s/:.*//r, "done 421 answered 421\ndone 250", 'it comes again');

#
# The order of a reader's mails about a meeting
#

anew();
my ($move) = value('BEGIN; ' . booking_of('greylist2', 'reschedule_token') . '; ' . booking_of('bystander2') . '; COMMIT') =~ /^(\S+)$/m;
my $cancel = value("SELECT cancel_token FROM opencalendly.reschedule_booking('$move', ${\ Mail::at($day + 1, 20) })");
value("SELECT FROM opencalendly.cancel_booking('$cancel')");
ok(Mail::settled($node), 'a meeting of which the first mail is greylisted: settled');
is(join(' ', map { $_->{subject} =~ /^(\w+)/ } of('greylist2')), 'Booked Moved Canceled', 'its mails come in their order');
is(state_of_mail('greylist2'), "succeeded 2\nsucceeded 1\nsucceeded 1", 'the later ones wait for the first');

#
# The server's trouble
#

# What happens with a server that is so, and the settings; then it is mended.
sub trouble
{
	my ($reader, $broken, $expected, $mended) = @_;

	anew(%$broken);
	value(booking_of($reader));
	value('UPDATE opencalendly.email_deliveries SET max_attempts = 1000'); # a second apart they are soon used up
	ok(Outbox::poll(20, sub { attempts($reader) ne '' }), "$reader: it is tried");
	like(attempts($reader), $expected, "$reader: and what becomes of it");
	like(state_of_mail($reader), qr/^(pending|leased) /, "$reader: it waits");
	anew(%$mended);
	ok(Mail::settled($node), "$reader: mended, it is sent") or diag attempts($reader);
	like(state_of_mail($reader), qr/^succeeded /, "$reader: at last");
	return;
}

sub url { my ($other, $scheme) = @_; return ($scheme // 'smtp') . '://localhost:' . $other->port }
my %right = (smtp_url => url($server), smtp_tls => 'require', smtp_user => '');

my $closed = Mail::server(name => 'closed');
my $closed_port = $closed->port;
$closed->stop;
trouble('unreachable', { smtp_url => "smtp://localhost:$closed_port" }, qr/\Aconnect .*refused/, \%right);

my $unwilling = Mail::server(name => 'unwilling', greet => 554);
trouble('unwelcome', { smtp_url => url($unwilling) }, qr/\Aconnect 554 /, \%right);
$unwilling->stop;

my $plain = Mail::server(name => 'plain', tls => 'none');
trouble('in-plain', { smtp_url => url($plain) }, qr/\Atls .*STARTTLS/, { smtp_tls => 'none' });
is(scalar(grep { $_->{secure} } $plain->requests), 0, 'in-plain: in plain text only if that is allowed');
is(scalar $plain->requests, 1, 'in-plain: and not before');
$plain->stop;

my $strange = Mail::server(name => 'strange', certificate => Receiver::certificate(names => ['DNS:localhost']));
trouble('unknown', { %right, smtp_url => url($strange) }, qr/\Atls /, \%right);
is(scalar $strange->requests, 0, 'unknown: a server whose certificate nobody vouches for gets nothing');
$strange->stop;

my $always = Mail::server(name => 'always', tls => 'always');
anew(smtp_url => url($always, 'smtps'));
value(booking_of('by-tls'));
ok(Mail::settled($node), 'by TLS from the start: settled');
is(join(' ', map { "$_->{path} $_->{secure}" } $always->requests), 'by-tls@example.net 1', 'by TLS from the start: sent');
$always->stop;

my $asking = Mail::server(name => 'asking', user => 'bookings', password => 'right');
my %asking = (smtp_url => url($asking), smtp_user => 'bookings');
trouble('no-password', \%asking, qr/smtp_password/, \%right);
Mail::write_secret($node, smtp_password => 'wrong');
trouble('wrong-password', \%asking, qr/\Alogin 535 .*login refused/, \%right);
is(scalar $asking->requests, 0, 'without the password nothing is sent');
Mail::write_secret($node, smtp_password => 'right');
anew(%asking);
value(booking_of('logged-in'));
ok(Mail::settled($node), 'the password is read again: settled');
is(join(' ', map { "$_->{path} $_->{user}" } $asking->requests), 'logged-in@example.net bookings', 'the right password: sent');
my $password_file = dirname(OpenCalendly::key_file($node)) . '/smtp_password';
chmod 0644, $password_file;
trouble('open-password', \%asking, qr/smtp_password/, \%right);
$asking->stop;

#
# Resend
#

my $resend = Mail::resend();
Mail::write_secret($node, resend_key => 're_secret');
anew(mail_transport => 'resend', connect_to => 'api.resend.com:443:127.0.0.1:' . $resend->port);

sub error { my ($status, $name) = @_; return { status => $status, headers => { 'Content-Type' => 'application/json' }, body => { statusCode => $status, name => $name, message => 'No.' } } }

# A mail of which the first answer is this one.
sub answered
{
	my ($reader, $answer, $expected, $why) = @_;

	anew();
	$resend->order(do => 'answer', list => [$answer]);
	value(booking_of($reader));
	ok(Mail::settled($node), "$why: settled");
	is(state_of_mail($reader), $expected, $why) or diag attempts($reader);
	return;
}

answered('r-bad', error(422, 'validation_error'), 'failed 1', 'a mail that is refused');
answered('r-quota', error(429, 'daily_quota_exceeded'), 'failed 1', 'a quota that is used up');
answered('r-rate', { %{ error(429, 'rate_limit_exceeded') }, headers => { 'Retry-After' => '1' } }, 'succeeded 2', 'too many at a time');
answered('r-key', error(401, 'invalid_api_key'), 'succeeded 2', 'a key that does not hold');
answered('r-broken', error(500, 'internal_server_error'), 'succeeded 2', 'trouble of Resend');
answered('r-now', error(409, 'concurrent_idempotent_requests'), 'succeeded 2', 'a mail that is being sent');
answered('r-before', error(409, 'invalid_idempotent_request'), 'succeeded 1', 'a mail that was sent with other words');
answered('r-cut', { after => JSON::PP::true, cut => JSON::PP::true }, 'succeeded 2', 'an answer that is lost');
my @keys = map { $_->{key} } grep { $_->{body} =~ /r-cut\@/ } $resend->requests;
is_deeply(\@keys, [ $keys[0], $keys[0] ], 'an answer that is lost: the same key again');
is(scalar(grep { $_->{to}[0] =~ /r-cut\@/ } @{ $resend->order(do => 'sent') }), 1, 'an answer that is lost: Resend sends once');
is(scalar(grep { $_->{body} =~ /r-cut\@/ } $resend->requests), 2, 'an answer that is lost: asked twice');

is_deeply([ Outbox::failed_turns($node) ], [], 'no turn of a worker has failed');
Outbox::stop($worker);
$node->stop;
$_->stop for $server, $resend;
done_testing();
