/*
 * Forms as browsers send them without JavaScript: application/x-www-form-urlencoded.
 */
#ifndef SHIM_FORM_H
#define SHIM_FORM_H

#include "request.h"

/* Adds the fields of the request's body as a JSON object of texts; line ends become \n. A field that comes twice is refused. */
extern Refusal form_read(const Request *request, Text *json);

#endif
