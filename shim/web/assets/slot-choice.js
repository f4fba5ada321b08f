/*
 * What booking and moving a booking have in common: a time is chosen (step "pick", the slot-picker), then held while it is
 * confirmed (step "confirm"). Back leads to the times again; a slot that is gone leads there with the reason.
 *
 * Who extends it calls prepare(), shows pickStep() and chosen(), and may have keep() (something changed that a reload must
 * not lose) and refused(error) (the hold was refused for good, not because the slot is taken).
 */
import { View, focusOn, h } from './view.js';
import { t } from './i18n.js';
import { get, query } from './api.js';
import { formatRange } from './time.js';
import { Hold } from './hold.js';
import { rememberZone, visitorZone } from './visitor-zone.js';
import { serverClock } from './server-clock.js';
import { zoneText } from './zone-picker.js';
import { icon } from './icons.js';
import './slot-picker.js';
import './hold-status.js';

/* The way of the skip link would be a step of the history, and Back would end at it. */
function skip(event) {
  event.preventDefault();
  focusOn(document, '#main');
}

export class SlotChoice extends View {
  step = 'pick';
  slot = null;
  notice = null;
  problem = null;
  busy = false;
  isFree = false;
  /* the last time that "Book" was pressed, and whether what it sends is under way */
  attempt = 0;
  isSending = false;

  /*
   * names: what POST /v0/holds wants but startsAt; path: where slots are; askedZone: by the address; known, firstFree, until,
   * now: as the slot-picker has them.
   */
  prepare({ names, path, askedZone, known, firstFree, until, now }) {
    Object.assign(this, { path, firstFree, until, now });
    this.zone = visitorZone(askedZone);
    this.hold = new Hold(names, serverClock(now), () => this.holdChanged());
    this.source = { load: (wanted) => this.loadSlots(wanted), known };
  }

  start() {
    this.leaving = new AbortController();
    const { signal } = this.leaving;

    window.addEventListener('popstate', () => this.onBack(), { signal });
    document.querySelector('a.skip')?.addEventListener('click', skip, { signal });
    /* what was done is not done again by whoever comes back to the page as it was left */
    window.addEventListener('pageshow', (event) => event.persisted && this.isDone && location.reload(), { signal });
  }

  stop() {
    this.leaving.abort();
  }

  keep() {}

  /* It is done: on to the page that tells. */
  leave(to) {
    this.isDone = true;
    location.replace(to);
  }

  async loadSlots({ signal, ...wanted }) {
    const hold = this.hold.isLive ? this.hold.token : null;
    const { slots, calendarStale } = await get(this.path + query({ ...wanted, hold }), { signal });

    this.source.isStale = calendarStale;
    return slots;
  }

  choose(slot) {
    this.set({ slot, step: 'confirm', notice: null, problem: null });
    if (history.state?.step !== 'confirm') history.pushState({ step: 'confirm' }, '');
    focusOn(this, '.confirm-step h2');
    this.holdSlot();
  }

  async holdSlot() {
    const { startsAt } = this.slot;

    this.isFree = false;
    try {
      await this.hold.take(startsAt);
    } catch (error) {
      if (this.step !== 'confirm' || this.slot?.startsAt !== startsAt) return;
      if (error.code === 'OC001') this.toPicker(this.takenText());
      else this.refused(error);
    }
  }

  /* What is told of a slot that was gone as soon as it was chosen. */
  takenText() {
    return t('booking.takenAtOnce');
  }

  /* By a button that goes away: the focus goes to what is told in its place. */
  holdAgain() {
    focusOn(this, 'hold-status');
    return this.holdSlot();
  }

  holdChanged() {
    if (this.isDone) return;
    this.keep();
    this.update();
    this.querySelector('hold-status')?.update();
  }

  /* The hold ran out: told, and looked whether the slot is still there, unless the visitor is about to choose another. */
  async onRunOut() {
    const { slot } = this;

    this.hold.end();
    if (this.step !== 'confirm') return;
    try {
      const [first] = await this.loadSlots({ start: slot.startsAt, days: 1, limit: 1 });

      if (this.slot !== slot || this.step !== 'confirm' || this.hold.state !== 'ended') return;
      if (first?.startsAt !== slot.startsAt) this.toPicker(t('booking.takenWhileTyping'));
      else {
        this.isFree = true;
        this.holdChanged();
      }
    } catch { /* the hold can be asked for again by its button */ }
  }

  /*
   * Runs send(), once it is known what became of the hold; not if the visitor went back or the slot was found gone while that
   * was waited for.
   */
  async whenSettled(send) {
    const attempt = ++this.attempt;

    await this.hold.last?.catch(() => {});
    if (attempt !== this.attempt || this.step !== 'confirm') return;
    this.isSending = true;
    try {
      await send();
    } finally {
      this.isSending = false;
    }
  }

  get holdToken() {
    return this.hold.startsAt === this.slot.startsAt ? this.hold.token : undefined;
  }

  goBack() {
    if (history.state?.step === 'confirm') history.back();
    else this.showPicker();
  }

  /* What is on its way cannot be called back: its answer is waited for here. */
  onBack() {
    if (this.isDone) return;
    if (this.isSending) history.pushState({ step: 'confirm' }, '');
    else if (history.state?.step === 'confirm' && this.slot) this.set({ step: 'confirm' });
    else this.showPicker();
  }

  showPicker() {
    this.attempt += 1;
    this.set({ step: 'pick', busy: false });
    focusOn(this, this.querySelector('.time[aria-current]') ? '.time[aria-current]' : '.pick-step h2');
  }

  /* To the times, asked for anew, with the reason; what was typed stays. */
  toPicker(notice) {
    if (history.state?.step === 'confirm') history.replaceState(null, '');
    this.attempt += 1;
    this.set({ step: 'pick', slot: null, busy: false, notice });
    this.keep();
    this.querySelector('slot-picker').refresh();
    focusOn(this, '.pick-step .note');
  }

  chooseZone(zone) {
    rememberZone(zone);
    this.set({ zone });
  }

  pickStep() {
    return h('div', { key: 'pick', class: 'pick-step stack', hidden: this.step !== 'pick' },
      h('h2', null, t('booking.chooseTime')),
      this.notice && h('p', { class: 'note warn', role: 'alert' }, this.notice),
      h('slot-picker', {
        source: this.source, zone: this.zone, firstFree: this.firstFree, until: this.until ?? null, now: this.now,
        selected: this.slot?.startsAt ?? null,
        onpick: (event) => this.choose(event.detail), onzonechange: (event) => this.chooseZone(event.detail),
      }));
  }

  /* The way back, a heading, the time chosen, what has become of its hold. */
  chosen(title) {
    const start = Date.parse(this.slot.startsAt);

    return [
      h('div', null, h('button', { type: 'button', class: 'link back', onclick: () => this.goBack() },
        icon('before'), t('booking.otherTime'))),
      h('h2', null, title),
      h('p', { class: 'chosen' },
        h('span', { class: 'strong' }, formatRange(start, Date.parse(this.slot.endsAt), this.zone)), ' ',
        h('span', { class: 'quiet' }, zoneText(this.zone, start))),
      h('hold-status', {
        hold: this.hold, isFree: this.isFree, onrunout: () => this.onRunOut(), onagain: () => this.holdAgain(),
      }),
    ];
  }
}
