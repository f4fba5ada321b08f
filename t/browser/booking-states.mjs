/*
 * Promise (t/053_booking_states.pl): whatever happens between choosing a time and having it, the visitor is told what it is
 * and what to do, loses nothing that was typed, and is booked once or not at all.
 */
import {
  api, book, finish, is, like, makeEventType, makeHost, moveClock, must, sql, step, url, visitor, withoutDatabase,
} from './lib.mjs';
import { bookButton, chooseDay, chooseTime, fillIn, pickerReady, times } from './walk.mjs';
import { words } from './words.mjs';

const t = words();
const ada = await makeHost('ada');
for (const slug of ['intro', 'busy'])
  await makeEventType(ada, {
    slug, name: `Talk ${slug}`, slotIntervalMinutes: 30, maxDaysAhead: 200,
    questions: [{ id: 'q', label: 'What about?', required: false }],
  });
const ann = await visitor();
let { page } = ann;
let clock = Date.parse('2026-06-01T08:00:00Z');
/* Holds live for at most ten minutes: here all of them are over. */
const pass = (between) => {
  clock += 11 * 60_000;
  return moveClock(new Date(clock).toISOString(), between);
};
const heading = (name) => page.getByRole('heading', { name });
const count = (email) => sql(`SELECT count(*) FROM opencalendly.bookings
  WHERE invitee_email = '${email}' AND status = 'confirmed'`);
const alert = () => page.getByRole('alert').first();

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
  await ann.sees(heading(t('booking.details')));
}

const typed = async () =>
  [await page.getByLabel(t('booking.name')).inputValue(), await page.getByLabel('What about?').inputValue()];
const booked = async () => {
  await bookButton(page).click();
  await ann.sees(heading(t('page.booked.title')));
};

/* The idempotency keys of bookings that were sent since this was last asked. */
const keys = [];
ann.context.on('request', (request) => {
  if (request.url().endsWith('/v0/bookings')) keys.push(request.headers()['idempotency-key']);
});
const oneKey = (times) => {
  const sent = keys.splice(0);

  is([sent.length, new Set(sent).size], [times, 1], 'times sent, keys');
  like(sent[0], /^[0-9a-f-]{32,36}$/, 'key');
};

/* What the API answers for a while. */
const answer = (pattern, status, code, retry) => page.route(pattern, (route) => route.fulfill({
  status, json: { ok: false, error: 'not now', code }, headers: retry ? { 'Retry-After': String(retry) } : {},
}));

await step('the own hold after a reload: the form as it was, and the own time among the times', async () => {
  await toForm('intro', '2026-06-02', '9:00');
  await ann.sees(page.getByRole('timer'));
  await fillIn(page, { name: 'Ann Reload', email: 'reload@example.net', answers: { 'What about?': 'All' } });
  await page.reload();
  await ann.sees(page.getByRole('timer'));
  is(await typed(), ['Ann Reload', 'All'], 'typed');
  is(await sql('SELECT count(*) FROM opencalendly.holds'), '1', 'holds');
  await page.getByRole('button', { name: t('booking.otherTime') }).click();
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
  await ann.sees(heading(t('page.booked.title')));
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
  await ann.sees(t('hold.ended'));
  await ann.sees(t('hold.stillFree'));
  await page.getByRole('button', { name: t('hold.again') }).click();
  await ann.sees(page.getByRole('timer'));
  await bookButton(page).click();
  await ann.sees(heading(t('page.booked.title')));
  is(await count('slow@example.net'), '1', 'bookings');
});

await step('the hold runs out and somebody else takes the time: others are offered, nothing typed is lost', async () => {
  await toForm('intro', '2026-06-03', '10:00');
  await ann.sees(page.getByRole('timer'));
  await fillIn(page, { name: 'Ann Slower', email: 'slower@example.net', answers: { 'What about?': 'Tea' } });
  await pass(() => book({ username: 'ada', eventSlug: 'intro', startsAt: '2026-06-03T10:00:00Z' }));
  await ann.sees(t('booking.takenWhileTyping'));
  await pickerReady(page);
  must(!(await times(page)).includes('10:00'), 'it is gone');
  await chooseTime(page, '11:00');
  is(await typed(), ['Ann Slower', 'Tea'], 'typed');
});

