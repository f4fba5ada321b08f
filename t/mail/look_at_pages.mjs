/*
 * Pages of the samples in a browser: light on a desktop, dark on a phone of 320 pixels. Nothing sticks out, nothing is asked of
 * the network, and axe-core, which knows the contrast that WCAG asks for, finds nothing. Prints TAP.
 */
import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { axe, finish, is, overflow, step, visitor } from '../browser/lib.mjs';

const folder = process.argv[2];
const pictures = process.env.BROWSER_SCREENSHOTS;
const rules = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] };
const names = readdirSync(folder).filter((name) => /^(team-booking_.*-invitee-de|hostile-.*-en)\.html$/.test(name)).sort();

/* The ways in which a page is looked at. */
const views = await Promise.all([['desktop', 900, false], ['phone', 320, true]]
  .map(async ([label, width, dark]) => {
    const who = await visitor({ size: [width, 700], dark, isTimed: true });
    const addresses = [];

    who.page.on('request', (request) => addresses.push(request.url()));
    return { label, who, addresses };
  }));

for (const name of names) {
  const page = pathToFileURL(`${folder}/${name}`).href;

  await step(`${name.replace('.html', '')}: a page for every screen`, async () => {
    for (const { label, who, addresses } of views) {
      addresses.length = 0;
      await who.page.goto(page);
      is(addresses, [page], `${label}: what it asks for`);
      is(await overflow(who.page), '', `${label}: what sticks out`);
      is(await axe(who.page, rules), '', `${label}: what axe finds`);
      if (/booking_confirmed/.test(name)) await who.page.screenshot({ path: `${pictures}/mail-${name}-${label}.png`, fullPage: true });
    }
  });
}
await finish();
