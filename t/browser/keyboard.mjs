/*
 * Promise (t/055_keyboard.pl): everything can be done by the keyboard alone. Nothing here clicks: a thing is reached by Tab,
 * which must show the focus at each of its stops, and used by Enter, Space, arrows and Escape.
 */
import { book, finish, is, like, makeEventType, makeHost, must, sql, step, until, visitor } from './lib.mjs';
import { pickerReady, times } from './walk.mjs';
import { words } from './words.mjs';

const t = words();
const ada = await makeHost('ada', { hours: null });
const weekdays = [1, 2, 3, 4, 5].map((dayOfWeek) => ({ dayOfWeek, startMinute: 540, endMinute: 1020 }));
await ada.call('PUT', '/v0/me/availability/rules', { rules: weekdays }, { headers: { 'If-Match': '*' } });
await makeEventType(ada, { slotIntervalMinutes: 30, questions: [{ id: 'q', label: 'What about?', required: false }] });

const isFocused = async (locator) =>
  await locator.count() > 0 && await locator.first().evaluate((node) => node === document.activeElement);

/* What has the focus, in words. */
const focus = (page) => page.evaluate(() => {
  const { activeElement: node } = document;
  const text = node.getAttribute('aria-label') ?? node.labels?.[0]?.textContent ?? node.textContent;
  return `${node.localName} ${text.trim().replace(/\s+/g, ' ').slice(0, 60)}`;
});

/* Whether who looks at the page sees where the focus is: at the thing itself, or at the frame around an input. */
const isSeen = (page) => page.evaluate(() => {
  const { activeElement: node } = document;
  const shows = (one) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
    return (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none';
  };
  const box = node.getBoundingClientRect();
  const isInSight = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth && box.width > 1;

  /* Headings get the focus from the page, never by Tab; of a date or a time the browser marks the part that has the focus. */
  return node === document.body || node.matches('h1, h2')
    || (isInSight && (/date|time/.test(node.type) || shows(node) || shows(node.parentElement)));
});

/* Tab (or Shift+Tab) until the thing has the focus. */
async function tabTo(page, locator, key = 'Tab') {
  const stops = [];

  while (!await isFocused(locator)) {
    must(stops.length < 60, `${key} does not lead to ${locator}; stops: ${stops.join(' | ')}`);
    await page.keyboard.press(key);
    stops.push(await focus(page));
    must(await isSeen(page), `the focus cannot be seen at ${stops.at(-1)}`);
  }
  return stops;
}

async function use(page, locator, key = 'Enter') {
  await tabTo(page, locator);
  await page.keyboard.press(key);
}

const button = (page, key, values) => page.getByRole('button', { name: t(key, values) });
const heading = (page, key, values) => page.getByRole('heading', { name: t(key, values) });
const status = (email) => sql(`
  SELECT string_agg(status || ' ' || to_char(starts_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI'), ', ' ORDER BY id)
  FROM opencalendly.bookings WHERE invitee_email = '${email}'`);

/* --- a visitor ------------------------------------------------------------------------------------------------------ */

const ann = await visitor({ zone: 'Europe/Berlin' });
const { page } = ann;
const press = async (...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};
const focusedDate = () => page.evaluate(() => document.activeElement.dataset.date);
const zoneBox = page.getByRole('combobox', { name: t('zone.label') });
const day = page.locator('slot-picker .month button[tabindex="0"]');
const time = (text) => page.getByRole('button', { name: new RegExp(`^${text}\\b`) });

await step('the first Tab offers to skip to the content', async () => {
  await ann.open('/ada/intro');
  await pickerReady(page);
  await press('Tab');
  is(await focus(page), `a ${t('common.skip')}`, 'focus');
  must(await isSeen(page), 'it is seen');
  await press('Enter', 'Tab');
  must(await page.evaluate(() => document.activeElement.closest('main') !== null), 'the next stop is in the content');
});

