import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { withContainers } from "../support/containers.ts";
import { noTerminal, onTerminal } from "../support/on-terminal.ts";
import { scratchSampan } from "../support/run-sampan.ts";
import { noContainers, sampanWithBase } from "../support/sampan-base.ts";

test("the live view shows running steps, leaves the list of all steps, and gives the cursor back", { skip: noTerminal || noBusybox || noContainers }, async (context) => {
  const { folder, root } = await sampanWithBase(context);
  const app = join(folder, "app");
  mkdirSync(app);
  writeFileSync(join(app, "Dockerfile"), `FROM base:1 AS one\nRUN for i in $(seq 30); do echo one $i; sleep 0.03; done\nFROM base:1\nRUN for i in $(seq 30); do echo two $i; sleep 0.03; done\nCOPY --from=one /bin/sh /x\n`);
  const { status, screen } = await onTerminal(["build", app], { SAMPAN_ROOT: root });
  assert.equal(status, 0, screen);
  const pictures = screen.split("\u001b[J");
  assert.ok(pictures.some((picture) => /=> => # one \d+/.test(picture) && /=> => # two \d+/.test(picture)), "both stages are seen at once");
  for (const picture of pictures.slice(0, -1)) assert.ok(picture.split("\n").length <= 12, "a picture is taller than the screen");
  assert.match(pictures.at(-1)!, /^\[\+\] Building [\d.]+s \((\d+)\/\1\) FINISHED\r\n/);
  assert.match(pictures.at(-1)!, /=> \[stage-1 2\/3\] RUN for i in/);
  assert.equal(screen.lastIndexOf("\u001b[?25h") > screen.lastIndexOf("\u001b[?25l"), true);
});

test("a failed RUN leaves its whole log below the live view", { skip: noTerminal || noBusybox || noContainers }, async (context) => {
  const { folder, root } = await sampanWithBase(context);
  const app = join(folder, "app");
  mkdirSync(app);
  writeFileSync(join(app, "Dockerfile"), "FROM base:1\nRUN seq 500; exit 4\n");
  const { status, screen } = await onTerminal(["build", app], { SAMPAN_ROOT: root, NO_COLOR: "1" });
  assert.equal(status, 1);
  const left = screen.slice(screen.lastIndexOf("\u001b[?25h"));
  assert.match(left, /^.*------\r\n > \[2\/2\] RUN seq 500; exit 4:\r\n1\r\n2\r\n[^]*\r\n500\r\n------\r\nERROR: .*exit code: 4/);
  assert.doesNotMatch(screen, /\u001b\[\d+(;\d+)*m/, "NO_COLOR is honoured");
});

test("run -it gives the command a terminal of this one's size", { skip: noTerminal || noBusybox || noContainers }, async (context) => {
  const { root } = await sampanWithBase(context);
  const { status, screen } = await onTerminal(["run", "-it", "base:1", "sh", "-c", "tty && stty size; exit 5"], { SAMPAN_ROOT: root });
  assert.equal(status, 5, screen);
  assert.match(screen, /\/dev\/(?:pts\/\d+|console)\r+\n12 80\r+\n/);
});

test("exec -it gives a further command a terminal of this one's size, also where the first one has one that nobody sees", { skip: noTerminal || noBusybox || noContainers }, async (context) => {
  const { root, ok, detach } = await withContainers(context);
  await detach("-it", "--name", "shell", "base:1", "sh");
  const { status, screen } = await onTerminal(["exec", "-it", "shell", "sh", "-c", "tty && stty size; exit 6"], { SAMPAN_ROOT: root });
  assert.equal(status, 6, screen);
  assert.match(screen, /\/dev\/pts\/\d+\r+\n12 80\r+\n/);
  assert.match(await ok("exec", "shell", "cat", "/proc/1/comm"), /^sh$/, "a shell whose terminal stays open goes on");
});

test("login asks for name and password, and does not show the password", { skip: noTerminal }, async (context) => {
  const { folder } = scratchSampan(context);
  const server = createServer((_request, response) => response.writeHead(200).end("{}"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  const host = `127.0.0.1:${(server.address() as { port: number }).port}`;
  const { status, screen } = await onTerminal(["login", host], { DOCKER_CONFIG: folder }, [["Username: ", "mex\u007f\r"], ["Password: ", "s3cret\r"]]);
  assert.equal(status, 0, screen);
  assert.match(screen, /Login Succeeded/);
  assert.doesNotMatch(screen, /s3cret/);
  const { auths } = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as { auths: Record<string, { auth: string }> };
  assert.equal(Buffer.from(auths[host]!.auth, "base64").toString(), "me:s3cret");
});
