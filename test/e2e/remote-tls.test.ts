import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { noBuildkitd, startBuildkitd } from "../support/buildkitd.ts";
import { scratchSampan } from "../support/run-sampan.ts";
import { siteAuthority, siteClient } from "../support/site-certificates.ts";
import { testAuthority, testCertificate } from "../support/test-certificate.ts";
import { freePort } from "../support/free-port.ts";

test("buildkitd's own TLS: certificates of both sides, by flags and in the address, and another server name", { skip: noBuildkitd }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-tls-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const pem = (name: string, text: string | Buffer): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const server = { cert: pem("server.pem", testCertificate.cert), key: pem("server-key.pem", testCertificate.key), ca: pem("clients.pem", siteAuthority) };
  const port = await freePort();
  await startBuildkitd(context, { address: `tcp://127.0.0.1:${port}`, grpc: `[grpc.tls]\n${Object.entries(server).map(([name, path]) => `${name} = "${path}"`).join("\n")}` });
  const client = { cacert: pem("ca.pem", testAuthority), cert: pem("cert.pem", siteClient.cert), key: pem("key.pem", siteClient.key) };
  const { sampan } = scratchSampan(context);
  const build = (builder: string, ...words: string[]) => sampan(["build", "--builder", builder, ...words, "-o", "type=cacheonly", "-"], { input: "FROM scratch\nLABEL a=b\n" });
  const address = `tcp://127.0.0.1:${port}`;

  const byFlags = await build(address, "--builder-tls-ca", client.cacert, "--builder-tls-cert", client.cert, "--builder-tls-key", client.key);
  assert.equal(byFlags.status, 0, byFlags.stderr);
  const query = new URLSearchParams(client).toString();
  const named = await build(`${address}?${query}&servername=localhost`);
  assert.equal(named.status, 0, named.stderr);
  for (const [wrong, words] of [
    [`${address}?${query}&servername=other.example.com`, /cannot be reached: .*other\.example\.com/],
    [`${address}?cacert=${client.cacert}`, /cannot be reached/],
    [address, /cannot be reached/],
  ] as const) {
    const { status, stderr } = await build(wrong);
    assert.equal(status, 1);
    assert.match(stderr, words);
  }
});