await step('too many times are held: on without, booked all the same', async () => {
  await newTab();
  await pass();
  for (let day = 15; day < 20; day += 1)
    for (let hour = 13; hour < 17; hour += 1)
      await api('POST', '/v0/holds', { username: 'ada', eventSlug: 'busy', startsAt: `2026-06-${day}T${hour}:00:00Z` });
  ann.expect(429);
  await ann.open('/ada/busy');
  await chooseDay(page, '2026-06-17');
  await chooseTime(page, '9:00');
  await ann.sees(t('hold.unheld'));
  await fillIn(page, { name: 'Ann Quick', email: 'quick@example.net' });
  await booked();
  is(await count('quick@example.net'), '1', 'bookings');
});

await step('not held, and taken while the form is open: others are offered, nothing typed is lost', async () => {
  await ann.open('/ada/busy');
  await chooseDay(page, '2026-06-17');
  await chooseTime(page, '10:00');
  await ann.sees(t('hold.unheld'));
  await fillIn(page, { name: 'Ann Late', email: 'late@example.net', answers: { 'What about?': 'Cake' } });
  await book({ username: 'ada', eventSlug: 'busy', startsAt: '2026-06-17T10:00:00Z' });
  ann.expect(429, 409);
  await bookButton(page).click();
  await ann.sees(t('booking.taken'));
  must(await page.evaluate(() => document.activeElement.matches('.note')), 'the focus is at what happened');
  await pickerReady(page);
  must(!(await times(page)).includes('10:00'), 'it is gone');
  await chooseTime(page, '10:30');
  is(await typed(), ['Ann Late', 'Cake'], 'typed');
  await booked();
  is(await count('late@example.net'), '1', 'bookings');
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
  await ann.sees(t('booking.takenAtOnce'));
  ann.expect();
});

await step('two tabs: what one holds the other does not offer; both book', async () => {
  await toForm('intro', '2026-06-04', '13:00');
  await ann.sees(page.getByRole('timer'));
  const second = await ann.context.newPage();
  await second.goto(new URL('/ada/intro', url).href);
  await chooseDay(second, '2026-06-04');
  must(!(await times(second)).includes('13:00'), 'it is not offered');
  await chooseTime(second, '13:30');
  await second.getByRole('timer').waitFor();
  await fillIn(second, { name: 'Ann Second', email: 'second@example.net' });
  await bookButton(second).click();
  await second.getByRole('heading', { name: t('page.booked.title') }).waitFor();
  await second.close();
  await fillIn(page, { name: 'Ann First', email: 'first@example.net' });
  await booked();
  is([await count('first@example.net'), await count('second@example.net')], ['1', '1'], 'bookings');
});

await step('the time cannot be held as the database is away: told; then it can', async () => {
  await newTab();
  await pass();
  await ann.open('/ada/intro');
  await chooseDay(page, '2026-06-04');
  ann.expect(503);
  await withoutDatabase(async () => {
    await chooseTime(page, '15:00');
    await ann.sees(`${t('hold.errors.status503')} ${t('hold.failed')}`);
  });
  await page.getByRole('button', { name: t('hold.again') }).click();
  await ann.sees(page.getByRole('timer'));
  is(await sql('SELECT count(*) FROM opencalendly.holds WHERE expires_at > \'2026-06-01\''), '1', 'holds');
  ann.expect();
});

await step('the time cannot be held offline: told; booked without', async () => {
  await newTab();
  await pass();
  await ann.open('/ada/intro');
  await chooseDay(page, '2026-06-04');
  ann.expect('offline');
  await ann.context.setOffline(true);
  await chooseTime(page, '15:30');
  await ann.sees(`${t('hold.errors.offline')} ${t('hold.failed')}`);
  await ann.context.setOffline(false);
  await fillIn(page, { name: 'Ann Unheld', email: 'unheld@example.net' });
  await booked();
  is(await count('unheld@example.net'), '1', 'bookings');
  ann.expect();
});