await step('a zone is searched for, chosen, and left alone by Escape', async () => {
  await tabTo(page, zoneBox);
  await page.keyboard.type('tokyo');
  await page.getByRole('option', { name: /Tokyo/ }).waitFor();
  const active = await zoneBox.getAttribute('aria-activedescendant');
  like(await page.locator(`[id="${active}"]`).innerText(), /Tokyo/, 'the active option');
  await press('Enter');
  is(await zoneBox.inputValue(), 'Tokyo (UTC+9)', 'zone');
  must(await isFocused(zoneBox), 'the focus stays');
  await press('ArrowDown', 'ArrowDown', 'ArrowDown', 'Escape');
  is(await zoneBox.inputValue(), 'Tokyo (UTC+9)', 'zone after Escape');
  is(await zoneBox.getAttribute('aria-expanded'), 'false', 'the list is closed');
  await press('Control+a');
  await page.keyboard.type('new york');
  await press('Enter');
  is(await zoneBox.inputValue(), 'New York (UTC−4)', 'zone');
});

await step('the month is one stop; its keys lead by day, week and month, and not into the past', async () => {
  await tabTo(page, day);
  is(await day.count(), 1, 'stops in the grid');
  is(await focusedDate(), '2026-06-01', 'where it begins');
  for (const [key, date] of [
    ['ArrowLeft', '2026-06-01'], ['ArrowUp', '2026-06-01'], ['ArrowRight', '2026-06-02'], ['ArrowDown', '2026-06-09'],
    ['End', '2026-06-14'], ['Home', '2026-06-08'], ['ArrowUp', '2026-06-01'], ['PageDown', '2026-07-01'],
    ['ArrowLeft', '2026-06-30'], ['ArrowRight', '2026-07-01'], ['ArrowDown', '2026-07-08'], ['PageUp', '2026-06-08'],
  ]) {
    await press(key);
    await pickerReady(page);
    is(await focusedDate(), date, `after ${key}`);
    must(await isSeen(page), `the focus is seen after ${key}`);
  }
});

await step('a day without times says so and cannot be chosen; another is chosen, and told', async () => {
  await press('End', 'Enter');
  like(await focus(page), new RegExp(t('picker.dayFull', { date: 'Sunday,? 14 June 2026' })), 'what is heard');
  is(await page.locator('slot-picker [aria-selected="true"] button').getAttribute('data-date'), '2026-06-01', 'chosen');
  await press('Home', 'ArrowRight', 'Enter');
  is(await page.locator('slot-picker [aria-selected="true"] button').getAttribute('data-date'), '2026-06-09', 'chosen');
  is(await focusedDate(), '2026-06-09', 'the focus stays');
  const told = new RegExp(t('picker.dayTold', { date: 'Tuesday,? 9 June 2026', count: 16 }));
  await until('it is told', async () => told.test(await page.locator('#announcements').innerText()));
});

await step('a time leads to the form; the way back to the time that was chosen', async () => {
  await use(page, time('6:30'));
  await ann.sees(page.getByRole('timer'));
  is(await focus(page), `h2 ${t('booking.details')}`, 'focus');
  await use(page, button(page, 'booking.otherTime'), 'Space');
  await ann.sees(time('6:30'));
  like(await focus(page), /^button 6:30/, 'focus');
  await press('Tab', 'Enter');
  await ann.sees(heading(page, 'booking.details'));
  must((await page.locator('oc-booking .chosen').innerText()).includes('7:00 – 7:30'), 'the next time is chosen');
});

await step('the form: Enter sends it, and leads to what is wrong', async () => {
  const name = page.getByLabel(t('booking.name'));
  await tabTo(page, name);
  await press('Tab');
  await page.keyboard.type('keys@example.net');
  await press('Enter');
  must(await isFocused(name), 'the focus is at the first wrong field');
  is(await name.getAttribute('aria-invalid'), 'true', 'aria-invalid');
  await page.keyboard.type('Ann Keys');
  await press('Tab', 'Tab');
  await page.keyboard.type('Keys');
  is(await focus(page), 'textarea What about? (optional)', 'the question');
  await use(page, page.getByRole('button', { name: t('booking.send') }));
  await ann.sees(heading(page, 'page.booked.title'));
  is(await status('keys@example.net'), 'confirmed 06-09 11:00', 'bookings');
});

await step('moved by the link', async () => {
  await use(page, page.getByRole('link', { name: t('page.booked.reschedule') }));
  await ann.sees(heading(page, 'page.action.reschedule'));
  await pickerReady(page);
  await tabTo(page, day);
  while (await focusedDate() < '2026-06-10') await press('ArrowRight');
  await press('Enter');
  is((await times(page))[0], '5:00', 'the first time');
  await use(page, time('8:00'));
  is(await focus(page), `h2 ${t('action.moveTo')}`, 'focus');
  await use(page, button(page, 'action.move'));
  await ann.sees(page.getByText(t('page.action.doneMoved')));
  is(await status('keys@example.net'), 'rescheduled 06-09 11:00, confirmed 06-10 12:00', 'bookings');
});

