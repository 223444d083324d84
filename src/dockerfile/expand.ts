import { isFault } from "../std/fault.ts";
import { PatternError, replaceAll, replaceFirst, trimPrefix, trimSuffix } from "./shell-pattern.ts";
import { isDigit } from "./unicode.ts";
import { addChar, endWord, lookUp, next, peek, refuse, type Reader, type Words } from "./word-reader.ts";

/** What a word became. */
export interface Expansion {
  readonly value: string;
  /** The value split at white space outside quotes; a variable outside quotes can give several. */
  readonly words: readonly string[];
  /** Variables that were asked for and have no value. */
  readonly unmatched: ReadonlySet<string>;
  /** Variables whose value was looked at. */
  readonly used: ReadonlySet<string>;
}

export interface ExpandOptions {
  /** `\` unless the file says otherwise. */
  readonly escape?: string;
  /** Keep quotes in the value. */
  readonly rawQuotes?: boolean;
  /** Keep escape characters in the value. */
  readonly rawEscapes?: boolean;
  /** Quotes are ordinary characters, as in the bodies of heredocs. */
  readonly skipProcessQuotes?: boolean;
  /** Leave references to variables without value as they are. */
  readonly skipUnset?: boolean;
}

/** Nothing in it has a meaning: neither variables, nor quotes, nor what may be an escape. Most words are such. */
const PLAIN = /^[\t\x20\x21\x23\x25\x26\x28-\x3b\x3d-\x5b\x5d-\x5f\x61-\x7e]*$/;

/**
 * Removes quotes and escapes from a word and fills in variables, by the rules of BuildKit's
 * `frontend/dockerfile/shell/lex.go`: `$v`, `${v}`, `${v:-w}` and its kin `- + ?`, `${v#p}`, `${v##p}`,
 * `${v%p}`, `${v%%p}`, `${v/p/r}`, `${v//p/r}`.
 * @throws DOCKERFILE_SUBSTITUTION
 */
export function expand(word: string, env: ReadonlyMap<string, string>, options: ExpandOptions = {}): Expansion {
  if (PLAIN.test(word)) return { value: word, words: word.split(/[\t ]+/).filter((one) => one !== ""), unmatched: new Set(), used: new Set() };
  const reader: Reader = {
    source: word, chars: [...word], at: 0, depth: 0, env,
    escape: options.escape ?? "\\",
    rawQuotes: options.rawQuotes ?? false,
    rawEscapes: options.rawEscapes ?? false,
    quotes: !options.skipProcessQuotes,
    skipUnset: options.skipUnset ?? false,
    words: { done: [], current: "" }, used: new Set(), unmatched: new Set(),
  };
  const value = readUntil(reader, undefined, { rawEscapes: reader.rawEscapes, doubleEscapes: false }, reader.words);
  return { value, words: endWord(reader.words), unmatched: reader.unmatched, used: reader.used };
}

/** How a stretch of text is read: patterns keep their escapes, and double the ones that quotes made literal. */
interface Mode {
  readonly rawEscapes: boolean;
  readonly doubleEscapes: boolean;
}

/** Substitutions inside substitutions; a person's file has two or three. */
const DEEPEST = 500;
/**
 * Characters that a value may have, unless what it is made from is longer: variables that name each other twice
 * (`ENV A=$A$A`) would soon take all memory. No kernel takes a variable of more than 128 KiB.
 */
const LONGEST = 1 << 20;
const SPECIAL_PARAMETERS = "@*#?-$!0";

/** Reads up to `stop` and past it, or to the end when there is none. */
function readUntil(reader: Reader, stop: string | undefined, mode: Mode, words?: Words): string {
  const outer = reader.rawEscapes;
  reader.rawEscapes = mode.rawEscapes;
  try {
    let value = "";
    const longest = Math.max(LONGEST, 2 * reader.source.length);
    for (let char = peek(reader); char !== undefined; char = peek(reader)) {
      if (value.length > longest) throw refuse(reader, `its value is longer than ${longest} characters`);
      if (char === stop) {
        reader.at += 1;
        return value;
      }
      value += readPart(reader, char, mode, words);
    }
    if (stop !== undefined) throw refuse(reader, `unexpected end of statement while looking for matching ${stop}`);
    return value;
  } finally {
    reader.rawEscapes = outer;
  }
}

