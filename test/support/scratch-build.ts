import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { assertStoreWhole } from "./check-store.ts";
import { importLayout } from "./import-layout.ts";
import { noBusybox, writeBusyboxLayout } from "./busybox-base.ts";
import { scratchSampan, type Finished, type SampanOptions } from "./run-sampan.ts";

/** Why builds with RUN cannot be tried here, or false. */
export const noBuilds: string | false = process.getuid!() === 0 ? noBusybox : "needs root";

export interface ScratchBuild {
  /** Holds the store, the context and whatever the test puts there. */
  readonly folder: string;
  readonly root: string;
  /** The context's folder. */
  readonly context: string;
  readonly sampan: (words: readonly string[], options?: SampanOptions) => Promise<Finished>;
  /** Writes files into the context. */
  readonly write: (files: Readonly<Record<string, string | Uint8Array>>) => void;
  /** Builds the context with that Dockerfile and plain progress. */
  readonly build: (dockerfile: string | Uint8Array, words?: readonly string[], options?: SampanOptions) => Promise<Finished>;
  /** The store is as it should be; checked by opening it with the binary first, as recovery may be due. */
  readonly checkStore: () => Promise<void>;
}

/** A build context and a store of its own with the image `base` in it, which go with the test. */
export async function scratchBuild(test: TestContext, options: { base?: boolean; root?: string } = {}): Promise<ScratchBuild> {
  const scratch = scratchSampan(test);
  const root = options.root ?? scratch.root;
  const context = join(scratch.folder, "context");
  mkdirSync(context);
  if (options.base !== false) await importBase(root);
  const sampan: ScratchBuild["sampan"] = (words, given = {}) => scratch.sampan(words, { ...given, env: { SAMPAN_ROOT: root, ...given.env } });
  const write: ScratchBuild["write"] = (files) => {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(context, path)), { recursive: true });
      writeFileSync(join(context, path), content);
    }
  };
  return {
    folder: scratch.folder,
    root,
    context,
    sampan,
    write,
    build: (dockerfile, words = [], given = {}) => {
      write({ Dockerfile: dockerfile });
      return sampan(["build", "--progress", "plain", ...words, context], given);
    },
    checkStore: async () => {
      await sampan(["images"]);
      assertStoreWhole(root);
    },
  };
}

/** Puts a small image made of this machine's busybox into a store as `base`. */
async function importBase(root: string, name = "docker.io/library/base:latest"): Promise<void> {
  const layout = mkdtempSync(join(tmpdir(), "sampan-layout-"));
  try {
    writeBusyboxLayout(layout);
    await importLayout(root, layout, name);
  } finally {
    rmSync(layout, { recursive: true, force: true });
  }
}
