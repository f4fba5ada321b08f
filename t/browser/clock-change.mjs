/*
 * Promise (t/052_clock_change.pl): on the days of 2026 on which the clocks change in New York, a visitor there sees each time
 * that exists, once; what their clock reads twice has its offset beside it, and what it skips is not there. What is
 * booked is the instant that was chosen, whether the host is in Berlin or in New York.
 */
import { finish, is, like, makeEventType, makeHost, moveClock, must, sql, step, visitor } from './lib.mjs';
import { bookButton, chooseDay, chooseTime, chooseZone, fillIn, times } from './walk.mjs';
import { words } from './words.mjs';

const t = words();
const sunday = (startMinute, endMinute) => ({ rules: [{ dayOfWeek: 0, startMinute, endMinute }] });
const replace = { headers: { 'If-Match': '*' } };
const half = { slug: 'half', name: 'Half an hour', slotIntervalMinutes: 30 };
const berlin = await makeHost('berlin', { zone: 'Europe/Berlin', hours: null });
const york = await makeHost('york', { zone: 'America/New_York', hours: null });
await makeEventType(berlin, half);
await makeEventType(york, half);
/* 05:00 to 08:00 UTC in November; New York: from midnight on */
await berlin.call('PUT', '/v0/me/availability/rules', sunday(360, 540), replace);
await york.call('PUT', '/v0/me/availability/rules', sunday(0, 240), replace);

const ann = await visitor({ zone: 'America/New_York', locale: 'en-US' });
const ben = await visitor({ zone: 'Europe/Berlin', locale: 'de-DE', phone: true });
const { page } = ann;
const booked = (email) => sql(`SELECT to_char(starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM opencalendly.bookings
  WHERE invitee_email = '${email}' AND status = 'confirmed'`);

await moveClock('2026-10-28T12:00:00Z');

await step('the clocks go back, host in Berlin: 1:00 and 1:30 come twice', async () => {
  await ann.open('/berlin/half');
  await chooseDay(page, '2026-11-01');
  is(await times(page), ['1:00 AM UTC−4', '1:30 AM UTC−4', '1:00 AM UTC−5', '1:30 AM UTC−5', '2:00 AM', '2:30 AM'], 'times');
  await ann.sees(t('picker.clocksChange'));
});

await step('the second 1:30 is what it says, over a reload, to both sides', async () => {
  await chooseTime(page, '1:30 AM UTC−5');
  await ann.sees(/November 1, 2026, 1:30 AM UTC−5 – 2:00 AM/);
  await ann.sees('New York (UTC−5)');
  await ann.sees(/Reserved for you/);
  await page.reload();
  await ann.sees('New York (UTC−5)');
  await fillIn(page, { email: 'second@example.net' });
  await bookButton(page).click();
  await ann.sees(page.getByRole('heading', { name: t('page.booked.title') }));
  is(await booked('second@example.net'), '2026-11-01 06:30', 'instant');
  await ann.sees('(America/New_York, UTC−5)');
  await ann.sees(/November 1, 2026, 7:30 AM – 8:00 AM/);
  await ann.sees('(Europe/Berlin, UTC+1)');
});

await step('then only the first is left', async () => {
  await ann.open('/berlin/half');
  await chooseDay(page, '2026-11-01');
  is(await times(page), ['1:00 AM UTC−4', '1:30 AM UTC−4', '1:00 AM UTC−5', '2:00 AM', '2:30 AM'], 'times');
  await chooseTime(page, '1:30 AM UTC−4');
  await ann.sees('New York (UTC−4)');
  await fillIn(page, { email: 'first@example.net' });
  await bookButton(page).click();
  await ann.sees(page.getByRole('heading', { name: t('page.booked.title') }));
  is(await booked('first@example.net'), '2026-11-01 05:30', 'instant');
});

await step('host in New York: from midnight on', async () => {
  await ann.open('/york/half');
  await chooseDay(page, '2026-11-01');
  is(await times(page), ['12:00 AM', '12:30 AM', '1:00 AM UTC−4', '1:30 AM UTC−4', '1:00 AM UTC−5', '1:30 AM UTC−5', '2:00 AM',
    '2:30 AM', '3:00 AM', '3:30 AM'], 'times');
});

await step('a visitor in Berlin sees nothing twice that day', async () => {
  await ben.open('/york/half');
  await chooseDay(ben.page, '2026-11-01');
  is(await times(ben.page), ['5:00', '5:30', '6:00', '6:30', '7:00', '7:30', '8:00', '8:30', '9:00', '9:30'], 'times');
});

await step('another zone on the page, and back', async () => {
  await chooseZone(page, 'kolkata', /Kolkata/);
  await chooseDay(page, '2026-11-01');
  is((await times(page))[0], '9:30 AM', 'first');
  must(!(await times(page)).some((time) => /UTC/.test(time)), 'no offsets');
  await chooseZone(page, 'new york', /New York/);
  await chooseDay(page, '2026-11-01');
  is((await times(page)).filter((time) => /UTC/.test(time)).length, 4, 'offsets');
});

