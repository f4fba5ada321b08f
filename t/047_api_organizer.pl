# Promise (API.md, Organizer): an organizer makes, changes and deletes event types with every setting, keeps hours in two
# tabs without losing either, takes time off, finds, cancels, moves and explains bookings.
use strict;
use warnings;
use Front;
use Http;
use JSON::PP ();
use Scene;
use Test::More;

my ($node, $shim, $http) = Front::start();
my $ada = Front::sign_in($node, $http, 'ada', timezone => 'Europe/Berlin');
my $ben = Front::sign_in($node, $http, 'ben');
my ($true, $false) = (JSON::PP::true(), JSON::PP::false());

#
# Event types
#

my $made = $ada->post('/v0/event-types', { name => 'Talk', slug => 'talk', durationMinutes => 30, locationType => 'phone', locationValue => '+49 30 1', questions => [ { id => 'q', label => 'Q' } ] });
answered($made, 'an event type is made');
my $talk = $made->{json}{eventType};
my %defaults = (
	description => undef, slotIntervalMinutes => 15, bufferBeforeMinutes => undef, bufferAfterMinutes => undef, minNoticeMinutes => 0,
	maxDaysAhead => undef, bookableFrom => undef, bookableUntil => undef, dailyBookingLimit => undef, weeklyBookingLimit => undef,
	monthlyBookingLimit => undef, seats => 1, scheduleId => undef, isHidden => $false, isActive => $true, cancellationPolicy => undef);
is_deeply([ @$talk{qw(name slug durationMinutes locationType locationValue)} ], [ 'Talk', 'talk', 30, 'phone', '+49 30 1' ], 'as it was asked for');
is($talk->{questions}[0]{label}, 'Q', 'with its questions');
is_deeply({ map { $_ => $talk->{$_} } keys %defaults }, \%defaults, 'and the defaults that API.md tells');
is_deeply($ada->get('/v0/event-types')->{json}{eventTypes}, [$talk], 'it is in the list');
is_deeply($ben->get('/v0/event-types')->{json}{eventTypes}, [], 'of its owner');

my $schedule = $ada->post('/v0/me/schedules', { name => 'Evenings', timezone => 'Asia/Tokyo', rules => [ { dayOfWeek => 1, startMinute => 1080, endMinute => 1440 } ] })->{json}{schedule};
my %settings = (
	name => "Gespr\x{e4}ch \x{1F600}", slug => 'all-of-it', description => 'd' x 2000, durationMinutes => 240, locationType => 'in_person', locationValue => 'v' x 500,
	questions => [ map { { id => "q$_", label => 'l' x 120, required => $true, placeholder => 'p' x 160 } } 1 .. 20 ],
	slotIntervalMinutes => 240, bufferBeforeMinutes => 180, bufferAfterMinutes => 0, minNoticeMinutes => 43200, maxDaysAhead => 366,
	bookableFrom => '2026-06-01', bookableUntil => '2026-12-31', dailyBookingLimit => 1, weeklyBookingLimit => 1000, monthlyBookingLimit => 1000,
	seats => 1000, scheduleId => $schedule->{id}, isActive => $false, isHidden => $true, cancellationPolicy => 'c' x 2000);
my $all = $ada->post('/v0/event-types', {%settings});
answered($all, 'all settings at their limits');
is_deeply({ map { $_ => $all->{json}{eventType}{$_} } keys %settings }, \%settings, 'are kept');
my $all_path = "/v0/event-types/$all->{json}{eventType}{id}";
my %others = (
	name => 'N', slug => 'nn', description => 'x', durationMinutes => 5, locationType => 'custom', locationValue => 'w', questions => [],
	slotIntervalMinutes => 5, bufferBeforeMinutes => 0, bufferAfterMinutes => 180, minNoticeMinutes => 1, maxDaysAhead => 1, bookableFrom => '2026-01-01',
	bookableUntil => '2027-01-01', dailyBookingLimit => 1000, weeklyBookingLimit => 1, monthlyBookingLimit => 1, seats => 2, scheduleId => undef,
	isActive => $true, isHidden => $false, cancellationPolicy => 'y');
