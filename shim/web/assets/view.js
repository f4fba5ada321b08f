/*
 * The view helper of all pages: real nodes, made by h(), and render(), which changes what is shown into what should be
 * shown. Elements that stay keep their focus, their place and what was typed into them.
 *
 *   render(host, h('p', { class: 'hint' }, 'Hello ', name), list.map((x) => h('li', { key: x.id }, x.name)));
 *
 * Text only ever becomes text nodes; there is no way to put markup in.
 *
 * Props of h(): functions named on… are listeners ("onclick", and "onpick" for an event "pick"); style is an object of CSS
 * properties ({ '--row': 3 }); key tells siblings apart; value, checked, selected, indeterminate, hidden, open, disabled and
 * whatever is an object or belongs to a custom element is set as a property; all else is an attribute (true: empty; false,
 * null, undefined: absent). Children: nodes, texts, numbers, lists of them; false and null are left out.
 */

const PROPERTIES = new Set(['value', 'checked', 'selected', 'indeterminate', 'hidden', 'open', 'disabled']);

/* What h() was told of a node. */
const told = new WeakMap();

const SVG_TAGS = new Set(['svg', 'path', 'rect', 'circle', 'line', 'g', 'text', 'title', 'polyline']);
const isCustom = (node) => node.localName?.includes('-');

/* One listener per node and type, that calls whatever handler the last rendering named. */
function handle(event) {
  told.get(event.currentTarget).handlers[event.type]?.call(event.currentTarget, event);
}

/* What of a custom element is an attribute even if it is no text. */
const isAttribute = (name) => name === 'class' || name === 'id' || name === 'tabindex' || name === 'role' || /^(aria|data)-/.test(name);

const isProperty = (node, name, value) => PROPERTIES.has(name)
  || (!isAttribute(name) && ((isCustom(node) && typeof value !== 'string') || (typeof value === 'object' && value !== null)));

function setStyle(node, was, value) {
  for (const property of Object.keys(was ?? {})) if (!(property in (value ?? {}))) node.style.removeProperty(property);
  for (const [property, text] of Object.entries(value ?? {})) node.style.setProperty(property, text);
}

/* was: the value that it had, for styles. */
function setProp(node, name, value, was) {
  if (name === 'style') setStyle(node, was, value);
  else if (isProperty(node, name, value)) {
    const wanted = name === 'value' ? value ?? '' : value;

    if (value == null && isCustom(node)) node.removeAttribute(name);
    if (node[name] !== wanted) node[name] = wanted;
  } else if (value === false || value == null) {
    node.removeAttribute(name);
  } else if (node.getAttribute(name) !== (value === true ? '' : String(value))) {
    node.setAttribute(name, value === true ? '' : String(value));
  }
}

function unsetProp(node, name, was) {
  if (name === 'style') setStyle(node, was, null);
  else if (name === 'value') node.value = '';
  else if (PROPERTIES.has(name)) node[name] = false;
  else if (isCustom(node) && !node.hasAttribute(name)) node[name] = undefined;
  else node.removeAttribute(name);
}

function listen(node, handlers) {
  for (const type of Object.keys(handlers)) node.addEventListener(type, handle);
}

export function h(tag, props, ...children) {
  const node = SVG_TAGS.has(tag) ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  const { key, ...rest } = props ?? {};
  const handlers = {};
  const plain = {};

  for (const [name, value] of Object.entries(rest)) {
    if (name.startsWith('on') && (typeof value === 'function' || value == null)) {
      if (value) handlers[name.slice(2)] = value;
    } else plain[name] = value;
  }
  told.set(node, { key, handlers, props: plain });
  listen(node, handlers);
  node.append(...flat(children));
  /* after the children: a select's value is one of them */
  for (const [name, value] of Object.entries(plain)) setProp(node, name, value);
  return node;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== false && child != null && child !== true && child !== '')
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

const keyOf = (node) => told.get(node)?.key;
const isSame = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

/* Makes the old node what the new one is. */
function morph(old, wanted) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== wanted.data) old.data = wanted.data;
    return;
  }
  const was = told.get(old) ?? { handlers: {}, props: {} };
  const will = told.get(wanted) ?? { handlers: {}, props: {} };
  const changed = Object.keys({ ...was.props, ...will.props }).some((name) => was.props[name] !== will.props[name]);

  told.set(old, { key: will.key, handlers: will.handlers, props: will.props });
  listen(old, will.handlers);
  for (const name of Object.keys(was.props)) if (!(name in will.props)) unsetProp(old, name, was.props[name]);
  /* a custom element renders its own children */
  if (!isCustom(old)) morphChildren(old, [...wanted.childNodes]);
  for (const [name, value] of Object.entries(will.props)) setProp(old, name, value, was.props[name]);
  if (isCustom(old) && changed) old.update?.();
}

/*
 * The old child that becomes each of the wanted ones: of the same key, or in order the next one without a key that is of the
 * same kind. One that is skipped on the way is gone, unless there are as many without a key left to be wanted.
 */
function matches(host, wanted) {
  const keyed = new Map();
  const rest = [];

  for (const child of host.childNodes) {
    if (keyOf(child) === undefined) rest.push(child);
    else keyed.set(keyOf(child), child);
  }
  let left = wanted.filter((next) => keyOf(next) === undefined).length;

  return wanted.map((next) => {
    if (keyOf(next) !== undefined) {
      const old = keyed.get(keyOf(next));
      return old && isSame(old, next) ? old : null;
    }
    left -= 1;
    const at = rest.findIndex((old) => isSame(old, next));
    if (at === -1 || (at > 0 && rest.length - at <= left)) return null;
    return rest.splice(0, at + 1)[at];
  });
}

/*
 * What is not wanted any more goes first, so that what stays need not be moved: a node that is moved loses its focus, and a
 * custom element starts anew.
 */
function morphChildren(host, wanted) {
  const olds = matches(host, wanted);
  const kept = new Set(olds);

  for (const child of [...host.childNodes]) if (!kept.has(child)) child.remove();
  let at = host.firstChild;

  wanted.forEach((next, i) => {
    const old = olds[i];

    if (!old) host.insertBefore(next, at);
    else {
      if (old === at) at = at.nextSibling;
      else host.insertBefore(old, at);
      morph(old, next);
    }
  });
}

export function render(host, ...children) {
  morphChildren(host, flat(children));
}

/* A custom element that shows what view() returns. Properties set from outside and update() show it anew. */
export class View extends HTMLElement {
  connectedCallback() {
    this.start?.();
    this.update();
  }

  disconnectedCallback() {
    this.stop?.();
  }

  update() {
    if (this.isConnected) render(this, this.view());
  }

  /* Changes own fields and shows it. */
  set(fields) {
    Object.assign(this, fields);
    this.update();
  }

  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true }));
  }
}

/* Moves the focus to what has just been shown: a heading of a new step, the first wrong field. */
export function focusOn(host, selector) {
  const node = host.querySelector(selector);

  if (!node) return;
  if (!node.matches('a, button, input, select, textarea, [tabindex]')) node.tabIndex = -1;
  node.focus();
}

/* Tells screen readers; the region is in every page's frame, and in each dialog, behind which nothing is heard. */
export function announce(text) {
  const inDialog = [...document.querySelectorAll('dialog[open] > .announcements')].at(-1);
  const region = inDialog ?? document.getElementById('announcements');

  if (region) region.textContent = text;
}
