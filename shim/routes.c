/*
 * The route table; the words are in routes.h. docs/http.md and web/v0/openapi.json tell what each route takes and answers;
 * t/040_contract.pl compares them with this table and the table with the database.
 *
 * Words of params: ":name" of the path, "?name" of the query, "body", "session", "client", "key" (Idempotency-Key),
 * "if-match", "if-none-match", "user-agent", "session-mode" (X-Session), "goog-..." (X-Goog-...), "origins" (those that the
 * settings allow), "form".
 */
#include "routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define SIGNED_IN .auth = AUTH_SESSION, .limit = LIMIT_AUTH
#define SLOTS "?timezone ?start ?days ?limit ?cursor ?hold if-none-match"
#define PAGE(name) .page = (name), .limit = LIMIT_PAGE
#define FORM(name) .page = (name), .limit = LIMIT_BOOKING

/* More specific paths stand first. */
Route routes[] = {
	/* signing in */
	{ "POST", "/v0/auth/magic-link", "api_request_login_link", "body", .limit = LIMIT_MAGIC },
	{ "POST", "/v0/auth/verify", "api_verify_login_link", "session-mode user-agent body",
	  .limit = LIMIT_AUTH },
	{ "GET", "/v0/auth/me", "api_me", "session", SIGNED_IN },
	{ "POST", "/v0/auth/logout", "api_logout", "session body", SIGNED_IN },
	{ "GET", "/v0/auth/sessions", "api_sessions", "session", SIGNED_IN },
	{ "DELETE", "/v0/auth/sessions/:id", "api_delete_session", "session :id", SIGNED_IN },
	{ "PATCH", "/v0/me", "api_update_me", "session body", SIGNED_IN },

	/* the organizer's */
	{ "GET", "/v0/event-types", "api_event_types", "session", SIGNED_IN },
	{ "POST", "/v0/event-types", "api_create_event_type", "session body", SIGNED_IN },
	{ "PATCH", "/v0/event-types/:id", "api_update_event_type", "session :id body", SIGNED_IN },
	{ "DELETE", "/v0/event-types/:id", "api_delete_event_type", "session :id", SIGNED_IN },
	{ "GET", "/v0/event-types/:id/notification-rules", "api_notification_rules", "session :id",
	  SIGNED_IN },
	{ "PUT", "/v0/event-types/:id/notification-rules", "api_set_notification_rules",
	  "session :id body", SIGNED_IN },
	{ "GET", "/v0/event-types/:id/explain", "api_explain", "session :id ?startsAt", SIGNED_IN },
	{ "GET", "/v0/me/availability", "api_hours", "session if-none-match", SIGNED_IN },
	{ "PUT", "/v0/me/availability/rules", "api_set_rules", "session if-match body", SIGNED_IN },
	{ "PUT", "/v0/me/availability/overrides", "api_set_overrides", "session if-match body",
	  SIGNED_IN },
	{ "GET", "/v0/me/schedules", "api_schedules", "session", SIGNED_IN },
	{ "POST", "/v0/me/schedules", "api_create_schedule", "session body", SIGNED_IN },
	{ "GET", "/v0/me/schedules/:id", "api_schedule", "session :id if-none-match", SIGNED_IN },
	{ "PATCH", "/v0/me/schedules/:id", "api_update_schedule", "session :id if-match body",
	  SIGNED_IN },
	{ "DELETE", "/v0/me/schedules/:id", "api_delete_schedule", "session :id", SIGNED_IN },
	{ "GET", "/v0/me/time-off", "api_time_off", "session", SIGNED_IN },
	{ "POST", "/v0/me/time-off", "api_create_time_off", "session body", SIGNED_IN },
	{ "DELETE", "/v0/me/time-off/:id", "api_delete_time_off", "session :id", SIGNED_IN },
	{ "GET", "/v0/bookings", "api_bookings", "session ?status ?from ?to ?cursor ?limit",
	  SIGNED_IN },
	{ "GET", "/v0/bookings/:id", "api_booking", "session :id", SIGNED_IN },

	/* what a link may do; before the bookings' own paths of as many segments */
	{ "GET", "/v0/bookings/actions/:token", "api_action", ":token", .limit = LIMIT_PAGE,
	  .is_public = true },
	{ "GET", "/v0/bookings/actions/:token/availability", "api_action_availability", ":token " SLOTS,
	  .limit = LIMIT_PAGE, .cache = CACHE_CHECK, .is_public = true },
	{ "POST", "/v0/bookings/actions/:token/cancel", "api_action_cancel", ":token body",
	  .limit = LIMIT_BOOKING, .is_public = true },
	{ "POST", "/v0/bookings/actions/:token/reschedule", "api_action_reschedule", ":token key body",
	  .limit = LIMIT_BOOKING, .is_public = true },
	{ "GET", "/v0/bookings/actions/:token/invite.ics", "api_action_invite", ":token",
	  .limit = LIMIT_PAGE, .is_public = true,
	  .type = "text/calendar; charset=utf-8; method=PUBLISH" },
	{ "POST", "/v0/bookings/:id/cancel", "api_cancel_booking", "session :id body", SIGNED_IN },
	{ "POST", "/v0/bookings/:id/reschedule", "api_reschedule_booking", "session :id body",
	  SIGNED_IN },
	{ "POST", "/v0/bookings/:id/no-show", "api_no_show", "session :id body", SIGNED_IN },

	/* booking */
	{ "GET", "/v0/users/:username/event-types", "api_public_event_types", ":username",
	  .limit = LIMIT_PAGE, .is_public = true },
	{ "GET", "/v0/users/:username/event-types/:slug", "api_public_event_type", ":username :slug",
	  .limit = LIMIT_PAGE, .is_public = true },
	{ "GET", "/v0/users/:username/event-types/:slug/availability", "api_availability",
	  ":username :slug " SLOTS, .limit = LIMIT_PAGE, .cache = CACHE_CHECK, .is_public = true },
	{ "POST", "/v0/holds", "api_create_hold", "client body", .limit = LIMIT_BOOKING,
	  .is_public = true },
	{ "DELETE", "/v0/holds/:token", "api_delete_hold", ":token", .limit = LIMIT_BOOKING,
	  .is_public = true },
	{ "POST", "/v0/bookings", "api_create_booking", "key body", .limit = LIMIT_BOOKING,
	  .is_public = true, .makes_booking = true },
	{ "POST", "/v0/team-bookings", "api_create_team_booking", "key body", .limit = LIMIT_BOOKING,
	  .is_public = true, .makes_booking = true },

	/* teams */
	{ "GET", "/v0/teams", "api_teams", "session", SIGNED_IN },
	{ "POST", "/v0/teams", "api_create_team", "session body", SIGNED_IN },
	{ "PATCH", "/v0/teams/:id", "api_update_team", "session :id body", SIGNED_IN },
	{ "DELETE", "/v0/teams/:id", "api_delete_team", "session :id", SIGNED_IN },
	{ "GET", "/v0/teams/:teamId/members", "api_team_members", "session :teamId", SIGNED_IN },
	{ "POST", "/v0/teams/:teamId/members", "api_invite_member", "session :teamId body", SIGNED_IN },
	{ "PATCH", "/v0/teams/:teamId/members/:userId", "api_update_member",
	  "session :teamId :userId body", SIGNED_IN },
	{ "DELETE", "/v0/teams/:teamId/members/:userId", "api_remove_member", "session :teamId :userId",
	  SIGNED_IN },
	{ "POST", "/v0/teams/:id/accept", "api_accept_invitation", "session :id body", SIGNED_IN },
	{ "POST", "/v0/teams/:id/decline", "api_decline_invitation", "session :id body", SIGNED_IN },
	{ "POST", "/v0/teams/:id/leave", "api_leave_team", "session :id body", SIGNED_IN },
	{ "GET", "/v0/teams/:teamId/event-types", "api_team_event_types", "session :teamId",
	  SIGNED_IN },
	{ "POST", "/v0/team-event-types", "api_create_team_event_type", "session body", SIGNED_IN },
	{ "PATCH", "/v0/team-event-types/:id", "api_update_team_event_type", "session :id body",
	  SIGNED_IN },
	{ "GET", "/v0/team-event-types/:id/ledger", "api_team_ledger", "session :id ?cursor ?limit",
	  SIGNED_IN },
	{ "GET", "/v0/teams/:teamSlug/event-types/:eventSlug", "api_public_team_event_type",
	  ":teamSlug :eventSlug", .limit = LIMIT_PAGE, .is_public = true },
	{ "GET", "/v0/teams/:teamSlug/event-types/:eventSlug/availability", "api_team_availability",
	  ":teamSlug :eventSlug " SLOTS, .limit = LIMIT_PAGE, .cache = CACHE_CHECK, .is_public = true },

	/* webhooks */
	{ "GET", "/v0/webhooks", "api_webhooks", "session", SIGNED_IN },
	{ "POST", "/v0/webhooks", "api_create_webhook", "session body", SIGNED_IN },
	{ "POST", "/v0/webhooks/deliveries/run", "api_run_deliveries", "session ?limit body",
	  SIGNED_IN },
	{ "POST", "/v0/webhooks/deliveries/:id/replay", "api_replay_delivery", "session :id body",
	  SIGNED_IN },
	{ "GET", "/v0/webhooks/:id", "api_webhook", "session :id", SIGNED_IN },
	{ "PATCH", "/v0/webhooks/:id", "api_update_webhook", "session :id body", SIGNED_IN },
	{ "DELETE", "/v0/webhooks/:id", "api_delete_webhook", "session :id", SIGNED_IN },
	{ "POST", "/v0/webhooks/:id/ping", "api_ping_webhook", "session :id body", SIGNED_IN },
	{ "POST", "/v0/webhooks/:id/resume", "api_resume_webhook", "session :id body", SIGNED_IN },
	{ "POST", "/v0/webhooks/:id/replay", "api_replay_webhook", "session :id body", SIGNED_IN },
	{ "GET", "/v0/webhooks/:id/deliveries", "api_webhook_deliveries",
	  "session :id ?status ?cursor ?limit", SIGNED_IN },

	/* calendars */
	{ "GET", "/v0/calendar/sync/status", "api_calendar_status", "session", SIGNED_IN },
	{ "POST", "/v0/calendar/google/connect/start", "api_start_connect", "session origins body",
	  SIGNED_IN },
	{ "POST", "/v0/calendar/google/connect/complete", "api_complete_connect", "session body",
	  .then = "api_await_connect", SIGNED_IN },
	{ "POST", "/v0/calendar/google/sync", "api_sync_calendars", "session body",
	  .then = "api_await_sync", SIGNED_IN },
	{ "POST", "/v0/calendar/google/disconnect", "api_disconnect_calendars", "session body",
	  .then = "api_await_disconnect", SIGNED_IN },
	{ "POST", "/v0/calendar/google/notify", "api_calendar_notify",
	  "goog-channel-id goog-channel-token goog-resource-state", .limit = LIMIT_NONE },
	{ "PATCH", "/v0/calendar/connections/:id", "api_update_connection", "session :id body",
	  SIGNED_IN },
	{ "POST", "/v0/calendar/connections/:id/sync", "api_sync_connection", "session :id body",
	  .then = "api_await_connection_sync", SIGNED_IN },
	{ "POST", "/v0/calendar/connections/:id/disconnect", "api_disconnect_connection",
	  "session :id body", .then = "api_await_connection_disconnect", SIGNED_IN },
	{ "GET", "/v0/calendar/writeback/status", "api_writeback_status", "session", SIGNED_IN },
	{ "POST", "/v0/calendar/writeback/run", "api_run_writeback", "session ?limit body", SIGNED_IN },

	/* mails */
	{ "POST", "/v0/notifications/run", "api_run_notifications", "session ?limit body", SIGNED_IN },

	/* the pages */
	{ "GET", "/", NULL, "", PAGE("home") },
	{ "GET", "/console", NULL, "", PAGE("console") },
	{ "GET", "/auth/verify", NULL, "", PAGE("verify"), .is_private = true },
	{ "GET", "/settings/calendar/google/callback", NULL, "", PAGE("callback"), .is_private = true },
	{ "GET", "/bookings/actions/:token", "api_page_action", ":token ?done ?other ?start",
	  PAGE("action"), .is_private = true },
	{ "POST", "/bookings/actions/:token", "api_page_action_form", ":token form", FORM("action"),
	  .is_private = true },
	{ "GET", "/team/:teamSlug/:slug", "api_page_team_event",
	  ":teamSlug :slug ?timezone ?start ?at ?booked ?move", PAGE("event"), .is_embeddable = true },
	{ "POST", "/team/:teamSlug/:slug", "api_page_team_event_form", ":teamSlug :slug form",
	  FORM("event"), .is_embeddable = true, .makes_booking = true },
	{ "GET", "/:username", "api_page_user", ":username", PAGE("user") },
	{ "GET", "/:username/:slug", "api_page_event",
	  ":username :slug ?timezone ?start ?at ?booked ?move", PAGE("event"), .is_embeddable = true },
	{ "POST", "/:username/:slug", "api_page_event_form", ":username :slug form", FORM("event"),
	  .is_embeddable = true, .makes_booking = true },
};
int nroutes = sizeof(routes) / sizeof(routes[0]);
_Static_assert(sizeof(routes) / sizeof(routes[0]) < MAX_ROUTES,
			   "one number is for what is no route");

