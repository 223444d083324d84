import type { SourceLocation } from "../std/fault.ts";

const RULE = "--------------------";
const CONTEXT_LINES = 4;

/**
 * The lines of a place with some around them, as BuildKit prints them: `file:line`, a rule, numbered lines
 * with `>>>` before the ones meant, a rule. Empty when the text has no such line. No line feed at the end.
 */
export function formatFrame(location: SourceLocation, options: { color?: boolean } = {}): string {
  const lines = location.text.split("\n");
  const { startLine } = location;
  const endLine = Math.min(Math.max(startLine, location.endLine), lines.length);
  if (startLine < 1 || startLine > lines.length) return "";
  const [first, last] = widen(startLine, endLine, lines.length);
  const paint = (text: string, code: number): string => (options.color ? `\u001b[${code}m${text}\u001b[39m` : text);
  const frame = lines.slice(first - 1, last).map((line, index) => {
    const number = first + index;
    const isMeant = number >= startLine && number <= endLine;
    const text = ` ${String(number).padStart(3)} | ${isMeant ? ">>>" : "   "} ${printable(line)}`;
    return isMeant ? paint(text, 31) : text;
  });
  return [`${location.file}:${startLine}`, RULE, ...frame, RULE].join("\n");
}

/** One line is shown with four around it, several with two. */
function widen(startLine: number, endLine: number, lineCount: number): [number, number] {
  const wanted = startLine === endLine ? CONTEXT_LINES : CONTEXT_LINES / 2;
  let [first, last] = [startLine, endLine];
  for (let added = 0; added < wanted; added += 1) {
    if (first > 1) {
      first -= 1;
      added += 1;
    }
    if (last < lineCount) {
      last += 1;
      added += 1;
    }
  }
  return [first, last];
}

/** A Dockerfile of a stranger must not move the cursor of a terminal. */
function printable(line: string): string {
  return line.replace(/\r$/, "").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
}
