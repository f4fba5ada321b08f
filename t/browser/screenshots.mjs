/* The pictures of the README (scripts/screenshots): a visitor chooses a time; a host's week. 1200 pixels wide. */
import { mkdirSync } from 'node:fs';
import { book, finish, makeEventType, makeHost, step, visitor } from './lib.mjs';
import { chooseDay } from './walk.mjs';

const folder = process.env.BROWSER_SCREENSHOTS;
const hour = (text) => Number(text.split(':')[0]) * 60 + Number(text.split(':')[1]);
const week = (days, ...windows) => days.flatMap((dayOfWeek) => windows.map(([from, to]) =>
  ({ dayOfWeek, startMinute: hour(from), endMinute: hour(to) })));

const ada = await makeHost('ada', { zone: 'Europe/Berlin', name: 'Ada Lovelace', hours: null });
const rules = [...week([1, 2, 4, 5], ['9:00', '12:30'], ['13:30', '17:30']), ...week([3], ['9:00', '12:30'])];
await ada.call('PUT', '/v0/me/availability/rules', { rules }, { headers: { 'If-Match': '*' } });
await makeEventType(ada, {
  name: 'Introduction', durationMinutes: 30, slotIntervalMinutes: 30, minNoticeMinutes: 240, maxDaysAhead: 45,
  description: 'Half an hour to get to know each other, and to see what we can do for you.',
});
await makeEventType(ada, { slug: 'workshop', name: 'Workshop', durationMinutes: 90, locationType: 'in_person', locationValue: 'Unter den Linden 1' });
await makeEventType(ada, { slug: 'class', name: 'Open hour', durationMinutes: 60, seats: 6 });

for (const [eventSlug, startsAt, inviteeName] of [
  ['intro', '2026-06-01T12:30:00Z', 'Grace Hopper'], ['workshop', '2026-06-02T07:30:00Z', 'Mary Somerville'],
  ['intro', '2026-06-02T12:00:00Z', 'Charles Babbage'], ['class', '2026-06-03T08:00:00Z', 'Emmy Noether'],
  ['class', '2026-06-03T08:00:00Z', 'Sofja Kowalewskaja'], ['class', '2026-06-03T08:00:00Z', 'Hypatia'],
  ['intro', '2026-06-04T07:00:00Z', 'Alan Turing'], ['workshop', '2026-06-04T12:00:00Z', 'Katherine Johnson'],
  ['intro', '2026-06-05T09:00:00Z', 'Annie Easley'],
]) await book({ username: 'ada', eventSlug, startsAt, inviteeName, timezone: 'America/New_York' });

mkdirSync(folder, { recursive: true });

await step('booking.png', async () => {
  const ann = await visitor({ zone: 'America/New_York', locale: 'en-US', size: [1200, 660] });

  await ann.open('/ada/intro');
  await chooseDay(ann.page, '2026-06-09');
  await ann.page.evaluate(() => document.activeElement.blur());
  await ann.page.screenshot({ path: `${folder}/booking.png` });
});

await step('console.png', async () => {
  const host = await visitor({ zone: 'Europe/Berlin', locale: 'en-GB', size: [1200, 760], host: ada });

  await host.open('/console#/bookings/week');
  await host.sees(host.page.getByText('Grace Hopper'));
  await host.page.screenshot({ path: `${folder}/console.png` });
});

await finish();
