/*
 * Checks answers; the words are in answers.h. The questions come out of the event type, whose constraint has checked
 * their form.
 */
#include "data/answers.h"

#include "errors.h"
#include "mb/pg_wchar.h"

static void
raise_answer(const char *message, const char *id, int idlen)
{
	int shown = pg_mbcliplen(id, idlen, 64);

	ereport(ERROR, errcode(ERRCODE_OC_BAD_INPUT), errmsg("%s", message),
			errdetail("Field \"answers.%.*s\" is at fault.", shown, id));
}

static JsonbValue *
member(const Jsonb *object, const char *key, int keylen)
{
	return getKeyJsonValueFromContainer((JsonbContainer *) &object->root, key, keylen, NULL);
}

/* The question of an id: the list has at most 20. */
static bool
question_exists(const Jsonb *questions, const JsonbValue *id)
{
	JsonbIterator *it = JsonbIteratorInit((JsonbContainer *) &questions->root);
	JsonbIteratorToken token;
	JsonbValue value;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
		if (token == WJB_ELEM && value.type == jbvBinary)
		{
			JsonbValue *its_id = getKeyJsonValueFromContainer(value.val.binary.data, "id", 2, NULL);

			if (its_id->val.string.len == id->val.string.len &&
				memcmp(its_id->val.string.val, id->val.string.val, id->val.string.len) == 0)
				return true;
		}
	return false;
}

static void
check_given(const Jsonb *answers, const Jsonb *questions)
{
	JsonbIterator *it = JsonbIteratorInit((JsonbContainer *) &answers->root);
	JsonbIteratorToken token;
	JsonbValue value;
	JsonbValue id = { 0 };

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			id = value;
			if (!question_exists(questions, &id))
				raise_answer("answer to a question that is not asked", id.val.string.val,
							 id.val.string.len);
		}
		else if (token == WJB_VALUE && value.type != jbvString)
			raise_answer("answer must be a text", id.val.string.val, id.val.string.len);
		else if (token == WJB_VALUE &&
				 pg_mbstrlen_with_len(value.val.string.val, value.val.string.len) >
					 MAX_ANSWER_LENGTH)
			raise_answer("answer must have at most 2000 characters", id.val.string.val,
						 id.val.string.len);
	}
}

static bool
is_blank(const JsonbValue *answer)
{
	for (int i = 0; i < answer->val.string.len; i++)
		if (!strchr(" \t\r\n", answer->val.string.val[i]))
			return false;
	return true;
}

static void
check_required(const Jsonb *answers, const Jsonb *questions)
{
	JsonbIterator *it = JsonbIteratorInit((JsonbContainer *) &questions->root);
	JsonbIteratorToken token;
	JsonbValue value;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		JsonbValue *required;
		JsonbValue *id;
		JsonbValue *answer;

		if (token != WJB_ELEM || value.type != jbvBinary)
			continue;
		required = getKeyJsonValueFromContainer(value.val.binary.data, "required", 8, NULL);
		if (!required || required->type != jbvBool || !required->val.boolean)
			continue;
		id = getKeyJsonValueFromContainer(value.val.binary.data, "id", 2, NULL);
		answer = member(answers, id->val.string.val, id->val.string.len);
		if (!answer || is_blank(answer))
			raise_answer("answer to a required question is missing", id->val.string.val,
						 id->val.string.len);
	}
}

void
check_answers(const Jsonb *answers, const Jsonb *questions)
{
	if (!JB_ROOT_IS_OBJECT(answers))
		ereport(ERROR, errcode(ERRCODE_OC_BAD_INPUT), errmsg("answers must be a JSON object"),
				errdetail("Field \"answers\" is of another type."));
	check_given(answers, questions);
	check_required(answers, questions);
}
