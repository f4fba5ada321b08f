/* The helpers of all pages: view.js (what stays, stays) and time.js (against PostgreSQL). */
import { finish, is, makeEventType, makeHost, must, note, sql, step, visitor } from './lib.mjs';

const host = await makeHost('ada');
await makeEventType(host);
const who = await visitor();
await who.open('/ada/intro');
const assets = await who.page.evaluate(() => new URL('.', document.querySelector('script[src]').src).pathname);

/* Calls one of the page's views below in a place of its own; what it returns comes back. */
const inPage = (name) => who.page.evaluate(async ([view, folder]) => {
  const { h, render, View } = await import(`${folder}view.js`);
  const place = document.createElement('div');

  document.body.append(place);
  try {
    return await window.views[view]({ h, render, View, host: place });
  } finally {
    place.remove();
  }
}, [name, assets]);

await who.page.evaluate(() => {
  window.starts = 0;
  window.views = {
    vanishing({ h, render, host: place }) {
      render(place, h('p', null, 'wrong'), h('input', { id: 'i' }));
      place.querySelector('input').value = 'typed';
      place.querySelector('input').focus();
      render(place, h('input', { id: 'i' }));
      const gone = [document.activeElement.id, place.querySelector('input').value];
      render(place, h('p', null, 'wrong'), h('input', { id: 'i' }));
      return [...gone, document.activeElement.id, place.querySelector('input').value];
    },
    keyed({ h, render, View, host: place }) {
      if (!customElements.get('x-started')) {
        customElements.define('x-started', class extends View {
          start() { window.starts += 1; }

          view() { return '*'; }
        });
      }
      const rows = (names) => names.map((key) => h('div', { key }, h('button', { id: `row-${key}` }, key), h('x-started')));
      render(place, rows(['a', 'b', 'c']));
      place.querySelector('#row-b').focus();
      const before = window.starts;
      render(place, rows(['b', 'c']));
      const fewer = [document.activeElement.id, window.starts - before, place.textContent];
      render(place, rows(['z', 'b', 'c']));
      return [...fewer, document.activeElement.id, place.textContent];
    },
    order({ h, render, host: place }) {
      render(place, ['a', 'b', 'c', 'd'].map((key) => h('p', { key }, key)));
      render(place, ['d', 'b', 'x', 'a'].map((key) => h('p', { key }, key)), 'end');
      return place.textContent;
    },
    props({ h, render, host: place }) {
      const calls = [];
      render(place, h('button', { class: 'a', disabled: true, style: { '--a': 1, '--b': 2 }, onclick: () => calls.push(1) }, 'x'));
      render(place, h('button', { 'aria-label': 'y', style: { '--a': 1 }, onclick: () => calls.push(2) }, 'x'));
      const button = place.firstChild;
      button.click();
      render(place, h('button', null, 'x'));
      button.click();
      return [button.outerHTML, calls.join(), button === place.firstChild];
    },
    texts({ h, render, host: place }) {
      render(place, '<b>no markup</b>', null, false, 0, ['', 'x'], h('input', { value: '<i>' }));
      return [place.querySelector('b') === null, place.textContent, place.querySelector('input').value];
    },
  };
});

await step('what vanishes before a field takes neither its focus nor its text', async () => {
  is(await inPage('vanishing'), ['i', 'typed', 'i', 'typed'], 'focus and text, twice');
});
await step('rows that stay are not moved: focus stays, elements do not start anew', async () => {
  is(await inPage('keyed'), ['row-b', 0, 'b*c*', 'row-b', 'z*b*c*'], 'focus, starts, rows');
});
await step('rows come in the order that is asked for', async () => {
  is(await inPage('order'), 'dbxaend', 'rows');
});
await step('attributes, styles and listeners that are gone are gone', async () => {
  is(await inPage('props'), ['<button style="">x</button>', '2', true], 'the button');
});
await step('a text never becomes markup', async () => {
  is(await inPage('texts'), [true, '<b>no markup</b>0x', '<i>'], 'texts');
});

/* --- time ------------------------------------------------------------------------------------------------------------- */

/* Not those whose rules for the years ahead have changed lately: the browser's data may be newer than the server's. */
const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia', 'America/St_Johns',
  'Asia/Kathmandu', 'Africa/Cairo', 'America/Santiago', 'Asia/Beirut', 'America/Havana', 'Atlantic/Azores', 'Antarctica/Troll',
  'Pacific/Chatham', 'Europe/Dublin', 'Asia/Kolkata', 'UTC', 'Pacific/Kiritimati', 'America/Nuuk'];

/* Each quarter of an hour around each change of the clocks from 2020 to 2026: zone, instant, local date, minute, offset. */
const around = async () => JSON.parse(await sql(`
  WITH hours AS (
    SELECT z, t, extract(epoch FROM (t AT TIME ZONE z) - (t AT TIME ZONE 'UTC')) AS o,
        lag(extract(epoch FROM (t AT TIME ZONE z) - (t AT TIME ZONE 'UTC'))) OVER (PARTITION BY z ORDER BY t) AS p
      FROM unnest('{${zones.join()}}'::text[]) AS z, generate_series('2020-01-01Z'::timestamptz, '2027-01-01Z', '3 hours') AS t),
  points AS (SELECT z, c.t - interval '5 hours' + n * interval '15 minutes' AS t FROM hours AS c, generate_series(0, 40) AS n
    WHERE c.o <> c.p OR c.t = '2020-01-01Z')
  SELECT json_agg(json_build_array(z, extract(epoch FROM t)::bigint * 1000, (t AT TIME ZONE z)::date,
      (extract(epoch FROM (t AT TIME ZONE z)::time) / 60)::int, (extract(epoch FROM (t AT TIME ZONE z) - (t AT TIME ZONE 'UTC')) / 60)::int))
    FROM points`));

await step('the clock of the pages is PostgreSQL\'s', async () => {
  const points = await around();
  const wrong = await who.page.evaluate(async ([list, folder]) => {
    const { instantsOf, wallClock } = await import(`${folder}time.js`);

    return list.filter(([zone, instant, date, minute, offset]) => {
      const wall = wallClock(instant, zone);

      return wall.date !== date || wall.minute !== minute || wall.offset !== offset || !instantsOf(date, minute, zone).includes(instant);
    });
  }, [points, assets]);

  must(points.length > 5000, `only ${points.length} points`);
  note(`${points.length} readings in ${zones.length} zones`);
  is(wrong.slice(0, 5), [], 'differences');
});
await step('a time that the clocks skip becomes the moment at which they go on', async () => {
  is(await who.page.evaluate(async (folder) => {
    const { instantOf, instantsOf } = await import(`${folder}time.js`);
    const text = (...at) => new Date(instantOf(...at)).toISOString();

    return [text('2026-03-29', 150, 'Europe/Berlin'), text('2026-03-08', 121, 'America/New_York'),
      text('2026-10-04', 135, 'Australia/Lord_Howe'), text('2011-12-30', 720, 'Pacific/Apia'), text('2026-10-25', 1440, 'Europe/Berlin'),
      instantsOf('2026-11-01', 90, 'America/New_York').length, instantsOf('2026-03-08', 150, 'America/New_York').length];
  }, assets), ['2026-03-29T01:00:00.000Z', '2026-03-08T07:00:00.000Z', '2026-10-03T15:30:00.000Z', '2011-12-30T10:00:00.000Z',
    '2026-10-25T23:00:00.000Z', 2, 0], 'instants');
});
await finish();
