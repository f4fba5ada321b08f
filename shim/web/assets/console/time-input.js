/* A text field for a time of day: arrow keys step by a quarter of an hour, and what was understood is written out on leaving. */
import { h } from '../view.js';
import { minuteOf, minuteText, stepped } from './time-text.js';

export function timeInput({ id, label, text, isEnd = false, error, describedBy, oninput }) {
  return h('input', {
    id, class: 'clock-time numbers', value: text, 'aria-label': label, autocomplete: 'off', maxlength: 12, spellcheck: 'false',
    'aria-invalid': error ? 'true' : null, 'aria-describedby': describedBy,
    oninput: (event) => oninput(event.target.value),
    onchange: (event) => {
      const minute = minuteOf(event.target.value, isEnd);
      if (minute !== null) oninput(minuteText(minute));
    },
    /* shown anew with its error, which waits until the field is left */
    onblur: (event) => minuteOf(event.target.value, isEnd) === null && oninput(event.target.value),
    onkeydown: (event) => {
      const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!direction) return;
      event.preventDefault();
      oninput(stepped(event.target.value, isEnd, direction));
    },
  });
}
