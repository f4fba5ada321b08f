# Promise: shim/web/v0/openapi.json is what the shim does. It tells the routes of the shim's table, whose functions are in
# the database, and the linter finds nothing. In a tour through the whole API (lib/Tour.pm), with Prism between client and
# shim, no request that the document allows is refused for its form, no status and no answer is seen that it does not
# declare, and each status that it declares for a route is seen there. /metrics is what promtool accepts.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Http;
use OpenCalendly;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Scene;
use Shim;
use Test::More;
use Tour;
use Time::HiRes qw(sleep);

my $folder = PostgreSQL::Test::Utils::tempdir('contract');
my $file = "$folder/openapi.json";
my $tools = $ENV{OPENCALENDLY_TOOLS};
my $no_id = '01890000-0000-7000-8000-000000000000';
my $no_token = 'A' x 43;

sub write_file
{
	my ($path, $bytes) = @_;

	open(my $out, '>', $path) or die "$path: $!";
	print $out $bytes;
	close($out) or die "$path: $!";
	return;
}

# The command of a tool; dies in "make test" if it is not there, else undef.
sub tool
{
	my ($name) = @_;
	my @folders = ($tools ? ("$tools/node_modules/.bin", "$tools/bin") : (), split /:/, $ENV{PATH});
	my ($found) = grep { -x } map { "$_/$name" } @folders;

	die "$name is missing; scripts/prepare test installs it\n" if !$found && $tools;
	return $found;
}

# Exit status and output of a command.
sub output_of
{
	my (@command) = @_;
	my $output = '';

	IPC::Run::run(\@command, '<', '/dev/null', '>&', \$output, IPC::Run::timeout(120));
	return ($? >> 8, $output);
}

my $node = OpenCalendly::node('contract',
	conf => Scene::conf() . Shim::conf() . "opencalendly.base_url = 'https://example.com'\n"
	  . "opencalendly.google_client_id = 'client.example'\n");
OpenCalendly::install($node);
my $shim = Shim->start($node, limits => 1, threads => 8);
my $document = $shim->http->get('/v0/openapi.json');
is($document->{status}, 200, 'the shim serves the document');
write_file($file, $document->{body});
my $doc = $document->{json};

#
# The document, the shim's table, the database
#

sub resolved
{
	my ($value) = @_;

	return $value unless ref $value eq 'HASH' && $value->{'$ref'};
	my $at = $doc;
	$at = $at->{$_} for split m{/}, substr($value->{'$ref'}, 2);
	return $at;
}

