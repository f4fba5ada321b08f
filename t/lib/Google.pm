package Google;

=head1 NAME

Google - accounts, consents and calendars of a Google of the tests' own

=head1 SYNOPSIS

  plan skip_all => Google::missing() if defined Google::missing();
  my $google = Google->start;                              # or Google->start(emulated => 1)
  my $node = OpenCalendly::node('main', conf => Google::conf($google));
  OpenCalendly::install($node);
  Google::write_secret($node);
  Mail::host($node);                                       # ada@example.com

  $google->calendar('ada@example.com', 'team', summary => 'Team', accessRole => 'writer');
  $google->event('ada@example.com', 'ada@example.com', { id => 'lunch', summary => 'Lunch',
      start => { dateTime => '2026-12-01T12:00:00+01:00' }, end => { dateTime => '2026-12-01T13:00:00+01:00' } });
  my $connection = $google->connect($node, 'ada');         # without the browser: rows, tokens and calendars
  my $worker = Google::worker($node);                      # CALL run_calendar_sync(), in a session of its own
  $google->rule('GET .*/events', status => 403, error => 'rateLimitExceeded', headers => { 'Retry-After' => 2 });
  Outbox::stop($worker);

=head1 DESCRIPTION

One node process (t/google/google.mjs) on loopback is accounts.google.com, oauth2.googleapis.com and www.googleapis.com at their
production addresses: the node is told by opencalendly.connect_to and trusts Google::certificate(). OAuth is npm's emulate (page of
consent, PKCE, codes that are good once, refresh, revoke), and before it our client's id and secret, redirect_uri at the
exchange and the lives of access tokens are looked at. Google Calendar is a stand-in of our own, as strict as its reference:

  users/me/calendarList          pages, fields
  calendars/ID/events            list (pages, fields, timeMin, timeMax, showDeleted, singleEvents, syncToken with all that it
                                 forbids, 410), insert (ids of the client's: 409), get, patch (If-Match, 404), delete (404, 410),
                                 watch; conferenceDataVersion
  freeBusy                       merged, clipped; errors[] for what is not there
  channels/stop

or, with emulated => 1, the emulator's own calendars, with what it cannot (ids of ours, patch, extendedProperties) made good; there
are no sync tokens, no channels and no lists but the primary one then.

An account's primary calendar has the account's address for its id. Repeating events are put as their instances. What an event
is told with is what was put; times may lack an offset.

A request is {method, host, path (with the query), pathname, query, form, json, body, headers, at_ms, order, connection}; its end is an
event {answered => "METHOD path", status, at_ms, order}: order counts both. requests(), wait_for(), forget(), events('answered') and so
on are Receiver's.

A browser finds it when Chromium is started with --host-resolver-rules="MAP accounts.google.com 127.0.0.1:PORT" and does not
look at certificates.

=over

=item Google::missing()

Says what keeps it from running; undef if nothing does.

=item Google->start(%options)

name (of its log, "google"), port, accounts (list of addresses; default: ada@example.com, ada@example.net, ben@example.com,
ben@example.net), emulated (see above).

=item Google::conf($google, %settings)

Lines for OpenCalendly::node's conf: preloaded, configured, mails go nowhere, retries come after a second. settings: more, without
"opencalendly."

=item Google::connect_to($google), Google::CLIENT, Google::SECRET, Google::certificate()

What conf() is made of: the value of opencalendly.connect_to, our client's name and secret, {key, certificate} (of Mail's servers as well).

=item Google::write_secret($node)

Writes google_client_secret beside the key file.

=item Google::worker($node, %options)

As Outbox::worker, but of run_calendar_sync; Outbox::stop ends it.

=item $google->connect($node, $username, %options)

Rows as after a consent: the connection with its sealed tokens and all calendars of the account that the user's address names;
the primary one is a busy source and the write target. Options: account (another address), expires_in (seconds; 3600), scopes
(list), busy (list of calendars that are busy sources), target (calendar; '' for none), columns (of calendar_connections: hash
of SQL; next_sync_at => "'infinity'" keeps workers away), user_columns. Returns the connection's id.

