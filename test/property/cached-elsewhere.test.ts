import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import fc from "fast-check";
import type { BuildOptions } from "../../src/build/build.ts";
import type { CacheExport, CacheImport } from "../../src/cache/cache-options.ts";
import { noBuilds } from "../support/scratch-build.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";
import { storeWithBases } from "./bases.ts";
import { Bench } from "./build-both.ts";
import { anyCase, apply, begin, type Case } from "./cases.ts";
import { describeContext } from "./contexts.ts";
import { dockerfileText, type Images } from "./dockerfiles.ts";
import { forAWhile } from "./for-a-while.ts";

/**
 * Random Dockerfiles, contexts and edits, each state built by another machine that has nothing but the cache which the one before
 * wrote, whole or damaged: it equals a build without any cache, and a damaged cache never makes a build fail.
 * for-a-while.ts says how to look at more cases.
 */

/** What happens to a cache between two machines. */
interface Damage {
  readonly how: "none" | "flip" | "cut" | "remove" | "empty";
  /** Which of its files, modulo their count, and where in it. */
  readonly pick: number;
  readonly at: number;
}

interface Journey {
  readonly whole: Case;
  readonly mode: "min" | "max";
  readonly damages: readonly Damage[];
}

const anyDamage: fc.Arbitrary<Damage> = fc.record({
  how: fc.oneof({ weight: 3, arbitrary: fc.constant("none" as const) }, { weight: 4, arbitrary: fc.constantFrom("flip", "cut", "remove", "empty") }), pick: fc.nat(40), at: fc.nat(10_000),
});
const anyJourney = (images: Images): fc.Arbitrary<Journey> => fc.record({
  whole: anyCase(images, 2), mode: fc.oneof({ weight: 3, arbitrary: fc.constant("max" as const) }, { weight: 1, arbitrary: fc.constant("min" as const) }), damages: fc.array(anyDamage, { minLength: 3, maxLength: 3 }),
});

/** Does the damage to one file below a folder. */
function damage(folder: string, { how, pick, at }: Damage): string {
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(folder, name)).isFile()).sort() : [];
  const name = files[pick % files.length];
  if (name === undefined || how === "none") return "the cache is whole";
  const file = join(folder, name);
  const bytes = readFileSync(file);
  if (how === "remove") rmSync(file);
  if (how === "empty") truncateSync(file, 0);
  if (how === "cut") truncateSync(file, at % (bytes.length || 1));
  if (how === "flip" && bytes.length > 0) {
    bytes[at % bytes.length]! ^= 1 << (at % 8);
    writeFileSync(file, bytes);
  }
  return `${how} ${name} at ${at}`;
}

/** @param place where the caches of a case lie, and how each is damaged */
async function check(template: string, images: Images, runs: number, place: (bench: Bench) => { to: (index: number, mode: "min" | "max") => CacheExport; from: (index: number) => CacheImport; damage: (index: number, how: Damage) => string }): Promise<void> {
  await forAWhile(anyJourney(images), async ({ whole, mode, damages }) => {
    using bench = new Bench(template);
    const { to, from, damage: hurt } = place(bench);
    let state = begin(bench.context, whole);
    const said: string[] = [];
    for (const [index, edit] of [undefined, ...whole.edits].entries()) {
      if (edit) {
        said.push(`edit: ${JSON.stringify(edit)} before it:\n${dockerfileText(state.dockerfile)}`);
        state = apply(bench.context, edit, state, whole);
      }
      const root = bench.store();
      const options: Partial<BuildOptions> = { cacheTo: [to(index, mode)], cacheFrom: index === 0 ? [] : [from(index - 1)] };
      const [cached, anew] = await Promise.all([bench.build(root, state, options), bench.buildAnew(state)]);
      try {
        assert.deepEqual(cached, anew);
      } catch (error) {
        throw new Error(`${said.join("\n")}\nmode=${mode} A=${state.argument} target=${state.target}\n--- Dockerfile\n${dockerfileText(state.dockerfile)}--- context\n${describeContext(bench.context)}\n---\n${(error as Error).message}`);
      }
      rmSync(root, { recursive: true });
      said.push(hurt(index, damages[index]!));
    }
  }, { runs, milliseconds: 8_000 });
}

describe("a build with a cache of another machine equals an uncached one", { skip: noBuilds }, () => {
  const templates = { copy: "", run: "" };
  before(async () => {
    for (const images of ["copy", "run"] as const) {
      templates[images] = mkdtempSync(join(tmpdir(), "property-store-"));
      await storeWithBases(templates[images], images);
    }
  });
  after(() => {
    for (const root of Object.values(templates)) rmSync(root, { recursive: true, force: true });
  });

  test("through a folder, whole or damaged, with files", async () => {
    await check(templates.copy, "copy", 25, ({ folder }) => ({
      to: (index, mode) => ({ type: "local", dest: join(folder, `cache-${index}`), mode }),
      from: (index) => ({ type: "local", src: join(folder, `cache-${index}`) }),
      damage: (index, how) => damage(join(folder, `cache-${index}`), how),
    }));
  });

  test("through a registry whose blobs are damaged behind its back, with commands", async (context: TestContext) => {
    const root = mkdtempSync(join(tmpdir(), "property-registry-"));
    context.after(() => rmSync(root, { recursive: true, force: true }));
    const { address } = await scratchRegistry(context, { root });
    let count = 0;
    await check(templates.run, "run", 6, () => {
      const name = `${address}/case${(count += 1)}/cache`;
      return {
        to: (index, mode) => ({ type: "registry", ref: `${name}:${index}`, mode }),
        from: (index) => ({ type: "registry", ref: `${name}:${index}` }),
        damage: (_, how) => damage(join(root, "blobs"), how),
      };
    });
  });
});
