import { LineCounter, isCollection, parseDocument, type Document as YamlDocument } from "yaml";
import { fault } from "../../std/fault.ts";
import { checkSync, type FilePath } from "./check-sync.ts";
import type { SyncEntry } from "./sync-entry.ts";

/**
 * What the file of `sampan sync` says.
 * @param file what messages call it
 * @throws SYNC_FILE_INVALID with the place in the file
 */
export function readSyncFile(text: string, file: string): readonly SyncEntry[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const invalid = (line: number, place: string, problem: string, hint?: string): Error =>
    fault("SYNC_FILE_INVALID", { file, place, problem, ...(hint === undefined ? {} : { hint }) }, { location: { file, text, startLine: line, endLine: line } });
  const [error] = document.errors;
  if (error) throw invalid(lines.linePos(error.pos[0]).line, "", error.message);
  const value = toValue(document, (problem) => invalid(1, "", problem));
  return checkSync(value, (path, problem, hint) => invalid(lineOf(document, path, lines), formatPath(path), problem, hint));
}

/** Aliases are followed, but not without end. */
function toValue(document: YamlDocument, invalid: (problem: string) => Error): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  } catch (error) {
    throw invalid((error as Error).message);
  }
}

/** The line of the deepest part of the path that is in the file; of the key where it is a key that is wrong. */
function lineOf(document: YamlDocument, path: FilePath, lines: LineCounter): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent: unknown = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1]!;
    const pair = isCollection(parent) ? parent.items.find((item) => keyOf(item) === last) : undefined;
    const node: unknown = pair === undefined ? document.getIn(path.slice(0, length), true) : (pair as { key: unknown }).key;
    const range = (node as { range?: readonly number[] } | undefined)?.range;
    if (range) return lines.linePos(range[0]!).line;
  }
  return 1;
}

function keyOf(item: unknown): unknown {
  const { key } = (item ?? {}) as { key?: { value?: unknown } };
  return key?.value;
}

/** `sync[0].tags[1]` */
function formatPath(path: FilePath): string {
  return path.map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`)).join("");
}
