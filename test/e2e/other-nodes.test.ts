import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test, type TestContext } from "node:test";
import { noBusybox, writeBusyboxLayout } from "../support/busybox-base.ts";
import { findProgram } from "../support/find-program.ts";
import { noContainers } from "../support/sampan-base.ts";

const root = join(import.meta.dirname, "../..");
/** The oldest and the newest Node that this architecture has packages of. */
const versions = readFileSync(join(root, ".ci/nodes"), "utf8").trim().split("\n").map((line) => line.split(" ")).filter(([, ...architectures]) => architectures.includes(process.arch)).map(([version]) => version!);

test("the oldest Node is one that package.json allows and the README names, as it does the newest", () => {
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { engines: { node: string } };
  const [readme, nodes] = [readFileSync(join(root, "README.md"), "utf8"), readFileSync(join(root, ".ci/nodes"), "utf8").trim().split("\n").map((line) => line.split(" ")[0]!)];
  assert.equal(engines.node, `^${nodes[0]} || >=24`);
  assert.ok(readme.includes(`Node ${nodes[0]!.replace(/\.0$/, "")} or newer`), "the least version");
  for (const version of [nodes[0]!, nodes.at(-1)!]) assert.ok(readme.includes(`(${version})`), version);
});

describe("on another Node than that of the tests", () => {
  let folder = "";
  let checkout = "";
  let installed = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "sampan-nodes-"));
    [checkout, installed] = [join(folder, "checkout"), join(folder, "installed")];
    for (const name of ["bin", "scripts", "src", "package.json"]) cpSync(join(root, name), join(checkout, name), { recursive: true, preserveTimestamps: true });
    symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"));
    execFileSync(process.execPath, [join(checkout, "scripts/bundle.cjs")], { stdio: ["ignore", "pipe", "inherit"] });
    // Without sources it is a package, whose bundle runs on the Node that it is started on or not at all.
    for (const name of ["bin", "dist", "node_modules", "package.json"]) cpSync(join(checkout, name), join(installed, name), { recursive: true });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const version of versions) {
    const program = findProgram(`node-${version}`);
    const skip = program === undefined && `needs node-${version} (.ci/run fetches it)`;

    test(`Node ${version} builds, pushes, pulls, runs, saves and serves without a warning`, { skip: skip || noBusybox || noContainers }, async (context) => {
      const { here, run, serve } = commandsOn(context, program!, installed);
      assert.match(run("version"), new RegExp(`Node: +v${version.replaceAll(".", "\\.")}\n`));
      const { address, end } = await serve("registry");
      const [name, archive] = [`${address}/team/app:1`, join(here, "app.tar")];

      writeBusyboxLayout(join(here, "layout"));
      run("copy", "-q", `oci:${join(here, "layout")}:latest`, "store:base:1");
      mkdirSync(join(here, "context"));
      // Large enough that the registry's threads carry it.
      writeFileSync(join(here, "context/large"), randomBytes(9 * 1024 * 1024));
      writeFileSync(join(here, "context/Dockerfile"), [
        "FROM base:1 AS one", "RUN --mount=type=cache,target=/cache echo one > /one", "RUN echo two >> /one",
        "FROM base:1", "COPY --from=one /one /", "COPY large /", "RUN wc -c < /large >> /one", 'CMD ["cat", "/one"]', "",
      ].join("\n"));
      run("build", "-q", "-t", name, "--push", join(here, "context"));
      run("build", "-q", "--no-cache", "-o", `type=oci,dest=${join(here, "oci.tar")},compression=zstd`, "--sbom=true", join(here, "context"));

      const said = `one\ntwo\n${9 * 1024 * 1024}\n`;
      assert.equal(run("run", "--rm", name), said);
      run("save", "-o", archive, name);
      run("rmi", name);
      run("load", "-i", archive);
      assert.equal(run("run", "--rm", name), said);
      run("rmi", name);
      run("pull", "-q", name);
      assert.equal(run("run", "--rm", name), said);
      run("run", "-d", "--name", "lasting", name, "sleep", "100");
      assert.equal(run("exec", "lasting", "cat", "/one"), said);
      run("rm", "-f", "lasting");
      writeFileSync(join(here, "docker-bake.hcl"), 'target "default" {\n  context = "context"\n  tags = ["${upper("x") == "X" ? "baked" : "not"}:1"]\n}\n');
      run("bake", "--progress", "quiet", "-f", join(here, "docker-bake.hcl"));
      assert.equal(run("run", "--rm", "baked:1"), said);
      assert.equal(await end(), "");
      assert.match(run("registry", "check", "--root", join(here, "registry")), /all is well/);
    });

    test(`the zygote's copies of Node ${version} wait for no thread that they do not have`, { skip: skip || noContainers }, () => {
      // V8 tells of flags that this version of it does not have.
      assert.equal(execFileSync(program!, ["--no-warnings", join(root, "test/support/collecting-copies.ts")], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }), "0 of 8\n");
    });

    test(`in a checkout whose bundle is old, Node ${version} runs the sources, or has a Node do it that can`, { skip }, (context) => {
      const changed = join(mkdtempSync(join(folder, "changed-")), "checkout");
      cpSync(checkout, changed, { recursive: true, preserveTimestamps: true });
      appendFileSync(join(changed, "src/cli/main.ts"), "// Changed.\n");
      const { here, run } = commandsOn(context, program!, changed);
      const [major] = version.split(".").map(Number);
      const bundled = execFileSync(join(root, "node_modules/node/bin/node"), ["--version"], { encoding: "utf8" }).trim();
      assert.ok(run("version").includes(major! < 24 ? bundled : `v${version}`));
      if (major! >= 24) return;
      const refused = (): void => {
        const { status, stderr } = spawnSync(program!, [join(changed, "bin/sampan.cjs"), "version"], { cwd: here, encoding: "utf8", timeout: 60_000 });
        assert.equal(stderr, `sampan: Node ${version} will not do, for sources that are newer than their bundle 24 or newer is needed.\nRun \`npm ci\` in ${realpathSync(changed)}: it brings a Node of its own along.\n`);
        assert.equal(status, 1);
      };
      rmSync(join(changed, "node_modules"));
      refused();
      // Nor is it asked of itself, again and again.
      mkdirSync(join(changed, "node_modules/node/bin"), { recursive: true });
      symlinkSync(program!, join(changed, "node_modules/node/bin/node"));
      refused();
    });
  }
});

