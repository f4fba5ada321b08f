# Promise: the mirror of a calendar is what its events say: for a calendar of 50 events in mixed zones over both clock changes
# of the year, changed again and again and read wholly or by its changes in any order, the windows are those that are worked
# out here from the events by another way: instants are found by asking the C library what the clocks show, minute by minute.
# So they are for a calendar that is asked for as free or busy alone. An answer that cannot be trusted changes nothing.
#
# OPENCALENDLY_SEED and OPENCALENDLY_CASES (syncs a night) choose others.

use strict;
use warnings;
use JSON::PP;
use List::Util qw(max min shuffle);
use OpenCalendly;
use POSIX qw(strftime tzset);
use Test::More;
use Time::Local qw(timegm);

my $seed  = $ENV{OPENCALENDLY_SEED}  // 20260329;
my $cases = $ENV{OPENCALENDLY_CASES} // 20;
srand($seed);

my $node = OpenCalendly::node('mirror', conf => "timezone = 'UTC'\n");
OpenCalendly::install($node);
my $json = JSON::PP->new->canonical;
my @zones = qw(Europe/Berlin America/New_York America/Havana Australia/Lord_Howe Africa/Cairo Asia/Kolkata America/St_Johns UTC);
my $day = 86400;

sub one_of { return $_[ int(rand(@_)) ] }

sub chance { return rand() < $_[0] }

# --- what clocks show ---

my %readings;

# From instant to reading, a second each, a minute apart, two days around a date; a reading is written as if it were UTC.
sub clock
{
	my ($zone, $date) = @_;

	return $readings{"$zone $date"} //= do
	{
		my @minutes;
		local $ENV{TZ} = $zone;
		tzset();
		for (my $at = $date - $day; $at < $date + 2 * $day; $at += 60)
		{
			my @local = localtime($at);
			push @minutes, [ $at, timegm(@local[ 0 .. 5 ]) ];
		}
		\@minutes;
	};
}

sub date_of { return $_[0] - $_[0] % $day }

# The first, or the last, instant at which the clock shows this. If it never does: as long after the gap's beginning as the
# reading is after what the clock would then have shown.
sub instant
{
	my ($zone, $reading, $last) = @_;
	my $minutes = clock($zone, date_of($reading));
	my $seconds = $reading % 60;
	my @shown = map { $_->[0] } grep { $_->[1] == $reading - $seconds } @$minutes;
	return ($last ? $shown[-1] : $shown[0]) + $seconds if @shown;
	my ($before) = grep { $minutes->[$_][1] < $reading && $minutes->[ $_ + 1 ][1] > $reading } 0 .. $#$minutes - 1;
	return $minutes->[$before][0] + $reading - $minutes->[$before][1];
}

# Where a local date begins.
sub date_begins
{
	my ($zone, $date) = @_;
	my ($first) = grep { $_->[1] >= $date && $_->[1] < $date + $day } @{ clock($zone, $date) };
	return $first->[0];
}

sub reading
{
	my ($zone, $instant) = @_;
	local $ENV{TZ} = $zone;
	tzset();
	my @local = localtime($instant);
	return timegm(@local[ 0 .. 5 ]);
}

# --- events, as the provider tells them, and when they make busy ---

sub text { return strftime($_[1], gmtime($_[0])) }

sub wall_clock { return text($_[0], '%Y-%m-%dT%H:%M:%S') }

sub offset_text
{
	my ($seconds) = @_;
	return 'Z' if $seconds == 0 && chance(0.5);
	return sprintf('%s%02d:%02d', $seconds < 0 ? '-' : '+', int(abs($seconds) / 3600), abs($seconds) / 60 % 60);
}

# A time as it is told, and the instant that it means: [as a start, as an end].
sub timed
{
	my ($instant, $calendar_zone) = @_;
	my $zone = one_of(@zones);
	if (chance(0.5))
	{
		my $reading = reading($zone, $instant);
		my $fraction = one_of('', '', '.000');
		return ({ dateTime => wall_clock($reading) . $fraction . offset_text($reading - $instant), timeZone => one_of(@zones) },
			$instant, $instant);
	}
	# a reading, maybe one that there is not
	$zone = $calendar_zone if chance(0.7);
	my $reading = reading($zone, $instant);
	$reading -= 3600 if chance(0.2);
	my $told = { dateTime => wall_clock($reading) };
	$told->{timeZone} = $zone if $zone ne $calendar_zone || chance(0.5);
	return ($told, instant($zone, $reading, 0), instant($zone, $reading, 1));
}

