/*
 * Promise (t/053_booking_states.pl): whatever happens between choosing a time and having it, the visitor is told what it is
 * and what to do, loses nothing that was typed, and is booked once or not at all.
 */
import {
  api, book, finish, is, like, makeEventType, makeHost, moveClock, must, sql, step, until, visitor, withoutDatabase,
} from './lib.mjs';
import { bookButton, chooseDay, chooseTime, fillIn, pickerReady, times } from './walk.mjs';

const ada = await makeHost('ada');
const types = {};
for (const slug of ['intro', 'soon', 'gone', 'named'])
  types[slug] = await makeEventType(ada, { slug, name: `Talk ${slug}`, slotIntervalMinutes: 30, questions: [{ id: 'q', label: 'What about?', required: false }] });
await makeEventType(ada, { slug: 'class', name: 'Class', slotIntervalMinutes: 30, seats: 2 });
await makeEventType(ada, { slug: 'capped', name: 'Capped', slotIntervalMinutes: 30, dailyBookingLimit: 1 });
const ann = await visitor();
let { page } = ann;
let clock = Date.parse('2026-06-01T08:00:00Z');
/* Holds live for at most ten minutes, and there can be three. */
const pass = (between) => {
  clock += 11 * 60_000;
  return moveClock(new Date(clock).toISOString(), between);
};
const heading = (name) => page.getByRole('heading', { name });
const count = (email) => sql(`SELECT count(*) FROM opencalendly.bookings WHERE invitee_email = '${email}' AND status = 'confirmed'`);
const alert = () => page.getByRole('alert').first();
const put = (path, body) => ada.call('PUT', path, body, { headers: { 'If-Match': '*' } });

/* A tab remembers what was typed in it. */
async function newTab() {
  await page.close();
  ann.page = undefined;
  page = await ann.addPage();
}

async function toForm(slug, date, time) {
  await newTab();
  await pass();
  await ann.open(`/ada/${slug}`);
  await chooseDay(page, date);
  await chooseTime(page, time);
  await ann.sees(heading('Your details'));
}

const typed = async () => [await page.getByLabel('Your name').inputValue(), await page.getByLabel('What about?').inputValue()];

await step('the own hold after a reload: the form as it was, and the own time among the times', async () => {
  await toForm('intro', '2026-06-02', '9:00');
  await ann.sees(page.getByRole('timer'));
  await fillIn(page, { name: 'Ann Reload', email: 'reload@example.net', answers: { 'What about?': 'All' } });
  await page.reload();
  await ann.sees(page.getByRole('timer'));
  is(await typed(), ['Ann Reload', 'All'], 'typed');
  is(await sql('SELECT count(*) FROM opencalendly.holds'), '1', 'holds');
  await page.getByRole('button', { name: 'Choose another time' }).click();
  await pickerReady(page);
  must((await times(page)).includes('9:00'), `the own time is not there: ${await times(page)}`);
  const { slots } = await api('GET', '/v0/users/ada/event-types/intro/availability?start=2026-06-02T00:00:00Z&days=1');
  must(!slots.some(({ startsAt }) => startsAt === '2026-06-02T09:00:00.000Z'), 'for others it is not');
});

await step('another time gives the first hold back', async () => {
  await chooseTime(page, '10:00');
  await ann.sees(page.getByRole('timer'));
  is(await typed(), ['Ann Reload', 'All'], 'typed');
  is(await sql('SELECT count(*) FROM opencalendly.holds'), '1', 'holds');
  const { slots } = await api('GET', '/v0/users/ada/event-types/intro/availability?start=2026-06-02T00:00:00Z&days=1');
  must(slots.some(({ startsAt }) => startsAt === '2026-06-02T09:00:00.000Z'), 'the first is free again');
  await bookButton(page).click();
  await ann.sees(heading('You are booked'));
  is(await count('reload@example.net'), '1', 'bookings');
});

await step('coming back does not book again', async () => {
  await page.goBack().catch(() => null);
  await ann.open('/ada/intro');
  await pickerReady(page);
  await chooseDay(page, '2026-06-02');
  must(!(await times(page)).includes('10:00'), 'it is taken');
});

await step('the hold runs out: told; the time can be held once more', async () => {
  await toForm('intro', '2026-06-03', '9:00');
  await ann.sees(page.getByRole('timer'));
  await fillIn(page, { name: 'Ann Slow', email: 'slow@example.net' });
  await pass();
  await ann.sees('Your reservation has run out.');
  await ann.sees('The time is still free');
  await page.getByRole('button', { name: 'Reserve it again' }).click();
  await ann.sees(page.getByRole('timer'));
  await bookButton(page).click();
  await ann.sees(heading('You are booked'));
  is(await count('slow@example.net'), '1', 'bookings');
});

