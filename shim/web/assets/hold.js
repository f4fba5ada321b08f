/*
 * A hold: a slot kept for the visitor while they type. One at a time; taking another slot gives the first back. One that is
 * left runs out by itself: it is not given back when the page goes away, since that may be a reload, which finds it again.
 *
 * state: none · asking · held · unheld (the limit of holds is reached: go on without) · failed (offline, 503: error says)
 * · ended (it ran out). take() throws when the slot is taken (OC001) or not offered any more (OC002).
 */
import { post } from './api.js';

export class Hold {
  state = 'none';
  token = null;
  expiresAt = null;
  startsAt = null;
  error = null;

  /* names: the members of POST /v0/holds but startsAt; onchange: called when anything here has changed. */
  constructor(names, clock, onchange) {
    Object.assign(this, { names, clock, onchange });
  }

  get isLive() {
    return this.token !== null && Date.parse(this.expiresAt) > this.clock();
  }

  /* The hold that this tab had before it was loaded anew. */
  restore({ token, expiresAt, startsAt }) {
    Object.assign(this, { token, expiresAt, startsAt });
    this.state = this.isLive ? 'held' : 'ended';
  }

  /* One after the other, so that each gives back what the one before got. */
  take(startsAt) {
    const earlier = this.last;

    this.last = (async () => {
      await earlier?.catch(() => {});
      await this.ask(startsAt);
    })();
    return this.last;
  }

  async ask(startsAt) {
    if (this.isLive && this.startsAt === startsAt) {
      this.change({ state: 'held' });
      return;
    }
    this.change({ state: 'asking', error: null });
    try {
      const replaces = this.token ?? undefined;
      const { holdToken, expiresAt } = await post('/v0/holds', { ...this.names, startsAt, replaces });

      this.change({ state: 'held', token: holdToken, expiresAt, startsAt });
    } catch (error) {
      this.refused(error);
    }
  }

  refused(error) {
    if (error.status === 429) this.change({ state: 'unheld' });
    else if (error.status === 0 || error.status >= 500) this.change({ state: 'failed', error });
    else {
      this.change({ state: 'none' });
      throw error;
    }
  }

  end() {
    this.change({ state: 'ended' });
  }

  change(fields) {
    Object.assign(this, fields);
    this.onchange();
  }
}
