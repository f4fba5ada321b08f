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
import { button } from './section-parts.js';
import { avatar } from './team-view.js';
import { percent } from './team-members.js';

const SHOWN = 6;

const DAY = { day: 'numeric', month: 'short', year: 'numeric' };

const dayOf = (instant) => formatDate(dateIn(Date.parse(instant), currentUser().timezone), DAY);
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
    const level = one.assignment === 'cursor' ? pool : highestLevel(pool);

    return h('div', { class: 'row next-host', key: 'next' },
      avatar(members.find((member) => member.userId === userId), 'large'),
      h('div', { class: 'grow stack tight' },
        h('p', { class: 'strong next-name' }, t('teams.turns.next', { name })),
        h('p', null, this.reason(pool, standing, userId, name)),
        level.length < pool.length &&
          h('p', { class: 'quiet' }, t('teams.turns.level', { names: list(level.map((part) => nameIn(members, part.userId))) })),
        pool.length > 1 && h('p', { class: 'quiet' }, t('teams.turns.busy', { name }))));
  }

  /* Why this one, in a sentence. */
  reason(pool, standing, userId, name) {
    const { one, members } = this.job;
    const { lastAt } = standing(userId);
    const last = pool.find(({ position }) => position === one.roundRobinCursor);

    if (pool.length === 1) return t('teams.turns.why.only', { name });
    if (one.assignment === 'cursor' && last)
      return t('teams.turns.why.cursor', { name, last: nameIn(members, last.userId) });
    if (one.assignment === 'cursor') return t(`teams.turns.why.${one.roundRobinCursor === 0 ? 'first' : 'cursorOn'}`, { name });
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
        avatar(members.find((member) => member.userId === userId), i ? '' : 'first'),
        h('span', { class: 'small' }, nameIn(members, userId))))),
      h('p', { class: 'quiet small' }, t('teams.turns.ifFree')));
  }

  standings(pool, standing) {
    const title = t('teams.turns.standings');
    const columns = this.columns(pool, standing);

    return h('div', { class: 'table-scroll', key: 'standings', role: 'region', tabindex: '0', 'aria-label': title },
      h('table', { class: 'standings' },
        h('caption', { class: 'unseen' }, title),
        h('thead', null, h('tr', null, ['member', ...Object.keys(columns)].map((name) =>
          h('th', { scope: 'col', key: name }, t(`teams.turns.columns.${name}`))))),
        h('tbody', null, pool.map((part) => h('tr', { key: part.userId },
          h('th', { scope: 'row' }, nameIn(this.job.members, part.userId)),
          Object.entries(columns).map(([name, text]) => h('td', { key: name, class: 'numbers' }, text(part))))))));
  }

  /* The columns of the standings that the rule makes sense of: a text for a member of the pool. */
  columns(pool, standing) {
    const { assignment } = this.job.one;
    const isKnown = !this.hasMoreToLoad;
    const share = ({ userId }) => shareOf(assignment, pool, userId);
    const distance = (part) => (share(part) > 0 ? distanceText(behindBy(pool, standing, part.userId)) : '–');
    const count = ({ userId }) => standing(userId).count;
    const last = ({ userId }) => standing(userId).lastAt;

    return {
      share: (part) => percent(share(part)),
      count: (part) => (isKnown ? String(count(part)) : t('teams.turns.atLeast', { count: count(part) })),
      last: (part) => (last(part) ? dayOf(last(part)) : t(isKnown ? 'teams.turns.never' : 'teams.turns.longAgo')),
      ...(assignment === 'weighted' ? { distance, weight: ({ weight }) => String(weight) } : {}),
      ...(assignment === 'cursor' ? {} : { priority: ({ priority }) => t(`teams.priorities.${priority}`) }),
    };
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
      this.hasMore && h('p', null, button(t('teams.turns.more'), () => this.more(), { class: 'small' })));
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
