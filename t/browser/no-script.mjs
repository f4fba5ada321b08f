/* Promise (t/054_no_script.pl): without JavaScript a visitor books, cancels and moves a booking by plain forms. */
import { book, finish, is, like, makeEventType, makeHost, moveClock, must, overflow, request, setMail, sql, step, visitor } from './lib.mjs';
import { words } from './words.mjs';

const ada = await makeHost('ada', { zone: 'Europe/Berlin', name: 'Ada Lovelace' });
await makeEventType(ada, {
  slug: 'talk', name: 'Talk', description: 'Half an hour.', minNoticeMinutes: 0,
  questions: [{ id: 'topic', label: 'What about?', required: true }, { id: 'more', label: 'More', required: false }],
});
const ann = await visitor({ script: false, phone: true });
const { page } = ann;
const time = (text) => page.getByRole('link', { name: text, exact: true }).first();
const heading = (name) => page.getByRole('heading', { name });
const t = words();
const german = words('de');

await step('the list of times, in the host\'s zone, which is told', async () => {
  await ann.open('/ada/talk');
  await ann.sees(heading('Talk'));
  await ann.sees('Times are in the time zone Europe/Berlin.');
  await ann.sees(page.getByRole('heading', { name: '1 June 2026' }));
  await ann.sees(time('10:15'));
});

await step('nothing that needs a script is shown', async () => {
  is(await page.locator('oc-booking').innerText(), '', 'oc-booking');
  is(await overflow(page), '', 'overflow');
});

await step('another zone', async () => {
  await page.getByLabel('Time zone').fill('Mars/Olympus');
  ann.expect(400);
  await page.getByRole('button', { name: 'Change time zone' }).click();
  await ann.sees(page.getByRole('alert'));
  is(await page.getByLabel('Time zone').inputValue(), 'Mars/Olympus', 'what was typed');
  ann.expect();
  await page.getByLabel('Time zone').fill('America/New_York');
  await page.getByRole('button', { name: 'Change time zone' }).click();
  await ann.sees('Times are in the time zone America/New_York.');
  await ann.sees(time('04:15'));
});

await step('later times', async () => {
  await page.getByRole('link', { name: 'Later times' }).click();
  await ann.sees(heading('4 June 2026'));
  must(!await heading('1 June 2026').count(), 'the first days are gone');
  await ann.sees('Times are in the time zone America/New_York.');
});

await step('a time leads to the form', async () => {
  await time('05:00').click();
  await ann.sees(heading('Your details'));
  await ann.sees(/4 June 2026, 05:00 – 05:30/);
  await ann.sees('(America/New_York, UTC−4)');
});

await step('what is wrong is told, and what was typed stays', async () => {
  await page.getByLabel('Name').fill('   ');
  await page.getByLabel('E-mail').fill('ann@example.net');
  await page.getByLabel('What about?').fill('Engines\nand notes');
  ann.expect(400);
  await page.getByRole('button', { name: 'Book this time' }).click();
  await ann.sees(page.getByRole('alert'));
  ann.expect();
  is(await page.getByLabel('Name').getAttribute('aria-invalid'), 'true', 'marked');
  is(await page.getByLabel('E-mail').inputValue(), 'ann@example.net', 'address');
  is(await page.getByLabel('What about?').inputValue(), 'Engines\nand notes', 'answer');
  await page.getByLabel('Name').fill('Ann "<b>" O\'Neil');
});

await step('a time taken meanwhile: others are offered, what was typed stays', async () => {
  await book({ username: 'ada', eventSlug: 'talk', startsAt: '2026-06-04T09:00:00Z', answers: { topic: 'x' } });
  ann.expect(409);
  await page.getByRole('button', { name: 'Book this time' }).click();
  await ann.sees('what you typed is kept');
  ann.expect();
  await page.getByRole('button', { name: '05:00', exact: true }).first().click();
  is(await page.getByLabel('Name').inputValue(), 'Ann "<b>" O\'Neil', 'name');
  is(await page.getByLabel('E-mail').inputValue(), 'ann@example.net', 'address');
  is(await page.getByLabel('What about?').inputValue(), 'Engines\nand notes', 'answer');
});

await step('booked: both times, the calendar, the links; of mails not a word, for none is sent', async () => {
  await page.getByRole('button', { name: 'Book this time' }).click();
  await ann.sees(heading('You are booked'));
  is(await page.locator('.note.good').innerText(), t('page.booked.text'), 'told');
  await ann.sees(/1 June 2026, 05:00 – 05:30/);
  await ann.sees(/1 June 2026, 11:00 – 11:30/);
  await ann.sees('Ann "<b>" O\'Neil, ann@example.net');
  const path = await page.getByRole('link', { name: /\.ics/ }).getAttribute('href');
  const ics = await (await request(path)).text();
  like(ics, /DTSTART:20260601T090000Z/, 'calendar');
  is(await sql('SELECT timezone FROM opencalendly.bookings WHERE invitee_email = \'ann@example.net\''), 'America/New_York', 'zone');
  is(await sql('SELECT answers->>\'topic\' FROM opencalendly.bookings WHERE invitee_email = \'ann@example.net\''), 'Engines\nand notes', 'answer');
});

