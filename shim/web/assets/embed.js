/*
 * A page inside another one: tells the page around it how high it is, that something was booked, and Escape. Only to the origin
 * that the server was asked to allow (data-embed on the root), and never a token, a name or an address.
 */
const origin = document.documentElement.dataset.embed;
const isEmbedded = Boolean(origin) && window.parent !== window;

/* What is no origin, though it looks like one, is told nothing. */
function tell(message) {
  if (!isEmbedded) return;
  try {
    window.parent.postMessage(message, origin);
  } catch (error) {
    console.warn(error);
  }
}

export function tellBooked({ username, teamSlug, eventSlug, startsAt, endsAt }) {
  tell({ type: 'opencalendly:booked', username, teamSlug, eventSlug, startsAt, endsAt });
}

if (isEmbedded) {
  new ResizeObserver(() => {
    tell({ type: 'opencalendly:resize', height: Math.ceil(document.body.getBoundingClientRect().height) });
  }).observe(document.body);
  /* a popup closes by Escape wherever the focus is; what uses the key here itself keeps it */
  addEventListener('keydown', ({ key, defaultPrevented }) => {
    if (key === 'Escape' && !defaultPrevented && !document.querySelector('dialog[open]')) tell({ type: 'opencalendly:close' });
  });
}
