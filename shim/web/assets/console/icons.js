/*
 * The console's icons: lines on a 20 × 20 grid, in the colour of the text; said by the words beside them, or by the label of
 * the button that they are on.
 */
import { h } from '../view.js';

const PATHS = {
  bookings: 'M3 5 H17 V17 H3 Z M3 8.5 H17 M7 2.5 V6 M13 2.5 V6',
  eventTypes: 'M4 10 H16 M4 5 H16 M4 15 H11',
  hours: 'M10 2.5 A7.5 7.5 0 1 1 9.99 2.5 Z M10 6 V10.3 L13 12',
  calendars: 'M17 9 V5 H3 V17 H9 M3 8.5 H17 M7 2.5 V6 M13 2.5 V6'
    + ' M11.5 14 A3.2 3.2 0 0 1 17 12.2 M17.5 10.2 V12.6 H15.2 M18 15 A3.2 3.2 0 0 1 12.6 17 M12.1 19 V16.6 H14.4',
  teams: 'M7.5 9 A2.8 2.8 0 1 0 7.49 9 Z M2.5 16.5 C2.5 10.5 12.5 10.5 12.5 16.5 M13 9 A2.4 2.4 0 1 0 12.4 4.3'
    + ' M14.5 12 C16.5 12.5 17.5 14 17.5 16.5',
  explain: 'M10 2.5 A7.5 7.5 0 1 1 9.99 2.5 Z M7.7 7.8 C7.9 4.9 12.4 5 12.3 7.9 C12.2 9.8 10 9.7 10 11.7 M10 14.4 V14.5',
  webhooks: 'M6 14 A2.5 2.5 0 1 0 5.9 14 M6 11.5 L9.5 6 M10 8.5 A2.5 2.5 0 1 0 9.9 8.5'
    + ' M11 8 L14.5 12.5 M14.5 17 A2.5 2.5 0 1 0 14.4 17 M8.5 14.5 H12',
  profile: 'M10 10 A3.5 3.5 0 1 0 9.99 10 Z M3.5 17.5 C3.5 11 16.5 11 16.5 17.5',
  menu: 'M3 5.5 H17 M3 10 H17 M3 14.5 H17',
  close: 'M5 5 L15 15 M15 5 L5 15',
  previous: 'M12.5 4 L6.5 10 L12.5 16',
  next: 'M7.5 4 L13.5 10 L7.5 16',
  check: 'M4 10.5 L8.5 15 L16 5.5',
  leave: 'M8 4 H4 V16 H8 M8 10 H17 M13.5 6.5 L17 10 L13.5 13.5',
  video: 'M2.5 6 H12.5 V14 H2.5 Z M12.5 9 L17.5 6.5 V13.5 L12.5 11',
  phone: 'M5 2.5 L8 3 L8.5 7 L6.5 8.5 C7.5 10.8 9.2 12.5 11.5 13.5'
    + ' L13 11.5 L17 12 L17.5 15 C17 17 15.5 17.5 14 17.3 C8 16.5 3.5 12 2.7 6 C2.5 4.5 3 3 5 2.5 Z',
  in_person: 'M10 17.5 C6 13 4.5 10.5 4.5 8 A5.5 5.5 0 0 1 15.5 8 C15.5 10.5 14 13 10 17.5 Z M10 9.8 A1.9 1.9 0 1 0 9.99 9.8 Z',
  custom: 'M3 4 H17 V14 H9 L5.5 17 V14 H3 Z',
  add: 'M10 4 V16 M4 10 H16',
  copy: 'M7 7 H16 V16 H7 Z M4 13 V4 H13',
  up: 'M5 12 L10 7 L15 12',
  down: 'M5 8 L10 13 L15 8',
  link: 'M8.5 11.5 L11.5 8.5 M9 6 L11 4 A3.5 3.5 0 0 1 16 9 L14 11 M11 14 L9 16 A3.5 3.5 0 0 1 4 11 L6 9',
  embed: 'M7 6 L3 10 L7 14 M13 6 L17 10 L13 14',
  open: 'M11 4 H16 V9 M16 4 L9 11 M14 12 V16 H4 V6 H8',
  bin: 'M4 6 H16 M8 6 V4 H12 V6 M6 6 L7 16 H13 L14 6',
  twice: 'M4 7 H11 V16 H4 Z M9 4 H16 V13 H13',
  off: 'M10 3 A7 7 0 1 1 9.99 3 M5 5 L15 15',
  swap: 'M4 7 H15 L12 4 M16 13 H5 L8 16',
  send: 'M3 10 L17 3.5 L12.5 17 L9.5 11.5 Z M9.5 11.5 L17 3.5',
  key: 'M7 13 A3.5 3.5 0 1 0 6.9 13 M9.5 10.5 L16.5 3.5 M13.5 6.5 L16 9',
  sync: 'M4 9.5 A6.2 6.2 0 0 1 15 6 M15.6 3 V6.4 H12.2 M16 10.5 A6.2 6.2 0 0 1 5 14 M4.4 17 V13.6 H7.8',
  edit: 'M4 16 L5 12 L13 4 L16 7 L8 15 Z',
};

export const icon = (name, size = 18) =>
  h('svg', { viewBox: '0 0 20 20', width: size, height: size, 'aria-hidden': 'true', class: `line-icon${turns(name)}` },
    h('path', { d: PATHS[name] }));

/* Arrows point the other way where the text runs from right to left. */
const turns = (name) => (name === 'previous' || name === 'next' || name === 'leave' ? ' turns' : '');

/* A square button that shows an icon and is called by its label. */
export const iconButton = (name, label, onclick, props = {}) =>
  h('button', { type: 'button', class: 'icon bare', 'aria-label': label, title: label, onclick, ...props }, icon(name));
