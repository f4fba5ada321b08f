# Promise: docs/sql.md tells every function, table, view, setting, role and error there is, and every object has a
# comment of its own in the database.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use OpenCalendly;
use Test::More;

sub slurp
{
	my ($path) = @_;
	open(my $file, '<', $path) or die "$path: $!";
	local $/;
	return <$file>;
}

my $docs = slurp("$FindBin::Bin/../docs/sql.md");
my $errors = slurp("$FindBin::Bin/../extension/errors.h");
my $manage = join '', map { slurp("$FindBin::Bin/../extension/schema/$_.sql") } qw(60_manage 65_teams);

my $node = OpenCalendly::node('docs');
OpenCalendly::install($node);

sub names
{
	return split /\n/, $node->safe_psql('postgres', $_[0]);
}

my %kinds = (
	function => q{SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'opencalendly'::regnamespace},
	relation => q{SELECT relname FROM pg_class WHERE relnamespace = 'opencalendly'::regnamespace AND relkind IN ('r', 'v')},
	setting => q{DO 'BEGIN PERFORM opencalendly.current_instant(); END'; SELECT name FROM pg_settings WHERE name LIKE 'opencalendly.%'},
	role => q{SELECT rolname FROM pg_roles WHERE rolname LIKE 'opencalendly\_%'});
for my $kind (sort keys %kinds)
{
	my @all = names($kinds{$kind});
	cmp_ok(scalar @all, '>=', 4, "there is a ${kind} to tell of");
	for my $name (@all)
	{
		like($docs, qr/`\Q$name\E[`(]/, "$kind $name is told");
	}
}

my %codes = map { ("OC0$_" => 1) } $errors =~ /'O', 'C', '0', '(\d', '\d)'/g;
%codes = map { my $code = $_; $code =~ s/', '//; ($code => 1) } keys %codes;
$codes{$_} = 1 for $manage =~ /'(OC\d{3})'/g;
for my $code (sort keys %codes)
{
	like($docs, qr/\| `$code` \|/, "error $code is told");
}

is( join(' ', names(q{
	SELECT p.oid::regprocedure FROM pg_proc AS p
		WHERE p.pronamespace = 'opencalendly'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL})),
	'', 'every function has a comment');
is( join(' ', names(q{
	SELECT c.oid::regclass FROM pg_class AS c WHERE c.relnamespace = 'opencalendly'::regnamespace
		AND c.relkind IN ('r', 'v') AND obj_description(c.oid, 'pg_class') IS NULL})),
	'', 'every table and view has a comment');

done_testing();
