/* The states of the pages that visitors see (tour.mjs), in the order in which one leads to the next. */
import http from 'node:http';
import { is, sql, until, url } from './lib.mjs';
import { bookButton, chooseDay, fillIn, pickerReady, timeButtons } from './walk.mjs';

const intro = (my, query = '') => `/${my.host.username}/intro${query}`;
const action = (my, name, verb, query = '') => my.open(`/bookings/actions/${my.host.booked[name].actions[verb].token}${query}`);

/* The booking page, as for somebody who has not been there. */
async function anew(my, query) {
  if (my.page.url().startsWith(url)) await my.page.evaluate(() => sessionStorage.clear());
  await my.open(intro(my, query));
  await timeButtons(my.page).first().waitFor();
}

/* The form of a slot that is held. */
async function toForm(my, day = '2026-06-09') {
  await anew(my);
  await chooseDay(my.page, day);
  await timeButtons(my.page).first().click();
  await my.sees('hold.held');
}

async function send(my) {
  await fillIn(my.page, { answers: { 'What about?': 'Looms' } });
  await bookButton(my.page).click();
}

/* Of the mails to an invitee of the tour's host. */
const languageOf = (my, email) => sql(`SELECT b.language FROM opencalendly.bookings AS b
  WHERE b.organizer_id = '${my.host.user.id}' AND b.invitee_email = '${email}'`);

export const publicStates = [
  ['home', (my) => my.open('/'), { focus: true }],
  ['no such page', (my) => my.open('/nobody-there'), { expect: [404] }],
  ['link that is none', (my) => my.open('/bookings/actions/nothing'), { expect: [400, 401, 404] }],
  ['host page', (my) => my.open(`/${my.host.username}`), { focus: true }],
  ['host page without offers', async (my) => {
    await my.open(`/${my.fresh.username}`);
    await my.sees('page.user.none', { name: 'Nova' });
  }],

  ['booking: month', async (my) => {
    await anew(my);
    await pickerReady(my.page);
  }, { focus: true }],
  ['booking: zones', async (my) => {
    await my.page.getByRole('combobox').click();
    await my.page.getByRole('option').first().waitFor();
  }],
  ['booking: zones searched', async (my) => {
    await my.page.getByRole('combobox').fill('new');
    await until('few are left', async () => await my.page.getByRole('option').count() < 60);
  }],
  ['booking: no such zone', async (my) => {
    await my.page.getByRole('combobox').fill('xyzzy');
    await my.sees('zone.none');
  }],
  ['booking: slots could not be had', async (my) => {
    await my.lie('GET', '**/availability?*', 503, { code: 'OC010' });
    await my.open(intro(my));
    await my.press('picker.nextMonth');
    await my.sees('common.retry');
  }, { expect: [503] }],
  ['booking: seats', (my) => my.open(`/${my.host.username}/workshop`)],
  ['booking: no free time', async (my) => {
    await my.open(`/${my.host.username}/never`);
    await my.sees('picker.noneAtAll');
  }],
  ['booking: none in this month', async (my) => {
    await my.open(`/${my.host.username}/autumn`);
    await pickerReady(my.page);
    await my.press('picker.previousMonth');
    await my.sees('picker.nextFree');
  }],
  ['booking: form', async (my) => {
    await toForm(my);
    await my.sees('booking.details');
  }, { focus: true }],
  ['booking: form with errors', async (my) => {
    await bookButton(my.page).click();
    await my.sees('common.fillIn');
  }],
  ['booking: nothing arrived', async (my) => {
    await my.lie('POST', '**/v0/bookings', 503, { code: 'HTTP_503' });
    await send(my);
    await my.sees('booking.errors.status503');
  }, { expect: [503] }],
  ['booking: taken', async (my) => {
    await my.lie('POST', '**/v0/bookings', 409, { code: 'OC001' });
    await bookButton(my.page).click();
    await my.sees('booking.taken');
  }, { expect: [409] }],
  ['booking: without a hold', async (my) => {
    await my.lie('POST', '**/v0/holds', 429, { code: 'OC008' });
    await timeButtons(my.page).nth(5).click();
    await my.sees('hold.unheld');
  }, { expect: [429] }],
  ['booking: gone', async (my) => {
    await my.lie('POST', '**/v0/bookings', 404, { code: 'OC013' });
    await toForm(my);
    await send(my);
    await my.sees('booking.goneTitle');
  }, { expect: [404] }],
  ['booked', async (my) => {
    await toForm(my, '2026-06-10');
    await send(my);
    await my.sees('page.booked.title');
    await my.sees('page.mail.confirmed_coming');
    is(await languageOf(my, 'ann@example.net'), my.language, 'what mails are written in');
  }, { focus: true }],

  ['cancel', (my) => action(my, 'open', 'cancel'), { focus: true }],
  ['cancel: sure?', async (my) => {
    await my.press('action.cancel');
    await my.sees('action.sureText');
  }],
  ['cancel: did not arrive', async (my) => {
    await my.lie('POST', '**/cancel', 503, { code: 'HTTP_503' });
    await my.press('action.cancel');
    await my.sees('action.errors.status503');
  }, { expect: [503] }],
  ['move', async (my) => {
    await action(my, 'open', 'reschedule');
    await timeButtons(my.page).first().waitFor();
  }, { focus: true }],
  ['move: to this?', async (my) => {
    await chooseDay(my.page, '2026-06-11');
    await timeButtons(my.page).first().click();
    await my.sees('action.moveTo');
  }],
  ['move: done', async (my) => {
    await my.press('action.move');
    await my.sees('page.action.doneMoved');
    await my.sees('page.mail.rescheduled_coming');
  }],
  ['action: moved on', (my) => action(my, 'moved', 'cancel')],
  ['action: canceled', async (my) => {
    await action(my, 'canceled', 'cancel');
    await my.sees('page.mail.canceled_coming');
  }],
  ['action: begun', (my) => action(my, 'begun', 'cancel')],
];

