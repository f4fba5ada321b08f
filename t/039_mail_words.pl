# Promise: what we write as mails, programs of others read as it was meant. Every kind of mail, in every language, to every
# reader, about plain meetings and hostile ones: Python's email package finds no defect and each part to the byte;
# python3-icalendar and ical.js read the same of each calendar; and the pages can be read in a browser, light and dark, on a
# phone, too, without anything from the network and with the contrast that WCAG asks for.
use strict;
use warnings;
use Browser;
use File::Basename qw(basename);
use File::Path qw(make_path);
use FindBin;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::RealBin/..";
my $tools = $ENV{OPENCALENDLY_TOOLS} // plan(skip_all => 'OPENCALENDLY_TOOLS names no folder');
my $folder = PostgreSQL::Test::Utils::tempdir('mails');

# Each "ok NAME" and "not ok NAME" that the program prints is a test of ours; it must print "done" at its end.
sub told_by
{
	my (@command) = @_;
	my $is_done = 0;
	my $output = '';

	IPC::Run::run(\@command, '<', '/dev/null', '>&', \$output, IPC::Run::timeout(300));
	my $status = $?;
	for my $line (split /\n/, $output)
	{
		$is_done ||= $line eq 'done';
		ok(!$1, $2) if $line =~ /^(not )?ok (.*)/;
		diag($line) if $line !~ /^(?:ok |not ok |done$|# )/;
	}
	ok($status == 0 && $is_done, basename($command[-2]) . ' came to its end') or diag("status $status");
	return;
}

system_or_bail('make', '-s', '-C', $root, 'build/mail-samples');
system_or_bail("$root/build/mail-samples", $folder);
cmp_ok(scalar(() = glob "$folder/*.eml"), '>=', 60, 'there are samples of every kind');

# What a mail is depends on nothing but its facts.
my $again = PostgreSQL::Test::Utils::tempdir('again');
system_or_bail("$root/build/mail-samples", $again);
is(system('diff', '-r', $folder, $again), 0, 'written again, each is the same to the byte');

told_by('/usr/bin/python3', '-B', "$root/t/mail/read_mails.py", $folder);
told_by('node', "$root/t/mail/read_calendars.mjs", $folder);

SKIP:
{
	my $missing = Browser::missing();
	skip $missing, 1 if $missing;
	my $home = PostgreSQL::Test::Utils::tempdir();

	local %ENV = (%ENV, HOME => $home, XDG_CONFIG_HOME => "$home/config", XDG_CACHE_HOME => "$home/cache",
		BROWSER_SCREENSHOTS => "$ENV{TESTDIR}/../screenshots", BROWSER_SCRIPT => 'mails');
	make_path($ENV{BROWSER_SCREENSHOTS});
	told_by('node', "$root/t/mail/look_at_pages.mjs", $folder);
}
done_testing();
