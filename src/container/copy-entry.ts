// What reads and writes the files of a container for `cp`: of one that runs from inside of its root, so that symlinks which its
// commands put in the way lead nowhere else. It stays outside of the container's other namespaces, where nobody in there sees it.
// Everything that it needs is loaded before.
import { readSync, writeSync } from "node:fs";
import { bindDeclared } from "../linux/libc.ts";
import { changeFolder, changeRoot } from "../linux/process.ts";
import { streamSubtree } from "../layer/subtree.ts";
import { createStreamUnpacker } from "../layer/unpack-stream.ts";
import { Union } from "../snapshot/union.ts";
import { fault } from "../std/fault.ts";
import { plainError } from "../std/plain-error.ts";
import type { CopyJob, CopyReport } from "./copy-job.ts";
import { copyPlace } from "./copy-place.ts";
import { findCopySource } from "./copy-source.ts";

const [REPORTS, ROOT] = [3, 4];
const PIECE = 256 * 1024;

const job = JSON.parse(process.argv[2] ?? "") as CopyJob;
try {
  process.umask(0o022);
  bindDeclared();
  if (job.enter) {
    changeFolder(ROOT);
    changeRoot(".");
  }
  if (job.kind === "pack") pack(job);
  else unpack(job);
  report({ done: true });
} catch (error) {
  report({ failed: plainError(error) });
}

function pack(source: CopyJob & { readonly kind: "pack" }): void {
  const { source: path, ...copied } = findCopySource(source);
  report({ found: copied });
  const name = source.as !== "own name" ? source.as : copied.contents ? "" : copied.name;
  for (const piece of streamSubtree({ layers: source.layers, source: path, name })) {
    for (let at = 0; at < piece.length; ) at += writeSync(1, piece, at);
  }
}

function unpack({ layers, path, place, copied, owners, recordOwners }: CopyJob & { readonly kind: "unpack" }): void {
  const union = new Union(layers);
  const lookUp = (wanted: string): { directory: boolean; path: string } | undefined => {
    const { path: real, entry } = union.resolve(wanted, { followLast: true });
    return entry && { directory: entry.stat.isDirectory(), path: real };
  };
  const archiveTarget = (): { folder: string; name?: string } => {
    const there = lookUp(path);
    if (there?.directory !== true) throw fault("FILE_PROBLEM", { path: place, problem: there ? "it is no directory" : "the destination directory must exist" });
    return { folder: there.path };
  };
  const target: { folder: string; name?: string } = copied ? copyPlace(copied, { written: place, path, lookUp }) : archiveTarget();
  report({ found: null });
  const unpacker = createStreamUnpacker({
    archive: "what is copied", place: place.slice(0, place.indexOf(":") + 1), layers, target: target.folder, recordOwners,
    ...(target.name === undefined ? {} : { name: target.name }), ...(owners ? {} : { owner: { uid: 0, gid: 0 } }),
  });
  const buffer = Buffer.allocUnsafeSlow(PIECE);
  for (;;) {
    const count = readSync(0, buffer, 0, PIECE, null);
    if (count === 0) break;
    unpacker.write(buffer.subarray(0, count));
  }
  unpacker.finish();
}

function report(line: CopyReport): void {
  writeSync(REPORTS, `${JSON.stringify(line)}\n`);
}