/* A mistake in the table is found at the first start. */
static void
refuse_table(const Route *route, const char *what)
{
	fprintf(stderr, "route %s %s: %s\n", route->method, route->path, what);
	abort();
}

static void
split_path(Route *route)
{
	char *rest = NULL;
	char *copy = copy_string(route->path);

	for (char *part = strtok_r(copy, "/", &rest); part; part = strtok_r(NULL, "/", &rest))
	{
		if (route->nsegments == MAX_SEGMENTS)
			refuse_table(route, "too many segments");
		route->segment[route->nsegments++] = part;
		route->has_token |= strcmp(part, ":token") == 0;
	}
}

static int
segment_of(const Route *route, const char *name)
{
	for (int i = 0; i < route->nsegments; i++)
		if (route->segment[i][0] == ':' && strcmp(route->segment[i] + 1, name) == 0)
			return i;
	refuse_table(route, "a parameter is not in the path");
	return -1;
}

static Param
read_param(const Route *route, const char *word)
{
	static const struct
	{
		const char *word;
		ParamSource source;
		const char *name;
	} words[] = {
		{ "body", PARAM_BODY, "body" },
		{ "session", PARAM_SESSION, "Authorization" },
		{ "client", PARAM_CLIENT, "client" },
		{ "key", PARAM_IDEMPOTENCY_KEY, "Idempotency-Key" },
		{ "if-match", PARAM_IF_MATCH, "If-Match" },
		{ "if-none-match", PARAM_IF_NONE_MATCH, "If-None-Match" },
		{ "user-agent", PARAM_USER_AGENT, "User-Agent" },
		{ "session-mode", PARAM_SESSION_MODE, "X-Session" },
		{ "goog-channel-id", PARAM_HEADER, "X-Goog-Channel-ID" },
		{ "goog-channel-token", PARAM_HEADER, "X-Goog-Channel-Token" },
		{ "goog-resource-state", PARAM_HEADER, "X-Goog-Resource-State" },
		{ "origins", PARAM_ORIGINS, "origins" },
		{ "form", PARAM_FORM, "form" },
	};

	if (word[0] == ':')
		return (Param) { PARAM_PATH, word + 1, segment_of(route, word + 1) };
	if (word[0] == '?')
		return (Param) { PARAM_QUERY, word + 1, -1 };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, word) == 0)
			return (Param) { words[i].source, words[i].name, -1 };
	refuse_table(route, "an unknown parameter word");
	return (Param) { PARAM_BODY, NULL, -1 };
}

