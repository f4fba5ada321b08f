package Front;

=head1 NAME

Front - what tests of the HTTP API share: a service, people who are signed in, ways to judge answers

=head1 SYNOPSIS

  my ($node, $shim, $http) = Front::start();
  my $ada = Front::sign_in($node, $http, 'ada');      # a client with her session, hours from 9 to 17 UTC on all days
  my $event = Front::event_type($ada, slug => 'talk');
  refused($ada->post('/v0/event-types', {}), 400, 'OC006', 'name', 'a name must be given');
  Front::set_clock($node, '2026-06-02 09:00+00');

=head1 DESCRIPTION

The clock stands at Monday, 2026-06-01 08:00 UTC. The service's base URL is https://book.example.

=cut

use strict;
use warnings;
use Exporter qw(import);
use Http;
use OpenCalendly;
use Scene;
use Shim;
use Test::More;

our @EXPORT = qw(answered refused);

sub base_url { return 'https://book.example'; }

# Makes a node and starts its shim. %options: conf (more lines), and those of Shim->start.
sub start
{
	my (%options) = @_;
	my $conf = delete $options{conf} // '';
	my $node = OpenCalendly::node(
		'main',
		allows_streaming => delete $options{allows_streaming},
		conf => Scene::conf() . Shim::conf() . "opencalendly.base_url = '${\ base_url() }'\n$conf");

	OpenCalendly::install($node);
	my $shim = Shim->start($node, %options);
	return ($node, $shim, $shim->http);
}

# A client with the session of a new user. $options: email, timezone, hours (0: none).
sub sign_in
{
	my ($node, $http, $username, %options) = @_;
	my $client = $http->login(
		$options{email} // "$username\@example.com",
		username => $username, displayName => ucfirst $username, timezone => $options{timezone} // 'UTC');

	if ($options{hours} // 1)
	{
		my @rules = map { { dayOfWeek => $_, startMinute => 540, endMinute => 1020 } } 0 .. 6;
		my $set = $client->put('/v0/me/availability/rules', { rules => \@rules }, headers => { 'If-Match' => '*' });
		die "no hours: $set->{status} $set->{body}\n" if $set->{status} != 200;
	}
	return $client;
}

# Makes an event type of 30 minutes and returns it.
sub event_type
{
	my ($client, %settings) = @_;
	my $made = $client->post('/v0/event-types',
		{ name => 'Talk', slug => 'talk', durationMinutes => 30, locationType => 'video', %settings });

	die "no event type: $made->{status} $made->{body}\n" if $made->{status} != 200;
	return $made->{json}{eventType};
}

# Books and returns the answer. $what: username or teamSlug, eventSlug, startsAt, and whatever else is to be different.
my $n = 0;

sub book
{
	my ($http, $what, %options) = @_;
	my $path = $what->{teamSlug} ? '/v0/team-bookings' : '/v0/bookings';

	$n++;
	return $http->post($path, { inviteeName => 'Ann', inviteeEmail => "ann$n\@example.net", %$what }, %options);
}

# All transactions that begin after this see the new time: connections that are open are closed.
sub set_clock
{
	my ($node, $instant) = @_;

	$node->safe_psql('postgres', "ALTER SYSTEM SET opencalendly.clock = '$instant'");
	$node->reload;
	$node->poll_query_until('postgres', "SELECT current_setting('opencalendly.clock') = '$instant'") or die "the clock does not move\n";
	$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'shim'");
	return;
}

# A success: 200 and "ok".
sub answered
{
	my ($answer, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return ok($answer->{status} == 200 && $answer->{json} && $answer->{json}{ok}, $name)
	  || diag("$answer->{status} $answer->{body}");
}

# A failure of this status and code, which names the field (undef: need not).
sub refused
{
	my ($answer, $status, $code, $field, $name) = @_;
	my $json = $answer->{json} // {};
	my @wrong;

	push @wrong, "status $answer->{status}, not $status" if $answer->{status} != $status;
	push @wrong, 'no JSON' unless $answer->{json};
	push @wrong, 'ok is not false' if !exists $json->{ok} || $json->{ok};
	push @wrong, "code " . ($json->{code} // 'is missing') . ", not $code" if ($json->{code} // '') ne $code;
	push @wrong, 'no sentence' if ($json->{error} // '') !~ /\w+ \w+/;
	push @wrong, "field is not $field" if defined $field && ($json->{field} // '') ne $field;
	push @wrong, 'it may be kept' if ($answer->{headers}{'cache-control'} // '') ne 'no-store';
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return ok(!@wrong, $name) || diag(join('; ', @wrong) . "\n$answer->{body}");
}

1;
