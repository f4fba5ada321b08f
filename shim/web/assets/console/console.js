/*
 * The console's frame: who is signed in, the way between the sections, and the section that the address names
 * (#/bookings, #/event-types/ID). A section is a module of its own, loaded when it is first shown; its element gets "user"
 * and "rest", the parts of the address after its name. While its "unsaved" is true, leaving it asks first.
 */
import { View, focusOn, h } from '../view.js';
import { get, post } from '../api.js';
import { errorText, t } from '../i18n.js';
import { confirmDialog, setMail, setUser, watchUser } from './session.js';
import { icon } from './icons.js';
import { LANGUAGES } from './languages.js';
import { focusBeginning } from './section-focus.js';
import './sign-in.js';

const SECTIONS = [
  { path: 'bookings', icon: 'bookings', title: 'console.nav.bookings', tag: 'oc-bookings', load: () => import('./bookings.js') },
  { path: 'event-types', icon: 'eventTypes', title: 'console.nav.eventTypes', tag: 'oc-event-types',
    load: () => import('./event-types.js') },
  { path: 'hours', icon: 'hours', title: 'console.nav.hours', tag: 'oc-hours', load: () => import('./hours.js') },
  { path: 'calendars', icon: 'calendars', title: 'console.nav.calendars', tag: 'oc-calendars', load: () => import('./calendars.js') },
  { path: 'teams', icon: 'teams', title: 'console.nav.teams', tag: 'oc-teams', load: () => import('./teams.js') },
  { path: 'explain', icon: 'explain', title: 'console.nav.explain', tag: 'oc-explain', load: () => import('./explain.js') },
  { path: 'webhooks', icon: 'webhooks', title: 'console.nav.webhooks', tag: 'oc-webhooks', load: () => import('./webhooks.js') },
  { path: 'profile', icon: 'profile', title: 'console.nav.profile', tag: 'oc-profile', load: () => import('./profile.js') },
];
/* What is older when the host comes back is asked for again, milliseconds. */
const STALE = 10_000;
const BEGINNING = '.console-section h1, .console-section [role="alert"]';

