import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { mediaType } from "../../src/oci/media-type.ts";
import { formatPlatform, hostPlatform } from "../../src/oci/platform.ts";
import { Cargo } from "../support/cargo.ts";
import { startContainerd } from "../support/containerd.ts";
import { foreign, needs } from "../support/foreign.ts";
import { basic, htpasswdOf } from "../support/guarded-registry.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";
import { scratchSampan, runSampan } from "../support/run-sampan.ts";
import { siteAuthority, siteClient, siteServer } from "../support/site-certificates.ts";
import { testAuthority, testCertificate } from "../support/test-certificate.ts";

/** A registry with TLS, and how to ask it. */
async function tlsRegistry(context: TestContext, config: string, files: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "sampan-tls-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  write("server.crt", testCertificate.cert);
  write("server.key", testCertificate.key);
  write("clients.crt", siteAuthority);
  for (const [name, text] of Object.entries(files)) write(name, text);
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

test("containerd comes with the authority of its hosts.toml, a login or a client's certificate, and not without", { skip: needs("containerd", "ctr", "tar") }, async (context) => {
  const login = { user: "alice", password: "pass word:1" };
  const { folder, write, registry, ask } = await tlsRegistry(context, `${TLS}access:\n  htpasswd: users\n  grants:\n    - {who: "user:alice", role: writer, repositories: "team/**"}\n`, { users: htpasswdOf({ [login.user]: login.password }) });
  const ca = write("authority.crt", testAuthority);
  const cargo = new Cargo();
  const layout = join(folder, "layout");
  mkdirSync(layout);
  const image = cargo.image(formatPlatform(hostPlatform(process.arch)), "over TLS");
  cargo.layout(layout, [{ ...image, annotations: { "org.opencontainers.image.ref.name": "1" } }]);
  const archive = join(folder, "image.tar");
  await foreign("tar", ["-C", layout, "-cf", archive, "."]);
  const name = `${registry.address}/team/app:1`;
  const refused = /unauthorized|authorization failed|denied|401/i;

  await context.test("a login", async (sub) => {
    const { ctr, hosts } = await startContainerd(sub, registry.address, { tls: { ca } });
    const [push, pull] = [["images", "push", "--hosts-dir", hosts], ["images", "pull", "--hosts-dir", hosts, "--snapshotter", "native"]];
    const creds = ["--user", `${login.user}:${login.password}`];
    await ctr("images", "import", "--no-unpack", "--base-name", `${registry.address}/team/app`, archive);
    await assert.rejects(ctr(...push, name), refused);
    await ctr(...push, ...creds, name);
    const pushed = await ask("/v2/team/app/manifests/1", { headers: { authorization: basic(login.user, login.password), accept: mediaType.ociManifest } });
    assert.deepEqual([pushed.status, pushed.headers["docker-content-digest"]], [200, image.digest]);
    await ctr("images", "rm", "--sync", name);
    await assert.rejects(ctr(...pull, name), refused);
    await ctr(...pull, ...creds, name);
    assert.match(await ctr("images", "ls"), new RegExp(image.digest));
  });

  await context.test("another authority than the registry's is not trusted", async (sub) => {
    const { ctr, hosts } = await startContainerd(sub, registry.address, { tls: { ca: join(folder, "clients.crt") } });
    await assert.rejects(ctr("images", "pull", "--hosts-dir", hosts, "--user", `${login.user}:${login.password}`, name), /certificate signed by unknown authority/);
  });

  await context.test("a client's certificate", async (sub) => {
    const mutual = await tlsRegistry(sub, `tls: {certificate: server.crt, key: server.key, clients: clients.crt}\naccess: {grants: [{who: "user:boatman", role: writer, repositories: "team/**"}]}\n`);
    const { address } = mutual.registry;
    const { ctr, hosts } = await startContainerd(sub, address, { tls: { ca, client: [mutual.write("boatman.crt", siteClient.cert), mutual.write("boatman.key", siteClient.key)] } });
    await ctr("images", "import", "--no-unpack", "--base-name", `${address}/team/app`, archive);
    await ctr("images", "push", "--hosts-dir", hosts, `${address}/team/app:1`);
    await ctr("images", "rm", "--sync", `${address}/team/app:1`);
    await ctr("images", "pull", "--hosts-dir", hosts, "--snapshotter", "native", `${address}/team/app:1`);
    assert.match(await ctr("images", "ls"), new RegExp(image.digest));
  });
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