=item $google->consent($url, $email)

What a browser does with authUrl: the page, a click on the account. Returns {status, code, state, scope, error, location (where
the browser is sent), asked (the parameters)}.

=item $google->settings(%values)

expiresIn (of access tokens, seconds; 3600), denies (the host says no), granted (list of the scopes that the host ticks),
givesNoRefreshToken, rotates (each refresh gives a new refresh token; the old one is dead), pageSize, emptyPage (the first page of
each list is empty), conference ("success", "pending" (until it was asked for conferencePolls (2) times), "failure"),
freeBusyErrors ({calendar => reason}), channelSeconds (604800), gzip (true).

=item $google->setting($name)

One of them; "mailed" is how many writes have asked Google to mail guests (undef if none has).

=item $google->rule($when, %rule)

The next request that fits $when (a regular expression for node over "METHOD https://host/path?query body") is answered so:
status, error (a reason such as "rateLimitExceeded", for oauth2 a code such as "invalid_grant"), headers, body (text, or what
is made JSON of). Without a status it is answered as it would be, but: cut (the connection ends in the middle), reset (it ends without an answer),
drip_ms (in ten pieces with such pauses), delay_ms. after: the answer is the rule's, but what was asked for is done before.
hold: the request waits for release(), before it is done (or, with after, when it is). times (1), skip (so many that fit first).

=item $google->clear, $google->holding, $google->release

Forgets the rules; how many requests wait; lets them go on and returns how many.

=item $google->asked($when)

The requests so far that fit (a regular expression of Perl over "METHOD https://host/path?query body").

=item $google->grant($email, %options)

Tokens without a browser: {access_token, refresh_token, expires_in, scope, id_token, account_id}. Options: scopes, redirect.

=item $google->grants($email), $google->expire($email), $google->withdraw($email)

How many consents there are; ends the access tokens; ends the consents, as if at myaccount.google.com.

=item $google->calendar($email, $calendar, %members)

Puts a calendar into an account's list, or changes it: members of CalendarListEntry (summary, timeZone, accessRole, ...). Two
accounts may have the same one. $google->unlist($email, $calendar) takes it away.

=item $google->event($email, $calendar, $event), $google->remove($email, $calendar, $id), $google->events($email, $calendar)

Puts or changes an event as if somebody had at Google (members that are not given stay); deletes it; all that are there, whole.

=item $google->put($email, $calendar, @events)

Many at once.

=item $google->busy($calendar, $from, $until)

When that calendar is busy between two instants (seconds since 1970), but for events that bear our mark: list of [start, end],
merged and clipped.

=item $google->forget_tokens($email, $calendar)

Sync tokens of that calendar are answered 410 from now on.

=item $google->channels($email)

Those that live: {id, calendar, token, address, until (ms), resourceId}.

=item $google->notify($email, $calendar, $base, %options)

