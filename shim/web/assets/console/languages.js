/* [{ code, name, isCurrent }] of all languages that there are messages in, as the page has it. */
export const LANGUAGES = JSON.parse(document.getElementById('languages').textContent);
