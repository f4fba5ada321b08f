/*
 * The widget that puts a booking page into another site: inline, as a popup, or as a popup with a floating button. How to
 * use it: docs/embed.md. A classic script that stands alone: it finds its own tag, reads the page from its own address
 * and the rest from data- attributes, and makes a frame. Each tag is a widget of its own.
 *
 * Styles are set by CSSOM, and those of the popup live in a shadow root: the site's Content-Security-Policy need not
 * allow styles, and its style sheets do not reach in. Messages are taken from the own frame and the service's origin alone.
 */
(() => {
  'use strict';

  const WORDS = {
    en: { book: 'Book a time', close: 'Close' },
    de: { book: 'Termin buchen', close: 'Schließen' },
  };
  const SHADOW = '0 2px 6px rgb(0 0 0 / 10%), 0 12px 48px rgb(0 0 0 / 18%)';
  const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
  const FIRST_HEIGHT = 640;

  const POPUP_STYLES = `
    :host { all: initial; }
    dialog {
      box-sizing: border-box; padding: 0; border: 0; overflow: hidden; flex-direction: column; inset: 0; margin: auto;
      width: var(--width); max-width: calc(100vw - 32px); max-height: calc(100vh - 32px); max-height: calc(100dvh - 32px);
      border-radius: var(--radius); box-shadow: var(--shadow); background: light-dark(#f6f6f4, #14171a);
    }
    dialog[open] { display: flex; }
    dialog::backdrop { background: rgb(0 0 0 / 50%); }
    iframe { display: block; width: 100%; border: 0; height: var(--height); min-height: 0; flex: 0 1 auto; }
    button { font: 600 16px/1.25 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; cursor: pointer; }
    button:focus-visible { outline: 3px solid light-dark(#0b5cad, #8cc2ff); outline-offset: 2px; }
    .close {
      flex: none; align-self: flex-end; margin: 6px; width: 40px; height: 40px; padding: 0; border: 0; border-radius: 50%;
      background: transparent; color: light-dark(#1a1f24, #eceff1); font-size: 22px;
    }
    .close:hover { background: light-dark(#e4e8ec, #292e34); }
    .close:focus-visible { outline-offset: -3px; }
    .open {
      position: fixed; inset-block-end: 20px; inset-inline-end: 20px; z-index: 2147483000; max-width: calc(100vw - 40px);
      min-height: 48px; padding: 12px 22px; border: 0; border-radius: 24px;
      box-shadow: 0 2px 4px rgb(0 0 0 / 15%), 0 6px 20px rgb(0 0 0 / 25%);
      background: light-dark(#0b5cad, #8cc2ff); color: light-dark(#ffffff, #06203b);
    }
    .open:hover { filter: brightness(1.1); }
    @media (max-width: 600px) {
      dialog { width: 100vw; max-width: none; height: 100vh; height: 100dvh; max-height: none; border-radius: 0; }
      iframe { flex: 1 1 0; }
    }
    @media (forced-colors: active) { .open, dialog { border: 2px solid ButtonText; } }
    @media print { .open { display: none; } }`;

  /* --- what the tag says ------------------------------------------------------------------------------------------- */

  const script = document.currentScript;
  const problems = [];

  const attribute = (name) => script.getAttribute(`data-${name}`)?.trim() || null;

  /* The value if it is good, else the default and a word about it. */
  function option(name, fallback, isGood) {
    const value = attribute(name);

    if (value === null || isGood(value)) return value ?? fallback;
    problems.push(`data-${name}="${value}" is not possible, ${fallback} is used`);
    return fallback;
  }

  function length(name, fallback) {
    const value = option(name, fallback, (text) => text === fallback || /^\d+$/.test(text) || CSS.supports('width', text));

    return /^\d+$/.test(value) ? `${value}px` : value;
  }

  /* "ada/intro" or "team/sales/demo"; null after saying what is missing. */
  function pagePath(asked) {
    const host = asked.get('teamSlug') ? 'teamSlug' : 'username';
    const wrong = [host, 'eventSlug'].filter((name) => !NAME.test(asked.get(name) ?? ''));

    for (const name of wrong)
      problems.push(asked.get(name) ? `${name}=${asked.get(name)} is no such name` : `the script's address lacks ${name}=`);
    return wrong.length ? null : `${host === 'teamSlug' ? 'team/' : ''}${asked.get(host)}/${asked.get('eventSlug')}`;
  }

  function pageAddress(address, path, language) {
    const asked = address.searchParams;
    const page = new URL(path, new URL('../../', address));
    const theme = asked.get('theme');

    if (location.origin !== 'null') page.searchParams.set('embed', location.origin);
    if (theme && !['light', 'dark', 'auto'].includes(theme)) problems.push(`theme=${theme} is not possible, light and dark are`);
    else if (theme && theme !== 'auto') page.searchParams.set('theme', theme);
    if (asked.get('timezone')) page.searchParams.set('timezone', asked.get('timezone'));
    if (language) page.searchParams.set('lang', language);
    return page;
  }

  function readSettings() {
    const address = new URL(script.src);
    const mode = option('mode', 'inline', (text) => ['inline', 'popup', 'button'].includes(text));
    const isInline = mode === 'inline';
    const path = pagePath(address.searchParams);
    const language = (address.searchParams.get('lang') || script.closest('[lang]')?.lang || '').split('-')[0].toLowerCase();
    const words = WORDS[language] ?? WORDS.en;
    const shadow = option('shadow', isInline ? 'none' : 'soft', (text) => text === 'soft' || CSS.supports('box-shadow', text));

    return path && {
      mode, path, words,
      page: pageAddress(address, path, language),
      title: attribute('title') ?? words.book,
      label: attribute('label') ?? words.book,
      target: attribute('target'),
      width: length('width', isInline ? '100%' : '960px'),
      height: length('height', 'auto'),
      radius: length('radius', isInline ? '0px' : '12px'),
      shadow: shadow === 'soft' ? SHADOW : shadow,
    };
  }

  /* --- the frame ---------------------------------------------------------------------------------------------------- */

  const firstHeight = (height) => (height === 'auto' ? `${FIRST_HEIGHT}px` : height);

  const isObject = (value) => typeof value === 'object' && value !== null;

  /* What happened, as the page may know it: no name, no address, no token. */
  function bookedDetail(data) {
    const names = ['username', 'teamSlug', 'eventSlug', 'startsAt', 'endsAt'];

    return Object.fromEntries(names.map((name) => [name, typeof data[name] === 'string' ? data[name] : null]));
  }

  /*
   * handlers: resize(pixels), booked(), close(). container: where opencalendly:booked is dispatched.
   * Returns { frame, drop }, drop() when the frame is no longer wanted.
   */
  function makeFrame(settings, container, handlers) {
    const frame = document.createElement('iframe');
    const onMessage = ({ origin, source, data }) => {
      if (origin !== settings.page.origin || !source || source !== frame.contentWindow || !isObject(data)) return;
      if (data.type === 'opencalendly:resize' && Number.isFinite(data.height)) {
        handlers.resize(Math.min(Math.max(Math.ceil(data.height), 160), 20000));
      } else if (data.type === 'opencalendly:booked') {
        handlers.booked?.();
        container.dispatchEvent(new CustomEvent('opencalendly:booked', { bubbles: true, detail: bookedDetail(data) }));
      } else if (data.type === 'opencalendly:close') handlers.close?.();
    };

    frame.title = settings.title;
    frame.src = settings.page.href;
    addEventListener('message', onMessage);
    return {
      frame,
      drop() {
        removeEventListener('message', onMessage);
        frame.remove();
      },
    };
  }

  /* --- inline ------------------------------------------------------------------------------------------------------- */

  /* The element to fill: the one named, or a new one after the script. */
  function findPlace({ target }) {
    if (target) {
      try {
        return document.querySelector(target) ?? void problems.push(`no element is data-target="${target}"`);
      } catch {
        return void problems.push(`data-target="${target}" is no CSS selector`);
      }
    }
    if (!script.parentElement?.closest('body')) return void problems.push('a script outside of <body> needs data-target');
    const place = document.createElement('div');

    script.after(place);
    return place;
  }

  function showInline(settings) {
    const place = findPlace(settings);

    if (!place) return;
    const isAuto = settings.height === 'auto';
    const { frame } = makeFrame(settings, place, {
      resize: (pixels) => isAuto && frame.style.setProperty('height', `${pixels}px`),
    });

    Object.assign(frame.style, {
      display: 'block', boxSizing: 'border-box', border: '0', width: settings.width, maxWidth: '100%',
      height: firstHeight(settings.height), borderRadius: settings.radius, boxShadow: settings.shadow,
    });
    frame.loading = 'lazy';
    place.replaceChildren(frame);
  }

  /* --- popup -------------------------------------------------------------------------------------------------------- */

  function makeButton(className, text, onclick) {
    const button = document.createElement('button');

    Object.assign(button, { type: 'button', className, textContent: text, onclick });
    return button;
  }

  /* A host in the page's body with all of the popup in its shadow root; returns it and the dialog. */
  function makeDialog({ page, title, words, width, height, radius, shadow }) {
    const container = document.createElement('div');
    const dialog = document.createElement('dialog');
    const sheet = new CSSStyleSheet();
    const close = makeButton('close', '✕', () => dialog.close());

    sheet.replaceSync(POPUP_STYLES);
    container.attachShadow({ mode: 'open' }).adoptedStyleSheets = [sheet];
    container.style.setProperty('color-scheme', page.searchParams.get('theme') ?? 'light dark');
    for (const [name, value] of Object.entries({ width, radius, shadow, height: firstHeight(height) }))
      dialog.style.setProperty(`--${name}`, value);
    dialog.setAttribute('aria-label', title);
    close.setAttribute('aria-label', words.close);
    dialog.append(close);
    container.shadowRoot.append(dialog);
    return { container, dialog };
  }

  /* Returns open(opener). What was typed stays when the popup is closed, until something was booked. */
  function makePopup(settings, container, dialog) {
    const root = document.documentElement;
    let made = null;
    let isDone = false;
    let opener = null;
    let overflow = '';

    dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
    dialog.addEventListener('close', () => {
      root.style.overflow = overflow;
      if (isDone) made = made.drop();
      isDone = false;
      opener?.focus();
    });
    return (from) => {
      if (dialog.open) return;
      made ??= makeFrame(settings, container, {
        resize: (pixels) => settings.height === 'auto' && dialog.style.setProperty('--height', `${pixels}px`),
        booked: () => { isDone = true; },
        close: () => dialog.close(),
      });
      if (!made.frame.isConnected) dialog.append(made.frame);
      opener = from;
      overflow = root.style.overflow;
      root.style.overflow = 'hidden';
      dialog.showModal();
    };
  }

  /* Clicks on what opens this popup, wherever in the page and whenever it came there. */
  function listenForOpeners({ path }, open) {
    document.addEventListener('click', (event) => {
      const opener = event.target.closest?.('[data-opencalendly-open]');
      const wanted = opener?.getAttribute('data-opencalendly-open');
      const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

      if (!opener || !isPlain || (wanted && wanted !== path) || event.opencalendlyOpened) return;
      /* one popup a click, though several widgets listen */
      event.opencalendlyOpened = true;
      event.preventDefault();
      open(opener);
    });
  }

  function showPopup(settings) {
    const { container, dialog } = makeDialog(settings);
    const open = makePopup(settings, container, dialog);

    if (settings.mode === 'button') {
      const button = makeButton('open', settings.label, () => open(button));

      button.setAttribute('aria-haspopup', 'dialog');
      container.shadowRoot.prepend(button);
    }
    listenForOpeners(settings, open);
    document.body.append(container);
  }

  /* --- start -------------------------------------------------------------------------------------------------------- */

  function tell() {
    if (problems.length) console.error(`OpenCalendly widget: ${problems.join('; ')}. See docs/embed.md.`, script ?? '');
  }

  function start(settings) {
    if (settings?.mode === 'inline') showInline(settings);
    else if (settings) showPopup(settings);
    tell();
  }

  if (!script?.src) {
    problems.push('it must be a script tag with src, and not type="module"');
    tell();
  } else {
    const settings = readSettings();
    /* what the tag speaks of may come after it */
    const waits = settings && document.readyState === 'loading' && (settings.target || settings.mode !== 'inline');

    if (waits) document.addEventListener('DOMContentLoaded', () => start(settings), { once: true });
    else start(settings);
  }
})();