interface Commands {
  readonly here: string;
  /** Runs a command, which has to end well and to say nothing on standard error. @returns what it said */
  run(...words: readonly string[]): string;
  /** Serves a registry on a folder. `end` gives what it said on standard error. */
  serve(folder: string): Promise<{ readonly address: string; end(): Promise<string> }>;
}

/** The launcher as a program where `node` is that one, with a folder, a store and a home of its own. */
function commandsOn(context: TestContext, node: string, place: string): Commands {
  const here = mkdtempSync(join(tmpdir(), "sampan-node-"));
  context.after(() => rmSync(here, { recursive: true, force: true }));
  mkdirSync(join(here, "bin"));
  symlinkSync(node, join(here, "bin/node"));
  const { NODE_OPTIONS: _, SAMPAN_STANDBY: __, ...inherited } = process.env;
  const env = { ...inherited, PATH: `${join(here, "bin")}:${process.env["PATH"]}`, HOME: here, XDG_CACHE_HOME: join(here, "cache"), SAMPAN_ROOT: join(here, "store"), DOCKER_CONFIG: join(here, "docker") };
  const launcher = join(place, "bin/sampan.cjs");
  chmodSync(launcher, 0o755);
  return {
    here,
    run(...words) {
      const { status, stdout, stderr } = spawnSync(launcher, words, { cwd: here, env, encoding: "utf8" });
      assert.deepEqual({ words, status, stderr }, { words, status: 0, stderr: "" });
      return stdout;
    },
    async serve(folder) {
      const child = spawn(launcher, ["registry", "serve", "--listen", "127.0.0.1:0", "--root", join(here, folder)], { cwd: here, env, stdio: ["ignore", "pipe", "pipe"] });
      let said = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => { said += text; });
      const ended = new Promise<string>((resolve) => child.once("close", () => resolve(said)));
      context.after(() => void child.kill("SIGKILL"));
      for await (const line of createInterface(child.stdout)) {
        const address = /^listening on (.+)$/.exec(line)?.[1];
        if (address === undefined) continue;
        return {
          address,
          end: () => {
            child.kill("SIGTERM");
            return ended;
          },
        };
      }
      throw new Error(`the registry ended before it was ready: ${await ended}`);
    },
  };
}
