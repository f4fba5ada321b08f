/*
 * Promise (t/057_console_acts.pl): a day that is blocked over bookings lists them and can be left as it is; what is blocked,
 * added and replaced is what visitors are then offered; too many requests, and no network: told, and nothing is lost.
 */
import { book, finish, is, like, makeEventType, makeHost, step, url, visitor } from './lib.mjs';
import { words } from './words.mjs';

const t = words();
const ada = await makeHost('ada');
await makeEventType(ada, { slotIntervalMinutes: 60, durationMinutes: 60, minNoticeMinutes: 0 });
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
  const { slots } = await (await fetch(`${url}/v0/users/ada/event-types/intro/availability?${query}`)).json();

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

await finish();
