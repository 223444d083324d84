import { fault, type Fault } from "../std/fault.ts";
import { goQuote } from "./go-quote.ts";
import { isSpace } from "./unicode.ts";

/** One word under way. */
export interface Reader {
  readonly source: string;
  readonly chars: readonly string[];
  at: number;
  depth: number;
  readonly env: ReadonlyMap<string, string>;
  readonly escape: string;
  readonly rawQuotes: boolean;
  rawEscapes: boolean;
  readonly quotes: boolean;
  readonly skipUnset: boolean;
  readonly words: Words;
  readonly used: Set<string>;
  readonly unmatched: Set<string>;
}

/** The words of a value under way: white space ends one, unless it came in quotes or behind an escape. */
export interface Words {
  readonly done: string[];
  current: string;
}

export function addChar(words: Words, char: string): void {
  if (!isSpace(char)) words.current += char;
  else endWord(words);
}

export function endWord(words: Words): readonly string[] {
  if (words.current !== "") words.done.push(words.current);
  words.current = "";
  return words.done;
}

export function lookUp(reader: Reader, name: string): string | undefined {
  const value = reader.env.get(name);
  (value === undefined ? reader.unmatched : reader.used).add(name);
  return value;
}

export function peek(reader: Reader): string | undefined {
  return reader.chars[reader.at];
}

export function next(reader: Reader): string | undefined {
  const char = reader.chars[reader.at];
  if (char !== undefined) reader.at += 1;
  return char;
}

/** A fault about the whole word. */
export function refuse(reader: Reader, problem: string): Fault {
  return fault("DOCKERFILE_SUBSTITUTION", { word: goQuote(reader.source), problem });
}
