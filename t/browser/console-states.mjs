/*
 * Promise (t/057_console_states.pl): nothing that a host has typed is lost when the session ends or another tab was faster,
 * nothing that hits bookings happens without showing them, and what cannot be taken back is asked first.
 */
import {
  api, book, finish, is, like, makeEventType, makeHost, signInLink, sql, step, url, visitor, withoutDatabase,
} from './lib.mjs';

const ada = await makeHost('ada', { zone: 'Europe/Berlin' });
const intro = await makeEventType(ada);
await makeEventType(ada, { slug: 'empty', name: 'Empty' });
for (const day of ['02', '03']) await book({ username: 'ada', eventSlug: 'intro', startsAt: `2026-06-${day}T10:00:00Z`, inviteeName: `Guest ${day}` });
const who = await visitor({ zone: 'Europe/Berlin', host: ada });
const { page } = who;
const dialog = page.getByRole('dialog');
const button = (name, root = page) => root.getByRole('button', { name, exact: true });
const heading = (name) => page.getByRole('heading', { name });
const rules = () => sql(`SELECT string_agg(day_of_week || ' ' || start_minute || '-' || end_minute, ', ' ORDER BY day_of_week, start_minute)
  FROM opencalendly.availability_rules AS r JOIN opencalendly.schedules AS s ON s.id = r.schedule_id WHERE s.user_id = '${ada.user.id}' AND day_of_week = 1`);
const go = async (hash) => {
  await page.goto('about:blank');
  await who.open(`/console${hash}`);
};

await step('the session ends in mid-edit: the form stays, and is saved after signing in again', async () => {
  await go('#/event-types/new');
  await page.getByLabel('Name', { exact: true }).fill('Typed before');
  await page.getByLabel('Description').fill('A long text that nobody wants to type twice.');
  await sql(`DELETE FROM opencalendly.sessions WHERE user_id = '${ada.user.id}'`);
  who.expect(401);
  await button('Create event type').click();
  await who.sees(heading('Please sign in again'));
  await button('Ask for a link', dialog).click();
  await button('I have signed in: go on', dialog).click();
  await who.sees('You are not signed in yet.');
  const opened = who.context.waitForEvent('page');
  await dialog.getByRole('link', { name: /development/ }).click();
  const tab = await opened;
  await tab.getByRole('button', { name: 'Sign in' }).click();
  await tab.getByRole('heading', { level: 1, name: 'Bookings' }).waitFor();
  await tab.close();
  await who.sees(/“Typed before” is there/);
  is(await sql('SELECT description FROM opencalendly.event_types WHERE slug = \'typed-before\''), 'A long text that nobody wants to type twice.', 'saved');
  who.expect();
});

await step('the session ends, "not now": what was typed is still there', async () => {
  await go('#/event-types/new');
  await page.getByLabel('Name', { exact: true }).fill('Still here');
  await sql(`DELETE FROM opencalendly.sessions WHERE user_id = '${ada.user.id}'`);
  who.expect(401);
  await button('Create event type').click();
  await button('Not now', dialog).click();
  is(await page.getByLabel('Name', { exact: true }).inputValue(), 'Still here', 'typed');
  who.expect();
});

/* Two tabs; of two windows, since a browser lets those that are behind others wait. */
const again = await visitor({ zone: 'Europe/Berlin', host: await freshSession() });
const elsewhere = await visitor({ zone: 'Europe/Berlin', host: ada });

/* The host once more, with a session that lives. */
async function freshSession() {
  const { sessionToken } = await api('POST', '/v0/auth/verify', { token: await signInLink(ada.email) });

  ada.token = sessionToken;
  ada.call = (method, path, body, options) => api(method, path, body, { token: sessionToken, ...options });
  return ada;
}

await who.close();
const one = again.page;
const two = elsewhere.page;
const view = async (hash, tab = one) => {
  await tab.goto('about:blank');
  await tab.goto(new URL(`/console${hash}`, url).href);
};
const ask = one.getByRole('dialog');