static void
split_params(Route *route)
{
	char *rest = NULL;
	char *copy = copy_string(route->params);

	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
	{
		if (route->nparams == MAX_PARAMS)
			refuse_table(route, "too many parameters");
		route->param[route->nparams++] = read_param(route, word);
	}
}

static const char *
call_of(const Route *route, const char *function)
{
	Text sql = { 0 };

	text_addf(&sql, "SELECT * FROM opencalendly.%s(", function);
	for (int i = 1; i <= route->nparams; i++)
		text_addf(&sql, "%s$%d", i > 1 ? ", " : "", i);
	text_add(&sql, ")");
	return sql.data;
}

static void
make_sql(Route *route)
{
	char name[16];

	if (!route->function)
		return;
	route->sql = call_of(route, route->function);
	snprintf(name, sizeof(name), "route_%d", route->number);
	route->statement = copy_string(name);
	if (!route->then)
		return;
	route->then_sql = call_of(route, route->then);
	snprintf(name, sizeof(name), "then_%d", route->number);
	route->then_statement = copy_string(name);
}

void
routes_start(void)
{
	for (int i = 0; i < nroutes; i++)
	{
		routes[i].number = i;
		split_path(&routes[i]);
		split_params(&routes[i]);
		make_sql(&routes[i]);
	}
}

