# What other schedulers' public test suites expect, asked of this engine.
#
# The cases are in t/cases/field_slots.json (its "about" says how to read them); docs/field-cases.md
# lists each with what became of it. Every case gets hosts of its own, made by the project's own
# functions, and opencalendly.clock set to the case's now.
#
# How a case is put into the words of this engine:
#   free ranges           added overrides, whose grid counts from their start; where the source's
#                         grid counts from midnight ("grid"): an all-day rule, all else blocked
#   override of a date    added overrides that replace the day; without hours: the date blocked
#   away, out of office   time off over the local dates
#   restriction           blocks over everything outside the restricting schedule's hours
#   busy                  a counted booking: book_slot; another one: a claim with its own buffers;
#                         a calendar's: a busy window
#   cap in minutes        as many bookings as fit, since an event type has one duration
#   expected ranges       what the offered slots of 5 minutes cover, with every rule and range
#                         stated 5 times, a minute apart, so that the grid is every minute
#   several hosts         a round robin over them as its pool, with the fixed ones among them fixed, in
#                         a team that somebody else owns
#   assigned before       booked in an hour of which the host alone was free
#   interval algebra      stretched fivefold, so that no piece is shorter than a slot: ranges are
#                         added overrides, what is subtracted is blocked, or busy; an intersection
#                         is the first list with all outside of each other list blocked

use strict;
use warnings;
use FindBin;
use JSON::PP;
use OpenCalendly;
use POSIX qw(strftime);
use Test::More;
use Time::Local qw(timegm);

use constant { MINUTE => 60, HOUR => 3600, DAY => 86400 };

my $node;
my $hosts_made = 0;
my %instants;

sub read_text
{
	my ($path) = @_;

	open(my $file, '<', "$FindBin::RealBin/../$path") or die "could not read $path: $!";
	local $/ = undef;
	return scalar <$file>;
}

# Instants in Perl are seconds since 1970.
sub epoch
{
	my ($text) = @_;
	my ($year, $month, $day, $hour, $minute, $second) =
	  $text =~ /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?Z$/
	  or die "not an instant: $text";

	return timegm($second // 0, $minute, $hour, $day, $month - 1, $year);
}

sub iso { return strftime('%Y-%m-%dT%H:%M:%SZ', gmtime($_[0])); }

sub epochs { return map { [ map { epoch($_) } @$_ ] } @_; }

# A JSON literal for SQL.
sub json
{
	my $text = encode_json($_[0]);

	$text =~ s/'/''/g;
	return "'$text'";
}

sub minute_of_day
{
	my ($hour, $minute) = split /:/, $_[0];

	return $hour * 60 + $minute;
}

# One value, with the clock standing at an instant.
sub query
{
	my ($now, $sql) = @_;

	return $node->safe_psql('postgres', "SET opencalendly.clock = '${\ iso($now)}'; $sql");
}

# Where the wall clock of a zone reads a local time, "2024-05-23 09:00".
sub instant
{
	my ($local, $zone) = @_;

	return $instants{"$local $zone"} //= $node->safe_psql('postgres',
		"SELECT extract(epoch FROM timestamp '$local' AT TIME ZONE '$zone')::bigint");
}

# The local dates that [from, to) touches.
sub local_dates
{
	my ($zone, $from, $to) = @_;

	return split /\n/, $node->safe_psql('postgres', <<"END");
SELECT d::date FROM generate_series(date_trunc('day', to_timestamp($from) AT TIME ZONE '$zone'),
    to_timestamp(${\ ($to - 1)}) AT TIME ZONE '$zone', interval '1 day') AS d
END
}

sub local_ranges
{
	my ($zone, $date, @hours) = @_;

	return map { [ instant("$date $_->[0]", $zone), instant("$date $_->[1]", $zone) ] } @hours;
}

