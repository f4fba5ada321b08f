/*
 * Promise (t/055_keyboard.pl): by the keyboard alone, seeing where it is, a visitor books and cancels, and a host sets hours
 * and makes an event type.
 */
import { book, finish, is, like, makeEventType, makeHost, must, sql, step, until, visitor } from './lib.mjs';
import { pickerReady } from './walk.mjs';

const ada = await makeHost('ada');
await makeEventType(ada, { slotIntervalMinutes: 30, questions: [{ id: 'q', label: 'What about?', required: false }] });
const newcomer = await makeHost('newcomer', { hours: null });
const ann = await visitor();
const { page } = ann;

/* The element that has the focus: its name as it is told. */
const focused = (on) => on.evaluate(() => {
  const { activeElement: node } = document;
  return node.getAttribute('aria-label') || node.labels?.[0]?.textContent || node.textContent.trim();
});

/* Whether it can be seen that it has the focus. */
const isMarked = (on) => on.evaluate(() => {
  const { activeElement: node } = document;
  const style = getComputedStyle(node);
  const box = node.getBoundingClientRect();
  return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== 'none' || box.height <= 1 || box.width <= 1;
});

/* Presses Tab until what has the focus is called so. */
async function tabTo(on, name, most = 60) {
  const seen = [];

  for (let n = 0; n < most; n += 1) {
    await on.keyboard.press('Tab');
    const now = await focused(on);
    seen.push(now);
    must(await isMarked(on), `it cannot be seen that "${now}" has the focus`);
    if (name.test(now)) return;
  }
  throw new Error(`${name} cannot be reached: ${seen.map((text) => text.slice(0, 30)).join(' | ')}`);
}

await step('the skip link comes first and leads to the main part', async () => {
  await ann.open('/ada/intro');
  await pickerReady(page);
  await page.keyboard.press('Tab');
  is(await focused(page), 'Skip to the content', 'first');
  await page.keyboard.press('Enter');
  await until('the main part', () => page.evaluate(() => location.hash === '#main'));
});

await step('the zone: typed, chosen by the arrows', async () => {
  await tabTo(page, /^Time zone/);
  await page.keyboard.type('tokyo');
  await page.keyboard.press('Enter');
  await until('Tokyo', async () => /Tokyo/.test(await page.getByRole('combobox').inputValue()));
  await page.getByRole('combobox').press('ArrowDown');
  await page.keyboard.press('Escape');
  like(await page.getByRole('combobox').inputValue(), /Tokyo/, 'kept');
  await page.getByRole('combobox').fill('utc');
  await page.keyboard.press('Enter');
});

await step('the days: one stop for Tab, moved in by the arrows', async () => {
  await tabTo(page, /June.*free/);
  const start = await page.evaluate(() => document.activeElement.dataset.date);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  const there = await page.evaluate(() => document.activeElement.dataset.date);
  is(Math.round((Date.parse(there) - Date.parse(start)) / 86_400_000), 8, 'days on');
  await page.keyboard.press('PageDown');
  await until('July', () => page.evaluate(() => /^2026-07/.test(document.activeElement.dataset.date)));
  await page.keyboard.press('PageUp');
  await until('June', () => page.evaluate(() => /^2026-06/.test(document.activeElement.dataset.date)));
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  const monday = await page.evaluate(() => document.activeElement.dataset.date);
  is(new Date(monday).getUTCDay(), 1, 'the week\'s first day');
  await until('chosen', () => page.locator(`td[aria-selected="true"] button[data-date="${monday}"]`).count());
});

await step('a time, the form, its errors, booked', async () => {
  await tabTo(page, /^9:00/);
  await page.keyboard.press('Enter');
  await until('the heading of the form', async () => (await focused(page)) === 'Your details');
  await tabTo(page, /^Book this time/);
  await page.keyboard.press('Enter');
  await until('the first wrong field', async () => /Your name/.test(await focused(page)));
  is(await page.evaluate(() => document.getElementById(document.activeElement.getAttribute('aria-describedby').split(' ')[0]).textContent), 'Fill in this field.', 'described');
  await page.keyboard.type('Ann');
  await tabTo(page, /email/);
  await page.keyboard.type('ann@example.net');
  await page.keyboard.press('Enter');
  await ann.sees(page.getByRole('heading', { name: 'You are booked' }));
  is(await sql('SELECT count(*) FROM opencalendly.bookings'), '1', 'bookings');
});

await step('canceled', async () => {
  await tabTo(page, /^Cancel it/);
  await page.keyboard.press('Enter');
  await ann.sees(page.getByRole('heading', { name: 'Cancel this booking?' }));
  await tabTo(page, /^Reason/);
  await page.keyboard.type('Ill');
  await tabTo(page, /^Cancel the booking/);
  await page.keyboard.press('Enter');
  await until('the dialog asks, and "no" is nearest', async () => (await focused(page)) === 'Keep it');
  await page.keyboard.press('Escape');
  await until('back at the button', async () => /^Cancel the booking/.test(await focused(page)));
  await page.keyboard.press('Enter');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await ann.sees(page.getByRole('heading', { name: 'This booking is canceled' }));
});

const host = await visitor({ host: newcomer });
const console_ = host.page;

await step('console: hours', async () => {
  await host.open('/console#/hours');
  await host.sees('When can you be booked?');
  await tabTo(console_, /^Monday to Friday/);
  await console_.keyboard.press('Enter');
  await until('the first time', async () => (await focused(console_)) === 'Monday from');
  await console_.keyboard.press('ArrowUp');
  await tabTo(console_, /^Copy the hours of Monday/);
  await console_.keyboard.press('Enter');
  await until('the dialog', () => console_.locator('dialog[open]').count());
  await tabTo(console_, /^Sunday/);
  await console_.keyboard.press('Space');
  await tabTo(console_, /^Copy$/);
  await console_.keyboard.press('Enter');
  await until('the focus is back', async () => /^Copy the hours of Monday/.test(await focused(console_)));
  await tabTo(console_, /^Save$/);
  await console_.keyboard.press('Enter');
  await host.sees('Saved. Bookings that are there stay');
  is(await sql(`SELECT count(*) FROM opencalendly.availability_rules AS r JOIN opencalendly.schedules AS s ON s.id = r.schedule_id
    WHERE s.user_id = '${newcomer.user.id}' AND day_of_week = 0 AND start_minute = 555`), '1', 'Sunday from 9:15');
});

await step('console: an event type', async () => {
  await host.open('/console#/event-types');
  await tabTo(console_, /^Make your first event type/);
  await console_.keyboard.press('Enter');
  await until('the form\'s heading', async () => /New event type/.test(await focused(console_)));
  await tabTo(console_, /^Name/);
  await console_.keyboard.type('By hand');
  await console_.keyboard.press('Enter');
  await host.sees(/“By hand” is there/);
});

await step('console: a booking opens and closes, the focus comes back', async () => {
  await book({ username: 'newcomer', eventSlug: 'by-hand', startsAt: '2026-06-03T10:00:00Z' });
  await console_.goto('about:blank');
  await host.open('/console');
  await host.sees(console_.getByRole('button', { name: /Ann/ }));
  await tabTo(console_, /Ann/);
  await console_.keyboard.press('Enter');
  await until('the dialog', () => console_.locator('dialog[open]').count());
  await console_.keyboard.press('Escape');
  await until('the focus is back', async () => /Ann/.test(await focused(console_)));
});

await finish();
