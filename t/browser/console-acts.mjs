/*
 * Promise (t/057_console_acts.pl): a day that is blocked over bookings lists them and can be left as it is; what is blocked,
 * added and replaced is what visitors are then offered; too many requests, and no network: told, and nothing is lost; whom mails
 * remind and when is as the form says, and what is mailed is told.
 */
import { book, finish, is, like, makeEventType, makeHost, request, setMail, sql, step, until, visitor } from './lib.mjs';
import { words } from './words.mjs';

const t = words();
const ada = await makeHost('ada');
const intro = await makeEventType(ada, { slotIntervalMinutes: 60, durationMinutes: 60, minNoticeMinutes: 0 });
await book({ username: 'ada', eventSlug: 'intro', startsAt: '2026-06-04T10:00:00Z', inviteeName: 'Guest' });
const host = await visitor({ host: ada });
const { page } = host;
const dialog = page.getByRole('dialog');
const button = (key, root = page) => root.getByRole('button', { name: t(key), exact: true }).first();
const day = (date) => page.locator(`oc-overrides [data-date="${date}"]`);
const kind = (name) => dialog.locator('label.choice', { hasText: t(`overrides.kinds.${name}`) }).first().click();

/* The starts that visitors are offered on a day: "09 10 …". */
async function offered(date) {
  const query = new URLSearchParams({ start: `${date}T00:00:00Z`, days: '1', limit: '100' });
  const { slots } = await (await request(`/v0/users/ada/event-types/intro/availability?${query}`)).json();

  return slots.filter(({ startsAt }) => startsAt.startsWith(date)).map(({ startsAt }) => startsAt.slice(11, 13)).join(' ');
}

async function setTimes(from, to) {
  await dialog.locator('.clock-time').nth(0).fill(from);
  await dialog.locator('.clock-time').nth(1).fill(to);
}

await step('a day with a booking: it is listed before the day is blocked, and can be left', async () => {
  await host.open('/console#/hours');
  await day('2026-06-04').click();
  await button('overrides.acts.off', dialog).click();
  await host.sees(t('overrides.found', { count: 1 }));
  like(await dialog.innerText(), /Guest/, 'who');
  await button('common.cancel', dialog).click();
  is(await page.getByText(t('hours.unsaved')).count(), 0, 'unsaved');
});

await step('block, add, replace: visitors are offered just that', async () => {
  is(await offered('2026-06-09'), '09 10 11 12 13 14 15 16', 'as always');
  await day('2026-06-09').click();
  await kind('block');
  await setTimes('10', '13');
  await button('overrides.acts.block', dialog).click();
  await day('2026-06-10').click();
  await kind('add');
  await setTimes('20', '22');
  await button('overrides.acts.add', dialog).click();
  await day('2026-06-11').click();
  await kind('replace');
  await setTimes('6', '8');
  await button('overrides.acts.replace', dialog).click();
  await button('common.save').click();
  await host.sees(t('hours.saved'));
  is(await offered('2026-06-09'), '09 13 14 15 16', 'a part blocked');
  is(await offered('2026-06-10'), '09 10 11 12 13 14 15 16 20 21', 'hours added');
  is(await offered('2026-06-11'), '06 07', 'other hours');
});

await step('time off over a booking can be declined', async () => {
  await host.open('/console#/hours/time-off');
  await button('timeOff.take').click();
  await dialog.getByLabel(t('timeOff.from')).fill('2026-06-04');
  await dialog.getByLabel(t('timeOff.until')).fill('2026-06-04');
  await button('timeOff.take', dialog).click();
  await host.sees(t('overrides.found', { count: 1 }));
  await button('common.cancel', dialog).click();
  is((await ada.call('GET', '/v0/me/time-off')).timeOffBlocks.length, 0, 'time off');
});

async function typeName(name) {
  await page.goto('about:blank');
  await host.open('/console#/event-types/new');
  await page.getByLabel(t('eventTypes.fields.name'), { exact: true }).fill(name);
}

const typed = () => page.getByLabel(t('eventTypes.fields.name'), { exact: true }).inputValue();

await step('too many requests: told, what was typed stays', async () => {
  await typeName('Patience');
  host.expect(429);
  await page.route('**/v0/event-types', (route) => route.fulfill({
    status: 429, headers: { 'Retry-After': '7' }, json: { ok: false, error: 'too many', code: 'HTTP_429' },
  }));
  await button('eventTypes.create').click();
  await host.sees(t('errors.status429', { retry: 7 }));
  is(await typed(), 'Patience', 'typed');
  await page.unrouteAll();
  host.expect();
});

await step('no network: told, and sent when there is one', async () => {
  host.expect('offline');
  await host.context.setOffline(true);
  await button('eventTypes.create').click();
  await host.sees(t('errors.offline'));
  is(await typed(), 'Patience', 'typed');
  await host.context.setOffline(false);
  await button('eventTypes.create').click();
  await host.sees(t('eventTypes.created', { name: 'Patience' }));
  host.expect();
});

