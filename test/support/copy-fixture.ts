import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { makeTree, WHITEOUT, type Node } from "./make-tree.ts";
import { tarOf } from "./tar-of.ts";

/** The xattr `security.capability` of `cap_net_raw+ep`. */
export const CAPABILITY = Buffer.from("0100000200200000000000000000000000000000", "hex");

const CONTEXT: Record<string, Node> = {
  f: "f",
  x: { file: "x", mode: 0o755 },
  suid: { file: "s", mode: 0o4711 },
  d: { directory: true, mode: 0o700 },
  "d/.dot": "dot",
  "d/a": "a",
  "d/h1": "h",
  "d/h2": { hardlink: "d/h1" },
  "d/sub": { directory: true, mode: 0o1750 },
  "d/sub/b": "b",
  "d/sub/l": { symlink: "../a" },
  "a*b": "star",
  link: { symlink: "d" },
  linkf: { symlink: "f" },
  out: { symlink: "/etc/passwd" },
  "onto-dir/d": "a file",
  "onto-file/a/x": "in a folder",
  "over/d/a": "new",
  "over/sl": "a file",
  fake: { file: Buffer.from("1f8b78787878", "hex") },
  "archives/t.tar": "",
  "archives/t.tgz": "",
};

const LOWER: Record<string, Node> = {
  "etc/passwd": "root:x:0:0::/:\n mail:x:8:12::/:\nmail:x:99:99::/:\nbad:x:q:\n",
  "etc/group": "root:x:0:\nadm:x:4\n",
  real: { directory: true, mode: 0o711, owner: [7, 8] },
  "real/a": "o",
  "real/d": { directory: true, mode: 0o700, owner: [9, 9] },
  "real/d/a": { file: "old", mode: 0o4711, owner: [9, 0] },
  "real/hl": { hardlink: "real/d/a" },
  "real/sl": { symlink: "/etc" },
  "real/esc": { symlink: "../../../../../etc/group" },
  "real/fifo": { fifo: 0o640 },
  "real/cdev": { character: [1, 3] },
  "real/cap": { file: "c", mode: 0o755, owner: [3, 4], capability: CAPABILITY },
  "sg": { directory: true, mode: 0o2775, owner: [0, 33] },
  lnk: { symlink: "/real" },
  lnkf: { symlink: "real/a" },
  dang: { symlink: "nowhere" },
  deep: { symlink: "p/q/r" },
  loop: { symlink: "loop" },
  file: "z",
  gone: "1",
  "gd/x/f": "1",
  "opq/keep": "2",
  "opq/old/f": "3",
};

const MIDDLE: Record<string, Node> = {
  gone: WHITEOUT,
  gd: WHITEOUT,
  opq: { directory: true, opaque: true },
  "opq/keep": "new",
};

/** A build context with every kind of entry, but sockets. */
export function makeContext(folder: string): string {
  makeTree(folder, CONTEXT);
  const archive = tarOf([
    { path: ".", type: "directory", mode: 0o711, uid: 1, gid: 1 },
    { path: "one", type: "file", mode: 0o4755, uid: 0, gid: 0, content: "1" },
    { path: "two", type: "directory", mode: 0o750, uid: 11, gid: 12 },
    { path: "two/a", type: "file", mode: 0o644, uid: 11, gid: 12, content: "2" },
    { path: "two/l", type: "symlink", mode: 0o777, uid: 11, gid: 12, linkTarget: "a" },
  ]);
  writeFileSync(join(folder, "archives/t.tar"), archive);
  writeFileSync(join(folder, "archives/t.tgz"), gzipSync(archive));
  return folder;
}

/** The layer folders of an image to copy onto or from, top first. */
export function makeLayers(folder: string): string[] {
  return [makeTree(join(folder, "middle"), MIDDLE), makeTree(join(folder, "lower"), LOWER)];
}
