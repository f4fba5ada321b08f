/*
 * Promise (t/056_embed.pl): a page of another site shows a booking page inline, as a popup and by a button; hears of a booking,
 * and nothing more; nobody else does; and no other page of the service can be framed.
 */
import http from 'node:http';
import { axe, finish, is, like, makeEventType, makeHost, must, step, until, url, visitor } from './lib.mjs';
import { bookButton, chooseDay, chooseTime, fillIn } from './walk.mjs';

const widget = (query, more = '') => `<script src="${url}/v0/embed/widget.js?${query}" ${more}></script>`;
const ada = 'username=ada&amp;eventSlug=intro';
const site = {
  '/inline': `<div id="place">before</div>${widget(ada, 'data-target="#place" data-title="Talk to Ada" data-radius="8"')}`,
  '/dark': `<div lang="de">${widget(`${ada}&amp;theme=dark`)}</div>`,
  '/fixed': widget(ada, 'data-height="300" data-width="50%"'),
  '/popup': `<p><a href="${url}/ada/intro" data-opencalendly-open>Book</a></p>${widget(ada, 'data-mode="popup"')}`,
  '/button': widget(ada, 'data-mode="button" data-label="Talk to us"'),
  '/other-origin': `<iframe title="x" width="900" height="900" src="${url}/ada/intro?embed=https%3A%2F%2Felsewhere.example"></iframe>`,
  '/wrong': widget('username=ada', 'data-mode="floating"'),
  '/team': widget('teamSlug=crew&amp;eventSlug=turn'),
  ...Object.fromEntries(['/console', '/auth/verify', '/', '/ada', '/bookings/actions/xyz', '/nobody-there'].map((path) =>
    [`/framed${path}`, `<iframe title="x" src="${url}${path}"></iframe>`])),
};

/* A site that is strict itself: the widget needs no more than this. */
const policy = `default-src 'none'; script-src 'self' ${url}; frame-src ${url}; connect-src 'self'`;
const heard = `addEventListener('message', (event) => { (window.heard ??= []).push([event.origin, event.data]); });
document.addEventListener('opencalendly:booked', (event) => { (window.booked ??= []).push([event.target.id || event.target.localName, event.detail]); });`;
const server = http.createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://x');
  const body = site[pathname];

  if (pathname === '/heard.js') response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(heard);
  else if (pathname === '/favicon.ico') response.writeHead(204).end();
  else if (!body) response.writeHead(404).end();
  else
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy })
      .end(`<!doctype html><html lang="en"><head><title>Shop</title><script src="/heard.js"></script></head>
        <body><main><h1>Shop</h1>${body}</main></body></html>`);
});
await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
const shop = `http://127.0.0.1:${server.address().port}`;

const host = await makeHost('ada');
await makeEventType(host);
const { team } = await host.call('POST', '/v0/teams', { name: 'Crew', slug: 'crew' });
await host.call('POST', '/v0/team-event-types', { teamId: team.id, name: 'Turn', slug: 'turn', durationMinutes: 30, mode: 'round_robin' });

const ann = await visitor({ zone: 'Europe/London' });
const { page } = ann;
const frameOf = (path = '/ada/intro') => until(`a frame shows ${path}`, () => page.frames().find((frame) => frame.url().startsWith(url + path)));
const messages = () => page.evaluate(() => window.heard ?? []);
const events = () => page.evaluate(() => window.booked ?? []);
const isFitted = () => page.evaluate(() => {
  const frame = document.querySelector('iframe');
  return frame.getBoundingClientRect().height;
});

/* Books in a frame, up to the confirmation. */
async function bookIn(frame, email, time) {
  await chooseDay(frame, '2026-06-03');
  await chooseTime(frame, time);
  await fillIn(frame, { email });
  await bookButton(frame).click();
  await frame.getByRole('heading', { name: 'You are booked' }).waitFor();
}

await step('inline: the page stands where it should, as high as it needs', async () => {
  await ann.open(`${shop}/inline`);
  const frame = await frameOf();
  await frame.getByRole('heading', { name: 'Intro' }).waitFor();
  await chooseDay(frame, '2026-06-03');
  is(await page.locator('#place > iframe').getAttribute('title'), 'Talk to Ada', 'title');
  await until('the frame is as high as its page', async () => {
    const body = await frame.evaluate(() => Math.ceil(document.body.getBoundingClientRect().height));
    return Math.abs(await isFitted() - body) <= 2;
  });
  is(await frame.evaluate(() => document.documentElement.scrollHeight > document.documentElement.clientHeight + 2), false, 'a bar to scroll');
  is(await frame.evaluate(() => document.documentElement.dataset.embed), shop, 'embed');
  is(await axe(page), '', 'axe');
});

await step('inline: the site hears of a booking, and nothing more than it may know', async () => {
  const frame = await frameOf();
  await bookIn(frame, 'inline@example.net', '10:00');
  const [[target, detail], ...more] = await until('the event', async () => (await events()).length && events());
  is(target, 'place', 'target');
  is(detail, { username: 'ada', teamSlug: null, eventSlug: 'intro', startsAt: '2026-06-03T09:00:00.000Z', endsAt: '2026-06-03T09:30:00.000Z' }, 'detail');
  is(more, [], 'more events');
  for (const [origin, data] of await messages()) {
    is(origin, url, 'origin');
    must(!/example\.net|Ann Example|[\w-]{32,}/.test(JSON.stringify(data)), `a message tells too much: ${JSON.stringify(data)}`);
  }
});

