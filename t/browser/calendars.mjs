/*
 * Promise (t/064_calendar_browser.pl): a host connects a calendar through Google's page of consent, and from then on nobody books
 * a time in which they are busy; what is booked stands in their calendar until it is canceled; whatever ends a connection is told.
 */
import { ask, axe, book, finish, is, like, makeEventType, makeHost, must, sql, step, until, url, visitor } from './lib.mjs';
import { bookButton, chooseDay, chooseTime, fillIn, times } from './walk.mjs';
import { words } from './words.mjs';

const t = words();
const account = 'ada@example.com';
/* Calendars are read by the real clock. */
const day = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
const at = (time) => `${day}T${time}:00Z`;
const event = (id, from, until_) => ({ id, summary: 'Not for others', start: { dateTime: at(from) }, end: { dateTime: at(until_) } });

const ada = await makeHost('ada', { name: 'Ada Lovelace' });
await makeEventType(ada, { slotIntervalMinutes: 30, minNoticeMinutes: 0 });
const host = await visitor({ host: ada, isTimed: true });
const { page } = host;
const ann = await visitor({ isTimed: true });
const dialog = page.locator('dialog[open]').last();
const card = page.locator('oc-calendar-connection');
const button = (key, root = page) => root.getByRole('button', { name: new RegExp(`^${t(key)}`) }).first();
const state = (name) => host.sees(card.getByText(t(`calendars.states.${name}`), { exact: true }));

async function view(hash = '#/calendars') {
  await page.goto('about:blank');
  await host.open(`/console${hash}`);
}

/* The times that a guest is offered on the day. */
async function offered() {
  await ann.open('/ada/intro');
  await chooseDay(ann.page, day);
  return times(ann.page);
}

const offers = (...wanted) => until(`${wanted.join(', ')} on the page`, async () => {
  const all = await offered();

  return wanted.every((time) => all.includes(time));
});
const offersNot = (...unwanted) => until(`${unwanted.join(', ')} not on the page`, async () => {
  const all = await offered();

  return all.length > 0 && !unwanted.some((time) => all.includes(time));
});

