/*
 * Promise (t/053_link_states.pl): whatever became of a booking in the meantime, its links tell it and what to do, also on
 * a page that was open before; a booking that cannot be moved stays as it was.
 */
import { api, book, finish, is, makeEventType, makeHost, moveClock, must, sql, step, visitor, withoutDatabase } from './lib.mjs';
import { chooseDay, chooseTime, times } from './walk.mjs';
import { words } from './words.mjs';

const t = words();
await moveClock('2026-06-01T08:00:00Z');
const lin = await makeHost('lin');
await makeEventType(lin, { slug: 'soon', name: 'Soon', slotIntervalMinutes: 30 });
await makeEventType(lin, { slug: 'other', name: 'Other', slotIntervalMinutes: 30 });
const ann = await visitor();
const { page } = ann;
const heading = (name) => page.getByRole('heading', { name });
const pathOf = ({ token }) => `/bookings/actions/${token}`;
const state = ({ id }) => sql(`SELECT status FROM opencalendly.bookings WHERE id = '${id}'`);
const move = () => page.getByRole('button', { name: t('action.move') });
const withinDialog = () => page.getByRole('dialog').getByRole('button', { name: t('action.cancel') });

/* A booking, with what its links can do. */
const make = (startsAt) => book({ username: 'lin', eventSlug: 'soon', startsAt });

/* The page of a link that moves, up to the last click. */
async function toMove({ actions }, date, time) {
  await ann.open(pathOf(actions.reschedule));
  await chooseDay(page, date);
  await chooseTime(page, time);
  await ann.sees(heading(t('action.moveTo')));
  await ann.sees(page.getByRole('timer'));
}

await step('moving to a time that is taken meanwhile: told, the booking stays', async () => {
  const { booking, actions } = await make('2026-06-10T09:00:00Z');
  await page.route('**/v0/holds', (route) =>
    route.fulfill({ status: 429, json: { ok: false, error: 'too many', code: 'OC008' } }));
  ann.expect(429, 409);
  await ann.open(pathOf(actions.reschedule));
  await chooseDay(page, '2026-06-10');
  must(!(await times(page)).includes('9:00'), 'its own time is no choice');
  await chooseTime(page, '10:00');
  await ann.sees(t('hold.unheld'));
  await book({ username: 'lin', eventSlug: 'other', startsAt: '2026-06-10T10:00:00Z' });
  await move().click();
  await ann.sees(t('action.taken'));
  is(await state(booking), 'confirmed', 'the booking');
  await page.unroute('**/v0/holds');
  ann.expect();
});

await step('moving while the database is away: told; then moved once', async () => {
  const made = await make('2026-06-12T09:00:00Z');
  await toMove(made, '2026-06-12', '10:00');
  ann.expect(503);
  await withoutDatabase(async () => {
    await move().click();
    await ann.sees(t('action.errors.status503'));
  });
  await move().click();
  await ann.sees(t('page.action.doneMoved'));
  is(await state(made.booking), 'rescheduled', 'the booking');
  is(await sql(`SELECT count(*) FROM opencalendly.bookings WHERE rescheduled_from = '${made.booking.id}'`), '1', 'moved to');
  ann.expect();
});

await step('moving, and the answer gets lost: sent again it is the same', async () => {
  const made = await make('2026-06-12T13:00:00Z');
  await toMove(made, '2026-06-12', '14:00');
  ann.expect('offline');
  await page.route('**/reschedule', async (route) => {
    await route.fetch();
    await route.abort();
  }, { times: 1 });
  await move().click();
  await ann.sees(t('action.errors.offline'));
  await move().click();
  await ann.sees(t('page.action.doneMoved'));
  is(await sql(`SELECT count(*) FROM opencalendly.bookings WHERE rescheduled_from = '${made.booking.id}'`), '1', 'moved to');
  ann.expect();
});