/* A page of somebody else with the widget in it. */
const shop = http.createServer((request, response) => {
  const { searchParams } = new URL(request.url, 'http://x');
  const script = `<script src="${url}/v0/embed/widget.js?username=${searchParams.get('of')}&amp;eventSlug=intro"
    data-mode="${searchParams.get('mode')}" data-label="Talk"></script>`;

  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' })
    .end(`<!doctype html><html lang="${searchParams.get('lang')}"><head><title>Shop</title>
      <meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"></head>
      <body><main><h1>Shop</h1><p><a href="#" data-opencalendly-open>Book</a></p>${script}</main></body></html>`);
});

await new Promise((listening) => { shop.listen(0, '127.0.0.1', listening); });

async function toShop(my, mode) {
  await my.open(`http://127.0.0.1:${shop.address().port}/?of=${my.host.username}&mode=${mode}&lang=${my.language}`);
}

const framed = (my) => until('the frame shows times', async () => {
  const frame = my.page.frames().find((one) => one.url().includes('/intro?'));

  return frame && await timeButtons(frame).count();
});

export const embedStates = [
  ['embedded, dark', (my) => anew(my, '?embed=https%3A%2F%2Fshop.example&theme=dark')],
  ['embedded, light', (my) => anew(my, '?embed=https%3A%2F%2Fshop.example&theme=light')],
  ['widget, inline', async (my) => {
    await toShop(my, 'inline');
    await framed(my);
  }],
  ['widget, button', async (my) => {
    await toShop(my, 'button');
    await my.page.getByRole('button', { name: 'Talk' }).waitFor();
  }],
  ['widget, popup', async (my) => {
    await toShop(my, 'popup');
    await my.page.getByRole('link', { name: 'Book' }).click();
    await framed(my);
  }],
];

/* Before and after some minutes in front of the form. */
export const holdStates = [
  ['booking: held', (my) => toForm(my, '2026-06-12')],
];

export const lateStates = [
  ['booking: the hold has run out', (my) => my.sees('hold.ended')],
];

/* A month and a day later. */
export const oldStates = [
  ['action: expired', (my) => action(my, 'begun', 'cancel'), { expect: [410] }],
];

/*
 * By a visitor whose browser runs no scripts; or so it seems, for axe-core is one: the pages come without theirs, and with what
 * they have for this.
 */
export async function withoutScripts(guest) {
  await guest.page.route(/./, async (route) => {
    if (route.request().resourceType() !== 'document') return route.fallback();
    const response = await route.fetch({ maxRedirects: 0 });
    const html = await response.text();

    return route.fulfill({
      response, body: html.replace(/<script[^>]* src=[^>]*><\/script>|<link rel="modulepreload"[^>]*>|<\/?noscript>/g, ''),
    });
  });
  return guest;
}

export const plainStates = [
  ['plain: times', (my) => my.open(intro(my)), { focus: true }],
  ['plain: form', async (my) => {
    await my.page.locator('.plain .times a').first().click();
    await my.sees('page.form.title');
  }, { focus: true }],
  ['plain: form with errors', async (my) => {
    await (await my.field('page.form.name')).fill(' ');
    await (await my.field('page.form.email')).fill('plain@example.net');
    await my.page.getByLabel('What about?').fill('Looms');
    await my.press('page.form.book');
    await my.page.locator('[aria-invalid="true"]').first().waitFor();
  }, { expect: [400] }],
  ['plain: booked', async (my) => {
    await (await my.field('page.form.name')).fill('Ann');
    await my.press('page.form.book');
    await my.sees('page.booked.title');
    is(await languageOf(my, 'plain@example.net'), my.language, 'what mails are written in');
  }],
  ['plain: no such zone', (my) => my.open(intro(my, '?timezone=Mars')), { expect: [400] }],
  ['plain: no free time', (my) => my.open(`/${my.host.username}/never`)],
  ['plain: cancel', (my) => action(my, 'last', 'cancel')],
  ['plain: move', (my) => action(my, 'last', 'reschedule')],
  ['plain: sign in', (my) => my.open('/auth/verify?token=x')],
];