# The hours that rules and overrides of a zone give on the local dates of [from, to).
sub hours_of
{
	my ($schedule, $from, $to) = @_;
	my $zone = $schedule->{timezone};
	my %replaced = map { $_->{date} => $_->{intervals} } @{ $schedule->{overrides} // [] };
	my @ranges;

	foreach my $date (local_dates($zone, $from, $to))
	{
		my ($year, $month, $day) = split /-/, $date;
		my $weekday = (gmtime(timegm(0, 0, 0, $day, $month - 1, $year)))[6];
		my @rules = grep { grep { $_ == $weekday } @{ $_->{days} } } @{ $schedule->{rules} };
		my $hours = $replaced{$date} // [ map { [ $_->{start}, $_->{end} ] } @rules ];

		push @ranges, local_ranges($zone, $date, @$hours);
	}
	return @ranges;
}

# What of [from, to) lies in none of the ranges.
sub outside
{
	my ($from, $to, @ranges) = @_;
	my @gaps;

	foreach my $range (sort { $a->[0] <=> $b->[0] } @ranges)
	{
		push @gaps, [ $from, $range->[0] ] if $range->[0] > $from;
		$from = $range->[1] if $range->[1] > $from;
	}
	push @gaps, [ $from, $to ] if $to > $from;
	return @gaps;
}

sub new_host
{
	my ($zone) = @_;
	my $name = 'host-' . ++$hosts_made;

	return query(0, <<"END");
SELECT opencalendly.create_user('$name', '$name\@example.com', timezone => '$zone')
END
}

# Every range stated five times: the same time, and starts at every minute of it.
sub by_the_minute { return map { my $r = $_; map { [ $r->[0] + $_ * MINUTE, $r->[1] ] } 0 .. 4 } @_; }

sub added { return map { { startAt => iso($_->[0]), endAt => iso($_->[1]), isAvailable => \1 } } @_; }

sub blocked { return map { { startAt => iso($_->[0]), endAt => iso($_->[1]), isAvailable => \0 } } @_; }

sub set_overrides
{
	my ($host, @overrides) = @_;

	query(0, "SELECT opencalendly.set_availability_overrides('$host', ${\ json(\@overrides)})");
	return;
}

# The overrides of dates as ours.
sub date_overrides
{
	my ($zone, $stated, @overrides) = @_;
	my @ours;

	foreach my $override (@overrides)
	{
		my @hours = @{ $override->{intervals} };
		my @ranges = local_ranges($zone, $override->{date}, @hours ? @hours : [ '00:00', '24:00' ]);

		push @ours, @hours ? map { { %$_, replacesDay => \1 } } added($stated->(@ranges)) : blocked(@ranges);
	}
	return @ours;
}

sub weekly_rules
{
	my ($stated, @rules) = @_;
	my @ours;

	foreach my $rule (@rules)
	{
		my @range = map { minute_of_day($rule->{$_}) * MINUTE } qw(start end);

		foreach my $day (@{ $rule->{days} })
		{
			push @ours, map {
				{ dayOfWeek => $day, startMinute => $_->[0] / MINUTE, endMinute => $_->[1] / MINUTE }
			} $stated->(\@range);
		}
	}
	return \@ours;
}

sub set_rules
{
	my ($host, $rules) = @_;

	query(0, "SELECT opencalendly.set_availability_rules('$host', ${\ json($rules)})");
	return;
}

sub time_off
{
	my ($host, $zone, @dates) = @_;

	foreach my $date (@dates)
	{
		my ($range) = local_ranges($zone, $date, [ '00:00', '24:00' ]);

		query(0, "SELECT opencalendly.add_time_off('$host', '${\ iso($range->[0])}', '${\ iso($range->[1])}')");
	}
	return;
}

# Free ranges, as the case wants its grid.
sub set_free
{
	my ($host, $case, $from, $to, @ranges) = @_;

	if (($case->{grid} // '') eq 'midnight')
	{
		my %always = (days => [ 0 .. 6 ], start => '00:00', end => '24:00');

		set_rules($host, weekly_rules(sub { return @_ }, \%always));
		set_overrides($host, blocked(outside($from - 2 * DAY, $to + 2 * DAY, @ranges)));
	}
	else
	{
		set_overrides($host, added(@ranges));
	}
	return;
}

# SQL for named arguments, behind others.
sub arguments
{
	my (%settings) = @_;

	return join '', map { defined $settings{$_} ? ", $_ => '$settings{$_}'" : '' } sort keys %settings;
}

sub make_event_type
{
	my ($host, $slug, %settings) = @_;

	return query(0, "SELECT opencalendly.create_event_type('$host', 'Case', '$slug'${\ arguments(%settings)})");
}

# The settings of an event type, from a case's.
sub event_settings
{
	my ($event) = @_;
	my ($limits, $window) = ($event->{limits} // {}, $event->{window} // {});
	my %caps = %{ $limits->{bookings} // {} };

	die 'cannot say this' if %$window && $window->{type} ne 'range' || $event->{offset_min};
	%caps = map { $_ => int($limits->{minutes}{$_} / $event->{duration_min}) } keys %{ $limits->{minutes} }
	  if $limits->{minutes};
	return (
		duration_minutes      => $event->{duration_min},
		slot_interval_minutes => $event->{interval_min} // $event->{duration_min},
		min_notice_minutes    => $event->{notice_min},
		buffer_before_minutes => $event->{buffer_before_min},
		buffer_after_minutes  => $event->{buffer_after_min},
		bookable_from         => $window->{start},
		bookable_until        => $window->{end},
		daily_booking_limit   => $caps{day},
		weekly_booking_limit  => $caps{week},
		monthly_booking_limit => $caps{month});
}

# What is offered from [from, to): seconds, local date in the zone, host.
sub offered
{
	my ($event_type, $zone, $now, $from, $to, $hold) = @_;
	my $token = defined $hold ? "'$hold'" : 'NULL';

	return map { my @column = split /\|/; { start => iso($column[0]), date => $column[1], hosts => $column[2] } }
	  split /\n/, query($now, <<"END");
SELECT extract(epoch FROM starts_at)::bigint, (starts_at AT TIME ZONE '$zone')::date, array_to_string(host_ids, ',')
FROM opencalendly.compute_slots('$event_type', to_timestamp($from), to_timestamp($to), hold_token => $token)
END
}

# What the offered slots cover.
sub covered
{
	my ($event_type, $now, $from, $to) = @_;

	return map { [ map { iso($_) } split /\|/ ] } split /\n/, query($now, <<"END");
SELECT extract(epoch FROM lower(r))::bigint, extract(epoch FROM upper(r))::bigint
FROM (SELECT unnest(range_agg(tstzrange(starts_at, ends_at))) AS r FROM opencalendly.compute_slots(
    '$event_type', to_timestamp($from), to_timestamp($to - 5 * 60 + 1))) AS u
END
}

sub expected_starts
{
	my ($list) = @_;

	return map { iso(epoch($_)) } @$list if ref $list eq 'ARRAY';
	return map { iso(epoch($list->{first}) + $_ * $list->{every_min} * MINUTE) } 0 .. $list->{count} - 1;
}

# A property's check: what was offered, the property, what else is known.
my %properties = (
	last_slot => sub {
		my ($slots, $property) = @_;
		is($slots->[-1]{start}, iso(epoch($property->{value})), 'last slot');
	},
	unavailable_dates => sub {
		my ($slots, $property) = @_;
		my %seen = map { $_->{date} => 1 } @$slots;
		ok(!$seen{$_}, "no slot on $_") foreach @{ $property->{unavailable} };
		ok($seen{$_}, "slots on $_") foreach @{ $property->{available} };
	},
	all_unavailable  => sub { is(scalar @{ $_[0] }, 0, 'no slot') },
	slot_unavailable => sub {
		my ($slots, $property) = @_;
		ok(!(grep { $_->{start} eq iso(epoch($property->{value})) } @$slots), 'that slot is not there');
	},
	slot_count_on_date => sub {
		my ($slots, $property) = @_;
		is(scalar(grep { $_->{date} eq $property->{date} } @$slots), $property->{count}, 'slots on that date');
	},
	slot_count_on_date_at_least => sub {
		my ($slots, $property) = @_;
		cmp_ok(scalar(grep { $_->{date} eq $property->{date} } @$slots),
			'>=', $property->{count}, 'slots on that date');
	},
	slots_inside_windows => sub {
		my ($slots, $property, $event_type, $duration) = @_;
		my @windows = epochs(map { @$_ } values %{ $property->{windows_by_host_date} });
		cmp_ok(scalar @$slots, '>', 0, 'there are slots');
		foreach my $start (map { epoch($_->{start}) } @$slots)
		{
			ok((grep { $_->[0] <= $start && $start + $duration <= $_->[1] } @windows), iso($start) . ' is inside');
		}
	},
	live_holds => sub {
		my ($slots, $property, $event_type) = @_;
		is(query(0, "SELECT count(*) FROM opencalendly.holds WHERE event_type_id = '$event_type'"),
			$property->{value}, 'holds that are left');
	});

sub check_slots
{
	my ($case, $slots, $event_type, $duration) = @_;
	my $expected = $case->{expected};
	my $by_date = $expected->{slots_by_booker_date} // {};

	is_deeply([ map { $_->{start} } @$slots ], [ expected_starts($expected->{slots}) ], 'starts')
	  if $expected->{slots};
	is(scalar @$slots, $expected->{count}, 'number of slots') if defined $expected->{count};
	foreach my $date (sort keys %$by_date)
	{
		is_deeply([ map { $_->{start} } grep { $_->{date} eq $date } @$slots ],
			[ expected_starts($by_date->{$date}) ], "starts on $date");
	}
	foreach my $date (@{ $expected->{dates_without_slots} // [] })
	{
		ok(!(grep { $_->{date} eq $date } @$slots), "no slot on $date");
	}
	$properties{ $expected->{property}{type} }->($slots, $expected->{property}, $event_type, $duration)
	  if $expected->{property};
	return;
}

sub run_slots_from_ranges
{
	my ($case) = @_;
	my $in = $case->{input};
	my @ranges = epochs(@{ $in->{ranges} });
	my @ends = map { @$_ } @ranges;
	my $now = epoch($in->{now});
	my $from = $in->{from} ? epoch($in->{from}) : (sort { $a <=> $b } @ends, $now)[0] - HOUR;
	my $to = $in->{to} ? epoch($in->{to}) : (sort { $b <=> $a } @ends, $now)[0] + HOUR;
	my $away = $in->{out_of_office};
	my $host = new_host($in->{timezone});
	my $event_type = make_event_type($host, 'case', event_settings($in));

	set_free($host, $case, $from, $to, @ranges);
	time_off($host, $away->{timezone}, @{ $away->{dates} }) if $away;
	$from = (sort { $a <=> $b } map { $_->[0] } @ranges)[0] unless $in->{from} || !@ranges;
	$to += 1 - $in->{duration_min} * MINUTE if $case->{ends_by_to};
	my $zone = ($case->{expected}{property} // {})->{timezone} // $in->{timezone};
	check_slots($case, [ offered($event_type, $zone, $now, $from, $to) ], $event_type, $in->{duration_min} * MINUTE);
	return;
}

# SQL for a list of users; for none: NULL.
sub ids { return @_ ? "ARRAY[${\ join(', ', map { qq('$_') } @_) }]::uuid[]" : 'NULL'; }

# A round robin over the pool, with the fixed hosts, in a team that somebody else owns; settings as in create_event_type.
# Since an event type cannot be made without anybody, one without a pool had somebody who has left.
sub make_round_robin
{
	my ($pool, $fixed, %settings) = @_;
	my $owner = new_host('UTC');
	my $stand_in = @$pool ? undef : new_host('UTC');
	my $team = query(0, "SELECT opencalendly.create_team('$owner', 'Case', 'team-$hosts_made')");

	foreach my $host (@$fixed, @$pool, grep { defined } $stand_in)
	{
		query(0, "SELECT opencalendly.invite_team_member('$team', '$host')");
		query(0, "SELECT opencalendly.accept_team_invitation('$team', '$host')");
	}
	my $event_type = query(0, <<"END");
SELECT opencalendly.create_team_event_type('$team', 'Case', 'case', mode => 'round_robin',
    member_ids => ${\ ids(@$pool ? @$pool : $stand_in)}, fixed_member_ids => ${\ ids(@$fixed)}${\ arguments(%settings)})
END
	query(0, "SELECT opencalendly.leave_team('$team', '$stand_in')") if defined $stand_in;
	return $event_type;
}

sub run_slots_with_hosts
{
	my ($case) = @_;
	my $in = $case->{input};
	my ($from, $to) = (epoch($in->{from}), epoch($in->{to}));
	my $now = $in->{now} ? epoch($in->{now}) : $from - DAY;
	my %hosts = map { $_->{id} => new_host($in->{timezone}) } @{ $in->{hosts} };

	set_free($hosts{ $_->{id} }, $case, $from, $to, epochs(@{ $_->{free} })) foreach @{ $in->{hosts} };
	my $event_type = make_round_robin([ map { $hosts{ $_->{id} } } @{ $in->{hosts} } ], [], event_settings($in));
	$to += 1 - $in->{duration_min} * MINUTE if $case->{ends_by_to};
	is_deeply(
		[ map { [ $_->{start}, $_->{hosts} ] } offered($event_type, $in->{timezone}, $now, $from, $to) ],
		[ map { [ iso(epoch($_->{start})), join(',', map { $hosts{$_} } @{ $_->{hosts} }) ] }
			  @{ $case->{expected}{slots_with_hosts} } ],
		'starts and hosts');
	return;
}

# Whether a slot that is just the interval is offered, and the ranges that are offered first.
sub run_aggregate_hosts
{
	my ($case) = @_;
	my ($in, $expected) = ($case->{input}, $case->{expected});
	my %of;

	foreach my $theirs (@{ $in->{hosts} })
	{
		my $host = new_host('UTC');

		set_overrides($host, added(by_the_minute(epochs(@{ $theirs->{free} }))));
		push @{ $of{ $theirs->{fixed} ? 'fixed' : 'pool' } }, $host;
	}
	my $offer = sub {
		my ($minutes) = @_;
		return make_round_robin($of{pool}, $of{fixed} // [], duration_minutes => $minutes, slot_interval_minutes => 5);
	};
	foreach my $kind (qw(bookable not_bookable))
	{
		foreach my $interval (epochs(@{ $expected->{property}{$kind} }))
		{
			my ($start, $end) = @$interval;
			my $event_type = $offer->(($end - $start) / MINUTE);

			is(scalar(offered($event_type, 'UTC', $start - DAY, $start, $start + 1)),
				$kind eq 'bookable' ? 1 : 0, "$kind: ${\ iso($start)} to ${\ iso($end)}");
		}
	}
	if ($expected->{ranges})
	{
		my @times = sort { $a <=> $b } map { @$_ } map { epochs(@{ $_->{free} }) } @{ $in->{hosts} };

		check_ranges($case, covered($offer->(5), $times[0] - DAY, $times[0] - HOUR, $times[-1] + HOUR));
	}
	return;
}

# Each host who was picked before has an hour alone, booked in the order of those picks; then there is one of all.
sub run_round_robin_pick
{
	my ($case) = @_;
	my $in = $case->{input};
	my $now = epoch('2026-06-01T00:00Z');
	my @theirs = @{ $in->{hosts} };
	my @picked = sort { $a->{last} <=> $b->{last} } grep { defined $_->{last} } @theirs;
	my %hosts = map { $_->{id} => new_host('UTC') } @theirs;
	my %hours = map { $picked[$_]{id} => $now + ($_ + 1) * HOUR } 0 .. $#picked;
	my $common = $now + DAY;

	die 'cannot say this' if $in->{policy} ne 'least_recently_assigned';
	foreach my $id (keys %hosts)
	{
		set_overrides($hosts{$id}, added(map { [ $_, $_ + HOUR ] } grep { defined } $hours{$id}, $common));
	}
	my $event_type = make_round_robin([ map { $hosts{ $_->{id} } } @theirs ], [],
		assignment => 'least_recent', duration_minutes => 60, slot_interval_minutes => 60);
	my $book = sub {
		return query($now, <<"END");
SELECT organizer_id FROM opencalendly.book_slot('$event_type', to_timestamp($_[0]), 'Somebody', 'somebody\@example.com')
END
	};

	is($book->($hours{ $_->{id} }), $hosts{ $_->{id} }, "the pick of $_->{id}") foreach @picked;
	my %one_of = map { $hosts{$_} => 1 } @{ $case->{expected}{one_of} };
	my @slots = offered($event_type, 'UTC', $now, $common, $common + HOUR);

	is(scalar @slots, %one_of ? 1 : 0, 'slots in the hour of all');
	ok($one_of{ $book->($common) }, 'the right one is picked') if %one_of;
	return;
}

sub add_busy
{
	my ($host, $event_type, $now, $busy) = @_;
	my ($start, $end) = map { epoch($busy->{$_}) } qw(start end);

	if ($busy->{kind} eq 'calendar')
	{
		query($now, <<"END");
INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at)
VALUES ('$host', to_timestamp($start), to_timestamp($end))
END
	}
	elsif ($busy->{counts})
	{
		# it may lie off the case's grid
		query($now, <<"END");
CREATE TEMP TABLE was AS SELECT slot_interval_minutes FROM opencalendly.event_types WHERE id = '$event_type';
SELECT opencalendly.update_event_type('$event_type', '{"slot_interval_minutes": 5}');
SELECT booking_id FROM opencalendly.book_slot('$event_type', to_timestamp($start), 'Somebody', 'somebody\@example.com');
SELECT opencalendly.update_event_type('$event_type', to_jsonb(was)) FROM was
END
	}
	else
	{
		$start -= ($busy->{buffer_before_min} // 0) * MINUTE;
		$end += ($busy->{buffer_after_min} // 0) * MINUTE;
		query($now, <<"END");
INSERT INTO opencalendly.claims (host_id, during) VALUES ('$host', tstzrange(to_timestamp($start), to_timestamp($end)))
END
	}
	return;
}

# Makes the holds, those that have run out first, and returns the token of the visitor's own live one.
sub add_holds
{
	my ($in, $now, %event_types) = @_;
	my $own;

	foreach my $hold (sort { epoch($a->{expires}) <=> epoch($b->{expires}) } @{ $in->{holds} // [] })
	{
		my $is_live = epoch($hold->{expires}) > $now;
		my $token = query($is_live ? $now : epoch($hold->{expires}) - 5 * MINUTE, <<"END");
SELECT hold_token FROM opencalendly.hold_slot(
    '$event_types{ $hold->{event} }', '$hold->{start}', '5 min', '$hold->{visitor} of $event_types{1}')
END
		$own = $token if $is_live && $hold->{visitor} eq $in->{visitor};
	}
	return $own;
}

sub run_full_slots
{
	my ($case) = @_;
	my $in = $case->{input};
	my ($now, $from, $to) = map { epoch($in->{$_}) } qw(now from to);
	my ($theirs, $event) = ($in->{host}, $in->{event});
	my $host = new_host($theirs->{profile_timezone} // $theirs->{timezone});
	my $rules = weekly_rules(sub { return @_ }, @{ $theirs->{rules} });
	my @overrides = date_overrides($theirs->{timezone}, sub { return @_ }, @{ $theirs->{overrides} // [] });
	my %settings = event_settings($event);

	if ($event->{restriction_schedule})
	{
		push @overrides,
		  blocked(outside($from - DAY, $to + DAY, hours_of($event->{restriction_schedule}, $from - DAY, $to + DAY)));
	}
	if ($theirs->{profile_timezone})
	{
		die 'cannot say this' if @overrides;
		$settings{schedule_id} = query(0,
			"SELECT opencalendly.create_schedule('$host', 'Case', '$theirs->{timezone}', ${\ json($rules)})");
	}
	elsif ($case->{grid})
	{
		set_free($host, $case, $from, $to, hours_of($theirs, $from - 2 * DAY, $to + 2 * DAY));
	}
	else
	{
		set_rules($host, $rules);
		set_overrides($host, @overrides);
	}

	my $event_type = make_event_type($host, 'case', %settings);
	my %event_types = (1 => $event_type, 2 => make_event_type($host, 'other', %settings));
	add_busy($host, $event_type, $now, $_) foreach @{ $theirs->{busy} // [] };
	my $hold = add_holds($in, $now, %event_types);
	my $zone = ($case->{expected}{property} // {})->{timezone} // $in->{booker_timezone};
	check_slots($case, [ offered($event_type, $zone, $now, $from, $to, $hold) ],
		$event_type, $event->{duration_min} * MINUTE);
	return;
}

sub check_ranges
{
	my ($case, @covered) = @_;
	my @expected = map { [ map { iso($_) } @$_ ] } epochs(@{ $case->{expected}{ranges} });

	splice @covered, scalar @expected if ($case->{expected}{match} // '') =~ /^(?:first_range|prefix)$/;
	is_deeply(\@covered, \@expected, 'ranges');
	return;
}

sub run_schedule_to_ranges
{
	my ($case) = @_;
	my $in = $case->{input};
	my ($from, $to) = map { epoch($in->{$_}) } qw(from to);
	my $host = new_host($in->{timezone});
	my $event_type = make_event_type($host, 'case', duration_minutes => 5, slot_interval_minutes => 5);

	set_rules($host, weekly_rules(\&by_the_minute, @{ $in->{rules} }));
	set_overrides($host, date_overrides($in->{timezone}, \&by_the_minute, @{ $in->{overrides} // [] }));
	time_off($host, $in->{timezone}, @{ $in->{out_of_office_dates} // [] });
	check_ranges($case, covered($event_type, $in->{now} ? epoch($in->{now}) : $from, $from, $to));
	return;
}

# Stretches ranges fivefold about an instant.
sub stretched
{
	my ($about, @ranges) = @_;

	return map { [ map { $about + 5 * ($_ - $about) } @$_ ] } @ranges;
}

# The ranges less what is taken away by blocks and by busy windows.
sub check_algebra
{
	my ($case, $ranges, $blocks, $busy) = @_;
	my ($first, $last) = (sort { $a <=> $b } map { @$_ } @$ranges, @$blocks, @$busy)[ 0, -1 ];
	my $host = new_host('UTC');
	my $event_type = make_event_type($host, 'case', duration_minutes => 5, slot_interval_minutes => 5);

	($first, $last) = (0, HOUR) unless defined $first;
	set_overrides($host, added(stretched($first, @$ranges)), blocked(stretched($first, @$blocks)));
	add_busy($host, $event_type, 0, { kind => 'calendar', start => iso($_->[0]), end => iso($_->[1]) })
	  foreach stretched($first, @$busy);

	my @covered = covered($event_type, $first - DAY, $first - HOUR, (stretched($first, [ $last, 0 ]))[0][0] + HOUR);
	my @expected = stretched($first, epochs(@{ $case->{expected}{ranges} }));
	is_deeply(\@covered, [ map { [ map { iso($_) } @$_ ] } @expected ], 'ranges');
	return;
}

sub run_interval_merge
{
	my ($case) = @_;

	check_algebra($case, [ epochs(@{ $case->{input}{ranges} }) ], [], []);
	return;
}

sub run_interval_subtract
{
	my ($case) = @_;
	my @ranges = epochs(@{ $case->{input}{ranges} });
	my @exclude = epochs(@{ $case->{input}{exclude} });

	check_algebra($case, \@ranges, \@exclude, []);
	check_algebra($case, \@ranges, [], \@exclude);
	return;
}

sub run_interval_intersect
{
	my ($case) = @_;
	my ($first, @others) = map { [ epochs(@$_) ] } @{ $case->{input}{lists} };
	my @ends = sort { $a <=> $b } map { @$_ } @{ $first // [] };

	check_algebra($case, $first // [], [ map { outside($ends[0], $ends[-1], @$_) } @others ], []);
	return;
}

my %runners = (
	slots_from_ranges  => \&run_slots_from_ranges,
	slots_with_hosts   => \&run_slots_with_hosts,
	aggregate_hosts    => \&run_aggregate_hosts,
	round_robin_pick   => \&run_round_robin_pick,
	full_slots         => \&run_full_slots,
	schedule_to_ranges => \&run_schedule_to_ranges,
	interval_merge     => \&run_interval_merge,
	interval_subtract  => \&run_interval_subtract,
	interval_intersect => \&run_interval_intersect);

my @cases = @{ decode_json(read_text('t/cases/field_slots.json'))->{cases} };
my %listed = map { $_->[0] => "$_->[1], $_->[2]" }
  map { [ /^\| (\S+) \| (\S+) \| (run|left out) \|/ ? ($1, $2, $3) : ('') x 3 ] }
  split /\n/, read_text('docs/field-cases.md');

delete $listed{''};
is_deeply(
	\%listed,
	{ map { $_->{name} => "$_->{kind}, " . ($_->{needs} ? 'left out' : 'run') } @cases },
	'docs/field-cases.md lists every case and what became of it');

$node = OpenCalendly::node('field_cases');
OpenCalendly::install($node);
foreach my $case (grep { !$_->{needs} } @cases)
{
	subtest $case->{name} => sub { $runners{ $case->{kind} }->($case); };
}

done_testing();
