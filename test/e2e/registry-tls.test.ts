import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { scratchRegistry } from "../support/scratch-registry.ts";
import { scratchSampan, runSampan } from "../support/run-sampan.ts";
import { siteAuthority, siteClient, siteServer } from "../support/site-certificates.ts";
import { testAuthority, testCertificate } from "../support/test-certificate.ts";

/** A registry with TLS, and how to ask it. */
async function tlsRegistry(context: TestContext, config: string) {
  const folder = mkdtempSync(join(tmpdir(), "sampan-tls-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  write("server.crt", testCertificate.cert);
  write("server.key", testCertificate.key);
  write("clients.crt", siteAuthority);
  const registry = await scratchRegistry(context, { config: write("registry.yaml", config) });
  const port = Number(registry.address.split(":")[1]);
  const ask = (path: string, options: ConnectionOptions & { agent?: Agent; headers?: Record<string, string> } = {}): Promise<{ status: number; headers: Record<string, unknown>; body: string }> =>
    new Promise((resolve, reject) => {
      httpsRequest({ host: "127.0.0.1", port, path, ca: testAuthority, agent: false, ...options } as object, (answer) => {
        let body = "";
        answer.setEncoding("utf8").on("data", (part: string) => (body += part)).on("end", () => resolve({ status: answer.statusCode!, headers: answer.headers, body }));
      }).on("error", reject).end();
    });
  /** The subject of the certificate that a new connection is shown. */
  const shown = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket: TLSSocket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      }).on("error", reject);
    });
  return { folder, write, registry, port, ask, shown };
}

const TLS = "tls: {certificate: server.crt, key: server.key}\n";

test("our own client pushes to it and pulls from it; a token's realm is https; nothing below TLS 1.2", async (context) => {
  const { folder, write, registry, ask, port } = await tlsRegistry(context, `${TLS}access: {grants: [{who: anonymous, role: writer, repositories: "**"}]}\n`);
  assert.match(String((await ask("/v2/")).headers["www-authenticate"]), new RegExp(`^Bearer realm="https://127\\.0\\.0\\.1:${port}/auth/token"`));
  const authority = write("authority.crt", testAuthority);
  const { sampan } = scratchSampan(context);
  write("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
  const env = { SSL_CERT_FILE: authority, NODE_EXTRA_CA_CERTS: authority };
  for (const words of [["build", "-t", `${registry.address}/team/app:1`, "--push", folder], ["pull", `${registry.address}/team/app:1`]]) {
    const { status, stderr } = await sampan(words, { env });
    assert.equal(status, 0, `${words.join(" ")}: ${stderr}`);
  }
  await assert.rejects(ask("/v2/", { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }), /alert protocol version/);
  assert.deepEqual(registry.problems, []);
});

test("a new certificate is taken without cutting a connection; a broken one is reported and the old one stays", async (context) => {
  const { write, registry, ask, shown } = await tlsRegistry(context, TLS);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  context.after(() => agent.destroy());
  let connections = 0;
  agent.on("keylog", () => (connections += 1));
  const first = await shown();
  assert.equal((await ask("/v2/", { agent })).status, 200);
  const lines = connections;

  const until = async (what: string, done: () => Promise<boolean> | boolean): Promise<void> => {
    for (let attempt = 0; !(await done()); attempt += 1) {
      assert.ok(attempt < 200, `${what} in 20 s`);
      await wait(100);
    }
  };
  write("server.crt", "no certificate");
  await until("nothing was reported", () => registry.problems.length > 0);
  assert.match(registry.problems[0]!.message, /server\.crt has no certificate in PEM, or \S*server\.key no key/);
  assert.equal(await shown(), first);

  write("server.key", siteServer.key);
  write("server.crt", siteServer.cert);
  await until("the new certificate was not shown", async () => (await shown()) !== first);
  assert.equal((await ask("/v2/", { agent })).status, 200);
  assert.equal(connections, lines, "the connection is the old one");
});

test("with an authority of clients only those with its certificate come in, and its name is the user", async (context) => {
  const { ask } = await tlsRegistry(context, `tls: {certificate: server.crt, key: server.key, clients: clients.crt}\naccess: {grants: [{who: "user:boatman", role: reader, repositories: "team/**"}]}\n`);
  await assert.rejects(ask("/v2/"));
  await assert.rejects(ask("/v2/", testCertificate), "of another authority");
  assert.equal((await ask("/v2/", siteClient)).status, 200);
  assert.equal((await ask("/v2/team/app/tags/list", siteClient)).status, 404, "allowed, and not there");
  const other = await ask("/v2/other/app/tags/list", siteClient);
  assert.deepEqual([other.status, /user boatman may not pull/.test(other.body)], [403, true], other.body);
  const basic = await ask("/v2/team/app/tags/list", { ...siteClient, headers: { authorization: `Basic ${Buffer.from("boatman:x").toString("base64")}` } });
  assert.equal(basic.status, 401, "who shows a login is asked for that");
});

test("a file that is missing ends the start, and --check finds it", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-tls-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const config = join(folder, "registry.yaml");
  writeFileSync(config, TLS);
  for (const words of [["--check"], ["--root", join(folder, "root"), "--listen", "127.0.0.1:0"]]) {
    const { status, stderr } = await runSampan(["registry", "serve", "--config", config, ...words]);
    assert.deepEqual([status, /cannot read .*server\.crt/.test(stderr)], [1, true], stderr);
  }
});
