/* The states of signing in, and of the console's bookings, explanations and profile (tour.mjs). */
import { is, signInLink, sql, until } from './lib.mjs';

const meeting = (my, name) => my.page.locator('button.meeting', { hasText: name }).first();

async function bookings(my, rest = '') {
  await my.console(`bookings${rest}`);
  await my.page.locator('oc-bookings h1').waitFor();
  await until('all is there', async () => !await my.page.locator('oc-bookings [role="status"]').count());
}

async function openMeeting(my, name) {
  await my.closeDialogs();
  await meeting(my, name).click();
  await my.sees('console.booking.history');
}

export const signInStates = [
  ['sign in', async (my) => {
    await my.guest.context.clearCookies();
    await my.open('/console');
    await my.sees('console.signIn.noAccount');
  }, { expect: [401], focus: true }],
  ['sign in: no address', async (my) => {
    await (await my.field('console.signIn.email')).fill('nobody');
    await my.press('console.signIn.send');
    await my.sees('console.signIn.badEmail');
  }, { expect: [400] }],
  ['sign in: mailed', async (my) => {
    await (await my.field('console.signIn.email')).fill(my.host.email);
    await my.press('console.signIn.send');
    await my.sees('console.signIn.mailed');
    is(await sql(`SELECT language FROM opencalendly.login_links WHERE email = '${my.host.email}' ORDER BY created_at DESC LIMIT 1`),
      my.language, 'what the mail is written in');
  }],
  ['verify', async (my) => {
    const token = await signInLink(`somebody-${my.language}@example.com`);

    await my.open(`/auth/verify?token=${token}`);
    await my.sees('console.verify.text');
  }, { focus: true }],
  ['verify: names', async (my) => {
    await my.press('console.verify.go');
    await my.sees('console.verify.welcome');
  }, { expect: [409, 400], focus: true }],
  ['verify: no name', async (my) => {
    await my.press('console.verify.create');
    await my.sees('common.fillIn');
  }],
  ['verify: taken', async (my) => {
    await (await my.field('console.verify.displayName')).fill('Somebody');
    await (await my.field('console.verify.username')).fill(my.host.username);
    await my.press('console.verify.create');
    await my.sees('console.verify.takenUsername');
  }, { expect: [409] }],
  ['verify: no good', async (my) => {
    await my.open('/auth/verify?token=nothing');
    await my.press('console.verify.go');
    await my.sees('console.verify.invalidTitle');
  }, { expect: [400, 401] }],
];

export const bookingStates = [
  ['console: could not be loaded', async (my) => {
    await my.lie('GET', '**/v0/auth/me', 503, { code: 'HTTP_503' });
    await my.console('bookings');
    await my.sees('console.failed.title');
  }, { expect: [503] }],
  ['bookings: first steps', async (my) => {
    await my.console('bookings', my.fresh);
    await my.sees('console.start.title');
    await my.sees('console.bookings.empty.upcoming');
  }, { focus: true }],
  ['bookings', (my) => bookings(my), { focus: true }],
  ['bookings: menu', async (my) => {
    if (my.kind === 'phone-dark') await my.press('console.menu');
    await my.sees('console.signOut');
  }],
  ['bookings: not found', async (my) => {
    await bookings(my);
    await my.page.getByRole('searchbox').fill('xyzzy');
    await my.sees('console.bookings.notFound');
  }],
  ['bookings: could not be had', async (my) => {
    await my.lie('GET', '**/v0/bookings?*', 503, { code: 'HTTP_503' });
    await bookings(my, '/past');
    await my.sees('errors.status503');
  }, { expect: [503] }],
  ['bookings: past', async (my) => {
    await bookings(my, '/past');
    await my.sees('console.bookings.empty.past');
  }],
  ['bookings: canceled', (my) => bookings(my, '/canceled')],
  ['bookings: week', async (my) => {
    await bookings(my, '/week');
    await my.page.locator('.week-day button.entry').first().waitFor({ state: 'attached' });
  }, { focus: true }],
  ['booking', async (my) => {
    await bookings(my);
    await openMeeting(my, 'Featherstonehaugh');
  }, { focus: true }],
  ['booking: move', async (my) => {
    await my.press('console.booking.move');
    await my.page.locator('dialog .time-list button.time').first().waitFor();
  }],
  ['booking: move to another time', async (my) => {
    await my.press('console.move.other');
    await my.page.locator('dialog input[type="time"]').fill('06:30');
    await my.sees('console.move.to');
  }],
  ['booking: cancel?', async (my) => {
    await my.press('common.back');
    await my.press('console.booking.cancel');
    await my.sees('console.cancel.title');
  }, { focus: true }],
  ['booking: not canceled', async (my) => {
    await my.lie('POST', '**/cancel', 503, { code: 'HTTP_503' });
    await my.press('console.cancel.go');
    await my.sees('errors.status503');
  }, { expect: [503] }],
  ['booking: running', async (my) => {
    await bookings(my);
    await openMeeting(my, 'Early Bird');
  }],
  ['booking: did not come?', async (my) => {
    await my.press('console.booking.noShow');
    await my.sees('console.booking.noShowText');
  }],
  ['meeting of several', async (my) => {
    await bookings(my);
    await my.page.locator('button.meeting', { hasText: 'Workshop' }).first().click();
    await my.sees('console.meeting.title');
  }],
];

