/*
 * <oc-calendar-callback>: the page that Google sends a host back to. What it was given is taken out of the address at once, and
 * handed on for the host who is signed in; from there it goes on to the console. The service proves that this is the host who
 * began: nothing is asked here.
 */
import { View, focusOn, h } from '../view.js';
import { post } from '../api.js';
import { errorText, language, t } from '../i18n.js';
import { completeConnection, leaveForGoogle, refusalText, takeLanguage } from './calendar-data.js';

class CalendarCallback extends View {
  /* "busy"; "declined", "signedOut", "nothing", "failed" tell why it is not done */
  step = 'busy';
  error = null;
  leaving = false;

  start() {
    const given = new URLSearchParams(location.search);
    const wanted = takeLanguage();

    if (wanted && wanted !== language && !given.has('lang')) {
      given.set('lang', wanted);
      location.replace(`?${given}`);
      return;
    }
    this.search = given.has('lang') ? `?lang=${encodeURIComponent(given.get('lang'))}` : '';
    history.replaceState(null, '', location.pathname + this.search);
    this.finish(Object.fromEntries(given));
  }

  async finish({ code, state, error }) {
    if (error) return this.tell(error === 'access_denied' ? 'declined' : 'failed', new Error(error));
    if (!code || !state) return this.tell('nothing');
    try {
      await completeConnection({ code, state });
      location.replace(`/console${this.search}#/calendars/connected`);
    } catch (failure) {
      this.tell(failure.status === 401 ? 'signedOut' : 'failed', failure);
    }
    return undefined;
  }

  tell(step, error = null) {
    this.set({ step, error, leaving: false });
    focusOn(this, 'h1');
  }

  async again() {
    if (this.leaving) return;
    this.set({ leaving: true });
    try {
      await leaveForGoogle(post);
    } catch (error) {
      this.tell(error.status === 401 ? 'signedOut' : 'failed', error);
    }
  }

  view() {
    const { step, leaving } = this;

    if (step === 'busy')
      return h('div', { key: 'busy', class: 'card stack sign-in' },
        h('h1', null, t('calendars.callback.busy')), h('p', { role: 'status' }, t('calendars.callback.busyText')));
    return h('div', { key: step, class: 'card stack sign-in' },
      h('h1', { tabindex: '-1' }, t(`calendars.callback.${step}`)),
      h('p', null, step === 'failed' ? this.reason() : t(`calendars.callback.${step}Text`)),
      h('div', { class: 'row' },
        step !== 'signedOut' && h('button', {
          type: 'button', class: 'primary', 'aria-disabled': leaving ? 'true' : null, onclick: () => this.again(),
        }, t(leaving ? 'common.busy' : 'calendars.callback.again')),
        h('a', { class: `button${step === 'signedOut' ? ' primary' : ''}`, href: `/console${this.search}#/calendars` },
          t(step === 'signedOut' ? 'calendars.callback.signIn' : 'calendars.callback.toConsole'))));
  }

  reason() {
    const { code, field, message } = this.error;

    if (field === 'state') return t('calendars.callback.badState');
    if (code === 'OC006' && field !== 'redirectUri') return `${refusalText(message)} ${t('calendars.callback.refused')}`;
    return errorText(this.error, ['calendars.callback.errors', 'calendars.errors']);
  }
}

customElements.define('oc-calendar-callback', CalendarCallback);
