/*
 * Round robin: which of the free members of a pool gets a meeting.
 *
 * Three rules. cursor: the next one by position, whoever was free before. least_recent: of the highest priority level
 * that is free, the one whose last pick is longest ago. weighted: of the highest level, the one whose share is due first,
 * in integer credits: a pick gives each free member of the level its weight and takes the sum from the one picked, so an
 * absent member neither gains nor loses. While the same members are free at each pick, each one's count stays within one
 * of its exact share at all times: this is the quota method (Balinski and Young 1975), which picks, of those whose count
 * would not exceed its share rounded up, the one whose next turn is due first.
 */
#ifndef OPENCALENDLY_PICK_H
#define OPENCALENDLY_PICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum Assignment
{
	ASSIGN_CURSOR,
	ASSIGN_LEAST_RECENT,
	ASSIGN_WEIGHTED
} Assignment;

typedef struct Candidate
{
	int position;
	int priority;
	int weight;
	int64_t credits;
	int64_t last_pick; /* rises with each pick; 0: never */
} Candidate;

/* The index of the one to pick; candidates are sorted by position, n > 0. cursor: the position picked last. */
extern size_t candidate_pick(Assignment rule, const Candidate *candidates, size_t n, int cursor);

/* What a pick, by the rule or not, does to each candidate's credits: those of the picked one's level share it. */
extern void candidate_credits(Assignment rule, const Candidate *candidates, size_t n, size_t picked,
							  int64_t *deltas);

#endif
