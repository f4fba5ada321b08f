/* What a tab remembers over a reload (sessionStorage). Where the browser forbids it, as in some embeds, nothing is kept. */
export function recall(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}

export function remember(key, value) {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
  } catch { /* nothing is kept */ }
}

export function forget(key) {
  try {
    sessionStorage.removeItem(key);
  } catch { /* nothing was kept */ }
}
