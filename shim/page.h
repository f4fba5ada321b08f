/*
 * The pages: templates of the web folder (pages/NAME.html), filled with what the database answers, in the visitor's language.
 *
 * The value that a template sees is the answer's JSON object with one more member, "frame": assets (the folder's URL), lang,
 * dir, languages[{code, name, isCurrent}], path, theme, embed, and the parameters that go along to other pages: query
 * ("?lang=de&embed=…", or "") and keep ("&lang=de&embed=…", or "").
 */
#ifndef SHIM_PAGE_H
#define SHIM_PAGE_H

#include "answer.h"

/* Compiles the templates and reads the messages; false, and it is told why, if one is wrong. After assets_start. */
extern bool pages_start(void);

/* Whether an error is to be a page: the route is one's, or a browser looks for one where there is no route. */
extern bool page_is_wanted(const Request *request);

/*
 * Makes the page of a template; a member "page" of data names another one. The status is 200, or that of data.error.code.
 * data is a JSON object as text; NULL is an empty one.
 */
extern void page_answer(Answer *answer, const Request *request, const char *name, const char *data);

/* The page of an error, in words by its code or status. */
extern void page_answer_error(Answer *answer, const Request *request, int status, const char *code);

/* Adds the parameters of the request that go along from page to page: "lang=de&theme=dark&embed=…", or nothing. */
extern void page_add_kept(const Request *request, Text *query);

#endif
