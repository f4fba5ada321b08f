/*
 * Promise (t/051_journey.pl): from signing in to a canceled meeting, with nothing but the pages: once with a desktop and a
 * clock of 24 hours, once with a phone and one of 12.
 */
import { api, finish, is, like, mailTo, must, note, overflow, request, setMail, sql, step, url, visitor } from './lib.mjs';
import { bookButton, chooseDay, chooseTime, chooseZone, fillIn, pickerReady, times } from './walk.mjs';
import { words } from './words.mjs';

const t = words();

const stories = [
  {
    device: 'desktop', phone: false, locale: 'en-GB', name: 'Ada Lovelace', username: 'ada-lovelace', guest: 'Ann Example',
    first: '3:00', last: '6:15', chosen: '5:00', moved: '6:15',
    asBooked: 'Tuesday 2 June 2026, 5:00 – 5:45', forHost: 'Tuesday 2 June 2026, 11:00 – 11:45',
    asMoved: 'Wednesday 3 June 2026, 6:15 – 7:00', hostsFirst: '11:00 – 11:45', hostsSecond: '12:15 – 13:00',
    day: 'Tomorrow Tuesday 2 June 2026', movedDay: 'Wednesday 3 June 2026', theirs: '5:00 in New York',
  },
  {
    device: 'phone', phone: true, locale: 'en-US', name: 'Grace Hopper', username: 'grace-hopper', guest: 'Bob Example',
    first: '3:00 AM', last: '6:15 AM', chosen: '5:00 AM', moved: '6:15 AM',
    asBooked: 'Tuesday, June 2, 2026, 5:00 AM – 5:45 AM', forHost: 'Tuesday, June 2, 2026, 11:00 AM – 11:45 AM',
    asMoved: 'Wednesday, June 3, 2026, 6:15 AM – 7:00 AM', hostsFirst: '11:00 AM – 11:45 AM', hostsSecond: '12:15 PM – 1:00 PM',
    day: 'Tomorrow Tuesday, June 2, 2026', movedDay: 'Wednesday, June 3, 2026', theirs: '5:00 AM in New York',
  },
];

/* Commas, spaces and leading zeros are as the browser's version likes them: "Tuesday 2 June, 5:00", "Tuesday, 2 June 05:00". */
const plain = (text) => text.replace(/[\s,]+/g, ' ').replace(/\b0(\d:)/g, '$1').trim();
const has = (whole, part, what) => must(plain(whole).includes(plain(part)), `${what}: “${part}” is not in “${plain(whole)}”`);

/* What the database knows of the guest's bookings, in the order of their making: "status start" */
const bookingsOf = (guest) => sql(`SELECT status || ' ' || to_char(starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI')
  FROM opencalendly.bookings WHERE invitee_name = '${guest}' ORDER BY id`);

/* What became of the mails to the guest, in the order of their making: "kind status". */
const mailsTo = ({ device }) => sql(`SELECT coalesce(string_agg(kind || ' ' || status, ', ' ORDER BY id), '')
  FROM opencalendly.email_deliveries WHERE email = '${device}@example.net'`);

async function tell(story) {
  const { device, phone, locale, guest, username } = story;
  const host = await visitor({ zone: 'Europe/Berlin', phone, locale });
  const ann = await visitor({ zone: 'America/New_York', phone, locale });

  await signIn(story, host);
  await setHours(story, host);
  await makeType(story, host);
  await bookTime(story, ann);
  await seeBooking(story, host);
  await moveBooking(story, ann);
  await seeMove(story, host);
  await cancelBooking(story, ann);
  await seeCancel(story, host);
  await step(`${device}: nothing of it is left that blocks the time`, async () => {
    is(await bookingsOf(guest), 'rescheduled 2026-06-02T09:00\ncanceled 2026-06-03T10:15', 'bookings');
    const { slots } = await api('GET',
      `/v0/users/${username}/event-types/intro-call/availability?start=2026-06-02T00:00:00Z&days=2`);
    for (const start of ['2026-06-02T09:00', '2026-06-03T10:15'])
      must(slots.some(({ startsAt }) => startsAt.startsWith(start)), `${start} is offered again`);
  });
  await host.close();
  await ann.close();
}

async function fits({ phone }, { page }) {
  if (phone) is(await overflow(page), '', 'overflow');
}

/* --- the host ------------------------------------------------------------------------------------------------------- */

