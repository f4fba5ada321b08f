/*
 * A tour through all pages and states, by a visitor with a language, a size and a theme. A state is [name, go, options]: go(my)
 * leads a tour "my" to it; options: expect (statuses that are no trouble there), focus (the way of the focus is judged, too).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { api, axe, book, is, makeEventType, makeHost, must, overflow, until, url, visitor } from './lib.mjs';
import { words } from './words.mjs';

const screenshots = process.env.BROWSER_SCREENSHOTS;
const require = createRequire(`${process.env.OPENCALENDLY_TOOLS}/node_modules/`);
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const gap = /\{\w+\}/;
const escaped = (text) => text.replace(/[.*+?^$()|[\]\\]/g, '\\$&');

/* The accessible name or text that a message makes: a text, or a pattern where it has gaps left. */
function pattern(message, isWhole) {
  if (!gap.test(message)) return message;
  const source = escaped(message).replace(/\{\w+\}/g, '.*');

  return new RegExp(isWhole ? `^${source}$` : source);
}

export class Tour {
  constructor(language, guest, host, fresh) {
    Object.assign(this, { language, guest, host, fresh, page: guest.page, t: words(language) });
  }

  /* --- what states do ------------------------------------------------------------------------------------------------ */

  open(path) {
    return this.guest.open(path);
  }

  /* The console, anew, of a host. */
  async console(hash, host = this.host) {
    await this.guest.context.addCookies([{
      name: '__Host-session', value: host.token, url: url.replace('http:', 'https:'),
      httpOnly: true, secure: true, sameSite: 'Lax',
    }]);
    await this.page.goto('about:blank');
    await this.open(`/console#/${hash}`);
  }

  /* The dialog in front, else the page. */
  async scope() {
    const dialogs = this.page.locator('dialog[open]');

    return await dialogs.count() ? dialogs.last() : this.page.locator('body');
  }

  async role(role, key, values) {
    const name = pattern(this.t(key, values), true);

    return (await this.scope()).getByRole(role, { name, exact: true }).first();
  }

  async press(key, values) {
    await (await this.role('button', key, values)).click();
  }

  async follow(key, values) {
    await (await this.role('link', key, values)).click();
  }

  async field(key, values) {
    return (await this.scope()).getByLabel(pattern(this.t(key, values), false)).first();
  }

  async sees(key, values) {
    const text = pattern(this.t(key, values), false);

    await until(`"${text}" is shown`, async () => (await this.scope()).getByText(text).filter({ visible: true }).count());
  }

  async closeDialogs() {
    for (let n = await this.page.locator('dialog[open]').count(); n > 0; n -= 1) await this.page.keyboard.press('Escape');
    await until('no dialog is left', async () => !await this.page.locator('dialog[open]').count());
  }

  /* Until the state has been judged such requests are answered so. */
  async lie(method, path, status, body) {
    await this.guest.context.route(path, (route) => {
      if (route.request().method() !== method) return route.fallback();
      return route.fulfill({ status, json: { ok: false, error: 'a lie', ...body }, headers: { 'Retry-After': '7' } });
    });
  }

  /* --- judgement ----------------------------------------------------------------------------------------------------- */

  async visit([name, go, { expect = [], focus = false } = {}]) {
    this.guest.expect(...expect);
    try {
      await go(this);
      await until('nothing is busy', async () => !await this.page.locator('[aria-busy="true"]').count());
      await this.judgeFrame();
      await this.judgeLook(name);
      if (focus) await this.judgeFocus();
    } finally {
      await this.guest.context.unrouteAll({ behavior: 'wait' });
    }
  }

  async judgeFrame() {
    const found = await this.page.evaluate(() => ({
      h1: [...document.querySelectorAll('h1')].filter((node) => node.checkVisibility()).map((node) => node.textContent),
      language: document.documentElement.lang, title: document.title,
    }));

    is(found.h1.length, 1, `h1 (${found.h1.join(' | ')})`);
    must(found.h1[0].trim() && found.title.trim(), `no words: h1 "${found.h1[0]}", title "${found.title}"`);
    is(found.language, this.language, 'language');
  }

  photo(name) {
    const file = `tour-${name.replace(/[^a-z0-9]+/g, '-')}-${this.kind}.png`;

    return this.page.screenshot({ path: `${screenshots}/${file}`, fullPage: true });
  }

  /* Those of WCAG 2.2 are not on by themselves. */
  async judgeRules() {
    if (!await this.page.evaluate(() => 'axe' in globalThis)) await this.page.evaluate(axeSource);
    await this.page.evaluate(() => globalThis.axe.configure({ rules: [{ id: 'target-size', enabled: true }] }));
    const violations = await axe(this.page);

    must(!violations, violations);
  }

  async sidewaysOf(what) {
    const page = await overflow(this.page);
    const dialogs = await this.page.evaluate(() => [...document.querySelectorAll('dialog[open]')]
      .filter((node) => node.scrollWidth > node.clientWidth)
      .map((node) => `a dialog: ${node.scrollWidth} > ${node.clientWidth}`));

    is([page, ...dialogs].filter(Boolean), [], `overflow ${what}`);
  }

