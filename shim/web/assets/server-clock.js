/* The server's clock, however wrong the visitor's is: from what it read when the page was made. Milliseconds. */
export function serverClock(now) {
  const ahead = now ? Date.parse(now) - Date.now() : 0;

  return () => Date.now() + ahead;
}
