import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { eventually, withContainers } from "../support/containers.ts";
import { freePort } from "../support/free-port.ts";
import { htpasswdOf } from "../support/guarded-registry.ts";
import { writeNodeContext } from "../support/node-base.ts";
import { noContainers } from "../support/sampan-base.ts";

const root = join(import.meta.dirname, "../..");
const skip = process.getuid!() === 0 ? false : "needs root: the API example builds without a user namespace";

describe("the package that npm pack makes", () => {
  let folder = "";
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "sampan-package-"));
    // Packing compiles into dist/, so it is done in a copy.
    const copy = join(folder, "copy");
    mkdirSync(copy);
    for (const name of ["bin", "deploy", "docs", "scripts", "src", "web", "package.json", "README.md", "LICENSE", "tsconfig.json", "tsconfig.build.json"]) cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: copy, env, stdio: ["ignore", "pipe", "pipe"] });
    rmSync(copy, { recursive: true });
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
    writeFileSync(join(folder, "package.json"), '{ "name": "elsewhere", "private": true, "type": "module" }');
    execFileSync("npm", ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", `./${tarball}`], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("installs elsewhere, and npx sampan version prints the version", () => {
    const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
    assert.match(execFileSync("npx", ["--no-install", "sampan", "version"], { cwd: folder, env, encoding: "utf8" }), new RegExp(`Version:\\s+${version}`));
  });

  test("as a program it reads a file of --env-file itself, and Node does not", () => {
    writeFileSync(join(folder, "app.env"), "NODE_OPTIONS=--bogus\n");
    const run = (file: string): string =>
      spawnSync(join(folder, "node_modules/.bin/sampan"), ["run", "--env-file", file, "--pull", "never", "nowhere:1"], { cwd: folder, env: { ...env, SAMPAN_ROOT: join(folder, "store") }, encoding: "utf8" }).stderr;
    for (const file of ["app.env", "none.env"]) assert.match(run(file), /^ERROR: No such image: nowhere:1\n/);
  });

  test("brings no sources and no tests along", () => {
    const files = readdirSync(join(folder, "node_modules/sampan"), { recursive: true, encoding: "utf8" });
    assert.deepEqual(files.filter((file) => file.startsWith("src/") || /\.test\./.test(file)), []);
    assert.ok(files.includes("dist/cli/main.js"));
    assert.ok(files.includes("dist/web/index.html"));
  });

  test("deploy/Dockerfile makes an image of it, whose container serves a registry as a user without rights", { skip: noBusybox || noContainers }, async (context) => {
    const { ok, folder: scratch, sampan } = await withContainers(context);
    await ok("build", "-q", "-t", "docker.io/library/node:24-slim", writeNodeContext(join(scratch, "node")));
    const installed = join(scratch, "installed");
    mkdirSync(join(installed, "opt/sampan/lib"), { recursive: true });
    mkdirSync(join(installed, "opt/sampan/bin"));
    execFileSync("cp", ["-al", join(folder, "node_modules"), join(installed, "opt/sampan/lib")]);
    symlinkSync("../lib/node_modules/sampan/bin/sampan.cjs", join(installed, "opt/sampan/bin/sampan"));
    await ok("build", "-q", "-t", "registry:1", "--build-context", `installed=${installed}`, join(root, "deploy"));
    const config = JSON.parse(await ok("image", "inspect", "--format", "{{json .Config}}", "registry:1")) as { User: string; Healthcheck: { Test: string[] }; Volumes: object };
    assert.deepEqual([config.User, config.Volumes, config.Healthcheck.Test[0]], ["65532:65532", { "/var/lib/registry": {} }, "CMD"]);

    const [settings, data] = [join(scratch, "settings"), join(scratch, "data")];
    for (const place of [settings, data]) mkdirSync(place);
    chownSync(data, 65532, 65532);
    chmodSync(scratch, 0o755);
    writeFileSync(join(settings, "registry.yaml"), "access: {htpasswd: users, grants: [{who: user:alice, role: admin, repositories: '**'}]}\n");
    writeFileSync(join(settings, "users"), htpasswdOf({ alice: "pw" }));
    const volumes = ["-v", `${data}:/var/lib/registry`, "-v", `${settings}:/etc/sampan:ro`];

    // As it is, in a network of its own: it says itself how it is.
    await ok("run", "-d", "--name", "alone", "--network", "none", ...volumes, "registry:1");
    await eventually(async () => (await sampan(["logs", "alone"])).stdout, (said) => said.includes("listening on 0.0.0.0:5000"));
    await ok("exec", "alone", ...config.Healthcheck.Test.slice(1));
    assert.equal(await ok("exec", "alone", "node", "-p", "process.getuid()"), "65532");
    await ok("stop", "alone");
    assert.equal(await ok("wait", "alone"), "0");
    assert.notEqual((await sampan(["exec", "alone", ...config.Healthcheck.Test.slice(1)])).status, 0);

    const host = `127.0.0.1:${await freePort()}`;
    await ok("run", "-d", "--name", "reached", "--network", "host", ...volumes, "registry:1", "registry", "serve", "--listen", host, "--root", "/var/lib/registry", "--config", "/etc/sampan/registry.yaml");
    await eventually(async () => (await sampan(["logs", "reached"])).stdout, (said) => said.includes(`listening on ${host}`));
    await ok("tag", "base:1", `${host}/team/base:1`);
    assert.equal((await sampan(["push", "--creds", "bob:pw", `${host}/team/base:1`])).status, 1);
    const pushed = /sha256:[0-9a-f]{64}/.exec(await ok("push", "--creds", "alice:pw", `${host}/team/base:1`))![0];
    await ok("rmi", `${host}/team/base:1`);
    assert.match(await ok("pull", "--creds", "alice:pw", `${host}/team/base:1`), new RegExp(pushed));
    await ok("rm", "-f", "alone", "reached");
    assert.equal(statSync(join(data, "registry.db")).uid, 65532);
  });

  test("its API example compiles and runs", { skip }, () => {
    copyFileSync(join(root, "examples/api/build-and-push.ts"), join(folder, "build-and-push.ts"));
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({
      compilerOptions: { target: "ES2024", lib: ["ES2024", "ESNext.Disposable"], module: "NodeNext", strict: true, noEmit: true, types: ["node"], typeRoots: [join(root, "node_modules/@types")], skipLibCheck: false },
      files: ["build-and-push.ts"],
    }));
    const checked = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", "."], { cwd: folder, env, encoding: "utf8" });
    assert.equal(checked.status, 0, checked.stdout);
    const { status, stdout, stderr } = spawnSync(process.execPath, ["build-and-push.ts"], { cwd: folder, env, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    assert.equal(stdout, [
      "instructions: copy label cmd",
      "image: built application/vnd.oci.image.manifest.v1+json",
      "tags: 1.0.0",
      'labels: {"team":"harbour"}',
      "fault: DOCKERFILE_INSTRUCTION line 2: dockerfile parse error on line 2: unknown instruction: COPPY (did you mean COPY?)",
      "",
    ].join("\n"));
  });
});
