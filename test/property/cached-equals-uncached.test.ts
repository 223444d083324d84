import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { noBuilds } from "../support/scratch-build.ts";
import { storeWithBases } from "./bases.ts";
import { Bench } from "./build-both.ts";
import { anyCase, apply, begin, type Case, type State } from "./cases.ts";
import { describeContext } from "./contexts.ts";
import { dockerfileText } from "./dockerfiles.ts";
import { forAWhile } from "./for-a-while.ts";

/**
 * Random Dockerfiles, random contexts, random edits: after each edit a build with all that the store knows equals one without
 * a cache in a store that has seen nothing, in config, history and each layer's files.
 * for-a-while.ts says how to look at more cases.
 */
const stats = { built: 0, refused: 0 };

function assertSame(ours: unknown, anew: unknown, { bench, state, step }: { bench: Bench; state: State; step: string }): void {
  stats[anew === "refused" ? "refused" : "built"] += 1;
  try {
    assert.deepEqual(ours, anew);
  } catch (error) {
    throw new Error(`${step}\nA=${state.argument} target=${state.target}\n--- Dockerfile\n${dockerfileText(state.dockerfile)}--- context\n${describeContext(bench.context)}\n---\n${(error as Error).message}`);
  }
}

describe("a cached build equals an uncached one", { skip: noBuilds }, () => {
  const templates = { copy: "", run: "" };
  before(async () => {
    for (const images of ["copy", "run"] as const) {
      templates[images] = mkdtempSync(join(tmpdir(), "property-store-"));
      await storeWithBases(templates[images], images);
    }
  });
  after(() => {
    for (const root of Object.values(templates)) rmSync(root, { recursive: true, force: true });
    process.stderr.write(`built ${stats.built}, refused ${stats.refused}\n`);
  });

  for (const [images, runs] of [["copy", 60], ["run", 12]] as const) {
    test(`after any edits, with ${images}`, async () => {
      await forAWhile(anyCase(images, 4), async (whole: Case) => {
        using bench = new Bench(templates[images]);
        const root = bench.store();
        let state = begin(bench.context, whole);
        const said: string[] = [];
        for (const edit of [undefined, ...whole.edits]) {
          if (edit) {
            said.push(`edit: ${JSON.stringify(edit)} before it:\n${dockerfileText(state.dockerfile)}`);
            state = apply(bench.context, edit, state, whole);
          }
          const [cached, anew] = await Promise.all([bench.build(root, state), bench.buildAnew(state)]);
          assertSame(cached, anew, { bench, state, step: said.join("\n") });
        }
      }, { runs, milliseconds: 12_000 });
    });
  }
});
