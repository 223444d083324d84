import { carryImage } from "../../carry/carry-image.ts";
import { indexEntries } from "../../carry/indexes/index-entries.ts";
import { parseLocation } from "../../carry/location.ts";
import { openSource } from "../../carry/open-place.ts";
import type { Document } from "../../carry/place.ts";
import { registrySink } from "../../carry/places/registry-sink.ts";
import type { Descriptor } from "../../oci/manifest.ts";
import type { Reference } from "../../oci/reference.ts";
import { withSurroundings } from "../copy/surroundings.ts";
import { registryAccess } from "../flags/registry-flags.ts";
import { transferLines } from "../progress/transfer-lines.ts";
import type { RegistryClient } from "../../registry/client.ts";
import type { RemoteCall } from "./with-place.ts";

export interface IndexWork {
  /** What it becomes, of the entries of the sources that were named. */
  readonly make: (entries: readonly Descriptor[], client: RegistryClient) => Promise<Document>;
  /** Print it and write nothing. */
  readonly dryRun: boolean;
}

/** Makes an index in a registry: first the images that are not in its repository yet go there, then the index gets its tag. */
export async function writeIndex(target: Reference, words: readonly string[], { make, dryRun }: IndexWork, { flags, io, signal }: RemoteCall): Promise<void> {
  const locations = words.map(parseLocation);
  const hosts = [target, ...locations.flatMap((location) => (location.kind === "registry" ? [location.reference] : []))].map(({ host }) => host);
  const access = await registryAccess(flags, hosts, { io, signal });
  const renderer = transferLines("copy", { stream: io.stderr, errors: io.stderr, env: io.env });
  try {
    await withSurroundings(locations, { access: { source: access, target: access }, io, onProgress: renderer.onEvent, signal }, async (around) => {
      const client = await around.writer();
      const entries: Descriptor[] = [];
      for (const location of locations) {
        await using source = await openSource(location, around, signal, { kind: "registry", reference: target });
        const root = await source.root(signal);
        entries.push(...(await indexEntries(source, root, signal)));
        if (dryRun) continue;
        await using sink = registrySink(client, { host: target.host, repository: target.repository, digest: root.digest });
        await carryImage(source, sink, { platforms: "all", onProgress: renderer.onEvent, signal });
      }
      const index = await make(entries, client);
      if (!dryRun) await client.manifestPut({ host: target.host, repository: target.repository, tag: target.tag! }, index, { signal });
      io.stdout.write(dryRun ? `${Buffer.from(index.bytes).toString("utf8")}\n` : `${index.digest}\n`);
    });
  } finally {
    renderer.close();
  }
}
