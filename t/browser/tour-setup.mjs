/* The states of the console's event types, hours and teams (tour.mjs). */
import { api, book, must, until } from './lib.mjs';

const button = (my, name) => my.page.getByRole('button', { name, exact: true }).first();

/* The list of event types, and an act on one of them. */
async function types(my, host) {
  await my.console('event-types', host);
  await my.page.locator('oc-event-types h1').waitFor();
}

/* The form of the introduction, with its reminders. */
async function reminders(my) {
  await my.console(`event-types/${my.host.intro.id}`);
  await my.page.locator('#group-reminders > summary').click();
}

const typeAct = (my, key, name) => my.page.getByRole('button', { name: new RegExp(`^${my.t(key)} ?: ?${name}$`) }).click();

export const eventTypeStates = [
  ['event types: none', async (my) => {
    await types(my, my.fresh);
    await my.sees('eventTypes.empty.title');
  }],
  ['event type: new', async (my) => {
    await my.follow('eventTypes.empty.act');
    await my.sees('eventTypes.newTitle');
  }, { focus: true }],
  ['event type: new, with errors', async (my) => {
    await (await my.field('eventTypes.fields.durationMinutes')).fill('0');
    await my.press('eventTypes.create');
    await my.sees('common.fillIn');
  }],
  ['event types', async (my) => {
    await types(my);
    await my.sees('eventTypes.copyLink');
  }, { focus: true }],
  ['event types: delete?', async (my) => {
    await typeAct(my, 'common.delete', 'In autumn');
    await my.sees('eventTypes.delete.text');
  }],
  ['event types: has bookings', async (my) => {
    await my.press('common.cancel');
    await typeAct(my, 'common.delete', 'Workshop');
    await my.sees('eventTypes.delete.switchOff');
  }],
  ['event types: embed', async (my) => {
    await my.press('common.cancel');
    await typeAct(my, 'eventTypes.embed', 'Introduction');
    await my.page.getByRole('radio').nth(1).check();
    await my.sees('embedding.hint');
  }],
  ['event type: all of it', async (my) => {
    await my.console(`event-types/${my.host.intro.id}`);
    await my.page.locator('details.group').first().waitFor();
    for (const summary of await my.page.locator('details.group > summary').all()) await summary.click();
    await my.sees('eventTypes.questions.idHint');
  }],
  ['event type: with errors', async (my) => {
    await (await my.field('eventTypes.fields.minNoticeMinutes')).fill('x');
    await (await my.field('eventTypes.fields.seats')).fill('0');
    await my.press('common.save');
    await my.sees('setup.range');
  }],
  ['event type: reminders', async (my) => {
    await reminders(my);
    await my.sees('reminders.when.follow_up');
  }, { focus: true }],
  ['event type: reminders, with errors', async (my) => {
    await my.press('reminders.addReminder');
    await (await my.field('reminders.length', { n: 4 })).fill('24');
    await (await my.field('reminders.length', { n: 3 })).fill('8');
    await my.press('common.save');
    await my.sees('reminders.range');
    await my.sees('reminders.twice');
  }],
  ['event type: reminders that were not saved', async (my) => {
    await (await my.field('reminders.length', { n: 4 })).fill('2');
    await (await my.field('reminders.length', { n: 3 })).fill('2');
    await my.lie('PUT', '**/notification-rules', 503, { code: 'HTTP_503' });
    await my.press('common.save');
    await my.sees('reminders.notSaved');
  }, { expect: [503] }],
  ['event type: reminders that could not be had', async (my) => {
    await my.lie('GET', '**/notification-rules', 503, { code: 'HTTP_503' });
    await reminders(my);
    await my.sees('reminders.failed');
  }, { expect: [503] }],
  ['event type: not there', async (my) => {
    await my.console('event-types/none');
    await my.sees('eventTypes.gone');
  }],
];

/* On a server that sends no mail. */
export const mailLessStates = [
  ['event type: reminders without mail', async (my) => {
    await reminders(my);
    await my.sees('reminders.noMail');
  }],
  ['event type: no reminders', async (my) => {
    for (let n = 3; n > 0; n -= 1) await my.press('reminders.remove', { n });
    await my.sees('reminders.none');
  }],
];

async function hours(my, rest = '', host = my.host) {
  await my.console(`hours${rest}`, host);
  await my.page.locator('oc-hours nav').waitFor();
}

const day = (my, date) => my.page.locator(`oc-overrides [data-date="${date}"]`);

/* The day's exception, of a kind. */
async function except(my, kind) {
  const name = my.t(`overrides.kinds.${kind}`);

  await my.page.locator('dialog label.choice', { hasText: name }).first().click();
}

