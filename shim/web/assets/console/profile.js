/*
 * <oc-profile>: the host's name, username, zone and the language of mails, and where the host is signed in. A username that is changed changes the
 * links (old ones lead on); a zone that is changed moves the default hours: both are said before.
 */
import { View, announce, focusOn, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { wallClock, formatMinute, zoneOffsetText } from '../time.js';
import { api, confirmDialog, setUser } from './session.js';
import { MAIL_LANGUAGES } from './languages.js';
import { selectField } from './setup-fields.js';
import { confirmZone } from './zone-change.js';
import '../zone-picker.js';
import './sessions-list.js';
import './share-link.js';

const USERNAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

class Profile extends View {
  user = null;
  draft = null;
  busy = false;
  saved = false;
  wrong = {};
  error = null;

  start() {
    this.reset();
  }

  reset() {
    const { displayName, username, timezone, language } = this.user;

    this.draft = { displayName: displayName ?? '', username, timezone, language };
  }

  /* What is not as it was. */
  changes() {
    const { displayName, username, timezone, language } = this.draft;
    const wanted = { displayName: displayName.trim(), username: username.trim(), timezone, language };

    return Object.fromEntries(Object.entries(wanted).filter(([name, value]) => value !== (this.user[name] ?? '')));
  }

  get unsaved() {
    return this.draft !== null && Object.keys(this.changes()).length > 0;
  }

  type(fields) {
    this.set({ draft: { ...this.draft, ...fields }, saved: false });
  }

  check() {
    const { displayName, username } = this.draft;

    this.wrong = {};
    if (!displayName.trim()) this.wrong.displayName = t('common.fillIn');
    if (username.length < 3 || !USERNAME.test(username)) this.wrong.username = t('console.verify.badUsername');
    return Object.keys(this.wrong).length === 0;
  }

  async save(event) {
    event.preventDefault();
    if (this.busy) return;
    this.set({ error: null, saved: false });
    if (!this.unsaved) return undefined;
    if (!this.check()) return this.pointOut();
    const changes = this.changes();

    this.set({ busy: true });
    try {
      if (await this.agrees(changes)) {
        const { draft } = this;
        const { user } = await api.patch('/v0/me', changes);

        setUser(user);
        this.user = user;
        /* what was typed meanwhile stays */
        if (this.draft === draft) this.reset();
        this.saved = this.draft !== draft;
        announce(t('common.saved'));
      }
    } catch (error) {
      this.refused(error);
    }
    this.set({ busy: false });
    if (Object.keys(this.wrong).length > 0) this.pointOut();
    return undefined;
  }

  /* What has consequences is asked. */
  async agrees({ username, timezone }) {
    if (username && !await confirmDialog({
      title: t('console.profile.renameTitle', { username }), text: t('console.profile.renameText'),
      items: [`${location.host}/${this.user.username} → ${location.host}/${username}`],
      confirmLabel: t('console.profile.rename'),
    })) return false;
    return !timezone || await confirmZone(this.user.timezone, timezone);
  }

  refused(error) {
    if (error.field === 'username' && error.code !== 'OC008')
      this.wrong.username = error.code === 'OC014' ? t('console.verify.takenUsername') : t('console.verify.badUsername');
    else this.error = error;
  }

  pointOut() {
    this.update();
    focusOn(this, '[aria-invalid="true"]');
  }

  view() {
    return h('div', { class: 'stack roomy' },
      h('div', { class: 'section-head stack tight' }, h('h1', null, t('console.profile.title')),
        h('p', { class: 'quiet' }, t('console.profile.text'))),
      this.form(),
      h('oc-sessions', { user: this.user }));
  }

  form() {
    const { draft } = this;

    return h('form', { class: 'card stack profile-form', novalidate: true, onsubmit: (event) => this.save(event) },
      h('div', { class: 'field' }, h('span', { class: 'label' }, t('console.signIn.email')),
        h('p', { class: 'quiet' }, this.user.email)),
      this.field('displayName', { autocomplete: 'name', maxlength: 120, value: draft.displayName,
        oninput: (event) => this.type({ displayName: event.target.value }) },
        t('console.verify.displayNameHint')),
      this.field('username', {
        autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', maxlength: 64, value: draft.username,
        oninput: (event) => this.type({ username: event.target.value.toLowerCase().trim() }),
      }, draft.username === this.user.username ? t('console.profile.usernameHint')
        : t('console.profile.usernameChanged', { old: `${location.host}/${this.user.username}`,
          link: `${location.host}/${draft.username}` }), h('oc-share-link', { user: this.user })),
      h('div', { class: 'field' },
        h('zone-picker', { zone: draft.timezone, onpick: ({ detail }) => this.type({ timezone: detail }) }),
        h('p', { class: 'hint' }, t('console.profile.zoneHint',
          { now: formatMinute(wallClock(Date.now(), draft.timezone).minute), offset: zoneOffsetText(draft.timezone) }))),
      selectField({
        id: 'profile-language', label: t('console.profile.language'), hint: t('console.profile.languageHint'),
        value: draft.language, oninput: (language) => this.type({ language }),
      }, MAIL_LANGUAGES.map(({ code, name }) => [code, name])),
      this.error && h('p', { key: 'error', class: 'note bad', role: 'alert' }, errorText(this.error, ['console.profile.errors'])),
      this.saved && h('p', { key: 'saved', class: 'note good', role: 'status' }, t('common.saved')),
      h('div', { class: 'row' },
        h('button', { class: 'primary', 'aria-disabled': this.busy || !this.unsaved ? 'true' : null },
          t('common.save'))));
  }

  field(name, props, hint, ...more) {
    const wrong = this.wrong[name];

    return h('div', { key: name, class: 'field' },
      h('label', { for: `profile-${name}` }, t(`console.verify.${name}`)),
      h('input', {
        id: `profile-${name}`, type: 'text', required: true, 'aria-invalid': wrong ? 'true' : null,
        'aria-describedby': `profile-${name}-hint${wrong ? ` profile-${name}-wrong` : ''}`, ...props,
      }),
      wrong && h('p', { id: `profile-${name}-wrong`, class: 'error' }, wrong),
      h('p', { id: `profile-${name}-hint`, class: 'hint' }, hint),
      ...more);
  }
}

customElements.define('oc-profile', Profile);
