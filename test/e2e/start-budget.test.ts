import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { defaultFilter } from "../../src/exec/default-filter.ts";
import { eventually } from "../support/containers.ts";
import { htpasswdOf } from "../support/guarded-registry.ts";
import { serveRegistry } from "../support/serve-registry.ts";

const root = join(import.meta.dirname, "../..");

/**
 * What a start may load, with some room. Each module costs 0.02 to 0.1 ms at each start, each 100 KB of a layer half a millisecond.
 * Where a test here fails: import what only some starts need where it is needed (`await import(…)`), and list a module that
 * every build loads that way under its layer in scripts/bundle.cjs. Raise a number only when every build must have it.
 */
const BUDGET = {
  version: { modules: 20, bytes: 60_000 },
  noOp: { modules: 390, bytes: 932_000 },
  carry: { bytes: 600_000 },
};

describe("what a start loads stays small", () => {
  let folder = "";
  let copy = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "sampan-budget-"));
    copy = join(folder, "copy");
    mkdirSync(copy);
    // A checkout of its own, since the one under test may have no bundle, or an old one.
    for (const name of ["bin", "scripts", "src", "package.json"]) cpSync(join(root, name), join(copy, name), { recursive: true, preserveTimestamps: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    execFileSync(process.execPath, [join(copy, "scripts/bundle.cjs")], { stdio: ["ignore", "pipe", "inherit"] });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  let starts = 0;
  /** @returns how many modules of each layer the start loaded, as it noted beside the code that it kept */
  const start = (words: readonly string[], store = "store"): Record<string, number> => {
    starts += 1;
    const cache = join(folder, `cache-${starts}`);
    const env = { ...process.env, XDG_CACHE_HOME: cache, SAMPAN_ROOT: join(folder, store) };
    const { status, stderr } = spawnSync(process.execPath, [join(copy, "bin/sampan.cjs"), ...words], { encoding: "utf8", env });
    assert.equal(status, 0, stderr);
    const kept = join(cache, "sampan/compile-cache", `bundle-${process.version}-${process.arch}`);
    return Object.fromEntries(readdirSync(kept).filter((name) => name.startsWith(`${words[0]}-`)).map((name) => {
      const [, layer] = /^[a-z]+-(.+)-[0-9a-f]+\.bin$/.exec(name)!;
      return [layer!, Number(readFileSync(join(kept, name)).toString("latin1", 0, 128).split(",")[1])];
    }));
  };
  const bytesOf = (...layers: string[]): number => layers.reduce((sum, layer) => sum + statSync(join(copy, "dist/bundle", `${layer}.cjs`)).size, 0);

  test("and a sandbox finds its filter ready made, which is that of the sources", () => {
    const filter = Buffer.from(defaultFilter()).toString("base64");
    assert.ok(filter.length > 5000);
    for (const start of ["sandbox", "zygote", "join"]) assert.ok(readFileSync(join(copy, `dist/bundle/${start}-entry-code.cjs`), "latin1").replaceAll("\\\n", "").includes(filter), start);
  });

  test("for version: the first layer", () => {
    const loaded = start(["version"]);
    assert.deepEqual(Object.keys(loaded), ["main"]);
    assert.ok(loaded["main"]! > 5 && loaded["main"]! <= BUDGET.version.modules, `${loaded["main"]} modules, ${BUDGET.version.modules} are fine`);
    assert.ok(bytesOf("main") <= BUDGET.version.bytes, `main.cjs has ${bytesOf("main")} bytes, ${BUDGET.version.bytes} are fine`);
  });

  test("for builds with a push: what speaks to stores and registries, and what builds; for a push, pull, copy or sync: what carries, without what builds", async (context) => {
    const registry = await serveRegistry(context);
    const project = join(folder, "project");
    mkdirSync(project);
    writeFileSync(join(project, "Dockerfile"), "FROM scratch\nCOPY data /data\nENV A=b\n");
    writeFileSync(join(project, "data"), "data\n");
    const build = ["build", "--progress", "plain", "-t", `${registry}/app:1`, "--push", project];
    const layers = ["layer-build", "layer-transfer", "main"];
    assert.deepEqual(Object.keys(start(build)).sort(), layers);
    const noOp = start(build);
    assert.deepEqual(Object.keys(noOp).sort(), layers);
    const modules = layers.reduce((sum, layer) => sum + noOp[layer]!, 0);
    assert.ok(modules > 100, "modules are not counted");
    assert.ok(modules <= BUDGET.noOp.modules, `${modules} modules, ${BUDGET.noOp.modules} are fine`);
    assert.ok(bytesOf(...layers) <= BUDGET.noOp.bytes, `${bytesOf(...layers)} bytes, ${BUDGET.noOp.bytes} are fine`);
    const carrying = ["layer-carry", "layer-transfer", "main"];
    const list = join(folder, "sync.yaml");
    writeFileSync(list, JSON.stringify({ sync: [{ source: `${registry}/app`, target: `${registry}/third`, tags: ["1"] }] }));
    for (const words of [["push", `${registry}/app:1`], ["pull", "-q", `${registry}/app:1`], ["copy", `${registry}/app:1`, `${registry}/other:1`], ["sync", list]]) {
      // A sync meets a fault: the repository that it asks for is not there yet.
      const loaded = Object.keys(start(words)).filter((layer) => !(layer === "layer-faults" && words[0] === "sync")).sort();
      assert.deepEqual(loaded, carrying, words[0]);
    }
    const other = await serveRegistry(context);
    assert.deepEqual(Object.keys(start(["pull", "-q", `${registry}/app:1`], "empty-store")).sort(), carrying, "a pull that receives something");
    assert.deepEqual(Object.keys(start(["copy", `${registry}/app:1`, `${other}/app:1`])).sort(), carrying, "a copy that sends something");
    assert.ok(bytesOf(...carrying) <= BUDGET.carry.bytes, `${bytesOf(...carrying)} bytes, ${BUDGET.carry.bytes} are fine`);
    // A cache in a registry, and a machine that has nothing of its own.
    const ref = `${registry}/cache:main`;
    assert.deepEqual(Object.keys(start([...build, "--cache-to", `type=registry,ref=${ref},mode=max`])).sort(), [...layers, "layer-carry"].sort());
    assert.deepEqual(Object.keys(start([...build, "-t", `${registry}/new:1`, "--cache-from", ref], "new")).sort(), [...layers, "layer-carry"].sort());
  });

  test("but what faults say is read by a server when it starts: its program may be replaced while it runs", async (context) => {
    const [users, config, faults] = [join(folder, "users"), join(folder, "registry.yaml"), join(copy, "dist/bundle/layer-faults.cjs")];
    writeFileSync(users, htpasswdOf({ alice: "pw" }));
    writeFileSync(config, 'access: {htpasswd: users, grants: [{who: "user:alice", role: admin, repositories: "**"}]}\n');
    const server = spawn(process.execPath, [join(copy, "bin/sampan.cjs"), "registry", "serve", "--listen", "127.0.0.1:0", "--root", join(folder, "served"), "--config", config], { stdio: ["ignore", "pipe", "pipe"] });
    context.after(() => server.kill("SIGKILL"));
    let said = "";
    for (const stream of [server.stdout, server.stderr]) stream.on("data", (data) => { said += String(data); });
    const address = /^listening on (.+)$/m.exec(await eventually(() => said, (text) => /^listening on .+$/m.test(text)))![1]!;
    renameSync(faults, `${faults}.old`);
    context.after(() => renameSync(`${faults}.old`, faults));
    writeFileSync(users, "no line of such a file\n");
    const ask = (): Promise<string> => fetch(`http://${address}/v2/`, { headers: { authorization: `Basic ${btoa("alice:pw")}` } }).then(() => said);
    assert.match(await eventually(ask, (text) => text.includes("users:1: ") || text.includes("Error")), /^the configuration is not valid:\n.*users:1: a line is USER:HASH$/m);
  });
});
