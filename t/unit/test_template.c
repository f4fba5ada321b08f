/* Promises of shim/template.c: whatever is put in is escaped, sections show what is there, messages are filled in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../shim/template.c" // NOLINT(bugprone-suspicious-include)
#include "../../shim/text.c"     // NOLINT(bugprone-suspicious-include)

static const char words[] =
	"{\"hello\": \"Hello, {name}!\", \"place\": {\"video\": \"A call\", \"phone\": \"By phone\"},"
	" \"open\": \"an { open brace\","
	" \"time\": {\"weekdays\": [\"Sun\", \"Mon\", \"Tue\", \"Wed\", \"Thu\", \"Fri\", \"Sat\"],"
	" \"months\": [\"Jan\", \"Feb\", \"Mar\"], \"date\": \"{weekday}, {day} {month} {year}\"}}";

static const Template *partial;

static const Template *
find_partial(const char *name)
{
	return strcmp(name, "partial") == 0 ? partial : NULL;
}

/* Fails unless the template makes this of the JSON. */
static void
assert_makes(const char *source, const char *json, const char *expected)
{
	const char *error = NULL;
	Template *template = template_compile(source, strlen(source), &error);
	json_t *value = json_loads(json, 0, NULL);
	json_t *messages = json_loads(words, 0, NULL);
	Text out = { 0 };

	assert_null(error);
	assert_non_null(template);
	assert_non_null(value);
	template_render(template, find_partial, value, messages, &out);
	assert_string_equal(out.data ? out.data : "", expected);
	text_free(&out);
	json_decref(value);
	json_decref(messages);
	template_free(template);
}

static void
assert_wrong(const char *source, const char *what)
{
	const char *error = "";

	Template *template = template_compile(source, strlen(source), &error);
	bool was_made = template != NULL;

	if (template)
		template_free(template);
	assert_false(was_made);
	assert_non_null(error ? strstr(error, what) : NULL);
}

static void
test_values_are_escaped(void **state)
{
	assert_makes("<p title=\"{{a}}\">{{a}}</p>", "{\"a\": \"<b>&\\\"'\"}",
				 "<p title=\"&lt;b&gt;&amp;&quot;&#39;\">&lt;b&gt;&amp;&quot;&#39;</p>");
	assert_makes("{{a.b}}{{a.c}}{{none}}", "{\"a\": {\"b\": 7}}", "7");
	assert_makes("{{a}}", "{\"a\": \"{{b}}\", \"b\": \"no\"}", "{{b}}");
	assert_makes("{{url a}}", "{\"a\": \"a b&c=ä/\"}", "a%20b%26c%3D%C3%A4%2F");
	assert_makes("{{a}}{{b}}{{c}}", "{\"a\": null, \"b\": true, \"c\": {}}", "");
}

static void
test_json_cannot_end_its_script(void **state)
{
	assert_makes("{{json a}}", "{\"a\": {\"b\": \"</script><!--&\"}}",
				 "{\"b\":\"\\u003c/script\\u003e\\u003c!--\\u0026\"}");
	assert_makes("{{json none}}", "{}", "null");
	assert_makes("{{json a}}", "{\"a\": \"x\"}", "\"x\"");
}

static void
test_sections(void **state)
{
	assert_makes("{{#a}}<{{x}}{{y}}>{{/a}}", "{\"a\": [{\"x\": 1}, {\"x\": 2}], \"y\": \"!\"}",
				 "<1!><2!>");
	assert_makes("{{#a}}{{.}},{{/a}}", "{\"a\": [\"x\", \"y\"]}", "x,y,");
	assert_makes("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{\"a\": []}", "no");
	assert_makes("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{\"a\": false}", "no");
	assert_makes("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{\"a\": \"\"}", "no");
	assert_makes("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{\"a\": 0}", "no");
	assert_makes("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{\"a\": null}", "no");
	assert_makes("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{}", "no");
	assert_makes("{{#a.b}}{{c}}{{/a.b}}", "{\"a\": {\"b\": {\"c\": 3}}, \"c\": 9}", "3");
	assert_makes("{{#a}}{{#b}}{{c}}{{/b}}{{/a}}{{! nothing }}.",
				 "{\"a\": true, \"b\": true, \"c\": 5}", "5.");
}

static void
test_messages(void **state)
{
	assert_makes("{{t hello}}", "{\"name\": \"<Ada>\"}", "Hello, &lt;Ada&gt;!");
	assert_makes("{{t hello name=user.name}}", "{\"name\": \"no\", \"user\": {\"name\": \"Bo\"}}",
				 "Hello, Bo!");
	assert_makes("{{t hello}}", "{}", "Hello, !");
	assert_makes("{{t hello}}", "{\"name\": \"\\u05d0\"}", "Hello, \u2068\u05d0\u2069!");
	assert_makes("{{t hello}}", "{\"name\": \"A\\u202eB\"}", "Hello, \u2068A\u202eB\u2069!");
	assert_makes("{{t hello}}", "{\"name\": \"\\u00e4 \\u2013 \\u20ac\"}",
				 "Hello, \u00e4 \u2013 \u20ac!");
	assert_makes("{{t place.* kind}}", "{\"kind\": \"phone\"}", "By phone");
	assert_makes("{{t place.* kind}}", "{\"kind\": \"moon\"}", "");
	assert_makes("{{t place.* kind}}", "{}", "");
	assert_makes("{{t open}}", "{}", "an ");
	assert_makes("{{date day}}", "{\"day\": \"2026-03-08\"}", "Sun, 8 Mar 2026");
	assert_makes("{{date day}}", "{\"day\": \"soon\"}", "");
	assert_makes(
		"{{messages place hello}}", "{}",
		"{\"place\":{\"video\":\"A call\",\"phone\":\"By phone\"},\"hello\":\"Hello, {name}!\"}");
}

static void
test_partials(void **state)
{
	static const char endless[] = "x{{>partial}}";
	const char *error;
	Template *template = template_compile(endless, strlen(endless), &error);
	Text expected = { 0 };

	partial = template;
	for (int i = 0; i < MAX_DEPTH; i++)
		text_add(&expected, "x");
	assert_makes("{{>partial}}", "{}", expected.data);
	text_free(&expected);
	template_free(template);
}

static void
test_mistakes_are_found_at_the_start(void **state)
{
	static const char source[] = "{{t hello}}{{t nothing.here}}";
	const char *error;
	const char *missing;
	Template *template = template_compile(source, strlen(source), &error);
	json_t *messages = json_loads(words, 0, NULL);

	assert_wrong("{{#a}}", "a");
	assert_wrong("{{/a}}", "a");
	assert_wrong("{{#a}}{{/b}}", "b");
	assert_wrong("{{a", "}}");
	assert_wrong("{{}}", "tag");
	assert_wrong("{{a b}}", "tag");
	assert_false(template_check(template, find_partial, messages, &missing));
	assert_string_equal(missing, "nothing.here");
	json_decref(messages);
	template_free(template);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_are_escaped),
		cmocka_unit_test(test_json_cannot_end_its_script),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_partials),
		cmocka_unit_test(test_mistakes_are_found_at_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