Sends what Google sends to the channels of a calendar, to the paths of their addresses at $base (a shim's url): list of {id, status}.
Options: state ("exists"), headers (hash, instead of the right ones).

=item $google->samples

Requests and their answers so far, but those of rules: {request, answer {status, body}}; 500 at most.

=item $google->misshapen

What is wrong with the samples' shapes, ours and the answers', by the types of npm's @googleapis/calendar: list of texts.

=back

=cut

use strict;
use warnings;
use FindBin;
use JSON::PP;
use Mail;
use OpenCalendly;
use Outbox;
use PostgreSQL::Test::Utils ();
use Receiver;

our @ISA = ('Receiver');

use constant CLIENT => '417.apps.googleusercontent.com';
use constant SECRET => 'GOCSPX-of-the-tests';

my @accounts = qw(ada@example.com ada@example.net ben@example.com ben@example.net);
my @hosts = qw(accounts.google.com oauth2.googleapis.com www.googleapis.com);

sub missing
{
	my $tools = $ENV{OPENCALENDLY_TOOLS};

	return Receiver::missing() // (-d "$tools/node_modules/\@googleapis/calendar" ? undef : "no \@googleapis/calendar in $tools");
}

sub certificate { return Mail::certificate(); }

sub start
{
	my ($class, %options) = @_;

	return Receiver::start(
		$class, name => $options{name} // 'google', port => $options{port}, program => '../google/google.mjs',
		arguments => [
			'--id' => CLIENT, '--secret' => SECRET, ($options{emulated} ? '--emulated' : ()),
			map { ('--account' => $_) } @{ $options{accounts} // \@accounts } ],
		%{ certificate() });
}

sub connect_to
{
	my ($google) = @_;

	return join ', ', map { "$_:443:127.0.0.1:" . $google->port } @hosts;
}

sub conf
{
	my ($google, %settings) = @_;

	return Outbox::conf(
		preload => 1, google_client_id => CLIENT, connect_to => connect_to($google), ca_file => certificate()->{certificate},
		retry_delays => '1s', base_url => 'http://book.example.org', %settings) . "timezone = 'UTC'\n";
}

sub write_secret
{
	my ($node) = @_;

	return Mail::write_secret($node, 'google_client_secret', SECRET);
}

sub worker
{
	my ($node, %options) = @_;

	return Outbox::worker($node, procedure => 'run_calendar_sync', %options);
}

sub literal
{
	my ($value) = @_;

	return !defined $value ? 'NULL' : JSON::PP::is_bool($value) ? ($value ? 'true' : 'false') : "'" . $value =~ s/'/''/gr . "'";
}

sub connect
{
	my ($self, $node, $username, %options) = @_;
	my ($user, $email) = split /\|/, $node->safe_psql('postgres', "SELECT id, email FROM opencalendly.users WHERE username = ${\ literal($username)}");
	my $account = $options{account} // $email;
	my $grant = $self->grant($account, defined $options{scopes} ? (scopes => $options{scopes}) : ());
	my $life = $options{expires_in} // $grant->{expires_in};
	my $list = $self->order(do => 'entries', email => $account);
	my %busy = map { $_ => 1 } @{ $options{busy} // [$account] };
	my $target = $options{target} // $account;
	my %columns = %{ $options{columns} // {} };
	my $more = join '', map { ", $_" } sort keys %columns;
	my $values = join '', map { ", $columns{$_}" } sort keys %columns;
	my $scopes = '{' . join(',', split / /, $grant->{scope}) . '}';
	my $calendars = join ', ', map {
		'(' . join(', ', map { literal($_) } $_->{id}, $_->{summary}, $_->{timeZone}, $_->{accessRole},
			$_->{primary} ? 'true' : 'false', $busy{ $_->{id} } ? 'true' : 'false', $_->{id} eq $target ? 'true' : 'false') . ')'
	} @$list;

	return $node->safe_psql('postgres', <<"SQL");
WITH new AS MATERIALIZED (
	SELECT opencalendly.uuid_generate_v7() AS id
), connections AS (
	INSERT INTO opencalendly.calendar_connections (id, user_id, account_id, account_email, scopes, refresh_token, access_token, refresh_at, access_expires_at$more)
		SELECT new.id, '$user', ${\ literal($grant->{account_id})}, ${\ literal($account)}, '$scopes',
			opencalendly.seal_calendar_token(new.id, ${\ literal($grant->{refresh_token})}),
			opencalendly.seal_calendar_token(new.id, ${\ literal($grant->{access_token})}),
			clock_timestamp() + 0.8 * interval '$life s', clock_timestamp() + interval '$life s'$values FROM new
		RETURNING id
), waking AS MATERIALIZED (
	SELECT opencalendly.wake_workers_at_commit()
), calendars AS (
	INSERT INTO opencalendly.calendars (connection_id, user_id, external_id, name, timezone, access_role, is_primary, is_busy_source, is_write_target)
		SELECT connections.id, '$user', c.id, c.name, c.timezone, c.role, c.is_primary::boolean, c.is_busy::boolean, c.is_target::boolean
		FROM connections, waking, (VALUES $calendars) AS c (id, name, timezone, role, is_primary, is_busy, is_target)
)
SELECT id FROM connections
SQL
}

sub consent { my ($self, $url, $email) = @_; return $self->order(do => 'consent', url => $url, email => $email); }

sub settings { my ($self, %values) = @_; return $self->order(do => 'settings', values => \%values); }

sub setting { my ($self, $name) = @_; return $self->order(do => 'setting', name => $name); }

sub rule { my ($self, $when, %rule) = @_; return $self->order(do => 'rule', rule => { when => $when, %rule }); }

sub clear { return $_[0]->order(do => 'clear'); }

sub holding { return $_[0]->order(do => 'holding'); }

sub release { return $_[0]->order(do => 'release'); }

sub asked
{
	my ($self, $when) = @_;

	return $self->requests(sub { "$_[0]{method} https://$_[0]{host}$_[0]{path} $_[0]{body}" =~ $when });
}

sub grant { my ($self, $email, %options) = @_; return $self->order(do => 'grant', email => $email, %options); }

sub grants { my ($self, $email) = @_; return $self->order(do => 'grants', email => $email); }

sub expire { my ($self, $email) = @_; return $self->order(do => 'expire', email => $email); }

sub withdraw { my ($self, $email) = @_; return $self->order(do => 'withdraw', email => $email); }

sub calendar { my ($self, $email, $calendar, %members) = @_; return $self->order(do => 'calendar', email => $email, calendar => $calendar, members => \%members); }

sub unlist { my ($self, $email, $calendar) = @_; return $self->order(do => 'unlist', email => $email, calendar => $calendar); }

sub event { my ($self, $email, $calendar, $event) = @_; return $self->order(do => 'event', email => $email, calendar => $calendar, event => $event); }

sub remove { my ($self, $email, $calendar, $id) = @_; return $self->order(do => 'remove', email => $email, calendar => $calendar, id => $id); }

sub put { my ($self, $email, $calendar, @events) = @_; return $self->order(do => 'put', email => $email, calendar => $calendar, events => \@events); }

sub busy { my ($self, $calendar, $from, $until) = @_; return @{ $self->order(do => 'busy', calendar => $calendar, from => $from, until => $until) }; }

sub forget_tokens { my ($self, $email, $calendar) = @_; return $self->order(do => 'forget', email => $email, calendar => $calendar); }

sub channels { my ($self, $email) = @_; return @{ $self->order(do => 'channels', email => $email) }; }

sub samples { return @{ $_[0]->order(do => 'samples') }; }

sub misshapen
{
	my ($self) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir('samples') . '/samples.json';
	my $result;

	PostgreSQL::Test::Utils::append_to_file($file, JSON::PP->new->utf8->encode([ $self->samples ]));
	open(my $checker, '-|', "node '$FindBin::RealBin/google/check_shapes.mjs' < '$file'") or die "node: $!";
	{ local $/; $result = decode_json(<$checker>); }
	close($checker) or die "the shapes could not be checked\n";
	return $result->{checked} ? @{ $result->{found} } : 'there is no sample';
}

# Without an account the events are a Receiver's own.
sub events
{
	my ($self, $email, $calendar) = @_;

	return $self->SUPER::events($email) if !defined $calendar;
	return @{ $self->order(do => 'events', email => $email, calendar => $calendar) };
}

sub notify
{
	my ($self, $email, $calendar, $base, %options) = @_;

	return @{ $self->order(do => 'notify', email => $email, calendar => $calendar, base => $base, %options) };
}

1;
