import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { noBuildkitd, startBuildkitd } from "../support/buildkitd.ts";
import { noBuilds } from "../support/scratch-build.ts";
import { layoutsOfBases, storeWithBases } from "./bases.ts";
import { Bench } from "./build-both.ts";
import { buildWithBuildKit } from "./build-with-buildkit.ts";
import { anyCase, apply, begin } from "./cases.ts";
import { describeContext } from "./contexts.ts";
import { dockerfileText } from "./dockerfiles.ts";
import { forAWhile } from "./for-a-while.ts";
import { isKnown } from "./known-differences.ts";

/**
 * Random Dockerfiles over random contexts: config, history and each layer's files are what a real BuildKit makes of them.
 * Always the same few cases, as what is found is to become a golden; for-a-while.ts says how to look at others.
 */
describe("an image equals what BuildKit makes of the same random Dockerfile", { skip: noBuilds || noBuildkitd }, () => {
  let folder = "";
  let address = "";
  const ends: (() => unknown)[] = [];
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "property-peer-"));
    ({ address } = await startBuildkitd({ after: (end) => void ends.push(end as () => unknown) }));
  });
  after(async () => {
    for (const end of ends) await end();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [images, runs, seed] of [["copy", 12, 1], ["run", 6, 1]] as const) {
    test(`with ${images}`, async () => {
      const template = join(folder, `${images}-store`);
      await storeWithBases(template, images);
      const layouts = layoutsOfBases(join(folder, images), images);
      await forAWhile(anyCase(images, 3), async (whole) => {
        using bench = new Bench(template);
        let state = begin(bench.context, whole);
        for (const edit of whole.edits) if (edit.kind === "argument" || edit.kind === "target") state = apply(bench.context, edit, state, whole);
        const [ours, { outcome, said }] = await Promise.all([bench.buildAnew(state), buildWithBuildKit({ address, layouts }, bench, state)]);
        const [dockerfile, context] = [dockerfileText(state.dockerfile), describeContext(bench.context)];
        try {
          assert.deepEqual(ours, outcome);
        } catch (error) {
          if (isKnown({ dockerfile, context, said })) return;
          throw new Error(`A=${state.argument} target=${state.target}\n--- Dockerfile\n${dockerfile}--- context\n${context}\n--- BuildKit: ${said}\n--- ours: ${bench.said}\n${(error as Error).message}`);
        }
      }, { runs, milliseconds: 5_000, seed });
    });
  }
});
