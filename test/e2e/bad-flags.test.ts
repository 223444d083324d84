import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { assertFault } from "../support/check-fault.ts";
import { scratchSampan } from "../support/run-sampan.ts";
import { scratchBuild } from "../support/scratch-build.ts";

const skip = process.getuid!() === 0 ? false : "needs root";

/** Flags of `docker build` whose work comes with a later version. */
const LATER_FLAGS: readonly (readonly string[])[] = [
  ["--security-opt", "x"], ["--cpu-quota", "1"], ["--squash"], ["--cgroup-parent", "x"],
];

describe("flags that belong to later versions are refused by name, before anything is done", { concurrency: 2 }, () => {
  for (const [flag, ...value] of LATER_FLAGS) {
    test(`build ${flag}`, async (context) => {
      const { sampan, root } = scratchSampan(context);
      assertFault(await sampan(["build", flag!, ...value, "."]), { message: new RegExp(`the flag ${flag} is not supported by this version of Sampan`) });
      assert.ok(!existsSync(root), "no store was made");
    });
  }
});

test("of limits it is said what has them", async (context) => {
  const { sampan } = scratchSampan(context);
  for (const words of [["--memory", "1g"], ["--resource", "memory=1g"], ["--cpu-quota", "1"]]) assertFault(await sampan(["build", ...words, "."]), { message: /is not supported/, hint: /the limits of whoever starts it/ });
  assertFault(await sampan(["build", "--cgroup-parent", "x", "."]), { message: /is not supported/, hint: /--builder/ });
});

test("attestations that are not wanted are not refused", async (context) => {
  const { build } = await scratchBuild(context, { base: false });
  const { status, stderr } = await build("FROM scratch\nCOPY Dockerfile /\n", ["--provenance=false", "--sbom", "false"]);
  assert.equal(status, 0, stderr);
});

test("outputs of later versions are refused by name, and so are some that cannot be", async (context) => {
  const { sampan, folder } = scratchSampan(context);
  assertFault(await sampan(["build", "-o", "type=oci,dest=x,prefer-nondist-layers=false", folder]), { message: /prefer-nondist-layers=false in the output/ });
  assertFault(await sampan(["build", "-o", "type=oci,dest=-", "-o", "-", folder]), { status: 2, message: /only one output can go to standard output/ });
  assertFault(await sampan(["build", "--push", folder]), { status: 2, message: /needs a name for the image/, hint: /-t / });
  assertFault(await sampan(["build", "-t", "UPPER CASE", folder]), { message: /invalid reference/, hint: /lower case/ });
});

test("an instruction that cannot be is refused by name, with its line, before anything runs", { skip }, async (context) => {
  const scratch = await scratchBuild(context, { base: false });
  const line = "RUN --device=vendor.com/x true";
  const refused = await scratch.build(`FROM scratch\nCOPY Dockerfile /never\n${line}\n`);
  assertFault(refused, { message: /^ERROR: RUN --device is not supported by this version of Sampan/, hint: /remove it/, frame: { place: "Dockerfile:3", line } });
  assert.doesNotMatch(refused.stderr, /\/never\n#\d+ DONE/);
});
