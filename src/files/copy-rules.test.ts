import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { COPY_CASES } from "../../test/support/copy-cases.ts";
import { makeContext, makeLayers } from "../../test/support/copy-fixture.ts";
import { listLayer } from "../../test/support/make-tree.ts";
import { isFault } from "../std/fault.ts";
import { digestSources } from "./digest-sources.ts";
import { performFileOperation, type FileOperation } from "./file-operation.ts";
import type { SourceTree } from "./source-view.ts";

const skip = process.getuid?.() === 0 ? false : "needs root, to make files of other users and devices";

let folder: string;
let context: SourceTree;
let layers: string[];
let count = 0;

before(() => {
  if (skip !== false) return;
  folder = mkdtempSync(join(tmpdir(), "sampan-copy-"));
  context = { layers: [makeContext(join(folder, "context"))], zeroOwner: true };
  layers = makeLayers(folder);
});
after(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

for (const [line, expected] of COPY_CASES) {
  test(`${line} gives ${typeof expected === "string" ? "a fault" : "the layer that BuildKit makes"}`, { skip }, async () => {
    const { operation, from } = parseLine(line);
    const tree = from ? { layers, zeroOwner: false } : context;
    const upper = join(folder, `upper-${count++}`);
    mkdirSync(upper);
    const perform = async (): Promise<string[]> => {
      if (operation.kind === "copy") digestSources({ tree, sources: operation.sources.map(({ path }) => path), wildcards: true });
      await performFileOperation({ operation, upper, lowers: layers, trees: [tree], recordOwners: false });
      return listLayer(upper, layers);
    };
    if (typeof expected === "string") await assert.rejects(perform, (error) => isFault(error, expected));
    else assert.deepEqual(await perform(), expected);
  });
}

function parseLine(line: string): { operation: FileOperation; from: boolean } {
  const user = /^USER (.*); WORKDIR (.*)$/.exec(line);
  if (user) return { operation: { kind: "mkdir", path: user[2]!, mode: 0o755, owner: user[1]! }, from: false };
  const [command, ...words] = line.split(" ");
  if (command === "WORKDIR") return { operation: { kind: "mkdir", path: words[0]!, mode: 0o755 }, from: false };
  const flag = (name: string): string | undefined => words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
  const paths = words.filter((word) => !word.startsWith("--"));
  const operation: FileOperation = {
    kind: "copy",
    createdBy: command === "ADD" ? "ADD" : "COPY",
    sources: paths.slice(0, -1).map((path) => ({ tree: 0, path, wildcards: true, unpack: command === "ADD" ? "auto" : "never" })),
    destination: paths.at(-1)!,
    chown: flag("chown"),
    chmod: flag("chmod"),
  };
  return { operation, from: flag("from") !== undefined };
}
