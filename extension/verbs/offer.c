/*
 * Offers: found, tagged, written; the words are in offer.h.
 *
 * A month of slots is some hundred rows of JSON, and most of the time that they cost would be spent on writing them as
 * rows, texts and timestamps of PostgreSQL's. So they are written straight into the body, which has room for all of them
 * from the beginning. offer_json and offer_tag go through the same fields: what is added to the one must be added to
 * the other.
 */
#include "verbs/offer.h"

#include "common/hashfn.h"
#include "executor/spi.h"
#include "pure/crypto.h"
#include "pure/iso.h"
#include "time/civil.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* Goes up whenever the form of the JSON changes. */
#define TAG_VERSION 2

#define FIRST_ROOM 512
#define UUID_TEXT_LENGTH 36

static void
grow(Offer *offer)
{
	offer->room *= 2;
	offer->starts = repalloc(offer->starts, offer->room * sizeof(int64));
	if (offer->seats_left)
		offer->seats_left = repalloc(offer->seats_left, offer->room * sizeof(int32));
	if (offer->hosts)
		offer->hosts = repalloc(offer->hosts, (size_t) offer->room * offer->listed * sizeof(int32));
}

static void
add_slot(Offer *offer, const OfferedSlot *slot)
{
	if (offer->nslots == offer->room)
		grow(offer);
	offer->starts[offer->nslots] = slot->during.start;
	offer->has_fractions |= slot->during.start % USECS_PER_SEC != 0;
	if (offer->seats_left)
		offer->seats_left[offer->nslots] = slot->seats_left;
	for (int i = 0; offer->hosts && i < offer->listed; i++)
		offer->hosts[offer->nslots * offer->listed + i] =
			i < slot->nhosts ? (int32) (slot->hosts[i]->attendee - offer->event->attendees) : -1;
	offer->nslots++;
}

static void
find_slots(Offer *offer, const SlotRequest *request)
{
	Sweep sweep;
	OfferedSlot slot;

	sweep_begin(&sweep, request, offer->form->shows_hosts ? LISTED_HOSTS : 1);
	offer->is_stale = sweep_is_stale(&sweep);
	while (sweep_next(&sweep, &slot))
	{
		if (offer->nslots == offer->form->most)
		{
			offer->has_more = true;
			return;
		}
		add_slot(offer, &slot);
	}
}

Offer *
offer_make(const SlotRequest *request, const OfferForm *form)
{
	const EventType *event = request->event;
	Offer *offer = palloc0(sizeof(Offer));

	*offer = (Offer) { .form = form, .event = event, .room = FIRST_ROOM };
	offer->starts = palloc(offer->room * sizeof(int64));
	if (event->seats > 1)
		offer->seats_left = palloc(offer->room * sizeof(int32));
	if (form->shows_hosts && event->mode == MODE_ROUND_ROBIN)
	{
		offer->listed = Min(LISTED_HOSTS, event->nattendees);
		offer->hosts = palloc((size_t) offer->room * offer->listed * sizeof(int32));
	}
	if (request->range.start < request->range.end)
		find_slots(offer, request);
	if (offer->nslots > 0)
		offer->spans = civil_spans(form->zone, offer->starts[0],
								   offer->starts[offer->nslots - 1] + 1, &offer->nspans);
	return offer;
}

/* Two hashes of everything, one after the other, each begun with another number. */
typedef struct Tag
{
	uint64 halves[2];
} Tag;

static void
tag_add(Tag *tag, const void *data, size_t len)
{
	for (int i = 0; i < 2; i++)
		tag->halves[i] = hash_bytes_extended(data, (int) len, tag->halves[i]);
}

void
offer_tag(const Offer *offer, char text[OFFER_TAG_LENGTH + 1])
{
	const EventType *event = offer->event;
	Tag tag = { { UINT64CONST(0x9e3779b97f4a7c15), UINT64CONST(0xc2b2ae3d27d4eb4f) } };
	int64 head[] = {
		TAG_VERSION,     offer->form->shows_hosts ? (int64) event->mode : -1,
		offer->nslots,   offer->nslots > 0 ? event->duration : 0,
		offer->has_more, offer->is_stale,
	};

	tag_add(&tag, head, sizeof(head));
	tag_add(&tag, offer->form->zone_name, strlen(offer->form->zone_name));
	tag_add(&tag, offer->spans, offer->nspans * sizeof(ZoneSpan));
	tag_add(&tag, offer->starts, offer->nslots * sizeof(int64));
	if (offer->seats_left)
		tag_add(&tag, offer->seats_left, offer->nslots * sizeof(int32));
	for (int i = 0; offer->form->shows_hosts && i < event->nattendees; i++)
		tag_add(&tag, &event->attendees[i].host_id, sizeof(pg_uuid_t));
	if (offer->hosts)
		tag_add(&tag, offer->hosts, (size_t) offer->nslots * offer->listed * sizeof(int32));
	base64url_encode((const uint8_t *) tag.halves, sizeof(tag.halves), text);
}

void
offer_cursor(const Offer *offer, char cursor[OFFER_CURSOR_LENGTH + 1])
{
	uint8_t raw[sizeof(int64)];
	uint64 last = (uint64) offer->starts[offer->nslots - 1];

	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t) (last >> (56 - 8 * i));
	base64url_encode(raw, sizeof(raw), cursor);
}

