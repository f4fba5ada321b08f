/*
 * <oc-verify>: the page of a mailed sign-in link. Loading it uses nothing up (mail scanners load it, too): a button does. A
 * first sign-in is asked for a name; the link stays good until it is given.
 */
import { View, focusOn, h } from '../view.js';
import { post } from '../api.js';
import { errorText, t } from '../i18n.js';
import { ownZone } from '../time.js';
import { tellSignedIn } from './session.js';
import { slugOf } from './slug.js';

class Verify extends View {
  token = new URLSearchParams(location.search).get('token') ?? '';
  step = this.token ? 'ready' : 'invalid';
  busy = false;
  wrong = null;
  displayName = '';
  username = '';
  isOwnUsername = false;
  timezone = ownZone;

  async signIn(event) {
    event.preventDefault();
    if (this.busy || (this.step === 'names' && !this.checkNames())) return;
    this.set({ busy: true, wrong: null });
    try {
      await this.verify();
      tellSignedIn();
      location.replace(`/console${languageOf(location)}`);
    } catch (error) {
      this.refused(error);
    }
  }

  /* The server may not know a zone that the browser has. */
  async verify() {
    const names = this.step === 'names' ? { username: this.username, displayName: this.displayName.trim() } : {};
    const send = () => post('/v0/auth/verify', { token: this.token, timezone: this.timezone, ...names },
      { headers: { 'X-Session': 'cookie' } });

    try {
      await send();
    } catch (error) {
      if (error.field !== 'timezone') throw error;
      this.timezone = 'UTC';
      await send();
    }
  }

  checkNames() {
    const wrong = !this.displayName.trim() ? { field: 'displayName', text: t('common.fillIn') }
      : !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(this.username) || this.username.length < 3
        ? { field: 'username', text: t('console.verify.badUsername') } : null;

    if (wrong) this.point(wrong);
    return !wrong;
  }

  point(wrong) {
    this.set({ busy: false, wrong });
    focusOn(this, '[aria-invalid="true"]');
  }

  refused(error) {
    if (error.status === 401 || error.field === 'token') {
      this.set({ busy: false, step: 'invalid' });
      focusOn(this, 'h1');
    } else if (error.field === 'username' && this.step !== 'names' && error.code === 'OC005') {
      this.set({ busy: false, step: 'names' });
      focusOn(this, 'h1');
    } else if (error.field === 'username' || error.field === 'displayName') {
      this.step = 'names';
      this.point({ field: error.field, text: nameError(error) });
    } else this.set({ busy: false, wrong: { field: null, text: errorText(error) } });
  }

  typeName(name) {
    this.displayName = name;
    if (!this.isOwnUsername) this.set({ username: slugOf(name, 64) });
  }

  view() {
    const step = { ready: () => this.ready(), names: () => this.names(), invalid }[this.step];

    return h('div', { class: 'card stack sign-in' }, step());
  }

  ready() {
    return [
      h('h1', { key: 'ready' }, t('console.verify.title')),
      h('p', { key: 'text' }, t('console.verify.text')),
      h('form', { key: 'form', class: 'stack', onsubmit: (event) => this.signIn(event) }, this.general(),
        this.button(t('console.verify.go'))),
    ];
  }

  names() {
    return [
      h('h1', { key: 'names', tabindex: '-1' }, t('console.verify.welcome')),
      h('p', { key: 'text' }, t('console.verify.namesText')),
      h('form', { key: 'nameform', class: 'stack', novalidate: true, onsubmit: (event) => this.signIn(event) },
        this.field('displayName', { autocomplete: 'name', maxlength: 120, value: this.displayName,
          oninput: (event) => this.typeName(event.target.value) },
          t('console.verify.displayNameHint')),
        this.field('username', {
          autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', maxlength: 64, value: this.username,
          oninput: (event) => this.set({ username: event.target.value.toLowerCase().trim(),
            isOwnUsername: event.target.value !== '' }),
        }, t('console.verify.usernameHint', { link: `${location.host}/${this.username || '…'}` })),
        h('p', { class: 'quiet small' }, t('console.verify.zone', { zone: this.timezone.replaceAll('_', ' ') })),
        this.general(), this.button(t('console.verify.create'))),
    ];
  }

  field(name, props, hint) {
    const wrong = this.wrong?.field === name ? this.wrong.text : null;

    return h('div', { key: name, class: 'field' },
      h('label', { for: `verify-${name}` }, t(`console.verify.${name}`)),
      h('input', {
        id: `verify-${name}`, type: 'text', required: true, 'aria-invalid': wrong ? 'true' : null,
        'aria-describedby': `verify-${name}-hint${wrong ? ` verify-${name}-wrong` : ''}`, ...props,
      }),
      wrong && h('p', { id: `verify-${name}-wrong`, class: 'error' }, wrong),
      h('p', { id: `verify-${name}-hint`, class: 'hint' }, hint));
  }

  general() {
    return this.wrong?.field === null && h('p', { key: 'general', class: 'note bad', role: 'alert' }, this.wrong.text);
  }

  button(label) {
    return h('button', { key: 'button', class: 'primary', 'aria-disabled': this.busy ? 'true' : null },
      this.busy ? t('console.verify.busy') : label);
  }
}

const invalid = () => [
  h('h1', { key: 'invalid', tabindex: '-1' }, t('console.verify.invalidTitle')),
  h('p', { key: 'text' }, t('console.verify.invalid')),
  h('p', { key: 'link' }, h('a', { class: 'button primary', href: `/console${languageOf(location)}` },
    t('console.verify.newLink'))),
];

function nameError(error) {
  if (error.field === 'username' && error.status === 400) return t('console.verify.badUsername');
  return error.code === 'OC014' ? t('console.verify.takenUsername') : errorText(error);
}

/* "?lang=de" where the page was asked for in a language. */
function languageOf({ search }) {
  const language = new URLSearchParams(search).get('lang');

  return language ? `?lang=${encodeURIComponent(language)}` : '';
}

customElements.define('oc-verify', Verify);