/* --- mails ----------------------------------------------------------------------------------------------------------- */

const part = (name, n) => page.getByLabel(t(`reminders.${name}`, { n }), { exact: true });
const rulesOf = (slug) => sql(`SELECT string_agg(concat_ws(' ', notification_type, offset_minutes, is_enabled), ', '
  ORDER BY notification_type DESC, offset_minutes) FROM opencalendly.notification_rules AS r
  JOIN opencalendly.event_types AS e ON e.id = r.event_type_id WHERE e.slug = '${slug}'`);
const openReminders = () => page.locator('#group-reminders > summary').click();
const focus = () => page.evaluate(() => document.activeElement.getAttribute('aria-label'));

/* The list of event types first: it is loaded anew. */
async function toForm(name) {
  await page.goto('about:blank');
  await host.open('/console#/event-types');
  await page.getByRole('link', { name, exact: true }).first().click();
  await openReminders();
}

await step('a new event type: a reminder is proposed, which can be left out', async () => {
  is(await rulesOf('patience'), 'reminder 1440 t', 'as proposed');
  await typeName('Silence');
  await openReminders();
  is(await part('length', 1).inputValue(), '24', 'how long');
  is(await part('unit', 1).inputValue(), 'hours', 'unit');
  await page.getByLabel(t('reminders.remove', { n: 1 })).click();
  await host.sees(t('reminders.none'));
  await button('eventTypes.create').click();
  await host.sees(t('eventTypes.created', { name: 'Silence' }));
  is(await rulesOf('silence'), '', 'none');
});

await step('reminders: added, switched off, taken out, of any length', async () => {
  await toForm('Intro');
  await host.sees(t('reminders.none'));
  await button('reminders.addReminder').click();
  await until('the focus is there', async () => await focus() === t('reminders.length', { n: 1 }));
  await button('reminders.addReminder').click();
  await button('reminders.addFollowUp').click();
  is(await Promise.all([1, 2, 3].map((n) => part('length', n).inputValue())), ['24', '1', '1'], 'what is proposed');
  await part('length', 2).fill('1,5');
  await part('unit', 3).selectOption('days');
  await part('switch', 1).uncheck();
  await button('common.save').click();
  await host.sees(t('eventTypes.saved', { name: 'Intro' }));
  is(await rulesOf('intro'), 'reminder 90 t, reminder 1440 f, follow_up 1440 t', 'saved');
  const ids = async () => (await ada.call('GET', `/v0/event-types/${intro.id}/notification-rules`)).rules.map((rule) => rule.id);
  const [first, second] = await ids();
  await toForm('Intro');
  is(await Promise.all([1, 2, 3].map((n) => part('length', n).inputValue())), ['90', '24', '24'], 'as saved');
  is(await part('switch', 2).isChecked(), false, 'is on');
  await part('type', 2).selectOption('follow_up');
  await part('length', 2).fill('7');
  await part('unit', 2).selectOption('days');
  await page.getByLabel(t('reminders.remove', { n: 3 })).click();
  await button('common.save').click();
  await host.sees(t('eventTypes.saved', { name: 'Intro' }));
  is(await rulesOf('intro'), 'reminder 90 t, follow_up 10080 f', 'saved');
  is(await ids(), [first, second], 'what stays is the same rule');
});

await step('what cannot be is told at its field; nothing is saved', async () => {
  await toForm('Intro');
  await button('reminders.addReminder').click();
  for (const [value, unit, told] of [
    ['', 'hours', t('common.fillIn')], ['0', 'minutes', t('reminders.range')], ['x', 'hours', t('reminders.range')],
    ['7,1', 'days', t('reminders.range')], ['1.1', 'minutes', t('reminders.range')], ['1.5', 'hours', t('reminders.twice')],
  ]) {
    await part('length', 3).fill(value);
    await part('unit', 3).selectOption(unit);
    await button('common.save').click();
    await host.sees(page.locator('.rule').nth(2).getByText(told, { exact: true }));
    is(await part('length', 3).getAttribute('aria-invalid'), 'true', `“${value}”`);
    is(await focus(), t('reminders.length', { n: 3 }), 'focus');
  }
  for (let n = 4; n <= 20; n += 1) await button('reminders.addFollowUp').click();
  await host.sees(t('reminders.most', { count: 20 }));
  is(await button('reminders.addReminder').isDisabled(), true, 'no more');
  is(await rulesOf('intro'), 'reminder 90 t, follow_up 10080 f', 'saved');
});

await step('left without saving: asked first', async () => {
  await page.getByRole('link', { name: t('eventTypes.toList') }).click();
  await host.sees(t('console.leave.text'));
  await button('console.leave.yes', dialog).click();
  await host.sees(page.getByRole('heading', { name: t('eventTypes.title') }));
});

