import { goQuote, goQuoteList } from "./go-quote.ts";
import { readLines } from "./read-lines.ts";
import { readNodes } from "./read-nodes.ts";
import type { InstructionParts } from "./split-arguments.ts";

/**
 * The lines of a Dockerfile as S-expressions, in the form of BuildKit's parse tree dump: one instruction a line,
 * its word in lower case, the flags, then each argument in Go's quotes. Meaning is not looked at.
 * @throws as parseDockerfile does for the lines as such
 */
export function dumpDockerfile(source: string | Uint8Array): string {
  const { nodes } = readNodes(readLines(source, "Dockerfile"));
  return nodes.map((node) => `(${dumpInstruction(node)})`).join("\n");
}

function dumpInstruction({ keyword, flags, args, inner }: InstructionParts): string {
  const head = [keyword.toLowerCase(), ...(flags.length > 0 ? [goQuoteList(flags)] : [])];
  return (inner ? [...head, `(${dumpInstruction(inner)})`] : [...head, ...args.map(goQuote)]).join(" ");
}
