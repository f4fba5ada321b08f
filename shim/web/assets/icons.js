/* The few pictures of the pages, as inline SVG that takes the colour of its text. They say nothing that words do not. */
import { h } from './view.js';

const paths = {
  before: ['M15 5l-7 7 7 7'],
  after: ['M9 5l7 7-7 7'],
  down: ['M6 9l6 6 6-6'],
  globe: ['M12 3a9 9 0 100 18 9 9 0 000-18z', 'M3 12h18', 'M12 3c3 3 3.5 6 3.5 9s-.5 6-3.5 9c-3-3-3.5-6-3.5-9s.5-6 3.5-9z'],
  clock: ['M12 3a9 9 0 100 18 9 9 0 000-18z', 'M12 7v5l3.5 2'],
};

/* "before" and "after" point the other way where text runs from right to left (class "turns"). */
export function icon(name) {
  const turns = name === 'before' || name === 'after';

  return h('svg', {
    class: `icon ${name}${turns ? ' turns' : ''}`, viewBox: '0 0 24 24', width: 20, height: 20, fill: 'none', stroke: 'currentColor',
    'stroke-width': 2, 'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true',
  }, paths[name].map((d) => h('path', { d })));
}