export const hoursStates = [
  ['hours: none', async (my) => {
    await hours(my, '', my.fresh);
    await my.sees('week.empty.title');
  }],
  ['hours', async (my) => {
    await hours(my);
    await my.page.locator('oc-week-editor .window').first().waitFor();
  }, { focus: true }],
  ['hours: with an error, and buffers', async (my) => {
    const times = my.page.locator('oc-week-editor .clock-time');

    await times.nth(0).fill('26');
    await my.press('week.buffers');
    await times.nth(3).fill('8');
    await times.nth(3).blur();
    await my.sees('week.errors.time');
  }],
  ['hours: copy to', async (my) => {
    await button(my, my.t('week.copy', { day: my.language === 'de' ? 'Mittwoch' : 'Wednesday' })).click();
    await my.sees('week.copyText');
  }],
  ['hours: leave?', async (my) => {
    await my.closeDialogs();
    await my.page.evaluate(() => { location.hash = '#/bookings'; });
    await my.sees('console.leave.text');
  }],
  ['hours: changed elsewhere', async (my) => {
    await my.press('console.leave.yes');
    await my.page.locator('oc-bookings h1').waitFor();
    await hours(my);
    await my.page.locator('oc-week-editor .clock-time').first().fill('10:00');
    const path = '/v0/me/schedules';
    const { schedules: [usual] } = await my.host.call('GET', path);
    const rules = usual.rules.filter(({ dayOfWeek }) => dayOfWeek !== 3);
    await my.host.call('PATCH', `${path}/${usual.id}`, { rules }, { headers: { 'If-Match': '*' } });
    await my.press('common.save');
    await my.sees('hours.conflict.text');
  }, { expect: [412] }],
  ['hours: exception', async (my) => {
    await my.press('hours.conflict.theirs');
    await my.sees('hours.tookTheirs');
    await day(my, '2026-06-04').click();
    await my.sees('overrides.kindHints.off');
  }],
  ['hours: exception over bookings', async (my) => {
    await my.press('overrides.acts.off');
    await my.sees('setup.bookingsStay');
  }],
  ['hours: other hours', async (my) => {
    await my.press('overrides.anyway');
    await day(my, '2026-06-08').click();
    await except(my, 'replace');
    await my.page.locator('dialog .clock-time').first().fill('x');
    await my.press('overrides.acts.replace');
    await my.sees('week.errors.time');
  }],
  ['hours: exceptions', async (my) => {
    await my.page.locator('dialog .clock-time').first().fill('10');
    await my.press('overrides.acts.replace');
    await day(my, '2026-06-09').click();
    await except(my, 'block');
    await my.press('overrides.acts.block');
    await day(my, '2026-06-14').click();
    await except(my, 'add');
    await my.press('overrides.acts.add');
    await my.sees('hours.unsaved');
  }],
  ['hours: saved', async (my) => {
    await my.press('common.save');
    await my.sees('hours.saved');
  }],
  ['hours: a day with an exception', async (my) => {
    await day(my, '2026-06-09').click();
    await my.sees('overrides.already');
  }],
  ['hours: rename', async (my) => {
    await my.closeDialogs();
    await my.press('hours.rename.act');
    await my.sees('hours.nameHint');
  }],
  ['hours: another zone', async (my) => {
    await my.closeDialogs();
    await my.press('zone.change');
    await my.page.locator('dialog').getByRole('combobox').click();
    await my.page.locator('dialog').getByRole('combobox').fill('tokyo');
    await my.page.locator('dialog').getByRole('option').first().click();
    await my.sees('hours.zone.own');
  }],
  ['hours: new schedule', async (my) => {
    await my.closeDialogs();
    await my.press('hours.add.title');
    await my.press('hours.add.act');
    await my.sees('common.fillIn');
  }],
  ['hours: another schedule', async (my) => {
    await hours(my, `/${my.host.evenings.id}`);
    await my.sees('week.empty.title');
  }],
  ['hours: in use', async (my) => {
    await my.press('common.delete');
    await my.press('common.delete');
    await my.sees('hours.delete.usedBy');
  }, { expect: [409] }],
  ['time off: none', async (my) => {
    await hours(my, '/time-off');
    await my.sees('timeOff.none');
  }],
  ['time off: over bookings', async (my) => {
    await my.press('timeOff.take');
    await (await my.field('timeOff.from')).fill('2026-06-01');
    await (await my.field('timeOff.until')).fill('2026-06-20');
    await (await my.field('timeOff.timed')).check();
    await my.press('timeOff.take');
    await my.sees('setup.bookingsStay');
  }],
  ['time off', async (my) => {
    await my.press('timeOff.anyway');
    await my.sees('timeOff.takenOver');
  }],
  ['time off: take back?', async (my) => {
    await my.page.locator('oc-time-off .override button').first().click();
    await my.sees('timeOff.delete.text');
  }],
  ['time off: taken back', async (my) => {
    await my.press('timeOff.delete.act');
    await my.sees('timeOff.none');
  }],
];