await step('the same page again still tells it', async () => {
  await page.reload();
  await ann.sees(heading('You are booked'));
});

await step('move it', async () => {
  await page.getByRole('link', { name: 'Move it to another time' }).click();
  await ann.sees(heading('Move this booking'));
  await page.getByRole('button', { name: '06:30', exact: true }).first().click();
  await ann.sees('The booking was moved to this time.');
  await ann.sees(/1 June 2026, 06:30 – 07:00/);
});

await step('cancel it, with a reason', async () => {
  await page.getByRole('link', { name: 'Cancel it' }).click();
  await ann.sees(heading('Cancel this booking?'));
  await page.getByLabel(/^Reason/).fill('Ill & sorry');
  await page.getByRole('button', { name: 'Cancel the booking' }).click();
  await ann.sees(heading('This booking is canceled'));
  is(await sql('SELECT cancel_reason FROM opencalendly.bookings WHERE status = \'canceled\''), 'Ill & sorry', 'reason');
});

await step('the old link of a moved booking tells so', async () => {
  await page.goBack();
  await page.goBack();
  await page.goBack();
  await page.reload();
  await ann.sees(heading('This booking was moved'));
});

await step('a host\'s page lists what can be booked', async () => {
  await ann.open('/ada');
  await page.getByRole('link', { name: /Talk/ }).click();
  await ann.sees(heading('Talk'));
});

await step('a language that is chosen stays', async () => {
  await page.getByRole('link', { name: 'Deutsch' }).click();
  is(await page.locator('html').getAttribute('lang'), 'de', 'lang');
  await time('10:15').click();
  is(await page.locator('html').getAttribute('lang'), 'de', 'lang');
});

await step('and is that of the mails, which are told where they are sent', async () => {
  await setMail('folder');
  await page.getByLabel(german('page.form.name'), { exact: true }).fill('Anna');
  await page.getByLabel(german('page.form.email')).fill('anna@example.net');
  await page.getByLabel('What about?').fill('Webstühle');
  await page.getByRole('button', { name: german('page.form.book') }).click();
  await ann.sees(german('page.mail.confirmed_coming', { email: 'anna@example.net' }));
  is(await sql('SELECT language FROM opencalendly.bookings WHERE invitee_email = \'anna@example.net\''), 'de', 'language');
  is(await sql('SELECT DISTINCT language FROM opencalendly.bookings WHERE invitee_email = \'ann@example.net\''), 'en', 'of the first');
  await page.getByRole('link', { name: german('page.booked.reschedule') }).click();
  await page.getByRole('button', { name: '11:15', exact: true }).first().click();
  await ann.sees(german('page.mail.rescheduled_coming', { email: 'anna@example.net' }));
  await page.getByRole('link', { name: german('page.booked.cancel') }).click();
  await page.getByRole('button', { name: german('page.action.cancelNow') }).click();
  await ann.sees(german('page.mail.canceled_coming', { email: 'anna@example.net' }));
  is(await sql('SELECT DISTINCT language FROM opencalendly.bookings WHERE invitee_email = \'anna@example.net\''), 'de', 'language');
});

await step('01:30 twice on one night, with its offset; 02:30 never on another', async () => {
  await ada.call('PUT', '/v0/me/availability/rules', {
    rules: [0, 6].map((dayOfWeek) => ({ dayOfWeek, startMinute: 0, endMinute: 240 })),
  }, { headers: { 'If-Match': '*' } });
  await ada.call('PATCH', '/v0/me', { timezone: 'America/New_York' });
  await moveClock('2026-10-31T12:00:00Z');
  await ann.open('/ada/talk');
  await ann.sees(time('01:30 (UTC−4)'));
  await ann.sees(time('01:30 (UTC−5)'));
  await moveClock('2027-03-13T12:00:00Z');
  await ann.open('/ada/talk');
  await ann.sees(heading('14 March 2027'));
  const night = (await page.locator('.days .times').first().innerText()).trim().split(/\n+/).map((text) => text.trim());
  is(night.slice(night.indexOf('01:30 (UTC−5)')),
    ['01:30 (UTC−5)', '01:45 (UTC−5)', '03:00 (UTC−4)', '03:15 (UTC−4)', '03:30 (UTC−4)'], 'that night');
});

await step('the console says that it needs JavaScript', async () => {
  await ann.open('/console');
  must(/needs JavaScript/.test(await page.content()), 'told');
});

await finish();
