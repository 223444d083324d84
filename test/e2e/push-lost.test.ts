import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { findProgram } from "../support/find-program.ts";
import { missing, startDockerRegistry } from "../support/docker-registry.ts";
import { scratchBuild } from "../support/scratch-build.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";
import { reply, startScriptedServer } from "../support/scripted-server.ts";

/** More than are asked for one by one. */
const LAYERS = 12;

interface Kept {
  readonly host: string;
  /** The registry reads its disk again. @returns its host */
  readonly again: () => Promise<string>;
}

const foreign = (program: "docker-registry" | "registry") => async (context: TestContext, root: string): Promise<Kept> => {
  const { host, ...registry } = await startDockerRegistry({ program, root });
  context.after(() => registry[Symbol.asyncDispose]());
  return { host, again: async () => host };
};

const own = async (context: TestContext, root: string): Promise<Kept> => {
  let { server, port } = await scratchRegistry(context, { root });
  const again = async (): Promise<string> => {
    await server.close();
    ({ server, port } = await scratchRegistry(context, { root, listen: `127.0.0.1:${port}` }));
    return `127.0.0.1:${port}`;
  };
  return { host: `127.0.0.1:${port}`, again };
};

const REGISTRIES: Readonly<Record<string, { skip: string | false; start: (context: TestContext, root: string) => Promise<Kept> }>> = {
  "Debian's docker-registry": { skip: missing("docker-registry"), start: foreign("docker-registry") },
  "distribution 3": { skip: findProgram("registry") === undefined ? "needs the registry of distribution 3" : false, start: foreign("registry") },
  "sampan registry serve": { skip: false, start: own },
};

for (const [name, { skip, start }] of Object.entries(REGISTRIES)) {
  test(`a build that changes nothing of an image of ${LAYERS} layers, and a push of it, send what the registry has lost: ${name}`, { skip }, async (context) => {
    const root = mkdtempSync(join(tmpdir(), "sampan-lost-"));
    context.after(() => rmSync(root, { recursive: true, force: true }));
    const registry = await start(context, root);
    const { build, sampan, write } = await scratchBuild(context, { base: false });
    const files = Array.from({ length: LAYERS }, (_, index) => `file-${index}`);
    write(Object.fromEntries(files.map((file) => [file, `${name} ${file}`])));
    const dockerfile = ["FROM scratch", ...files.map((file) => `COPY ${file} /`), ""].join("\n");
    const push = async (): Promise<string> => {
      const { status, stderr } = await build(dockerfile, ["-t", `${registry.host}/app:1`, "--push"]);
      assert.equal(status, 0, stderr);
      return stderr;
    };
    await push();
    const told = await push();
    assert.equal(told.match(/exists already/g)?.length, LAYERS);
    const manifest = await fetch(`http://${registry.host}/v2/app/manifests/1`, { headers: { accept: "application/vnd.oci.image.manifest.v1+json" } });
    const { layers } = (await manifest.json()) as { layers: { digest: string }[] };
    const { digest } = layers[5]!;
    const ofBlob = (): string | undefined => readdirSync(root, { recursive: true, encoding: "utf8" }).find((path) => path.includes("blobs/") && new RegExp(`${digest.slice("sha256:".length)}(?:/data)?$`).test(path) && !path.includes("_layers"));
    const answerFor = async (host: string): Promise<number> => (await fetch(`http://${host}/v2/app/blobs/${digest}`)).status;
    const lose = async (): Promise<string> => {
      rmSync(join(root, ofBlob()!), { recursive: true });
      const host = await registry.again();
      assert.equal(await answerFor(host), 404);
      return host;
    };
    let host = await lose();
    const mended = await push();
    assert.equal(mended.match(/exists already/g)?.length, LAYERS - 1);
    assert.match(mended, new RegExp(`pushing ${digest.slice(0, "sha256:".length + 12)}.* done`));
    assert.equal(await answerFor(host), 200);
    host = await lose();
    const { status, stdout } = await sampan(["push", `${registry.host}/app:1`]);
    assert.equal(status, 0);
    assert.deepEqual([stdout.match(/: Layer already exists/g)?.length, stdout.match(/: Pushed/g)?.length], [LAYERS - 1, 1], stdout);
    assert.equal(await answerFor(host), 200);
  });
}

test("an image that is pushed again is one question, and a question for each blob with --force-recursive, which mends a registry that takes manifests unseen", async (context) => {
  const has = new Set<string>();
  let digest = "";
  await using server = await startScriptedServer(({ method, url, body, headers }, response) => {
    const blob = /\/blobs\/(sha256:[0-9a-f]{64})$/.exec(url)?.[1];
    if (method === "HEAD" && blob !== undefined) return reply(response, has.has(blob) ? 200 : 404);
    if (method === "HEAD") return digest === "" ? reply(response, 404) : reply(response, 200, { "docker-content-digest": digest, "content-type": "application/vnd.oci.image.manifest.v1+json" });
    if (method === "POST") return reply(response, 202, { location: "/v2/app/blobs/uploads/1" });
    if (method === "PUT" && url.includes("/blobs/")) has.add(decodeURIComponent(/digest=([^&]+)/.exec(url)![1]!));
    if (method === "PUT" && url.includes("/manifests/")) digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
    reply(response, method === "PUT" ? 201 : 200, headers["content-range"] ? { location: url } : {});
  });
  const { build, sampan, write } = await scratchBuild(context, { base: false });
  const files = Array.from({ length: LAYERS }, (_, index) => `file-${index}`);
  write(Object.fromEntries(files.map((file) => [file, file])));
  const name = `${server.host}/app:1`;
  const { status, stderr } = await build(["FROM scratch", ...files.map((file) => `COPY ${file} /`), ""].join("\n"), ["-t", name]);
  assert.equal(status, 0, stderr);
  const push = async (...words: string[]): Promise<{ asked: number; put: string[] }> => {
    server.requests.length = 0;
    const pushed = await sampan(["push", ...words, name]);
    assert.equal(pushed.status, 0, pushed.stderr);
    const asked = server.requests.filter(({ method, url }) => method === "HEAD" && url.includes("/blobs/")).length;
    return { asked, put: server.requests.filter(({ method, url }) => method === "PUT" && url.includes("/manifests/")).map(({ url }) => url) };
  };
  const [byTag, byDigest] = ["/v2/app/manifests/1", () => `/v2/app/manifests/${digest}`];
  assert.deepEqual((await push()).put, [byTag]);
  assert.deepEqual(await push(), { asked: 0, put: [byDigest()] });
  const all = new Set(has);
  has.delete([...all][3]!);
  assert.deepEqual(await push("--force-recursive"), { asked: LAYERS + 1, put: [byTag] });
  assert.deepEqual(has, all);
  // Another image has got the name meanwhile.
  digest = `sha256:${"0".repeat(64)}`;
  assert.deepEqual(await push(), { asked: LAYERS + 1, put: [byTag] });
});
