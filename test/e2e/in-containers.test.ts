import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { noBusybox } from "../support/busybox-base.ts";
import { noDockerd, startDockerd } from "../support/dockerd.ts";
import { noSandbox } from "../support/sandbox-root.ts";

const project = dirname(dirname(import.meta.dirname));
const launcher = join(project, "bin/sampan.cjs");
const skip = noBusybox || noSandbox;

const DOCKERFILE = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "busybox mkdir /made && busybox touch /made/file && busybox chown 1234:5678 /made/file && busybox ls /proc | busybox grep -cx '[0-9]*' > /made/processes"]
RUN ["/bin/busybox", "sh", "-c", "busybox stat -c %u:%g /made/file; busybox mount -t tmpfs x /made || echo refused; busybox cat /made/processes"]
`;

/** A folder with a context whose image needs nothing but this machine's busybox. */
function writeContext(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "sampan-contained-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "context"));
  copyFileSync("/bin/busybox", join(folder, "context/busybox"));
  writeFileSync(join(folder, "context/Dockerfile"), DOCKERFILE);
  writeFileSync(join(folder, "context/one-id"), 'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "true"]\n');
  return folder;
}

function checkLog(log: string): void {
  assert.match(log, /1234:5678\n/);
  assert.match(log, /refused\n/);
  // Itself, and what a pipe needs.
  assert.match(log, /^#\d+ [\d.]+ [1-5]$/m);
}

test("root without the right to mount builds and runs in a user namespace in which its ids stay what they are", { skip: skip || (process.geteuid!() !== 0 ? "needs root" : false) }, async (context) => {
  const folder = writeContext(context);
  const sampan = (...words: string[]): Promise<{ stdout: string; stderr: string }> =>
    promisify(execFile)("setpriv", ["--bounding-set=-sys_admin", "--", process.execPath, launcher, ...words], { cwd: folder, env: { ...process.env, SAMPAN_ROOT: join(folder, "store") } });
  const { stderr } = await sampan("build", "--progress", "plain", "-t", "contained:1", "context");
  checkLog(stderr);
  const archive = join(folder, "files.tar");
  await sampan("build", "-o", `type=tar,dest=${archive}`, "context");
  assert.match(spawnSync("tar", ["--numeric-owner", "-tvf", archive, "made/file"], { encoding: "utf8" }).stdout, / 1234\/5678 /);
  await sampan("run", "-d", "--network", "host", "--name", "waits", "contained:1", "/bin/busybox", "sleep", "600");
  assert.equal((await sampan("exec", "waits", "/bin/busybox", "stat", "-c", "%u", "/made/file")).stdout, "1234\n");
  await sampan("rm", "-f", "waits");
  assert.match((await sampan("doctor").catch((error: { stdout: string; stderr: string }) => error)).stdout, /^ok +user namespaces +this container's root may make them/m);
});

test("in Docker's containers the build says what it needs, and works where it has that", { skip: skip || noDockerd }, async (context) => {
  const folder = writeContext(context);
  const docker = await startDockerd(context);
  mkdirSync(join(folder, "empty"));
  assert.equal(spawnSync("tar", ["-C", join(folder, "empty"), "-cf", join(folder, "empty.tar"), "."]).status, 0);
  const imported = docker("import", join(folder, "empty.tar"), "tools:1");
  assert.equal(imported.status, 0, imported.stderr);
  // This machine's programs are the container's.
  const shared = ["/usr", "/bin", "/lib", "/lib64", project, dirname(dirname(process.execPath))].flatMap((path) => ["-v", `${path}:${path}:ro`]);
  const inside = (options: readonly string[], ...words: string[]): { status: number | null; stdout: string; stderr: string } => docker(
    "run", "--rm", "--network", "none", "--security-opt", "apparmor=unconfined", ...shared, "-v", `${folder}/context:/context:ro`, "--tmpfs", "/store:exec,mode=1777", "--tmpfs", "/tmp",
    "-e", "SAMPAN_ROOT=/store", "-e", "HOME=/tmp", ...options, "tools:1", process.execPath, launcher, ...words,
  );
  const build = ["build", "--progress", "plain", "-t", "contained:1", "/context"] as const;
  const unconfined = ["--security-opt", "seccomp=unconfined"] as const;
  const whole = [...unconfined, "--security-opt", "systempaths=unconfined"] as const;

  for (const options of [["--cap-add", "SYS_ADMIN"], whole, [...unconfined, "--cap-add", "SYS_ADMIN"]]) {
    const { status, stderr } = inside(options, ...build);
    assert.equal(status, 0, `${options.join(" ")}: ${stderr}`);
    checkLog(stderr);
    const doctor = inside(options, "doctor");
    assert.match(doctor.stdout, /This machine can build and run images/, options.join(" "));
  }
  // Whoever has one id only cannot give files away.
  const ordinary = inside([...whole, "--user", "1000:1000"], "build", "-f", "/context/one-id", "/context");
  assert.equal(ordinary.status, 0, ordinary.stderr);

  const plain = inside([], ...build);
  assert.equal(plain.status, 1);
  assert.match(plain.stderr, /the container cannot be set up.*Operation not permitted[\s\S]*sampan doctor/);
  const doctor = inside([], "doctor");
  assert.equal(doctor.status, 1);
  assert.match(doctor.stdout.replace(/\n +/g, " "), /^not ok +user namespaces +this container's root may neither mount nor make them.*seccomp=unconfined/m);
  assert.doesNotMatch(doctor.stdout, /set SAMPAN_ROOT/);

  const masked = inside(unconfined, ...build);
  assert.equal(masked.status, 1);
  assert.match(inside(unconfined, "doctor").stdout.replace(/\n +/g, " "), /^not ok +processes .*systempaths=unconfined.*procMount/m);
});
