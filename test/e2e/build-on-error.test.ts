import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { noContainers, sampanWithBase } from "../support/sampan-base.ts";

const noTerminal = existsSync("/usr/bin/script") ? false : "needs script (Debian's bsdutils)";
const launcher = new URL("../../bin/sampan.cjs", import.meta.url).pathname;
const DOCKERFILE = `FROM base:1
ENV MOOD=curious
WORKDIR /work
RUN echo made > before
USER 1000:1000
RUN echo half > /tmp/done; exit 7
`;

/** Types a line at each prompt, and gives up after a minute. */
function atShell(words: readonly string[], env: Readonly<Record<string, string>>, lines: readonly string[]): Promise<{ status: number | null; screen: string }> {
  const quoted = [process.execPath, launcher, ...words].map((word) => `'${word}'`).join(" ");
  const child = spawn("script", ["-qec", `stty cols 200 rows 40; ${quoted}`, "/dev/null"], { env: { ...process.env, TERM: "xterm", NO_COLOR: "1", ...env }, stdio: ["pipe", "pipe", "inherit"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const waiting = [...lines];
  let screen = "";
  let seen = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    screen += chunk.toString();
    // busybox asks where the cursor is.
    const prompt = /[$#] (?:\u001b\[6n)?$/.exec(screen.slice(seen));
    if (!prompt || waiting.length === 0) return;
    seen = screen.length;
    child.stdin.write(`${waiting.shift()!}\r`);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      clearTimeout(timer);
      resolve({ status, screen });
    });
  });
}

test("--on-error shell opens a shell where the RUN failed, and throws away what it leaves", { skip: noTerminal || noBusybox || noContainers }, async (context) => {
  const { folder, root, sampan } = await sampanWithBase(context);
  const app = join(folder, "app");
  mkdirSync(app);
  writeFileSync(join(app, "Dockerfile"), DOCKERFILE);
  for (const words of [["build", "--on-error", "shell", app], ["buildx", "debug", "--on=error", "build", app]]) {
    const { status, screen } = await atShell(words, { SAMPAN_ROOT: root }, [
      "echo files: $(cat before) $(cat /tmp/done)", "echo is: $MOOD $(pwd) $(id -u):$(id -g) tty=$(tty)", "echo mine > /tmp/mine; ls /tmp", "exit 5",
    ]);
    assert.equal(status, 1, screen);
    assert.match(screen, /RUN echo half > \/tmp\/done; exit 7 failed: process .*exit code: 7\r\nThis is \/bin\/sh where it failed/);
    assert.match(screen, /^files: made half\r$/m);
    assert.match(screen, /^is: curious \/work 1000:1000 tty=\/dev\/\S+\r$/m);
    assert.match(screen, /^done +mine/m);
    assert.match(screen, /ERROR: process .*exit code: 7/);
  }
  writeFileSync(join(app, "Dockerfile"), DOCKERFILE.replace("exit 7", "ls /tmp >&2; test ! -e /tmp/mine"));
  assert.equal((await sampan(["build", app])).status, 0, "nothing of the shell stays");
});

test("--on-error shell is refused before anything is built where there is no terminal", async (context) => {
  const { folder, sampan } = await sampanWithBase(context);
  writeFileSync(join(folder, "Dockerfile"), DOCKERFILE);
  const { status, stderr } = await sampan(["build", "--on-error", "shell", folder]);
  assert.equal(status, 1);
  assert.match(stderr, /^ERROR: --on-error shell needs a terminal/);
  assert.equal((await sampan(["build", "--on-error", "shell", "--builder", "unix:///nowhere", folder])).status, 1);
  assert.equal((await sampan(["build", "--on-error", "dance", folder])).status, 2);
});
