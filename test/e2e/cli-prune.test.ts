import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { assertStoreWhole } from "../support/check-store.ts";
import { startJourney, type Journey } from "../support/journey.ts";

/** Builds an image with one layer of a megabyte that no other has. */
async function buildLarge(journey: Journey, name: string, words: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<void> {
  const folder = journey.context(name, { Dockerfile: `FROM base:1\nLABEL made=${name}\nCOPY large /${name}\n` });
  writeFileSync(join(folder, "large"), randomBytes(1_000_000));
  await journey.succeeds(["build", "-q", ...words, folder], { env });
}

const usage = async (journey: Journey): Promise<Record<string, string>> =>
  Object.fromEntries((await journey.succeeds(["system", "df", "--format", "{{.Type}}:{{.TotalCount}} {{.Size}} {{.Reclaimable}}"])).trim().split("\n").map((line) => line.split(":") as [string, string]));

test("system df shows images and cache in docker's columns, the cap, what can be freed and why the rest stays", { skip: noBusybox }, async (context) => {
  const journey = await startJourney(context);
  await buildLarge(journey, "named", ["-t", "named:1"]);
  await buildLarge(journey, "again", ["-t", "again:1"]);
  await buildLarge(journey, "again", ["-t", "again:1"]);
  const text = await journey.succeeds(["system", "df"], { env: { SAMPAN_STORE_MAX_SIZE: "50MB" } });
  assert.match(text, /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\nImages +4 +0 +[\d.]+MB +[\d.]+MB \(100%\)\nContainers +0 +0 +0B +0B\nLocal Volumes +0 +0 +0B +0B\nBuild Cache +3 +0 +0B +0B\n\n/);
  assert.match(text, new RegExp(`\nThe store ${journey.root} takes [\\d.]+MB of at most 50MB \\(50MB, store.max-size in SAMPAN_STORE_MAX_SIZE\\).\nCan be freed: [\\d.]+MB of 1 image without a name, with the cache of their steps \\(sampan system prune\\).\nStays: [\\d.]+MB of 3 images with a name [^]*, [\\d.]+[kM]B of records.\n$`));
  const json = (await journey.succeeds(["system", "df", "--format", "json"])).trim().split("\n").map((line) => JSON.parse(line) as Record<string, string>);
  assert.deepEqual(json.map(({ Type, Active }) => [Type, Active]), [["Images", "0"], ["Containers", "0"], ["Local Volumes", "0"], ["Build Cache", "0"]]);
  const verbose = await journey.succeeds(["system", "df", "-v"]);
  assert.match(verbose, /^Images space usage:\n\nREPOSITORY +TAG +IMAGE ID +CREATED +SIZE +SHARED SIZE +UNIQUE SIZE +CONTAINERS\n/);
  assert.match(verbose, /\nnamed +1 +[0-9a-f]{12} .*ago +[\d.]+MB +[\d.]+[kM]B +1MB +0\n/);
  assert.match(verbose, /\nBuild cache usage: 0B\n\nCACHE ID +CACHE TYPE +SIZE +CREATED +LAST USED +SHARED +STEP\n[0-9a-f]{12} +copy +1MB /);
});

test("image prune asks, removes what has no name, and says what it freed", { skip: noBusybox }, async (context) => {
  const journey = await startJourney(context);
  await buildLarge(journey, "again", ["-t", "again:1"]);
  const [old] = (await journey.succeeds(["images", "-q", "--no-trunc", "again"])).split("\n");
  await buildLarge(journey, "again", ["-t", "again:1"]);
  const warning = "WARNING! This will remove all dangling images.\nAre you sure you want to continue? [y/N] ";
  for (const input of ["n\n", ""]) {
    const refused = await journey.sampan(["image", "prune"], { input });
    assert.deepEqual([refused.status, refused.stdout], [1, input === "" ? `${warning}\n` : warning]);
    assert.match(refused.stderr, /^ERROR: image prune has been cancelled\n/);
  }
  assert.equal(await journey.succeeds(["image", "prune", "-f", "--filter", "until=1h"]), "Total reclaimed space: 0B\n");
  assert.equal(await journey.succeeds(["image", "prune", "-f", "--filter", "label=made=other"]), "Total reclaimed space: 0B\n");
  assert.equal(await journey.succeeds(["image", "prune", "-f", "--filter", "label!=made"]), "Total reclaimed space: 0B\n");
  const pruned = await journey.succeeds(["image", "prune", "--filter", "label=made=again"], { input: "y\n" });
  assert.match(pruned, new RegExp(`^${warning.replace(/[!?[\]/.]/g, "\\$&")}Deleted Images:\ndeleted: ${old}\n\nTotal reclaimed space: [\\d.]+k?B\n$`));
  assert.match((await usage(journey))["Build Cache"]!, /^2 1MB/, "the cache still has the layer");
  const all = await journey.succeeds(["image", "prune", "-a", "-f"]);
  assert.match(all, /^Deleted Images:\n(?:untagged: .*\n|deleted: sha256:.*\n)+\nTotal reclaimed space: [\d.]+kB\n$/, "the cache has the layers still");
  assert.match(all, /untagged: again:1\ndeleted: /);
  assert.equal(await journey.succeeds(["images", "-q"]), "");
  assertStoreWhole(journey.root);
});

test("builder prune removes the least recently used cache, down to a limit or all of it", { skip: noBusybox }, async (context) => {
  const journey = await startJourney(context);
  const output = (name: string): string[] => ["-o", `type=local,dest=${join(journey.folder, name)}`];
  await buildLarge(journey, "one", output("one"));
  await buildLarge(journey, "two", output("two"));
  await buildLarge(journey, "kept", ["-t", "kept:1"]);
  assert.match((await usage(journey))["Build Cache"]!, /^3 2MB 2MB/);
  assert.equal(await journey.succeeds(["builder", "prune", "-f", "--min-free-space", "1kB"]), "Total reclaimed space: 0B\n");
  assert.equal(await journey.succeeds(["builder", "prune", "-f", "--filter", "until=1h"]), "Total reclaimed space: 0B\n");
  const limited = await journey.succeeds(["builder", "prune", "-f", "--max-used-space", "1.5MB"]);
  assert.match(limited, /^Deleted build cache objects:\n[0-9a-f]{12}\n\nTotal reclaimed space: 1MB\n$/);
  const steps = await journey.sampan(["build", "--progress", "plain", ...output("two"), join(journey.folder, "two")]);
  assert.match(steps.stderr, /COPY large \/two\n#\d+ CACHED/, "what was used last is still there");
  assert.match(await journey.succeeds(["buildx", "prune", "-f"]), /\n\nTotal reclaimed space: 1MB\n$/);
  assert.match((await usage(journey))["Build Cache"]!, /^1 0B 0B/, "what an image shares stays");
  assert.match(await journey.succeeds(["builder", "prune", "-a"], { input: "y\n" }), /remove all build cache\. Are you sure[^]*\nTotal reclaimed space: 0B\n$/);
  assert.match((await usage(journey))["Build Cache"]!, /^0 /);
  assert.equal((await journey.sampan(["builder", "prune", "-f", "--filter", "inuse=true"])).status, 1);
  assert.match((await journey.sampan(["builder", "prune", "-f", "--max-used-space", "much"])).stderr, /invalid argument "much" for --max-used-space/);
  assertStoreWhole(journey.root);
});

test("a build keeps the store within its cap, and neither a cap that cannot be kept nor a wrong one makes it fail", { skip: noBusybox }, async (context) => {
  const journey = await startJourney(context);
  await buildLarge(journey, "one", ["-t", "one:1"]);
  const before = Number(/takes ([\d.]+)MB/.exec(await journey.succeeds(["system", "df"]))![1]);
  const cap = `${(before + 1.5).toFixed(3)}MB`;
  const home = join(journey.folder, "home");
  mkdirSync(join(home, "sampan"), { recursive: true });
  writeFileSync(join(home, "sampan/config.yaml"), `store:\n  max-size: ${cap}\n`);
  const env = { XDG_CONFIG_HOME: home };
  for (const name of ["two", "three", "four"]) await buildLarge(journey, name, [], env);
  assert.match((await usage(journey))["Images"]!, /^3 /, "the named image, its base, and the build that was last");
  assert.match(await journey.succeeds(["system", "df"], { env }), new RegExp(`of at most .*\\(${cap}, store.max-size in ${home}/sampan/config.yaml\\)`));
  await buildLarge(journey, "five", ["-t", "five:1"], { SAMPAN_STORE_MAX_SIZE: "1kB" });
  assert.match(await journey.succeeds(["system", "df"], { env: { SAMPAN_STORE_MAX_SIZE: "1kB" } }), /more than the cap: only what has no name/);
  assert.match(await journey.succeeds(["images", "--format", "{{.Repository}}"]), /^five\none\nbase\n$/);
  const wrong = await journey.sampan(["build", "-q", join(journey.folder, "five")], { env: { SAMPAN_STORE_MAX_SIZE: "lots" } });
  assert.equal(wrong.status, 0);
  assert.match(wrong.stderr, /^WARNING: the store is not kept within its cap: SAMPAN_STORE_MAX_SIZE: store\.max-size is "lots"\n/);
  for (const [text, problem] of [["store: {max-sise: 1GB}", /unknown setting "max-sise"/], ["a: [", /is not YAML/], ["store: [1]", /no mapping/], ["store: {max-size: 150%}", /"150%"/]] as const) {
    writeFileSync(join(home, "sampan/config.yaml"), text);
    const df = await journey.sampan(["system", "df"], { env });
    assert.equal(df.status, 1);
    assert.match(df.stderr, problem);
  }
  assertStoreWhole(journey.root);
});

test("system prune removes images without a name and the cache; -a everything", { skip: noBusybox }, async (context) => {
  const journey = await startJourney(context);
  await buildLarge(journey, "named", ["-t", "named:1"]);
  await buildLarge(journey, "other");
  const pruned = await journey.succeeds(["system", "prune"], { input: "y\n" });
  assert.match(pruned, /^WARNING! This will remove:\n  - all stopped containers\n  - all dangling images\n  - unused build cache\n\nAre you sure you want to continue\? \[y\/N\] Deleted Images:\ndeleted: sha256:[0-9a-f]{64}\n\nDeleted build cache objects:\n[0-9a-f]{12}\n\nTotal reclaimed space: 1(?:\.\d+)?MB\n$/);
  assert.equal(await journey.succeeds(["images", "--format", "{{.Repository}}"]), "named\nbase\n");
  await journey.succeeds(["system", "prune", "-af"]);
  assert.deepEqual(await usage(journey), { Images: "0 0B 0B", Containers: "0 0B 0B", "Local Volumes": "0 0B 0B", "Build Cache": "0 0B 0B" });
  assertStoreWhole(journey.root);
});
