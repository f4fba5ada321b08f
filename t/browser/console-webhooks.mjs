/*
 * Promise (t/057_console_webhooks.pl): an endpoint's secret is shown once, and not lost by a slip; what becomes of every delivery
 * can be read, and what failed can be sent again; what is sent is what a real worker sends.
 */
import { createServer } from 'node:http';
import { book, finish, is, like, makeEventType, makeHost, must, sql, step, until, visitor } from './lib.mjs';
import { addDelivery, makeWebhook, setWebhook } from './webhook-rows.mjs';
import { words } from './words.mjs';

const t = words();
const ada = await makeHost('ada', { zone: 'Europe/Berlin' });
await makeEventType(ada, { minNoticeMinutes: 0 });
const host = await visitor({ zone: 'Europe/Berlin', host: ada });
const { page } = host;
const dialog = page.locator('dialog[open]').last();
const button = (key, root = page) => root.getByRole('button', { name: t(key), exact: true }).first();
const card = (url) => page.locator('oc-webhook', { has: page.getByRole('heading', { name: url }) });
/* An act of a card: in the list it is called by the endpoint, too. */
const act = (url, key) => card(url).getByRole('button', { name: new RegExp(`^${t(key)}`) });
const row = (url, columns) => sql(`SELECT ${columns} FROM opencalendly.webhook_subscriptions WHERE url = '${url}'`);
const statuses = (url) => sql(`SELECT string_agg(d.status, ' ' ORDER BY d.id) FROM opencalendly.webhook_deliveries AS d
  JOIN opencalendly.webhook_subscriptions AS s ON s.id = d.subscription_id WHERE s.url = '${url}'`);
const focus = () => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.id);
const secretField = page.locator('#webhook-secret');

async function view(rest = '') {
  await page.goto('about:blank');
  await host.open(`/console#/webhooks${rest}`);
  await page.locator('oc-webhooks h1').waitFor();
  await until('nothing is loading', async () => !await page.locator('oc-webhooks [role="status"]').count());
}

/* --- endpoints -------------------------------------------------------------------------------------------------------- */

const url = 'https://hooks.example.com/bookings';

await step('what is wrong is told at its field, by the page or the service; what was typed stays', async () => {
  await view();
  await button('webhooks.empty.act').click();
  await button('webhooks.make', dialog).click();
  await host.sees(dialog.getByText(t('common.fillIn')));
  const address = dialog.getByLabel(t('webhooks.fields.url'));
  await address.fill('hooks.example.com');
  await button('webhooks.make', dialog).click();
  await host.sees(dialog.getByText(t('webhooks.wrong.noUrl')));
  host.expect(400);
  for (const bad of ['https://10.1.2.3/x', 'https://ada:pass@example.com/', 'http://192.168.0.1/']) {
    await address.fill(bad);
    await button('webhooks.make', dialog).click();
    await host.sees(dialog.getByText(t('webhooks.wrong.url')));
    is(await address.inputValue(), bad, 'typed');
    is(await focus(), 'oc-webhook-form-url', 'focus');
    await address.fill('');
    await button('webhooks.make', dialog).click();
    await host.sees(dialog.getByText(t('common.fillIn')));
  }
  await address.fill(url);
  await dialog.getByLabel(t('webhooks.fields.secret')).fill('whsec_short');
  await button('webhooks.make', dialog).click();
  await host.sees(dialog.getByText(t('webhooks.wrong.secret')));
  host.expect();
  await dialog.getByLabel(t('webhooks.fields.secret')).fill('');
  for (const name of ['created', 'canceled', 'rescheduled'])
    await dialog.getByRole('checkbox', { name: t(`webhooks.events.${name}`) }).uncheck();
  await button('webhooks.make', dialog).click();
  await host.sees(dialog.getByText(t('webhooks.wrong.events')));
  is(await sql('SELECT count(*) FROM opencalendly.webhook_subscriptions'), '0', 'endpoints');
});

let secret;