await step('canceled, once Escape has kept it', async () => {
  await use(page, page.getByRole('link', { name: t('page.booked.cancel') }));
  await ann.sees(heading(page, 'page.action.cancel'));
  await tabTo(page, page.getByLabel(t('action.reason', { name: 'Ada' })));
  await page.keyboard.type('Keys lost');
  const cancel = page.locator('oc-action > form').getByRole('button', { name: t('action.cancel') });
  const dialog = page.getByRole('dialog', { name: t('action.sure') });
  await use(page, cancel);
  await dialog.waitFor();
  is(await focus(page), `button ${t('action.keep')}`, 'the focus is at what does no harm');
  await press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  must(await isFocused(cancel), 'the focus is back');
  like(await status('keys@example.net'), /confirmed/, 'after Escape');
  await press('Enter');
  await tabTo(page, dialog.getByRole('button', { name: t('action.cancel') }), 'Shift+Tab');
  await press('Enter');
  await ann.sees(heading(page, 'page.action.canceled'));
  is(await sql('SELECT cancel_reason FROM opencalendly.bookings WHERE status = \'canceled\''), 'Keys lost', 'reason');
});

/* --- a host --------------------------------------------------------------------------------------------------------- */

for (const [inviteeName, inviteeEmail, startsAt] of [
  ['Bob One', 'one@example.net', '2026-06-02T10:00:00Z'], ['Bob Two', 'two@example.net', '2026-06-03T10:00:00Z'],
]) await book({ username: 'ada', eventSlug: 'intro', startsAt, inviteeName, inviteeEmail });
const host = await visitor({ host: ada });
const desk = host.page;
const type = async (...keys) => {
  for (const key of keys) await desk.keyboard.press(key);
};
const row = (name) => desk.getByRole('main').getByRole('button', { name: new RegExp(name) });
const dialog = desk.getByRole('dialog');

/* A section by the navigation, which stands before it; the focus goes to its heading. */
async function goTo(key) {
  const title = t(key);

  await tabTo(desk,
    desk.getByRole('navigation', { name: t('console.navigation') }).getByRole('link', { name: title }), 'Shift+Tab');
  await type('Enter');
  await until(`a heading of ${title} has the focus`, async () => /^h1 /.test(await focus(desk)));
}

await step('the console: sections by the navigation, the focus at their headings', async () => {
  await host.open('/console');
  await host.sees(row('Bob One'));
  await type('Tab');
  is(await focus(desk), `a ${t('common.skip')}`, 'the first stop');
  await type('Enter');
  is(await focus(desk), `h1 ${t('console.nav.bookings')}`, 'after skipping');
  for (const name of ['eventTypes', 'hours', 'teams', 'explain', 'webhooks', 'profile', 'bookings']) await goTo(`console.nav.${name}`);
  is(await focus(desk), `h1 ${t('console.nav.bookings')}`, 'back at the bookings');
});

await step('a booking opens in a dialog that keeps the focus, and Escape gives it back', async () => {
  await host.sees(row('Bob One'));
  await use(desk, row('Bob One'));
  await dialog.waitFor();
  is(await focus(desk), `h2 ${t('console.booking.title', { event: 'Intro', name: 'Bob One' })}`, 'focus');
  await dialog.getByText(t('console.booking.history')).waitFor();
  for (let stops = 0; stops < 12; stops += 1) {
    await type('Tab');
    must(await desk.evaluate(() => document.activeElement.matches('body, dialog *')), 'it stays in the dialog');
  }
  await type('Escape');
  await dialog.waitFor({ state: 'hidden' });
  must(await isFocused(row('Bob One')), `the focus is back, not at ${await focus(desk)}`);
});

await step('a step of the dialog: Escape leads back to the booking, then out', async () => {
  await type('Enter');
  await use(desk, dialog.getByRole('button', { name: t('console.booking.cancel') }));
  await dialog.getByRole('heading', { name: t('console.cancel.title') }).waitFor();
  must(await desk.evaluate(() => document.activeElement.closest('dialog') !== null), 'the focus is in the dialog');
  await type('Escape');
  await dialog.getByRole('heading', { name: t('console.booking.title', { event: 'Intro', name: 'Bob One' }) }).waitFor();
  await use(desk, dialog.getByRole('button', { name: t('common.close') }), 'Space');
  await dialog.waitFor({ state: 'hidden' });
  must(await isFocused(row('Bob One')), `the focus is back, not at ${await focus(desk)}`);
});