  /* The first steps of the Tab key, from the top and from the heading on: each shows where it is. */
  async judgeFocus() {
    for (let n = 0; n < 8; n += 1) {
      if (n === 2) await this.page.evaluate(focusHeading);
      await this.page.keyboard.press('Tab');
      const bare = await this.page.evaluate(unseenFocus);

      must(!bare, `the focus is not seen: ${bare}`);
    }
  }
}

/* --- in the page --- */

function focusHeading() {
  const heading = document.querySelector('dialog[open] h2') ?? document.querySelector('h1');

  heading.tabIndex = -1;
  heading.focus();
}

/* The element with the focus, if it does not look so; '' if it does, or if the focus is on a part that the browser made. */
function unseenFocus() {
  const node = document.activeElement;
  const isMarked = [node, node.closest('label, .card') ?? node].map((one) => getComputedStyle(one))
    .some(({ outlineStyle: style, outlineWidth: width }) => style === 'auto' || (style !== 'none' && parseInt(width, 10) > 1));
  const box = node.getBoundingClientRect();

  if (node === document.body || !node.matches(':focus')) return '';
  return isMarked && box.width > 1 && box.height > 1 ? '' : node.outerHTML.slice(0, 200);
}

export class DesktopTour extends Tour {
  kind = 'desktop-light';

  async judgeLook(name) {
    await this.photo(name);
    await this.judgeRules();
    await this.sidewaysOf('on a desktop');
  }
}

export class PhoneTour extends Tour {
  kind = 'phone-dark';

  async judgeLook(name) {
    const turn = (dir) => this.page.evaluate((to) => document.documentElement.setAttribute('dir', to), dir);

    await this.photo(name);
    await this.judgeRules();
    await this.sidewaysOf('on a phone');
    await turn('rtl');
    await this.sidewaysOf('from right to left');
    await turn('ltr');
    await this.page.setViewportSize({ width: 320, height: 640 });
    await this.sidewaysOf('at 320 pixels');
    await this.page.setViewportSize({ width: 390, height: 844 });
  }
}

/* --- what there is to see: the same for each tour, of hosts of its own ------------------------------------------------ */

/* A host with event types and bookings: one has begun at 08:40, some are to come, one is canceled, one was moved. */
export async function makeScene(name, displayName) {
  const host = await makeHost(name, { zone: 'Europe/Berlin', name: displayName });
  const intro = await makeEventType(host, {
    name: 'Introduction', description: 'Half an hour to get to know each other.\nBring a question.', minNoticeMinutes: 0,
    locationType: 'in_person', locationValue: 'Analytical Street 1, second floor', cancellationPolicy: 'Up to a day before.',
    questions: [{ id: 'topic', label: 'What about?', required: true }, { id: 'more', label: 'More', required: false }],
  });
  const workshop = await makeEventType(host, { name: 'Workshop', slug: 'workshop', durationMinutes: 60, seats: 5 });
  await host.call('PUT', `/v0/event-types/${intro.id}/notification-rules`, { rules: [
    { notificationType: 'reminder', offsetMinutes: 1440, isEnabled: true },
    { notificationType: 'reminder', offsetMinutes: 90, isEnabled: false },
    { notificationType: 'follow_up', offsetMinutes: 10_080, isEnabled: true },
  ] });
  const { schedule } = await host.call('POST', '/v0/me/schedules', { name: 'Evenings', timezone: 'America/New_York' });

  await makeEventType(host, { name: 'Never', slug: 'never', scheduleId: schedule.id });
  await makeEventType(host, { name: 'In autumn', slug: 'autumn', bookableFrom: '2026-09-01', bookableUntil: '2026-09-30' });
  await makeEventType(host, { name: 'Off', slug: 'off', durationMinutes: 15, isActive: false, isHidden: true });
  const reserve = (eventSlug, startsAt, more = {}) => book({
    username: name, eventSlug, startsAt, timezone: 'America/New_York',
    ...(eventSlug === 'intro' && { answers: { topic: 'Engines, and the notes about them' } }), ...more,
  });
  const booked = {
    begun: await reserve('intro', '2026-06-01T08:30:00Z', { inviteeName: 'Early Bird' }),
    open: await reserve('intro', '2026-06-02T09:00:00Z', { inviteeName: 'Ann Example-Featherstonehaugh' }),
    canceled: await reserve('intro', '2026-06-03T09:00:00Z'),
    moved: await reserve('intro', '2026-06-03T11:00:00Z'),
    last: await reserve('intro', '2026-06-26T11:00:00Z'),
  };

  const act = ({ token }, verb, body) => api('POST', `/v0/bookings/actions/${token}/${verb}`, body);

  await act(booked.canceled.actions.cancel, 'cancel', { reason: 'Ill' });
  await act(booked.moved.actions.reschedule, 'reschedule', { startsAt: '2026-06-05T09:00:00Z' });
  for (const inviteeName of ['Bob', 'Cy', 'Di']) await reserve('workshop', '2026-06-04T10:00:00Z', { inviteeName });
  return { ...host, intro, workshop, evenings: schedule, booked };
}

export async function makeTour(Kind, language, name, displayName, options) {
  const host = await makeScene(name, displayName);
  const fresh = await makeHost(`${name}-new`, { zone: 'Europe/Berlin', name: 'Nova', hours: null });

  return new Kind(language, await visitor(options), host, fresh);
}