bool
offer_read_cursor(const char *cursor, int64 *last_start)
{
	uint8_t raw[sizeof(int64)];
	uint64 last = 0;

	if (!base64url_decode(cursor, strlen(cursor), raw, sizeof(raw)))
		return false;
	for (size_t i = 0; i < sizeof(raw); i++)
		last = (last << 8) | raw[i];
	*last_start = (int64) last;
	return true;
}

#define PUT(out, literal) put_bytes(out, literal, sizeof(literal) - 1)

static inline char *
put_bytes(char *out, const char *bytes, size_t n)
{
	memcpy(out, bytes, n);
	return out + n;
}

/* "id", */
static char *
put_host(char *out, const Attendee *attendee)
{
	static const char digits[] = "0123456789abcdef";

	*out++ = '"';
	for (int i = 0; i < UUID_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = digits[attendee->host_id.data[i] >> 4];
		*out++ = digits[attendee->host_id.data[i] & 15];
	}
	return PUT(out, "\",");
}

/* Texts of the attendees, one after the other, each HOST_LENGTH long. */
#define HOST_LENGTH (UUID_TEXT_LENGTH + 3)

static char *
write_hosts(const EventType *event)
{
	char *all = palloc(event->nattendees * HOST_LENGTH + 1);
	char *out = all;

	for (int i = 0; i < event->nattendees; i++)
		out = put_host(out, &event->attendees[i]);
	return all;
}

/* The listed ones of a slot, of the texts of all. */
static char *
put_listed(char *out, const Offer *offer, const char *all, int slot)
{
	const int32 *hosts = offer->hosts + (size_t) slot * offer->listed;

	for (int i = 0; i < offer->listed && hosts[i] >= 0; i++)
		out = put_bytes(out, all + (size_t) hosts[i] * HOST_LENGTH, HOST_LENGTH);
	return out;
}

/* The member assignmentUserIds; the last comma gives way to the bracket. */
static char *
put_hosts(char *out, const Offer *offer, const char *all, int slot)
{
	out = PUT(out, ",\"assignmentUserIds\":[");
	if (offer->hosts)
		out = put_listed(out, offer, all, slot);
	else
		out = put_bytes(out, all, (size_t) offer->event->nattendees * HOST_LENGTH);
	out[-1] = ']';
	return out;
}

/* The most characters that a slot takes. */
static size_t
slot_room(const Offer *offer)
{
	size_t instant = offer->has_fractions ? ISO_MAX_LENGTH : ISO_WHOLE_LENGTH;
	size_t room = strlen("{'startsAt':'','endsAt':'','startsAtLocal':''},") + 3 * instant;

	if (offer->seats_left)
		room += strlen(",'seatsLeft':-2147483648");
	if (offer->form->shows_hosts)
		room += strlen(",'assignmentUserIds':[]") +
				HOST_LENGTH * (size_t) (offer->hosts ? offer->listed : offer->event->nattendees);
	return room;
}

static char *
put_slots(char *out, const Offer *offer)
{
	char *hosts = offer->form->shows_hosts ? write_hosts(offer->event) : NULL;
	const ZoneSpan *span = offer->spans;
	IsoDate utc = ISO_NO_DATE;
	IsoDate local = ISO_NO_DATE;

	for (int i = 0; i < offer->nslots; i++)
	{
		int64 start = offer->starts[i];

		while (start >= span->end)
			span++;
		out = PUT(out, "{\"startsAt\":\"");
		out = iso_write_utc(out, &utc, start);
		out = PUT(out, "\",\"endsAt\":\"");
		out = iso_write_utc(out, &utc, start + offer->event->duration);
		out = PUT(out, "\",\"startsAtLocal\":\"");
		out = iso_write_local(out, &local, start, span->offset);
		*out++ = '"';
		if (offer->seats_left)
		{
			out = PUT(out, ",\"seatsLeft\":");
			out += pg_ltoa(offer->seats_left[i], out);
		}
		if (hosts)
			out = put_hosts(out, offer, hosts, i);
		out = PUT(out, "},");
	}
	return offer->nslots > 0 ? out - 1 : out;
}

text *
offer_json(const Offer *offer)
{
	const OfferForm *form = offer->form;
	size_t room = VARHDRSZ + 200 + strlen(form->zone_name) + offer->nslots * slot_room(offer);
	text *body = SPI_palloc(room);
	char *out = VARDATA(body);

	out = PUT(out, "{\"ok\":true,\"timezone\":\"");
	out = put_bytes(out, form->zone_name, strlen(form->zone_name));
	if (form->shows_hosts && offer->event->mode == MODE_COLLECTIVE)
		out = PUT(out, "\",\"mode\":\"collective");
	else if (form->shows_hosts)
		out = PUT(out, "\",\"mode\":\"round_robin");
	*out++ = '"';
	if (offer->is_stale)
		out = PUT(out, ",\"calendarStale\":true");
	out = PUT(out, ",\"slots\":[");
	out = put_slots(out, offer);
	*out++ = ']';
	if (offer->has_more)
	{
		out = PUT(out, ",\"nextCursor\":\"");
		offer_cursor(offer, out);
		out += OFFER_CURSOR_LENGTH;
		*out++ = '"';
	}
	*out++ = '}';
	Assert((size_t) (out - (char *) body) <= room);
	SET_VARSIZE(body, out - (char *) body);
	return body;
}
