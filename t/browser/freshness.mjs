/*
 * Promise (t/063_freshness.pl): a visitor is told that nothing is offered because a calendar was read too long ago, before and
 * while a time is chosen, can look again, and finds the times as soon as it has been read; the organizer may move a booking
 * all the same.
 */
import { axe, book, finish, is, like, makeEventType, makeHost, must, sql, step, until, visitor } from './lib.mjs';
import { bookButton, chooseDay, chooseTime, fillIn, pickerReady, times } from './walk.mjs';
import { words } from './words.mjs';

const t = words();
const fay = await makeHost('fay');
await makeEventType(fay, { slotIntervalMinutes: 30 });
await sql(`INSERT INTO opencalendly.calendar_connections (user_id, account_id, account_email, scopes, refresh_token, access_token,
    refresh_at, access_expires_at) VALUES ('${fay.user.id}', 'fay', 'fay@example.com', '{}', '', '', now(), now());
  INSERT INTO opencalendly.calendars (connection_id, user_id, external_id, name, access_role, is_busy_source)
    SELECT id, user_id, 'fay@example.com', 'Fay', 'owner', true FROM opencalendly.calendar_connections`);
const readAgo = (age) => sql(`UPDATE opencalendly.calendars SET synced_at = opencalendly.current_instant() - interval '${age}'
  WHERE user_id = '${fay.user.id}'`);
const ann = await visitor();
const { page } = ann;
const lookAgain = page.getByRole('button', { name: t('picker.checkAgain') });

await step('too old when the page is opened: told, in words of its own, and looked again', async () => {
  await readAgo('25 hours');
  await ann.open('/fay/intro');
  await ann.sees(page.locator('slot-picker').getByText(t('picker.stale')));
  await ann.sees(t('picker.staleHint'));
  is(await page.getByText(t('picker.noneAtAll')).count(), 0, 'it is not that nothing is free');
  is(await page.getByRole('button', { name: t('picker.nextFree') }).count(), 0, 'nor is there a next free day');
  is(await axe(page), '', 'axe');
  await lookAgain.click();
  await pickerReady(page);
  await until('the focus is on the button', () => lookAgain.evaluate((button) => button === document.activeElement));
  await readAgo('0');
  await lookAgain.click();
  await chooseDay(page, '2026-06-02');
  is((await times(page))[0], '9:00', 'times');
  is(await page.getByText(t('picker.stale')).count(), 0, 'nothing is said any more');
});

await step('too old while the form is filled in: told, the times are asked for anew', async () => {
  await chooseTime(page, '10:00');
  await ann.sees(page.getByRole('timer'));
  await fillIn(page, { email: 'stale@example.net' });
  await readAgo('25 hours');
  ann.expect(409);
  await bookButton(page).click();
  await ann.sees(t('booking.taken'));
  await ann.sees(t('picker.staleHint'));
  is(await sql('SELECT count(*) FROM opencalendly.bookings WHERE invitee_email = \'stale@example.net\''), '0', 'bookings');
  ann.expect();
  await readAgo('0');
  await lookAgain.click();
  await chooseDay(page, '2026-06-02');
  await chooseTime(page, '10:00');
  is(await page.getByLabel(t('booking.email')).inputValue(), 'stale@example.net', 'what was typed is kept');
});

await step('a link that moves: told, too', async () => {
  const { actions } = await book({ username: 'fay', eventSlug: 'intro', startsAt: '2026-06-03T10:00:00Z' });
  await readAgo('25 hours');
  await ann.open(`/bookings/actions/${actions.reschedule.token}`);
  await ann.sees(t('picker.staleHint'));
});

await step('in German', async () => {
  const de = words('de');
  const bert = await visitor({ locale: 'de-DE' });
  await bert.open('/fay/intro');
  await bert.sees(de('picker.stale'));
  await bert.sees(de('picker.staleHint'));
  await bert.close();
});

await step('in the console: nothing to choose from, but any other time can be given; and why is explained', async () => {
  const host = await visitor({ host: fay });
  await host.open('/console');
  await (await host.sees(host.page.getByRole('button', { name: /Ann/ }))).click();
  await host.page.getByRole('button', { name: t('console.booking.move') }).click();
  await host.sees(t('picker.staleHint'));
  await host.page.getByRole('button', { name: t('console.move.other') }).click();
  await host.page.getByLabel(t('console.time.date')).fill('2026-06-04');
  await host.page.getByLabel(t('console.time.time'), { exact: true }).fill('11:00');
  await host.page.getByRole('button', { name: t('console.move.go') }).click();
  await until('it is moved', async () => await sql(`SELECT count(*) FROM opencalendly.bookings
    WHERE starts_at = '2026-06-04 11:00Z' AND status = 'confirmed'`) === '1');
  const { verdicts } = await fay.call('GET', `/v0/event-types/${(await fay.call('GET', '/v0/event-types')).eventTypes[0].id}/explain?startsAt=2026-06-05T10:00:00Z`);
  is(verdicts.map(({ reason }) => reason), ['calendar_stale'], 'verdicts');
  like(verdicts[0].detail, /has not been read since 2026-05-31 07:00/, 'detail');
  must(t('console.explain.reasons.calendar_stale.what'), 'the console has words for it');
  await host.close();
});

await finish();
