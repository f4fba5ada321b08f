/* The states of the console's calendars, and of the page that Google leads back to (tour.mjs). */
import { until } from './lib.mjs';
import { addWriteback, connect, disconnect } from './calendar-rows.mjs';

const callback = '/settings/calendar/google/callback';

async function calendars(my, host = my.host) {
  await my.console('calendars', host);
  await my.page.locator('oc-calendars h1').waitFor();
  await until('all is there', async () => !await my.page.locator('oc-calendars [role="status"]').count());
}

/* Accounts of the tour's host in each of the states, and what could not be written. */
async function connectAll(my) {
  const { host } = my;
  const id = host.booked.open.booking.id;

  await connect(host, `${host.username}@example.com`, {}, [
    [`${host.username}@example.com`, { main: true, busy: true, target: true }],
    ['Feiertage in Deutschland', { role: 'reader' }], ['A calendar with a rather long name, of some department', { busy: true }],
  ]);
  await connect(host, `${host.username}.of.the.analytical.engine@googlemail.example`,
    { lastError: 'events could not be read: answered 403 (rateLimitExceeded)', staleness: 'trust' });
  await connect(host, 'broken@example.com', { state: 'broken', lastError: 'Google does not accept our access any more' });
  await connect(host, 'stale@example.com', { syncedAt: '2026-05-28 08:00+00', lastError: 'free and busy times could not be read: timed out' },
    [['Gone', { busy: true, role: 'freeBusyReader', lastError: 'notFound' }]]);
  await connect(host, 'new@example.com', { syncedAt: null });
  await addWriteback(host, id, { lastError: 'answered 403 (forbidden)' });
  await addWriteback(host, id, { operation: 'cancel', status: 'pending', attempt: 3, lastError: 'connection refused' });
}

const answer = (my, path, json) => my.guest.context.route(path, (route) => route.fulfill({ json: { ok: true, ...json } }));
const first = (my, selector) => my.page.locator(selector).first();

export const calendarStates = [
  ['calendars: could not be had', async (my) => {
    await my.lie('GET', '**/sync/status', 503, { code: 'HTTP_503' });
    await my.console('calendars');
    await my.sees('errors.status503');
  }, { expect: [503] }],
  ['calendars: not set up', async (my) => {
    await answer(my, '**/sync/status', { isConfigured: false, connections: [] });
    await calendars(my, my.fresh);
    await my.sees('calendars.notConfigured');
  }],
  ['calendars: none', async (my) => {
    await calendars(my, my.fresh);
    await my.sees('calendars.empty.title');
  }, { focus: true }],
  ['calendars: no way to Google', async (my) => {
    await my.lie('POST', '**/connect/start', 503, { code: 'HTTP_503' });
    await my.press('calendars.connect');
    await my.sees('errors.status503');
  }, { expect: [503] }],
  ['calendars', async (my) => {
    await connectAll(my);
    await calendars(my);
    await my.sees('calendars.broken');
  }, { focus: true }],
  ['calendars: read now, by nobody', async (my) => {
    await first(my, 'oc-calendar-connection .acts button').click();
    await first(my, 'oc-calendar-connection .note.bad').waitFor();
  }, { expect: [503] }],
  ['calendars: how old', async (my) => {
    await first(my, 'oc-calendar-connection button.link').click();
    await my.sees('calendars.staleness.refuseText');
  }, { focus: true }],
  ['calendars: how old, wrong', async (my) => {
    await first(my, '#oc-calendar-staleness-afterMinutes').fill('99');
    await my.press('common.save');
    await my.sees('calendars.staleness.wrong');
  }],
  ['calendars: disconnect?', async (my) => {
    await my.closeDialogs();
    await my.page.locator('oc-calendar-connection .acts button').nth(1).click();
    await my.sees('calendars.disconnect.busyTimes');
  }, { focus: true }],
  ['calendars: hints', async (my) => {
    await my.console('bookings');
    await my.sees('calendars.hint.stale');
    await my.sees('calendars.hint.broken');
  }],
  ['event type: by Google Meet, without a calendar', async (my) => {
    await my.console('event-types/new', my.fresh);
    await first(my, '#locationType').selectOption('google_meet');
    await my.sees('calendars.meet.noTarget');
    await disconnect(my.host);
  }],
  ['back from Google: nothing', async (my) => {
    await my.open(callback);
    await my.sees('calendars.callback.nothing');
  }, { focus: true }],
  ['back from Google: not allowed', async (my) => {
    await my.open(`${callback}?error=access_denied&state=x`);
    await my.sees('calendars.callback.declined');
  }],
  ['back from Google: not begun here', async (my) => {
    await my.open(`${callback}?code=x&state=x`);
    await my.sees('calendars.callback.badState');
  }, { expect: [400] }],
];