for my $name (sort keys %others)
{
	my $changed = $ada->patch($all_path, { $name => $others{$name} });
	is_deeply($changed->{json}{eventType}{$name}, $others{$name}, "$name is changed alone") or diag($changed->{body});
}
is_deeply({ map { $_ => $ada->get('/v0/event-types')->{json}{eventTypes}[1]{$_} } keys %others }, \%others, 'for good');
for my $name (qw(description locationValue bufferBeforeMinutes bufferAfterMinutes maxDaysAhead bookableFrom bookableUntil dailyBookingLimit weeklyBookingLimit monthlyBookingLimit scheduleId cancellationPolicy))
{
	is($ada->patch($all_path, { $name => undef })->{json}{eventType}{$name}, undef, "null clears $name");
}
my %cleared = (questions => [], slotIntervalMinutes => 15, minNoticeMinutes => 0, seats => 1, isHidden => $false);
is_deeply({ map { $_ => $ada->patch($all_path, { $_ => undef })->{json}{eventType}{$_} } keys %cleared }, \%cleared, 'and others to their defaults');
refused($ada->patch($all_path, { $_ => undef }), 400, 'OC006', $_, "$_ cannot be cleared") for qw(name slug durationMinutes);
answered($ada->patch($all_path, {}), 'an empty object changes nothing');
answered($ada->patch($all_path, undef), 'no body, too');
is($ada->post('/v0/event-types', { name => 'Nulls', slug => 'nulls', durationMinutes => 15, locationType => 'video', map { $_ => undef } qw(description seats minNoticeMinutes questions isHidden scheduleId) })->{json}{eventType}{seats},
	1, 'when one is made, null is the same as absent');

my %bad = (
	name => [ '', ' ', 'n' x 121, "a\nb", 5 ], slug => [ 'x', 'Talk', 'a--b', '-a', 's' x 81, '' ], durationMinutes => [ 4, 241, 30.5, '30', -1 ],
	locationType => [ 'zoom', '' ], locationValue => [ 'v' x 501 ], description => [ 'd' x 2001 ], cancellationPolicy => [ 'd' x 2001 ], slotIntervalMinutes => [ 4, 241 ],
	bufferBeforeMinutes => [ -1, 181 ], bufferAfterMinutes => [ -1, 181 ], minNoticeMinutes => [ -1, 43201 ], maxDaysAhead => [ 0, 367 ],
	bookableFrom => [ '2026-13-01', '2026-6-1', 'infinity', '2026-06-01T00:00:00Z' ], bookableUntil => ['2026-02-30'], dailyBookingLimit => [ 0, 1001 ],
	weeklyBookingLimit => [ 0, 1001 ], monthlyBookingLimit => [ 0, 1001 ], seats => [ 0, 1001 ], scheduleId => [ 'x', '01900000-0000-7000-8000-000000000000' ],
	isActive => [ 'true', 1 ], isHidden => [0],
	questions => [ 'q', {}, [1], [ { id => 'q' } ], [ { label => 'l' } ], [ { id => 'a b', label => 'l' } ], [ { id => 'q' x 65, label => 'l' } ],
		[ { id => 'q', label => 'l' x 121 } ], [ { id => 'q', label => '' } ], [ { id => 'q', label => 'l', required => 'yes' } ], [ { id => 'q', label => 'l', placeholder => 'p' x 161 } ],
		[ { id => 'q', label => 'l', more => 1 } ], [ ({ id => 'q', label => 'l' }) x 2 ], [ map { { id => "q$_", label => 'l' } } 1 .. 21 ] ]);
for my $name (sort keys %bad)
{
	my %good = (name => 'N', slug => 'never', durationMinutes => 30, locationType => 'video');
	for my $value (@{ $bad{$name} })
	{
		my $shown = JSON::PP->new->allow_nonref->canonical->encode($value);
		$shown = substr($shown, 0, 40) . '...' if length $shown > 40;
		refused($ada->post('/v0/event-types', { %good, $name => $value }), 400, 'OC006', $name, "none is made with $name $shown");
		refused($ada->patch($all_path, { $name => $value }), 400, 'OC006', $name, 'nor changed');
	}
}
refused($ada->post('/v0/event-types', { slug => 'never', durationMinutes => 30, locationType => 'video' }), 400, 'OC006', 'name', 'a name must be given');
refused($ada->patch($all_path, { bookableFrom => '2026-06-02', bookableUntil => '2026-06-01' }), 400, 'OC006', 'bookableUntil', 'the end is not before the beginning');
refused($ada->post('/v0/event-types', { name => 'Talk', slug => 'talk', durationMinutes => 30, locationType => 'video' }), 409, 'OC014', 'slug', 'a slug is used once');
refused($ada->patch($all_path, { slug => 'talk' }), 409, 'OC014', 'slug', 'also by a change');
answered($ben->post('/v0/event-types', { name => 'Talk', slug => 'talk', durationMinutes => 30, locationType => 'video' }), 'by each user');