await step('canceled there; as its row is gone, the focus is at the heading', async () => {
  await type('Enter');
  await use(desk, dialog.getByRole('button', { name: t('console.booking.cancel') }));
  await tabTo(desk, dialog.getByLabel(t('console.cancel.reason')));
  await desk.keyboard.type('Ill');
  await use(desk, dialog.getByRole('button', { name: t('console.cancel.go') }));
  await dialog.getByText(t('console.cancel.done', { name: 'Bob One' })).waitFor();
  is(await status('one@example.net'), 'canceled 06-02 10:00', 'bookings');
  await type('Escape');
  await row('Bob One').waitFor({ state: 'detached' });
  await until('the heading has the focus', async () => (await focus(desk)) === `h1 ${t('console.nav.bookings')}`);
});

await step('moved to another time, by fields', async () => {
  await use(desk, row('Bob Two'));
  await use(desk, dialog.getByRole('button', { name: t('console.booking.move') }));
  const other = dialog.getByRole('button', { name: t('console.move.other') });
  await use(desk, other);
  await tabTo(desk, dialog.getByLabel(t('console.time.time'), { exact: true }));
  await type('Control+a');
  await desk.keyboard.type('19:30');
  await use(desk, dialog.getByRole('button', { name: t('console.move.go') }));
  await dialog.getByText(t('console.move.done', { name: 'Bob Two' })).waitFor();
  is(await status('two@example.net'), 'rescheduled 06-03 10:00, confirmed 06-03 19:30', 'bookings');
  await type('Escape');
  await until('the heading has the focus', async () => (await focus(desk)) === `h1 ${t('console.nav.bookings')}`);
});

await step('the week: arrows are not needed, entries are stops', async () => {
  await use(desk, desk.getByRole('link', { name: t('console.bookings.week'), exact: true }));
  await host.sees(row('Bob Two'));
  await use(desk, row('Bob Two'));
  await dialog.waitFor();
  await type('Escape');
  must(await isFocused(row('Bob Two')), `the focus is back, not at ${await focus(desk)}`);
});