/* By the link that a development server tells; with the phone by that in the mail. */
async function signIn(story, host) {
  const { page } = host;
  const { device, name, phone, username } = story;

  await step(`${device}: the console asks who it is, and has a link sent`, async () => {
    host.expect(401);
    await host.open('/console');
    await host.sees(page.getByRole('heading', { name: t('console.verify.go') }));
    const send = page.getByRole('button', { name: t('console.signIn.send') });
    host.expect(400, 401);
    await page.getByLabel(t('console.signIn.email')).fill('nonsense');
    await send.click();
    await host.sees(t('console.signIn.badEmail'));
    await page.getByLabel(t('console.signIn.email')).fill(`${username}@example.com`);
    await send.click();
    await host.sees(page.getByRole('heading', { name: t('console.signIn.sentTitle') }));
    await host.sees(t('console.signIn.mailed', { email: `${username}@example.com` }));
    await fits(story, host);
    host.expect();
  });

  await step(`${device}: the link asks for a name, and makes the account`, async () => {
    if (phone) {
      await page.goto('about:blank');
      await page.setContent((await mailTo(`${username}@example.com`)).html);
    }
    await page.getByRole('link', { name: phone ? t('console.verify.go') : t('console.signIn.development') }).click();
    await host.sees(page.getByRole('heading', { name: t('console.verify.title') }));
    host.expect(409);
    await page.getByRole('button', { name: t('console.verify.go') }).click();
    await host.sees(page.getByRole('heading', { name: t('console.verify.welcome') }));
    host.expect();
    await page.getByRole('textbox', { name: t('booking.name') }).fill(name);
    is(await page.getByRole('textbox', { name: t('console.verify.username') }).inputValue(), username, 'the username proposed');
    await host.sees(t('console.verify.zone', { zone: 'Europe/Berlin' }));
    await fits(story, host);
    await page.getByRole('button', { name: t('console.verify.create') }).click();
    await host.sees(page.getByRole('heading', { name: t('console.start.title') }));
    like(page.url(), /\/console$/, 'where it leads');
    is(await sql(`SELECT display_name, timezone FROM opencalendly.users WHERE username = '${username}'`),
      `${name}|Europe/Berlin`, 'account');
    const [cookie] = await page.context().cookies();
    is([cookie.name, cookie.httpOnly, cookie.secure, cookie.sameSite], ['__Host-session', true, true, 'Lax'], 'cookie');
    await fits(story, host);
  });
}

async function setHours(story, host) {
  const { page } = host;

  await step(`${story.device}: hours: a usual week, and a short Friday`, async () => {
    await page.getByRole('link', { name: t('console.start.hoursGo') }).click();
    await host.sees(page.getByRole('heading', { name: t('week.title') }));
    await host.sees(t('hours.inZone', { city: 'Berlin', offset: 'UTC+2' }));
    await page.getByRole('button', { name: t('week.empty.act') }).click();
    await page.getByRole('textbox', { name: t('week.until', { day: 'Friday' }) }).fill('13:00');
    await fits(story, host);
    await page.getByRole('button', { name: t('common.save'), exact: true }).click();
    await host.sees(t('hours.saved'));
    is(await sql(`SELECT string_agg(concat_ws('-', day_of_week, start_minute, end_minute), ' ' ORDER BY day_of_week)
      FROM opencalendly.availability_rules JOIN opencalendly.schedules s ON s.id = schedule_id
      JOIN opencalendly.users u ON u.id = s.user_id WHERE username = '${story.username}'`),
    '1-540-1020 2-540-1020 3-540-1020 4-540-1020 5-540-780', 'rules');
  });
}

/* Goes to a section by the navigation, which a phone has in a menu. */
async function goTo({ phone }, { page }, section) {
  if (phone) await page.getByRole('button', { name: t('console.menu') }).click();
  await page.getByRole('navigation', { name: t('console.navigation') }).getByRole('link', { name: section }).click();
  await page.getByRole('heading', { level: 1, name: section }).waitFor();
}

