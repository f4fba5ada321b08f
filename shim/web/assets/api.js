/*
 * Calls to the HTTP API (docs/http.md). An answer that is not "ok" becomes an ApiError; so does a network that is away
 * (code "offline"). Requests of a page signed in by cookie need nothing more: the cookie is the browser's.
 */

export class ApiError extends Error {
  constructor({ status, code, message, field, retryAfter, body }) {
    super(message);
    Object.assign(this, { status, code, field, retryAfter, body });
  }
}

/*
 * method and path as in the API; options: body (an object), key (Idempotency-Key), match (If-Match), headers, signal.
 * Returns the JSON, with its ETag as "etag" where there is one.
 */
export async function call(method, path, { body, key, match, headers = {}, signal } = {}) {
  const sent = { ...headers };
  let response;
  let json;

  if (body !== undefined) sent['Content-Type'] = 'application/json';
  if (key) sent['Idempotency-Key'] = key;
  if (match) sent['If-Match'] = `"${match}"`;
  try {
    response = await fetch(path, { method, headers: sent, signal, body: body === undefined ? undefined : JSON.stringify(body) });
    json = await response.json();
  } catch (cause) {
    if (cause.name === 'AbortError') throw cause;
    /* an answer that was cut off tells as little as none */
    if (!response || response.ok) throw new ApiError({ status: 0, code: 'offline', message: cause.message });
    json = { ok: false, error: response.statusText, code: `HTTP_${response.status}` };
  }
  if (json.ok === true) {
    const etag = response.headers.get('ETag');
    return etag ? { ...json, etag: etag.replace(/^W\//, '').replaceAll('"', '') } : json;
  }
  throw new ApiError({
    status: response.status, code: json.code, message: json.error, field: json.field, body: json,
    retryAfter: Number(response.headers.get('Retry-After')) || undefined,
  });
}

export const get = (path, options) => call('GET', path, options);
export const post = (path, body = {}, options = {}) => call('POST', path, { ...options, body });
export const put = (path, body, options = {}) => call('PUT', path, { ...options, body });
export const patch = (path, body, options = {}) => call('PATCH', path, { ...options, body });
export const del = (path, options) => call('DELETE', path, options);

/* "?a=1&b=2" of what is not null. */
export function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== '');

  return given.length ? `?${new URLSearchParams(given)}` : '';
}

/* A key for Idempotency-Key. */
export const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
