import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, isFault } from "sampan";
import { parseDockerfile } from "sampan/dockerfile";
import { createMemoryBlobs, readArchive } from "sampan/image";
import { anonymous, createRegistryClient, parseReference } from "sampan/registry";
import { serveRegistry } from "sampan/server";
import { createReadStream } from "node:fs";

/** Builds an image, pushes it to a registry of its own, reads it back, and shows what a mistake looks like. */
const folder = await mkdtemp(join(tmpdir(), "sampan-api-"));
const registry = await serveRegistry({ listen: "127.0.0.1:0", root: join(folder, "registry") });
try {
  const dockerfile = "FROM scratch\nCOPY hello.txt /\nLABEL team=harbour\nCMD [\"/hello.txt\"]\n";
  await writeFile(join(folder, "Dockerfile"), dockerfile);
  await writeFile(join(folder, "hello.txt"), "hello\n");
  console.log("instructions:", parseDockerfile(dockerfile).stages[0]!.instructions.map(({ kind }) => kind).join(" "));

  const name = `${registry.address}/team/hello:1.0.0`;
  const archive = join(folder, "hello.tar");
  const { imageId, manifest } = await build({
    context: folder,
    root: join(folder, "store"),
    tags: [name],
    outputs: [{ type: "registry" }, { type: "oci", dest: archive }],
  });
  console.log("image:", imageId === undefined ? "none" : "built", manifest?.mediaType);

  await using client = createRegistryClient({ credentials: anonymous });
  console.log("tags:", (await client.tagList(parseReference(name))).join(" "));

  const { images } = await readArchive(createReadStream(archive), createMemoryBlobs());
  console.log("labels:", JSON.stringify(images[0]!.image.config.config?.Labels));

  await writeFile(join(folder, "Dockerfile"), "FROM scratch\nCOPPY hello.txt /\n");
  await build({ context: folder, root: join(folder, "store") }).catch((error: unknown) => {
    if (!isFault(error)) throw error;
    console.log("fault:", error.code, `line ${error.location?.startLine}:`, error.message);
  });
} finally {
  await registry.close();
  await rm(folder, { recursive: true, force: true });
}
