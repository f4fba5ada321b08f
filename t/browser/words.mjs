/*
 * The words of the pages, for tests to look for:
 *
 *   const t = words();
 *   page.getByRole('button', { name: t('common.save') })
 */
import { readFileSync } from 'node:fs';

/* t(key, values) of a language, as shim/web/assets/i18n.js has it; values.count chooses the plural form. */
export function words(language = 'en') {
  const messages = JSON.parse(readFileSync(new URL(`../../shim/web/assets/messages/${language}.json`, import.meta.url), 'utf8'));
  const plurals = new Intl.PluralRules(language);

  return (key, values = {}) => {
    const found = key.split('.').reduce((part, name) => part?.[name], messages);
    const text = typeof found === 'object' ? found[plurals.select(values.count)] ?? found.other : found;

    if (text === undefined) throw new Error(`no message ${key}`);
    return text.replace(/\{(\w+)\}/g, (gap, name) => (name in values ? String(values[name]) : gap));
  };
}
