const NAMED: Readonly<Record<string, string>> = {
  '"': '\\"', "\\": "\\\\", "\u0007": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
};

/** What stands for itself. To make the pattern of all that does takes milliseconds, and most texts consist of these. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** A text in double quotes as Go's %q prints it (strconv.Quote). */
export function goQuote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  return `"${text.replace(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, escapeChar)}"`;
}

/** A list of texts as Go's %q prints it: `["a" "b"]`. */
export function goQuoteList(texts: readonly string[]): string {
  return `[${texts.map(goQuote).join(" ")}]`;
}

function escapeChar(char: string): string {
  const code = char.codePointAt(0)!;
  if (NAMED[char] !== undefined) return NAMED[char];
  if (code < 0x80) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function hex(code: number, width: number): string {
  return code.toString(16).padStart(width, "0");
}