await step('no network while they are saved: told, nothing is lost, and nothing is made twice', async () => {
  await typeName('Half');
  await openReminders();
  await part('length', 1).fill('36');
  host.expect('offline');
  await page.route('**/notification-rules', (route) => route.abort());
  await button('eventTypes.create').click();
  await host.sees(t('reminders.notSaved', { why: t('errors.offline') }));
  is(await part('length', 1).inputValue(), '36', 'typed');
  await page.unrouteAll();
  await page.getByLabel(t('eventTypes.fields.name'), { exact: true }).fill('Half and half');
  await button('common.save').click();
  await host.sees(t('eventTypes.created', { name: 'Half and half' }));
  host.expect();
  is(await rulesOf('half'), 'reminder 2160 t', 'saved');
  is(await sql('SELECT count(*) FROM opencalendly.event_types WHERE name LIKE \'Half%\''), '1', 'event types');
});

await step('they could not be loaded: told, the rest can be saved, and they stay', async () => {
  host.expect(503);
  await page.route('**/notification-rules', (route) => route.fulfill({ status: 503, json: { ok: false, error: 'x', code: 'HTTP_503' } }));
  await toForm('Intro');
  await host.sees(t('reminders.failed', { why: t('errors.status503') }));
  await page.getByLabel(t('eventTypes.fields.description')).fill('An hour.');
  await button('common.save').click();
  await host.sees(t('eventTypes.saved', { name: 'Intro' }));
  is(await rulesOf('intro'), 'reminder 90 t, follow_up 10080 f', 'as before');
  await toForm('Intro');
  await host.sees(t('reminders.failed', { why: t('errors.status503') }));
  await page.unrouteAll();
  await button('common.retry').click();
  await part('length', 2).waitFor();
  host.expect();
});

await step('a copy has those of the one it is made of', async () => {
  await page.goto('about:blank');
  await host.open(`/console#/event-types/new/${intro.id}`);
  await openReminders();
  is(await part('length', 1).inputValue(), '90', 'how long');
  await button('eventTypes.create').click();
  await host.sees(/is there/);
  is(await rulesOf('intro-2'), 'reminder 90 t, follow_up 10080 f', 'saved');
  is(await rulesOf('intro'), 'reminder 90 t, follow_up 10080 f', 'and its own');
});

await step('a team\'s event type has them, too', async () => {
  const { team } = await ada.call('POST', '/v0/teams', { name: 'Crew', slug: 'crew' });
  await page.goto('about:blank');
  await host.open(`/console#/teams/${team.id}/new`);
  await page.getByLabel(t('eventTypes.fields.name'), { exact: true }).fill('Turn');
  await openReminders();
  await part('length', 1).fill('2');
  await button('teams.makeEventType').click();
  await host.sees(page.getByRole('heading', { level: 1, name: 'Turn' }));
  is(await rulesOf('turn'), 'reminder 120 t', 'saved');
  await button('teams.editEventType').click();
  await openReminders();
  await button('reminders.addFollowUp').click();
  await button('common.save').click();
  await button('teams.editEventType').waitFor();
  is(await rulesOf('turn'), 'reminder 120 t, follow_up 60 t', 'saved');
});

await step('whether this server sends mails is told', async () => {
  await toForm('Intro');
  await host.sees(t('reminders.noMail'));
  await setMail('folder');
  await toForm('Intro');
  await part('length', 1).waitFor();
  is(await page.getByText(t('reminders.noMail')).count(), 0, 'the note');
});

await step('the host\'s mails are in the language of the profile', async () => {
  await host.open('/console#/profile');
  await page.getByLabel(t('console.profile.language')).selectOption('de');
  await button('common.save').click();
  await host.sees(page.getByText(t('common.saved'), { exact: true }));
  is((await ada.call('GET', '/v0/auth/me')).user.language, 'de', 'language');
  is(await page.evaluate(() => document.documentElement.lang), 'en', 'the page\'s');
});

const open = (name) => page.getByRole('main').getByRole('button', { name: new RegExp(name) }).click();

await step('what the guest is mailed, the host is told; if nothing, that as well', async () => {
  for (const [hour, name] of [['10', 'Nell'], ['12', 'Otto'], ['14', 'Pia']])
    await book({ username: 'ada', eventSlug: 'intro', startsAt: `2026-06-16T${hour}:00:00Z`, inviteeName: name });
  await host.open('/console#/bookings');
  await open('Nell');
  await button('console.booking.cancel', dialog).click();
  await button('console.cancel.go', dialog).click();
  await host.sees(t('console.cancel.mailed', { name: 'Nell' }));
  await page.keyboard.press('Escape');
  await open('Otto');
  await button('console.booking.move', dialog).click();
  await button('console.move.other', dialog).click();
  await dialog.locator('input[type="time"]').fill('16:00');
  await button('console.move.go', dialog).click();
  await host.sees(t('console.move.mailed', { name: 'Otto' }));
  await page.keyboard.press('Escape');
  await setMail('none');
  await open('Pia');
  await button('console.booking.cancel', dialog).click();
  await button('console.cancel.go', dialog).click();
  await host.sees(t('console.cancel.done', { name: 'Pia' }));
});

await finish();