/* Makes the tour's team by the API: the host, a second member, a third who has not answered; two event types. */
async function makeTeam(my) {
  const { host, fresh } = my;
  const { team } = await host.call('POST', '/v0/teams', { name: 'Analytical Engines', slug: `engines-${host.username}` });
  const path = `/v0/teams/${team.id}/members`;
  const make = async (mode, slug) => (await host.call('POST', '/v0/team-event-types', {
    teamId: team.id, name: mode === 'collective' ? 'Panel' : 'Support', slug, durationMinutes: 30, mode, locationType: 'video',
    ...(mode === 'round_robin' && { assignment: 'weighted' }),
  })).teamEventType;

  await host.call('POST', path, { userId: fresh.user.id });
  must((await fresh.call('POST', `/v0/teams/${team.id}/accept`)).ok, 'accepted');
  my.team = { ...team, support: await make('round_robin', 'support'), panel: await make('collective', 'panel') };
  const { actions } = await book({ teamSlug: team.slug, eventSlug: 'support', startsAt: '2026-06-10T09:00:00Z' });
  await book({ teamSlug: team.slug, eventSlug: 'support', startsAt: '2026-06-11T09:00:00Z' });
  await api('POST', `/v0/bookings/actions/${actions.cancel.token}/cancel`, {});
}

const team = (my, rest = '', host = my.host) => my.console(`teams/${my.team.id}${rest}`, host);

export const teamStates = [
  ['teams: none', async (my) => {
    await my.console('teams');
    await my.sees('teams.none.title');
  }, { focus: true }],
  ['teams: new', async (my) => {
    await my.press('teams.none.make');
    await my.press('teams.makeTeam');
    await my.sees('common.fillIn');
  }],
  ['team: alone', async (my) => {
    await (await my.field('teams.fields.teamName')).fill(`Notes of ${my.host.username}`);
    await my.press('teams.makeTeam');
    await my.sees('teams.noEventTypes.alone');
  }, { focus: true }],
  ['team: no such account', async (my) => {
    await (await my.field('teams.invite.email')).fill('nobody@example.com');
    await my.press('teams.invite.button');
    await my.sees('teams.invite.errors.OC013');
  }, { expect: [404] }],
  ['team: delete?', async (my) => {
    await my.press('teams.remove.button');
    await my.sees('teams.remove.text');
  }],
  ['team: invited', async (my) => {
    await my.press('common.cancel');
    await (await my.field('teams.invite.email')).fill(my.fresh.email);
    await my.press('teams.invite.button');
    await my.sees('teams.pending');
    await my.sees('teams.invite.mailed');
  }],
  ['teams: an invitation', async (my) => {
    await my.console('teams', my.fresh);
    await my.sees('teams.invitation.text', { count: 1 });
  }],
  ['teams', async (my) => {
    await makeTeam(my);
    await my.console('teams');
    await my.sees('teams.memberCount', { count: 2 });
  }],
  ['team', async (my) => {
    await team(my);
    await my.sees('teams.settings');
  }, { focus: true }],
  ['team: a member', async (my) => {
    await button(my, my.t('teams.member.changeOf', { name: 'Nova' })).click();
    await (await my.field('teams.fields.weight')).fill('0');
    await my.press('common.save');
    await my.sees('setup.range');
  }],
  ['team: remove?', async (my) => {
    await my.closeDialogs();
    await button(my, my.t('teams.member.removeOf', { name: 'Nova' })).click();
    await my.sees('teams.removal.partIn');
  }],
  ['team: has bookings', async (my) => {
    await my.press('common.cancel');
    await my.press('teams.remove.button');
    await my.press('common.delete');
    await my.sees('teams.remove.errors.OC005');
  }, { expect: [409] }],
  ['team: of a member', async (my) => {
    await team(my, '', my.fresh);
    await my.sees('teams.leave.title');
  }],
  ['team event: new', async (my) => {
    await team(my, '/new');
    await my.press('teams.makeEventType');
    await my.sees('common.fillIn');
  }],
  ['team event: round robin', async (my) => {
    await team(my, `/${my.team.support.id}`);
    await my.sees('teams.turns.standings');
  }, { focus: true }],
  ['team event: who', async (my) => {
    await my.press('teams.hosts.change');
    await my.sees('teams.hosts.allHint');
  }],
  ['team event: collective', async (my) => {
    await team(my, `/${my.team.panel.id}`);
    await my.sees('teams.hosts.together');
  }],
  ['team event: edit', async (my) => {
    await my.press('teams.editEventType');
    await my.sees('eventTypes.groups.shown');
  }],
  ['team: not there', async (my) => {
    await my.console('teams/none');
    await my.sees('teams.gone.title');
  }],
  ['team page', async (my) => {
    await my.open(`/team/${my.team.slug}/support`);
    await until('times', () => my.page.locator('.time-list button.time').count());
  }],
  ['team page: with all', (my) => my.open(`/team/${my.team.slug}/panel`)],
];
