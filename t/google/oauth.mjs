/*
 * Accounts, consents and tokens: npm's emulate does what it does (the page of consent, PKCE, codes that are good once,
 * refreshing, revoking), and here is what it does not look at: our client, redirect_uri at the exchange, whether an access
 * token is one, and how long.
 */
import { randomBytes } from 'node:crypto';
import { error, oauthError } from './errors.mjs';

const REALM = { 'www-authenticate': 'Bearer realm="https://accounts.google.com/"' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

export const SCOPE = 'https://www.googleapis.com/auth/calendar';
export const SCOPES = ['openid', 'email', `${SCOPE}.events`, `${SCOPE}.freebusy`, `${SCOPE}.calendarlist.readonly`];

export class Accounts {
  #codes = new Map();
  #grants = new Map();
  #tokens = new Map();
  #renamed = new Map();
  #last = new Map();

  constructor(emulate, client, settings) {
    Object.assign(this, { emulate, client, settings });
  }

  answer(request) {
    const { method, host, path } = request;

    if (host === 'accounts.google.com' && method === 'GET' && path === '/o/oauth2/v2/auth') return this.#ask(request);
    if (host === 'accounts.google.com' && method === 'POST' && path === '/o/oauth2/v2/auth/callback') return this.#consent(request);
    if (host === 'accounts.google.com' && path.startsWith('/_emulate/')) return this.emulate(method, path, {});
    if (host === 'oauth2.googleapis.com' && method === 'POST' && path === '/token') return this.#token(request);
    if (host === 'oauth2.googleapis.com' && method === 'POST' && path === '/revoke') return this.#revoke(request);
    return { status: 404, headers: {}, body: '' };
  }

  #ask({ query, url }) {
    const isRight = query.client_id === this.client.id && query.response_type === 'code' && query.redirect_uri && query.scope
      && (!query.code_challenge || query.code_challenge_method === 'S256');

    return isRight ? this.emulate('GET', url, {}) : { status: 400, headers: { 'content-type': 'text/html' }, body: 'Error 400: invalid_request' };
  }

  async #consent({ form }) {
    const { denies, granted } = this.settings;
    const scope = (granted ?? form.scope.split(' ')).join(' ');

    if (denies) {
      const back = new URL(form.redirect_uri);

      back.searchParams.set('error', 'access_denied');
      back.searchParams.set('state', form.state);
      return { status: 302, headers: { location: back.href }, body: '' };
    }
    const answer = await this.emulate('POST', '/o/oauth2/v2/auth/callback', FORM, String(new URLSearchParams({ ...form, scope })));
    const back = new URL(answer.headers.location);

    this.#codes.set(back.searchParams.get('code'), { email: form.email, redirect: form.redirect_uri });
    back.searchParams.set('scope', scope);
    return { ...answer, headers: { location: back.href } };
  }

  /* A refresh token that has taken another's place stands for it; the other is dead. */
  async #token({ form: asked }) {
    const code = this.#codes.get(asked.code);
    const renamed = this.#renamed.get(asked.refresh_token);
    const form = { ...asked, ...renamed && { refresh_token: renamed } };

    if (form.client_id !== this.client.id || form.client_secret !== this.client.secret) return oauthError(401, 'invalid_client');
    if (code && code.redirect !== form.redirect_uri) return oauthError(400, 'redirect_uri_mismatch');
    if ((this.#last.get(form.refresh_token) ?? asked.refresh_token) !== asked.refresh_token) return oauthError(400, 'invalid_grant');
    const answer = await this.emulate('POST', '/oauth2/token', FORM, String(new URLSearchParams(form)));

    if (answer.status !== 200) return answer;
    const told = { ...JSON.parse(answer.body), expires_in: this.settings.expiresIn };
    const grant = told.refresh_token ?? form.refresh_token;

    if (told.refresh_token) this.#grants.set(grant, { email: code.email });
    this.#tokens.set(told.access_token, { email: this.#grants.get(grant).email, grant, scopes: told.scope.split(' '),
      until: Date.now() + told.expires_in * 1000 });
    if (this.settings.givesNoRefreshToken) delete told.refresh_token;
    else if (this.settings.rotates && !told.refresh_token) told.refresh_token = this.#rename(grant);
    return { status: 200, headers: {}, body: told };
  }

  #rename(grant) {
    const name = `google_refresh_${randomBytes(24).toString('base64url')}`;

    this.#renamed.set(name, grant);
    this.#last.set(grant, name);
    return name;
  }

  /* It ends all that this account has given us. */
  async #revoke({ form }) {
    const token = this.#renamed.get(form.token) ?? form.token;
    const grant = this.#grants.has(token) ? token : this.#tokens.get(token)?.grant;

    if (!grant) return oauthError(400, 'invalid_token');
    await this.withdraw(this.#grants.get(grant));
    return { status: 200, headers: {}, body: {} };
  }

  async #end(grant) {
    await this.emulate('POST', '/oauth2/revoke', FORM, String(new URLSearchParams({ token: grant })));
    this.#grants.delete(grant);
    for (const [token, { grant: its }] of this.#tokens) if (its === grant) this.#tokens.delete(token);
  }

  /* Who has sent a request: {email}, or the answer that it gets. Any of the scopes will do. */
  whoIs({ headers }, scopes) {
    const token = this.#tokens.get(/^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]);

    if (!token || token.until <= Date.now()) return error(401, 'authError', 'Invalid Credentials', REALM);
    return token.scopes.some((scope) => scopes.includes(scope)) ? { email: token.email }
      : error(403, 'insufficientPermissions', 'Request had insufficient authentication scopes.');
  }

  /* The tokens of somebody who has consented, as if by the page. */
  async grant({ email, scopes = SCOPES, redirect = 'http://localhost/' }) {
    const { headers } = await this.emulate('POST', '/o/oauth2/v2/auth/callback', FORM,
      String(new URLSearchParams({ email, redirect_uri: redirect, scope: scopes.join(' '), client_id: this.client.id })));
    const code = new URL(headers.location).searchParams.get('code');

    this.#codes.set(code, { email, redirect });
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirect, client_id: this.client.id,
      client_secret: this.client.secret };
    const { body } = await this.#token({ form });
    const { sub } = JSON.parse(Buffer.from(body.id_token.split('.')[1], 'base64url'));

    return { ...body, account_id: sub };
  }

  /* Ends the access tokens of somebody before their time. */
  expire({ email }) {
    for (const token of this.#tokens.values()) if (token.email === email) token.until = 0;
  }

  /* Somebody takes all consents back. */
  async withdraw({ email }) {
    for (const [grant, { email: whose }] of this.#grants) if (whose === email) await this.#end(grant);
  }

  grants({ email }) {
    return [...this.#grants.values()].filter(({ email: whose }) => whose === email).length;
  }
}
