/*
 * What visitors and hosts do on the pages, each in one place. "root" is a page, or a frame of one.
 */
import { must, until } from './lib.mjs';

/* --- the slot picker -------------------------------------------------------------------------------------------------- */

export const dayButton = (root, date) => root.locator(`slot-picker button[data-date="${date}"]`);
export const timeButtons = (root) => root.locator('slot-picker .time-list button.time');
export const timeButton = (root, text) => timeButtons(root).filter({ has: root.locator(`text=/^${text}$/`) }).first();

export async function pickerReady(root) {
  await root.locator('slot-picker > [aria-busy="false"]').first().waitFor();
}

/* Shows the month of the date and chooses it. */
export async function chooseDay(root, date) {
  await pickerReady(root);
  for (let turns = 0; turns < 14 && !await dayButton(root, date).count(); turns += 1) {
    await root.locator('slot-picker').getByRole('button', { name: /^(Next month|Nächster Monat)/ }).click();
    await pickerReady(root);
  }
  await dayButton(root, date).click();
  await until(`${date} is chosen`, () => root.locator(`slot-picker td[aria-selected="true"] button[data-date="${date}"]`).count());
}

/* The texts of the times that are shown: ["09:00", "01:30 UTC−4", …]. */
export async function times(root) {
  return timeButtons(root).evaluateAll((buttons) => buttons.map((button) =>
    [...button.children].filter((child) => !child.matches('.unseen')).map((child) => child.textContent.trim()).join(' ')));
}

export async function chooseTime(root, text) {
  const shown = await times(root);
  const n = shown.findIndex((time) => time === text || time.startsWith(`${text} `));

  must(n >= 0, `there is no ${text} among ${shown.join(', ')}`);
  await timeButtons(root).nth(n).click();
}

export async function chooseZone(root, words, zone) {
  const box = root.getByRole('combobox').first();

  await box.click();
  await box.fill(words);
  await root.getByRole('option', { name: zone }).first().click();
}

/* --- the form of the booking page -------------------------------------------------------------------------------------- */

export async function fillIn(root, { name = 'Ann Example', email = 'ann@example.net', answers = {} } = {}) {
  await root.getByLabel(/^(Your name|Ihr Name|Name)/).fill(name);
  await root.getByLabel(/^(Your |Ihre )?E-?mail/i).fill(email);
  for (const [label, text] of Object.entries(answers)) await root.getByLabel(label).fill(text);
}

export const bookButton = (root) => root.locator('oc-booking form button.primary');
