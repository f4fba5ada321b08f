/*
 * The calendars of npm's emulate, which has lists, events (listed, put, deleted) and free/busy. It makes the ids of events
 * itself and keeps neither extendedProperties nor who may see whom: those are kept here. An event is changed by deleting it
 * and putting another. There are no sync tokens.
 */
import { error } from './errors.mjs';
import { SCOPE } from './oauth.mjs';

const KEPT = ['id', 'extendedProperties', 'reminders', 'guestsCanSeeOtherGuests', 'guestsCanInviteOthers', 'guestsCanModify'];
const SCOPES = ['', '.events', '.freebusy', '.calendarlist.readonly', '.readonly'].map((end) => SCOPE + end);
const JSON_BODY = { 'content-type': 'application/json' };

const done = (body, status = 200) => ({ status, headers: {}, body });

export class Emulated {
  #theirs = new Map(); // by our id: {id, kept, status}
  #ours = new Map(); // our ids by theirs

  constructor(accounts, emulate) {
    Object.assign(this, { accounts, emulate });
  }

  /* The emulator knows everybody by a token of its own (google.mjs). */
  async #ask(email, method, path, body) {
    const answer = await this.emulate(method, path, { ...JSON_BODY, authorization: `Bearer of-${email}` }, body && JSON.stringify(body));

    return { ...answer, headers: {}, body: answer.body === '' ? '' : JSON.parse(answer.body) };
  }

  async answer(request) {
    const { method, path, url, json } = request;
    const { email, ...refused } = this.accounts.whoIs(request, SCOPES);
    const [, calendar, rest] = /^\/calendar\/v3\/calendars\/([^/]+)\/events(?:\/(.+))?$/.exec(path) ?? [];

    if (!email) return refused;
    if (method === 'POST' && rest === 'watch') return error(400, 'push.webhookUrlUnauthorized');
    if (!calendar) return this.#ask(email, method, url, json);
    if (method === 'GET' && !rest) return this.#list(email, url);
    if (method === 'POST' && !rest) return this.#insert(email, calendar, json);
    const event = await this.#find(email, calendar, rest);

    if (!event) return this.#theirs.has(rest) ? error(410, 'deleted') : error(404, 'notFound');
    if (method === 'GET') return done(event);
    if (method === 'DELETE') return this.#delete(email, calendar, rest);
    return this.#patch(email, calendar, rest, { ...event, ...json });
  }

  #told(event) {
    const id = this.#ours.get(event.id);

    return id ? { ...event, ...this.#theirs.get(id).kept } : event;
  }

  async #list(email, url) {
    const answer = await this.#ask(email, 'GET', url);

    return answer.status === 200 ? done({ ...answer.body, items: answer.body.items.map((event) => this.#told(event)) }) : answer;
  }

  async #find(email, calendar, id) {
    const { body } = await this.#ask(email, 'GET', `/calendar/v3/calendars/${calendar}/events?maxResults=250`);

    return (body.items ?? []).map((event) => this.#told(event)).find((event) => event.id === decodeURIComponent(id));
  }

  async #insert(email, calendar, event) {
    if (event?.id && this.#theirs.has(event.id)) return error(409, 'duplicate', 'The requested identifier already exists.');
    return this.#put(email, calendar, event);
  }

  async #put(email, calendar, event) {
    const answer = await this.#ask(email, 'POST', `/calendar/v3/calendars/${calendar}/events`, event);

    if (answer.status !== 200 || !event.id) return answer;
    const kept = Object.fromEntries(Object.entries(event).filter(([name]) => KEPT.includes(name)));

    this.#theirs.set(event.id, { id: answer.body.id, kept });
    this.#ours.set(answer.body.id, event.id);
    return done(this.#told(answer.body));
  }

  async #delete(email, calendar, id) {
    return this.#ask(email, 'DELETE', `/calendar/v3/calendars/${calendar}/events/${this.#theirs.get(id)?.id ?? id}`);
  }

  async #patch(email, calendar, id, event) {
    await this.#delete(email, calendar, id);
    return this.#put(email, calendar, event);
  }

  /* ---- As if somebody did it at Google. ---- */

  async entries({ email }) {
    return (await this.#ask(email, 'GET', '/calendar/v3/users/me/calendarList')).body.items;
  }

  async event({ email, calendar = email, event }) {
    return (await this.#ask(email, 'POST', `/calendar/v3/calendars/${encodeURIComponent(calendar)}/events`, event)).body;
  }

  async events({ email, calendar = email }) {
    return (await this.#list(email, `/calendar/v3/calendars/${encodeURIComponent(calendar)}/events?maxResults=250`)).body.items;
  }

  async remove({ email, calendar = email, id }) {
    await this.#delete(email, encodeURIComponent(calendar), id);
  }
}
