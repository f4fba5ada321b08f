/*
 * Promise (t/058_accessibility.pl): no page and no state of one breaks a rule of axe-core, light or dark, on a desktop or a
 * phone, in English or German; at 320 pixels of width, and read from right to left, nothing sticks out.
 */
import {
  api, axe, book, finish, makeEventType, makeHost, moveClock, must, overflow, signInLink, step, visitor,
} from './lib.mjs';
import { chooseDay, pickerReady, timeButtons } from './walk.mjs';

const ada = await makeHost('ada', { zone: 'Europe/Berlin', name: 'Ada Lovelace-von-Hohenzollern' });
const ben = await makeHost('ben', { name: 'Ben' });
const newcomer = await makeHost('newcomer', { hours: null });
const intro = await makeEventType(ada, {
  name: 'A talk about everything', description: 'One paragraph.\n\nAnother one, with averyveryveryverylongwordthatdoesnotfitintoanarrowcolumnatall.',
  locationType: 'in_person', locationValue: 'Unter den Linden 1, 10117 Berlin',
  questions: [{ id: 'q', label: 'What about?', required: true, placeholder: 'Engines' }, { id: 'r', label: 'Anything else?', required: false }],
});
await makeEventType(ada, { slug: 'class', name: 'Class', seats: 5, isHidden: true });
await makeEventType(newcomer, { slug: 'none' });
const { team } = await ada.call('POST', '/v0/teams', { name: 'Crew', slug: 'crew' });
await ada.call('POST', `/v0/teams/${team.id}/members`, { userId: ben.user.id, role: 'member' });
await ben.call('POST', `/v0/teams/${team.id}/accept`, {});
const { teamEventType } = await ada.call('POST', '/v0/team-event-types', { teamId: team.id, name: 'Turn', slug: 'turn', durationMinutes: 30, mode: 'round_robin' });
await ada.call('POST', '/v0/me/time-off', { startAt: '2026-06-20T00:00:00Z', endAt: '2026-06-22T00:00:00Z', reason: 'Sea' });
await ada.call('PUT', '/v0/me/availability/overrides', { overrides: [
  { startAt: '2026-06-12T10:00:00Z', endAt: '2026-06-12T12:00:00Z', isAvailable: false, reason: 'Dentist' },
  { startAt: '2026-06-13T10:00:00Z', endAt: '2026-06-13T12:00:00Z', isAvailable: true }] }, { headers: { 'If-Match': '*' } });

const name = { username: 'ada', eventSlug: 'intro', answers: { q: 'Engines' }, timezone: 'America/New_York' };
const first = await book({ ...name, startsAt: '2026-06-02T10:00:00Z' });
const second = await book({ ...name, startsAt: '2026-06-03T10:00:00Z' });
const begun = await book({ ...name, startsAt: '2026-06-01T08:30:00Z' });
const canceled = await book({ ...name, startsAt: '2026-06-04T10:00:00Z' });
const moved = await book({ ...name, startsAt: '2026-06-05T10:00:00Z' });
await book({ teamSlug: 'crew', eventSlug: 'turn', startsAt: '2026-06-08T10:00:00Z' });
await book({ username: 'ada', eventSlug: 'class', startsAt: '2026-06-09T10:00:00Z' });
await book({ username: 'ada', eventSlug: 'class', startsAt: '2026-06-09T10:00:00Z' });
await api('POST', `/v0/bookings/actions/${canceled.actions.cancel.token}/cancel`, {});
const again = await api('POST', `/v0/bookings/actions/${moved.actions.reschedule.token}/reschedule`, { startsAt: '2026-06-05T12:00:00Z' });
await moveClock('2026-06-01T08:31:00Z');

const action = (booking, kind) => `/bookings/actions/${booking.actions[kind].token}`;
const confirmed = `/ada/intro?booked=${first.actions.cancel.token}&move=${first.actions.reschedule.token}`;
const click = (selector) => async (page) => page.locator(selector).first().click();
const all = (...acts) => async (page, who) => { for (const act of acts) await act(page, who); };
const has = (selector) => async (page) => page.locator(selector).first().waitFor();
const day = (date) => (page) => chooseDay(page, date);
const time = async (page) => timeButtons(page).first().click();
const details = async (page) => { for (const group of await page.locator('details.group > summary').all()) await group.click(); };
const dialog = has('dialog[open] h2');

