/*
 * <oc-sign-in>: asks for an address and has a link mailed to it. The answer is the same whether the address is known or not.
 * Emits "signedin" when another tab of this browser has signed in.
 */
import { View, focusOn, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { askForLink, developmentLink, linkText, onSignedIn } from './session.js';

class SignIn extends View {
  email = '';
  busy = false;
  sent = null;
  wrong = null;

  start() {
    this.hearing = onSignedIn(() => this.emit('signedin'));
  }

  stop() {
    this.hearing();
  }

  async send(event) {
    event.preventDefault();
    if (this.busy) return;
    this.set({ busy: true, wrong: null });
    try {
      this.set({ busy: false, sent: await askForLink(this.email.trim()) });
      focusOn(this, 'h1');
    } catch (error) {
      const wrong = error.field === 'email' ? t('console.signIn.badEmail') : errorText(error);

      this.set({ busy: false, wrong });
      focusOn(this, 'input');
    }
  }

  again() {
    this.set({ sent: null });
    focusOn(this, 'input');
  }

  view() {
    return h('div', { class: 'card stack sign-in' }, this.sent ? this.mailbox() : this.form());
  }

  form() {
    return [
      h('h1', { key: 'h' }, t('console.signIn.title')),
      h('p', { key: 'p' }, t('console.signIn.text')),
      h('form', { key: 'form', class: 'stack', novalidate: true, onsubmit: (event) => this.send(event) },
        h('div', { class: 'field' },
          h('label', { for: 'sign-in-email' }, t('console.signIn.email')),
          h('input', {
            id: 'sign-in-email', type: 'email', autocomplete: 'email', inputmode: 'email', required: true, maxlength: 320,
            value: this.email, 'aria-invalid': this.wrong ? 'true' : null,
            'aria-describedby': this.wrong ? 'sign-in-wrong' : null,
            oninput: (event) => (this.email = event.target.value),
          }),
          this.wrong && h('p', { id: 'sign-in-wrong', class: 'error', role: 'alert' }, this.wrong)),
        h('button', { class: 'primary', 'aria-disabled': this.busy ? 'true' : null },
          this.busy ? t('console.signIn.sending') : t('console.signIn.send'))),
      h('p', { key: 'new', class: 'quiet small' }, t('console.signIn.noAccount')),
    ];
  }

  mailbox() {
    return [
      h('h1', { key: 'sent', tabindex: '-1' }, t('console.signIn.sentTitle')),
      h('p', { key: 'to' }, linkText(this.sent, 'console.signIn', this.email.trim())),
      h('p', { key: 'rules', class: 'quiet' }, t('console.signIn.rules')),
      this.sent.magicLinkToken && h('p', { key: 'dev', class: 'note warn' }, developmentLink(this.sent.magicLinkToken)),
      h('div', { key: 'acts', class: 'row' },
        h('button', { type: 'button', onclick: () => this.again() }, t('console.signIn.other'))),
    ];
  }
}

customElements.define('oc-sign-in', SignIn);