await step('the hold runs out and somebody else takes the time: others are offered, nothing typed is lost', async () => {
  await toForm('intro', '2026-06-03', '10:00');
  await ann.sees(page.getByRole('timer'));
  await fillIn(page, { name: 'Ann Slower', email: 'slower@example.net', answers: { 'What about?': 'Tea' } });
  await pass(() => book({ username: 'ada', eventSlug: 'intro', startsAt: '2026-06-03T10:00:00Z' }));
  await ann.sees('The reservation ran out, and the time has been taken since.');
  await pickerReady(page);
  must(!(await times(page)).includes('10:00'), 'it is gone');
  await chooseTime(page, '11:00');
  is(await typed(), ['Ann Slower', 'Tea'], 'typed');
});

await step('a time that cannot be held, and is taken while the form is open', async () => {
  await ann.context.route('**/v0/holds', (route) => route.fulfill({
    status: 429, json: { ok: false, error: 'too many holds', code: 'OC008' }, headers: { 'Retry-After': '60' },
  }));
  ann.expect(429, 409);
  await toForm('intro', '2026-06-04', '9:00');
  await ann.sees('This time cannot be reserved while you type');
  await fillIn(page, { name: 'Ann Late', email: 'late@example.net', answers: { 'What about?': 'Cake' } });
  await book({ username: 'ada', eventSlug: 'intro', startsAt: '2026-06-04T09:00:00Z' });
  await bookButton(page).click();
  await ann.sees('This time has been taken or is no longer offered. Nothing was booked');
  is(await page.evaluate(() => document.activeElement.matches('.note, .note *, h2')), true, 'the focus is at what happened');
  await pickerReady(page);
  must(!(await times(page)).includes('9:00'), 'it is gone');
  await chooseTime(page, '9:30');
  is(await typed(), ['Ann Late', 'Cake'], 'typed');
  await bookButton(page).click();
  await ann.sees(heading('You are booked'));
  await ann.context.unroute('**/v0/holds');
  ann.expect();
});

await step('taken before the hold: told at once', async () => {
  await newTab();
  await pass();
  await ann.open('/ada/intro');
  await chooseDay(page, '2026-06-04');
  await book({ username: 'ada', eventSlug: 'intro', startsAt: '2026-06-04T11:00:00Z' });
  ann.expect(409);
  await chooseTime(page, '11:00');
  await ann.sees('This time has been taken or is no longer offered.');
  ann.expect();
});

await step('offline while sending: told; then booked once', async () => {
  await toForm('intro', '2026-06-05', '9:00');
  await ann.sees(page.getByRole('timer'));
  await fillIn(page, { name: 'Ann Away', email: 'away@example.net' });
  ann.expect('offline');
  await ann.context.setOffline(true);
  await bookButton(page).click();
  await ann.sees('You seem to be offline');
  is(await page.getByLabel('Your name').inputValue(), 'Ann Away', 'typed');
  await ann.context.setOffline(false);
  await page.getByRole('button', { name: 'Try again' }).click();
  await ann.sees(heading('You are booked'));
  ann.expect();
  is(await count('away@example.net'), '1', 'bookings');
});

await step('an answer that gets lost: sent again it is the same booking', async () => {
  await toForm('intro', '2026-06-05', '10:00');
  await fillIn(page, { name: 'Ann Lost', email: 'lost@example.net' });
  ann.expect('offline');
  await page.route('**/v0/bookings', async (route) => {
    await route.fetch();
    await route.abort();
  }, { times: 1 });
  await bookButton(page).click();
  await ann.sees('it is not certain that your booking arrived');
  is(await count('lost@example.net'), '1', 'it has arrived');
  await page.reload();
  is(await page.getByLabel('Your name').inputValue(), 'Ann Lost', 'typed, after a reload');
  await bookButton(page).click();
  await ann.sees(heading('You are booked'));
  is(await count('lost@example.net'), '1', 'bookings');
  ann.expect();
});

