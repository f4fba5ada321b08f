/*
 * Round robin; the rules are in pick.h. Weights are at most 1000, so that for any pool of less than a million members and
 * any credits below 2^40 no product overflows.
 */
#include "pure/pick.h"

static size_t
next_by_position(const Candidate *candidates, size_t n, int cursor)
{
	for (size_t i = 0; i < n; i++)
		if (candidates[i].position > cursor)
			return i;
	return 0;
}

static int
highest_level(const Candidate *candidates, size_t n)
{
	int highest = candidates[0].priority;

	for (size_t i = 1; i < n; i++)
		if (candidates[i].priority > highest)
			highest = candidates[i].priority;
	return highest;
}

static size_t
least_recent(const Candidate *candidates, size_t n)
{
	int level = highest_level(candidates, n);
	size_t best = n;

	for (size_t i = 0; i < n; i++)
		if (candidates[i].priority == level &&
			(best == n || candidates[i].last_pick < candidates[best].last_pick))
			best = i;
	return best;
}

/* The sums of weights and credits of the level. */
static void
add_up(const Candidate *candidates, size_t n, int level, int64_t *weights, int64_t *credits)
{
	*weights = *credits = 0;
	for (size_t i = 0; i < n; i++)
		if (candidates[i].priority == level)
		{
			*weights += candidates[i].weight;
			*credits += candidates[i].credits;
		}
}

/*
 * Whose next turn is due first: after (weights - credits) / weight more picks. Only who is behind its share may be
 * picked; seen from the level's own sum of credits, which is not 0 when it has shared picks with others.
 */
static size_t
due_first(const Candidate *candidates, size_t n)
{
	int level = highest_level(candidates, n);
	int64_t weights;
	int64_t credits;
	size_t best = n;

	add_up(candidates, n, level, &weights, &credits);
	for (size_t i = 0; i < n; i++)
	{
		const Candidate *c = &candidates[i];
		const Candidate *b = best < n ? &candidates[best] : NULL;

		if (c->priority != level || weights * c->credits + (weights - credits) * c->weight <= 0)
			continue;
		if (!b || (weights - c->credits) * b->weight < (weights - b->credits) * c->weight)
			best = i;
	}
	return best;
}

size_t
candidate_pick(Assignment rule, const Candidate *candidates, size_t n, int cursor)
{
	switch (rule)
	{
		case ASSIGN_LEAST_RECENT:
			return least_recent(candidates, n);
		case ASSIGN_WEIGHTED:
			return due_first(candidates, n);
		case ASSIGN_CURSOR:
			break;
	}
	return next_by_position(candidates, n, cursor);
}

void
candidate_credits(Assignment rule, const Candidate *candidates, size_t n, size_t picked,
				  int64_t *deltas)
{
	for (size_t i = 0; i < n; i++)
		deltas[i] = 0;
	if (rule != ASSIGN_WEIGHTED)
		return;
	for (size_t i = 0; i < n; i++)
		if (candidates[i].priority == candidates[picked].priority)
		{
			deltas[i] += candidates[i].weight;
			deltas[picked] -= candidates[i].weight;
		}
}