await step('a visitor in Berlin who looks in New York\'s zone gets the one of two that they chose', async () => {
  const de = words('de');
  await chooseZone(ben.page, 'new york', /New York/);
  await chooseDay(ben.page, '2026-11-01');
  is((await times(ben.page)).slice(2, 6), ['1:00 UTC−4', '1:30 UTC−4', '1:00 UTC−5', '1:30 UTC−5'], 'times');
  await chooseTime(ben.page, '1:00 UTC−5');
  await ben.sees('New York (UTC−5)');
  await fillIn(ben.page, { email: 'ben@example.net' });
  await bookButton(ben.page).click();
  await ben.sees(ben.page.getByRole('heading', { name: de('page.booked.title') }));
  is(await booked('ben@example.net'), '2026-11-01 06:00', 'instant');
});

await step('on the night that Berlin has its change, 2:30 comes twice there, and once for New York', async () => {
  await berlin.call('PUT', '/v0/me/availability/rules', sunday(60, 240), replace);
  await moveClock('2026-10-22T12:00:00Z');
  await chooseZone(page, 'berlin', /Berlin/);
  await ann.open('/berlin/half');
  await chooseDay(page, '2026-10-25');
  is(await times(page), ['1:00 AM', '1:30 AM', '2:00 AM UTC+2', '2:30 AM UTC+2', '2:00 AM UTC+1', '2:30 AM UTC+1', '3:00 AM',
    '3:30 AM'], 'times');
  await chooseZone(page, 'new york', /New York/);
  await chooseDay(page, '2026-10-24');
  is(await times(page), ['7:00 PM', '7:30 PM', '8:00 PM', '8:30 PM', '9:00 PM', '9:30 PM', '10:00 PM', '10:30 PM'], 'times');
});

await step('the host in New York sees the second 1:30 in the console, with its offset', async () => {
  await ann.open('/york/half');
  await chooseDay(page, '2026-11-01');
  await chooseTime(page, '1:30 AM UTC−5');
  await fillIn(page, { email: 'york@example.net' });
  await bookButton(page).click();
  await ann.sees(page.getByRole('heading', { name: t('page.booked.title') }));
  const host = await visitor({ zone: 'America/New_York', locale: 'en-US', host: york });
  await host.open('/console');
  const row = await host.sees(host.page.getByRole('button', { name: /Ann Example/ }));
  like(await row.innerText(), /1:30\sAM/, t('setup.units.hours'));
  like(await row.innerText(), /UTC−5/, 'offset');
  await host.open('/console#/bookings/week/2026-11-01');
  await host.page.reload();
  await host.sees(/the clocks go back/);
  await host.close();
});

await step('moved by its link to the first 1:30', async () => {
  await page.getByRole('link', { name: t('page.booked.reschedule') }).click();
  await chooseDay(page, '2026-11-01');
  await chooseTime(page, '1:30 AM UTC−4');
  await page.getByRole('button', { name: t('action.move') }).click();
  await ann.sees(t('page.action.doneMoved'));
  await ann.sees('(America/New_York, UTC−4)');
  is(await booked('york@example.net'), '2026-11-01 05:30', 'instant');
});

/* The clocks go on: 2:00 to 3:00 does not exist on 8 March 2026. */
await moveClock('2026-03-04T12:00:00Z');
await berlin.call('PUT', '/v0/me/availability/rules', sunday(420, 600), replace);

await step('the clocks go forward, host in Berlin: no time between 2 and 3', async () => {
  await ann.open('/berlin/half');
  await chooseDay(page, '2026-03-08');
  is(await times(page), ['1:00 AM', '1:30 AM', '3:00 AM', '3:30 AM', '4:00 AM', '4:30 AM'], 'times');
});

await step('host in New York: four hours by the clock are three', async () => {
  await ann.open('/york/half');
  await chooseDay(page, '2026-03-08');
  is(await times(page), ['12:00 AM', '12:30 AM', '1:00 AM', '1:30 AM', '3:00 AM', '3:30 AM'], 'times');
  await chooseTime(page, '1:30 AM');
  await fillIn(page, { email: 'march@example.net' });
  await bookButton(page).click();
  await ann.sees(page.getByRole('heading', { name: t('page.booked.title') }));
  await ann.sees(/March 8, 2026, 1:30 AM – 3:00 AM/);
  is(await booked('march@example.net'), '2026-03-08 06:30', 'instant');
});

await step('the host cannot move it to a time that does not exist', async () => {
  const host = await visitor({ zone: 'America/New_York', locale: 'en-US', host: york });
  await host.open('/console');
  await (await host.sees(host.page.getByRole('button', { name: /Ann Example/ }))).click();
  await host.page.getByRole('button', { name: t('console.booking.move') }).click();
  await host.page.getByRole('button', { name: t('console.move.other') }).click();
  await host.page.getByLabel(t('console.time.date')).fill('2026-03-08');
  await host.page.getByLabel(t('console.time.time'), { exact: true }).fill('02:30');
  await host.sees(t('console.time.skipped', { time: '02:30', zone: 'America/New York' }));
  must(await host.page.getByRole('button', { name: t('console.move.go') }).isDisabled(), 'it cannot be sent');
  await host.close();
});

await finish();