# Deleting
my $start = '2026-06-02T10:00:00Z';
my $booked = Front::book($http, { username => 'ada', eventSlug => 'talk', startsAt => $start });
answered($booked, 'the talk is booked');
my $kept = $ada->del("/v0/event-types/$talk->{id}");
refused($kept, 409, 'OC005', undef, 'an event type with a booking to come is not deleted');
like("$kept->{json}{error} $kept->{json}{detail}", qr/\b[Bb]ookings\b.*: 1\b/, 'the answer counts it');
answered(Front::book($http, { username => 'ada', eventSlug => 'talk', startsAt => '2026-06-02T11:00:00Z' }), 'and another');
like(join(' ', @{ $ada->del("/v0/event-types/$talk->{id}")->{json} }{qw(error detail)}), qr/\b[Bb]ookings\b.*: 2\b/, 'and them');
my $gone = $ada->del($all_path);
answered($gone, 'one without is');
is($gone->{json}{deletedId}, $all->{json}{eventType}{id}, 'the answer says which');
refused($ada->patch($all_path, {}), 404, 'OC013', undef, 'then it is not there');
refused($ada->del($all_path), 404, 'OC013', undef, 'for nothing');
answered($ada->post('/v0/event-types', { name => 'Again', slug => 'nn', durationMinutes => 30, locationType => 'video' }), 'its slug is free');

#
# Hours
#

my $hours = $ada->get('/v0/me/availability');
answered($hours, 'hours are shown');
is(scalar @{ $hours->{json}{rules} }, 7, 'rules');
is_deeply($hours->{json}{overrides}, [], 'and overrides');
my $etag = $hours->{headers}{etag};
like($etag, qr/^"[A-Za-z0-9_-]+"$/, 'with a tag');
is($ada->get('/v0/me/availability', headers => { 'If-None-Match' => $_ })->{status}, 304, "If-None-Match $_: not modified")
  for $etag, "W/$etag", "\"x\", $etag", '*';
is($ada->get('/v0/me/availability', headers => { 'If-None-Match' => '"x"' })->{status}, 200, 'another tag: the hours');

my @rules = ({ dayOfWeek => 0, startMinute => 0, endMinute => 1440, bufferBeforeMinutes => 180, bufferAfterMinutes => 5 }, { dayOfWeek => 6, startMinute => 1439, endMinute => 1440 });
my $set = $ada->put('/v0/me/availability/rules', { rules => \@rules }, headers => { 'If-Match' => $etag });
answered($set, 'rules are replaced as a whole');
is_deeply([ map { join ' ', @$_{qw(dayOfWeek startMinute endMinute bufferBeforeMinutes bufferAfterMinutes)} } @{ $set->{json}{rules} } ], [ '0 0 1440 180 5', '6 1439 1440 0 0' ], 'and shown');
isnt($set->{headers}{etag}, $etag, 'with a new tag');
my $second_tab = $ada->put('/v0/me/availability/rules', { rules => [] }, headers => { 'If-Match' => $etag });
is($second_tab->{status}, 412, 'the tab that has not seen it is told so');
refused($second_tab, 412, 'HTTP_412', undef, 'by an error');
is($second_tab->{headers}{etag}, $set->{headers}{etag}, 'with the tag that is there');
is($ada->put('/v0/me/availability/overrides', { overrides => [] }, headers => { 'If-Match' => $etag })->{status}, 412, 'for overrides, too');
is_deeply($ada->get('/v0/me/availability')->{json}{rules}, $set->{json}{rules}, 'and nothing has changed');
my $back = $ada->put('/v0/me/availability/rules', { rules => $set->{json}{rules} }, headers => { 'If-Match' => $set->{headers}{etag} });
answered($back, 'what is shown can be sent back');
answered($ada->put('/v0/me/availability/rules', { rules => [] }), 'without If-Match the last one wins');
is_deeply($ada->get('/v0/me/availability')->{json}{rules}, [], 'an empty list is no hours');

