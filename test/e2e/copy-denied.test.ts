import assert from "node:assert/strict";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fleet, named } from "../support/cargo.ts";
import { scratchSampan } from "../support/run-sampan.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";

/** A registry behind something that answers 403 to the requests that `denies` says. @returns its address */
async function guarded(context: TestContext, registry: string, denies: (method: string, url: string) => boolean): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    if (denies(incoming.method!, incoming.url!)) {
      incoming.resume();
      outgoing.writeHead(403, { "Content-Type": "application/json" }).end('{"errors":[{"code":"DENIED","message":"not for you"}]}');
      return;
    }
    const [host, port] = registry.split(":");
    const forwarded = httpRequest({ host, port, method: incoming.method, path: incoming.url, headers: incoming.headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on("error", () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => void (server.close(), server.closeAllConnections()));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a repository that may not be read before it is there can be copied to; one that may not be written is told", async (context) => {
  const registry = await scratchRegistry(context);
  const { folder, sampan } = scratchSampan(context);
  const { cargo, index } = fleet();
  cargo.layout(join(folder, "fleet"), [named(index, "v1")]);
  const shy = await guarded(context, registry.address, (method, url) => method === "HEAD" && url.includes("/manifests/"));
  const copied = await sampan(["copy", "-q", "--all", "oci:fleet:v1", `${shy}/app:1`], { cwd: folder });
  assert.deepEqual([copied.status, copied.stdout], [0, `${index.digest}\n`], copied.stderr);
  const closed = await guarded(context, registry.address, (method, url) => method !== "GET" || url.includes("/uploads/"));
  const refused = await sampan(["copy", "--all", "oci:fleet:v1", `${closed}/app:2`], { cwd: folder });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /ERROR: registry 127\.0\.0\.1:\d+ denies access to app without a login/);
});

test("a source that was meant to be in the store, in an archive or a folder is said to be taken for one of Docker Hub", async (context) => {
  const { folder, sampan } = scratchSampan(context);
  const copy = async (source: string, target = "oci:out"): Promise<string> => (await sampan(["copy", source, target], { cwd: folder, env: { HTTPS_PROXY: "http://127.0.0.1:9" } })).stderr;
  assert.match(await copy("app:1.0"), /hint: app:1\.0 is taken for docker\.io\/library\/app:1\.0: an image of this machine's store is store:app:1\.0$/m);
  assert.match(await copy("oci-archve:app.tar"), /hint: .* did you mean oci-archive:…\?$/m);
  // It may be the target that cannot be written.
  assert.doesNotMatch(await copy("app:1.0", "docker.io/me/app:1.0"), /is taken for/);
});
