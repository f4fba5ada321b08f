/*
 * <oc-team-turns>: who gets the next booking of a round robin and why, where each member stands, and what was decided before.
 * Property job: { one, members, ledger }, see team-data.js; the rules are in docs/teams.md.
 */
import { View, h } from '../view.js';
import { errorText, locale, t } from '../i18n.js';
import { formatDate, dateIn } from '../time.js';
import { currentUser } from './session.js';
import { loadLedger, nameIn, poolOf } from './team-data.js';
import { behindBy, highestLevel, nextTurns, shareOf, standingsOf } from './team-turn.js';
import { avatar } from './team-view.js';
import { percent } from './team-members.js';

const SHOWN = 6;

const dayOf = (instant) => formatDate(dateIn(Date.parse(instant), currentUser().timezone), { day: 'numeric', month: 'short', year: 'numeric' });
const list = (names) => new Intl.ListFormat(locale, { type: 'conjunction' }).format(names);

class Turns extends View {
  job = null;
  older = [];
  cursor = undefined;
  shown = SHOWN;
  error = null;

  get entries() {
    return [...this.job.ledger.entries, ...this.older];
  }

  async more() {
    const cursor = this.cursor === undefined ? this.job.ledger.nextCursor : this.cursor;

    if (this.shown + 20 <= this.entries.length || !cursor) return this.set({ shown: this.shown + 20 });
    try {
      const { entries, nextCursor } = await loadLedger(this.job.one.id, cursor);
      this.set({ older: [...this.older, ...entries], cursor: nextCursor, shown: this.shown + 20, error: null });
    } catch (error) {
      this.set({ error });
    }
    return undefined;
  }

  get hasMore() {
    return this.entries.length > this.shown || Boolean(this.cursor === undefined ? this.job.ledger.nextCursor : this.cursor);
  }

  view() {
    const { one, members } = this.job;
    const pool = poolOf(one, members);
    const standing = standingsOf(this.entries);
    const turns = nextTurns(one.assignment, pool, one.roundRobinCursor, standing, Math.max(5, pool.length));

    return h('section', { class: 'card stack', 'aria-labelledby': 'team-turns' },
      h('h2', { id: 'team-turns' }, t('teams.turns.title')),
      pool.length === 0
        ? h('p', { class: 'note warn' }, t('teams.turns.nobody'))
        : [this.next(pool, standing, turns), pool.length > 1 && this.order(turns), this.standings(pool, standing)],
      this.ledger());
  }

  next(pool, standing, [userId]) {
    const { members, one } = this.job;
    const name = nameIn(members, userId);

    return h('div', { class: 'row next-host', key: 'next' },
      avatar(members.find((member) => member.userId === userId), 'large'),
      h('div', { class: 'grow stack tight' },
        h('p', { class: 'strong next-name' }, t('teams.turns.next', { name })),
        h('p', null, this.reason(pool, standing, userId, name)),
        one.assignment !== 'cursor' && highestLevel(pool).length < pool.length &&
          h('p', { class: 'quiet' }, t('teams.turns.level', { names: list(highestLevel(pool).map((one) => nameIn(members, one.userId))) })),
        pool.length > 1 && h('p', { class: 'quiet' }, t('teams.turns.busy', { name }))));
  }

  /* Why this one, in a sentence. */
  reason(pool, standing, userId, name) {
    const { one, members } = this.job;
    const { lastAt } = standing(userId);
    const last = pool.find(({ position }) => position === one.roundRobinCursor);

    if (pool.length === 1) return t('teams.turns.why.only', { name });
    if (one.assignment === 'cursor')
      return one.roundRobinCursor === 0 ? t('teams.turns.why.first', { name })
        : last ? t('teams.turns.why.cursor', { name, last: nameIn(members, last.userId) }) : t('teams.turns.why.cursorOn', { name });
    if (one.assignment === 'least_recent')
      return lastAt ? t('teams.turns.why.leastRecent', { name, date: dayOf(lastAt) }) : t('teams.turns.why.never', { name });
    return t('teams.turns.why.weighted', {
      name, share: percent(shareOf('weighted', pool, userId)), distance: distanceText(behindBy(pool, standing, userId)),
    });
  }

