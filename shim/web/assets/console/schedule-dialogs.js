/*
 * The dialogs about a schedule as a whole: make one, name it, put it into another zone. Each does its call itself and keeps
 * what was typed through an error; it resolves with the API's answer ({ schedule, etag }), undefined if nothing was done.
 */
import { focusOn, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { cityOf, formatRange } from '../time.js';
import { api, openDialog } from './session.js';
import { bookingsAhead } from './bookings-ahead.js';
import { selectField, textField } from './setup-fields.js';
import '../zone-picker.js';

/* A dialog with a form: fields(state, change) are its fields, send(state) is the call; canSend(state): whether there is one. */
function formDialog({ heading, begin, fields, send, act, size, canSend = () => true }) {
  const state = { ...begin, busy: false, trouble: null, errors: {} };

  return openDialog({
    heading,
    size,
    view: ({ close, update, dialog }) => {
      const change = (values) => {
        Object.assign(state, { trouble: null, errors: {} }, values);
        update();
      };
      const submit = async (event) => {
        event.preventDefault();
        if (state.busy || !canSend(state)) return;
        change({ busy: true });
        try {
          close(await send(state));
        } catch (error) {
          change({ busy: false, ...refusal(error) });
          focusOn(dialog, '[aria-invalid="true"], .trouble');
        }
      };

      return h('form', { class: 'stack', novalidate: true, onsubmit: submit },
        fields(state, change),
        state.trouble && h('p', { class: 'note bad trouble', role: 'alert', tabindex: '-1' }, state.trouble),
        h('div', { class: 'row dialog-acts' },
          h('button', { type: 'button', onclick: () => close() }, t('common.cancel')),
          h('button', { class: 'primary', 'aria-disabled': state.busy || !canSend(state) ? 'true' : null }, act)));
    },
  });
}

function refusal(error) {
  const text = errorText(error, ['hours.errors']);

  return error.field === 'name' || error.code === 'OC014' ? { errors: { name: text } } : { trouble: text };
}

const nameField = (state, change) => textField({
  id: 'schedule-name', label: t('hours.name'), hint: t('hours.nameHint'), value: state.name, maxlength: 120,
  error: state.errors.name,
  autofocus: true, autocomplete: 'off', oninput: (name) => change({ name }),
});

const zoneField = (state, change, props = {}) =>
  h('zone-picker', {
    key: 'zone', zone: state.timezone, label: t('zone.label'), onpick: (event) => change({ timezone: event.detail }), ...props,
  });

const named = (state) => {
  if (state.name.trim()) return state.name.trim();
  throw Object.assign(new Error(t('common.fillIn')), { field: 'name' });
};

/* A new schedule; its hours those of another, or none yet. */
export function addSchedule(schedules, zone) {
  const hours = ({ copied }) => {
    const from = schedules.find(({ id }) => id === copied);

    return { isDefault: schedules.length === 0, ...(from && { rules: from.rules }) };
  };

  return formDialog({
    heading: t('hours.add.title'),
    size: 'with-zone',
    begin: { name: '', timezone: zone, copied: '' },
    act: t('hours.add.act'),
    send: (state) => api.post('/v0/me/schedules', { name: named(state), timezone: state.timezone, ...hours(state) }),
    fields: (state, change) => [
      h('p', { class: 'quiet' }, t('hours.add.text')),
      nameField(state, change), zoneField(state, change),
      selectField({
        id: 'schedule-copied', label: t('hours.add.copied'), value: state.copied, oninput: (copied) => change({ copied }),
      }, [['', t('hours.add.none')], ...schedules.map(({ id, name }) => [id, t('hours.add.as', { name })])]),
    ],
  });
}

const path = ({ id }) => `/v0/me/schedules/${id}`;

export const renameSchedule = (schedule, etag) => formDialog({
  heading: t('hours.rename.title'),
  begin: { name: schedule.name },
  act: t('common.save'),
  send: (state) => api.patch(path(schedule), { name: named(state) }, { match: etag }),
  fields: nameField,
});

/* Another zone: the bookings ahead stay at their instants, and the first are shown in both. */
export async function moveSchedule(schedule, etag, user) {
  const ahead = await bookingsAhead(user).catch(() => null);

  return formDialog({
    heading: t('hours.zone.title', { name: schedule.name }),
    size: 'with-zone',
    begin: { timezone: schedule.timezone },
    act: t('hours.zone.act'),
    canSend: (state) => state.timezone !== schedule.timezone,
    send: (state) => api.patch(path(schedule), { timezone: state.timezone }, { match: etag }),
    fields: (state, change) => [
      zoneField(state, change, { autofocus: true }),
      state.timezone !== schedule.timezone && h('div', { class: 'note stack tight', key: 'told', role: 'status' },
        h('p', null, t('hours.zone.hours', { old: cityOf(schedule.timezone), now: cityOf(state.timezone) })),
        h('p', null, t('hours.zone.overrides')),
        schedule.isDefault && h('p', null, t('hours.zone.own')),
        aheadView(ahead, schedule.timezone, state.timezone)),
    ],
  });
}

const SHORT = { weekday: 'short', day: 'numeric', month: 'short' };

function aheadView(ahead, old, now) {
  if (!ahead) return h('p', null, t('hours.zone.bookings'));
  const { bookings, more } = ahead;
  const range = (booking, zone) => formatRange(Date.parse(booking.startsAt), Date.parse(booking.endsAt), zone, SHORT);

  if (!bookings.length) return h('p', null, t('hours.zone.noBookings'));
  return [
    h('p', { class: 'strong' }, t(more ? 'hours.zone.manyBookings' : 'hours.zone.someBookings', { count: bookings.length })),
    h('ul', { class: 'small' }, bookings.slice(0, 5).map((booking) => h('li', { key: booking.id },
      t('hours.zone.booking', { name: booking.inviteeName, old: range(booking, old), now: range(booking, now) })))),
    bookings.length > 5 && h('p', { class: 'small' }, t('setup.andMore', { count: bookings.length - 5 })),
  ];
}
