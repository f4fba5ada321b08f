# Promise: every word of the pages is a message of shim/web/assets/messages; each language has all of them, with the same
# gaps; every message that a script or a template asks for is there, each one there is asked for, and no script has words
# of its own.
use strict;
use warnings;
use utf8;
use File::Find;
use FindBin;
use JSON::PP;
use Test::More;

binmode($_, ':encoding(UTF-8)') for Test::More->builder->output, Test::More->builder->failure_output;

my $web = "$FindBin::RealBin/../shim/web";
my %plural = map { $_ => 1 } qw(zero one two few many other);

sub slurp
{
	my ($path) = @_;

	open(my $file, '<:encoding(UTF-8)', $path) or die "could not read $path: $!";
	local $/ = undef;
	return scalar <$file>;
}

# A list that ought to be empty.
sub none
{
	my ($found, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return ok(!@$found, $name) || diag(join "\n", @$found);
}

# The paths of all files with this ending, relative to shim/web.
sub files
{
	my ($ending) = @_;
	my @found;

	find({ no_chdir => 1, wanted => sub { push @found, $File::Find::name =~ s{^\Q$web\E/}{}r if /\.$ending$/ } }, $web);
	return sort @found;
}

# Forms by number, not a section.
sub is_plural
{
	my ($value) = @_;

	return exists $value->{other} && !grep { !$plural{$_} } keys %$value;
}

# key => text (or a list, or {one, other}).
sub flatten
{
	my ($tree, $at) = @_;

	return map {
		my ($key, $value) = (defined $at ? "$at.$_" : $_, $tree->{$_});
		ref $value eq 'HASH' && !is_plural($value) ? flatten($value, $key) : ($key => $value)
	} sort keys %$tree;
}

# The names of the gaps of a message, once each.
sub gaps
{
	my ($value) = @_;
	my @texts = ref $value eq 'HASH' ? values %$value : ref $value ? @$value : $value;
	my %found = map { $_ => 1 } map { /\{(\w+)\}/g } @texts;

	return join ' ', sort keys %found;
}

# The texts of a script, and what is left of it without them and without comments: a text becomes «n».
sub texts_of
{
	my ($source) = @_;
	my @texts;

	$source =~ s{
		(?<comment> //[^\n]* | /\*.*?\*/ )
		| (?<= [(,=:;!&|?\[\s] ) (?<pattern> / (?![/*\s]) (?: [^/\\\[\n] | \\. | \[ (?: [^\]\\\n] | \\. )* \] )+ / [dgimsuyv]* )
		| ' (?<single> (?: [^'\\\n] | \\. )* ) '
		| " (?<double> (?: [^"\\\n] | \\. )* ) "
		| ` (?<template> (?: [^`\\] | \\. )* ) `
	}{
		if (defined $+{comment}) { ' ' }
		elsif (defined $+{pattern}) { '/ /' }
		else {
			push @texts, $+{single} // $+{double} // $+{template};
			'«' . $#texts . '»';
		}
	}gsxe;
	return ($source, @texts);
}

my %messages = map { $_ => { flatten(JSON::PP->new->decode(slurp("$web/assets/messages/$_.json"))) } } qw(en de);
my ($en, $de) = @messages{qw(en de)};

# --- the files -------------------------------------------------------------------------------------------------------

none([ grep { !exists $de->{$_} } sort keys %$en ], 'German has every message of the English file');
none([ grep { !exists $en->{$_} } sort keys %$de ], 'English has every message of the German file');
for my $language (sort keys %messages)
{
	my $of = $messages{$language};
	none([ grep { !ref $of->{$_} && $of->{$_} !~ /\S/ } sort keys %$of ], "$language: no message is empty");
	none([ grep { !ref $of->{$_} && $of->{$_} =~ /^\s|\s$|<\w|&\w+;|--/ } sort keys %$of ], "$language: messages are plain text");
}
none([ grep { exists $de->{$_} && gaps($en->{$_}) ne gaps($de->{$_}) } sort keys %$en ], 'both languages have the same gaps');
none([ grep { ref($en->{$_}) ne ref($de->{$_} // '') } sort keys %$en ], 'and the same kinds');

# Words that are the same in both languages, or names.
my %alike = map { $_ => 1 } qw(OpenCalendly Team Teams Name Status Zone Text Link Links Webhooks Export Start), 'Google Meet';
is_deeply(
	[
		grep { !ref $en->{$_} && $en->{$_} =~ s/\{\w+\}//gr =~ /\p{L}{4}.* .*\p{L}{4}/ && $en->{$_} eq ($de->{$_} // '') && !$alike{ $en->{$_} } }
		sort keys %$en
	],
	[], 'no German message is the English one');

# --- who asks --------------------------------------------------------------------------------------------------------

my (%asked, @prefixes, @suffixed, @missing, @words);

# Names of keys, types, headers and the like, which nobody reads; and names that are the same everywhere.
my $technical = qr{^(?:
	(?:Content-Type|Idempotency-Key|If-Match|If-None-Match|Retry-After|ETag|X-Session|Accept|Link|Authorization)
	| (?:Enter|Escape|Tab|Home|End|PageUp|PageDown|Arrow(?:Up|Down|Left|Right)|Backspace|Delete|Space)
	| English | Deutsch | Google | Outlook
	| Edge | Opera | Firefox | Chrome | Safari | Android | iPhone | iPad | Windows | macOS | Linux
	| \w*Error | (?:GET|POST|PUT|PATCH|DELETE) | UTC | OC0\d\d
)$}x;

# The widget runs on pages of others, which have no messages.
for my $name (grep { $_ ne 'v0/embed/widget.js' } files('js'))
{
	my ($rest, @texts) = texts_of(slurp("$web/$name"));
	# what a developer reads in the console, and errors that no visitor sees
	my %unseen = map { $_ => 1 } $rest =~ /(?:console\.\w+|new (?:Type)?Error)\(«(\d+)»/g;

	for my $n ($rest =~ /(?<![\w.])(?:t|has)\(«(\d+)»/g)
	{
		next if $texts[$n] =~ /\$\{/;
		push @missing, "$name: $texts[$n]" unless exists $en->{ $texts[$n] };
	}
	for my $n (0 .. $#texts)
	{
		my $text = $texts[$n];
		if ($text =~ /^(\w+(?:\.\w+)*)$/)
		{
			$asked{$1} = 1;
		}
		elsif ($text =~ /^((?:\w+\.)+\w*)\$\{/ && $1 ne 'answers.') # a field of the API
		{
			push @prefixes, $1;
		}
		push @words, "$name: $text"
		  if !$unseen{$n}
		  && $text !~ $technical
		  && ($text =~ /^\s*\p{Lu}\p{Ll}{2,}(?:[\s.,:!?…]|$)/ || $text =~ /\p{L}[äöüßÄÖÜ]|[äöüßÄÖÜ]\p{L}/ || $text =~ /\p{Ll}{3,}[.!?]\s/);
	}
	# an element that is given a text, and a text that is an attribute for readers
	push @words, map { "$name: $texts[$_]" } grep { $texts[$_] =~ /\p{L}{3}/ && !exists $en->{ $texts[$_] } && $texts[$_] !~ /^\w+\.[\w.]+$/ && $texts[$_] !~ /^\$\{[^{}]*\}$|\$\{t\(/ }
	  $rest =~ /(?:«\d+»|aria-label|title|placeholder|alt)?(?:aria-label|placeholder|alt|title)[«»\d]*:\s*«(\d+)»/g;
}

for my $name (files('html'))
{
	my $source = slurp("$web/$name");
	for my $tag ($source =~ /\{\{t ([^}]+)\}\}/g)
	{
		my ($key) = split ' ', $tag;
		if ($key =~ s/\*$//)
		{
			push @prefixes, $key;
		}
		else
		{
			$asked{$key} = 1;
			push @missing, "$name: $key" unless exists $en->{$key};
		}
	}
	my $shown = $source =~ s/<!--.*?-->|\{\{.*?\}\}|<script.*?<\/script>|<[^>]*>/ /gsr;
	push @words, map { "$name: $_" } grep { !/$technical/ } $shown =~ /(\p{L}[\p{L} ]*\p{L})/g;
}

# The shim and the view helpers ask for some by name.
$asked{$_} = 1 for qw(dir languageName time.range time.weekdays time.months time.date);
push @prefixes, 'errors.', 'page.error.';
for my $source (glob "$FindBin::RealBin/../shim/*.c")
{
	$asked{$_} = 1 for slurp($source) =~ /"(\w+(?:\.\w+)+)"/g;
}

my %all_prefixes = map { $_ => 1 } @prefixes;
my $known = join '|', map { quotemeta } keys %all_prefixes;

# A key may also be put together by a section's own function: «section» is a text, or the beginning of one.
sub is_asked
{
	my ($key) = @_;

	return 1 if $asked{$key} || $key =~ /^(?:$known)/;
	my $parent = $key =~ s/\.\w+$//r;
	return $asked{$parent};
}

none(\@missing, 'every message that is asked for is there');
none([ grep { !is_asked($_) } sort keys %$en ], 'every message is asked for');
none(\@words, 'no script and no template has words of its own');
none([ grep { my $prefix = $_; !grep { index($_, $prefix) == 0 } keys %$en } sort keys %all_prefixes ], 'every beginning of a key leads somewhere');
done_testing();