sub random_times
{
	my ($night, $calendar_zone) = @_;
	if (chance(0.04))
	{
		my $date = $night->{date} + $day * one_of(-2 .. 2);
		my $length = $day * one_of(1, 1, 2, 3);
		return ({ date => text($date, '%Y-%m-%d') }, { date => text($date + $length, '%Y-%m-%d') },
			date_begins($calendar_zone, $date), date_begins($calendar_zone, $date + $length));
	}
	while (1)
	{
		my $from = $night->{date} - 12 * 3600 + 300 * int(rand(12 * 36));
		$from = $night->{turn} - 5400 + 300 * int(rand(36)) if chance(0.4);
		$from += one_of(-3, 5) * $day if chance(0.05);
		my ($start, $starts_at) = timed($from, $calendar_zone);
		my ($end, undef, $ends_at) = timed($from + 300 * int(rand(chance(0.1) ? 24 : 4)) + one_of(0, 0, 20), $calendar_zone);
		return ($start, $end, $starts_at, $ends_at) if $ends_at >= $starts_at;
	}
}

sub hex_digits { return join '', map { one_of(0 .. 9, 'a' .. 'f') } 1 .. $_[0] }

# The id of an event of a booking, by whichever host's digits.
sub ours
{
	my ($booking) = @_;
	return 'oc' . $booking =~ tr/-//dr . hex_digits(8);
}

