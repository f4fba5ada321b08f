/*
 * Google Calendar as its reference has it, as far as we use it: lists of calendars, events (ids of the client's, partial
 * answers, pages, sync tokens), free and busy, channels. What an account sees of a calendar is an entry of its list; the
 * events are the calendar's. Repeating events are told as their instances, each put here for itself.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { error } from './errors.mjs';
import { isEventField, parse, pick, unknown } from './fields.mjs';
import { SCOPE } from './oauth.mjs';
import { instantOf, isInstant, toText } from './times.mjs';

const NOT_WITH_TOKEN = ['iCalUID', 'orderBy', 'privateExtendedProperty', 'q', 'sharedExtendedProperty',
  'timeMin', 'timeMax', 'updatedMin'];
const SAME_WITH_TOKEN = ['singleEvents', 'eventTypes', 'maxAttendees', 'timeZone'];
const LASTING = ['kind', 'etag', 'id', 'status', 'recurringEventId', 'originalStartTime'];
const ALL_DAYS = 90;
const EVENTS = [SCOPE, `${SCOPE}.events`];
const BUSY = [SCOPE, `${SCOPE}.freebusy`, `${SCOPE}.readonly`];
const LISTS = [SCOPE, `${SCOPE}.calendarlist.readonly`, `${SCOPE}.readonly`];

const pack = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const flawed = (message) => error(400, 'invalidParameter', message);
const emptyRange = () => error(400, 'timeRangeEmpty', 'The specified time range is empty.');
const notFound = () => error(404, 'notFound', 'Not Found');
const done = (body, status = 200) => ({ status, headers: {}, body });

function unpack(text) {
  try {
    return JSON.parse(Buffer.from(text, 'base64url'));
  } catch {
    return null;
  }
}

export class Calendars {
  #calendars = new Map();
  #lists = new Map();
  #channels = new Map();
  #seq = 0;

  constructor(accounts, settings) {
    Object.assign(this, { accounts, settings });
  }

  /* The account's entry of a calendar, made with the calendar if it is not there. */
  calendar({ email, calendar: id = email, members }) {
    const list = this.#lists.get(email) ?? this.#lists.set(email, new Map()).get(email);
    const entry = { kind: 'calendar#calendarListEntry', etag: `"${this.#seq += 1}"`, id, summary: id, timeZone: 'UTC', accessRole: 'owner',
      ...id === email && { primary: true }, selected: true, defaultReminders: [], ...list.get(id), ...members };

    if (!this.#calendars.has(id)) this.#calendars.set(id, { id, events: new Map(), tokens: 0 });
    this.#calendars.get(id).zone = entry.timeZone;
    list.set(id, entry);
    return entry;
  }

  /* The account's list of calendars, whole. */
  entries({ email }) {
    this.#seen(email, email);
    return [...this.#lists.get(email).values()];
  }

  /* The account sees it no more. */
  unlist({ email, calendar }) {
    return this.#lists.get(email)?.delete(calendar);
  }

  /* As if somebody had put or changed it at Google. */
  event({ email, calendar = email, event }) {
    this.#seen(email, calendar);
    const { events } = this.#calendars.get(calendar);

    return this.#keep(calendar, { ...events.get(event.id), ...event, id: event.id ?? `e${randomBytes(12).toString('hex')}` }, email);
  }

  put({ email, calendar, events }) {
    events.forEach((event) => this.event({ email, calendar, event }));
  }

  remove({ email, calendar = email, id }) {
    const event = this.#calendars.get(calendar).events.get(id);

    event.status = 'cancelled';
    event._seq = this.#seq += 1;
  }

  /* All that is in a calendar and not cancelled, whole. */
  events({ email, calendar = email }) {
    return [...this.#calendars.get(calendar)?.events.values() ?? []].filter(({ status }) => status !== 'cancelled')
      .map((event) => this.#told(event, calendar));
  }

  /* The sync tokens that have been given for a calendar are too old. */
  forget({ email, calendar = email }) {
    this.#calendars.get(calendar).tokens += 1;
  }

  channels({ email }) {
    return [...this.#channels.values()].filter((channel) => channel.email === email);
  }

  answer(request) {
    const { method } = request;
    const [, path] = /^\/calendar\/v3\/(.*)$/.exec(request.path) ?? [];
    const [, name, rest] = /^calendars\/([^/]+)\/events(?:\/(.+))?$/.exec(path ?? '') ?? [];
    const to = (scopes, act) => {
      const { email, ...refused } = this.accounts.whoIs(request, scopes);

      return email ? act(email) : refused;
    };

    if (method === 'GET' && path === 'users/me/calendarList') return to(LISTS, (email) => this.#list(email, request.query));
    if (method === 'POST' && path === 'freeBusy') return to(BUSY, (email) => this.#freeBusy(email, request));
    if (method === 'POST' && path === 'channels/stop') return to([...EVENTS, ...BUSY, ...LISTS], (email) => this.#stop(email, request.json));
    return name === undefined ? notFound() : to(EVENTS, (email) => this.#ofCalendar(email, decodeURIComponent(name), rest, request));
  }

  #seen(email, id) {
    if (!this.#lists.get(email)?.has(email)) this.calendar({ email });
    return this.#lists.get(email).get(id === 'primary' ? email : id);
  }

  #ofCalendar(email, id, rest, { method, query, json, headers }) {
    const entry = this.#seen(email, id);
    const isWritten = !['GET', 'POST watch'].includes(`${method}${rest === 'watch' ? ' watch' : ''}`);

    if (!entry) return notFound();
    if (entry.accessRole === 'freeBusyReader' || (isWritten && entry.accessRole === 'reader')) {
      return error(403, 'requiredAccessLevel', 'You need to have writer access to this calendar.');
    }
    const calendar = this.#calendars.get(entry.id);
    const event = rest && calendar.events.get(decodeURIComponent(rest));

    if (method === 'GET' && !rest) return this.#read(calendar, entry, query);
    if (method === 'POST' && !rest) return this.#insert(email, calendar, query, json);
    if (method === 'POST' && rest === 'watch') return this.#watch(email, calendar, json);
    if (!event) return notFound();
    if (method === 'GET') return this.#get(calendar, event, query);
    if (method === 'PATCH') return this.#patch(email, calendar, event, query, json, headers);
    return method === 'DELETE' ? this.#delete(event, query) : notFound();
  }

  /* ---- Lists of calendars. ---- */

  #list(email, query) {
    this.#seen(email, email);
    const all = [...this.#lists.get(email).values()].filter(({ hidden }) => query.showHidden === 'true' || !hidden);

    return this.#page({ kind: 'calendar#calendarList', etag: `"${this.#seq}"` }, all, query, 'calendarList', { most: 250, rest: 100 });
  }

  /*
   * A page of a list that is in the order of ids, and after the last one members. A page token says all that the request
   * had said but where it goes on, so that another one's is none.
   */
  #page(head, all, { pageToken, fields, ...query }, kind, { most, rest, last = () => ({}), state = {} }) {
    const asked = JSON.stringify(query);
    const from = pageToken === undefined ? { asked, after: '', state, isFirst: true } : unpack(pageToken);
    const tree = fields === undefined ? {} : parse(fields);
    const most1 = Math.min(Number(query.maxResults ?? rest), most, this.settings.pageSize);

    if (from?.asked !== asked) return error(400, 'invalid', 'Invalid page token value.');
    if (!tree || unknown(tree, kind)) return flawed(`Invalid field selection ${tree ? unknown(tree, kind) : fields}`);
    const left = all.filter(({ id }) => id > from.after).sort((a, b) => (a.id < b.id ? -1 : 1));
    const items = from.isFirst && this.settings.emptyPage ? [] : left.slice(0, most1);
    const after = items.at(-1)?.id ?? '';
    const end = items.length < left.length ? { nextPageToken: pack({ asked, after, state: from.state }) } : last(from.state);

    return done(pick({ ...head, ...end, items }, tree));
  }

  /* ---- Events. ---- */

  #read(calendar, entry, query) {
    const { syncToken, timeMin, timeMax, showDeleted } = query;
    const forbidden = syncToken !== undefined && NOT_WITH_TOKEN.find((name) => query[name] !== undefined);
    const from = syncToken === undefined ? { since: 0, min: timeMin, max: timeMax } : unpack(syncToken);
    const same = Object.fromEntries(SAME_WITH_TOKEN.map((name) => [name, query[name]]));

    if (forbidden) return flawed(`Sync token cannot be used with ${forbidden}.`);
    if (syncToken !== undefined && showDeleted === 'false') return flawed('Sync token cannot be used with showDeleted=false.');
    if ([timeMin, timeMax].some((one) => one !== undefined && !isInstant(one))) return error(400, 'badRequest', 'Bad Request');
    if (timeMin && timeMax && Date.parse(timeMin) >= Date.parse(timeMax)) return emptyRange();
    if (syncToken !== undefined && (from?.id !== calendar.id || from.tokens !== calendar.tokens)) {
      return error(410, 'fullSyncRequired', 'Sync token is no longer valid, a full sync is required.');
    }
    if (from.same && SAME_WITH_TOKEN.some((name) => from.same[name] !== same[name])) return error(400, 'invalid', 'Not as at the first sync.');
    const isAsked = (event) => event._seq > from.since
      && (showDeleted === 'true' || syncToken !== undefined || event.status !== 'cancelled')
      && (query.singleEvents !== 'true' || !event.recurrence) && this.#isWithin(event, calendar.zone, from);
    const all = [...calendar.events.values()].filter(isAsked).map((event) => this.#short(this.#told(event, calendar.id), query));
    const head = { kind: 'calendar#events', etag: `"${this.#seq}"`, summary: entry.summary, updated: new Date().toISOString(),
      timeZone: query.timeZone ?? entry.timeZone, accessRole: entry.accessRole, defaultReminders: entry.defaultReminders };
    const last = ({ seq }) => ({ nextSyncToken: pack({ ...from, id: calendar.id, tokens: calendar.tokens, since: seq, same }) });

    return this.#page(head, all, query, 'events', { most: 2500, rest: 250, last, state: { seq: this.#seq } });
  }

  /* What has left the span of the first sync is told, too. */
  #isWithin(event, zone, { since, min, max }) {
    if (since > 0 || event.status === 'cancelled') return true;
    return !(instantOf(event.end, zone) <= Date.parse(min)) && !(instantOf(event.start, zone) >= Date.parse(max));
  }

  #keep(id, event, email) {
    const old = this.#calendars.get(id).events.get(event.id);
    const kept = { kind: 'calendar#event', status: 'confirmed', htmlLink: `https://www.google.com/calendar/event?eid=${event.id}`,
      created: new Date().toISOString(), creator: { email }, organizer: { email: id }, iCalUID: `${event.id}@google.com`, sequence: 0,
      reminders: { useDefault: true }, eventType: 'default', ...event,
      etag: `"${this.#seq += 1}"`, updated: new Date().toISOString(), _seq: this.#seq };

    if (old) kept.sequence = old.sequence + 1;
    this.#calendars.get(id).events.set(event.id, kept);
    return this.#told(kept, id);
  }

  /* An event as it is told in a calendar; of one that is gone only what is sure to be there. */
  #told({ _seq, _polls, ...event }, id) {
    const self = (who) => (who?.email === id ? { ...who, self: true } : who);

    if (event.status === 'cancelled') {
      return Object.fromEntries(Object.entries(event).filter(([name]) => LASTING.includes(name)));
    }
    return { ...event, creator: self(event.creator), organizer: self(event.organizer),
      ...event.attendees && { attendees: event.attendees.map(self) } };
  }

  /* Of many attendees only the calendar's own. */
  #short(event, { maxAttendees = Infinity }) {
    if ((event.attendees ?? []).length <= Number(maxAttendees)) return event;
    return { ...event, attendees: event.attendees.filter(({ self }) => self), attendeesOmitted: true };
  }

  /* What is wrong with the body of a request that writes an event. */
  #flaw(event, members, zone) {
    const strange = Object.keys(members).find((name) => !isEventField(name));
    const [start, end] = [event.start, event.end].map((when) => instantOf(when, zone));
    const isZoned = (when) => when?.date || when?.timeZone || /(Z|[+-]\d\d:\d\d)$/.test(when?.dateTime ?? '');

    if (strange) return error(400, 'parseError', `Unknown name "${strange}"`);
    if (!event.end) return error(400, 'required', 'Missing end time.');
    if (Number.isNaN(start) || Number.isNaN(end)) return error(400, 'invalid', 'Invalid start time.');
    if (!isZoned(event.start) || !isZoned(event.end)) return error(400, 'required', 'Missing time zone definition for start time.');
    if (end <= start) return emptyRange();
    if ((event.attendees ?? []).some(({ email = '' }) => !/^[^@\s]+@[^@\s]+$/.test(email))) return error(400, 'invalid', 'Invalid attendee email.');
    return Object.values(event.extendedProperties?.private ?? {}).some((value) => typeof value !== 'string')
      && error(400, 'invalid', 'Invalid value');
  }

  #insert(email, calendar, query, json) {
    if (!json) return error(400, 'parseError', 'Parse Error');
    const { id = `e${randomBytes(12).toString('hex')}`, ...members } = json;
    const flaw = this.#flaw(members, members, calendar.zone);

    if (!/^[a-v0-9]{5,1024}$/.test(id)) return error(400, 'invalid', 'Invalid resource id value.');
    if (json.id && json.iCalUID) return error(400, 'invalid', 'Not both of id and iCalUID.');
    if (calendar.events.has(id)) return error(409, 'duplicate', 'The requested identifier already exists.');
    if (flaw) return flaw;
    this.#mails(query);
    return done(this.#keep(calendar.id, this.#withConference({ ...members, id }, {}, query), email));
  }

  #mails({ sendUpdates = 'none' }) {
    if (sendUpdates !== 'none') this.settings.mailed = (this.settings.mailed ?? 0) + 1;
  }

  #get(calendar, event, { fields }) {
    const tree = fields === undefined ? {} : parse(fields);

    if (!tree || unknown(tree, 'event')) return error(400, 'invalidParameter', 'Invalid field selection');
    if (event._polls > 0 && (event._polls -= 1) === 0) Object.assign(event, this.#made(event.conferenceData.createRequest));
    return done(pick(this.#told(event, calendar.id), tree));
  }

  #patch(email, calendar, event, query, json, headers) {
    const changed = { ...event, ...json };
    const flaw = json ? this.#flaw(changed, json, calendar.zone) : error(400, 'parseError', 'Parse Error');

    if (headers['if-match'] && headers['if-match'] !== event.etag) return error(412, 'conditionNotMet', 'Precondition Failed');
    if (flaw) return flaw;
    this.#mails(query);
    return done(this.#keep(calendar.id, this.#withConference(changed, event, query), email));
  }

  #delete(event, query) {
    if (event.status === 'cancelled') return error(410, 'deleted', 'Resource has been deleted');
    this.#mails(query);
    event.status = 'cancelled';
    event._seq = this.#seq += 1;
    return done('', 204);
  }

  /* ---- Google Meet. ---- */

  /* conferenceData is looked at only by those who say that they know it; what has a conference keeps it. */
  #withConference({ conferenceData, ...event }, { conferenceData: old, hangoutLink }, { conferenceDataVersion }) {
    const request = conferenceData?.createRequest;
    const { conference } = this.settings;

    if (conferenceDataVersion !== '1' || !request || old?.createRequest?.requestId === request.requestId) {
      return { ...event, ...old && { conferenceData: old }, ...hangoutLink && { hangoutLink } };
    }
    if (conference === 'success') return { ...event, ...this.#made(request) };
    return { ...event, conferenceData: { createRequest: { ...request, status: { statusCode: conference } } },
      ...conference === 'pending' && { _polls: this.settings.conferencePolls } };
  }

  #made(request) {
    const letters = request.requestId.replace(/\d/g, (digit) => 'qrstuvwxyz'[digit]).replace(/[^a-z]/g, '');
    const id = letters.padEnd(10, 'x').slice(-10).replace(/^(...)(....)(...)$/, '$1-$2-$3');
    const uri = `https://meet.google.com/${id}`;

    return { hangoutLink: uri, conferenceData: {
      createRequest: { ...request, status: { statusCode: 'success' } }, conferenceId: id,
      conferenceSolution: { key: { type: 'hangoutsMeet' }, name: 'Google Meet' },
      entryPoints: [{ entryPointType: 'video', uri, label: uri.slice(8) }] } };
  }

  /* ---- Free and busy. ---- */

  #freeBusy(email, { json, query }) {
    const { timeMin, timeMax, items = [] } = json ?? {};
    const [min, max] = [timeMin, timeMax].map((one) => (isInstant(one) ? Date.parse(one) : NaN));
    const tree = query.fields === undefined ? {} : parse(query.fields);

    if (!(min < max)) return emptyRange();
    if (max - min > ALL_DAYS * 86400000) return error(400, 'timeRangeTooLong', 'The requested time range is too long.');
    if (!tree || unknown(tree, 'freeBusy')) return error(400, 'invalidParameter', 'Invalid field selection');
    const calendars = items.map(({ id }, n) =>
      [id, n < 50 ? this.#busy(email, id, min, max) : this.#unread('tooManyCalendarsRequested')]);

    return done(pick({ kind: 'calendar#freeBusy', timeMin, timeMax, calendars: Object.fromEntries(calendars) }, tree));
  }

  #unread(reason) {
    return { errors: [{ domain: 'global', reason }], busy: [] };
  }

  #busy(email, id, min, max) {
    const entry = this.#seen(email, id);
    const reason = this.settings.freeBusyErrors[id] ?? (entry ? undefined : 'notFound');

    if (reason) return this.#unread(reason);
    return { busy: this.#busyOf(this.#calendars.get(entry.id), min, max)
      .map(([start, end]) => ({ start: toText(start), end: toText(end) })) };
  }

  /* Merged, in the order of time, clipped; without the events that isLeft names. */
  #busyOf({ id, events, zone }, min, max, isLeft = () => false) {
    const counts = (event) => !isLeft(event) && event.status !== 'cancelled' && event.transparency !== 'transparent' && !event.recurrence
      && !['workingLocation', 'birthday'].includes(event.eventType)
      && !(event.attendees ?? []).some((who) => who.email === id && who.responseStatus === 'declined');
    const spans = [...events.values()].filter(counts)
      .map(({ start, end }) => [Math.max(instantOf(start, zone), min), Math.min(instantOf(end, zone), max)])
      .filter(([start, end]) => start < end).sort(([a], [b]) => a - b);
    const busy = [];

    for (const [start, end] of spans) {
      if (busy.length && start <= busy.at(-1)[1]) busy.at(-1)[1] = Math.max(busy.at(-1)[1], end);
      else busy.push([start, end]);
    }
    return busy;
  }

  /* When a calendar is busy, but for events with our mark: list of [start, end] in seconds. */
  busy({ calendar, from, until }) {
    const isMarked = (event) => event.extendedProperties?.private?.opencalendly;

    return this.#busyOf(this.#calendars.get(calendar), from * 1000, until * 1000, isMarked)
      .map((span) => span.map((instant) => Math.round(instant / 1000)));
  }

  /* ---- Channels. ---- */

  #watch(email, calendar, json) {
    const { id, type, address, token, expiration } = json ?? {};
    const until = Math.min(Number(expiration ?? Infinity), Date.now() + this.settings.channelSeconds * 1000);

    if (type !== 'web_hook' || !id || id.length > 64) return error(400, 'required', 'Required');
    if (!/^https:\/\//.test(address ?? '')) return error(400, 'push.webhookUrlNotHttps', `WebHook callback must be HTTPS: ${address}`);
    if (this.#channels.has(id)) return error(400, 'channelIdNotUnique', `Channel id ${id} not unique`);
    const uri = `https://www.googleapis.com/calendar/v3/calendars/${encodeURIComponent(calendar.id)}/events?alt=json`;

    this.#channels.set(id, { id, email, calendar: calendar.id, token, address, until, resourceId: randomUUID(), uri, messages: 0 });
    return done({ kind: 'api#channel', id, resourceId: this.#channels.get(id).resourceId, resourceUri: uri, ...token && { token },
      expiration: String(Math.floor(until)) });
  }

  #stop(email, { id, resourceId } = {}) {
    const channel = this.#channels.get(id);

    if (channel?.email !== email || channel.resourceId !== resourceId) return notFound();
    this.#channels.delete(id);
    return done('', 204);
  }

  /* Tells all channels of a calendar that something has changed, at base instead of the host of their address. */
  async notify({ email, calendar = email, base, state = 'exists', headers = {} }) {
    const told = this.channels({ email }).filter((channel) => channel.calendar === calendar && channel.until > Date.now());

    return Promise.all(told.map(async (channel) => {
      const { pathname } = new URL(channel.address);
      const response = await fetch(base + pathname, { method: 'POST', headers: {
        'X-Goog-Channel-ID': channel.id, ...channel.token && { 'X-Goog-Channel-Token': channel.token },
        'X-Goog-Channel-Expiration': new Date(channel.until).toUTCString(), 'X-Goog-Resource-ID': channel.resourceId,
        'X-Goog-Resource-URI': channel.uri, 'X-Goog-Resource-State': state,
        'X-Goog-Message-Number': String(channel.messages += 1), ...headers } });

      await response.text();
      return { id: channel.id, status: response.status };
    }));
  }
}