my %operations; # "GET /v0/bookings/{id}" -> the operation
for my $path (sort keys %{ $doc->{paths} })
{
	for my $method (sort keys %{ $doc->{paths}{$path} })
	{
		my $operation = $doc->{paths}{$path}{$method};
		my %parameters;
		for my $parameter (map { resolved($_) } @{ $operation->{parameters} // [] })
		{
			$parameters{ $parameter->{in} }{ $parameter->{name} } = 1;
		}
		$operations{ uc($method) . " $path" } = {
			%$operation,
			parameters => \%parameters,
			is_system => $operation->{tags}[0] eq 'System',
			needs_session => !$operation->{security},
			has_body => exists $operation->{requestBody} };
	}
}

my %headers = (
	'key' => 'Idempotency-Key',
	'if-match' => 'If-Match',
	'if-none-match' => 'If-None-Match',
	'session-mode' => 'X-Session',
	'goog-channel-id' => 'X-Goog-Channel-ID',
	'goog-channel-token' => 'X-Goog-Channel-Token',
	'goog-resource-state' => 'X-Goog-Resource-State');
my %limit_classes = ('-' => 'none', magic => 'TooManyMagic', auth => 'TooManyAuth', page => 'TooManyPage', booking => 'TooManyBooking');
my %cache_headers = ('check' => 'NoCache', 'no-store' => 'NoStore');

sub last_part { return $_[0] =~ s{.*/}{}r; }
sub limit_class { return last_part(($_[0]{responses}{429} // {})->{'$ref'} // 'none'); }

# A line of "opencalendly-shim --routes", after the method, in the words of document_row.
sub table_row
{
	my ($path, $function, $params, $auth, $limit, $cache) = @_;
	my %row = (
		function => $function,
		has_body => 0,
		needs_session => $auth eq 'session' ? 1 : 0,
		limit => $limit_classes{$limit} // $limit,
		cache => $cache_headers{$cache} // $cache);

	for my $word (split /,/, $params)
	{
		$row{has_body} = 1 if $word eq 'body';
		$row{path}{$1} = 1 if $word =~ /^:(.+)/;
		$row{query}{$1} = 1 if $word =~ /^\?(.+)/;
		$row{header}{ $headers{$word} } = 1 if $headers{$word};
	}
	return \%row;
}

sub document_row
{
	my ($operation) = @_;
	my $well = resolved($operation->{responses}{200});

	return {
		%{ $operation->{parameters} },
		function => "api_$operation->{operationId}",
		has_body => $operation->{has_body} ? 1 : 0,
		needs_session => $operation->{needs_session} ? 1 : 0,
		limit => limit_class($operation),
		cache => last_part($well->{headers}{'Cache-Control'}{'$ref'}) };
}

my (undef, $routes) = output_of(Shim::binary(), '--routes');
my %table;
my %argument_counts;
for my $line (split /\n/, $routes)
{
	my ($method, @rest) = split / /, $line;
	my ($path, $function, $params) = @rest;
	my @words = $params eq '-' ? () : split /,/, $params;

	# the pages are no part of the API's document, but their functions must be there, too
	$table{ "$method " . ($path =~ s/:(\w+)/{$1}/gr) } = table_row(@rest) if $rest[-1] eq 'api';
	$argument_counts{$_} = @words for grep { $_ ne '-' } $function, $rest[-2];
}
my %in_document = map { $_ => document_row($operations{$_}) } grep { !$operations{$_}{is_system} } keys %operations;
is_deeply(\%in_document, \%table, 'the document and the shim\'s table tell the same routes');

my %in_database = map { split /\|/ } split /\n/, $node->safe_psql('postgres', <<'SQL');
SELECT p.proname, CASE
		WHEN p.prorettype <> 'opencalendly.api_answer'::regtype THEN 'does not return api_answer'
		WHEN EXISTS (SELECT FROM unnest(p.proargtypes) AS t(id) WHERE t.id <> 'text'::regtype) THEN 'takes other than text'
		WHEN NOT has_function_privilege('shim', p.oid, 'EXECUTE') THEN 'is not granted'
		ELSE p.pronargs::text END
	FROM pg_proc AS p
	WHERE p.pronamespace = 'opencalendly'::regnamespace AND p.proname ~ '^api_'
		AND p.proname NOT IN ('api_answer', 'api_hello', 'api_metrics')
SQL
is_deeply(\%in_database, \%argument_counts, 'the api functions are those of the table, with as many text arguments');

my $control = PostgreSQL::Test::Utils::slurp_file("$FindBin::Bin/../opencalendly.control");
my ($version) = $control =~ /^default_version *= *'(.*)'/m;
is($doc->{info}{version}, $version, 'it has the version of the extension');

SKIP:
{
	my $redocly = tool('redocly') or skip 'redocly is not installed (scripts/prepare test)', 1;
	local @ENV{qw(REDOCLY_TELEMETRY REDOCLY_SUPPRESS_UPDATE_NOTICE)} = qw(off true);
	my @lint = ('lint', '--config', "$FindBin::Bin/redocly.yaml", '--format=stylish', $file);
	my ($code, $output) = output_of($redocly, @lint);
	is($code, 0, 'redocly finds nothing to say against the document') or diag($output);
}

#
# The tour. Calls that succeed go through a Prism that looks at requests and answers, others through one that looks at
# answers alone. Before an operation succeeds for the first time it is called without a session, with a foreign origin,
# with an unknown field and with names of nothing.
#

my %prism_pids;

sub start_prism
{
	my ($prism, $name, @options) = @_;
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my $log = "${PostgreSQL::Test::Utils::log_path}/040_contract_prism_$name.log";
	my $pid = fork() // die "could not fork: $!";

	if ($pid == 0)
	{
		open(STDIN, '<', '/dev/null');
		open(STDOUT, '>', $log);
		open(STDERR, '>&', \*STDOUT);
		exec($prism, 'proxy', '--errors', '--port' => $port, @options, $file, $shim->url) or POSIX::_exit(127);
	}
	$prism_pids{$pid} = 1;
	for (1 .. 600)
	{
		return Http->new(port => $port) if Http->new(port => $port)->get('/health')->{status} == 200;
		die "Prism has ended: " . PostgreSQL::Test::Utils::slurp_file($log) if waitpid($pid, POSIX::WNOHANG()) == $pid;
		sleep 0.1;
	}
	die "Prism does not start: " . PostgreSQL::Test::Utils::slurp_file($log);
}

END
{
	my $code = $?;
	kill 'TERM', keys %prism_pids;
	waitpid $_, 0 for keys %prism_pids;
	$? = $code;
}

my ($strict, $lenient); # clients of the two proxies
my %seen;               # operation -> status -> 1
my %example;            # operation -> client and options of a call that succeeded

# What is wrong with an answer by the document. Prism tells the places, but lets undeclared statuses pass, but for 2xx.
sub violations
{
	my ($name, $answer) = @_;

	if ((($answer->{json} // {})->{type} // '') !~ /stoplight/)
	{
		return $operations{$name}{responses}{ $answer->{status} } ? '' : "status $answer->{status} is not declared";
	}
	my @places = map { '/' . join('/', @{ $_->{location} }) . ": $_->{message}" } @{ $answer->{json}{validation} // [] };
	splice(@places, 10, @places - 10, '...') if @places > 10;
	return join("\n", "$answer->{json}{title}: $answer->{json}{detail}", @places);
}

# The operation's path with the values in it.
sub filled_path
{
	my ($name, $values) = @_;
	my (undef, $path) = split / /, $name;

	return $path =~ s/\{(\w+)\}/$values->{$1} \/\/ die "$name needs $1"/ger;
}

# A request of an operation; fails if the status is another one, or if Prism finds fault with the answer.
sub send_request
{
	my ($client, $name, $expected, $what, %options) = @_;
	my ($method) = split / /, $name;
	my $answer = $client->request($method, filled_path($name, $options{path}), %options);
	my $wrong = violations($name, $answer);

	$seen{$name}{ $answer->{status} } = 1 unless $wrong;
	ok($answer->{status} == $expected && !$wrong, "$name: $expected, $what")
		or diag($wrong || "$answer->{status} $answer->{body}");
	return $answer;
}

# A call that succeeds. The first one of an operation comes after what the operation refuses.
sub call
{
	my ($client, $name, %options) = @_;

	die "there is no $name in the document\n" unless $operations{$name};
	if (!$example{$name})
	{
		refuse_all($client, $name, %options);
		$example{$name} = [ $client, %options ];
	}
	return send_request($client->with(port => $strict->{port}), $name, 200, 'as it should', %options);
}

# One that is answered with another status: by a copy that the client has (304), or by a refusal.
sub refused
{
	my ($client, $expected, $why, $name, %options) = @_;
	my $proxy = $expected < 400 ? $strict : $lenient;

	return send_request($client->with(port => $proxy->{port}), $name, $expected, $why, %options);
}

# What each operation refuses. Nothing of it changes anything.
sub refuse_all
{
	my ($client, $name, %options) = @_;
	my $operation = $operations{$name};
	my $is_read = $name =~ /^GET /;
	my %query = %{ $operation->{parameters}{query} // {} };
	my %nothing = map { $_ => /^token$/ ? $no_token : /id$/i ? $no_id : 'nobody-here' }
		keys %{ $operation->{parameters}{path} // {} };
	my %foreign = (Cookie => '__Host-session=' . ($client->{token} // ''), Origin => 'https://example.org');

	if ($operation->{needs_session})
	{
		refused($client->as($no_token), 401, 'with a foreign token', $name, %options);
		refused($client->as(undef), 403, 'with a foreign origin', $name, %options, headers => \%foreign) unless $is_read;
	}
	if ($operation->{has_body})
	{
		my $answer = refused($client, 400, 'with an unknown field', $name, %options, data => { nonsense => 1 });
		is($answer->{json}{field}, 'nonsense', 'which the answer names');
		refuse_large_body($client, $name, %options);
	}
	refused($client, 400, 'with a bad number', $name, %options, query => { limit => 'x' }) if $query{limit};
	refused($client, 404, 'with the name of nothing', $name, %options, path => \%nothing)
		if $operation->{responses}{404} && %nothing;
	return;
}

# Not through Prism: only the length is sent, for who sends more may lose the answer with the connection.
sub refuse_large_body
{
	my ($client, $name, %options) = @_;
	my ($method) = split / /, $name;
	my $path = filled_path($name, $options{path});
	my $raw = Http::raw($shim->port, "$method $path HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n");
	my $answer = $raw->{answers}[0];
	my $shape = join ' ', $answer->{status}, @{ $answer->{json} }{qw(ok code status)};

	is($shape, '413 0 HTTP_413 413', "$name: 413, with a large body");
	$seen{$name}{413} = 1;
	return;
}

sub set_clock
{
	my ($instant) = @_;

	$node->safe_psql('postgres', "ALTER SYSTEM SET opencalendly.clock = '$instant'");
	$node->reload;
	$node->poll_query_until('postgres', "SELECT opencalendly.current_instant() = '$instant'")
		or die "the clock stays\n";
	return;
}

sub change
{
	my ($sql) = @_;

	$node->safe_psql('postgres', "SET search_path = opencalendly, pg_catalog; $sql");
	return;
}

sub lease
{
	my ($delivery_id) = @_;

	$node->safe_psql('postgres', <<"SQL");
UPDATE opencalendly.webhook_deliveries SET status = 'leased', attempt = attempt + 1, leased_until = clock_timestamp() + interval '1 hour'
	WHERE id = '$delivery_id'
SQL
	return;
}

# The host's former name leads to the new one; Prism itself would follow.
sub check_redirections
{
	my ($ada) = @_;
	my $direct = $strict->with(port => $shim->port);
	my ($old, $new) = map { { username => $_, slug => 'intro' } } qw(ada ada-l);

	call($ada, 'PATCH /v0/me', data => { username => 'ada-l' });
	for my $name (grep { $operations{$_}{responses}{301} } sort keys %operations)
	{
		my $moved = send_request($direct, $name, 301, 'to the new name', path => $old, query => { days => 3 });
		is($moved->{headers}{location}, filled_path($name, $new) . '?days=3', 'which it gives');
	}
	return;
}

# Asks until it is too much, and for some seconds more.
sub use_up
{
	my ($method, $path) = @_;
	my $quick = Http->new(port => $shim->port);

	for (1 .. 2000)
	{
		my $answer = $quick->request($method, $path);
		next if $answer->{status} != 429;
		return if $answer->{headers}{ratelimit} =~ /;t=(\d+)/ && $1 > 5;
		sleep 1;
	}
	die "$method $path has no limit\n";
}

sub check_limits
{
	for my $name (grep { $operations{$_}{responses}{429} } sort keys %example)
	{
		my ($client, %options) = @{ $example{$name} };
		my ($method) = split / /, $name;

		use_up($method, filled_path($name, $options{path}));
		my $refused = refused($client, 429, 'after too many', $name, %options);
		like($refused->{headers}{'retry-after'}, qr/^\d+$/, 'and when to come again');
	}
	return;
}

sub check_metrics
{
  SKIP:
	{
		my $promtool = tool('promtool') or skip 'promtool is not installed (scripts/prepare test)', 2;
		my $metrics = Http->new(port => $shim->metrics_port)->get('/metrics');
		my $output = '';

		like($metrics->{headers}{'content-type'}, qr{^text/plain; version=0\.0\.4}, 'there are metrics');
		IPC::Run::run([ $promtool, 'check', 'metrics' ], '<', \$metrics->{body}, '>&', \$output, IPC::Run::timeout(60));
		is("$? $output", '0 ', 'promtool finds nothing to say against them');
	}
	return;
}

# On the same port, for the proxies; with no limits, for they are used up.
sub check_without_database
{
	$shim->stop;
	$shim = Shim->start($node, name => 'away', port => $shim->port);
	$node->stop('immediate');
	for my $name (grep { $operations{$_}{responses}{503} } sort keys %example)
	{
		my ($client, %options) = @{ $example{$name} };
		refused($client, 503, 'while the database is away', $name, %options);
	}
	return;
}

# What only a fault of ours brings about cannot be seen; requests that are malformed, and those that wait until it is too late,
# have tests of their own.
sub check_all_seen
{
	$seen{"POST /v0/calendar/$_/disconnect"}{502} = 1 for 'google', 'connections/{id}';
	for my $name (sort keys %operations)
	{
		my $operation = $operations{$name};
		my $takes_values = $operation->{has_body} || $operation->{parameters}{query};
		my @wanted = grep { $_ != 500 && ($_ != 400 || $takes_values) } sort keys %{ $operation->{responses} };
		my @unseen = grep { !$seen{$name}{$_} } @wanted;

		is("@unseen", '', "$name has shown every status that is declared");
	}
	return;
}

SKIP:
{
	my $prism = tool('prism') or skip 'prism is not installed (scripts/prepare test)', 1;
	$strict = start_prism($prism, 'strict');
	$lenient = start_prism($prism, 'lenient', '--no-validate-request');

	my @people = map { $strict->login("$_\@example.com", username => $_, displayName => ucfirst) } qw(ada ben cleo);
	Tour::run(anyone => $strict, clients => \@people, call => \&call, refused => \&refused, set_clock => \&set_clock,
		lease => \&lease, change => \&change);
	check_redirections($people[0]);
	check_metrics();
	check_limits();
	check_without_database();
	check_all_seen();
}

is($shim->stop, 0, 'the shim ends well');
done_testing();
