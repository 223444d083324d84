import { isSpace, trimSpace } from "./unicode.ts";

const BLANKS = /[\t\v\f\r ]+/;
const ASCII_SPACE = /^[\t\n\v\f\r ]$/;

/** Splits at blanks, as EXPOSE, FROM and the plain form of COPY do; quotes mean nothing. */
export function splitBlanks(text: string): string[] {
  return text === "" ? [] : text.split(BLANKS);
}

/** Splits at the first run of blanks only; the second part is absent when there is none. */
export function splitFirstBlank(text: string): [string, string?] {
  const match = BLANKS.exec(text);
  return match === null ? [text] : [text.slice(0, match.index), text.slice(match.index + match[0].length)];
}

/**
 * Splits `name=value` lists (ENV, LABEL, ARG) at white space outside quotes. Quotes and escapes stay in the
 * words, expansion takes them out later; an escape that ends the text is dropped.
 */
export function splitQuoted(text: string, escape: string): string[] {
  const chars = [...text];
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at]!;
    if (quote === undefined && isSpace(char)) {
      if (word) words.push(word);
      word = undefined;
      continue;
    }
    word ??= "";
    if (char === escape && quote !== "'") {
      if (at + 1 < chars.length) word += char + chars[(at += 1)]!;
      continue;
    }
    if (quote === undefined && (char === "'" || char === '"')) quote = char;
    else if (char === quote) quote = undefined;
    word += char;
  }
  if (word) words.push(word);
  return words;
}

/** An instruction line in its parts: the first word, the flags in front of the arguments, the rest. */
export function splitInstruction(line: string, escape: string): { keyword: string; flags: string[]; rest: string } {
  const [keyword, behind = ""] = splitFirstBlank(trimSpace(line));
  const { flags, rest } = splitFlags(behind, escape);
  return { keyword, flags, rest: trimSpace(rest) };
}

/**
 * Takes the words that begin with `--` off the front, without their quotes and escapes; a bare `--` ends them.
 * Spaces beyond ASCII do not separate flags, unlike words.
 */
function splitFlags(text: string, escape: string): { flags: string[]; rest: string } {
  const chars = [...text];
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (at < chars.length && ASCII_SPACE.test(chars[at]!)) at += 1;
    if (chars[at] !== "-" || chars[at + 1] !== "-") return { flags, rest: chars.slice(at).join("") };
    let flag = "";
    let quote: string | undefined;
    for (; at < chars.length; at += 1) {
      const char = chars[at]!;
      if (quote === undefined && ASCII_SPACE.test(char)) break;
      if (char === escape) flag += chars[(at += 1)] ?? "";
      else if (char === quote) quote = undefined;
      else if (quote === undefined && (char === "'" || char === '"')) quote = char;
      else flag += char;
    }
    if (flag === "--") return { flags, rest: chars.slice(at).join("") };
    flags.push(flag);
  }
}
