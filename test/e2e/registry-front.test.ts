import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { findProgram } from "../support/find-program.ts";
import { freePort } from "../support/free-port.ts";
import { digestOf, scratchRegistry } from "../support/scratch-registry.ts";

const nginx = findProgram("nginx");

/** The locations that docs/guides/registry.md tells people to write, for a registry that is elsewhere. */
function documented({ port, root }: { port: number; root: string }): string {
  const guide = readFileSync(new URL("../../docs/guides/registry.md", import.meta.url), "utf8");
  const blocks = [...guide.matchAll(/```nginx\n(.*?)```/gs)].map(([, block]) => block!);
  assert.equal(blocks.length, 2);
  const replaced = blocks.join("").replace("http://127.0.0.1:5000;", `http://127.0.0.1:${port};`).replace("/srv/registry/blobs/;", `${root}/blobs/;`);
  assert.ok(replaced.includes(`:${port};`) && replaced.includes(`${root}/blobs/`));
  return replaced;
}

/** nginx as docs/guides/registry.md sets it up, in front of a registry. @returns its port */
async function startNginx(context: TestContext, folder: string, registry: { port: number; root: string }): Promise<number> {
  const port = await freePort();
  const config = join(folder, "nginx.conf");
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${join(folder, name)};`).join(" ");
  writeFileSync(config, `daemon off; ${process.getuid?.() === 0 ? "user root;" : ""} worker_processes 1; pid ${join(folder, "nginx.pid")}; error_log ${join(folder, "error.log")};
events {}
http {
  access_log off; ${paths}
  server {
    listen 127.0.0.1:${port};
    ${documented(registry)}
  }
}
`);
  const child = spawn(nginx!, ["-c", config, "-p", folder, "-e", join(folder, "error.log")], { stdio: ["ignore", "inherit", "inherit"] });
  context.after(async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  for (let round = 0; round < 400; round += 1) {
    const socket = connect(port, "127.0.0.1");
    const [event] = await Promise.race([once(socket, "connect").then(() => ["there"]), once(socket, "error").then(() => ["not yet"])]).catch(() => ["not yet"]);
    socket.destroy();
    if (event === "there") return port;
    assert.equal(child.exitCode, null, "nginx ended");
    await wait(25);
  }
  throw new Error("nginx did not start");
}

async function ask(port: number, method: string, path: string, options: { headers?: Record<string, string>; body?: Uint8Array } = {}): Promise<{ status: number | undefined; headers: IncomingMessage["headers"]; body: Buffer }> {
  const outgoing = httpRequest({ host: "127.0.0.1", port, method, path, headers: options.headers ?? {}, agent: false }).end(options.body);
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) };
}

test("nginx in front takes pushes, and sends the files of blobs that the registry lets a client have", { skip: !nginx && "needs nginx" }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-front-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, "registry.yaml");
  writeFileSync(config, "trustedProxies: [127.0.0.1]\ninternalRedirect: {header: X-Accel-Redirect, path: /registry-blobs/}\n");
  const registry = await scratchRegistry(context, { config });
  const port = await startNginx(context, folder, registry);

  const content = randomBytes(3_000_000);
  const digest = digestOf(content);
  const location = (await ask(port, "POST", "/v2/team/app/blobs/uploads/")).headers.location!;
  assert.equal((await ask(port, "PUT", `${location}?digest=${digest}`, { body: content })).status, 201);

  const got = await ask(port, "GET", `/v2/team/app/blobs/${digest}`);
  assert.deepEqual([got.status, got.headers["docker-content-digest"], got.headers.etag, got.headers["content-length"], got.headers["x-accel-redirect"]], [200, digest, `"${digest}"`, "3000000", undefined]);
  assert.equal(got.headers["content-type"], "application/octet-stream");
  assert.equal(digestOf(got.body), digest);
  const part = await ask(port, "GET", `/v2/team/app/blobs/${digest}`, { headers: { Range: "bytes=1000-1999" } });
  assert.deepEqual([part.status, part.headers["content-range"], part.body.equals(content.subarray(1000, 2000))], [206, "bytes 1000-1999/3000000", true]);
  assert.equal((await ask(port, "HEAD", `/v2/team/app/blobs/${digest}`)).headers["content-length"], "3000000");

  // What nobody lets the client have, it does not get: not from another repository, and not by the way inside.
  assert.equal((await ask(port, "GET", `/v2/team/other/blobs/${digest}`)).status, 404);
  assert.equal((await ask(port, "GET", `/registry-blobs/sha256/${digest.slice(7)}`)).status, 404);
});