async function makeType(story, host) {
  const { page } = host;

  await step(`${story.device}: an event type of 45 minutes, with a question`, async () => {
    await goTo(story, host, t('console.nav.eventTypes'));
    await page.getByRole('link', { name: t('eventTypes.empty.act') }).click();
    await host.sees(page.getByRole('heading', { name: t('eventTypes.newTitle') }));
    await page.getByRole('textbox', { name: t('eventTypes.fields.name') }).fill('Intro call');
    is(await page.getByRole('textbox', { name: t('eventTypes.fields.slug'), exact: true }).inputValue(),
      'intro-call', 'the address proposed');
    await page.getByRole('button', { name: '45 min', exact: true }).click();
    await page.getByRole('textbox', { name: t('eventTypes.place.video') }).fill('https://call.example.com/intro');
    await page.getByText('Questions', { exact: true }).click();
    await page.getByRole('button', { name: t('eventTypes.questions.add') }).click();
    await page.getByRole('textbox', { name: t('eventTypes.questions.label'), exact: true }).fill('What is it about?');
    await fits(story, host);
    await page.getByRole('button', { name: t('eventTypes.create') }).click();
    await host.sees(t('eventTypes.created', { name: 'Intro call' }));
    await page.getByRole('button', { name: t('eventTypes.copyLink') }).click();
    await host.sees(t('eventTypes.linkCopied'));
    is(await page.evaluate(() => navigator.clipboard.readText()), `${url}/${story.username}/intro-call`, 'clipboard');
    must(await page.getByRole('switch', { name: t('eventTypes.switch', { name: 'Intro call' }) }).isChecked(), 'it is on');
    await fits(story, host);
  });

  await step(`${story.device}: then all first steps are done`, async () => {
    await goTo(story, host, t('console.nav.bookings'));
    await host.sees(t('console.bookings.empty.upcoming'));
    is(await page.getByRole('heading', { name: t('console.start.title') }).count(), 0, 'the card of the first steps');
  });
}

/* The list of upcoming meetings, as it is now. */
async function openList(story, host) {
  await host.open('/console#/bookings');
  await host.page.reload();
  await host.page.getByRole('heading', { level: 1, name: t('console.nav.bookings') }).waitFor();
}

/* The entry of the guest in the week of the 1st of June; a phone shows the day asked for alone. */
async function seeInWeek(story, host, { day, text }) {
  const { page } = host;

  await page.getByRole('group', { name: t('console.bookings.showAs') })
    .getByRole('link', { name: t('console.bookings.week') }).click();
  await page.getByRole('heading', { level: 2, name: /June/ }).waitFor();
  if (story.phone)
    await page.getByRole('group', { name: t('console.week.day'), exact: true }).getByRole('button', { name: day }).click();
  const entry = await host.sees(page.getByRole('button', { name: new RegExp(`${story.guest}.*${text}.*Intro call`) }));
  const column = page.getByRole('region').filter({ has: entry });
  like(plain(await column.last().getByRole('heading').innerText()), day, 'the day of the entry');
  await fits(story, host);
}

const row = ({ page }, { guest }) => page.getByRole('main').getByRole('button', { name: new RegExp(guest) });

async function seeBooking(story, host) {
  const { page } = host;

  await step(`${story.device}: the host sees it in the list, in both zones`, async () => {
    await openList(story, host);
    const text = await (await host.sees(row(host, story))).innerText();
    has(text, story.hostsFirst, 'the host\'s time');
    has(text, story.theirs, 'the guest\'s time');
    has(text, 'Intro call', 'the event');
    has(await page.getByRole('heading', { level: 2 }).first().innerText(), story.day, 'the day');
    await row(host, story).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('What is it about?').waitFor();
    has(await dialog.innerText(), story.forHost, 'when');
    has(await dialog.innerText(), story.asBooked, 'for the guest');
    has(await dialog.innerText(), 'Engines & "notes"', 'the answer');
    await fits(story, host);
    await dialog.getByRole('button', { name: t('common.close') }).click();
  });

  await step(`${story.device}: and in the week`, async () => {
    await seeInWeek(story, host, { day: /Tue.*2|2 June/, text: story.hostsFirst });
  });
}