await step('canceling offline: told; then canceled', async () => {
  const { booking, actions } = await make('2026-06-15T09:00:00Z');
  await ann.open(pathOf(actions.cancel));
  ann.expect('offline');
  await ann.context.setOffline(true);
  await page.getByRole('button', { name: t('action.cancel') }).click();
  await withinDialog().click();
  await ann.sees(t('action.errors.offline'));
  is(await state(booking), 'confirmed', 'the booking');
  await ann.context.setOffline(false);
  await page.getByRole('button', { name: t('action.cancel') }).click();
  await withinDialog().click();
  await ann.sees(heading(t('page.action.canceled')));
  is(await state(booking), 'canceled', 'the booking');
  ann.expect();
});

await step('two tabs: canceled in one while the other is about to move it', async () => {
  const made = await make('2026-06-11T09:00:00Z');
  await toMove(made, '2026-06-11', '11:00');
  const second = await ann.context.newPage();
  await second.goto(new URL(pathOf(made.actions.cancel), page.url()).href);
  await second.getByRole('button', { name: t('action.cancel') }).click();
  await second.getByRole('dialog').getByRole('button', { name: t('action.cancel') }).click();
  await second.getByRole('heading', { name: t('page.action.canceled') }).waitFor();
  await second.close();
  ann.expect(409);
  await move().click();
  await ann.sees(heading(t('page.action.canceled')));
  ann.expect();
  await ann.open(pathOf(made.actions.cancel));
  await ann.sees(t('page.action.canceledText'));
  is(await page.getByRole('button').count(), 0, 'nothing to press');
});

await step('two tabs: moved in one while the other is about to cancel it', async () => {
  const { booking, actions } = await make('2026-06-16T09:00:00Z');
  await ann.open(pathOf(actions.cancel));
  await ann.sees(heading(t('page.action.cancel')));
  await api('POST', `/v0${pathOf(actions.reschedule)}/reschedule`, { startsAt: '2026-06-16T10:00:00Z' });
  ann.expect(409);
  await page.getByRole('button', { name: t('action.cancel') }).click();
  await withinDialog().click();
  await ann.sees(heading(t('page.action.moved')));
  await ann.sees(t('page.action.movedText'));
  is(await state(booking), 'rescheduled', 'the booking');
  is(await sql(`SELECT status FROM opencalendly.bookings WHERE rescheduled_from = '${booking.id}'`), 'confirmed', 'the new one');
  ann.expect();
});

await step('a link that is none', async () => {
  ann.expect(404);
  for (const token of ['x'.repeat(64), 'short']) {
    await ann.open(pathOf({ token }));
    await ann.sees(heading(t('page.error.title')));
    await ann.sees(t('page.error.OC003'));
  }
  ann.expect();
});

const meeting = await make('2026-06-17T09:00:00Z');

await step('the meeting begins while the page is open: told, for canceling and for moving', async () => {
  await ann.open(pathOf(meeting.actions.cancel));
  const second = await ann.context.newPage();
  await second.goto(new URL(pathOf(meeting.actions.reschedule), page.url()).href);
  await chooseDay(second, '2026-06-18');
  await chooseTime(second, '11:00');
  await second.getByRole('timer').waitFor();
  ann.expect(409, 410);
  await moveClock('2026-06-17T09:05:00Z');
  await page.getByRole('button', { name: t('action.cancel') }).click();
  await withinDialog().click();
  await ann.sees(heading(t('page.action.started')));
  await ann.sees(t('page.action.startedText', { host: 'Lin' }));
  await second.getByRole('button', { name: t('action.move') }).click();
  await second.getByRole('heading', { name: t('page.action.started') }).waitFor();
  await second.close();
  is(await state(meeting.booking), 'confirmed', 'the booking');
  ann.expect();
});

await step('30 days later the link has expired', async () => {
  await moveClock('2026-07-19T09:05:00Z');
  ann.expect(410);
  await ann.open(pathOf(meeting.actions.cancel));
  await ann.sees(t('page.error.410'));
  ann.expect();
});

await finish();
