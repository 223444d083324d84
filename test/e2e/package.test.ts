import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";

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
    for (const name of ["bin", "docs", "scripts", "src", "web", "package.json", "README.md", "LICENSE", "tsconfig.json", "tsconfig.build.json"]) cpSync(join(root, name), join(copy, name), { recursive: true });
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

  test("brings no sources and no tests along", () => {
    const files = readdirSync(join(folder, "node_modules/sampan"), { recursive: true, encoding: "utf8" });
    assert.deepEqual(files.filter((file) => file.startsWith("src/") || /\.test\./.test(file)), []);
    assert.ok(files.includes("dist/cli/main.js"));
    assert.ok(files.includes("dist/web/index.html"));
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