await step('the secret is shown once: it is not closed by a slip, copied, and nowhere afterwards', async () => {
  for (const name of ['created', 'rescheduled'])
    await dialog.getByRole('checkbox', { name: t(`webhooks.events.${name}`) }).check();
  await button('webhooks.make', dialog).click();
  await host.sees(dialog.getByText(t('webhooks.secret.once')));
  secret = await secretField.inputValue();
  like(secret, /^whsec_[A-Za-z0-9+/]{43}=$/, 'secret');
  await page.keyboard.press('Escape');
  await host.sees(dialog.getByRole('heading', { name: t('webhooks.secret.leave') }));
  await button('common.cancel', dialog).click();
  await page.evaluate(() => { location.hash = '#/hours'; });
  await page.locator('oc-hours h1').waitFor();
  await page.goBack();
  is(await secretField.inputValue(), secret, 'still there');
  await button('webhooks.secret.copy', dialog).click();
  await host.sees(dialog.getByText(t('common.copied')));
  is(await page.evaluate(() => navigator.clipboard.readText()), secret, 'copied');
  await page.keyboard.press('Escape');
  await until('it is closed', async () => !await page.locator('dialog').count());
  await host.sees(card(url));
  is(await focus(), t('webhooks.title'), 'focus');
  must(!(await page.content()).includes(secret), 'the page has it no more');
  await page.reload();
  await host.sees(card(url));
  must(!(await page.content()).includes(secret), 'nor has it when it is loaded anew');
  is(await row(url, 'array_to_string(events, \' \')'), 'booking.created booking.rescheduled', 'events');
});

await step('changed: address and events; the secret stays', async () => {
  const before = await row(url, 'secret');
  await act(url, 'common.edit').click();
  must(!await dialog.getByLabel(t('webhooks.fields.secret')).count(), 'no field for the secret');
  await dialog.getByLabel(t('webhooks.fields.url')).fill(`${url}/2`);
  await dialog.getByRole('checkbox', { name: t('webhooks.events.canceled') }).check();
  await button('common.save', dialog).click();
  await host.sees(card(`${url}/2`).getByText(t('common.saved')));
  is(await row(`${url}/2`, 'array_length(events, 1)'), '3', 'events');
  is(await row(`${url}/2`, 'secret'), before, 'secret');
  await sql(`UPDATE opencalendly.webhook_subscriptions SET url = '${url}'`);
});

await step('another secret: told before that both count for a day; again, that the oldest ends', async () => {
  await view();
  const before = await row(url, 'secret');
  await act(url, 'webhooks.rotate.act').click();
  await host.sees(dialog.getByText(t('webhooks.rotate.text')));
  await button('common.cancel', dialog).click();
  is(await row(url, 'secret'), before, 'not yet');
  await act(url, 'webhooks.rotate.act').click();
  await button('webhooks.rotate.go', dialog).click();
  await host.sees(secretField);
  must(await secretField.inputValue() !== secret, 'another one');
  await button('webhooks.secret.kept', dialog).click();
  is(await row(url, 'old_secret'), before, 'the one before');
  is(await row(url, 'old_secret_until - clock_timestamp() BETWEEN interval \'23 h\' AND interval \'24 h\''), 't', 'for a day');
  await host.sees(card(url).getByText(new RegExp(t('webhooks.oldSecret', { until: '.*' }))));
  await act(url, 'webhooks.rotate.act').click();
  await host.sees(dialog.getByText(new RegExp(t('webhooks.rotate.again', { until: '.*' }))));
  await dialog.getByLabel(t('webhooks.fields.secret')).fill('a secret of mine');
  await button('webhooks.rotate.go', dialog).click();
  await host.sees(secretField);
  is(await secretField.inputValue(), 'a secret of mine', 'as it was given');
  await button('webhooks.secret.kept', dialog).click();
});

await step('off: what is queued waits, nothing can be pinged; on again', async () => {
  const toggle = card(url).getByRole('switch');
  await addDelivery(await byUrl(url), { status: 'pending' });
  await toggle.click();
  await host.sees(card(url).getByText(t('webhooks.offText')));
  is(await statuses(url), 'paused', 'off');
  is(await act(url, 'webhooks.ping.go').count(), 0, 'no ping');
  await toggle.click();
  await host.sees(card(url).getByText(t('webhooks.switchedOn')));
  is(await statuses(url), 'pending', 'on');
});

async function byUrl(wanted) {
  return (await ada.call('GET', '/v0/webhooks')).webhooks.find((webhook) => webhook.url === wanted);
}

await step('paused: why, and resumed', async () => {
  await setWebhook(await byUrl(url), 'paused_reason = \'The endpoint answered 410 Gone.\'');
  await sql('UPDATE opencalendly.webhook_deliveries SET status = \'paused\'');
  await view();
  await host.sees(card(url).getByText(t('webhooks.paused.gone')));
  await setWebhook(await byUrl(url), `paused_reason = 'No delivery has succeeded since 2026-05-30T08:00:07.000Z.',
    failing_since = '2026-05-30 08:00:07+00'`);
  await view();
  await host.sees(card(url).getByText(new RegExp(t('webhooks.paused.failing', { since: '30 May, 10:00:07' }))));
  await setWebhook(await byUrl(url), 'paused_reason = \'Another reason.\', failing_since = NULL');
  await view();
  await host.sees(card(url).getByText('Another reason.'));
  await act(url, 'webhooks.resume').click();
  await host.sees(card(url).getByText(t('webhooks.resumed')));
  is(await statuses(url), 'pending', 'queued again');
  must(await page.evaluate(() => document.activeElement !== document.body), 'the focus is not lost with the button');
});