/* A part of the address; as it stands if it is no encoded text. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/* Where the address leads: the section and the rest of its path; the first section for what is none. */
function route() {
  const [path, ...rest] = location.hash.replace(/^#\/?/, '').split('/').map(decoded);

  return { section: SECTIONS.find((section) => section.path === path) ?? SECTIONS[0], rest: rest.filter(Boolean) };
}

class Console extends View {
  state = 'loading';
  user = null;
  error = null;
  section = null;
  rest = [];
  loaded = new Set();
  failed = null;
  menuOpen = false;
  seenAt = Date.now();

  start() {
    this.at = history.state?.at ?? 0;
    history.replaceState({ at: this.at }, '');
    addEventListener('hashchange', () => this.go());
    watchUser();
    document.addEventListener('visibilitychange', () => this.comeBack());
    addEventListener('userchange', ({ detail }) => this.set({ user: detail }));
    addEventListener('beforeunload', (event) => this.shown()?.unsaved && event.preventDefault());
    document.querySelector('a.skip')?.addEventListener('click', (event) => {
      event.preventDefault();
      focusOn(this, '.console-section h1, h1');
    });
    this.enter();
  }

  /* Asks who is signed in, and shows what there is to see. */
  async enter() {
    this.set({ state: 'loading', error: null });
    try {
      const { user, email } = await get('/v0/auth/me');

      setMail(email);
      setUser(user);
      this.state = 'ready';
      await this.show(false);
    } catch (error) {
      if (error.status === 401) this.set({ state: 'signedOut' });
      else this.set({ state: 'failed', error });
      document.title = t('console.title');
    }
  }

  shown() {
    return this.section && this.querySelector(this.section.tag);
  }

  /*
   * The address has changed. Forms that are not saved are not left without asking. The entries of the history are numbered, so
   * that it is known whether the way led back or on.
   */
  async go() {
    if (this.state !== 'ready' || !/^#?(\/|$)/.test(location.hash)) return;
    const to = history.state?.at ?? this.at + 1;

    if (!history.state) history.replaceState({ at: to }, '');
    if (this.shown()?.unsaved && !this.mayLeave) {
      if (to !== this.at) await this.askToLeave(to - this.at);
      return;
    }
    Object.assign(this, { at: to, mayLeave: false });
    await this.show(true);
  }

  /* Goes the steps back and asks; for a yes, goes them once more. */
  async askToLeave(steps) {
    const isBack = new Promise((resolve) => addEventListener('hashchange', resolve, { once: true }));

    history.go(-steps);
    await isBack;
    this.mayLeave = await confirmDialog({
      title: t('console.leave.title'), text: t('console.leave.text'), confirmLabel: t('console.leave.yes'), danger: true,
    });
    if (!this.mayLeave) return;
    this.shown()?.discard?.();
    history.go(steps);
  }

  /* Others may have booked meanwhile: what is shown is looked at again, unless a dialog is at work with it. */
  comeBack() {
    if (document.visibilityState !== 'visible' || document.querySelector('dialog[open]')) return;
    if (Date.now() - this.seenAt < STALE) return;
    this.seenAt = Date.now();
    this.shown()?.comeBack?.();
  }

  async show(moved) {
    const { section, rest } = route();
    const isNew = section !== this.section;

    this.set({ section, rest, menuOpen: false, failed: null });
    document.title = `${t(section.title)} · ${t('console.title')}`;
    if (!this.loaded.has(section)) await this.load(section);
    if (!moved || this.section !== section) return;
    scrollTo(0, 0);
    if (isNew || document.activeElement === document.body) focusBeginning(this, BEGINNING);
  }

  async load(section) {
    try {
      await section.load();
      this.loaded.add(section);
      this.update();
    } catch (error) {
      console.error(error);
      this.set({ failed: section });
    }
  }

  async signOut() {
    try {
      await post('/v0/auth/logout');
    } catch (error) {
      if (error.status !== 401) return this.set({ error });
    }
    location.replace(location.pathname + location.search);
    return undefined;
  }

  view() {
    if (this.state === 'loading') return h('p', { class: 'center quiet console-wait', role: 'status' }, t('common.loading'));
    if (this.state === 'failed') return this.main('page',
      failure(t('console.failed.title'), errorText(this.error), () => this.enter()));
    if (this.state === 'signedOut') return this.main('page narrow', h('oc-sign-in', { onsignedin: () => this.enter() }),
      languages());
    return h('div', { class: 'console' },
      h('header', { class: `console-side${this.menuOpen ? ' open' : ''}` }, this.brand(), this.navigation(), this.account()),
      this.main('console-main', this.content()));
  }

  /* The main landmark, unless the page has put us into one. */
  main(classes, ...children) {
    return this.closest('main') ? h('div', { key: 'main', class: classes }, ...children)
      : h('main', { key: 'main', id: 'main', class: classes }, ...children);
  }

  brand() {
    return h('div', { class: 'console-brand' },
      h('a', { href: '#/bookings' }, icon('bookings', 20), 'OpenCalendly'),
      h('button', {
        type: 'button', class: 'icon bare menu-button', 'aria-expanded': String(this.menuOpen), 'aria-controls': 'console-nav',
        onclick: () => this.set({ menuOpen: !this.menuOpen }),
      }, icon(this.menuOpen ? 'close' : 'menu', 20), h('span', null, t('console.menu'))));
  }

  navigation() {
    return h('nav', { id: 'console-nav', 'aria-label': t('console.navigation') },
      h('ul', { class: 'plain' }, SECTIONS.map((section) => h('li', { key: section.path },
        h('a', { href: `#/${section.path}`, 'aria-current': section === this.section ? 'page' : null },
          icon(section.icon, 20), t(section.title))))));
  }

  account() {
    return h('div', { class: 'console-account stack tight' },
      h('p', { class: 'console-who' },
        h('span', { class: 'strong' }, this.user.displayName ?? this.user.username),
        h('span', { class: 'quiet small' }, this.user.email)),
      this.error && h('p', { class: 'note bad small', role: 'alert' }, errorText(this.error)),
      h('button', { type: 'button', class: 'small', onclick: () => this.signOut() }, icon('leave', 16), t('console.signOut')),
      languages());
  }

  content() {
    const { section, rest, user } = this;

    if (this.failed === section)
      return h('div', { key: 'failed', class: 'console-section' },
        failure(t('console.failed.section', { name: t(section.title) }), t('console.failed.text'), () => location.reload()));
    if (!this.loaded.has(section))
      return h('p', { key: 'loading', class: 'quiet console-wait', role: 'status' }, t('common.loading'));
    return h('div', { key: `section-${section.path}`, class: 'console-section' }, h(section.tag, { rest, user }));
  }
}

const failure = (title, text, onclick) => h('div', { class: 'card stack failure', role: 'alert' },
  h('h1', null, title), h('p', null, text),
  h('p', null, h('button', { type: 'button', class: 'primary', onclick }, t('common.retry'))));

function languages() {
  const link = ({ code, name, isCurrent }) => {
    const search = new URLSearchParams(location.search);

    search.set('lang', code);
    return h('li', { key: code }, h('a', {
      href: `?${search}${location.hash}`, lang: code, hreflang: code,
      'aria-current': isCurrent ? 'true' : null,
    }, name));
  };

  return h('ul', { key: 'languages', class: 'plain row languages small', 'aria-label': t('console.language') },
    LANGUAGES.map(link));
}

customElements.define('oc-console', Console);