# An event: what is told, whether and when it makes busy.
sub make_event
{
	my ($id, $night, $calendar) = @_;
	my ($start, $end, $starts_at, $ends_at) = random_times($night, $calendar->{zone});
	my %told = (id => $id, status => one_of('confirmed', 'tentative'), start => $start, end => $end);
	my $busy = 1;
	my $kind = rand();
	if    ($kind < 0.1)  { $told{transparency} = 'transparent'; $busy = 0 }
	elsif ($kind < 0.15) { $told{transparency} = 'opaque' }
	elsif ($kind < 0.25) { $told{attendees} = [ { self => JSON::PP::true, responseStatus => 'declined' } ]; $busy = 0 }
	elsif ($kind < 0.35) { $told{attendees} = [ { responseStatus => 'declined' }, { self => JSON::PP::true, responseStatus => 'accepted' } ] }
	elsif ($kind < 0.4)  { $told{eventType} = one_of('workingLocation', 'birthday'); $busy = 0 }
	elsif ($kind < 0.45) { $told{eventType} = one_of('default', 'outOfOffice', 'focusTime', 'fromGmail') }
	elsif ($kind < 0.5)  { $told{extendedProperties} = { private => { opencalendly => 'a copy' } } }
	if ($id =~ /^oc(.{32})/)
	{
		my $booking = $1;
		my $marked = chance(0.7);
		$told{extendedProperties}{private}{opencalendly} = 'a meeting' if $marked;
		$busy = 0 if exists $told{extendedProperties} && grep { tr/-//dr eq $booking } @{ $calendar->{own} };
	}
	elsif (chance(0.1))
	{
		my $list = one_of(qw(own foreign));
		$told{iCalUID} = one_of(@{ $calendar->{$list} }) . one_of('@opencalendly', '@opencalendly', '@example.com');
		$busy = 0 if $list eq 'own' && $told{iCalUID} =~ /\@opencalendly$/;
	}
	return { told => \%told, busy => $busy, starts_at => $starts_at, ends_at => $ends_at, changed => 1 };
}

sub new_id
{
	my ($calendar) = @_;
	return ours(one_of(@{ $calendar->{own} })) if chance(0.1);
	return ours(one_of(@{ $calendar->{foreign} }, hex_digits(32))) if chance(0.05);
	my $base = join '', map { one_of(0 .. 9, 'a' .. 'v') } 1 .. 26;
	return chance(0.3) ? "${base}_20260329T000000Z" : $base;
}

sub change_events
{
	my ($events, $night, $calendar) = @_;
	for (1 .. 1 + int(rand(8)))
	{
		my $id = chance(0.3) ? new_id($calendar) : one_of(sort keys %$events);
		if (exists $events->{$id} && chance(0.4))
		{
			my %told = (id => $id, status => 'cancelled');
			@told{ 'recurringEventId', 'originalStartTime' } = ($1, { dateTime => '2026-03-29T00:00:00Z' }) if $id =~ /^(.*)_/;
			$events->{$id} = { told => \%told, busy => 0, changed => 1 };
			next;
		}
		$events->{$id} = make_event($id, $night, $calendar);
	}
	return;
}

# --- answers ---

sub pages
{
	my ($calendar, $with_token, @items) = @_;
	my @pages;
	do
	{
		push @pages, { kind => 'calendar#events', timeZone => $calendar->{zone}, items => [ splice @items, 0, one_of(0, 7, 20, 2500) ] };
	} while (@items);
	$_->{nextPageToken} = 'more' for @pages[ 0 .. $#pages - 1 ];
	delete $pages[-1]{items} if !@{ $pages[-1]{items} } && chance(0.5);
	$pages[-1]{nextSyncToken} = 'token ' . rand() if $with_token;
	return \@pages;
}

# What is read wholly, or what has changed since; some of it is told twice, in an old version first.
sub events_answer
{
	my ($events, $night, $calendar, $full) = @_;
	my @ids = grep { $full || $events->{$_}{changed} } shuffle(sort keys %$events);
	@ids = grep { chance(0.2) || $events->{$_}{told}{status} ne 'cancelled' } @ids if $full;
	my @old = map { make_event($_, $night, $calendar) } grep { chance(0.05) } @ids;
	return { calendarId => $calendar->{id}, isFull => $full ? JSON::PP::true : JSON::PP::false,
		pages => pages($calendar, 1, map { $_->{told} } @old, @{$events}{@ids}) };
}

# Times of the other calendar, in chunks that cut them, in disorder.
sub free_busy_answers
{
	my ($night, $calendar, @busy) = @_;
	my $middle = $night->{from} + 3600 * int(rand(24 * 3));
	my @chunks = shuffle([ $night->{from}, $middle ], [ $middle, $night->{until} ]);
	return [ map {
		my ($from, $until) = @$_;
		my @cut = map { [ max($_->[0], $from), min($_->[1], $until) ] } grep { $_->[0] < $until && $_->[1] > $from } shuffle(@busy);
		{   kind => 'calendar#freeBusy', timeMin => wall_clock($from) . 'Z', timeMax => wall_clock($until) . '.000Z',
			calendars => { $calendar->{name} => { busy => [ map { { start => wall_clock($_->[0]) . 'Z', end => wall_clock($_->[1]) . 'Z' } } @cut ] } } }
	} @chunks ];
}

# --- the database ---

sub value { return $node->safe_psql('postgres', $_[0]) }

sub quoted { my ($text) = @_; $text =~ s/'/''/g; return "'$text'" }

# Bookings that a host has: some were moved, some canceled, and what they were first is named by events as well.
sub bookings
{
	my ($user) = @_;
	return split /\n/, value(<<"SQL");
DO \$\$
DECLARE
	event uuid := opencalendly.create_event_type('$user', 'Talk', 'talk', 30);
	booked record;
BEGIN
	PERFORM opencalendly.set_availability_rules('$user', jsonb_agg(jsonb_build_object('dayOfWeek', d, 'startMinute', 0, 'endMinute', 1440))) FROM generate_series(0, 6) AS d;
	FOR i IN 1 .. 9 LOOP
		booked := opencalendly.book_slot(event, date_trunc('day', now()) + interval '3 days' + i * interval '2 hours', 'Zoe', 'zoe\@example.org');
		IF i % 3 = 1 THEN
			booked := opencalendly.reschedule_booking(booked.reschedule_token, booked.starts_at + interval '1 hour');
		ELSIF i % 3 = 2 THEN
			PERFORM opencalendly.organizer_cancel_booking(booked.booking_id);
		END IF;
	END LOOP;
END
\$\$;
SELECT id FROM opencalendly.bookings WHERE organizer_id = '$user' ORDER BY id;
SQL
}

# Another host's.
my @foreign = bookings(value(q{SELECT opencalendly.create_user('somebody', 'somebody@example.com')}));

# A user with an account of two calendars, one whose events are read and one that is free or busy.
sub connect_calendars
{
	my ($name, $zone) = @_;
	my $list = $json->encode([ { kind => 'calendar#calendarList', items => [
		{ id => "$name\@example.com", summary => 'Own', timeZone => $zone, accessRole => 'owner', primary => JSON::PP::true },
		{ id => "$name-team", summary => 'Team', timeZone => 'UTC', accessRole => 'freeBusyReader' } ] } ]);
	my @ids = split /\|/, value("SELECT opencalendly.create_user('$name', '$name\@example.com')") . '|' . value(<<"SQL");
INSERT INTO opencalendly.calendar_consents (user_id, redirect_uri, link_key_id, status, code, attempt, expires_at)
	SELECT id, 'http://localhost/', 1, 'pending', 'sealed', 1, clock_timestamp() + interval '10 min' FROM opencalendly.users WHERE username = '$name';
DO \$\$ BEGIN
ASSERT (SELECT opencalendly.finish_consent(c.id, 1, '$name', '$name\@example.com', '{}', 'r', 'a', 3600, ${\ quoted($list)})
	FROM opencalendly.calendar_consents AS c WHERE c.status = 'pending');
UPDATE opencalendly.calendars SET is_busy_source = true;
END \$\$;
SELECT c.id, o.id, t.id FROM opencalendly.calendar_connections AS c
	JOIN opencalendly.calendars AS o ON o.connection_id = c.id AND o.is_primary
	JOIN opencalendly.calendars AS t ON t.connection_id = c.id AND NOT t.is_primary WHERE c.account_id = '$name'
SQL
	my ($user, $connection, $own, $team) = @ids;
	return ($connection, { id => $own, zone => $zone, own => [ bookings($user) ], foreign => \@foreign }, { id => $team, name => "$name-team" });
}

# Applies it as a worker does, and returns the windows of both calendars and how many of them have failed.
sub apply
{
	my ($connection, $found) = @_;
	my ($applied, @is) = split /\n/, value(<<"SQL"), -1;
UPDATE opencalendly.calendar_connections SET attempt = attempt + 1 WHERE id = '$connection';
SELECT opencalendly.apply_calendar_sync(id, attempt, clock_timestamp(), ${\ quoted($json->encode($found))})
	FROM opencalendly.calendar_connections WHERE id = '$connection';
SELECT (SELECT string_agg(concat_ws('/', to_char(w.starts_at, 'YYYY-MM-DD"T"HH24:MI:SS'), to_char(w.ends_at, 'YYYY-MM-DD"T"HH24:MI:SS')),
		' ' ORDER BY w.starts_at) FROM opencalendly.calendar_busy_windows AS w WHERE w.calendar_id = c.id)
	FROM opencalendly.calendars AS c WHERE c.connection_id = '$connection' ORDER BY c.is_primary DESC;
SELECT count(last_error) FROM opencalendly.calendars WHERE connection_id = '$connection';
SQL
	die "it was not applied\n" if $applied ne 't';
	return @is;
}

# Where somebody is busy: a second counts how many events have begun and not ended.
sub union_of
{
	my %step;
	my ($depth, $begun, @windows) = (0);
	for my $time (@_)
	{
		$step{ $time->[0] }++;
		$step{ $time->[1] }--;
	}
	for my $at (sort { $a <=> $b } grep { $step{$_} } keys %step)
	{
		$begun = $at if $depth == 0;
		$depth += $step{$at};
		push @windows, wall_clock($begun) . '/' . wall_clock($at) if $depth == 0;
	}
	return join ' ', @windows;
}

# --- the test ---

my ($n_full, $n_changes, $n_refused, $n_windows) = (0) x 4;

# Breaks an answer so that it must not be believed.
sub spoil
{
	my ($found) = @_;
	my $pages = $found->{events}[0]{pages};
	my @bad = ({ dateTime => '2026-02-30T10:00:00Z' }, { dateTime => 'soon' }, {}, { date => '2026-13-01' }, { dateTime => '2026-03-29T10:00:00', timeZone => 'Mars/Olympus' });
	my $way = int(rand(4));
	push @{ $pages->[0]{items} }, { id => 'spoilt', start => one_of(@bad), end => { dateTime => '2026-03-29T11:00:00Z' } } if $way == 0;
	push @{ $pages->[0]{items} }, { id => 'spoilt', start => { dateTime => '2026-03-29T12:00:00Z' }, end => { dateTime => '2026-03-29T11:00:00Z' } } if $way == 1;
	$pages->[-1]{nextPageToken} = 'there is more' if $way == 2;
	$found->{errors} = [ { calendarId => $found->{events}[0]{calendarId}, error => 'answered 403 (forbidden)' } ] if $way == 3;
	$found->{freeBusy}[0]{calendars} = {} if chance(0.5);
	$_->{errors} = [ { domain => 'global', reason => 'backendError' } ] for map { values %$_ } grep { defined } $found->{freeBusy}[-1]{calendars};
	return;
}

# A calendar around the hour of a date, in UTC, at which its zone's clock turns.
sub night
{
	my ($name, $calendar_zone, $turn, @date) = @_;
	my ($connection, $own, $team) = connect_calendars($name, $calendar_zone);
	my $date = timegm(0, 0, 0, @date);
	my $night = { date => $date, turn => $date + 3600 * $turn, from => $date - $day, until => $date + 2 * $day };
	my %events;
	my ($kept_own, $kept_team);
	while (keys %events < 50)
	{
		my $id = new_id($own);
		$events{$id} = make_event($id, $night, $own);
	}
	my ($has_token, $wrong) = (0, '');
	for my $case (1 .. $cases)
	{
		my $full = !$has_token || chance(0.3);
		my @busy = map { my $from = $night->{from} + 60 * int(rand(60 * 72)); [ $from, $from + 60 * (1 + int(rand(300))) ] } 1 .. int(rand(30));
		$_->[1] = min($_->[1], $night->{until}) for @busy;
		my $found = { from => wall_clock($night->{from}) . 'Z', until => wall_clock($night->{until}) . 'Z',
			events => [ events_answer(\%events, $night, $own, $full) ], freeBusy => free_busy_answers($night, $team, @busy) };
		my $refused = $case > 1 && chance(0.2);
		spoil($found) if $refused;
		my @is = apply($connection, $found);
		unless ($refused)
		{
			$_->{changed} = 0 for values %events;
			$kept_own = union_of(map { [ $_->{starts_at}, $_->{ends_at} ] } grep {
				$_->{busy} && $_->{ends_at} > $_->{starts_at} && $_->{ends_at} > $night->{from} && $_->{starts_at} < $night->{until} + 2 * $day } values %events);
			$kept_team = union_of(@busy);
			$has_token = 1;
		}
		$refused ? $n_refused++ : $full ? $n_full++ : $n_changes++;
		$n_windows += () = $kept_own =~ /\//g;
		next if $is[0] eq $kept_own && $is[1] eq $kept_team && $is[2] == ($refused ? 2 : 0);
		$wrong = "sync $case" . ($full ? ', full' : '') . ($refused ? ', spoilt' : '') . ", errors $is[2]\n"
			. "is       $is[0]\nshould be $kept_own\nteam is       $is[1]\nteam should be $kept_team\n" . $json->pretty->encode($found);
		last;
	}
	continue
	{
		change_events(\%events, $night, $own);
	}
	ok($wrong eq '', "$name ($calendar_zone): the windows are those of the events (seed $seed)") or diag($wrong);
	return;
}

night('spring', 'Europe/Berlin', 1, 29, 2, 2026);
night('autumn', 'Europe/Berlin', 1, 25, 9, 2026);
night('march', 'America/New_York', 7, 8, 2, 2026);
night('november', 'America/Havana', 5, 1, 10, 2026);
night('half-an-hour', 'Australia/Lord_Howe', -9, 5, 3, 2026);
night('midnight', 'Africa/Cairo', -2, 24, 3, 2026);
note("$n_full full readings, $n_changes of changes, $n_refused refused, $n_windows windows");
cmp_ok($_, '>', $cases / 2, 'there were enough of each') for $n_full, $n_changes, $n_refused;
cmp_ok($n_windows, '>', 10 * $cases, 'and of windows');
is(value('SELECT count(*) FROM opencalendly.calendar_busy_windows AS a JOIN opencalendly.calendar_busy_windows AS b '
	. 'ON a.calendar_id = b.calendar_id AND a.id <> b.id AND tstzrange(a.starts_at, a.ends_at, $$[]$$) && tstzrange(b.starts_at, b.ends_at, $$[]$$)'),
	0, 'windows of a calendar neither overlap nor touch');

done_testing();