await step('deleting is asked; the log goes with it', async () => {
  await act(url, 'common.delete').click();
  await button('common.cancel', dialog).click();
  await host.sees(card(url));
  await act(url, 'common.delete').click();
  await button('common.delete', dialog).click();
  await host.sees(page.getByText(t('webhooks.empty.title')));
  is(await focus(), t('webhooks.title'), 'focus');
  is(await sql('SELECT count(*) FROM opencalendly.webhook_deliveries'), '0', 'deliveries');
});

await step('deleted elsewhere meanwhile: told', async () => {
  const webhook = await makeWebhook(ada);
  await view();
  await ada.call('DELETE', `/v0/webhooks/${webhook.id}`);
  host.expect(404);
  await act(url, 'webhooks.ping.go').click();
  await host.sees(card(url).getByRole('alert'));
  like(await card(url).getByRole('alert').innerText(), new RegExp(t('webhooks.errors.OC013')), 'why');
  await view(`/${webhook.id}`);
  await host.sees(t('webhooks.gone'));
  host.expect();
});

/* --- deliveries ------------------------------------------------------------------------------------------------------- */

let answer = 200;
const told = [];
const receiver = createServer((request, response) => {
  let body = '';

  request.on('data', (part) => { body += part; });
  request.on('end', () => {
    told.push({ headers: request.headers, body: JSON.parse(body) });
    response.writeHead(answer).end();
  });
});
await new Promise((ready) => { receiver.listen(0, '127.0.0.1', ready); });
const local = `http://127.0.0.1:${receiver.address().port}/hook`;
/* A worker, for some seconds. */
const work = (seconds) => sql(`CALL opencalendly.run_deliveries(${seconds})`);
const deliveries = page.locator('oc-delivery');

await step('a ping: sent by the worker, and its answer told', async () => {
  await makeWebhook(ada, { url: local });
  await view();
  const worker = work(4);
  await act(local, 'webhooks.ping.go').click();
  await host.sees(card(local).getByText(/^The ping arrived\. Answered 200 after \d+ ms\.$/));
  is(told.at(-1).body.type, 'ping', 'what came');
  answer = 500;
  await act(local, 'webhooks.ping.go').click();
  await host.sees(card(local).getByText(/^The ping failed\. Answered 500, after \d+ ms\. It is tried again\.$/));
  await host.sees(card(local).getByText(t('webhooks.states.failing'), { exact: true }));
  await worker;
});

await step('nobody sends it: told that it is on its way', async () => {
  await act(local, 'webhooks.ping.go').click();
  await host.sees(card(local).getByText(t('webhooks.ping.waiting')));
});

await step('the log: what a booking sent, each attempt, the body; sent again', async () => {
  answer = 500;
  await sql('DELETE FROM opencalendly.webhook_deliveries');
  await book({ username: 'ada', eventSlug: 'intro', startsAt: '2026-06-02T10:00:00Z', inviteeName: 'Ann Example' });
  await work(1);
  await sql('UPDATE opencalendly.webhook_deliveries SET status = \'failed\', settled_at = clock_timestamp()');
  await card(local).getByRole('link', { name: t('webhooks.log') }).click();
  await deliveries.locator('summary').click();
  const text = await deliveries.innerText();
  like(text, /Booking made.*1 attempt.*Failed/s, 'how it stands');
  like(text, /1\.\s.*Answered 500.*\d+ ms/s, 'the attempt');
  like(text, /"inviteeName": "Ann Example"/, 'the body');
  await host.sees(card(local).getByText(t('webhooks.states.failing'), { exact: true }));
  answer = 204;
  await button('webhooks.replay.one', deliveries).click();
  await host.sees(deliveries.getByText(t('webhooks.replay.sent')));
  is(await statuses(local), 'pending', 'to be sent again');
  await work(1);
  await host.sees(deliveries.locator('.acts, .row').getByText('Answered 204'));
  like(await deliveries.innerText(), /2 attempts.*Delivered.*2\.\s.*Answered 204/s, 'both attempts');
  await host.sees(card(local).getByText(t('webhooks.states.sending'), { exact: true }));
  const [first, second] = told.slice(-2);
  is(second.headers['webhook-id'], first.headers['webhook-id'], 'the same id');
  must(await deliveries.locator('details').evaluate((node) => node.open), 'it stays open');
});