async function explain(my, date, time) {
  await my.page.locator('#explain-date').fill(date);
  await my.page.locator('#explain-time').fill(time);
  await my.press('console.explain.go');
  await my.page.locator('#explain-answer').waitFor();
}

export const otherStates = [
  ['explain: nothing to ask about', async (my) => {
    await my.console('explain', my.fresh);
    await my.sees('console.explain.noTypes');
  }],
  ['explain', async (my) => {
    await my.console('explain');
    await my.page.locator('#explain-type').waitFor();
  }, { focus: true }],
  ['explain: not offered', async (my) => {
    await my.page.locator('#explain-type').selectOption('Introduction');
    await explain(my, '2026-06-04', '12:00');
    await my.sees('console.explain.reasons.claim.what');
  }],
  ['explain: offered', async (my) => {
    await explain(my, '2026-06-15', '12:00');
    await my.sees('console.explain.offered');
  }],
  ['explain: no such time', async (my) => {
    await my.page.locator('#explain-date').fill('2027-03-28');
    await my.page.locator('#explain-time').fill('02:30');
    await my.sees('console.time.skipped');
  }],
  ['explain: twice', async (my) => {
    await my.page.locator('#explain-date').fill('2026-10-25');
    await my.sees('console.time.twice');
  }],
  ['profile', async (my) => {
    await my.console('profile');
    await my.sees('console.sessions.current');
  }, { focus: true }],
  ['profile: wrong', async (my) => {
    await (await my.field('console.verify.displayName')).fill(' ');
    await (await my.field('console.verify.username')).fill('a');
    await my.press('common.save');
    await my.sees('console.verify.badUsername');
  }],
  ['profile: leave?', async (my) => {
    await my.page.evaluate(() => { location.hash = '#/hours'; });
    await my.sees('console.leave.text');
  }],
  ['profile: another zone', async (my) => {
    await my.console('profile');
    await my.page.getByRole('combobox').first().click();
    await my.page.getByRole('combobox').first().fill('tokyo');
    await my.page.locator('zone-picker').getByRole('option').first().click();
    await my.press('common.save');
    await my.sees('console.zone.hours');
  }],
  ['profile: another name', async (my) => {
    await my.console('profile');
    await (await my.field('console.verify.username')).fill(`${my.host.username}-the-second`);
    await my.press('common.save');
    await my.sees('console.profile.renameText');
  }],
  ['profile: the session has ended', async (my) => {
    await my.guest.context.clearCookies();
    await my.press('console.profile.rename');
    await my.sees('console.again.text');
  }, { expect: [401] }],
  ['profile: a link was sent', async (my) => {
    await my.press('console.again.send');
    await my.sees('console.again.mailed');
  }],
  ['profile: sign out everywhere?', async (my) => {
    await my.console('profile');
    await my.press('console.sessions.all');
    await my.sees('console.sessions.allText');
  }],
];
