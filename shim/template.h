/*
 * Templates: text with tags that JSON fills in. Whatever is put in is escaped for HTML, in texts and in quoted attributes.
 *
 *   {{name}} {{a.b}} {{.}}      a value; the first part of a dotted name is looked for in the innermost section, then outwards
 *   {{#name}} … {{/name}}       for each item of a list; else once, if the value is neither false, null, "", 0, {} nor absent
 *   {{^name}} … {{/name}}       if the former shows nothing
 *   {{>name}}                   another template, here
 *   {{t key a=b …}}             a message of the language; its {a} is the value b ({a} itself is a value's name otherwise).
 *   {{t key.* name}}            … whose key ends with a value
 *   {{messages a b …}}          those sections of the messages as JSON, for the page's scripts
 *   {{date name}}               "2026-12-03" as the language writes dates
 *   {{url name}}                percent-encoded, for a part of a URL
 *   {{json name}}               JSON, for a script of type application/json
 *   {{! a comment}}
 *
 * Messages are texts with {names}; they may stand in objects.
 */
#ifndef SHIM_TEMPLATE_H
#define SHIM_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "text.h"

typedef struct Template Template;

/* Finds a template that another one names; NULL: there is none. */
typedef const Template *(*TemplateFinder)(const char *name);

/*
 * NULL, and *error tells where, if sections do not match or a tag is not known; else *error is NULL. source must stay. For
 * the start, where one thread is there.
 */
extern Template *template_compile(const char *source, size_t len, const char **error);
extern void template_free(Template *template);

/* False, and *missing is the name, if the template asks for a message or a template that there is not. */
extern bool template_check(const Template *template, TemplateFinder find, const json_t *messages,
						   const char **missing);

/* Adds what the template makes of the value. */
extern void template_render(const Template *template, TemplateFinder find, json_t *value,
							const json_t *messages, Text *out);

#endif
