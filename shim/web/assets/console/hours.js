/*
 * <oc-hours>: when the host can be booked. #/hours is the default schedule, #/hours/ID another, #/hours/time-off the time off.
 * Properties: rest (the path after the section), user. Weekly hours and overrides of a schedule are one draft that is saved as
 * a whole, with the ETag of what was read: when another tab was faster, both are shown and the host chooses.
 */
import { View, announce, focusOn, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { cityOf, zoneOffsetText } from '../time.js';
import { api, confirmDialog, setUser } from './session.js';
import { icon, iconButton } from './icons.js';
import { askWhichHours } from './hours-conflict.js';
import { addSchedule, moveSchedule, renameSchedule } from './schedule-dialogs.js';
import { isRight, plainRules, rulesOf, windowOf } from './week-draft.js';
import { plainOverrides } from './override-days.js';
import './week-editor.js';
import './overrides.js';
import './time-off.js';

const HERE = '#/hours';
const text = (value) => JSON.stringify(value);
const zoneTold = (zone) => t('hours.inZone', { city: cityOf(zone), offset: zoneOffsetText(zone) });

class Hours extends View {
  rest = [];
  user = null;

  schedules = null;
  timeOff = [];
  /* the schedule that is shown: { schedule, etag } as last read, and the draft { windows, overrides } */
  current = null;
  draft = null;
  opening = null;
  busy = false;
  trouble = null;
  note = null;

  start() {
    this.onVisible = () => document.visibilityState === 'visible' && this.refresh();
    document.addEventListener('visibilitychange', this.onVisible);
    this.load();
  }

  stop() {
    document.removeEventListener('visibilitychange', this.onVisible);
  }

  /* --- reading ----------------------------------------------------------------------------------------------------- */

  async load() {
    this.set({ trouble: null });
    try {
      const [{ schedules }, { timeOffBlocks }] = await Promise.all([api.get('/v0/me/schedules'), api.get('/v0/me/time-off')]);
      this.set({ schedules, timeOff: timeOffBlocks, opening: null });
    } catch (error) {
      this.set({ trouble: errorText(error) });
    }
  }

  get wanted() {
    const [id] = this.rest ?? [];

    return id === 'time-off' ? null : id ?? this.schedules?.find((schedule) => schedule.isDefault)?.id;
  }

  /* The address names another schedule: it is read. */
  update() {
    const { wanted } = this;

    if (this.schedules && wanted && wanted !== this.current?.schedule.id && wanted !== this.opening) this.open(wanted);
    super.update();
  }

  async open(id) {
    Object.assign(this, { opening: id, current: null, draft: null, note: null, trouble: null });
    try {
      const answer = await api.get(`/v0/me/schedules/${encodeURIComponent(id)}`);
      if (this.opening === id) this.adopt(answer);
    } catch (error) {
      if (this.opening === id) this.set({ trouble: error.status === 404 ? t('hours.gone') : errorText(error) });
    }
  }

  /* Shows what the API answered, without anything of an old draft. */
  adopt({ schedule, etag }) {
    this.draft = { windows: schedule.rules.map(windowOf), overrides: plainOverrides(schedule.overrides) };
    this.trouble = null;
    this.know({ schedule, etag });
  }

  /* Remembers what the API answered; the draft stays. */
  know({ schedule, etag }) {
    this.schedules = this.schedules.map((old) => {
      if (old.id === schedule.id) return schedule;
      return schedule.isDefault ? { ...old, isDefault: false } : old;
    });
    this.set({ current: { schedule, etag }, opening: schedule.id });
    if (schedule.isDefault && schedule.timezone !== this.user.timezone) setUser({ ...this.user, timezone: schedule.timezone });
  }

  /* Back in this tab: what another one saved is shown, unless there is something unsaved here. */
  async refresh() {
    const { current } = this;

    if (!current || this.unsaved || this.busy) return;
    const answer = await api.get(`/v0/me/schedules/${current.schedule.id}`).catch(() => null);
    if (answer && answer.etag !== current.etag && !this.unsaved && this.current === current) this.adopt(answer);
  }

  /* Tells what was done where the button for it was. */
  tell(note) {
    this.set({ note, trouble: null });
    focusOn(this, '.save-bar');
  }

  /* --- the draft --------------------------------------------------------------------------------------------------- */

  /* What of the draft is other than what was read: { rules?, overrides? }. */
  changes() {
    if (!this.draft || !this.current) return {};
    const { schedule } = this.current;
    const rules = rulesOf(this.draft.windows);
    const changes = {};

    if (text(rules) !== text(plainRules(schedule.rules))) changes.rules = rules;
    if (text(this.draft.overrides) !== text(plainOverrides(schedule.overrides))) changes.overrides = this.draft.overrides;
    return changes;
  }

  get unsaved() {
    return Object.keys(this.changes()).length > 0;
  }

  change(fields) {
    Object.assign(this.draft, fields);
    this.set({ note: null, trouble: null });
  }

  /* By the console, too, when it is left without saving. */
  discard() {
    if (this.current) this.adopt(this.current);
  }

  drop() {
    if (this.busy) return;
    this.discard();
    announce(t('hours.discarded'));
    focusOn(this, 'h2');
  }

  async save() {
    if (this.busy) return;
    if (!this.draft.windows.every(isRight)) {
      this.set({ trouble: t('hours.errors.times') });
      focusOn(this, '[aria-invalid="true"]');
      return;
    }
    this.set({ busy: true, trouble: null, note: null });
    try {
      await this.send(this.changes(), this.current.etag);
    } catch (error) {
      this.trouble = error.status === 404 ? t('hours.goneDraft') : errorText(error, ['hours.errors']);
    }
    this.set({ busy: false });
  }

  async send(changes, etag) {
    const sent = { ...this.draft };

    try {
      this.saved(await api.patch(`/v0/me/schedules/${this.current.schedule.id}`, changes, { match: etag }), sent);
    } catch (error) {
      if (error.status !== 412) throw error;
      await this.choose(changes);
    }
  }

  /* What was typed while it was saved stays, is not saved yet, and keeps the focus. */
  saved(answer, sent) {
    const { draft } = this;

    if (draft.windows !== sent.windows || draft.overrides !== sent.overrides) {
      this.know(answer);
      announce(t('hours.savedBefore'));
    } else {
      this.adopt(answer);
      this.tell(t('hours.saved'));
    }
  }

  /* Changed elsewhere meanwhile: theirs, mine over it, or on with editing. */
  async choose(changes) {
    const theirs = await api.get(`/v0/me/schedules/${this.current.schedule.id}`);
    const { rules, overrides, timezone } = theirs.schedule;
    const choice = await askWhichHours({ theirs: { rules: plainRules(rules), overrides }, mine: changes, zone: timezone });

    if (choice === 'mine') await this.send(changes, theirs.etag);
    else if (choice === 'theirs') this.adopt(theirs);
    if (choice === 'theirs') this.tell(t('hours.tookTheirs'));
  }

  /* --- the schedules ----------------------------------------------------------------------------------------------- */

  async add() {
    const made = await addSchedule(this.schedules, this.user.timezone);

    if (!made) return;
    this.schedules = [...this.schedules, made.schedule];
    this.update();
    location.hash = `${HERE}/${made.schedule.id}`;
  }

  async rename() {
    const answer = await renameSchedule(this.current.schedule, this.current.etag);

    if (answer) this.know(answer);
  }

  async move() {
    const answer = await moveSchedule(this.current.schedule, this.current.etag, this.user);

    if (!answer) return;
    this.know(answer);
    this.tell(t('hours.zone.done', { city: cityOf(answer.schedule.timezone) }));
  }

  async makeDefault() {
    const { schedule, etag } = this.current;
    const sure = await confirmDialog({
      title: t('hours.default.title', { name: schedule.name }),
      text: t('hours.default.text', { city: cityOf(schedule.timezone) }),
      confirmLabel: t('hours.default.act'),
    });

    if (!sure) return;
    try {
      this.know(await api.patch(`/v0/me/schedules/${schedule.id}`, { isDefault: true }, { match: etag }));
      this.tell(t('hours.default.done', { name: schedule.name }));
    } catch (error) {
      this.set({ trouble: errorText(error, ['hours.errors']) });
    }
  }

  async takeOut() {
    const { schedule } = this.current;
    const sure = await confirmDialog({
      title: t('hours.delete.title', { name: schedule.name }), text: t('hours.delete.text'),
      confirmLabel: t('common.delete'), danger: true,
    });

    if (!sure) return;
    try {
      await api.del(`/v0/me/schedules/${schedule.id}`);
      this.draft = null;
      this.schedules = this.schedules.filter(({ id }) => id !== schedule.id);
      location.hash = HERE;
    } catch (error) {
      if (error.code === 'OC005') return this.tellUse(schedule);
      this.set({ trouble: errorText(error) });
    }
  }

  /* It cannot go while event types name it: which. */
  async tellUse(schedule) {
    const { eventTypes } = await api.get('/v0/event-types').catch(() => ({ eventTypes: [] }));
    const items = eventTypes.filter(({ scheduleId }) => scheduleId === schedule.id)
      .map(({ id, name }) => h('a', { href: `#/event-types/${id}`, target: '_blank' }, name));

    await confirmDialog({
      title: t('hours.delete.used', { name: schedule.name }),
      text: t(items.length ? 'hours.delete.usedBy' : 'hours.delete.usedByTeam'), items, confirmLabel: t('common.close'),
    });
  }

  /* --- what is shown ----------------------------------------------------------------------------------------------- */

  view() {
    return h('div', { class: 'stack setup hours' },
      h('div', { class: 'row between', key: 'head' },
        h('h1', { tabindex: '-1' }, t('hours.title')),
        this.schedules && h('button', { type: 'button', onclick: () => this.add() }, icon('add'), t('hours.add.title'))),
      this.schedules && this.tabs(),
      this.content());
  }

  tabs() {
    const tab = (href, name, isHere, badge) => h('li', { key: href },
      h('a', { href, 'aria-current': isHere ? 'page' : null }, name, badge && h('span', { class: 'badge' }, badge)));

    return h('nav', { key: 'tabs', class: 'setup-tabs', 'aria-label': t('hours.tabs') }, h('ul', { class: 'plain' },
      this.schedules.map(({ id, name, isDefault }) =>
        tab(isDefault ? HERE : `${HERE}/${id}`, name, this.wanted === id,
          isDefault && this.schedules.length > 1 && t('hours.isDefault'))),
      tab(`${HERE}/time-off`, t('timeOff.title'), this.rest?.[0] === 'time-off')));
  }

  content() {
    if (this.trouble && !this.draft)
      return h('div', { class: 'note bad stack tight', role: 'alert', key: 'trouble' }, h('p', null, this.trouble),
        h('p', null, h('button', { type: 'button', onclick: () => this.load() }, t('common.retry'))));
    if (!this.schedules) return h('p', { class: 'quiet', key: 'loading' }, t('common.loading'));
    if (this.rest?.[0] === 'time-off')
      return h('oc-time-off', {
        key: 'time-off', about: { timeOff: this.timeOff, user: this.user },
        ontimeoff: (event) => this.set({ timeOff: event.detail }),
      });
    if (!this.wanted) return h('p', { class: 'empty', key: 'none' }, t('hours.none'));
    if (!this.draft || this.current?.schedule.id !== this.wanted)
      return h('p', { class: 'quiet', key: 'loading' }, t('common.loading'));
    return h('div', { class: 'stack', key: `schedule-${this.wanted}` },
      this.scheduleHead(), this.week(), this.exceptions(), this.bar());
  }

  scheduleHead() {
    const { schedule } = this.current;
    const button = (label, act) => h('button', { type: 'button', class: 'small', onclick: act }, label);

    return h('div', { class: 'row between schedule-head', key: 'schedule-head' },
      h('p', { class: 'row' },
        h('span', { class: 'zone-told' }, icon('hours'), h('span', null, zoneTold(schedule.timezone))),
        button(t('zone.change'), () => this.move())),
      h('p', { class: 'row' },
        button(t('hours.rename.act'), () => this.rename()),
        !schedule.isDefault && button(t('hours.default.act'), () => this.makeDefault()),
        !schedule.isDefault && h('button', {
          type: 'button', class: 'small danger-quiet', onclick: () => this.takeOut(),
        }, t('common.delete'))));
  }

  week() {
    return h('section', { class: 'card stack', key: 'week', 'aria-labelledby': 'week-title' },
      h('div', { class: 'stack tight' },
        h('h2', { id: 'week-title', tabindex: '-1' }, t('week.title')), h('p', { class: 'quiet small' }, t('week.text'))),
      h('oc-week-editor', { windows: this.draft.windows, onwindows: (event) => this.change({ windows: event.detail }) }));
  }

  exceptions() {
    const { windows, overrides } = this.draft;

    return h('section', { class: 'card stack', key: 'exceptions', 'aria-labelledby': 'exceptions-title' },
      h('div', { class: 'stack tight' },
        h('h2', { id: 'exceptions-title', tabindex: '-1' }, t('overrides.title')),
        h('p', { class: 'quiet small' }, t('overrides.text'), ' ',
          h('a', { href: `${HERE}/time-off` }, t('overrides.toTimeOff')))),
      h('oc-overrides', {
        about: {
          overrides, windows, timeOff: this.timeOff, zone: this.current.schedule.timezone, user: this.user,
          saved: plainOverrides(this.current.schedule.overrides).map(text),
        },
        onoverrides: (event) => this.change({ overrides: event.detail }),
      }));
  }

  /* Stays in sight while there is something to save, or to be told of what was saved. */
  bar() {
    const isBusy = this.busy ? 'true' : null;

    if (!this.unsaved && !this.trouble) return this.note && this.noteBar();
    return h('div', { class: 'save-bar', key: 'bar', role: 'group', 'aria-label': t('hours.unsaved') },
      this.trouble ? h('p', { class: 'note bad small', role: 'alert' }, this.trouble)
        : h('p', { class: 'strong' }, t('hours.unsaved')),
      h('div', { class: 'row' },
        h('button', { type: 'button', onclick: () => this.drop(), 'aria-disabled': isBusy }, t('hours.discard')),
        h('button', { type: 'button', class: 'primary', onclick: () => this.save(), 'aria-disabled': isBusy },
          t('common.save'))));
  }

  noteBar() {
    return h('div', { class: 'save-bar done', key: 'done', tabindex: '-1' },
      h('p', { role: 'status' }, this.note),
      iconButton('close', t('common.close'), () => {
        this.set({ note: null });
        focusOn(this, 'h1');
      }));
  }
}

customElements.define('oc-hours', Hours);
