/*
 * Bookings' links; the words are in link.h.
 */
#include "verbs/link.h"

#include "data/values.h"
#include "errors.h"
#include "utils/timestamp.h"
#include "verbs/check.h"

#define LINK_REMEMBERED_FOR (30 * USECS_IN_DAY)
#define MIN_TOKEN_LENGTH 32

Link
check_link(FunctionCallInfo fcinfo, int arg)
{
	char *token = check_text(fcinfo, arg, "token", 0, PG_INT32_MAX);

	if (strlen(token) < MIN_TOKEN_LENGTH || strlen(token) > MAX_TOKEN_LENGTH)
		ereport(ERROR, errcode(ERRCODE_OC_TOKEN_INVALID), errmsg("link token is invalid"));
	return keys_read_booking_link(token);
}

Link
check_reschedule_link(FunctionCallInfo fcinfo, int arg)
{
	Link link = check_link(fcinfo, arg);

	if (link.action != LINK_RESCHEDULE)
		ereport(ERROR, errcode(ERRCODE_OC_TOKEN_INVALID), errmsg("link token does not reschedule"));
	return link;
}

void
check_remembered(const Booking *booking, int64 now)
{
	if (!booking)
		ereport(ERROR, errcode(ERRCODE_OC_TOKEN_INVALID), errmsg("link token is invalid"));
	if (now > booking->ends_at + LINK_REMEMBERED_FOR)
		ereport(ERROR, errcode(ERRCODE_OC_TOKEN_EXPIRED), errmsg("link has expired"),
				errdetail("The booking ended at %s.", timestamptz_to_str(booking->ends_at)));
}

void
check_can_move(const Booking *booking)
{
	if (booking_is(booking, "canceled"))
		ereport(ERROR, errcode(ERRCODE_OC_WRONG_STATE), errmsg("booking is canceled"),
				errdetail("A canceled booking cannot be moved."), errhint("Book a new time."));
}

void
raise_moved(const Booking *successor)
{
	ereport(ERROR, errcode(ERRCODE_OC_WRONG_STATE), errmsg("booking was moved"),
			successor ? errdetail("Booking %s took its place.", id_text(&successor->id)) : 0);
}
