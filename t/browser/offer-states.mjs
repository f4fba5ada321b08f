/*
 * Promise (t/053_link_states.pl): when there is nothing to book, or no longer, here or in this month, the page says so, and
 * where to go on.
 */
import { api, book, finish, is, like, makeEventType, makeHost, moveClock, must, sql, step, until, visitor } from './lib.mjs';
import { bookButton, chooseDay, chooseTime, fillIn, pickerReady, times } from './walk.mjs';
import { words } from './words.mjs';

const t = words();
await moveClock('2026-06-01T08:00:00Z');
const ola = await makeHost('ola');
const types = {};
for (const slug of ['gone', 'named'])
  types[slug] = await makeEventType(ola, { slug, name: `Talk ${slug}`, slotIntervalMinutes: 30 });
await makeEventType(ola, { slug: 'class', name: 'Class', slotIntervalMinutes: 30, seats: 2 });
await makeEventType(ola, { slug: 'capped', name: 'Capped', slotIntervalMinutes: 30, dailyBookingLimit: 1 });
const ann = await visitor();
const { page } = ann;
const heading = (name) => page.getByRole('heading', { name });

await step('switched off while the page is open', async () => {
  await ann.open('/ola/gone');
  await chooseDay(page, '2026-06-08');
  await ola.call('PATCH', `/v0/event-types/${types.gone.id}`, { isActive: false });
  ann.expect(404);
  await chooseTime(page, '9:00');
  await ann.sees(heading(t('booking.goneTitle')));
  await page.getByRole('button', { name: t('booking.reload') }).click();
  await ann.sees(heading(t('page.error.title')));
  ann.expect();
});

await step('renamed while the form is open', async () => {
  await ann.open('/ola/named');
  await chooseDay(page, '2026-06-08');
  await chooseTime(page, '10:00');
  await ann.sees(page.getByRole('timer'));
  await fillIn(page, { name: 'Ann Named', email: 'named@example.net' });
  await ola.call('PATCH', `/v0/event-types/${types.named.id}`, { slug: 'other-name' });
  ann.expect(404);
  await bookButton(page).click();
  await ann.sees(heading(t('booking.goneTitle')));
  is(await sql('SELECT count(*) FROM opencalendly.bookings WHERE invitee_email = \'named@example.net\''), '0', 'bookings');
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
  await book({ username: 'ola', eventSlug: 'class', startsAt: '2026-06-08T12:00:00Z' });
  await ann.open('/ola/class');
  await chooseDay(page, '2026-06-08');
  like((await times(page)).find((time) => time.startsWith('12:00')), new RegExp(t('picker.seatsLeft', { count: 1 })), 'one');
  await book({ username: 'ola', eventSlug: 'class', startsAt: '2026-06-08T12:00:00Z' });
  await page.reload();
  await chooseDay(page, '2026-06-08');
  must(!(await times(page)).some((time) => time.startsWith('12:00')), 'full');
  await book({ username: 'ola', eventSlug: 'capped', startsAt: '2026-06-09T12:00:00Z' });
  await ann.open('/ola/capped');
  await pickerReady(page);
  is(await page.locator('slot-picker button[data-date="2026-06-09"]').getAttribute('aria-disabled'), 'true', 'the day');
});

await step('the last place is held for who types', async () => {
  await book({ username: 'ola', eventSlug: 'class', startsAt: '2026-06-10T12:00:00Z' });
  await ann.open('/ola/class');
  await chooseDay(page, '2026-06-10');
  await chooseTime(page, '12:00');
  await ann.sees(page.getByRole('timer'));
  const late = await api('POST', '/v0/bookings', {
    username: 'ola', eventSlug: 'class', startsAt: '2026-06-10T12:00:00Z', inviteeName: 'Ben', inviteeEmail: 'ben@example.net',
  }, { any: true });
  is([late.status, late.code], [409, 'OC001'], 'for others it is full');
  await fillIn(page, { name: 'Ann Seat', email: 'seat@example.net' });
  await bookButton(page).click();
  await ann.sees(heading(t('page.booked.title')));
  is(await sql('SELECT count(*) FROM opencalendly.bookings WHERE invitee_email = \'seat@example.net\''), '1', 'bookings');
});

await step('no free day in a month: on to the next free one', async () => {
  const bob = await makeHost('bob', { hours: null });
  await makeEventType(bob, { slotIntervalMinutes: 30 });
  await bob.call('PUT', '/v0/me/availability/overrides', { overrides: ['2026-06-02', '2026-09-01'].map((date) => ({
    startAt: `${date}T09:00:00Z`, endAt: `${date}T10:00:00Z`, isAvailable: true })) }, { headers: { 'If-Match': '*' } });
  await ann.open('/bob/intro');
  await chooseDay(page, '2026-06-02');
  is(await times(page), ['9:00', '9:30'], 'the first');
  await page.locator('slot-picker').getByRole('button', { name: t('picker.nextMonth') }).click();
  await ann.sees(t('picker.noneInMonth', { month: 'July 2026' }));
  await page.getByRole('button', { name: t('picker.nextFree') }).click();
  await until('September', async () => (await times(page)).length === 2);
  is(await page.evaluate(() => document.activeElement.dataset.date), '2026-09-01', 'focus');
});

await step('no free day at all; later there is', async () => {
  const cleo = await makeHost('cleo', { hours: null });
  await makeEventType(cleo);
  await ann.open('/cleo/intro');
  await ann.sees(t('picker.noneAtAll'));
  await cleo.call('PUT', '/v0/me/availability/rules', { rules: [{ dayOfWeek: 3, startMinute: 600, endMinute: 660 }] },
    { headers: { 'If-Match': '*' } });
  await page.getByRole('button', { name: t('picker.checkAgain') }).click();
  await chooseDay(page, '2026-06-03');
  is((await times(page))[0], '10:00', 'times');
});

await finish();