await step('hours: a day is switched by Space, copied to another, a time is stepped by arrows, all is saved', async () => {
  await goTo('console.nav.hours');
  const copy = button(desk, 'week.copy', { day: 'Friday' });
  await use(desk, copy);
  for (const name of ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Saturday'])
    await use(desk, dialog.getByRole('checkbox', { name }), 'Space');
  await use(desk, dialog.getByRole('button', { name: t('week.copyAct'), exact: true }));
  must(await isFocused(copy), 'the focus is back');
  await tabTo(desk, desk.getByRole('switch', { name: t('week.open', { day: 'Monday' }) }), 'Shift+Tab');
  await use(desk, desk.getByRole('switch', { name: t('week.open', { day: 'Monday' }) }), 'Space');
  await tabTo(desk, desk.getByLabel(t('week.until', { day: 'Tuesday' })));
  await type('ArrowDown', 'ArrowDown');
  await use(desk, button(desk, 'common.save'));
  await host.sees(desk.getByText(t('hours.saved')));
  is(await sql(`SELECT string_agg(concat_ws('-', day_of_week, start_minute, end_minute), ' ' ORDER BY day_of_week)
    FROM opencalendly.availability_rules`), '2-540-990 3-540-1020 4-540-1020 5-540-1020 6-540-1020', 'rules');
  must(await desk.evaluate(() => document.activeElement !== document.body), 'the focus is not lost with the button');
});

await step('an event type, by a name and Enter', async () => {
  await goTo('console.nav.eventTypes');
  await use(desk, desk.getByRole('link', { name: t('eventTypes.new') }));
  await until('the form is there', async () => (await focus(desk)) === `h1 ${t('eventTypes.newTitle')}`);
  await tabTo(desk, desk.getByRole('textbox', { name: t('eventTypes.fields.name') }));
  await desk.keyboard.type('By hand');
  await type('Enter');
  await host.sees(desk.getByText(t('eventTypes.created', { name: 'By hand' })));
  must(await desk.evaluate(() => document.activeElement !== document.body), 'the focus is not lost with the form');
});

await step('its reminders: a group is opened by Enter, one is added, changed and switched off, another taken out', async () => {
  const part = (name, n) => desk.getByLabel(t(`reminders.${name}`, { n }), { exact: true });
  await use(desk, desk.getByRole('link', { name: 'By hand', exact: true }));
  await until('the form is there', async () => (await focus(desk)) === 'h1 By hand');
  await use(desk, desk.locator('#group-reminders > summary'));
  await part('length', 1).waitFor();
  await use(desk, button(desk, 'reminders.addFollowUp'), 'Space');
  must(await isFocused(part('length', 2)), `the focus is at the new one, not at ${await focus(desk)}`);
  await type('Control+a');
  await desk.keyboard.type('3');
  await tabTo(desk, part('unit', 2));
  await type('ArrowDown');
  await use(desk, part('switch', 2), 'Space');
  await tabTo(desk, desk.getByRole('button', { name: t('reminders.remove', { n: 1 }) }), 'Shift+Tab');
  await type('Enter');
  must(await isFocused(part('length', 1)), `the focus is at what is left, not at ${await focus(desk)}`);
  await use(desk, button(desk, 'common.save'));
  await host.sees(desk.getByText(t('eventTypes.saved', { name: 'By hand' })));
  is(await sql(`SELECT concat_ws(' ', notification_type, offset_minutes, is_enabled) FROM opencalendly.notification_rules`),
    'follow_up 4320 f', 'rules');
});

await step('an endpoint of webhooks: added, its secret copied, pinged, its log read, deleted', async () => {
  await goTo('console.nav.webhooks');
  await use(desk, button(desk, 'webhooks.empty.act'));
  is(await focus(desk), `input ${t('webhooks.fields.url')}`, 'focus');
  await desk.keyboard.type('https://example.com/keys');
  await tabTo(desk, dialog.getByRole('checkbox', { name: t('webhooks.events.canceled') }));
  await type('Space', 'Enter');
  await dialog.getByText(t('webhooks.secret.once')).waitFor();
  is(await focus(desk), `h2 ${t('webhooks.secret.title')}`, 'focus');
  await use(desk, button(desk, 'webhooks.secret.copy'), 'Space');
  await host.sees(dialog.getByRole('status').getByText(t('common.copied')));
  await type('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await until('the heading has the focus', async () => (await focus(desk)) === `h1 ${t('console.nav.webhooks')}`);
  is(await sql('SELECT cardinality(events) FROM opencalendly.webhook_subscriptions'), '2', 'events');
  const ping = desk.getByRole('button', { name: new RegExp(`^${t('webhooks.ping.go')}`) });
  await use(desk, ping);
  await sql('UPDATE opencalendly.webhook_deliveries SET status = \'failed\', settled_at = clock_timestamp()');
  await host.sees(t('webhooks.ping.waiting'));
  must(await isFocused(ping), 'the focus stays');
  await use(desk, desk.getByRole('link', { name: 'https://example.com/keys' }), 'Enter');
  await until('the page of the endpoint', async () => (await focus(desk)) === 'h1 https://example.com/keys');
  await use(desk, desk.locator('oc-delivery summary'), 'Space');
  await use(desk, button(desk, 'webhooks.replay.one'));
  await until('it is sent again', async () => (await sql('SELECT status FROM opencalendly.webhook_deliveries')) === 'pending');
  await tabTo(desk, desk.getByRole('link', { name: t('webhooks.filters.succeeded'), exact: true }), 'Shift+Tab');
  await type('Enter');
  await desk.getByText(t('webhooks.noneSuch')).waitFor();
  is(await focus(desk), `a ${t('webhooks.filters.succeeded')}`, 'the focus stays');
  await tabTo(desk, button(desk, 'common.delete'), 'Shift+Tab');
  await type('Enter');
  await dialog.waitFor();
  is(await focus(desk), `button ${t('common.cancel')}`, 'the focus is at what does no harm');
  /* its log may be being asked for at that moment */
  host.expect(404);
  await use(desk, dialog.getByRole('button', { name: t('common.delete') }));
  await until('the list has the focus', async () => (await focus(desk)) === `h1 ${t('console.nav.webhooks')}`);
  is(await sql('SELECT count(*) FROM opencalendly.webhook_subscriptions'), '0', 'endpoints');
});

await finish();
