# Promise: in a database that takes no writes (a hot standby, or default_transaction_read_only) every GET is answered as
# ever, and whatever would write is 503 with Retry-After: nothing hangs, nothing is half done.
use strict;
use warnings;
use OpenCalendly;
use Routes;
use Scene;
use Shim;
use Test::More;
use Wire;

my $node = OpenCalendly::node('main', conf => Scene::conf() . Shim::conf(), allows_streaming => 1);
OpenCalendly::install($node);
my $scene = Routes::scene($node);
my @rows = map { [ $_, Routes::row($_->{name}) ] } grep { Routes::row($_->{name}) } Routes::list();

sub ask_all
{
	my ($shim, $where) = @_;
	my $wire = Wire->new($shim->port);

	for my $pair (@rows)
	{
		my ($route, $row) = @$pair;
		my $token = $row->{session} ? $row->{session}->($scene) : $row->{as} ? $scene->{session}{ $row->{as} } : undef;
		my $answer = Routes::ask($wire, $route, $row->{make}->($scene), token => $token);

		if ($route->{method} eq 'GET')
		{
			is($answer->{status}, 200, "$where: $route->{name} is answered") or diag($answer->{body});
			next;
		}
		is(join(' ', $answer->{status}, $answer->{json}{code} // '', $answer->{headers}{'retry-after'} // 'no Retry-After'), '503 HTTP_503 1', "$where: $route->{name} is 503")
		  or diag($answer->{body});
	}
	is($wire->ask('GET', '/ready')->{status}, 200, "$where: the shim is ready");
	return;
}

# The standby first: what it needs has been made.
my $standby = OpenCalendly::standby('standby', $node);
Shim::make_role($node);
$node->wait_for_catchup($standby);
my $shim = start_on_standby();
my $before = Scene::contents($node);
ask_all($shim, 'on a hot standby');
is($shim->stop, 0, 'the shim of the standby ends well');

$node->safe_psql('postgres', 'ALTER DATABASE postgres SET default_transaction_read_only = on');
$shim = Shim->start($node, name => 'read_only');
ask_all($shim, 'read-only');
ok(Scene::contents($node) eq $before, 'nothing was written');
$node->safe_psql('postgres', 'SET default_transaction_read_only = off; ALTER DATABASE postgres RESET default_transaction_read_only');
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'shim'");
my ($create) = grep { $_->[0]{name} eq 'POST /v0/bookings' } @rows;
is(Routes::ask(Wire->new($shim->port), $create->[0], $create->[1]{make}->($scene))->{status}, 200, 'when writes are taken again, so are bookings');
is($shim->stop, 0, 'the shim ends well');
done_testing();

# Shim->start makes its role, which only the primary can.
sub start_on_standby
{
	no warnings 'redefine';
	local *Shim::make_role = sub { };

	return Shim->start($standby, name => 'standby');
}
