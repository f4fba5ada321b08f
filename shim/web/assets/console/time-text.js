/* Times of day as a host types them: "9", "9:30", "17.30", "1730", "5 pm", "24:00" for the end of a day. */
import { formatMinute } from '../time.js';

const WRITTEN = /^(\d{1,2})(?:\s?[:.h]\s?)?(\d{2})?\s*(?:uhr)?\s*(?:([ap])\.?\s?m?\.?)?$/;

/* The minute of the day, 0 to 1439, as an end 1 to 1440; null for what is no time. */
export function minuteOf(text, isEnd = false) {
  const [, hourText, minuteText = '0', half] = WRITTEN.exec(text.trim().toLowerCase()) ?? [];
  let hour = Number(hourText);

  if (hourText === undefined || Number(minuteText) > 59 || hour > 24) return null;
  if (half && (hour < 1 || hour > 12)) return null;
  if (half) hour = (hour % 12) + (half === 'p' ? 12 : 0);
  const minute = hour * 60 + Number(minuteText);

  if (isEnd) return minute === 0 ? 1440 : minute <= 1440 ? minute : null;
  return minute < 1440 ? minute : null;
}

export const minuteText = (minute) => formatMinute(minute);

/* The text after the up or down key: a quarter of an hour on or back, onto the quarters. */
export function stepped(text, isEnd, direction) {
  const minute = minuteOf(text, isEnd);

  if (minute === null) return text;
  const next = direction > 0 ? Math.floor(minute / 15) * 15 + 15 : Math.ceil(minute / 15) * 15 - 15;
  const [least, most] = isEnd ? [15, 1440] : [0, 1425];

  return minuteText(Math.min(most, Math.max(least, next)));
}
