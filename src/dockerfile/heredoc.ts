import { isFault } from "../std/fault.ts";
import { expand, type ExpandOptions } from "./expand.ts";
import type { Heredoc } from "./instruction.ts";

const NOTHING: ReadonlyMap<string, string> = new Map();

/**
 * Reads a heredoc word, `<<EOF`, `3<<-"EOF"`; nothing when it is none. Any quote in the name means that the
 * body is not expanded. The content is still empty.
 * @throws DOCKERFILE_SUBSTITUTION when a quote of the name is not closed
 */
export function parseHeredoc(word: string): Heredoc | undefined {
  const match = /^([0-9]*)<<(-?)[\t\n\f\r ]*([^<]+)$/.exec(word);
  if (match === null) return undefined;
  const [, fd = "", dash = "", written = ""] = match;
  const words = expand(written, NOTHING, { skipUnset: true }).words;
  const name = words[0];
  if (name === undefined || words.length > 1) return undefined;
  const raw = expand(written, NOTHING, { skipUnset: true, rawQuotes: true }).words.join(" ");
  return {
    name, content: "",
    expand: quotes(name) === quotes(raw),
    stripTabs: dash === "-",
    ...(fd === "" ? {} : { fd: Number(fd) }),
  };
}

/** As parseHeredoc, where a word that cannot be read is an ordinary one. */
export function asHeredoc(word: string): Heredoc | undefined {
  return orUndefined(() => parseHeredoc(word));
}

/**
 * The heredocs that an instruction line announces, in order. A line that is not made of shell words has none.
 * @throws DOCKERFILE_SUBSTITUTION
 */
export function heredocsOf(line: string): Heredoc[] {
  const options: ExpandOptions = { rawQuotes: true, rawEscapes: true, skipUnset: true };
  const words = orUndefined(() => expand(line, NOTHING, options).words) ?? [];
  return words.map(parseHeredoc).filter((heredoc) => heredoc !== undefined);
}

/** The heredoc without the tabs at the beginning of its lines, where `<<-` asks for that. */
export function stripTabs(heredoc: Heredoc): Heredoc {
  return heredoc.stripTabs ? { ...heredoc, content: heredoc.content.replace(/(^|\n)\t+/g, "$1") } : heredoc;
}

function quotes(text: string): number {
  return text.replace(/[^'"]/g, "").length;
}

function orUndefined<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (isFault(error, "DOCKERFILE_SUBSTITUTION")) return undefined;
    throw error;
  }
}