await step('what a receiver or a name has made of an error is text', async () => {
  const bad = '<img src=x onerror=alert(1)>';
  await addDelivery(await byUrl(local), { status: 'failed', attempts: [['connect', null, bad, 5]] });
  await view(`/${(await byUrl(local)).id}`);
  await deliveries.first().locator('summary').click();
  like(await deliveries.first().innerText(), /<img src=x/, 'as text');
  is(await page.locator('oc-deliveries img').count(), 0, 'no markup');
});

await step('a long log: a page at a time; those of a status', async () => {
  const webhook = await makeWebhook(ada, { url: 'https://long.example.com/' });
  for (let n = 0; n < 30; n += 1) {
    const [status, attempt] = n % 3 ? ['succeeded', ['done', 200, null, n]] : ['failed', ['done', 500, 'answered 500', n]];
    await addDelivery(webhook, { status, at: `2026-05-${n + 1} 07:00+00`, attempts: [attempt] });
  }
  await view(`/${webhook.id}`);
  is(await deliveries.count(), 25, 'a page');
  like(await deliveries.first().innerText(), /30 May/, 'the latest first');
  await button('webhooks.more').click();
  await until('all are there', async () => await deliveries.count() === 30);
  like(await page.evaluate(() => document.activeElement.textContent), /5 May/, 'the focus is at the first of them');
  await page.getByRole('link', { name: t('webhooks.filters.failed'), exact: true }).click();
  await until('those that failed', async () => await deliveries.count() === 10);
  is(await focus(), t('webhooks.filters.failed'), 'focus');
  like(page.url(), /\/failed$/, 'address');
  await page.getByRole('link', { name: t('webhooks.filters.paused'), exact: true }).click();
  await host.sees(t('webhooks.noneSuch'));
});

await step('all that failed since an instant is sent again, and nothing else', async () => {
  await button('webhooks.replay.act').click();
  is(await dialog.getByLabel(t('console.time.date')).inputValue(), '2026-05-31', 'a day ago');
  await dialog.getByLabel(t('console.time.date')).fill('2026-05-22');
  await dialog.getByLabel(t('console.time.time'), { exact: true }).fill('09:00');
  await button('webhooks.replay.go', dialog).click();
  await host.sees(t('webhooks.replay.done', { count: 3 }));
  is(await sql(`SELECT string_agg(to_char(d.created_at, 'DD'), ' ' ORDER BY d.id) FROM opencalendly.webhook_deliveries AS d
    JOIN opencalendly.webhook_subscriptions AS s ON s.id = d.subscription_id
    WHERE d.status = 'pending' AND s.url = 'https://long.example.com/'`), '22 25 28', 'which');
  await button('webhooks.replay.act').click();
  await dialog.getByLabel(t('console.time.date')).fill('2026-05-29');
  await dialog.getByLabel(t('console.time.time'), { exact: true }).fill('00:00');
  await dialog.getByLabel(t('webhooks.replay.includeSucceeded')).check();
  await button('webhooks.replay.go', dialog).click();
  await host.sees(t('webhooks.replay.done', { count: 2 }));
  await page.getByRole('switch').click();
  await host.sees(t('webhooks.offText'));
  await button('webhooks.replay.act').click();
  await dialog.getByLabel(t('console.time.date')).fill('2026-05-01');
  await dialog.getByLabel(t('console.time.time'), { exact: true }).fill('00:00');
  await button('webhooks.replay.go', dialog).click();
  await host.sees(t('webhooks.replay.doneLater', { count: 7 }));
});

await step('the log of an endpoint that cannot be had: told, and asked for again', async () => {
  host.expect(503);
  await page.route('**/deliveries?*',
    (route) => route.fulfill({ status: 503, json: { ok: false, error: 'busy', code: 'HTTP_503' } }));
  await view(`/${(await byUrl(local)).id}`);
  await host.sees(t('errors.status503'));
  await page.unrouteAll();
  host.expect();
  await button('common.retry').click();
  await deliveries.first().waitFor();
});

await step('one endpoint too many: told', async () => {
  const { webhooks } = await ada.call('GET', '/v0/webhooks');
  for (let n = webhooks.length; n < 20; n += 1) await makeWebhook(ada, { url: `https://n${n}.example.com/` });
  await view();
  await button('webhooks.add').click();
  await dialog.getByLabel(t('webhooks.fields.url')).fill('https://one-too-many.example.com/');
  host.expect(429);
  await button('webhooks.make', dialog).click();
  await host.sees(dialog.getByText(t('webhooks.errors.OC008')));
  host.expect();
});

receiver.close();
await finish();