/* name, path, what is done there; { as, expect, plain } */
const open = [
  ['home', '/', has('h1')],
  ['a host\'s page', '/ada', has('.offer')],
  ['a host who offers nothing', '/ben', has('h1')],
  ['nothing there', '/nobody-there', has('h1'), { expect: [404] }],
  ['times', '/ada/intro', day('2026-06-02')],
  ['times of a team', '/team/crew/turn', day('2026-06-02')],
  ['times with places left', '/ada/class', day('2026-06-09')],
  ['no times at all', '/newcomer/none', has('.nothing')],
  ['zones to choose from', '/ada/intro', all(pickerReady, click('zone-picker input'), (page) => page.locator('zone-picker input').fill('america'), has('zone-picker [role="option"]'))],
  ['the form', '/ada/intro', all(day('2026-06-16'), time, has('hold-status .hold'))],
  ['the form with errors', '/ada/intro', all(day('2026-06-17'), time, has('oc-booking form'), click('oc-booking form button.primary'), has('.error'))],
  ['booked', confirmed, has('h1')],
  ['cancel', action(second, 'cancel'), has('oc-action form')],
  ['cancel, asked', action(second, 'cancel'), all(click('oc-action form button'), dialog)],
  ['move', action(second, 'reschedule'), pickerReady],
  ['move, a time chosen', action(second, 'reschedule'), all(day('2026-06-18'), time, has('.confirm-step form'))],
  ['begun', action(begun, 'cancel'), has('h1')],
  ['canceled', action(canceled, 'cancel'), has('h1')],
  ['moved', action(moved, 'cancel'), has('h1')],
  ['just moved', `/bookings/actions/${again.actions.reschedule.token}?done=moved&other=${again.actions.cancel.token}`, has('h1')],
  ['no such link', '/bookings/actions/nothing', has('h1'), { expect: [404] }],
  ['times, without script', '/ada/intro', has('.plain .times'), { plain: true }],
  ['the form, without script', '/ada/intro?at=2026-06-18T10:00:00Z', has('.plain form'), { plain: true }],
  ['cancel, without script', action(second, 'cancel'), has('.plain form'), { plain: true }],
  ['move, without script', action(second, 'reschedule'), has('.plain form'), { plain: true }],
  ['sign in', '/console', has('oc-sign-in form'), { expect: [401] }],
  ['sign in, wrong', '/console', all(has('oc-sign-in form'), click('oc-sign-in button.primary'), has('.error')), { expect: [400, 401] }],
  ['the mailed link', '/auth/verify?token=LINK', has('oc-verify form')],
  ['a first sign-in', '/auth/verify?token=LINK', all(has('oc-verify form'), click('oc-verify button'), has('#verify-displayName'), click('oc-verify button'), has('.error')), { expect: [409] }],
  ['a link that is none', '/auth/verify?token=nothing', all(has('oc-verify form'), click('oc-verify button'), has('oc-verify a.button')), { expect: [400, 401] }],
];
const signedIn = [
  ['bookings', '#/bookings', has('.meeting')],
  ['a booking', '#/bookings', all(click('.meeting'), dialog, has('dialog .dialog-acts'))],
  ['a booking to cancel', '#/bookings', all(click('.meeting'), has('dialog .danger'), click('dialog .danger'), has('#cancel-reason'))],
  ['a booking to move', '#/bookings', all(click('.meeting >> nth=1'), has('dialog .danger'), click('dialog .dialog-acts button:not(.danger)'), pickerReady)],
  ['who comes', '#/bookings', all(has('.meeting'), async (page) => page.locator('.meeting', { hasText: 'Class' }).click(), has('dialog .guest-list'))],
  ['canceled bookings', '#/bookings/canceled', has('.meeting')],
  ['the week', '#/bookings/week', has('oc-week h2')],
  ['event types', '#/event-types', has('.event-type')],
  ['an event type', `#/event-types/${intro.id}`, all(has('oc-event-type-form'), details)],
  ['a new event type, with errors', '#/event-types/new', all(has('oc-event-type-form'), click('oc-event-type-form button.primary'), has('[aria-invalid="true"]'))],
  ['to delete', '#/event-types', all(click('.event-type .danger-quiet'), dialog)],
  ['to embed', '#/event-types', all(has('.event-type'), (page) => page.locator('.event-type').first().locator('.acts button').nth(1).click(), dialog)],
  ['hours', '#/hours', has('oc-week-editor .window')],
  ['hours, wrong', '#/hours', all(has('.clock-time'), (page) => page.locator('.clock-time').first().fill('25:77'), (page) => page.keyboard.press('Tab'), has('.error'))],
  ['hours to copy', '#/hours', all(has('.window'), click('.day-acts button:nth-of-type(2)'), dialog)],
  ['an exception', '#/hours', all(has('oc-overrides'), click('oc-overrides button[data-date="2026-06-16"]'), dialog)],
  ['a new schedule', '#/hours', all(has('.window'), click('oc-hours .row.between > button'), dialog)],
  ['time off', '#/hours/time-off', has('.override')],
  ['to take time off', '#/hours/time-off', all(click('oc-time-off button.primary'), dialog)],
  ['teams', '#/teams', has('main a[href*="#/teams/"]')],
  ['a new team', '#/teams', all(click('.section-head button.primary'), dialog)],
  ['a new event type of a team', `#/teams/${team.id}/new`, has('oc-team-event-form form')],
  ['a team', `#/teams/${team.id}`, has('main h2')],
  ['a team\'s event type', `#/teams/${team.id}/${teamEventType.id}`, has('main h2')],
  ['explain', '#/explain', all(has('main form'), click('main form button.primary'), has('main form ~ *'))],
  ['the profile', '#/profile', has('oc-sessions')],
];
const empty = [
  ['first steps', '#/bookings', has('oc-getting-started h2')],
  ['no hours', '#/hours', has('oc-week-editor .empty')],
  ['no teams', '#/teams', has('main h1')],
  ['no time off', '#/hours/time-off', has('.empty')],
];

