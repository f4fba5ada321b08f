# Promise: whatever stands in a path, a query, a header or a body, on every route, the answer is one of the client's
# errors that names what was wrong, or the value was good. Never a 5xx, never a hang, no words of the database in an
# answer, no token and no invitee's answer in a log. Routes come from the table, fields and their limits from the OpenAPI
# document: what is new there is tried here, too.
use strict;
use warnings;
use utf8;
use FindBin;
use JSON::PP;
use OpenCalendly;
use PostgreSQL::Test::Utils;
use POSIX ();
use Routes;
use Scene;
use Shim;
use Test::More;
use Time::HiRes qw(time);
use Wire;

# What PostgreSQL logs by default.
my $node = OpenCalendly::node('main', conf => Scene::conf() . Shim::conf() . "log_statement = none\n");
OpenCalendly::install($node);
my $shim = Shim->start($node, threads => 6);
my $scene = Routes::scene($node);
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $document = $json->decode(slurp_file("$FindBin::RealBin/../shim/web/v0/openapi.json"));
my $workers = 3;
my $answer_text = 'AntwortGeheim ';

#
# The document
#

# A schema without references: {type, nullable, called (the last reference), and the limits}.
sub resolved
{
	my ($schema) = @_;
	my ($name, $nullable);

	while (1)
	{
		if (my $reference = $schema->{'$ref'})
		{
			$name = (split m{/}, $reference)[-1];
			$schema = $document;
			$schema = $schema->{$_} for grep { $_ ne '#' } split m{/}, $reference;
		}
		elsif (my $choice = $schema->{anyOf})
		{
			$nullable ||= grep { ($_->{type} // '') eq 'null' } @$choice;
			($schema) = grep { ($_->{type} // '') ne 'null' } @$choice;
		}
		else { last; }
	}
	my @types = ref $schema->{type} ? @{ $schema->{type} } : $schema->{type} // ();
	return {
		%$schema, called => $name // '', type => (grep { $_ ne 'null' } @types)[0] // '',
		nullable => $nullable || scalar grep { $_ eq 'null' } @types };
}

sub operation
{
	my ($route) = @_;
	my $path = $route->{path} =~ s/:(\w+)/{$1}/gr;

	return $document->{paths}{$path}{ lc $route->{method} } // die "the document does not have $route->{name}\n";
}

# All fields of a body, those within lists and objects too: [path, schema].
sub fields_of
{
	my ($schema, @path) = @_;
	my $here = resolved($schema);
	my @fields = @path ? [ [@path], $here ] : ();
	my %required = map { $_ => 1 } @{ $here->{required} // [] };

	for my $name (sort keys %{ $here->{properties} // {} })
	{
		my @more = fields_of($here->{properties}{$name}, @path, $name);
		$more[0][1]{is_optional_within} = @path && !$required{$name};
		$more[0][1]{is_label} = $name eq 'label';
		push @fields, @more;
	}
	push @fields, map { $_->[1]{is_optional_within} = 1; $_ } fields_of($here->{additionalProperties}, @path, 'topic') if ref $here->{additionalProperties} eq 'HASH';
	push @fields, fields_of($here->{items}, @path, 0) if $here->{items};
	return @fields;
}

sub body_schema
{
	my ($route) = @_;

	return operation($route)->{requestBody}{content}{'application/json'}{schema};
}

# The schema of a parameter of the path, the query or a header.
sub parameter_schema
{
	my ($route, $name) = @_;
	my ($found) = grep { $_->{name} eq $name } map { resolved($_) } @{ operation($route)->{parameters} // [] };

	return resolved(($found // die "$route->{name}: the document does not have $name\n")->{schema});
}

#
# Values
#

my $long = 'x' x 64_000;

# In bodies: what it is, and how it is written.
my @values = (
	[ 'quotes', q{"\"'`\""} ], [ 'SQL', q{"'; DROP TABLE opencalendly.users; --"} ], [ 'backslashes', q{"\\\\' \\\\\" \\\\x41 \\\\"} ],
	[ 'percent signs', '"%s%n%00%1$s"' ], [ 'markup', '"<script>alert(1)</script>&amp;"' ], [ 'a template', '"${1+1} {{1}} $1"' ],
 [ 'NUL within', '"a\u0000b"' ], [ 'a high surrogate', '"\ud800"' ],
	[ 'a low surrogate', '"a\udc00b"' ],
	[ 'a byte that is no UTF-8', "\"\xff\"" ],

	[ 'right to left', '"\u202Enosrep\u202C"' ], [ 'emoji', "\"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb\"" ], [ 'combining', '"' . 'e\u0301' x 100 . '"' ],
	[ 'a line break', '"a\r\nSet-Cookie: a=b"' ], [ 'a tab', '"a\tb"' ], [ 'escape', '"a\u001bb"' ], [ 'nothing', '""' ], [ 'a blank', '" "' ],
	[ '64,000 characters', "\"$long\"" ], [ '2,001 characters', '"' . 'y' x 2001 . '"' ], [ '121 characters', '"' . 'z' x 121 . '"' ],
	[ 'minus one', '-1' ], [ 'one and a half', '1.5' ], [ '1e999', '1e999' ], [ '-1e999', '-1e999' ], [ '1e-400', '1e-400' ],
	[ '2^31', '2147483648' ], [ '2^63', '9223372036854775808' ], [ '400 digits', '9' x 400 ], [ '20,000 digits', '9' x 20_000 ], [ 'a number as text', '"1"' ],
	[ 'minus zero', '-0' ],
	[ 'an empty list', '[]' ], [ 'a list', '[1]' ], [ 'a list of null', '[null]' ], [ 'a list of lists', '[[]]' ], [ 'a list of texts', '["x"]' ],
	[ '5,000 entries', '[' . join(',', (1) x 5000) . ']' ],
	[ 'an empty object', '{}' ], [ 'an object', '{"a": 1}' ], [ 'an object with an empty name', '{"": ""}' ], [ 'a prototype', '{"__proto__": {"x": 1}}' ],
	[ '10,000 lists deep', '[' x 10_000 . ']' x 10_000 ], [ '10,000 objects deep', '{"a":' x 10_000 . '1' . '}' x 10_000 ],
 [ 'true', 'true' ], [ 'false', 'false' ], [ 'null', 'null' ], [ 'null as text', '"null"' ],
	[ 'a year 0', '"0000-00-00"' ], [ 'an instant of year 0', '"0000-00-00T00:00:00Z"' ], [ 'infinity', '"infinity"' ], [ '-infinity', '"-infinity"' ],
	[ 'epoch', '"epoch"' ], [ 'now', '"now"' ], [ 'tomorrow', '"tomorrow"' ], [ 'minute 60', '"2026-06-03T24:60:00Z"' ], [ '30 February', '"2026-02-30T09:00:00Z"' ],
	[ '30 February, a date', '"2026-02-30"' ], [ 'year 294277', '"294277-01-01T00:00:00Z"' ], [ 'an impossible offset', '"2026-06-03T09:00:00+99:99"' ],
	[ 'a zone in an instant', '"2026-06-03 09:00 Europe/Berlin"' ], [ 'an instant without zone', '"2026-06-03T09:00:00"' ], [ 'BC', '"2026-06-03T09:00:00Z BC"' ],
	[ 'a POSIX zone', '"XYZ3"' ], [ 'posix/', '"posix/Europe/Berlin"' ], [ 'a path', '"../../etc/passwd"' ], [ 'localtime', '"localtime"' ], [ 'an offset', '"UTC+3"' ],
	[ 'a zone in lower case', '"europe/berlin"' ], [ 'half an id', '"01900000-0000-7000"' ], [ 'an id in braces', '"{01900000-0000-7000-8000-000000000000}"' ],
	[ 'two at signs', '"a@b@c.example"' ], [ 'an address with a line break', '"a@b.example\nBcc: x@y.example"' ], [ 'a script', '"javascript:alert(1)"' ],
);
# What is no JSON, or none that the database takes.
my @no_json = (
	[ 'NUL, escaped', '"\u0000"' ], [ 'NUL, raw', "\"a\0b\"" ], [ 'surrogates turned round', '"\ude00\ud83d"' ],
	[ 'an unknown escape', '"\x41"' ], [ 'an overlong form', "\"\xc0\x80\"" ], [ 'a surrogate as UTF-8', "\"\xed\xa0\x80\"" ],
	[ 'beyond Unicode', "\"\xf4\x90\x80\x80\"" ], [ 'half a character', "\"\xe2\x82\"" ], [ 'a raw control character', "\"a\x01b\"" ],
	[ '1e999999', '1e999999' ], [ 'NaN', 'NaN' ], [ 'Infinity', 'Infinity' ], [ 'hex', '0x10' ], [ 'a leading zero', '01' ],
	[ 'an open list', '[' x 10_000 ], [ 'a comment', '1 /* */' ],
);

# In paths and queries, as bytes; and for headers.
my @raw = (
	[ 'quotes', '%27%22%60' ], [ 'quotes, raw', q{'"`} ], [ 'SQL', '%27%3B%20DROP%20TABLE%20users%3B--' ], [ 'backslashes', '%5C%5C%5C' ], [ 'a backslash, raw', '\\' ],
	[ 'NUL', '%00' ], [ 'NUL within', 'a%00b' ], [ 'no UTF-8', '%ff' ], [ 'no UTF-8, raw', "\xff" ], [ 'an overlong form', '%c0%80' ], [ 'a surrogate', '%ed%a0%80' ],
	[ 'half a character', '%e2%82' ], [ '%u', '%u0041' ], [ 'a lone percent sign', '%' ], [ 'half an escape', '%4' ], [ 'no escape', '%zz' ], [ 'a slash', '%2f' ],
	[ 'up', '..%2f..%2fetc%2fpasswd' ], [ 'dots', '%2e%2e' ], [ 'minus one', '-1' ], [ 'zero', '0' ], [ 'a fraction', '1.5' ], [ '1e999', '1e999' ], [ '2^31', '2147483648' ],
	[ '2^63', '9223372036854775808' ], [ '4,000 digits', '9' x 4000 ], [ '12,000 characters', 'x' x 12_000 ], [ 'true', 'true' ], [ 'null', 'null' ], [ 'undefined', 'undefined' ],
	[ 'a list', '%5B%5D' ], [ 'an object', '%7B%7D' ], [ 'right to left', '%E2%80%AEx' ], [ 'emoji', '%F0%9F%91%A9' ], [ 'emoji, raw', "\xf0\x9f\x91\xa9" ],
	[ 'a line break', 'a%0d%0aSet-Cookie:%20a=b' ], [ 'a tab', '%09' ], [ 'a blank', '%20' ], [ 'plus', '+' ], [ 'a star', '*' ], [ 'infinity', 'infinity' ],
	[ 'epoch', 'epoch' ], [ 'now', 'now' ], [ 'year 0', '0000-00-00T00:00:00Z' ], [ 'minute 60', '2026-06-03T24:60:00Z' ], [ 'year 294277', '294277-01-01T00:00:00Z' ],
	[ '+ that is a blank', '2026-06-03T09:00:00+02:00' ], [ 'a date', '2026-06-03' ], [ 'a POSIX zone', 'XYZ3' ], [ 'posix/', 'posix%2FEurope%2FBerlin' ], [ 'a path', '..%2Fx' ],
	[ 'half an id', '01900000-0000-7000' ],
);
my @header_values = (
	[ 'quotes', q{'"`} ], [ 'one quote', '"' ], [ 'no UTF-8', "\xff" ], [ 'a tab', "a\tb" ], [ 'a control character', "a\x01b" ], [ 'DEL', "a\x7fb" ], [ 'emoji', "\xf0\x9f\x91\xa9" x 16 ],
	[ 'nothing', '' ], [ 'short', 'x' ], [ '201 characters', 'x' x 201 ], [ '8,000 characters', 'x' x 8000 ], [ 'a star', '*' ], [ 'many tags', join(', ', map { "\"$_\"" } 1 .. 500) ],
	[ 'a weak tag', 'W/"' ], [ 'SQL', q{'; DROP TABLE opencalendly.users; --} ], [ 'a number', '9' x 400 ], [ 'commas', ',' x 100 ],
);

# Whether a value is good by the document; undef: it cannot even be read. What the document cannot say is said here: a
# name is not blank and has no control characters, zones and instants are real.
sub fits
{
	my ($schema, $written) = @_;
	my $value = eval { $json->decode($written) };

	return if $@ || $written =~ /\\u(0000|d[89a-f])/i || $written =~ m{NaN|Infinity$|/\*} || $written =~ /e999999$/;
	return $schema->{nullable} || $schema->{is_optional_within} || ($schema->{enum} && grep { !defined } @{ $schema->{enum} }) ? 1 : 0 if $written eq 'null';
	return 0 if $schema->{enum};
	return $written =~ /^(true|false)$/ ? 1 : 0 if $schema->{type} eq 'boolean' || exists $schema->{const};
	if ($schema->{type} eq 'integer')
	{
		return $written =~ /^-?\d+$/ && $value >= ($schema->{minimum} // 0) && $value <= ($schema->{maximum} // 2147483647) ? 1 : 0;
	}
	if ($schema->{type} eq 'array') { return $written eq '[]' ? 1 : 0; }
	if ($schema->{type} eq 'object') { return $written eq '{}' && !$schema->{required} ? 1 : 0; }
	return 0 if $written !~ /^"/;
	return 0 if length $value < ($schema->{minLength} // 0) || length $value > ($schema->{maxLength} // 1e9);
	return 0 if $schema->{pattern} && $value !~ /$schema->{pattern}/;
	return 0 if $schema->{format} || $schema->{called} =~ /^(Timezone|Date|GivenInstant|Token)$/;
	return 0 if $schema->{called} =~ /^(Name|Email)$/ && !$schema->{is_label} && ($value =~ /[\x00-\x1f\x7f-\x9f]/ || $value =~ /^\s*$/);
	return 1;
}

#
# Asking and judging
#

my ($wire, @failures, $n, $slowest);
my $any_token = join '|', map { quotemeta } values %{ $scene->{session} }, values %{ $scene->{token} };

sub fail_with
{
	my ($what, $answer, $why) = @_;

	push @failures, "$what: $why: $answer->{status} " . substr($answer->{body}, 0, 300) =~ s/[^ -~]/?/gr;
	return;
}

# What holds for every answer. $may_be_gone: the connection may be closed without one.
sub check_answer
{
	my ($what, $answer, $seconds) = @_;

	$n++;
	$slowest = $seconds if $seconds > $slowest;
	fail_with($what, $answer, 'no answer') if $answer->{status} == 0 || $answer->{status} == 599;
	fail_with($what, $answer, 'a failure of the server') if $answer->{status} >= 500;
	fail_with($what, $answer, "it took $seconds seconds") if $seconds > 5;
	# what was sent is told back behind "has the value"
	fail_with($what, $answer, 'words of the database')
	  if $answer->{status} >= 400 && $answer->{body} =~ s/has the value .*//rs =~ /PL.pgSQL|pg_|relation |function |opencalendly|SELECT|constraint|\.c\b|stack|CONTEXT|SQL/;
	fail_with($what, $answer, 'a token') if $answer->{status} >= 400 && $answer->{body} =~ /$any_token/;
	fail_with($what, $answer, 'not JSON') if $answer->{status} >= 400 && !defined $answer->{json};
	return;
}

# A good request, to be changed.
sub request_of
{
	my ($row) = @_;

	return $json->decode($json->encode($row->{make}->($scene)));
}

sub token_of
{
	my ($row) = @_;

	return $row->{session} ? $row->{session}->($scene) : $row->{as} ? $scene->{session}{ $row->{as} } : undef;
}

sub ask
{
	my ($what, $route, $row, $target, $headers, $body) = @_;
	my $token = token_of($row);
	my $began = time;
	my $answer = $wire->ask($route->{method}, $target, { %{ $headers // {} }, $token ? (Authorization => "Bearer $token") : () }, $body);

	check_answer($what, $answer, time - $began);
	if ($answer->{status} == 200)
	{
		$row->{spend}->($scene) if $row->{spend};
		$wire->ask('DELETE', "/v0/holds/$answer->{json}{holdToken}") if $answer->{json} && $answer->{json}{holdToken};
	}
	return $answer;
}

# A value that is not good is refused by name: in "field", or in the sentence.
sub check_refused
{
	my ($what, $answer, @names) = @_;
	my $told = ($answer->{json}{field} // '') . ' ' . ($answer->{json}{error} // '');

	return fail_with($what, $answer, 'it was taken') if $answer->{status} < 400;
	fail_with($what, $answer, "it does not name @names") unless grep { $told =~ /\Q$_\E/ } @names;
	return;
}

# Sets a field within a body; lists and objects on the way are made if they are missing.
sub set_field
{
	my ($body, $value, @path) = @_;
	my $last = pop @path;
	my $at = $body;

	for my $i (0 .. $#path)
	{
		my $next = $i < $#path ? $path[ $i + 1 ] : $last;
		my $slot = ref $at eq 'ARRAY' ? \$at->[ $path[$i] ] : \$at->{ $path[$i] };
		$$slot //= $next =~ /^\d+$/ ? [] : {};
		$at = $$slot;
	}
	if (ref $at eq 'ARRAY') { $at->[$last] = $value; }
	else { $at->{$last} = $value; }
	return;
}

# Of these only one can be given.
my %instead = (email => 'userId', teamSlug => 'username', cursor => 'roundRobinCursor');

# A good body, with a mark where the field is. undef: the field is not there in the body.
sub body_with
{
	my ($request, $written, @path) = @_;
	my $body = $request->{body} // {};

	delete $body->{ $instead{ $path[-1] } } if $instead{ $path[-1] } && @path == 1 && exists $body->{ $instead{ $path[-1] } };
	set_field($body, '@HERE@', @path);
	my $text = $json->encode($body);
	substr($text, index($text, '"@HERE@"'), length '"@HERE@"') = $written;
	return $text;
}

# What an answer may call a field instead.
my %also = (cursor => 'roundRobinCursor');

# Names in a body that lead somewhere: what leads nowhere is 404, an unknown link 401.
my %leads = map { $_ => 1 } qw(username eventSlug teamSlug token);

# Fields of lists and of event types are the same in several routes: these share the values.
my %sharers;

sub shared_name
{
	my ($route, $path) = @_;
	my @names = grep { !/^\d+$/ } @$path;

	return @names > 1 ? "@$path" : $route->{path} =~ m{/event-types|/team-event-types$} ? "event type @$path" : "$route->{name} @$path";
}

sub values_for
{
	my ($route, $path) = @_;
	my @all = @{ $sharers{ shared_name($route, $path) } };
	my ($mine) = grep { $all[$_] eq $route->{name} } 0 .. $#all;

	return map { $values[$_] } grep { $_ % @all == $mine } 0 .. $#values;
}

sub try_fields
{
	my ($route, $row) = @_;
	my $n = 0;

	for my $field (fields_of(body_schema($route)))
	{
		my ($path, $schema) = @$field;
		my @names = grep { !/^\d+$/ } @$path;
		my $is_answer = $names[0] eq 'answers';
		my @tokens = map { [ 'a token of another kind', "\"$_\"" ] } $scene->{session}{vera}, @{ $scene->{token} }{qw(cancel reschedule login)};

		# what is no JSON is so in every field
		for my $value (values_for($route, $path), $n++ ? () : @no_json, $schema->{called} eq 'Token' ? @tokens : ())
		{
			my ($label, $written) = @$value;
			my $what = "$route->{name} @$path: $label";
			my $request = request_of($row);
			# what a list has comes back with a PUT, and ids mean nothing there
			my $good = @$path == 3 && $names[-1] eq 'id' && $names[0] ne 'questions' && $label !~ /UTF-8|surrogate|NUL/ || fits($schema, $written);

			$written =~ s/(x{64000}|y{2001}|z{121})/substr($answer_text x 5000, 0, length $1)/e if $is_answer;
			my $answer = ask($what, $route, $row, Routes::target($route, $request), $request->{headers}, body_with($request, $written, @$path));
			next if $good;
			# what is not JSON is the body's fault; a name that leads nowhere is not there
			next if $leads{ $names[0] } && $written =~ /^"/ && defined $good && $answer->{status} =~ /^40[14]$/ && $answer->{json}{code} =~ /^OC0(02|13|12)$/;
			check_refused($what, $answer, @names, $also{ $names[-1] } // (), defined $good && $label !~ /deep/ ? () : 'body');
		}

		# given twice: the last one counts, as in the database
		my $request = request_of($row);
		my $body = body_with($request, '1', @$path);
		my $name = $names[-1];
		next if $name eq 'id' && $names[0] ne 'questions';
		$body =~ s/"\Q$name\E":1(?=[,}])/"$name":1,"$name":{"a":{}}/
		  and check_refused("$route->{name} @$path twice", ask("$route->{name} @$path twice", $route, $row, Routes::target($route, $request), $request->{headers}, $body), @names);
	}
	return;
}

# Names that the body, or an object in it, does not have.
sub try_unknown_fields
{
	my ($route, $row) = @_;
	my @places = ([], map { $_->[0] } grep { $_->[1]{type} eq 'object' && ref $_->[1]{additionalProperties} ne 'HASH' } fields_of(body_schema($route)));

	for my $place (@places)
	{
		for my $name ('nonsense', 'ok', 'user_id', '__proto__', 'deletedAt', "x'", 'é')
		{
			my $request = request_of($row);
			my $what = "$route->{name} @$place: unknown field $name";
			my $text = $json->encode($name);
			my $body = body_with($request, '1', @$place, 'zzzz');
			utf8::encode(my $shown = $name);

			$body =~ s/"zzzz":1/$text:1/;
			my $answer = ask($what, $route, $row, Routes::target($route, $request), $request->{headers}, $body);
			check_refused($what, $answer, @$place && $place->[0] eq 'questions' ? ($name, 'questions') : $name);
			fail_with($what, $answer, 'no 400') if $answer->{status} != 400;
		}
	}
	return;
}

# What is no JSON object at all.
my @bodies = (
	[ 'a list', '[]' ], [ 'a text', '"x"' ], [ 'a number', '1' ], [ 'null', 'null' ], [ 'true', 'true' ], [ 'half an object', '{"a":' ], [ 'two objects', '{}{}' ],
	[ 'a comma too many', '{"a":1,}' ], [ 'single quotes', "{'a':1}" ], [ 'a byte order mark', "\xef\xbb\xbf{}" ], [ 'UTF-16', "\0{\0}" ], [ 'NUL', "{}\0" ],
	[ 'no UTF-8', "{\"\xff\":1}" ], [ 'a form', 'a=b&c=d' ], [ '10,000 deep', '[' x 10_000 . ']' x 10_000 ], [ '32,000 deep', '[' x 32_000 . ']' x 32_000 ],
	[ 'deep and open', '{"a":' x 10_000 ], [ 'NUL in a name', '{"a\u0000": 1}' ], [ 'a long name', '{"' . 'n' x 60_000 . '": 1}' ], [ '5,000 names', '{' . join(',', map { "\"k$_\":1" } 1 .. 5000) . '}' ],
);

sub try_bodies
{
	my ($route, $row) = @_;

	for my $case (@bodies)
	{
		my ($label, $body) = @$case;
		my $request = request_of($row);
		my $answer = ask("$route->{name}: body: $label", $route, $row, Routes::target($route, $request), $request->{headers}, $body);

		check_refused("$route->{name}: body: $label", $answer, 'body', $label =~ /name/ ? qw(unknown) : ());
	}
	# of a body that is too long nothing is read
	my $request = request_of($row);
	for my $size (65_537, 1_048_576)
	{
		my $answer = ask("$route->{name}: $size bytes", $route, $row, Routes::target($route, $request),
			{ %{ $request->{headers} // {} }, 'Content-Length' => $size }, '{"name":"' . 'x' x 10_000);
		fail_with("$route->{name}: $size bytes", $answer, 'no 413') if $answer->{status} != 413;
		check_refused("$route->{name}: $size bytes", $answer, 'body');
	}
	return;
}

sub try_path
{
	my ($route, $row) = @_;

	for my $name (map { /^:(.*)/ ? $1 : () } @{ $route->{params} })
	{
		for my $value (@raw, [ 'nothing', '' ], [ 'a dot', '.' ], [ 'two dots', '..' ], [ 'a semicolon', ';x=1' ], [ 'a colon', ':id' ])
		{
			my ($label, $bytes) = @$value;
			my $request = request_of($row);
			$request->{path}{$name} = '0HERE0';
			my $target = Routes::target($route, $request);
			$target =~ s/0HERE0/$bytes/;
			my $answer = ask("$route->{name} $name: $label", $route, $row, $target, $request->{headers}, $request->{body} && $json->encode($request->{body}));

			# a hold that is not there is as good as given back
			next if $route->{name} eq 'DELETE /v0/holds/:token' && $answer->{status} == 200 && !$answer->{json}{released};
			# other requests may have made something of that name
			next if $answer->{status} =~ /^(200|301)$/ && $name =~ /slug|username/i && $bytes =~ /^[a-z0-9-]+$/;
			fail_with("$route->{name} $name: $label", $answer, 'not refused') if $answer->{status} !~ /^4(00|04|05|13|14|31)$/;
		}
	}
	return;
}

# Values of a query that are good: text of digits is where a cursor is, and nothing at all is the default.
my %good_query = (cursor => qr/^\d{1,18}$/, limit => qr/^[1-9]\d?$/);

sub try_query
{
	my ($route, $row) = @_;

	for my $name (map { /^\?(.*)/ ? $1 : () } @{ $route->{params} })
	{
		parameter_schema($route, $name);
		for my $value (@raw, [ 'nothing', '' ], $name eq 'hold' ? map { [ 'a token of another kind', $_ ] } $scene->{session}{vera}, $scene->{token}{cancel} : ())
		{
			my ($label, $bytes) = @$value;
			my $request = request_of($row);
			my $target = Routes::target($route, $request);
			$target =~ s/([?&])\Q$name\E=[^&]*&?/$1/;
			$target =~ s/[?&]$//;
			$target .= ($target =~ /\?/ ? '&' : '?') . "$name=$bytes";
			my $answer = ask("$route->{name} ?$name: $label", $route, $row, $target, $request->{headers});

			next if $bytes eq '' && $answer->{status} == 200;
			next if $answer->{status} == 400 && $answer->{body} =~ /the request cannot be read/ && $bytes =~ /[^ -~]/;
			next if $route->{path} =~ /ledger/ && $bytes =~ ($good_query{$name} // qr/^$/) && $answer->{status} == 200;
			check_refused("$route->{name} ?$name: $label", $answer, $name, $label =~ /12,000|4,000/ ? 'too long' : ());
		}
		my $request = request_of($row);
		my $target = Routes::target($route, $request);
		my $twice = $target . ($target =~ /\?/ ? '&' : '?') . "$name=1&$name=2";
		check_refused("$route->{name} ?$name twice", ask("$route->{name} ?$name twice", $route, $row, $twice, $request->{headers}), $name);
	}
	return;
}

# A header that a route reads has a bad value, or any text is as good as another there. Some that no route reads.
my %header = (key => 'Idempotency-Key', 'if-match' => 'If-Match', 'if-none-match' => 'If-None-Match', 'user-agent' => 'User-Agent', 'session-mode' => 'X-Session',
	'goog-channel-id' => 'X-Goog-Channel-ID', 'goog-channel-token' => 'X-Goog-Channel-Token', 'goog-resource-state' => 'X-Goog-Resource-State');

sub try_headers
{
	my ($route, $row) = @_;
	my @read = map { $header{$_} // () } @{ $route->{params} };

	my @unread = $route->{path} =~ m{^/v0/(me|bookings)$} ? qw(Accept Cookie Origin X-Forwarded-For X-Request-Id Content-Type) : ();

	for my $name (@read, @unread)
	{
		for my $value (@header_values)
		{
			my ($label, $bytes) = @$value;
			my $request = request_of($row);
			my $answer = ask("$route->{name} $name: $label", $route, $row, Routes::target($route, $request),
				{ %{ $request->{headers} // {} }, $name => $bytes }, $request->{body} && $json->encode($request->{body}));

			next if !grep { $_ eq $name } @read;
			next if $name eq 'If-Match' && $answer->{status} == 412;
			next if $answer->{status} == 400 && $answer->{body} =~ /the request cannot be read/;
			check_refused("$route->{name} $name: $label", $answer, $name)
			  if $answer->{status} == 400 || $name eq 'Idempotency-Key' && length($bytes) !~ /^(1[6-9]|[2-9]\d|1\d\d|200)$/ && $bytes ne '';
		}
	}
	return;
}

sub try_route
{
	my ($route) = @_;
	my $row = Routes::row($route->{name});
	my $has_body = grep { $_ eq 'body' } @{ $route->{params} };

	try_path($route, $row);
	try_query($route, $row);
	if ($has_body)
	{
		try_fields($route, $row);
		try_unknown_fields($route, $row);
		try_bodies($route, $row);
	}
	try_headers($route, $row);
	# and then a good one is good still
	my $request = request_of($row);
	my $answer = ask("$route->{name} at last", $route, $row, Routes::target($route, $request), $request->{headers}, $request->{body} && $json->encode($request->{body}));
	fail_with($route->{name}, $answer, 'the good request is not good') if $answer->{status} !~ ($row->{late} ? qr/^(200|40[149]|410)$/ : qr/^200$/);
	return;
}

# What other routes ask for under its slug keeps it.
Routes::row('PATCH /v0/teams/:id')->{make} = sub {
	return { path => { id => $_[0]{id}{renamed_team} }, body => { name => 'Verborgen', slug => 'neu', ownerUserId => $_[0]{id}{tina} } };
};

#
# Some processes share the routes; each tells what it found in a file.
#

my @routes = grep { Routes::row($_->{name}) } Routes::list();
is(join(', ', grep { !Routes::row($_) } map { $_->{name} } Routes::list()), '', 'each route has a row in lib/Routes.pm');
for my $route (grep { body_schema($_) } @routes)
{
	push @{ $sharers{ shared_name($route, $_->[0]) } }, $route->{name} for fields_of(body_schema($route));
}
my $folder = PostgreSQL::Test::Utils::tempdir();
my %worker;
my $i = 0;
my @shares;
# the ones with long bodies are dealt out first
push @{ $shares[ $i++ % $workers ] }, $_ for sort { weight($b) <=> weight($a) } @routes;

sub weight
{
	my ($route) = @_;
	return (scalar grep { $_ eq 'body' } @{ $route->{params} }) ? scalar fields_of(body_schema($route)) : 0;
}

for my $number (0 .. $workers - 1)
{
	my $pid = fork() // die "could not fork: $!";

	$worker{$pid} = 1;
	next if $pid;
	$wire = Wire->new($shim->port);
	$scene->{serial} = 100_000 * $number;
	my $done = eval {
		for my $route (@{ $shares[$number] })
		{
			(@failures, $n, $slowest) = ();
			($n, $slowest) = (0, 0);
			try_route($route);
			open(my $file, '>', "$folder/" . ($route->{name} =~ tr/ \/:/_/r)) or die "no file: $!";
			print $file $json->encode({ failures => \@failures, n => $n, slowest => $slowest });
			close $file;
		}
		1;
	};
	print STDERR $@ unless $done;
	POSIX::_exit($done ? 0 : 1);
}
for my $pid (keys %worker)
{
	waitpid $pid, 0;
	is($?, 0, 'a process has tried its routes');
}
my $total = 0;
for my $route (@routes)
{
	my $file = "$folder/" . ($route->{name} =~ tr/ \/:/_/r);
	my $result = -e $file ? $json->decode(slurp_file($file)) : { failures => ['it was not tried'], n => 0, slowest => 0 };
	my @first = @{ $result->{failures} };
	my $more = @first > 40 ? @first - 40 : 0;

	$total += $result->{n};
	is(join("\n", map { substr $_, 0, 400 } splice(@first, 0, 40)) . ($more ? "\nand $more more" : ''), '', "$route->{name}: $result->{n} values");
}
cmp_ok($total, '>', 5000, 'that was a lot');
note("$total requests");

#
# The logs
#

# The first lines of a log that have one of the texts in them.
sub lines_with
{
	my ($log, @texts) = @_;
	my $any = join '|', map { quotemeta } @texts;
	my @lines = grep { /$any/ } split /\n/, $log;

	return join "\n", map { substr $_, 0, 300 } splice @lines, 0, 5;
}

my %logs = ('the shim' => $shim->log, 'PostgreSQL' => slurp_file($node->logfile));
my @tokens = (values %{ $scene->{session} }, values %{ $scene->{token} }, map { grep { length > 36 } @$_ } @{ $scene->{spare} }{qw(cancel reschedule session rename)});
for my $whose (sort keys %logs)
{
	is(lines_with($logs{$whose}, @tokens), '', "$whose logs no token");
	is(lines_with($logs{$whose}, 'Antwort Verborgen', $answer_text), '', "$whose logs no invitee's answer");
	is(lines_with($logs{$whose}, 'PANIC', 'FATAL', 'terminated by signal', 'TRAP', 'out of memory'), '', "$whose had no trouble");
}
is($shim->stop, 0, 'the shim ends well');
done_testing();
