import { chmodSync, lchownSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeNode } from "../../src/linux/mknod.ts";
import { setTimes } from "../../src/linux/times.ts";
import { setXattr } from "../../src/linux/xattr.ts";
import { diffLayer, type DiffEntry } from "../../src/layer/diff-layer.ts";
import { markOpaque } from "../../src/snapshot/opaque.ts";

/** What {@link makeTree} puts at a path: a file with that text, or more exactly what. */
export type Node =
  | string
  | { readonly file?: string | Uint8Array; readonly mode?: number; readonly owner?: readonly [number, number]; readonly capability?: Uint8Array; readonly mtime?: bigint }
  | { readonly directory: true; readonly mode?: number; readonly owner?: readonly [number, number]; readonly opaque?: true; readonly mtime?: bigint }
  | { readonly symlink: string }
  | { readonly hardlink: string }
  | { readonly fifo: number }
  | { readonly character: readonly [number, number] };

/** A whiteout, as layer folders have them. */
export const WHITEOUT: Node = { character: [0, 0] };

/** Makes files and folders; parents that are not listed are 0755. Attributes come last, so that they stay. */
export function makeTree(folder: string, nodes: Readonly<Record<string, Node>>): string {
  mkdirSync(folder, { recursive: true });
  for (const [path, node] of Object.entries(nodes)) {
    const to = join(folder, path);
    mkdirSync(dirname(to), { recursive: true });
    if (typeof node === "string") writeFileSync(to, node);
    else if ("symlink" in node) symlinkSync(node.symlink, to);
    else if ("hardlink" in node) linkSync(join(folder, node.hardlink), to);
    else if ("fifo" in node) makeNode(to, "fifo", node.fifo);
    else if ("character" in node) makeNode(to, "character", 0o644, ...node.character);
    else if ("directory" in node) mkdirSync(to, { recursive: true });
    else writeFileSync(to, node.file ?? "");
  }
  for (const [path, node] of Object.entries(nodes).reverse()) {
    if (typeof node === "string" || !("file" in node || "directory" in node || "mode" in node)) continue;
    const to = join(folder, path);
    if (node.owner) lchownSync(to, ...node.owner);
    if (node.mode !== undefined) chmodSync(to, node.mode);
    if ("capability" in node && node.capability) setXattr(to, "security.capability", node.capability);
    if ("opaque" in node) markOpaque(to);
    if (node.mtime !== undefined) setTimes(to, node.mtime, node.mtime);
  }
  return folder;
}

const LETTERS = { file: "f", directory: "d", symlink: "l", hardlink: "h", character: "c", block: "b", fifo: "p" } as const;

/** What a layer folder adds to those below, an entry a line: `f 0644 0:0 /etc/motd "hello"`. */
export function listLayer(upper: string, lowers: readonly string[]): string[] {
  return Array.from(diffLayer(upper, lowers), (entry) => {
    const what = `${LETTERS[entry.type]} ${entry.mode.toString(8).padStart(4, "0")} ${entry.uid}:${entry.gid} /${entry.path}`;
    return what + detail(entry);
  });
}

function detail(entry: DiffEntry): string {
  if (entry.linkTarget !== undefined) return ` -> ${entry.linkTarget}`;
  if (entry.type !== "file" || entry.whiteout) return "";
  const text = readFileSync(entry.hostPath!, "latin1");
  const shown = /^[ -~]*$/.test(text) ? JSON.stringify(text) : `${text.length} bytes`;
  return ` ${shown}${entry.capability ? " cap" : ""}`;
}
