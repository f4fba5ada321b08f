package OpenCalendly;

=head1 NAME

OpenCalendly - clusters for the TAP tests

=head1 SYNOPSIS

  use strict;
  use warnings;
  use OpenCalendly;
  use Test::More;

  my $node = OpenCalendly::node('main');     # made and started
  OpenCalendly::install($node);              # CREATE EXTENSION opencalendly CASCADE
  is($node->safe_psql('postgres', 'SELECT 1'), '1', 'it answers');
  done_testing();

=head1 DESCRIPTION

"make test ONLY=tap TESTS=name" runs t/name.pl. A node is a PostgreSQL::Test::Cluster, with all
of its methods (safe_psql, psql, background_psql, stop, restart, backup, poll_query_until, ...). It
listens on a Unix socket in a temporary directory, has fsync off, logs every statement and finds
the extension in the staged assertion build that OPENCALENDLY_STAGE names (if it is not set: in
the installed PostgreSQL). Nodes are stopped and removed when the script ends, also by SIGINT or
SIGTERM, and after 20 minutes. What a script prints goes to build/results/tap/tmp_check/log/regress_log_NAME, the
servers' logs beside it.

=over

=item OpenCalendly::node($name, %options)

Makes a node and starts it. Options:

  conf             => "max_connections = 10\n"   lines to append to postgresql.conf
  key_file         => $path      use this key file instead of a new one (another node's)
  allows_streaming => 1          as for PostgreSQL::Test::Cluster's init: a primary for standbys
  start            => 0          do not start it

=item OpenCalendly::standby($name, $primary)

Makes a hot standby of a node that allows streaming, starts it and waits until it has caught up.

=item OpenCalendly::install($node, $database)

Creates the extension in the database (default: postgres).

=item OpenCalendly::key_file($node)

The path of the node's file for opencalendly.secret_key_file.

=item OpenCalendly::make_key_file($path, $id)

Writes a key file of mode 0600 with one fresh key, id 1 if no other is given.

=back

=cut

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

# A script that a signal ends must still stop its servers, which the modules do in END.
$SIG{INT} = $SIG{TERM} = $SIG{HUP} = sub { die "ended by signal\n" };

# One that hangs fails. It must not keep the others from running.
$SIG{ALRM} = sub { die "it took more than 20 minutes\n" };
alarm(20 * 60);

sub node
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(
		allows_streaming => $options{allows_streaming},
		extra            => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);

	$node->{opencalendly_key_file} = $options{key_file} // $node->basedir . '/secret.key';
	make_key_file(key_file($node)) unless defined $options{key_file};

	my $stage = $ENV{OPENCALENDLY_STAGE};
	$node->append_conf('postgresql.conf', "extension_destdir = '$stage'") if defined $stage;
	$node->append_conf('postgresql.conf', <<"END" . ($options{conf} // ''));
opencalendly.secret_key_file = '${\ key_file($node)}'
max_connections = 150
max_prepared_transactions = 4
END

	$node->start if $options{start} // 1;
	return $node;
}

sub standby
{
	my ($name, $primary) = @_;
	my $standby = PostgreSQL::Test::Cluster->new($name);

	$primary->backup("for_$name");
	$standby->init_from_backup($primary, "for_$name", has_streaming => 1);
	$standby->{opencalendly_key_file} = key_file($primary);
	$standby->start;
	$primary->wait_for_catchup($standby);
	return $standby;
}

sub install
{
	my ($node, $database) = @_;

	$node->safe_psql($database // 'postgres', 'CREATE EXTENSION opencalendly CASCADE');
	return;
}

sub key_file
{
	my ($node) = @_;

	return $node->{opencalendly_key_file};
}

sub make_key_file
{
	my ($path, $id) = @_;
	my $bytes;

	open(my $random, '<:raw', '/dev/urandom') or die "could not open /dev/urandom: $!";
	read($random, $bytes, 32) == 32 or die "could not read /dev/urandom: $!";
	close($random);

	my $old_mask = umask(0077);
	open(my $file, '>', $path) or die "could not write $path: $!";
	print $file ($id // 1) . ' ' . unpack('H*', $bytes) . "\n";
	close($file) or die "could not write $path: $!";
	umask($old_mask);
	return;
}

1;