my @overrides = (
	{ startAt => '2026-06-10T09:00:00Z', endAt => '2026-06-10T12:00:00+02:00', isAvailable => $false, reason => 'r' x 300 },
	{ startAt => '2026-06-11T09:00:00.000Z', endAt => '2026-06-11T10:00:00Z', isAvailable => $true, replacesDay => $true });
$set = $ada->put('/v0/me/availability/overrides', { overrides => \@overrides });
answered($set, 'overrides are replaced as a whole');
is_deeply([ map { join ' ', $_->{startAt}, $_->{endAt}, $_->{isAvailable} ? 1 : 0, $_->{replacesDay} ? 1 : 0 } @{ $set->{json}{overrides} } ],
	[ '2026-06-10T09:00:00.000Z 2026-06-10T10:00:00.000Z 0 0', '2026-06-11T09:00:00.000Z 2026-06-11T10:00:00.000Z 1 1' ], 'instants are shown in UTC');
my %rule = (dayOfWeek => 1, startMinute => 540, endMinute => 1020);
my %override = (startAt => '2026-06-10T09:00:00Z', endAt => '2026-06-10T12:00:00Z', isAvailable => $true);
my @bad_lists = (
	(map { [ 'rules', $_->[0], { %rule, $_->[0] => $_->[1] } ] } [ dayOfWeek => 7 ], [ dayOfWeek => -1 ], [ dayOfWeek => '1' ], [ startMinute => -1 ], [ startMinute => 540.5 ], [ endMinute => 540 ],
		[ endMinute => 1441 ], [ bufferBeforeMinutes => 181 ], [ bufferAfterMinutes => -1 ], [ more => 1 ], [ day_of_week => 1 ]),
	(map { [ 'overrides', $_->[0], { %override, $_->[0] => $_->[1] } ] } [ startAt => '2026-06-10' ], [ startAt => 'infinity' ], [ startAt => '2026-06-10T09:00:00' ], [ endAt => '2026-06-10T09:00:00Z' ],
		[ endAt => '2026-02-30T09:00:00Z' ], [ isAvailable => 'yes' ], [ reason => 'r' x 301 ], [ more => 1 ], [ source => 'time_off' ]),
	[ 'overrides', 'replacesDay', { %override, isAvailable => $false, replacesDay => $true } ],
	(map { my %r = %rule; delete $r{$_}; [ 'rules', $_, \%r ] } sort keys %rule), (map { my %o = %override; delete $o{$_}; [ 'overrides', $_, \%o ] } sort keys %override));
for my $case (@bad_lists)
{
	my ($list, $name, $item) = @$case;
	refused($ada->put("/v0/me/availability/$list", { $list => [ $list eq 'rules' ? {%rule} : {%override}, $item ] }), 400, 'OC006', "${list}[1].$name",
		"$list: " . substr(JSON::PP->new->canonical->encode($item), 0, 90));
}
refused($ada->put('/v0/me/availability/rules', { rules => [ ({%rule}) x 51 ] }), 400, 'OC006', 'rules', '50 rules at most');
refused($ada->put('/v0/me/availability/overrides', { overrides => [ ({%override}) x 201 ] }), 400, 'OC006', 'overrides', '200 overrides at most');
refused($ada->put('/v0/me/availability/rules', {}), 400, 'OC006', 'rules', 'rules must be given');
is_deeply($ada->get('/v0/me/availability')->{json}{overrides}, $set->{json}{overrides}, 'and nothing has changed');