/** One quoted stretch, one variable, one escaped or one ordinary character. */
function readPart(reader: Reader, char: string, mode: Mode, words: Words | undefined): string {
  if (char === "$") {
    const value = readDollar(reader);
    if (words) for (const one of value) addChar(words, one);
    return value;
  }
  if (reader.quotes && (char === "'" || char === '"')) {
    const value = char === "'" ? readSingleQuoted(reader, mode) : readDoubleQuoted(reader, mode);
    if (words) words.current += value;
    return value;
  }
  if (char === "<") {
    const value = readAngle(reader);
    if (words) words.current += value;
    return value;
  }
  reader.at += 1;
  if (char !== reader.escape) {
    if (words) addChar(words, char);
    return char;
  }
  const kept = (reader.rawEscapes ? char : "") + (next(reader) ?? "");
  if (words) words.current += kept;
  return kept;
}

/** `<<` and the space behind it stay together, for `<< EOF`. */
function readAngle(reader: Reader): string {
  reader.at += 1;
  if (peek(reader) !== "<") return "<";
  const start = reader.at - 1;
  reader.at += 1;
  while (/^[\t\r ]$/.test(peek(reader) ?? "")) reader.at += 1;
  return reader.chars.slice(start, reader.at).join("");
}

/** Nothing has a meaning between single quotes. */
function readSingleQuoted(reader: Reader, mode: Mode): string {
  reader.at += 1;
  let value = "";
  for (let char = next(reader); char !== undefined; char = next(reader)) {
    if (char === "'") return reader.rawQuotes ? `'${value}'` : value;
    value += mode.doubleEscapes && char === reader.escape ? char + char : char;
  }
  throw refuse(reader, "unexpected end of statement while looking for matching single-quote");
}

/** Between double quotes variables are filled in, and only `"`, `$` and the escape character can be escaped. */
function readDoubleQuoted(reader: Reader, mode: Mode): string {
  reader.at += 1;
  let value = "";
  for (let char = peek(reader); char !== undefined; char = peek(reader)) {
    if (char === "$") {
      value += readDollar(reader);
      continue;
    }
    reader.at += 1;
    if (char === '"') return reader.rawQuotes ? `"${value}"` : value;
    value += char === reader.escape ? readQuotedEscape(reader, mode) : char;
  }
  throw refuse(reader, "unexpected end of statement while looking for matching double-quote");
}

function readQuotedEscape(reader: Reader, mode: Mode): string {
  const char = peek(reader);
  if (char === undefined) return "";
  if (char === '"' || char === "$" || char === reader.escape) {
    reader.at += 1;
    return reader.rawEscapes ? reader.escape + char : char;
  }
  // A literal escape character has to survive being read again as a pattern.
  return reader.rawEscapes && (!reader.rawQuotes || mode.doubleEscapes) ? reader.escape + reader.escape : reader.escape;
}

function readDollar(reader: Reader): string {
  reader.at += 1;
  if (peek(reader) !== "{") {
    const name = readName(reader);
    if (name === "") return "$";
    const value = lookUp(reader, name);
    return value ?? (reader.skipUnset ? `$${name}` : "");
  }
  reader.at += 1;
  const first = peek(reader);
  if (first === undefined) throw refuse(reader, "syntax error: missing '}'");
  if ("{}:".includes(first)) throw refuse(reader, "syntax error: bad substitution");
  const name = readName(reader);
  const operator = next(reader);
  if (operator === "}") return lookUp(reader, name) ?? (reader.skipUnset ? `\${${name}}` : "");
  if (operator === "/") return readReplacement(reader, name);
  if (operator !== undefined && ":+-?#%".includes(operator)) return readModifier(reader, name, operator);
  throw refuse(reader, `unsupported modifier (${operator ?? "\ufffd"}) in substitution`);
}