await step('two tabs edit the hours: the slower one is shown both, and chooses', async () => {
  await view('#/hours', one);
  await view('#/hours', two);
  await one.getByLabel('Monday from').fill('8:00');
  await two.getByLabel('Monday until').fill('16:00');
  await button('Save', two).click();
  await two.getByText('Saved. Bookings that are there stay').first().waitFor();
  again.expect(412);
  await button('Save', one).click();
  await one.getByRole('heading', { name: 'These hours were changed elsewhere' }).waitFor();
  like(await ask.innerText(), /Monday/, 'the day');
  like(await ask.innerText(), /16:00/, 'theirs');
  like(await ask.innerText(), /8:00/, 'mine');
  await button('Go on editing', ask).click();
  is(await one.getByLabel('Monday from').inputValue(), '8:00', 'typed');
  is(await rules(), '1 540-960', 'theirs are there');
  await button('Save', one).click();
  await button('Save mine over it', ask).click();
  await one.getByText('Saved. Bookings that are there stay').first().waitFor();
  is(await rules(), '1 480-1020', 'mine are there');
  again.expect();
});

await step('the other way: what is there is taken', async () => {
  await view('#/hours', two);
  await two.getByLabel('Monday from').fill('7:00');
  await ada.call('PUT', '/v0/me/availability/rules', { rules: [{ dayOfWeek: 1, startMinute: 600, endMinute: 1020 }] }, { headers: { 'If-Match': '*' } });
  elsewhere.expect(412);
  await button('Save', two).click();
  await button('Take what is there', two.getByRole('dialog')).click();
  await two.getByText('This is what was saved elsewhere').first().waitFor();
  is(await two.getByLabel('Monday from').inputValue(), '10:00', 'shown');
  await elsewhere.close();
});

await step('leaving without saving is asked', async () => {
  await view('#/hours');
  await one.getByLabel('Monday from').fill('11:00');
  await one.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: 'Teams' }).click();
  await one.getByRole('heading', { name: 'Leave without saving?' }).waitFor();
  await button('Cancel', ask).click();
  is(await one.getByLabel('Monday from').inputValue(), '11:00', 'typed');
  await one.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: 'Teams' }).click();
  await button('Leave without saving', ask).click();
  await one.getByRole('heading', { level: 1, name: 'Teams' }).waitFor();
});

