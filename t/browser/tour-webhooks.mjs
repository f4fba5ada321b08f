/* The states of the console's webhooks (tour.mjs). No worker is at work here: what it would write is written by SQL. */
import { sql, until } from './lib.mjs';
import { addDelivery, makeWebhook, setWebhook } from './webhook-rows.mjs';

const failures = [
  ['connect', null, 'connection refused', 3], ['tls', null, 'certificate is for another name', 84],
  ['done', 500, 'answered 500', 40], ['response', null, 'timed out', 15_001],
  ['done', 302, 'answered 302; redirects are not followed', 12],
];

async function webhooks(my, rest = '', host = my.host) {
  await my.console(`webhooks${rest}`, host);
  await my.page.locator('oc-webhooks h1').waitFor();
  await until('all is there', async () => !await my.page.locator('oc-webhooks [role="status"]').count());
}

/* Endpoints of the tour's host in each of the states; the first has deliveries in each of theirs. */
async function makeWebhooks(my) {
  const { host, fresh } = my;
  const make = (name, more) =>
    makeWebhook(host, { url: `https://${name}.example.org/opencalendly/webhooks?tenant=4711`, ...more });
  const first = await make('a-rather-long-name-of-a-server.of-some-department', { events: ['booking.created'] });

  await setWebhook(first, `failing_since = '2026-05-31 10:00:07+00', old_secret = secret,
    old_secret_until = clock_timestamp() + interval '20 h'`);
  await setWebhook(await make('paused'), `paused_reason = 'No delivery has succeeded since 2026-05-28T10:00:07.000Z.',
    failing_since = '2026-05-28 10:00:07+00'`);
  await setWebhook(await make('gone'), 'paused_reason = \'The endpoint answered 410 Gone.\'');
  await setWebhook(await make('off'), 'is_active = false');
  await make('good');
  await addDelivery(first, { status: 'failed', attempts: failures, bookingId: host.booked.open.booking.id });
  await addDelivery(first, { type: 'booking.rescheduled', attempts: [failures[0], ['done', 204, null, 41]] });
  await addDelivery(first, { type: 'booking.canceled', status: 'pending', attempts: [failures[2]], due: '2026-06-01 12:00+00' });
  await addDelivery(first, { type: 'ping', status: 'leased', leasedUntil: '2026-06-01 07:01+00' });
  await addDelivery(first, { type: 'ping', status: 'paused' });
  my.fresh.webhooks = (await fresh.call('GET', '/v0/webhooks')).webhooks;
}

/* What a worker would do with the pings of the fresh host. */
const settle = (my, status, attempt) => sql(`
  WITH done AS (UPDATE opencalendly.webhook_deliveries
    SET status = '${status}', attempt = 1, due_at = clock_timestamp() + interval '5 s',
      settled_at = CASE WHEN '${status}' = 'succeeded' THEN clock_timestamp() END
    WHERE status = 'pending' AND subscription_id = '${my.fresh.webhooks[0].id}' RETURNING id)
  INSERT INTO opencalendly.delivery_attempts SELECT id, 1, clock_timestamp(), ${attempt} FROM done`);

export const webhookStates = [
  ['webhooks: could not be had', async (my) => {
    await my.lie('GET', '**/v0/webhooks', 503, { code: 'HTTP_503' });
    await my.console('webhooks');
    await my.sees('errors.status503');
  }, { expect: [503] }],
  ['webhooks: none', async (my) => {
    await webhooks(my, '', my.fresh);
    await my.sees('webhooks.empty.title');
  }, { focus: true }],
  ['webhook: new', async (my) => {
    await my.press('webhooks.empty.act');
    await my.sees('webhooks.hints.url');
  }, { focus: true }],
  ['webhook: new, with errors', async (my) => {
    for (const box of await my.page.locator('dialog input[type="checkbox"]').all()) await box.uncheck();
    await (await my.field('webhooks.fields.secret')).fill('short');
    await my.press('webhooks.make');
    await my.sees('webhooks.wrong.events');
  }],
  ['webhook: refused', async (my) => {
    for (const box of await my.page.locator('dialog input[type="checkbox"]').all()) await box.check();
    await (await my.field('webhooks.fields.secret')).fill('');
    await (await my.field('webhooks.fields.url')).fill('https://10.0.0.1/webhooks');
    await my.press('webhooks.make');
    await my.sees('webhooks.wrong.url');
  }, { expect: [400] }],
  ['webhook: its secret', async (my) => {
    await (await my.field('webhooks.fields.url')).fill('https://example.com/webhooks');
    await my.press('webhooks.make');
    await my.sees('webhooks.secret.once');
  }, { focus: true }],
  ['webhook: not copied', async (my) => {
    await my.page.keyboard.press('Escape');
    await my.sees('webhooks.secret.leaveText');
  }],
  ['webhooks: one', async (my) => {
    await my.press('webhooks.secret.leaveYes');
    await makeWebhooks(my);
    await my.sees('webhooks.states.sending');
  }],
  ['webhook: pinged', async (my) => {
    await my.page.locator('oc-webhook .acts button').nth(1).click();
    await my.sees('webhooks.ping.sent');
    await settle(my, 'succeeded', '34, \'done\', 200, NULL');
    await my.sees('webhooks.ping.arrived');
  }],
  ['webhook: pinged in vain', async (my) => {
    await my.page.locator('oc-webhook .acts button').nth(1).click();
    await settle(my, 'pending', '3, \'connect\', NULL, \'connection refused\'');
    await my.sees('webhooks.ping.failed');
  }],
  ['webhooks', async (my) => {
    await webhooks(my);
    await my.sees('webhooks.offText');
  }, { focus: true }],
  ['webhook', async (my) => {
    await my.page.locator('oc-webhook h2 a').first().click();
    await my.page.locator('oc-delivery').first().waitFor();
  }, { focus: true }],
  ['webhook: edit', async (my) => {
    await my.press('common.edit');
    await my.sees('webhooks.hints.rotate');
  }],
  ['webhook: another secret?', async (my) => {
    await my.closeDialogs();
    await my.press('webhooks.rotate.act');
    await my.sees('webhooks.rotate.again');
  }],
  ['webhook: another secret', async (my) => {
    await my.press('webhooks.rotate.go');
    await my.sees('webhooks.oldSecret');
  }],
  ['webhook: delete?', async (my) => {
    await my.press('webhooks.secret.kept');
    await my.press('common.delete');
    await my.sees('webhooks.delete.text');
  }],
  ['webhook: all of its log', async (my) => {
    await my.press('common.cancel');
    for (const summary of await my.page.locator('oc-delivery summary').all()) await summary.click();
    await my.sees('webhooks.gaveUp');
    await my.sees('webhooks.onHold');
  }, { focus: true }],
  ['webhook: again since?', async (my) => {
    await my.press('webhooks.replay.act');
    await my.sees('webhooks.replay.twice');
  }],
  ['webhook: again', async (my) => {
    await my.press('webhooks.replay.go');
    await my.sees('webhooks.replay.done', { count: 1 });
  }],
  ['webhook: none that failed', async (my) => {
    await my.follow('webhooks.filters.failed');
    await my.sees('webhooks.noneSuch');
  }],
  ['webhook: its log could not be had', async (my) => {
    await my.lie('GET', '**/deliveries?*', 503, { code: 'HTTP_503' });
    await my.press('webhooks.lookAgain');
    await my.sees('errors.status503');
  }, { expect: [503] }],
  ['webhook: not there', async (my) => {
    await webhooks(my, '/none');
    await my.sees('webhooks.gone');
  }, { expect: [400, 404] }],
];