# Time off: blocks of all schedules, that PUT leaves alone.
my $off = $ada->post('/v0/me/time-off', { startAt => '2026-06-02T00:00:00Z', endAt => '2026-06-03T00:00:00Z', reason => 'Kur' });
answered($off, 'time off is taken');
my $block = $off->{json}{timeOffBlock};
is(join(' ', sort keys %$block), 'createdAt endAt id reason source sourceKey startAt', 'with all members');
is_deeply([ @$block{qw(startAt endAt reason)} ], [ '2026-06-02T00:00:00.000Z', '2026-06-03T00:00:00.000Z', 'Kur' ], 'as asked for');
is_deeply([ map { $_->{startsAt} } @{ $off->{json}{bookings} } ], [ '2026-06-02T10:00:00.000Z', '2026-06-02T11:00:00.000Z' ], 'the answer lists the bookings inside');
is_deeply($ada->get('/v0/me/time-off')->{json}{timeOffBlocks}, [$block], 'it is listed');
$ada->put('/v0/me/availability/overrides', { overrides => [] });
is_deeply($ada->get('/v0/me/time-off')->{json}{timeOffBlocks}, [$block], 'replaced overrides leave it alone');
is_deeply($ada->get('/v0/me/availability')->{json}{overrides}, [], 'and it is none of them');
refused($ada->post('/v0/me/time-off', { startAt => '2026-06-02T00:00:00Z', endAt => '2026-06-02T00:00:00Z' }), 400, 'OC006', 'endAt', 'the end is after the beginning');
refused($ada->post('/v0/me/time-off', { endAt => '2026-06-02T00:00:00Z' }), 400, 'OC006', 'startAt', 'which must be given');
refused($ada->post('/v0/me/time-off', { startAt => '2026-06-02T00:00:00Z', endAt => '2026-06-03T00:00:00Z', reason => 'r' x 301 }), 400, 'OC006', 'reason', 'a reason has 300 characters at most');
is($ada->del("/v0/me/time-off/$block->{id}")->{json}{deletedId}, $block->{id}, 'it is given back');
refused($ada->del("/v0/me/time-off/$block->{id}"), 404, 'OC013', undef, 'once');
my $override_id = $ada->put('/v0/me/availability/overrides', { overrides => [ {%override} ] })->{json}{overrides}[0]{id};
refused($ada->del("/v0/me/time-off/$override_id"), 404, 'OC013', undef, 'an override is no time off');

# Named schedules
my $path = "/v0/me/schedules/$schedule->{id}";
my $seen = $ada->get($path);
is_deeply([ map { join ' ', @$_{qw(dayOfWeek startMinute endMinute)} } @{ $seen->{json}{schedule}{rules} } ], ['1 1080 1440'], 'a schedule is shown with its rules');
is($ada->get($path, headers => { 'If-None-Match' => $seen->{headers}{etag} })->{status}, 304, 'and has a tag');
my $first_tab = $ada->patch($path, { name => 'Nights', timezone => 'Europe/Berlin', overrides => [ {%override} ] }, headers => { 'If-Match' => $seen->{headers}{etag} });
answered($first_tab, 'it is changed');
is_deeply([ @{ $first_tab->{json}{schedule} }{qw(name timezone isDefault)} ], [ 'Nights', 'Europe/Berlin', $false ], 'in part');
is(scalar @{ $first_tab->{json}{schedule}{rules} }, 1, 'its rules stay');
is($ada->patch($path, { name => 'Lost' }, headers => { 'If-Match' => $seen->{headers}{etag} })->{status}, 412, 'the other tab is told');
is($ada->get($path)->{json}{schedule}{name}, 'Nights', 'and loses');
refused($ada->post('/v0/me/schedules', { name => 'Nights', timezone => 'UTC' }), 409, 'OC014', 'name', 'names differ');
refused($ada->post('/v0/me/schedules', { name => 'X', timezone => $_ }), 400, 'OC006', 'timezone', "$_ is no zone") for 'XYZ3', 'posix/UTC', 'utc', '';
refused($ada->post('/v0/me/schedules', { name => 'X', timezone => 'UTC', rules => [ { %rule, dayOfWeek => 9 } ] }), 400, 'OC006', 'rules[0].dayOfWeek', 'rules are checked');
is(scalar @{ $ada->get('/v0/me/schedules')->{json}{schedules} }, 2, 'and then nothing is made');
my ($default) = grep { $_->{isDefault} } @{ $ada->get('/v0/me/schedules')->{json}{schedules} };
refused($ada->del("/v0/me/schedules/$default->{id}"), 409, 'OC005', undef, 'the default schedule stays');
$ada->patch("/v0/event-types/$talk->{id}", { scheduleId => $schedule->{id} });
refused($ada->del($path), 409, 'OC005', undef, 'and one that an event type names');
$ada->patch("/v0/event-types/$talk->{id}", { scheduleId => undef });
my $switched = $ada->patch($path, { isDefault => $true });
is($switched->{json}{schedule}{isDefault}, $true, 'another becomes the default');
is_deeply([ map { $_->{isDefault} ? $_->{name} : () } @{ $ada->get('/v0/me/schedules')->{json}{schedules} } ], ['Nights'], 'alone');
is($ada->del("/v0/me/schedules/$default->{id}")->{json}{deletedId}, $default->{id}, 'the former default can go');