  order(turns) {
    const { members } = this.job;

    return h('div', { class: 'stack tight', key: 'order' },
      h('h3', null, t('teams.turns.order')),
      h('ol', { class: 'plain turn-order' }, turns.map((userId, i) => h('li', { key: i },
        avatar(members.find((member) => member.userId === userId), i ? '' : 'first'), h('span', { class: 'small' }, nameIn(members, userId))))),
      h('p', { class: 'quiet small' }, t('teams.turns.ifFree')));
  }

  standings(pool, standing) {
    const { one, members } = this.job;
    const isKnown = !this.hasMoreToLoad;

    return h('div', { class: 'table-scroll', key: 'standings', role: 'region', tabindex: '0', 'aria-label': t('teams.turns.standings') },
      h('table', { class: 'standings' },
        h('caption', { class: 'unseen' }, t('teams.turns.standings')),
        h('thead', null, h('tr', null, ['member', 'share', 'count', 'last', ...(one.assignment === 'weighted' ? ['distance', 'weight'] : []),
          ...(one.assignment === 'cursor' ? [] : ['priority'])].map((name) =>
          h('th', { scope: 'col', key: name }, t(`teams.turns.columns.${name}`))))),
        h('tbody', null, pool.map((part) => {
          const { count, lastAt } = standing(part.userId);

          return h('tr', { key: part.userId },
            h('th', { scope: 'row' }, nameIn(members, part.userId)),
            h('td', { class: 'numbers' }, percent(shareOf(one.assignment, pool, part.userId))),
            h('td', { class: 'numbers' }, isKnown ? String(count) : t('teams.turns.atLeast', { count })),
            h('td', null, lastAt ? dayOf(lastAt) : t(isKnown ? 'teams.turns.never' : 'teams.turns.longAgo')),
            one.assignment === 'weighted' && [
              h('td', { key: 'distance' }, distanceText(behindBy(pool, standing, part.userId))),
              h('td', { class: 'numbers', key: 'weight' }, String(part.weight))],
            one.assignment !== 'cursor' && h('td', { key: 'priority' }, t(`teams.priorities.${part.priority}`)));
        }))));
  }

  get hasMoreToLoad() {
    return Boolean(this.cursor === undefined ? this.job.ledger.nextCursor : this.cursor);
  }

  /* --- what was decided --- */

  ledger() {
    const entries = this.entries.slice(0, this.shown);

    return h('div', { class: 'stack tight', key: 'ledger' },
      h('h3', null, t('teams.turns.ledger')),
      entries.length === 0 && h('p', { class: 'quiet' }, t('teams.turns.empty')),
      h('ol', { class: 'plain ledger' }, entries.map((entry) => this.entry(entry))),
      this.error && h('p', { class: 'note bad', role: 'alert' }, errorText(this.error)),
      this.hasMore && h('p', null, h('button', { type: 'button', class: 'small', onclick: () => this.more() }, t('teams.turns.more'))));
  }

  entry({ entryNo, kind, reason, userId, candidates, createdAt }) {
    const { members } = this.job;
    const others = candidates.filter((one) => one.userId !== userId).map((one) => nameIn(members, one.userId));

    return h('li', { key: entryNo, class: `entry ${kind}` },
      h('span', { class: 'quiet small numbers entry-date' }, dayOf(createdAt)),
      h('div', { class: 'stack tight' },
        h('p', null, t(`teams.turns.entries.${kind}.${reason}`, { name: nameIn(members, userId) })),
        kind === 'pick' && h('p', { class: 'quiet small' },
          others.length ? t('teams.turns.among', { names: list(others) }) : t('teams.turns.alone'))));
  }
}

/* "0.6 meetings behind" */
function distanceText(meetings) {
  const count = Math.round(Math.abs(meetings) * 10) / 10;

  if (count === 0) return t('teams.turns.even');
  return t(meetings > 0 ? 'teams.turns.behind' : 'teams.turns.ahead', { count });
}

customElements.define('oc-team-turns', Turns);