await step('messages of others are no bookings', async () => {
  const before = (await events()).length;
  await page.evaluate(() => window.postMessage({ type: 'opencalendly:booked', username: 'ada', eventSlug: 'intro' }, '*'));
  const frame = await frameOf();
  await frame.evaluate(() => window.parent.postMessage({ type: 'opencalendly:resize', height: -5 }, '*'));
  await frame.evaluate(() => window.parent.postMessage({ type: 'opencalendly:resize', height: '<b>' }, '*'));
  await frame.evaluate(() => window.parent.postMessage({ type: 'opencalendly:nothing' }, '*'));
  await until('they have come', async () => (await messages()).some(([, data]) => data.type === 'opencalendly:nothing'));
  is((await events()).length, before, 'events');
  must(await isFitted() >= 160, 'still a height');
});

await step('a page that embeds under another\'s name hears nothing', async () => {
  await ann.open(`${shop}/other-origin`);
  ann.expect('refused');
  await bookIn(await frameOf(), 'other@example.net', '11:00');
  is((await messages()).filter(([, data]) => /opencalendly/.test(data.type)), [], 'messages');
  is(await events(), [], 'events');
  ann.expect();
});

await step('theme and language go along', async () => {
  await ann.open(`${shop}/dark`);
  const frame = await frameOf();
  await frame.getByRole('heading', { name: 'Intro' }).waitFor();
  is(await frame.evaluate(() => [document.documentElement.dataset.theme, document.documentElement.lang]), ['dark', 'de'], 'theme, language');
  is(await page.locator('iframe').getAttribute('title'), 'Termin buchen', 'title');
});

await step('a size that was asked for', async () => {
  await ann.open(`${shop}/fixed`);
  const box = await page.locator('iframe').boundingBox();
  const around = await page.locator('main').boundingBox();
  is([Math.round(box.height), Math.round(box.width)], [300, Math.round(around.width / 2)], 'size');
});

await step('a team\'s page', async () => {
  await ann.open(`${shop}/team`);
  const frame = await frameOf('/team/crew/turn');
  await frame.getByRole('heading', { name: 'Turn' }).waitFor();
  await bookIn(frame, 'team@example.net', '12:00');
  const [[, detail]] = await until('the event', async () => (await events()).length && events());
  is([detail.username, detail.teamSlug, detail.eventSlug], [null, 'crew', 'turn'], 'detail');
});

await step('popup: opens by the link, closes by Escape, and gives the focus back', async () => {
  await ann.open(`${shop}/popup`);
  is(await page.locator('iframe').count(), 0, 'frames before');
  await page.getByRole('link', { name: 'Book' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  const frame = await frameOf();
  await chooseDay(frame, '2026-06-03');
  is(await axe(page), '', 'axe');
  await page.getByRole('button', { name: 'Close' }).focus();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  is(await page.evaluate(() => document.activeElement.textContent), 'Book', 'focus');
});

await step('popup: what was typed stays; after a booking it begins anew', async () => {
  await page.getByRole('link', { name: 'Book' }).click();
  let frame = await frameOf();
  await chooseTime(frame, '13:00');
  await fillIn(frame, { email: 'popup@example.net' });
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('link', { name: 'Book' }).click();
  frame = await frameOf();
  await bookButton(frame).click();
  await frame.getByRole('heading', { name: 'You are booked' }).waitFor();
  is((await events()).length, 1, 'events');
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('link', { name: 'Book' }).click();
  await chooseDay(await frameOf(), '2026-06-03');
});

await step('button: floats, opens by the keyboard', async () => {
  await ann.open(`${shop}/button`);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await chooseDay(await frameOf(), '2026-06-03');
  is(await axe(page), '', 'axe');
});

await step('a snippet that is wrong says so to who wrote it, and shows nothing', async () => {
  await ann.open(`${shop}/wrong`);
  await until('the word in the console', () => ann.troubles.length);
  like(ann.takeTroubles().join(), /OpenCalendly widget: .*eventSlug/, 'console');
  is(await page.locator('iframe').count(), 0, 'frames');
});

await step('on a phone', async () => {
  const ben = await visitor({ phone: true });
  await ben.open(`${shop}/inline`);
  const frame = await until('the frame', () => ben.page.frames().find((one) => one.url().startsWith(`${url}/ada/intro`)));
  await chooseDay(frame, '2026-06-03');
  is(await ben.page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), true, 'fits');
  is(await frame.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), true, 'the frame, too');
  await ben.close();
});

for (const path of Object.keys(site).filter((name) => name.startsWith('/framed'))) {
  await step(`${path.slice(7)} cannot be framed`, async () => {
    ann.expect('refused', 404, 'offline');
    await ann.open(shop + path);
    const shown = await until('the frame', () => page.frames()[1]?.url());
    is(shown, 'chrome-error://chromewebdata/', 'what the frame shows');
    ann.expect();
  });
}

server.close();
await finish();