#
# Bookings
#

$ada->put('/v0/me/availability/rules', { rules => [ map { { dayOfWeek => $_, startMinute => 0, endMinute => 1440 } } 0 .. 6 ] });
$ada->put('/v0/me/availability/overrides', { overrides => [] });
my @more = map { Front::book($http, { username => 'ada', eventSlug => 'talk', startsAt => sprintf('2026-06-%02dT%02d:00:00Z', 5 + $_ % 9, 8 + $_ % 7) })->{json}{booking}{id} } 0 .. 22;
is(scalar(grep { $_ } @more), 23, 'there are more bookings');
is(Front::book($http, { username => 'ben', eventSlug => 'talk', startsAt => $start })->{status}, 200, 'and one of somebody else');

# The pages of a list, by nextCursor and by Link: every one once.
for my $way ('nextCursor', 'Link')
{
	for my $size (1, 7, 25, 100)
	{
		my ($target, @walked) = ("/v0/bookings?status=confirmed&limit=$size");
		for (my $pages = 0; $target && $pages < 40; $pages++)
		{
			my $page = $ada->get($target);
			my $next = $page->{json}{nextCursor};
			my ($link) = ($page->{headers}{link} // '') =~ m{^<([^>]+)>; rel="next"$};

			push @walked, map { "$_->{startsAt} $_->{id}" } @{ $page->{json}{bookings} };
			$target = $way eq 'Link' ? $link : $next && "/v0/bookings?status=confirmed&limit=$size&cursor=$next";
			last if ($link ? 1 : 0) != ($next ? 1 : 0);
		}
		is_deeply([@walked], [ sort @walked ], "by $way, $size at a time: ordered by start");
		my %once = map { $_ => 1 } @walked;
		is(keys(%once) . ' of ' . @walked, '25 of 25', 'each once');
	}
}
my $one = $ada->get("/v0/bookings/$booked->{json}{booking}{id}");
answered($one, 'a booking is shown');
is_deeply([ @{ $one->{json}{booking} }{qw(status startsAt endsAt inviteeName)} ], [ 'confirmed', '2026-06-02T10:00:00.000Z', '2026-06-02T10:30:00.000Z', 'Ann' ], 'with what there is to know');
is_deeply((grep { $_->{id} eq $one->{json}{booking}{id} } @{ $ada->get('/v0/bookings')->{json}{bookings} })[0], $one->{json}{booking}, 'as in the list');
is(join(' ', map { scalar @{ $ada->get('/v0/bookings', query => $_)->{json}{bookings} } }
		{ from => '2026-06-02T10:00:00Z', to => '2026-06-02T11:00:00Z' }, { from => '2026-06-02T10:00:00.001Z', to => '2026-06-02T11:00:00.001Z' }, { to => '2026-06-02T10:00:00Z' }, { status => 'canceled' }),
	'1 1 0 0', 'from and to are starts, [from, to)');
refused($ada->get('/v0/bookings', query => { $_->[0] => $_->[1] }), 400, 'OC006', $_->[0], "$_->[0]=$_->[1] is refused")
  for [ status => 'lost' ], [ from => 'yesterday' ], [ to => '2026-06-01' ], [ cursor => 'x' ], [ cursor => 'A' x 33 ], [ limit => 0 ], [ limit => 101 ], [ limit => 'x' ];
refused($ada->get('/v0/bookings', query => { from => '2026-06-03T00:00:00Z', to => '2026-06-02T00:00:00Z' }), 400, 'OC006', 'to', 'to is after from');
answered($ada->get('/v0/bookings?unknown=1&foo=bar'), 'unknown parameters are ignored');

my $id = $booked->{json}{booking}{id};
my $canceled = $ada->post("/v0/bookings/$id/cancel", { reason => 'ill' });
answered($canceled, 'the host cancels');
is_deeply([ @{ $canceled->{json}{booking} }{qw(status cancelReason canceledBy)} ], [ 'canceled', 'ill', 'host' ], 'with a reason');
my $again = $ada->post("/v0/bookings/$id/cancel", undef);
answered($again, 'and again, without a body');
is($again->{json}{replayed}, $true, 'which is said');
is($again->{json}{booking}{cancelReason}, 'ill', 'and changes nothing');
refused($ada->post("/v0/bookings/$more[0]/cancel", { reason => 'r' x 501 }), 400, 'OC006', 'reason', 'a reason has 500 characters at most');
refused($ada->post("/v0/bookings/$id/reschedule", { startsAt => '2026-06-20T10:00:00Z' }), 409, 'OC005', undef, 'what is canceled cannot be moved');

# Hosts may leave hours, grid, notice, horizon and caps, never claims.
$ada->patch("/v0/event-types/$talk->{id}", { minNoticeMinutes => 43200, maxDaysAhead => 30, dailyBookingLimit => 1 });
$ada->put('/v0/me/availability/rules', { rules => [] });
my $moved = $ada->post("/v0/bookings/$more[0]/reschedule", { startsAt => '2026-08-01T03:07:00Z' });
answered($moved, 'the host moves a booking out of hours, grid, notice, horizon and caps');
is($moved->{json}{oldBooking}{status}, 'rescheduled', 'the old one stays as rescheduled');
is_deeply([ @{ $moved->{json}{newBooking} }{qw(status startsAt endsAt rescheduledFromBookingId)} ], [ 'confirmed', '2026-08-01T03:07:00.000Z', '2026-08-01T03:37:00.000Z', $more[0] ], 'a new one takes its place');
my $taken = $ada->post("/v0/bookings/$more[1]/reschedule", { startsAt => '2026-08-01T03:30:00Z' });
refused($taken, 409, 'OC001', undef, 'but not onto another');
refused($ada->post("/v0/bookings/$more[1]/reschedule", { startsAt => '2026-05-01T03:30:00Z' }), 409, 'OC001', undef, 'nor into the past');
refused($ada->post("/v0/bookings/$more[1]/reschedule", {}), 400, 'OC006', 'startsAt', 'the start must be given');

refused($ada->post("/v0/bookings/$more[2]/no-show", {}), 409, 'OC005', undef, 'nobody has missed what has not begun');
Front::set_clock($node, '2026-06-30 12:00+00');
my $missed = $ada->post("/v0/bookings/$more[2]/no-show", {});
answered($missed, 'a no-show is noted');
like($missed->{json}{booking}{noShowAt}, qr/^\d{4}-/, 'with the time');
is($ada->post("/v0/bookings/$more[2]/no-show", undef)->{json}{replayed}, $true, 'once');
refused($ada->post("/v0/bookings/$id/no-show", {}), 409, 'OC005', undef, 'nobody has missed what was canceled');
refused($ada->post("/v0/bookings/$more[3]/cancel", {}), 409, 'OC005', undef, 'what is over cannot be canceled');
Front::set_clock($node, '2026-06-01 08:00+00');

#
# Why a time is not offered
#

sub verdicts { return join ' ', map { "$_->{verdict}:" . ($_->{reason} // '') } @{ $_[0]{json}{verdicts} }; }

$ada->put('/v0/me/availability/rules', { rules => [ map { { dayOfWeek => $_, startMinute => 540, endMinute => 1020 } } 0 .. 6 ] });
my $lone = Front::event_type($ada, slug => 'lone');
my $explain = "/v0/event-types/$lone->{id}/explain";
my $ok = $ada->get($explain, query => { startsAt => '2026-06-03T10:00:00Z' });
answered($ok, 'a time that is offered is explained');
is(verdicts($ok), 'ok:', 'by ok');
is(join(' ', sort keys %{ $ok->{json}{verdicts}[0] }), 'detail hostId reason verdict', 'with its members');
like(verdicts($ada->get($explain, query => { startsAt => '2026-06-03T02:00:00Z' })), qr/refused:outside_hours/, 'outside hours');
like(verdicts($ada->get($explain, query => { startsAt => '2026-06-02T11:15:00Z' })), qr/refused:claim/, 'a claim');
like(verdicts($ada->get($explain, query => { startsAt => '2026-06-03T10:01:00Z' })), qr/refused:grid/, 'off the grid');
refused($ada->get($explain), 400, 'OC006', 'startsAt', 'the time must be given');
refused($ada->get($explain, query => { startsAt => 'now' }), 400, 'OC006', 'startsAt', 'and be an instant');

is($shim->stop, 0, 'the shim ends well');
done_testing();
