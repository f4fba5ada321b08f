/* What the stand-ins of mail have in common: how they are told things and tell them (t/lib/Mail.pm). */
import readline from 'node:readline';

export const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

/* orders: functions by name; each answers the order that names it. Whoever started us holds our standard input open. */
export function obey(orders) {
  readline.createInterface({ input: process.stdin })
    .on('line', async (line) => {
      const order = JSON.parse(line);

      say({ done: order.number, result: await orders[order.do](order) });
    })
    .on('close', () => process.exit());
}