/** `${v:-w}`, `${v-w}`, `${v:+w}`, `${v+w}`, `${v:?w}`, `${v?w}`, `${v#p}`, `${v%p}` behind the operator's first character. */
function readModifier(reader: Reader, name: string, first: string): string {
  const colon = first === ":";
  const operator = colon ? next(reader) : first;
  const written = colon ? `:${operator ?? "\ufffd"}` : first;
  const isPattern = operator === "#" || operator === "%";
  if (colon && isPattern) throw refuse(reader, `unsupported modifier (${written}) in substitution`);
  const word = readOperand(reader, "}", { rawEscapes: isPattern, doubleEscapes: isPattern }, "missing '}'");
  const value = lookUp(reader, name);
  if (value === undefined && reader.skipUnset) return `\${${name}${written}${word}}`;
  const isAbsent = value === undefined || (colon && value === "");
  switch (operator) {
    case "-":
      return isAbsent ? word : value;
    case "+":
      return isAbsent ? "" : word;
    case "?":
      if (isAbsent) throw refuse(reader, `${name}: ${word || `is not allowed to be ${value === undefined ? "unset" : "empty"}`}`);
      return value;
    case "#":
    case "%": {
      const longest = word.startsWith(operator);
      const pattern = longest ? word.slice(1) : word;
      return withPattern(reader, pattern, () => (operator === "#" ? trimPrefix : trimSuffix)(value ?? "", pattern, longest));
    }
    default:
      throw refuse(reader, `unsupported modifier (${written}) in substitution`);
  }
}

/** `${v/p/r}` and `${v//p/r}` behind the first slash. */
function readReplacement(reader: Reader, name: string): string {
  const all = peek(reader) === "/";
  if (all) reader.at += 1;
  const pattern = readOperand(reader, "/", { rawEscapes: true, doubleEscapes: true }, "missing '/' in ${}");
  const replacement = readOperand(reader, "}", { rawEscapes: true, doubleEscapes: false }, "missing '}'");
  const value = lookUp(reader, name);
  if (value === undefined && reader.skipUnset) return `\${${name}/${pattern}/${replacement}}`;
  return withPattern(reader, pattern, () => (all ? replaceAll : replaceFirst)(value ?? "", pattern, replacement));
}

function readOperand(reader: Reader, stop: string, mode: Mode, missing: string): string {
  reader.depth += 1;
  if (reader.depth > DEEPEST) throw refuse(reader, `more than ${DEEPEST} substitutions inside each other`);
  try {
    const operand = readUntil(reader, stop, mode);
    // BuildKit loses the beginning of a word here, `1${a:-2}` is the word `2`. Without that, `$((1 << ${a:-2}))`
    // would be a heredoc for us and none for BuildKit.
    reader.words.current = "";
    return operand;
  } catch (error) {
    if (isFault(error, "DOCKERFILE_SUBSTITUTION") && peek(reader) === undefined) throw refuse(reader, `syntax error: ${missing}`);
    throw error;
  } finally {
    reader.depth -= 1;
  }
}

function withPattern(reader: Reader, pattern: string, work: () => string): string {
  try {
    return work();
  } catch (error) {
    if (error instanceof PatternError) throw refuse(reader, `invalid pattern (${pattern}) in substitution: ${error.message}`);
    throw error;
  }
}

/** Letters, digits and `_`; digits only when it begins with one; or one special parameter. */
function readName(reader: Reader): string {
  const start = reader.at;
  const first = peek(reader);
  if (first === undefined) return "";
  if (isDigit(first)) {
    while (isDigit(peek(reader) ?? "")) reader.at += 1;
  } else if (SPECIAL_PARAMETERS.includes(first)) {
    reader.at += 1;
  } else {
    while (/^[\p{L}\p{Nd}_]$/u.test(peek(reader) ?? "")) reader.at += 1;
  }
  return reader.chars.slice(start, reader.at).join("");
}