await step('times that are none are not saved', async () => {
  await view('#/hours');
  await one.getByLabel('Monday from').fill('25:77');
  await button('Save', one).click();
  await one.getByText('A time is not right yet').first().waitFor();
  is(await one.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Monday from', 'focus');
  await button('Discard', one).click();
});

await step('time off over bookings: they are listed, before and after; they stay', async () => {
  await view('#/hours/time-off');
  await button('Take time off', one).first().click();
  await one.getByLabel('First day').fill('2026-06-02');
  await one.getByLabel('Last day').fill('2026-06-03');
  await ask.locator('button.primary').click();
  await one.getByText('There are 2 bookings in this time').first().waitFor();
  like(await ask.innerText(), /Guest 02.*Guest 03/s, 'who');
  is(await sql('SELECT count(*) FROM opencalendly.bookings WHERE status = \'confirmed\''), '2', 'bookings');
  is((await ada.call('GET', '/v0/me/time-off')).timeOffBlocks.length, 0, 'nothing is taken yet');
  await button('Take it anyway', ask).click();
  await one.getByText('Taken. 2 bookings lie in it:').first().waitFor();
  is((await ada.call('GET', '/v0/me/time-off')).timeOffBlocks.length, 1, 'time off');
  is(await sql('SELECT count(*) FROM opencalendly.bookings WHERE status = \'confirmed\''), '2', 'bookings');
});

await step('taking it back is asked', async () => {
  await one.getByRole('button', { name: /^Take back/ }).click();
  await button('Cancel', ask).click();
  is((await ada.call('GET', '/v0/me/time-off')).timeOffBlocks.length, 1, 'still there');
  await one.getByRole('button', { name: /^Take back/ }).click();
  await button('Take it back', ask).click();
  await one.getByText('No time off ahead.').first().waitFor();
});

await step('another zone with bookings ahead: they are listed with both times', async () => {
  await view('#/profile');
  const box = one.getByRole('combobox').first();
  await box.click();
  await box.fill('new york');
  await one.getByRole('option', { name: /New York/ }).first().click();
  await button('Save', one).click();
  await one.getByRole('heading', { name: 'Move to America/New York?' }).waitFor();
  like(await ask.innerText(), /2 meetings are booked ahead/, 'how many');
  like(await ask.innerText(), /12:00.*0?6:00/s, 'both times');
  await button('Cancel', ask).click();
  is(await sql(`SELECT timezone FROM opencalendly.users WHERE id = '${ada.user.id}'`), 'Europe/Berlin', 'not moved');
  await button('Save', one).click();
  await ask.locator('button.primary').click();
  await one.getByText('Saved.', { exact: true }).first().waitFor();
  is(await sql(`SELECT timezone FROM opencalendly.users WHERE id = '${ada.user.id}'`), 'America/New_York', 'moved');
  is(await sql('SELECT string_agg(to_char(starts_at AT TIME ZONE \'UTC\', \'DD HH24\'), \' \' ORDER BY starts_at) FROM opencalendly.bookings'), '02 10 03 10', 'the bookings stay');
});

await step('an event type with bookings ahead cannot be deleted: they are listed, switching off is offered', async () => {
  await view('#/event-types');
  await one.getByRole('button', { name: /^Delete ?: Intro$/ }).click();
  await one.getByRole('heading', { name: /bookings that are not over/ }).waitFor();
  like(await ask.innerText(), /Guest 02.*Guest 03/s, 'who');
  await button('Switch it off', ask).click();
  await one.getByText('Switched off: it cannot be booked.').first().waitFor();
  is((await ada.call('GET', '/v0/event-types')).eventTypes.find(({ id }) => id === intro.id).isActive, false, 'off');
});

await step('deleting one without bookings is asked, too', async () => {
  await one.getByRole('button', { name: /^Delete ?: Empty$/ }).click();
  await button('Cancel', ask).click();
  await one.getByRole('heading', { name: 'Empty' }).waitFor();
  await one.getByRole('button', { name: /^Delete ?: Empty$/ }).click();
  await button('Delete', ask).click();
  await one.getByText('“Empty” is deleted.').first().waitFor();
});

await step('a name that is taken: told at its field', async () => {
  await makeHost('taken');
  await view('#/profile');
  again.expect(409);
  await one.getByLabel('Username').fill('taken');
  await button('Save', one).click();
  await button('Rename', ask).click();
  await one.getByText('This username is taken or reserved.').first().waitFor();
  is(await one.evaluate(() => document.activeElement.id), 'profile-username', 'focus');
  again.expect();
});

await step('the database is away: told, what was typed stays', async () => {
  await view('#/event-types/new');
  await one.getByLabel('Name', { exact: true }).fill('Patient');
  again.expect(503);
  await withoutDatabase(async () => {
    await button('Create event type', one).click();
    await one.getByRole('alert').first().waitFor();
    is(await one.getByLabel('Name', { exact: true }).inputValue(), 'Patient', 'typed');
  });
  await button('Create event type', one).click();
  await one.getByText(/“Patient” is there/).first().waitFor();
  again.expect();
});

await step('why is this time not offered?', async () => {
  await view('#/explain');
  await one.getByLabel('Event type').selectOption({ label: 'Patient' });
  await one.getByLabel('Date').fill('2026-06-07');
  await one.getByLabel('Time', { exact: true }).fill('03:00');
  await button('Explain', one).click();
  await one.getByText('This time is not offered.').first().waitFor();
  await one.getByText('It is outside of the hours').first().waitFor();
});

await step('a booking that was canceled meanwhile is shown as it is', async () => {
  await view('#/bookings');
  again.expect(404, 409);
  await one.getByRole('button', { name: /Guest 02/ }).click();
  await one.getByRole('button', { name: 'Reschedule …' }).click();
  const { bookings } = await ada.call('GET', '/v0/bookings?status=confirmed');
  await ada.call('POST', `/v0/bookings/${bookings.find(({ inviteeName }) => inviteeName === 'Guest 02').id}/cancel`, {});
  await button('Another time', one).click();
  await one.getByLabel('Date').fill('2026-06-12');
  await one.getByLabel('Time', { exact: true }).fill('09:00');
  await button('Move the meeting', one).click();
  await one.getByText('This booking has been changed in the meantime.').first().waitFor();
  again.expect();
});

await finish();
