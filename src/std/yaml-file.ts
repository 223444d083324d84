import { LineCounter, isCollection, parseDocument, type Document as YamlDocument } from "yaml";

/** From the top of a file to a value in it: keys of maps, places in lists. */
export type FilePath = readonly (string | number)[];

export type YamlFile =
  | { readonly ok: true; readonly value: unknown; /** The line of a path, from 1; of the deepest part of it that is in the file. */ lineOf(path: FilePath): number }
  | { readonly ok: false; readonly line: number; readonly problem: string };

/** Reads YAML (and so JSON) in a way that lets messages name lines. Aliases are followed, but not without end. */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const [error] = document.errors;
  if (error) return { ok: false, line: lines.linePos(error.pos[0]).line, problem: error.message };
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: 100 }) as unknown, lineOf: (path) => lineOf(document, path, lines) };
  } catch (failure) {
    return { ok: false, line: 1, problem: (failure as Error).message };
  }
}

/** `sync[0].tags[1]` */
export function formatPath(path: FilePath): string {
  return path.map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`)).join("");
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
