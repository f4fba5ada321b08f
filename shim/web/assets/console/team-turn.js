/*
 * Whose turn it is in a round robin, told from its ledger by the rules of docs/teams.md. The server picks, among those
 * who are free; this tells where each member stands, and who would come in which order if everybody were free.
 *
 * A member of the pool: { userId, position, weight, priority }. A standing: { credits, lastPick, lastAt, count }: lastPick is
 * the number of the last pick that counts (0: none), count how many of those that are known count.
 */

const nothing = () => ({ credits: 0, lastPick: 0, lastAt: null, count: 0 });

/* What a pick has done to the credits of each: those of the picked one's level share it. */
function deltasOf(pick) {
  const deltas = new Map();
  if (pick.creditsBefore === pick.creditsAfter) return deltas;
  const level = pick.candidates.find(({ userId }) => userId === pick.userId)?.priority;

  for (const { userId, priority, weight } of pick.candidates) {
    if (priority !== level) continue;
    deltas.set(userId, (deltas.get(userId) ?? 0) + weight);
    deltas.set(pick.userId, (deltas.get(pick.userId) ?? 0) - weight);
  }
  return deltas;
}

function givePick(of, entry) {
  for (const { userId, credits, lastPick } of entry.candidates) {
    const before = of(userId);

    /* what an entry says of before is right, even where older entries are not known */
    before.credits = credits;
    before.lastPick = lastPick;
  }
  for (const [userId, delta] of deltasOf(entry)) of(userId).credits += delta;
  Object.assign(of(entry.userId), { lastPick: entry.entryNo, lastAt: entry.createdAt });
  of(entry.userId).count += 1;
}

/* A pick that is given back: the one before it is the last again. */
function takeBack(of, picks, entry) {
  const pick = picks.get(entry.pickNo);

  if (pick) {
    for (const [userId, delta] of deltasOf(pick)) of(userId).credits -= delta;
    of(entry.userId).count -= 1;
    picks.delete(entry.pickNo);
  } else of(entry.userId).credits = entry.creditsAfter;
  const last = [...picks.values()].filter(({ userId }) => userId === entry.userId).at(-1);

  Object.assign(of(entry.userId), { lastPick: last?.entryNo ?? 0, lastAt: last?.createdAt ?? null });
}

/* Where each stands after the entries, given newest first: a function of the user's id. */
export function standingsOf(entries) {
  const standings = new Map();
  const picks = new Map();
  const of = (userId) => {
    if (!standings.has(userId)) standings.set(userId, nothing());
    return standings.get(userId);
  };

  for (const entry of [...entries].reverse()) {
    if (entry.kind === 'pick') {
      picks.set(entry.entryNo, entry);
      givePick(of, entry);
    } else if (entry.kind === 'return') takeBack(of, picks, entry);
  }
  return (userId) => standings.get(userId) ?? nothing();
}

const byPosition = (a, b) => a.position - b.position;

/* Those whom the rules least_recent and weighted ask first. */
export const highestLevel = (pool) => {
  const level = Math.max(...pool.map(({ priority }) => priority));

  return pool.filter(({ priority }) => priority === level);
};

function dueFirst(level) {
  const weights = level.reduce((sum, { weight }) => sum + weight, 0);
  const credits = level.reduce((sum, one) => sum + one.credits, 0);
  const due = ({ weight, credits: own }) => (weights - own) / weight;

  return level.filter((one) => weights * one.credits + (weights - credits) * one.weight > 0)
    .reduce((best, one) => (best && due(best) <= due(one) ? best : one), undefined);
}

function pickOf(rule, pool, cursor) {
  if (rule === 'cursor') return pool.find(({ position }) => position > cursor) ?? pool[0];
  const level = highestLevel(pool);

  if (rule === 'weighted') return dueFirst(level);
  return level.reduce((best, one) => (best.lastPick <= one.lastPick ? best : one));
}

/*
 * The user ids of the next n picks if all of the pool are free each time. rule: "cursor", "least_recent", "weighted";
 * standing: a function of standingsOf.
 */
export function nextTurns(rule, pool, cursor, standing, n) {
  const line = [...pool].sort(byPosition).map((one) => ({ ...one, ...standing(one.userId) }));
  const turns = [];
  let at = cursor;
  let number = Math.max(0, ...line.map(({ lastPick }) => lastPick));

  while (line.length && turns.length < n) {
    const picked = pickOf(rule, line, at);
    const level = rule === 'weighted' ? highestLevel(line) : [];

    for (const one of level) {
      one.credits += one.weight;
      picked.credits -= one.weight;
    }
    at = picked.position;
    picked.lastPick = number += 1;
    turns.push(picked.userId);
  }
  return turns;
}

/* The part of the meetings that a member of the pool gets when all are free, 0 to 1. */
export function shareOf(rule, pool, userId) {
  const level = rule === 'cursor' ? pool : highestLevel(pool);
  const own = level.find((one) => one.userId === userId);
  const weight = (one) => (rule === 'weighted' ? one.weight : 1);

  return own ? weight(own) / level.reduce((sum, one) => sum + weight(one), 0) : 0;
}

/* How many meetings a member is behind (above 0) or ahead (below 0) of the share that weights give. */
export function behindBy(pool, standing, userId) {
  const level = highestLevel(pool);
  const weights = level.reduce((sum, { weight }) => sum + weight, 0);
  const credits = level.reduce((sum, one) => sum + standing(one.userId).credits, 0);
  const own = level.find((one) => one.userId === userId);

  return own ? (standing(userId).credits - credits * own.weight / weights) / weights : 0;
}
