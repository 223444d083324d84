const WIDE = /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;
const NARROW = /^[\p{M}\u200b-\u200f\u2060\ufe00-\ufe0f]$/u;
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]+[0-~]|[@-Z\\-_])/g;

/** How many columns of a terminal the character takes. */
function charWidth(char: string): number {
  return NARROW.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
}

/** How many columns of a terminal a text without control characters takes. */
export function textWidth(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** What a command wrote, safe to stand in one line of a live view: no escape sequences, tabs as spaces, no control characters. */
export function plainText(text: string): string {
  return text.replace(ESCAPES, "").replaceAll("\t", "    ").replace(/[\p{Cc}]/gu, "");
}

/** The text cut to that many columns, with `…` where something was cut off. */
export function fit(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let result = "";
  let width = 0;
  for (const char of text) {
    width += charWidth(char);
    if (width > columns - 1) break;
    result += char;
  }
  return columns > 0 ? `${result}…` : "";
}
