/*
 * Partial answers: the parameter "fields" of Google's services, such as items(id,start/dateTime),nextPageToken. A name that
 * no answer of that kind has is an error, as it is there.
 */
const EVENT = `kind etag id status htmlLink created updated summary description location colorId creator organizer start end
  endTimeUnspecified recurrence recurringEventId originalStartTime transparency visibility iCalUID sequence attendees
  attendeesOmitted extendedProperties hangoutLink conferenceData gadget anyoneCanAddSelf guestsCanInviteOthers guestsCanModify
  guestsCanSeeOtherGuests privateCopy locked reminders source workingLocationProperties outOfOfficeProperties
  focusTimeProperties birthdayProperties attachments eventType`.split(/\s+/);
const ENTRY = `kind etag id summary description location timeZone summaryOverride colorId backgroundColor foregroundColor hidden
  selected accessRole defaultReminders notificationSettings primary deleted conferenceProperties dataOwner`.split(/\s+/);
const LIST = ['kind', 'etag', 'nextPageToken', 'nextSyncToken', 'items'];

export const KNOWN = {
  event: { names: EVENT },
  events: { names: [...LIST, ...'summary description updated timeZone accessRole defaultReminders'.split(' ')], items: EVENT },
  calendarList: { names: LIST, items: ENTRY },
  freeBusy: { names: ['kind', 'timeMin', 'timeMax', 'groups', 'calendars'] },
};

/* The tree that a selection asks for: {name: tree}, {} where all below is. Null if it is none. */
export function parse(text) {
  let at = 0;

  function names(close) {
    const tree = {};

    for (;;) {
      let [name] = /^[A-Za-z*]+/.exec(text.slice(at)) ?? [];
      let node = tree;

      if (!name) return null;
      for (at += name.length; ; at += name.length) {
        node = node[name] ??= {};
        if (text[at] !== '/') break;
        at += 1;
        [name] = /^[A-Za-z*]+/.exec(text.slice(at)) ?? [];
        if (!name) return null;
      }
      if (text[at] === '(') {
        at += 1;
        const inner = names(')');

        if (!inner) return null;
        Object.assign(node, inner);
      }
      if (text[at] === ',') at += 1;
      else if (close && text[at] === close) { at += 1; return tree; }
      else return !close && at === text.length ? tree : null;
    }
  }
  return names('');
}

/* The first name in a selection that an answer of that kind cannot have. */
export function unknown(tree, kind) {
  const { names, items } = KNOWN[kind];

  return Object.keys(tree).find((name) => name !== '*' && !names.includes(name))
    ?? (items && Object.keys(tree.items ?? {}).find((name) => name !== '*' && !items.includes(name)));
}

/* Of a value, what the tree names. */
export function pick(value, tree) {
  if (Array.isArray(value)) return value.map((one) => pick(one, tree));
  if (value === null || typeof value !== 'object' || Object.keys(tree).length === 0) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([name, one]) => {
    const below = tree[name] ?? tree['*'];

    return below === undefined ? [] : [[name, pick(one, below)]];
  }));
}

export const isEventField = (name) => EVENT.includes(name);