await step('offline while sending: told; then booked once', async () => {
  await toForm('intro', '2026-06-05', '9:00');
  await ann.sees(page.getByRole('timer'));
  await fillIn(page, { name: 'Ann Away', email: 'away@example.net' });
  keys.length = 0;
  ann.expect('offline');
  await ann.context.setOffline(true);
  await bookButton(page).click();
  await ann.sees(t('booking.errors.offline'));
  is(await page.getByLabel(t('booking.name')).inputValue(), 'Ann Away', 'typed');
  await ann.context.setOffline(false);
  await page.getByRole('button', { name: t('common.retry') }).click();
  await ann.sees(heading(t('page.booked.title')));
  ann.expect();
  oneKey(2);
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
  await ann.sees(t('booking.errors.offline'));
  is(await count('lost@example.net'), '1', 'it has arrived');
  await page.reload();
  is(await page.getByLabel(t('booking.name')).inputValue(), 'Ann Lost', 'typed, after a reload');
  await bookButton(page).click();
  await ann.sees(heading(t('page.booked.title')));
  oneKey(2);
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
    await ann.sees(t('booking.errors.status503'));
  });
  await page.getByRole('button', { name: t('common.retry') }).click();
  await ann.sees(heading(t('page.booked.title')));
  oneKey(2);
  is(await count('down@example.net'), '1', 'bookings');
});

await step('a page asked for while the database is away', async () => {
  await withoutDatabase(async () => {
    await ann.open('/ada/intro');
    await ann.sees(heading(t('page.error.titleOther')));
    await ann.sees(t('page.error.503'));
  });
  ann.expect();
});

await step('times that cannot be loaded: told, with a way to try again', async () => {
  const next = page.getByRole('button', { name: t('picker.nextMonth') });
  await ann.open('/ada/intro');
  await pickerReady(page);
  ann.expect(503, 429, 'offline');
  await withoutDatabase(async () => {
    await next.click();
    await alert().getByText(t('errors.status503')).waitFor();
  });
  await answer('**/availability?*', 429, 'OC008', 42);
  await page.getByRole('button', { name: t('common.retry') }).click();
  await alert().getByText(t('picker.errors.OC008', { retry: 42 })).waitFor();
  await page.unroute('**/availability?*');
  await page.getByRole('button', { name: t('common.retry') }).click();
  await pickerReady(page);
  is(await page.evaluate(() => document.activeElement.dataset.date), '2026-07-01', 'the focus is in the month');
  await chooseDay(page, '2026-07-01');
});

await step('offline the times that are known stay; back online the others come by themselves', async () => {
  await ann.context.setOffline(true);
  await page.getByRole('button', { name: t('picker.nextMonth') }).click();
  await alert().getByText(t('errors.offline')).waitFor();
  await page.getByRole('button', { name: t('picker.previousMonth') }).click();
  await pickerReady(page);
  must((await times(page)).length > 0, 'times of July');
  await page.getByRole('button', { name: t('picker.nextMonth') }).click();
  await alert().getByText(t('errors.offline')).waitFor();
  await ann.context.setOffline(false);
  await chooseDay(page, '2026-08-03');
  ann.expect();
});

await step('too many requests: told how long to wait; then booked once', async () => {
  await toForm('intro', '2026-06-05', '11:30');
  await ann.sees(page.getByRole('timer'));
  await fillIn(page, { name: 'Ann Hasty', email: 'hasty@example.net' });
  ann.expect(429);
  await answer('**/v0/bookings', 429, 'HTTP_429', 17);
  await bookButton(page).click();
  await ann.sees(t('errors.status429', { retry: 17 }));
  is(await typed(), ['Ann Hasty', ''], 'typed');
  await page.unroute('**/v0/bookings');
  await page.getByRole('button', { name: t('common.retry') }).click();
  await ann.sees(heading(t('page.booked.title')));
  is(await count('hasty@example.net'), '1', 'bookings');
  ann.expect();
});

await step('one person may have five bookings ahead with a host: told', async () => {
  for (let hour = 12; hour < 17; hour += 1)
    await book({
      username: 'ada', eventSlug: 'intro', startsAt: `2026-06-05T${hour}:00:00Z`, inviteeEmail: 'many@example.net',
    });
  await toForm('intro', '2026-06-06', '9:00');
  await fillIn(page, { name: 'Ann Many', email: 'many@example.net' });
  ann.expect(429);
  await bookButton(page).click();
  await ann.sees(t('booking.errors.OC008'));
  ann.expect();
  is(await count('many@example.net'), '5', 'bookings');
});

await finish();
