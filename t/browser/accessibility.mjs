/*
 * Promise (t/058_accessibility.pl): every page in every state, in both themes, on a desktop and a phone, in English and German,
 * breaks no rule of axe-core, has one h1, a language and a title, shows where the focus is, and fits: at 320 pixels, and
 * written from right to left, too. A picture of each is in build/results/screenshots/tour-*.png.
 */
import { finish, moveClock, setMail, step, visitor } from './lib.mjs';
import { DesktopTour, PhoneTour, makeTour } from './tour.mjs';
import { calendarStates } from './tour-calendars.mjs';
import { bookingStates, otherStates, signInStates } from './tour-console.mjs';
import { embedStates, holdStates, lateStates, oldStates, plainStates, publicStates, withoutScripts } from './tour-public.mjs';
import { eventTypeStates, hoursStates, mailLessStates, teamStates } from './tour-setup.mjs';
import { webhookStates } from './tour-webhooks.mjs';

const desktop = { zone: 'America/New_York' };
const phone = { zone: 'Europe/Berlin', locale: 'de-DE', phone: true, dark: true };

await setMail('folder');
/* Both at once: they share nothing but the clock. */
const tours = await Promise.all([
  makeTour(DesktopTour, 'en', 'ada', 'Ada Lovelace', desktop), makeTour(PhoneTour, 'de', 'emmy', 'Emmy Noether', phone),
]);

async function all(states, travellers = tours) {
  for (const state of states) await step(state[0], async () => {
    const ends = await Promise.allSettled(travellers.map((tour) => tour.visit(state)));
    const failures = ends.flatMap(({ reason }, i) =>
      (reason ? `${travellers[i].kind}: ${reason.message}\n${/tour-\w+\.mjs:\d+/.exec(reason.stack) ?? ''}` : []));

    if (failures.length) throw new Error(failures.join('\n'));
  });
}

await moveClock('2026-06-01T08:40:00Z');
const journeys = [
  publicStates, embedStates, signInStates, bookingStates, eventTypeStates, teamStates, hoursStates, calendarStates, webhookStates,
  otherStates,
];
for (const states of journeys) await all(states);
await setMail('none');
await all(mailLessStates);

const plain = await Promise.all([desktop, phone].map(async (options, i) => {
  const { constructor: Kind, language, host, fresh } = tours[i];

  return new Kind(language, await withoutScripts(await visitor(options)), host, fresh);
}));
await all(plainStates, plain);

await all(holdStates);
await moveClock('2026-06-01T08:50:00Z');
await all(lateStates);
await moveClock('2026-07-02T08:50:00Z');
await all(oldStates);
await finish();
