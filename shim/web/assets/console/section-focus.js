/*
 * The focus at the beginning of a section. A section may have its heading only once it has loaded something, or make it anew
 * then: for a moment the heading is looked for again, until the person does something.
 */
import { focusOn } from '../view.js';

const PATIENCE = 3000;
const ACTS = ['keydown', 'pointerdown'];

/* Moves the focus to what the selector finds in the host, and again if it is lost soon. */
export function focusBeginning(host, selector) {
  const before = document.activeElement;
  const look = () => [before, document.body].includes(document.activeElement) && focusOn(host, selector);
  const observer = new MutationObserver(look);
  const stop = () => {
    observer.disconnect();
    for (const type of ACTS) removeEventListener(type, stop, true);
  };

  observer.observe(host, { childList: true, subtree: true });
  for (const type of ACTS) addEventListener(type, stop, true);
  setTimeout(stop, PATIENCE);
  look();
}