async function seeMove(story, host) {
  const { page } = host;

  await step(`${story.device}: the host sees that it was moved, and from where`, async () => {
    await openList(story, host);
    const text = await (await host.sees(row(host, story))).innerText();
    has(text, story.hostsSecond, 'the host\'s time');
    is(await row(host, story).count(), 1, 'bookings');
    has(await page.getByRole('heading', { level: 2 }).first().innerText(), story.movedDay, 'the day');
    await row(host, story).click();
    const dialog = page.getByRole('dialog');
    const old = dialog.getByRole('button', { name: /11:00/ });
    await old.waitFor();
    has(await dialog.innerText(), story.asMoved, 'for the guest');
    await old.click();
    await dialog.getByText(t('console.booking.movedTo')).waitFor();
    has(await dialog.innerText(), story.forHost, 'the booking that was moved');
    await page.keyboard.press('Escape');
  });

  await step(`${story.device}: in the week, too`, async () => {
    await seeInWeek(story, host, { day: /Wed.*3|3 June/, text: story.hostsSecond });
    is(await page.getByRole('button', { name: new RegExp(story.hostsFirst) }).count(), 0, 'the old time');
  });
}

async function seeCancel(story, host) {
  const { page } = host;

  await step(`${story.device}: the host sees that it was canceled, and why`, async () => {
    await openList(story, host);
    await host.sees(t('console.bookings.empty.upcoming'));
    await page.getByRole('navigation', { name: t('console.bookings.which') })
      .getByRole('link', { name: t('console.bookings.canceled') }).click();
    has(await (await host.sees(row(host, story))).innerText(), t('console.bookings.canceled'), 'the state');
    await row(host, story).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(t('console.booking.canceledByInvitee', { at: '' })).waitFor();
    has(await dialog.innerText(), 'Ill & sorry', 'the reason');
    await dialog.getByRole('button', { name: t('common.close') }).click();
    await fits(story, host);
  });

  await step(`${story.device}: signed out, the console is closed`, async () => {
    host.expect(401);
    if (story.phone) await page.getByRole('button', { name: t('console.menu') }).click();
    await page.getByRole('button', { name: t('console.signOut') }).click();
    await host.sees(page.getByLabel(t('console.signIn.email')));
    is(await host.context.cookies(), [], 'cookies');
    host.expect();
  });
}

/* --- the visitor ---------------------------------------------------------------------------------------------------- */

async function bookTime(story, ann) {
  const { page } = ann;
  const { device, guest } = story;

  await step(`${device}: a visitor in New York sees the host's hours in their own zone`, async () => {
    await ann.open(`/${story.username}`);
    await page.getByRole('link', { name: /Intro call/ }).click();
    await ann.sees(page.getByRole('heading', { level: 1, name: 'Intro call' }));
    is(await page.getByRole('combobox', { name: t('zone.label') }).inputValue(), 'New York (UTC−4)', 'zone');
    await chooseDay(page, '2026-06-05');
    is((await times(page)).at(-1), story.last, 'the last time of the short Friday');
    await chooseDay(page, '2026-06-02');
    is((await times(page))[0], story.first, 'the first time of a usual day');
    await fits(story, ann);
  });

  await step(`${device}: and in any other zone, a choice that stays`, async () => {
    await chooseZone(page, 'kolkata', /Kolkata/);
    await chooseDay(page, '2026-06-02');
    has((await times(page))[0], '12:30', 'the first time in Kolkata');
    await page.reload();
    await chooseDay(page, '2026-06-02');
    has((await times(page))[0], '12:30', 'the first time in Kolkata, after a reload');
    await chooseZone(page, 'new york', /New York/);
    await chooseDay(page, '2026-06-02');
  });

  await step(`${device}: the time is held while they type, and booked`, async () => {
    await chooseTime(page, story.chosen);
    await ann.sees(page.getByRole('heading', { name: t('booking.details') }));
    await ann.sees(page.getByRole('timer'));
    like(await page.getByRole('timer').innerText(), new RegExp(t('hold.held', { time: '\\d:\\d\\d' })), 'the countdown');
    is(await sql('SELECT count(*) FROM opencalendly.holds'), '1', 'holds');
    await fillIn(page, {
      name: guest, email: `${story.device}@example.net`, answers: { 'What is it about?': 'Engines & "notes"' },
    });
    await fits(story, ann);
    await bookButton(page).click();
    await ann.sees(page.getByRole('heading', { name: t('page.booked.title') }));
    is(await bookingsOf(guest), 'confirmed 2026-06-02T09:00', 'bookings');
    is(await sql('SELECT count(*) FROM opencalendly.holds'), '0', 'holds left');
  });

  await step(`${device}: the confirmation tells both zones, place and calendar`, async () => {
    const text = await page.getByRole('main').innerText();
    has(text, story.asBooked, 'the visitor\'s time');
    has(text, story.forHost, 'the host\'s time');
    has(text, 'https://call.example.com/intro', 'the place');
    has(text, t('page.mail.confirmed_coming', { email: `${story.device}@example.net` }), 'the mail');
    is(await mailsTo(story), 'booking_confirmed pending', 'mails');
    const path = await page.getByRole('link', { name: /\.ics/ }).getAttribute('href');
    like(await (await request(path)).text(), /DTSTART:20260602T090000Z/, '.ics');
    await fits(story, ann);
  });

  await step(`${device}: once the mail has gone, that is told; of one that cannot be delivered nothing is`, async () => {
    const settle = (as) => sql(`UPDATE opencalendly.email_deliveries SET status = '${as}', settled_at = clock_timestamp()
      WHERE email = '${device}@example.net'`);
    await settle('succeeded');
    await page.reload();
    await ann.sees(t('page.mail.confirmed_sent', { email: `${device}@example.net` }));
    await settle('failed');
    await page.reload();
    await ann.sees(t('page.booked.text'));
    must(!(await page.locator('.note').innerText()).includes('@'), 'no word of a mail');
  });
}

