# Promise: a backend that has answered many calls is no bigger than one that has answered some: 20,000 slot queries,
# 300 rounds of hold, book, move and cancel, the same of teams, and thousands of refusals leave its memory contexts and
# its process as they were after a warm-up.
use strict;
use warnings;
use OpenCalendly;
use PostgreSQL::Test::Utils;
use Scene;
use Test::More;

my $node = OpenCalendly::node('main', conf => Scene::conf() . "log_statement = none\n");
OpenCalendly::install($node);
Scene::host($node);
Scene::teams($node);
$node->safe_psql('postgres', Scene::book('intro', "2026-06-0$_ 10:00+00")) for 2 .. 6;

# What the process has of its own, in kilobytes; memory that is shared with others grows by being looked at.
sub process_kb
{
	my ($pid) = @_;
	my ($kb) = slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m;
	return $kb;
}

# Gives a session the calls so many times, each as a statement of its own, and looks at it; then as often as $again says,
# and looks at it once more. What the calls answer is of no interest, and there is much of it.
sub grows_no_more
{
	my ($name, $calls, $times, $again) = @_;
	my $session = Scene::session($node);
	my $pid = $session->query_safe('SELECT pg_backend_pid()');
	my $file = $node->basedir . '/calls.sql';
	my (@contexts, @process);

	for my $repeat ($times, $again)
	{
		unlink $file;
		append_to_file($file, $calls x $repeat);
		$session->query_until(qr/^all answered$/m, "\\o /dev/null\n\\i $file\n\\o\n\\echo all answered\n");
		$session->{stderr} = '';
		push @contexts, $session->query_safe('SELECT sum(total_bytes) FROM pg_backend_memory_contexts');
		push @process, process_kb($pid);
	}
	note "$name: contexts @contexts bytes, process @process kB";
	cmp_ok($contexts[1] - $contexts[0], '<=', 100_000, "$name: the memory contexts have not grown");
	cmp_ok($process[1] - $process[0], '<=', 1_000, "$name: the process has not grown");
	$session->quit;
}

my $event = $node->safe_psql('postgres', Scene::event_type('intro'));
my ($turn, $weight, $panel) = map { $node->safe_psql('postgres', Scene::event_type($_)) } 'turn', 'weight', 'panel';
my $class = $node->safe_psql('postgres', Scene::event_type('class'));

grows_no_more('20,000 slot queries', <<"SQL", 1_000, 10_000);
SELECT count(*) FROM opencalendly.compute_slots('$event', '2026-06-01', '2026-06-08');
SELECT count(*) FROM opencalendly.compute_slots('$class', '2026-06-01', '2026-06-03', max_slots => 10);
SQL

grows_no_more('2,000 explanations', <<"SQL", 200, 1_000);
SELECT * FROM opencalendly.explain_slot('$event', '2026-06-03 10:00+00');
SELECT * FROM opencalendly.explain_slot('$event', '2026-06-03 03:03+00');
SQL

grows_no_more('300 rounds of hold, book, move and cancel', <<"SQL", 100, 300);
SELECT hold_token AS hold FROM opencalendly.hold_slot('$event', '2026-06-03 11:00+00') \\gset
SELECT reschedule_token AS token FROM opencalendly.book_slot('$event', '2026-06-03 11:00+00', 'Ann', 'ann\@example.com', hold_token => :'hold') \\gset
SELECT cancel_token AS token FROM opencalendly.reschedule_booking(:'token', '2026-06-03 11:15+00') \\gset
SELECT action_type FROM opencalendly.booking_action(:'token');
SELECT status FROM opencalendly.cancel_booking(:'token');
SQL

grows_no_more('1,000 slot queries and explanations of teams', <<"SQL", 150, 350);
SELECT count(*) FROM opencalendly.compute_slots('$turn', '2026-06-01', '2026-06-08', all_hosts => true);
SELECT count(*) FROM opencalendly.compute_slots('$panel', '2026-06-01', '2026-06-08');
SELECT * FROM opencalendly.explain_slot('$turn', '2026-06-03 03:03+00');
SQL

grows_no_more('150 rounds of hold, book, move and cancel of teams', <<"SQL", 100, 150);
SELECT hold_token AS hold FROM opencalendly.hold_slot('$weight', '2026-06-04 11:00+00') \\gset
SELECT reschedule_token AS token FROM opencalendly.book_slot('$weight', '2026-06-04 11:00+00', 'Ann', 'ann\@example.com', hold_token => :'hold') \\gset
SELECT cancel_token AS token FROM opencalendly.reschedule_booking(:'token', '2026-06-04 11:15+00') \\gset
SELECT action_type FROM opencalendly.booking_action(:'token');
SELECT status FROM opencalendly.cancel_booking(:'token');
SELECT reschedule_token AS token FROM opencalendly.book_slot('$panel', '2026-06-04 12:00+00', 'Ann', 'ann\@example.com') \\gset
SELECT cancel_token AS token FROM opencalendly.reschedule_booking(:'token', '2026-06-04 12:15+00') \\gset
SELECT status FROM opencalendly.cancel_booking(:'token');
SQL

grows_no_more('7,000 refusals', <<"SQL", 200, 1_000);
SELECT opencalendly.book_slot('$event', '2026-06-03 10:00+00', 'Ann', 'ann\@example.com');
SELECT opencalendly.book_slot('$event', '2026-06-03 11:00+00', '', 'nobody');
SELECT opencalendly.book_slot('$turn', '2026-06-03 03:03+00', 'Ann', 'ann\@example.com');
SELECT opencalendly.book_slot('$panel', '2026-06-03 10:00+00', 'Ann', 'ann\@example.com');
SELECT opencalendly.cancel_booking('a-token-that-is-none-a-token-that-is-none-00');
SELECT opencalendly.hold_slot('00000000-0000-0000-0000-000000000000', '2026-06-03 11:00+00');
SELECT opencalendly.compute_slots('$event', '2026-06-03', 'infinity');
SQL

$node->stop;
done_testing();
