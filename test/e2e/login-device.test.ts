import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { guardedRegistry } from "../support/guarded-registry.ts";
import { CLIENT, startOidcProvider } from "../support/oidc-provider.ts";
import { runSampan } from "../support/run-sampan.ts";

test("login --device: a person confirms the code elsewhere, and the token that is kept works", async (context) => {
  const provider = await startOidcProvider(context);
  const { server } = await guardedRegistry(context, {
    users: {},
    access: `oidc: {issuer: "${provider.issuer}", clientId: ${CLIENT.id}, clientSecret: ${CLIENT.secret}}\ngrants: [{who: carol, role: admin, repositories: "**"}]`,
  });
  const folder = mkdtempSync(join(tmpdir(), "sampan-device-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const env = { DOCKER_CONFIG: folder };
  const login = runSampan(["login", "--device", server.address], { env });
  await provider.approveNext({ preferred_username: "carol" });
  const { status, stdout, stderr } = await login;
  assert.deepEqual([status, stdout], [0, "Login Succeeded\n"], stderr);
  assert.match(stderr, /^Open http:\/\/127\.0\.0\.1:\d+\/activate\nand confirm the code [0-9A-F]{8}\n/);
  const { auths } = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as { auths: Record<string, { auth: string; identitytoken: string }> };
  const { auth, identitytoken } = auths[server.address]!;
  assert.equal(Buffer.from(auth, "base64").toString(), "carol:");
  assert.ok(!stderr.includes(identitytoken));
  const catalog = await runSampan(["catalog", server.address], { env });
  assert.equal(catalog.status, 0, catalog.stderr);
  const elsewhere = await guardedRegistry(context, { users: {}, access: "grants: []" });
  const none = await runSampan(["login", "--device", elsewhere.server.address], { env });
  assert.equal(none.status, 1);
  assert.match(none.stderr, /was not confirmed.*this registry has no identity provider/);
  const both = await runSampan(["login", "--device", "-u", "carol", server.address], { env });
  assert.equal(both.status, 2);
});
