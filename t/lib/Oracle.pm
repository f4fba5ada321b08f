package Oracle;

=head1 NAME

Oracle - runs t/oracle/*.sql, for the tests that compare the engine with it

=head1 SYNOPSIS

  my $node = Oracle::node('oracle', qw(oracle random compare));
  my @rows = Oracle::rows($node, 'SELECT * FROM oracle.zones');
  my @rows = Oracle::call_all($node, map { "CALL oracle.run(1, $_, $_)" } 1 .. 100);

=head1 DESCRIPTION

=over

=item Oracle::node($name, @files)

Makes a node, started, with the extension and these files of t/oracle in the database postgres. It only computes, and
leaves the processors to whoever else wants them.

=item Oracle::rows($node, $query)

The rows of a query as lists of columns.

=item Oracle::call_all($node, @calls)

Runs the calls in as many sessions as there are processors, with a VACUUM after each: they roll back what they make.
Returns the one row of each as a list of columns, in the order of the calls.

=item Oracle::check_hand_cases($node, @subjects)

Tests that the oracle and the engine give what the cases of oracle.hand_SUBJECT() expect.

=back

=cut

use strict;
use warnings;
use IPC::Run;
use OpenCalendly;
use Test::More;

sub node
{
	my ($name, @files) = @_;
	my $node = OpenCalendly::node($name, conf => "jit = off\n");

	be_modest($node);
	OpenCalendly::install($node);
	foreach my $file (@files)
	{
		my $text = PostgreSQL::Test::Utils::slurp_file("t/oracle/$file.sql");
		$node->safe_psql('postgres', "SET client_min_messages = warning;\n$text");
	}
	return $node;
}

# The least priority for the server, and in a session of it: Linux may share the processors among sessions first, whatever
# the priorities in them are, and takes only so many wishes about that at a time.
sub be_modest { setpriority(0, $_[0]->{_pid}, 19); return; }

my @modestly = !-e '/proc/self/autogroup' ? () : ('-c', <<'SQL');
DO $$
BEGIN
    FOR n IN 1 .. 20 LOOP
        BEGIN
            COPY (SELECT 19) TO '/proc/self/autogroup';
            RETURN;
        EXCEPTION WHEN OTHERS THEN
            PERFORM pg_sleep(random() / 5);
        END;
    END LOOP;
END
$$
SQL

sub rows
{
	my ($node, $query) = @_;

	return map { [ split(/\t/, $_, -1) ] }
	  split(/\n/, $node->safe_psql('postgres', $query, extra_params => [ '-F', "\t" ]));
}

sub call_all
{
	my ($node, @calls) = @_;
	my ($sessions) = qx(nproc) =~ /(\d+)/;
	my (@runs, @output, @rows);

	foreach my $i (0 .. $sessions - 1)
	{
		my @own = @calls[ grep { $_ % $sessions == $i } 0 .. $#calls ];

		next unless @own;
		push @runs, IPC::Run::start(
			[
				'psql', '-XAtq0', '-F', "\x1f", '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'),
				@modestly, map { ('-c', $_, '-c', 'VACUUM') } @own
			],
			'<', \undef, '>', \$output[$i]);
	}
	foreach my $i (0 .. $#runs)
	{
		$runs[$i]->finish or die "psql ended with $?";
		my @own = map { [ split(/\x1f/, $_, -1) ] } split(/\0/, $output[$i]);
		$rows[ $i + $_ * $sessions ] = $own[$_] foreach 0 .. $#own;
	}
	return @rows;
}

sub check_hand_cases
{
	my ($node, @subjects) = @_;

	foreach my $subject (@subjects)
	{
		foreach my $case (rows($node, "BEGIN; SELECT * FROM oracle.hand_$subject(); ROLLBACK;"))
		{
			my ($promise, $expected, $by_oracle, $by_engine) = @$case;
			is($by_engine, $expected, "$promise");
			is($by_oracle, $expected, "$promise (the oracle)");
		}
	}
	return;
}

# The sums of the columns of rows, and the first failure, which is the last column.
sub sums
{
	my (@rows) = @_;
	my @sums = (0) x $#{ $rows[0] };
	my $failure = '';

	foreach my $row (@rows)
	{
		$sums[$_] += $row->[$_] foreach 0 .. $#sums;
		$failure = $row->[-1] if $failure eq '';
	}
	return (@sums, $failure);
}

1;