/* Google's page, up to what it sends back. */
async function consent(expected = () => page.waitForURL(/\/console#\/calendars/)) {
  await page.waitForURL(/^https:\/\/accounts\.google\.com\//);
  await page.getByRole('button', { name: account }).click();
  await expected();
}

/* --- connecting ------------------------------------------------------------------------------------------------------- */

await step('not allowed at Google: told, and nothing is changed', async () => {
  await ask('settings', { denies: true });
  await view();
  await button('calendars.connect').click();
  await consent(() => page.waitForURL(`${url}/settings/calendar/google/callback`));
  await host.sees(t('calendars.callback.declined'));
  is(await axe(page), '', 'axe');
  await ask('settings', { denies: false });
});

await step('not all that is needed is allowed: told what to do', async () => {
  await ask('settings', { granted: ['openid', 'email', 'https://www.googleapis.com/auth/calendar.freebusy'] });
  host.expect(400);
  await button('calendars.callback.again').click();
  await consent(() => page.waitForURL(`${url}/settings/calendar/google/callback`));
  await host.sees(t('calendars.callback.failed'));
  const told = await page.locator('oc-calendar-callback').innerText();
  must(told.includes(t('calendars.refused', { permission: t('calendars.permissions.calendar_events') })), 'what is missing');
  must(told.includes(t('calendars.callback.refused')), 'what to do');
  host.expect();
  await ask('settings', { granted: null });
  is(await sql('SELECT count(*) FROM opencalendly.calendar_connections'), '0', 'connections');
});

await step('connected through Google\'s page: it is back in the console, and nobody is offered a busy time any more', async () => {
  await ask('put', event('standup', '10:00', '11:00'));
  must((await offered()).includes('10:00'), 'offered before');
  await view();
  await button('calendars.connect').click();
  await consent();
  await host.sees(t('calendars.connected'));
  await host.sees(card.getByRole('heading', { name: account }));
  await state('fresh');
  is(await card.getByRole('switch').isChecked(), true, 'the main calendar counts');
  is(await page.getByLabel(t('calendars.target.label'), { exact: true }).locator('option:checked').innerText(), account, 'and is written into');
  await offersNot('10:00', '10:30');
  await offers('9:30', '11:00');
  like(page.url(), /#\/calendars$/, 'the address keeps nothing');
});

await step('what was used once, or was begun elsewhere, connects nothing', async () => {
  host.expect(400);
  for (const given of ['code=x&state=x', 'code=x&state=' + 'A'.repeat(60)]) {
    await host.open(`/settings/calendar/google/callback?${given}`);
    await host.sees(t('calendars.callback.badState'));
    is(new URL(page.url()).search, '', 'the address keeps nothing');
  }
  host.expect(401);
  ann.expect(401);
  await ann.open('/settings/calendar/google/callback?code=x&state=x');
  await ann.sees(t('calendars.callback.signedOut'));
  ann.expect();
  host.expect();
});

/* --- bookings --------------------------------------------------------------------------------------------------------- */

const ours = async () => (await ask('events')).filter(({ extendedProperties }) => extendedProperties?.private?.opencalendly);
let link;

await step('what is booked stands in the calendar', async () => {
  await ann.open('/ada/intro');
  await chooseDay(ann.page, day);
  await chooseTime(ann.page, '13:00');
  await fillIn(ann.page, { name: 'Ann Example' });
  await bookButton(ann.page).click();
  await ann.sees(t('page.booked.title'));
  link = await ann.page.getByRole('link', { name: t('page.booked.cancel') }).getAttribute('href');
  const [found, ...more] = await until('it is in the calendar', async () => (await ours()).length && ours());
  is(more, [], 'once');
  is(Date.parse(found.start.dateTime), Date.parse(at('13:00')), 'when');
  like(found.summary, /Ann Example/, 'with whom');
});

await step('it does not stand in its own way: read again, it can still be moved', async () => {
  await view();
  await button('calendars.sync.act').click();
  await host.sees(t('calendars.sync.done'));
  is(await sql('SELECT count(*) FROM opencalendly.calendar_busy_windows'), '1', 'windows');
});

await step('canceled: it is gone from the calendar, and offered again', async () => {
  await ann.open(link);
  await ann.page.getByRole('button', { name: t('action.cancel') }).click();
  await ann.page.getByRole('dialog').getByRole('button', { name: t('action.cancel') }).click();
  await ann.sees(t('page.action.canceled'));
  await until('it is gone', async () => !(await ours()).length);
  await offers('13:00');
});

/* --- what counts ------------------------------------------------------------------------------------------------------ */

await step('read now: what is new there is not offered', async () => {
  await ask('put', event('lunch', '12:00', '13:00'));
  await view();
  await button('calendars.sync.act').click();
  await host.sees(t('calendars.sync.done'));
  await offersNot('12:00', '12:30');
});

await step('a calendar that does not count keeps nothing back; it counts again at once', async () => {
  const count = card.getByRole('switch');
  await count.uncheck();
  await host.sees(t('calendars.countsNot', { name: account }));
  await offers('10:00', '12:00');
  await count.check();
  await host.sees(t('calendars.counts', { name: account }));
  await offersNot('10:00', '12:00');
});

await step('written into no calendar, and into one again', async () => {
  const target = page.getByLabel(t('calendars.target.label'), { exact: true });
  await target.selectOption('');
  await host.sees(t('calendars.target.savedNone'));
  is(await sql('SELECT count(*) FROM opencalendly.calendars WHERE is_write_target'), '0', 'targets');
  await target.selectOption({ label: account });
  await host.sees(t('calendars.target.saved'));
  is(await sql('SELECT count(*) FROM opencalendly.calendars WHERE is_write_target'), '1', 'targets');
});

await step('how old what was read may be: from 5 minutes to 30 days, or as old as it is', async () => {
  const saved = () => sql('SELECT staleness, stale_after_minutes FROM opencalendly.calendar_connections');
  const length = dialog.getByRole('textbox', { name: t('calendars.staleness.afterMinutes') });
  await button('calendars.staleness.change').click();
  for (const wrong of ['', '0', '31', 'x']) {
    await length.fill(wrong);
    await button('common.save', dialog).click();
    await host.sees(dialog.getByText(t('calendars.staleness.wrong')));
  }
  await length.fill('1.5');
  await dialog.getByLabel(t('calendars.staleness.unit')).selectOption('hours');
  await button('common.save', dialog).click();
  await host.sees(card.getByText(t('common.saved')));
  is(await saved(), 'refuse|90', 'saved');
  await button('calendars.staleness.change').click();
  await dialog.getByRole('radio', { name: t('calendars.staleness.trust') }).check();
  await button('common.save', dialog).click();
  await host.sees(card.getByText(t('calendars.staleness.trusts')));
  is(await saved(), 'trust|90', 'saved');
});

await step('what cannot be written is told wherever it matters, until it was seen; one that waits is tried at once', async () => {
  await ask('rule', { when: 'POST .*/events', status: 403, error: 'forbidden' });
  const { booking } = await book({ username: 'ada', eventSlug: 'intro', startsAt: at('15:00') });
  const written = `booking_id = '${booking.id}'`;
  await until('it is given up', async () =>
    await sql(`SELECT status FROM opencalendly.calendar_writebacks WHERE ${written}`) === 'failed');
  await view('#/bookings');
  await host.sees(t('calendars.hint.writebacks', { count: 1 }));
  await page.getByRole('link', { name: t('calendars.hint.link') }).click();
  await host.sees(t('calendars.writebacks.title'));
  const failures = page.locator('oc-calendar-target .note.warn');
  must((await failures.innerText()).includes(t('calendars.answeredBecause', { status: '403', reason: 'forbidden' })), 'why');
  is(await button('calendars.writebacks.run', failures).count(), 0, 'nothing waits');
  await view('#/bookings');
  await until('the hints were looked for', () => page.evaluate(() => Boolean(document.querySelector('oc-calendar-hint')?.writebacks)));
  is(await page.locator('oc-calendar-hint').innerText(), '', 'it was seen');
  await sql(`UPDATE opencalendly.calendar_writebacks SET status = 'pending', settled_at = NULL,
    due_at = clock_timestamp() + interval '1 h' WHERE ${written}`);
  await view();
  await button('calendars.writebacks.run', failures).click();
  await host.sees(t('calendars.writebacks.ranNone'));
});

await step('the links of an event type are made by Google Meet, as its form says', async () => {
  const saved = () => sql('SELECT location_type || coalesce(\' \' || conference, \'\') FROM opencalendly.event_types');
  const choose = async (place) => {
    await view('#/event-types');
    await page.getByRole('link', { name: 'Intro', exact: true }).click();
    await page.getByLabel(t('eventTypes.fields.locationType')).selectOption({ label: t(`place.${place}`) });
    await button('common.save').click();
    await host.sees(t('eventTypes.saved', { name: 'Intro' }));
  };
  await choose('google_meet');
  is(await saved(), 'video google_meet', 'Google Meet');
  await host.sees(page.locator('.event-type').getByText(t('place.google_meet')));
  await choose('phone');
  is(await saved(), 'phone', 'a phone call');
});

/* --- what ends a connection ------------------------------------------------------------------------------------------- */

await step('withdrawn at Google: told wherever it matters, and connected again', async () => {
  await ask('withdraw');
  await view();
  host.expect(409);
  await button('calendars.sync.act').click();
  await host.sees(card.getByText(t('calendars.broken')));
  await state('broken');
  host.expect();
  is(await axe(page), '', 'axe');
  for (const section of ['bookings', 'event-types']) {
    await view(`#/${section}`);
    await host.sees(t('calendars.hint.broken'));
  }
  await page.getByRole('link', { name: t('calendars.hint.link') }).click();
  await button('calendars.again', card).click();
  await consent();
  await state('fresh');
  is(await sql('SELECT count(*) || max(staleness) FROM opencalendly.calendar_connections'), '1trust', 'the same one');
});

await step('disconnected: asked first; Google has its permission back, and nothing is kept back', async () => {
  const act = () => button('calendars.disconnect.act', card).click();
  await act();
  await button('common.cancel', dialog).click();
  await host.sees(card);
  await act();
  await button('calendars.disconnect.act', dialog).click();
  await host.sees(t('calendars.empty.title'));
  is(await page.evaluate(() => document.activeElement.textContent), t('calendars.title'), 'focus');
  await until('Google has it back', async () => await ask('grants') === 0);
  await offers('10:00', '12:00');
  is(await sql('SELECT count(*) FROM opencalendly.calendar_connections'), '0', 'connections');
});

await finish();
