import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { findProgram } from "../support/find-program.ts";
import { missing, startDockerRegistry } from "../support/docker-registry.ts";
import { scratchBuild } from "../support/scratch-build.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";

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
  const { server, port } = await scratchRegistry(context, { root });
  const again = async (): Promise<string> => {
    await server.close();
    return `127.0.0.1:${(await scratchRegistry(context, { root, listen: `127.0.0.1:${port}` })).port}`;
  };
  return { host: `127.0.0.1:${port}`, again };
};

const REGISTRIES: Readonly<Record<string, { skip: string | false; start: (context: TestContext, root: string) => Promise<Kept> }>> = {
  "Debian's docker-registry": { skip: missing("docker-registry"), start: foreign("docker-registry") },
  "distribution 3": { skip: findProgram("registry") === undefined ? "needs the registry of distribution 3" : false, start: foreign("registry") },
  "sampan registry serve": { skip: false, start: own },
};

for (const [name, { skip, start }] of Object.entries(REGISTRIES)) {
  test(`a build that changes nothing of an image of ${LAYERS} layers sends what the registry has lost: ${name}`, { skip }, async (context) => {
    const root = mkdtempSync(join(tmpdir(), "sampan-lost-"));
    context.after(() => rmSync(root, { recursive: true, force: true }));
    const registry = await start(context, root);
    const { build, write } = await scratchBuild(context, { base: false });
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
    rmSync(join(root, ofBlob()!), { recursive: true });
    const host = await registry.again();
    assert.equal((await fetch(`http://${host}/v2/app/blobs/${digest}`)).status, 404);
    const mended = await push();
    assert.equal(mended.match(/exists already/g)?.length, LAYERS - 1);
    assert.match(mended, new RegExp(`pushing ${digest.slice(0, "sha256:".length + 12)}.* done`));
    assert.equal((await fetch(`http://${host}/v2/app/blobs/${digest}`)).status, 200);
  });
}