static bool
is_path_of(const Route *route, char *const *segments, int nsegments)
{
	/* of the API's paths none is a person's */
	if (route->nsegments != nsegments ||
		(route->page && nsegments > 0 && strcmp(segments[0], "v0") == 0))
		return false;
	for (int i = 0; i < nsegments; i++)
		if (route->segment[i][0] != ':' && strcmp(route->segment[i], segments[i]) != 0)
			return false;
	return true;
}

static void
add_method(char *allow, size_t size, const char *method)
{
	size_t len = strlen(allow);

	if (!list_has(allow, method))
		snprintf(allow + len, size - len, "%s%s", len ? ", " : "", method);
}

RouteMatch
route_find(const char *method, char *const *segments, int nsegments)
{
	RouteMatch match = { NULL, "" };

	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (int i = 0; i < nroutes && !match.route; i++)
	{
		if (!is_path_of(&routes[i], segments, nsegments))
			continue;
		add_method(match.allow, sizeof(match.allow), routes[i].method);
		if (strcmp(routes[i].method, "GET") == 0)
			add_method(match.allow, sizeof(match.allow), "HEAD");
		if (strcmp(routes[i].method, method) == 0)
			match.route = &routes[i];
	}
	if (match.allow[0])
		add_method(match.allow, sizeof(match.allow), "OPTIONS");
	return match;
}

void
routes_show(void)
{
	static const char *const limits[LIMIT_CLASSES] = {
		[LIMIT_NONE] = "-",      [LIMIT_PAGE] = "page", [LIMIT_BOOKING] = "booking",
		[LIMIT_MAGIC] = "magic", [LIMIT_AUTH] = "auth", [LIMIT_BOOKED] = "booked"
	};

	for (int i = 0; i < nroutes; i++)
	{
		const Route *route = &routes[i];

		printf("%s %s %s ", route->method, route->path, route->function ? route->function : "-");
		for (const char *c = route->params; *c; c++)
			putchar(*c == ' ' ? ',' : *c);
		printf("%s %s %s %s %s %s\n", *route->params ? "" : "-",
			   route->auth == AUTH_SESSION ? "session" : "-", limits[route->limit],
			   route->cache == CACHE_CHECK ? "check" : "no-store", route->then ? route->then : "-",
			   route->page ? route->page : "api");
	}
}