await step('the database is away: told; then booked', async () => {
  await toForm('intro', '2026-06-05', '11:00');
  await ann.sees(page.getByRole('timer'));
  await fillIn(page, { name: 'Ann Down', email: 'down@example.net' });
  ann.expect(503);
  await withoutDatabase(async () => {
    await bookButton(page).click();
    await ann.sees('The service is busy or restarting');
  });
  await page.getByRole('button', { name: 'Try again' }).click();
  await ann.sees(heading('You are booked'));
  is(await count('down@example.net'), '1', 'bookings');
});

await step('a page asked for while the database is away', async () => {
  await withoutDatabase(async () => {
    await ann.open('/ada/intro');
    await ann.sees(heading('This did not work'));
    await ann.sees('The service is busy or restarting');
  });
  ann.expect();
});

await step('times that cannot be loaded: told, with a way to try again', async () => {
  ann.expect(503, 429);
  await page.route('**/availability?*', (route) => route.fulfill({ status: 503, json: { ok: false, error: 'the database is away, try again', code: 'HTTP_503' } }));
  await ann.open('/ada/intro');
  await page.locator('slot-picker').getByRole('button', { name: 'Next month' }).click();
  await ann.sees(alert());
  await page.unroute('**/availability?*');
  await page.route('**/availability?*', (route) => route.fulfill({ status: 429, json: { ok: false, error: 'too many requests', code: 'OC008' }, headers: { 'Retry-After': '42' } }));
  await page.getByRole('button', { name: 'Try again' }).click();
  await ann.sees('Please try again in 42 seconds.');
  await page.unroute('**/availability?*');
  await page.getByRole('button', { name: 'Try again' }).click();
  await pickerReady(page);
  await chooseDay(page, '2026-07-01');
  ann.expect();
});

await step('one person may have five bookings ahead with a host: told', async () => {
  for (let hour = 12; hour < 17; hour += 1)
    await book({ username: 'ada', eventSlug: 'intro', startsAt: `2026-06-05T${hour}:00:00Z`, inviteeEmail: 'many@example.net' });
  await toForm('intro', '2026-06-06', '9:00');
  await fillIn(page, { name: 'Ann Many', email: 'many@example.net' });
  ann.expect(429);
  await bookButton(page).click();
  await ann.sees('There are already as many bookings to come for this email address');
  ann.expect();
  is(await count('many@example.net'), '5', 'bookings');
});

await step('switched off while the page is open', async () => {
  await ann.open('/ada/gone');
  await chooseDay(page, '2026-06-08');
  await ada.call('PATCH', `/v0/event-types/${types.gone.id}`, { isActive: false });
  ann.expect(404);
  await chooseTime(page, '9:00');
  await ann.sees(heading('This is no longer offered here'));
  await page.getByRole('button', { name: 'Load the page anew' }).click();
  await ann.sees(heading('This page is not here'));
  ann.expect();
});

await step('renamed while the form is open', async () => {
  await toForm('named', '2026-06-08', '10:00');
  await ann.sees(page.getByRole('timer'));
  await fillIn(page, { name: 'Ann Named', email: 'named@example.net' });
  await ada.call('PATCH', `/v0/event-types/${types.named.id}`, { slug: 'other-name' });
  ann.expect(404);
  await bookButton(page).click();
  await ann.sees(heading('This is no longer offered here'));
  ann.expect();
});

await step('a host with another name: old links lead on', async () => {
  const eve = await makeHost('eve');
  await makeEventType(eve);
  await eve.call('PATCH', '/v0/me', { username: 'evelyn' });
  await ann.open('/eve/intro?theme=dark');
  like(page.url(), /\/evelyn\/intro/, 'address');
  await chooseDay(page, '2026-06-08');
});

await step('places that are left are told; a full time is gone; a full day, too', async () => {
  await book({ username: 'ada', eventSlug: 'class', startsAt: '2026-06-08T12:00:00Z' });
  await ann.open('/ada/class');
  await chooseDay(page, '2026-06-08');
  like((await times(page)).find((time) => time.startsWith('12:00')), /1 place left/, 'one');
  await book({ username: 'ada', eventSlug: 'class', startsAt: '2026-06-08T12:00:00Z' });
  await page.reload();
  await chooseDay(page, '2026-06-08');
  must(!(await times(page)).some((time) => time.startsWith('12:00')), 'full');
  await book({ username: 'ada', eventSlug: 'capped', startsAt: '2026-06-09T12:00:00Z' });
  await ann.open('/ada/capped');
  await pickerReady(page);
  is(await page.locator('slot-picker button[data-date="2026-06-09"]').getAttribute('aria-disabled'), 'true', 'the day');
});

