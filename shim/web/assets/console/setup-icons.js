/* The small line drawings on buttons of the setup sections; never without a text or a label beside them. */
import { h } from '../view.js';

const PATHS = {
  add: 'M10 4 V16 M4 10 H16',
  remove: 'M5 5 L15 15 M15 5 L5 15',
  copy: 'M7 7 H16 V16 H7 Z M4 13 V4 H13',
  up: 'M5 12 L10 7 L15 12',
  down: 'M5 8 L10 13 L15 8',
  previous: 'M12 4 L6 10 L12 16',
  next: 'M8 4 L14 10 L8 16',
  link: 'M8.5 11.5 L11.5 8.5 M9 6 L11 4 A3.5 3.5 0 0 1 16 9 L14 11 M11 14 L9 16 A3.5 3.5 0 0 1 4 11 L6 9',
  embed: 'M7 6 L3 10 L7 14 M13 6 L17 10 L13 14',
  open: 'M11 4 H16 V9 M16 4 L9 11 M14 12 V16 H4 V6 H8',
  bin: 'M4 6 H16 M8 6 V4 H12 V6 M6 6 L7 16 H13 L14 6',
  twice: 'M4 7 H11 V16 H4 Z M9 4 H16 V13 H13',
  clock: 'M10 3 A7 7 0 1 1 9.99 3 M10 6 V10 L13 12',
  off: 'M10 3 A7 7 0 1 1 9.99 3 M5 5 L15 15',
  swap: 'M4 7 H15 L12 4 M16 13 H5 L8 16',
  edit: 'M4 16 L5 12 L13 4 L16 7 L8 15 Z',
};

const MIRRORED = new Set(['previous', 'next']);

export const icon = (name) =>
  h('svg', {
    viewBox: '0 0 20 20', width: 18, height: 18, 'aria-hidden': 'true', class: `line-icon${MIRRORED.has(name) ? ' turns' : ''}`,
  }, h('path', { d: PATHS[name] }));

/* A square button that shows a drawing and is called by its label. */
export const iconButton = (name, label, onclick, props = {}) =>
  h('button', { type: 'button', class: 'icon bare', 'aria-label': label, title: label, onclick, ...props }, icon(name));
