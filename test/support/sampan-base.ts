import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { writeBusyboxLayout, type BaseConfig } from "./busybox-base.ts";
import { scratchSampan } from "./run-sampan.ts";

/** The real binary with a store that holds the small busybox image under the given names. */
export async function sampanWithBase(context: TestContext, options: { names?: readonly string[]; config?: BaseConfig } = {}) {
  const scratch = scratchSampan(context);
  const layout = join(scratch.folder, "layout");
  const digests = writeBusyboxLayout(layout, { config: options.config ?? {} });
  const archive = join(scratch.folder, "base.tar");
  execFileSync("tar", ["-C", layout, "-cf", archive, "."]);
  const loaded = await scratch.sampan(["load", "-i", archive]);
  assert.equal(loaded.stdout, `Loaded image ID: ${digests.config}\n`, loaded.stderr);
  for (const name of options.names ?? ["base:1"]) assert.equal((await scratch.sampan(["tag", digests.config, name])).status, 0);
  return { ...scratch, layout, archive, layer: digests.layer, id: digests.config, short: digests.config.slice(7, 19) };
}

/** Why containers cannot be tried here, or false. */
export const noContainers: string | false = process.getuid!() === 0 ? false : "needs root";