async function moveBooking(story, ann) {
  const { page } = ann;

  await step(`${story.device}: the visitor moves it by the link`, async () => {
    await page.getByRole('link', { name: t('page.booked.reschedule') }).click();
    await ann.sees(page.getByRole('heading', { name: t('page.action.reschedule') }));
    await chooseDay(page, '2026-06-02');
    must(!(await times(page)).includes(story.chosen), 'the time that it has is not offered');
    await chooseDay(page, '2026-06-03');
    await chooseTime(page, story.moved);
    await ann.sees(page.getByRole('heading', { name: t('action.moveTo') }));
    has(await page.locator('oc-action').innerText(), story.asMoved, 'the new time');
    await fits(story, ann);
    await page.getByRole('button', { name: t('action.move') }).click();
    await ann.sees(t('page.action.doneMoved'));
    await ann.sees(t('page.mail.rescheduled_coming', { email: `${story.device}@example.net` }));
    has(await page.getByRole('main').innerText(), story.asMoved, 'the new time');
    is(await bookingsOf(story.guest), 'rescheduled 2026-06-02T09:00\nconfirmed 2026-06-03T10:15', 'bookings');
  });
}

async function cancelBooking(story, ann) {
  const { page } = ann;

  await step(`${story.device}: the visitor cancels it, after a question`, async () => {
    await page.getByRole('link', { name: t('page.booked.cancel') }).click();
    await ann.sees(page.getByRole('heading', { name: t('page.action.cancel') }));
    await page.getByLabel(t('action.reason', { name: story.name })).fill('Ill & sorry');
    await page.getByRole('button', { name: t('action.cancel') }).click();
    const dialog = page.getByRole('dialog', { name: t('page.action.cancel') });
    await dialog.getByRole('button', { name: t('action.keep') }).click();
    await dialog.waitFor({ state: 'hidden' });
    like(await bookingsOf(story.guest), /confirmed/, 'after “Keep it”');
    await page.getByRole('button', { name: t('action.cancel') }).click();
    await dialog.getByRole('button', { name: t('action.cancel') }).click();
    await ann.sees(page.getByRole('heading', { name: t('page.action.canceled') }));
    await ann.sees(t('page.mail.canceled_coming', { email: `${story.device}@example.net` }));
    is(await mailsTo(story), 'booking_confirmed failed, booking_rescheduled pending, booking_canceled pending', 'mails');
    await fits(story, ann);
  });
}

/* Only told: how long it takes until times are seen, in a browser that has nothing of the page yet. */
async function tellSpeed({ username }) {
  const quick = await visitor({ zone: 'Europe/Berlin', isTimed: true });
  const { page } = quick;
  const firstPaint = () => page.evaluate(() => Math.round(performance.getEntriesByName('first-contentful-paint')[0]?.startTime));
  const sofar = () => page.evaluate(() => Math.round(performance.now()));

  await quick.open(`/${username}/intro-call`);
  await pickerReady(page);
  note(`first paint after ${await firstPaint()} ms, times there after at most ${await sofar()} ms`);
  await page.reload();
  await pickerReady(page);
  note(`with files kept from before: ${await firstPaint()} ms`);
}

await setMail('folder');
for (const story of stories) await tell(story);
await tellSpeed(stories[0]);
await finish();
