/*
 * The dialog of a booking: what it is, and what a host can do with it: move it, cancel it, note that nobody came. It resolves
 * with whether anything has changed. A booking that has changed meanwhile is shown as it is by then.
 */
import { h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { api, confirmDialog, mailIsOn, openDialog } from './session.js';
import { factsView, loadFacts } from './booking-facts.js';
import { endOf, hoursText, startOf, stateBadge } from './meetings.js';
import { formatDate, dateIn } from '../time.js';
import { MoveStep } from './booking-move.js';

class BookingDialog {
  step = 'detail';
  facts = null;
  note = null;
  error = null;
  busy = false;
  changed = false;
  reason = '';

  constructor(booking, user) {
    Object.assign(this, { booking, user });
  }

  async open() {
    await openDialog({
      size: 'wide',
      heading: () => this.heading(),
      canClose: () => !this.busy && (this.step === 'detail' || this.goTo('detail')),
      view: (dialog) => {
        this.dialog = dialog;
        if (this.facts === null) this.load();
        return this.view();
      },
    });
    return this.changed;
  }

  heading() {
    const { eventType, inviteeName } = this.booking;

    return this.step === 'detail' ? t('console.booking.title', { event: eventType.name, name: inviteeName })
      : t(`console.${this.step}.title`);
  }

  async load() {
    const { booking } = this;

    this.facts = undefined;
    const facts = await loadFacts(booking);

    if (booking !== this.booking) return;
    this.facts = facts;
    this.dialog.update();
  }

  /* Shows another step of the same dialog; false, so that it does not close. */
  goTo(step) {
    Object.assign(this, { step, error: null, note: null });
    this.move = step === 'move' ? new MoveStep(this) : null;
    this.dialog.update();
    this.dialog.dialog.querySelector('h2').focus();
    return false;
  }

  show(booking, note = null) {
    Object.assign(this, { booking, facts: null });
    this.goTo('detail');
    this.note = note;
    this.dialog.update();
  }

  /* Runs a change; where the booking is no longer what it was, shows what it is. */
  async act(change) {
    if (this.busy) return;
    Object.assign(this, { busy: true, error: null });
    this.dialog.update();
    try {
      await change();
      this.changed = true;
    } catch (error) {
      if (error.status === 404 || error.code === 'OC005') await this.reload(error);
      else this.error = error;
    }
    this.busy = false;
    this.dialog.update();
  }

  async reload(error) {
    try {
      const { booking } = await api.get(`/v0/bookings/${this.booking.id}`);

      this.changed = true;
      this.show(booking, { look: 'warn', text: t('console.booking.changed') });
    } catch {
      this.error = error;
    }
  }

  cancel() {
    return this.act(async () => {
      const { booking, email } = await api.post(`/v0/bookings/${this.booking.id}/cancel`, { reason: this.reason.trim() || null });
      const told = email?.queued ? 'console.cancel.mailed' : 'console.cancel.done';

      this.show(booking, { look: 'good', text: t(told, { name: booking.inviteeName }) });
    });
  }

  async noShow() {
    const isSure = await confirmDialog({
      title: t('console.booking.noShowTitle', { name: this.booking.inviteeName }), text: t('console.booking.noShowText'),
      confirmLabel: t('console.booking.noShow'),
    });

    if (isSure) await this.act(async () => {
      const { booking } = await api.post(`/v0/bookings/${this.booking.id}/no-show`);

      this.show(booking, { look: 'good', text: t('console.booking.noShowDone') });
    });
  }

  view() {
    if (this.step === 'move') return this.move.view();
    return this.step === 'cancel' ? this.cancelView() : this.detailView();
  }

  detailView() {
    return h('div', { key: `detail ${this.booking.id}`, class: 'stack' },
      this.note && h('p', { class: `note ${this.note.look}`, role: 'status' }, this.note.text),
      this.problem(),
      factsView(this.booking, this.user, this.facts, (booking) => this.show(booking)),
      this.acts());
  }

  problem(keys = []) {
    return this.error && h('p', { class: 'note bad', role: 'alert' }, errorText(this.error, keys));
  }

  acts() {
    const { booking } = this;
    const isOn = booking.status === 'confirmed';
    const [hasBegun, isOver] = [startOf(booking) <= Date.now(), endOf(booking) <= Date.now()];

    if (!isOn || (isOver && booking.noShowAt)) return null;
    return h('div', { class: 'row dialog-acts' },
      !isOver && h('button', { key: 'cancel', type: 'button', class: 'danger', onclick: () => this.goTo('cancel') },
        t('console.booking.cancel')),
      !hasBegun && h('button', { key: 'move', type: 'button', onclick: () => this.goTo('move') }, t('console.booking.move')),
      hasBegun && !booking.noShowAt && h('button',
        { key: 'noshow', type: 'button', 'aria-disabled': this.busy ? 'true' : null, onclick: () => this.noShow() },
        t('console.booking.noShow')));
  }

  cancelView() {
    const { booking, user } = this;
    const meeting = { start: startOf(booking), end: endOf(booking) };

    return h('form', { key: 'cancel', class: 'stack', onsubmit: (event) => event.preventDefault() || this.cancel() },
      h('p', null, t('console.cancel.text', {
        name: booking.inviteeName, event: booking.eventType.name, date: formatDate(dateIn(meeting.start, user.timezone)),
        hours: hoursText(meeting, user.timezone),
      })),
      h('div', { class: 'field' },
        h('label', { for: 'cancel-reason' }, t('console.cancel.reason'), ' ',
          h('span', { class: 'quiet small' }, `(${t('common.optional')})`)),
        h('textarea', { id: 'cancel-reason', maxlength: 500, 'aria-describedby': 'cancel-hint', value: this.reason,
          oninput: (event) => (this.reason = event.target.value) }),
        h('p', { id: 'cancel-hint', class: 'hint' },
          t(mailIsOn() ? 'console.cancel.mailHint' : 'console.cancel.hint', { name: booking.inviteeName }))),
      this.problem(),
      h('div', { class: 'row dialog-acts' },
        h('button', { type: 'button', onclick: () => this.goTo('detail') }, t('console.cancel.keep')),
        h('button', { class: 'danger', 'aria-disabled': this.busy ? 'true' : null }, t('console.cancel.go'))));
  }
}

/* Opens a booking; true if something has changed. */
export const openBooking = (booking, user) => new BookingDialog(booking, user).open();

/* Opens a meeting of several bookings: who comes; each can be opened. */
export async function openMeeting(meeting, user) {
  let hasChanged = false;
  const open = async (booking, close) => {
    hasChanged = await openBooking(booking, user) || hasChanged;
    if (hasChanged) close();
  };

  await openDialog({
    heading: t('console.meeting.title', { event: meeting.eventType.name }),
    view: ({ close }) => h('div', { class: 'stack' },
      h('p', { class: 'strong numbers' }, formatDate(dateIn(meeting.start, user.timezone)), ', ',
        hoursText(meeting, user.timezone)),
      h('h3', null, t('console.bookings.people', { count: meeting.bookings.length })),
      h('ul', { class: 'plain meeting-list guest-list' }, meeting.bookings.map((booking) => h('li', { key: booking.id },
        h('button', { type: 'button', class: 'meeting', onclick: () => open(booking, close) },
          h('span', { class: 'meeting-what' }, h('span', { class: 'strong' }, booking.inviteeName),
            h('span', { class: 'quiet small' }, booking.inviteeEmail)),
          h('span', { class: 'meeting-more' }, stateBadge(booking))))))),
  });
  return hasChanged;
}
