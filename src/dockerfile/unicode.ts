// Go's character classes, which decide where words begin and end. JavaScript's differ: trim() and \s
// count U+FEFF as a space and U+0085 not.

const SPACE = "\\t\\n\\v\\f\\r \\x85\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const ONE_SPACE = new RegExp(`^[${SPACE}]$`);
const LEADING = new RegExp(`^[${SPACE}]+`);
const TRAILING = new RegExp(`[${SPACE}]$`);

/** Go's unicode.IsSpace, of one character. */
export function isSpace(char: string): boolean {
  return ONE_SPACE.test(char);
}

/** Go's unicode.IsDigit: digits of every script. */
export function isDigit(char: string): boolean {
  return /^\p{Nd}$/u.test(char);
}

export function trimSpaceStart(text: string): string {
  return text.replace(LEADING, "");
}

/** Go's strings.TrimSpace. */
export function trimSpace(text: string): string {
  let end = text.length;
  while (end > 0 && TRAILING.test(text[end - 1]!)) end -= 1;
  return trimSpaceStart(text.slice(0, end));
}
