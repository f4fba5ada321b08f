/* Reads the calendars of the samples with ical.js, and compares with what python3-icalendar has read (read_mails.py); prints TAP. */
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.OPENCALENDLY_TOOLS}/node_modules/`);
const ICAL = require('ical.js').default ?? require('ical.js');
const folder = process.argv[2];

const say = (line) => process.stdout.write(`${line}\n`);
const instant = (time) => time.toJSDate().toISOString().replace('.000Z', 'Z');

function read(text) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const component = calendar.getFirstSubcomponent('vevent');
  const event = new ICAL.Event(component);
  const organizer = component.getFirstProperty('organizer');
  const attendee = component.getFirstProperty('attendee');

  return {
    method: calendar.getFirstPropertyValue('method'),
    uid: event.uid,
    sequence: event.sequence,
    start: instant(event.startDate),
    end: instant(event.endDate),
    stamp: instant(component.getFirstPropertyValue('dtstamp')),
    summary: event.summary,
    location: event.location ?? '',
    description: event.description ?? '',
    organizer: organizer.getFirstValue(),
    organizerName: organizer.getParameter('cn'),
    attendee: attendee.getFirstValue(),
    attendeeName: attendee.getParameter('cn'),
    answer: attendee.getParameter('partstat'),
  };
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.ics')).sort()) {
  const name = file.replace(/\.ics$/, '');
  let found;
  let expected;

  try {
    found = JSON.stringify(read(readFileSync(`${folder}/${file}`, 'utf8')));
    expected = JSON.stringify(JSON.parse(readFileSync(`${folder}/${name}.read.json`, 'utf8')));
  } catch (error) {
    found = String(error);
  }
  say(`${found === expected ? 'ok' : 'not ok'} ${name}: two programs read the same of its calendar`);
  if (found !== expected) say(`${found}\n${expected}`);
}
say('done');