await step('no free day in a month: on to the next free one', async () => {
  const bob = await makeHost('bob', { hours: null });
  await makeEventType(bob, { slotIntervalMinutes: 30 });
  await bob.call('PUT', '/v0/me/availability/overrides', { overrides: ['2026-06-02', '2026-09-01'].map((date) => ({
    startAt: `${date}T09:00:00Z`, endAt: `${date}T10:00:00Z`, isAvailable: true })) }, { headers: { 'If-Match': '*' } });
  await ann.open('/bob/intro');
  await chooseDay(page, '2026-06-02');
  is(await times(page), ['9:00', '9:30'], 'the first');
  await page.locator('slot-picker').getByRole('button', { name: 'Next month' }).click();
  await ann.sees('No free times in July 2026.');
  await page.getByRole('button', { name: 'Go to the next free day' }).click();
  await until('September', async () => (await times(page)).length === 2);
  is(await page.evaluate(() => document.activeElement.dataset.date), '2026-09-01', 'focus');
});

await step('no free day at all; later there is', async () => {
  const cleo = await makeHost('cleo', { hours: null });
  await makeEventType(cleo);
  await ann.open('/cleo/intro');
  await ann.sees('There are no free times at the moment.');
  await cleo.call('PUT', '/v0/me/availability/rules', { rules: [{ dayOfWeek: 3, startMinute: 600, endMinute: 660 }] }, { headers: { 'If-Match': '*' } });
  await page.getByRole('button', { name: 'Look again' }).click();
  await chooseDay(page, '2026-06-03');
  is((await times(page))[0], '10:00', 'times');
});

/* --- links -------------------------------------------------------------------------------------------------------- */

const { actions } = await book({ username: 'ada', eventSlug: 'soon', startsAt: '2026-06-10T09:00:00Z' });
const link = (kind) => `/bookings/actions/${actions[kind].token}`;

await step('moving to a time that is taken meanwhile: told, the booking stays', async () => {
  await ann.open(link('reschedule'));
  await page.route('**/v0/holds', (route) => route.fulfill({ status: 429, json: { ok: false, error: 'too many holds', code: 'OC008' } }));
  ann.expect(429, 409);
  await chooseDay(page, '2026-06-10');
  must(!(await times(page)).includes('9:00'), 'its own time is no choice');
  await chooseTime(page, '10:00');
  await ann.sees('This time cannot be reserved');
  await book({ username: 'ada', eventSlug: 'intro', startsAt: '2026-06-10T10:00:00Z' });
  await page.getByRole('button', { name: 'Move the booking' }).click();
  await ann.sees('Your booking stays as it was');
  await page.unroute('**/v0/holds');
  ann.expect();
});

await step('canceled in another tab while the page is open: told', async () => {
  const other = await book({ username: 'ada', eventSlug: 'soon', startsAt: '2026-06-11T09:00:00Z' });
  const path = `/bookings/actions/${other.actions.reschedule.token}`;
  await ann.open(path);
  await chooseDay(page, '2026-06-11');
  await chooseTime(page, '11:00');
  await ann.sees(page.getByRole('timer'));
  await api('POST', `/v0/bookings/actions/${other.actions.cancel.token}/cancel`, {});
  ann.expect(409);
  await page.getByRole('button', { name: 'Move the booking' }).click();
  await ann.sees(heading('This booking is canceled'));
  ann.expect();
  await ann.open(`/bookings/actions/${other.actions.cancel.token}`);
  await ann.sees('The time is free again.');
});

await step('a link that is none', async () => {
  ann.expect(404);
  await ann.open(`/bookings/actions/${'x'.repeat(64)}`);
  await ann.sees(heading('This page is not here'));
  await ann.open('/bookings/actions/short');
  await ann.sees(heading('This page is not here'));
  ann.expect();
});

await step('the meeting begins while the page is open: told', async () => {
  await ann.open(link('cancel'));
  await ann.sees(heading('Cancel this booking?'));
  await moveClock('2026-06-10T09:05:00Z');
  ann.expect(409, 410);
  await page.getByRole('button', { name: 'Cancel the booking' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the booking' }).click();
  await ann.sees(heading('This meeting has begun'));
  ann.expect();
  await ann.open(link('reschedule'));
  await ann.sees('It can no longer be changed here. Please contact Ada directly.');
});

await step('30 days later the link has expired', async () => {
  await moveClock('2026-07-12T09:05:00Z');
  ann.expect(410);
  await ann.open(link('cancel'));
  await ann.sees('This link has expired');
  ann.expect();
});

await finish();
