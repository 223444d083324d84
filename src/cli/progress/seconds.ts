/** `1.2s`, as BuildKit shows how long a step took. */
export function shortSeconds(milliseconds: number): string {
  return `${(Math.max(0, milliseconds) / 1000).toFixed(1)}s`;
}

/** The time in front of a log line: three decimals, at most five characters: `0.123`, `12.34`, `123.4`. */
export function logSeconds(milliseconds: number): string {
  const text = (Math.max(0, milliseconds) / 1000).toFixed(3);
  return text.length <= 5 ? text : text.slice(0, Math.max(5, text.indexOf("."))).replace(/\.$/, "");
}