/* Both themes and both sizes with one run of axe each (thorough), or only the darker one; and the widths. */
async function judge(page, thorough) {
  const wrong = [];

  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  if (thorough) wrong.push(['light, wide', await axe(page)]);
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 390, height: 844 });
  wrong.push(['dark, narrow', await axe(page)]);
  await page.setViewportSize({ width: 320, height: 700 });
  wrong.push(['320 pixels', await overflow(page)]);
  await page.evaluate(() => { document.documentElement.dir = 'rtl'; });
  wrong.push(['right to left', await overflow(page)]);
  await page.setViewportSize({ width: 1280, height: 900 });
  wrong.push(['right to left, wide', await overflow(page)]);
  const found = wrong.filter(([, what]) => what).map(([where, what]) => `${where}: ${what}`).join('\n');
  must(!found, found);
}

async function look(language, states, host) {
  for (const [what, where, act, { expect = [], plain } = {}] of states) {
    await step(`${language}: ${what}`, async (mine) => {
      const who = await visitor({ locale: language === 'de' ? 'de-DE' : 'en-GB', zone: 'Europe/Berlin', host, expect: plain ? ['offline'] : expect });

      mine(who);
      /* without the class that early.js sets, what is served for visitors without JavaScript is shown */
      if (plain) await who.page.route('**/*.js', (route) => route.abort());
      const path = where.startsWith('#') ? `/console${where}` : where;
      await who.open(path.replace('LINK', path.includes('LINK') ? await signInLink(`new-${Math.random()}@example.com`) : ''));
      await act(who.page, who);
      await judge(who.page, language === 'en');
    });
  }
}

for (const language of ['en', 'de'])
  await Promise.all([look(language, open), look(language, signedIn, ada), look(language, empty, newcomer)]);

await finish();
