import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { printTargets } from "../../src/bake/print.ts";
import { bakeFlags } from "../../src/cli/bake/bake-flags.ts";
import { chosenTargets, readDefinition } from "../../src/cli/bake/read-definition.ts";
import type { Io } from "../../src/cli/io.ts";
import { parseFlags } from "../../src/cli/flags/parse-flags.ts";
import { isFault } from "../../src/std/fault.ts";
import { bakeCases, type BakeCase } from "./cases.ts";

/** What `sampan bake --print` writes, without a process for each case. */
async function print({ folder, args, env }: BakeCase): Promise<string> {
  const io = { cwd: folder, env: { PATH: "/bin", ...env }, stdin: Readable.from([]) } as unknown as Io;
  const call = { ...parseFlags(args, bakeFlags), io, signal: new AbortController().signal };
  const { groups, targets } = chosenTargets(await readDefinition(call), call);
  return `${printTargets(groups, targets)}\n`;
}

describe("bake --print shows what buildx shows", () => {
  for (const example of bakeCases()) {
    const recorded = join(example.folder, "print.json");
    if (existsSync(recorded)) {
      test(example.name, async () => assert.equal(await print(example), readFileSync(recorded, "utf8")));
    } else {
      // Places are written in other words than buildx'.
      test(`${example.name} is refused`, () => assert.rejects(print(example), (error) => isFault(error) && /^BAKE_/.test(error.code)));
    }
  }
});
