/*
 * Answers of an invitee, against the questions of the event type.
 */
#ifndef OPENCALENDLY_ANSWERS_H
#define OPENCALENDLY_ANSWERS_H

#include "compat.h"
#include "utils/jsonb.h"

#define MAX_ANSWER_LENGTH 2000

/*
 * Raises OC006 unless answers is an object of texts (at most 2000 characters each) whose keys are ids of questions and
 * that has a text that is not blank for each required one. DETAIL names the field: answers.<id>.
 */
extern void check_answers(const Jsonb *answers, const Jsonb *questions);

#endif
