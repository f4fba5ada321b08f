/*
 * Promise (t/051_journey.pl): from nothing to a booking and back, on a desktop and on a phone: a host signs in for the first
 * time, sets hours, makes an event type; a visitor in another zone books; the host sees it and moves it; the visitor
 * moves it and cancels it.
 */
import { finish, is, like, moveClock, must, note, overflow, signInLink, sql, step, until, url, visitor } from './lib.mjs';
import { bookButton, chooseDay, chooseTime, chooseZone, fillIn, pickerReady, times } from './walk.mjs';

async function journey(name, phone) {
  const ada = await visitor({ zone: 'Europe/Berlin', phone, expect: [401] });
  const ann = await visitor({ zone: 'America/New_York', locale: 'en-US', phone });
  const host = ada.page;
  const guest = ann.page;
  const email = `ada-${name}@example.com`;
  const section = async (title) => {
    const menu = host.getByRole('button', { name: 'Menu' });

    if (await menu.isVisible()) await menu.click();
    await host.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: title }).click();
    await ada.sees(host.getByRole('heading', { level: 1, name: title }));
  };

  await step(`${name}: the console asks who is there`, async () => {
    await ada.open('/console');
    await ada.sees(host.getByRole('heading', { name: 'Sign in' }));
    ada.expect(400, 401);
    await host.getByLabel('Mail address').fill('nonsense');
    await host.getByRole('button', { name: 'Send me a link' }).click();
    await ada.sees('Please enter a mail address');
    await host.getByLabel('Mail address').fill(email);
    await host.getByRole('button', { name: 'Send me a link' }).click();
    await ada.sees(host.getByRole('heading', { name: 'Look into your mailbox' }));
    await host.getByRole('link', { name: 'Open the sign-in link (development)' }).waitFor();
  });

  await step(`${name}: the link uses up nothing until its button is pressed; a first sign-in asks for a name`, async () => {
    ada.expect(409);
    await host.getByRole('link', { name: /development/ }).click();
    await ada.sees(host.getByRole('heading', { name: 'Sign in to OpenCalendly' }));
    await host.reload();
    await host.getByRole('button', { name: 'Sign in' }).click();
    await ada.sees(host.getByRole('heading', { name: 'Welcome! What is your name?' }));
    await host.getByLabel('Your name').fill(`Ada ${name} Lövelace`);
    is(await host.getByLabel('Username').inputValue(), `ada-${name}-lovelace`, 'username');
    ada.expect(401);
    await host.getByRole('button', { name: 'Create my account' }).click();
    await ada.sees(host.getByRole('heading', { level: 1, name: 'Bookings' }));
    like(host.url(), /\/console(\?|#|$)/, 'address');
    is((await ada.context.cookies()).map((cookie) => [cookie.name, cookie.httpOnly, cookie.sameSite]), [['__Host-session', true, 'Lax']], 'cookie');
    is(await sql(`SELECT timezone FROM opencalendly.users WHERE email = '${email}'`), 'Europe/Berlin', 'zone');
    await ada.sees('Three steps to your first booking');
    ada.expect();
  });

  await step(`${name}: hours`, async () => {
    await section('Hours');
    await host.getByRole('button', { name: 'Monday to Friday, 9 to 5' }).click();
    await host.getByLabel('Wednesday until').fill('12:30');
    await host.getByRole('button', { name: 'Add hours on Saturday' }).click();
    await host.getByLabel('Saturday from').fill('10');
    await host.getByLabel('Saturday until').fill('11');
    await host.getByRole('button', { name: 'Save' }).click();
    await ada.sees('Saved. Bookings that are there stay as they are.');
    is(await sql(`SELECT count(*) || ' ' || sum(end_minute - start_minute) FROM opencalendly.availability_rules AS r
      JOIN opencalendly.schedules AS s ON s.id = r.schedule_id JOIN opencalendly.users AS u ON u.id = s.user_id WHERE u.email = '${email}'`),
    '6 2190', 'rules');
    is(await overflow(host), '', 'overflow');
  });

  await step(`${name}: an event type, with a question and a description`, async () => {
    await section('Event types');
    await host.getByRole('link', { name: 'Make your first event type' }).click();
    await host.getByLabel('Name', { exact: true }).fill('Intro talk');
    is(await host.getByLabel('Link', { exact: true }).inputValue(), 'intro-talk', 'link');
    await host.getByRole('button', { name: '45 min' }).click();
    await host.getByLabel('Description').fill('We talk.\nOr listen.');
    await host.getByRole('heading', { name: 'Questions' }).click();
    await host.getByRole('button', { name: 'Add a question' }).click();
    await host.getByLabel('Question', { exact: true }).fill('What about?');
    await host.getByLabel('Must be answered').check();
    is(await overflow(host), '', 'overflow');
    await host.getByRole('button', { name: 'Create event type' }).click();
    await ada.sees(/“Intro talk” is there/);
    await host.getByRole('button', { name: /^Copy link/ }).click();
    await ada.sees('Link copied.');
    is(await host.evaluate(() => navigator.clipboard.readText()), `${url}/ada-${name}-lovelace/intro-talk`, 'clipboard');
  });

  await step(`${name}: the visitor sees the times in their own zone`, async () => {
    await ann.open(`/ada-${name}-lovelace`);
    await guest.getByRole('link', { name: /Intro talk/ }).click();
    await ann.sees(guest.getByRole('heading', { level: 1, name: 'Intro talk' }));
    await chooseDay(guest, '2026-06-03');
    is((await times(guest)).slice(0, 2), ['3:00 AM', '3:15 AM'], 'Wednesday, the earliest');
    is((await times(guest)).at(-1), '5:45 AM', 'Wednesday, the last: until 12:30 in Berlin');
    is(await overflow(guest), '', 'overflow');
  });

  await step(`${name}: in any other zone, too, and their choice stays`, async () => {
    await chooseZone(guest, 'kolkata', /Kolkata/);
    await chooseDay(guest, '2026-06-03');
    is((await times(guest))[0], '12:30 PM', 'first time');
    await guest.reload();
    await chooseDay(guest, '2026-06-03');
    is((await times(guest))[0], '12:30 PM', 'first time after a reload');
    await chooseZone(guest, 'new york', /New York/);
  });

  await step(`${name}: the visitor books in two clicks and a form`, async () => {
    await chooseDay(guest, '2026-06-03');
    await chooseTime(guest, '4:00 AM');
    await ann.sees(guest.getByRole('timer'));
    await bookButton(guest).click();
    await ann.sees('Fill in this field.');
    is(await guest.evaluate(() => document.activeElement.name), 'inviteeName', 'focus');
    await fillIn(guest, { name: 'Ann Example', email: `ann-${name}@example.net`, answers: { 'What about?': 'Engines' } });
    is(await overflow(guest), '', 'overflow');
    await bookButton(guest).click();
    await ann.sees(guest.getByRole('heading', { name: 'You are booked' }));
    await ann.sees(/Wednesday, June 3, 2026, 4:00 AM – 4:45 AM/);
    await ann.sees(/Wednesday, June 3, 2026, 10:00 AM – 10:45 AM/);
    is(await overflow(guest), '', 'overflow');
  });

  await step(`${name}: the calendar file`, async () => {
    const path = await guest.getByRole('link', { name: /\.ics/ }).getAttribute('href');
    like(await (await fetch(new URL(path, url))).text(), /DTSTART:20260603T080000Z/, 'file');
  });

  await step(`${name}: the host sees it, in a list and in a week`, async () => {
    await section('Bookings');
    const row = host.getByRole('button', { name: /Ann Example/ });
    await row.waitFor();
    like(await row.innerText(), /10:00.*10:45/s, 'hours');
    like(await row.innerText(), /\b0?4:00 in New York/, 'for the guest');
    await host.getByRole('link', { name: 'Week', exact: true }).click();
    await host.getByText('Ann Example').first().waitFor();
    is(await overflow(host), '', 'overflow');
    await host.getByRole('link', { name: 'List', exact: true }).click();
  });

  await step(`${name}: the host moves it, beyond the hours`, async () => {
    await host.getByRole('button', { name: /Ann Example/ }).click();
    await ada.sees('Engines');
    await host.getByRole('button', { name: 'Reschedule …' }).click();
    await host.getByRole('button', { name: 'Another time' }).click();
    await host.getByLabel('Date').fill('2026-06-04');
    await host.getByLabel('Time', { exact: true }).fill('18:00');
    await host.getByRole('button', { name: 'Move the meeting' }).click();
    await ada.sees('Moved. Ann Example is told the new time.');
    is(await sql(`SELECT string_agg(status || ' ' || to_char(starts_at, 'MM-DD HH24:MI'), ', ' ORDER BY created_at, starts_at)
      FROM opencalendly.bookings WHERE invitee_email = 'ann-${name}@example.net'`), 'rescheduled 06-03 08:00, confirmed 06-04 16:00', 'bookings');
    await host.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  });

  await step(`${name}: the visitor's old link tells that it was moved, and leads no further`, async () => {
    await guest.getByRole('link', { name: 'Cancel it' }).click();
    await ann.sees(guest.getByRole('heading', { name: 'This booking was moved' }));
  });

  await step(`${name}: the visitor moves another booking by its link`, async () => {
    await ann.open(`/ada-${name}-lovelace/intro-talk`);
    await chooseDay(guest, '2026-06-05');
    await chooseTime(guest, '3:00 AM');
    await fillIn(guest, { name: 'Ann Example', email: `ann2-${name}@example.net`, answers: { 'What about?': 'More' } });
    await bookButton(guest).click();
    await guest.getByRole('link', { name: 'Move it to another time' }).click();
    await ann.sees(guest.getByRole('heading', { name: 'Move this booking' }));
    await chooseDay(guest, '2026-06-08');
    await chooseTime(guest, '5:00 AM');
    is(await overflow(guest), '', 'overflow');
    await guest.getByRole('button', { name: 'Move the booking' }).click();
    await ann.sees('The booking was moved to this time.');
    await ann.sees(/Monday, June 8, 2026, 5:00 AM – 5:45 AM/);
  });

  await step(`${name}: and cancels it, after being asked, with a reason`, async () => {
    await guest.getByRole('link', { name: 'Cancel it' }).click();
    await guest.getByRole('textbox', { name: /^Reason/ }).fill('Too early');
    await guest.getByRole('button', { name: 'Cancel the booking' }).click();
    await guest.getByRole('dialog').getByRole('button', { name: 'Keep it' }).click();
    await guest.getByRole('button', { name: 'Cancel the booking' }).click();
    await guest.getByRole('dialog').getByRole('button', { name: 'Cancel the booking' }).click();
    await ann.sees(guest.getByRole('heading', { name: 'This booking is canceled' }));
    is(await sql(`SELECT cancel_reason FROM opencalendly.bookings WHERE invitee_email = 'ann2-${name}@example.net' AND status = 'canceled'`), 'Too early', 'reason');
  });

  await step(`${name}: the host cancels the other one`, async () => {
    await host.reload();
    is(await host.getByRole('button', { name: /Ann Example/ }).count() <= 1, true, 'what the visitor canceled is gone');
    await host.getByRole('button', { name: /Ann Example/ }).click();
    await host.getByRole('button', { name: 'Cancel …' }).click();
    await host.getByLabel(/^Reason/).fill('Ill');
    await host.getByRole('button', { name: 'Cancel the meeting' }).click();
    await ada.sees('Canceled. Ann Example is told.');
    await host.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await ada.sees('No meetings ahead');
    await host.getByRole('link', { name: 'Canceled', exact: true }).click();
    await host.getByRole('button', { name: /Ann Example/ }).first().waitFor();
  });

  await step(`${name}: signed out, the console is closed`, async () => {
    ada.expect(401);
    const menu = host.getByRole('button', { name: 'Menu' });
    if (await menu.isVisible()) await menu.click();
    await host.getByRole('button', { name: 'Sign out' }).click();
    await ada.sees(host.getByRole('heading', { name: 'Sign in' }));
    is(await ada.context.cookies(), [], 'cookies');
  });
  await ada.close();
  await ann.close();
}

await journey('desktop', false);
await journey('phone', true);

/* Only told: how long it takes until times are seen, in a browser that has nothing of the page yet. */
const quick = await visitor({ zone: 'Europe/Berlin', isTimed: true });
const firstPaint = () => quick.page.evaluate(() => Math.round(performance.getEntriesByName('first-contentful-paint')[0]?.startTime));
await quick.open('/ada-desktop-lovelace/intro-talk');
await pickerReady(quick.page);
note(`first paint after ${await firstPaint()} ms, times there after at most ${await quick.page.evaluate(() => Math.round(performance.now()))} ms`);
await quick.page.reload();
await pickerReady(quick.page);
note(`with files kept from before: ${await firstPaint()} ms`);

await finish();
