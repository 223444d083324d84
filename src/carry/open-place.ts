import { resolve } from "node:path";
import type { RegistryClient } from "../registry/client.ts";
import type { ImageRecord } from "../store/image-store.ts";
import type { Store } from "../store/open-store.ts";
import { formatLocation, type Location } from "./location.ts";
import type { Document, Sink, Source } from "./place.ts";
import type { Arrivals } from "./places/arrivals.ts";

/** What places of some kinds need; whoever opens them closes these. */
export interface Surroundings {
  readonly cwd: string;
  /** To read from registries, with their mirrors. */
  readonly reader: () => Promise<RegistryClient>;
  /** To write to registries, without mirrors. */
  readonly writer: () => Promise<RegistryClient>;
  /** What they have sent to registries so far. */
  readonly arrivals: Arrivals;
  readonly store: () => Store;
  /** Makes an image or index of the store ready to be carried: all layers packed of what is here of it. */
  readonly portable: (store: Store, name: string) => Promise<{ readonly record: ImageRecord; readonly root: Document }>;
  /** Told in a sentence when an archive has no manifest and one is made. */
  readonly onChange: (message: string) => void;
}

/**
 * Opens the place that a copy reads from.
 * @param target where it goes: registries and layouts get packed layers, where an archive has plain ones and no manifest
 */
export async function openSource(location: Location, around: Surroundings, signal: AbortSignal, target?: Location): Promise<Source> {
  const name = formatLocation(location);
  switch (location.kind) {
    case "registry":
      return (await import("./places/registry-source.ts")).registrySource(await around.reader(), location.reference);
    case "store":
      return (await import("./places/store-source.ts")).storeSource(around.store(), await around.portable(around.store(), location.name), name);
    case "oci": {
      const [{ layoutSource }, { folderFiles }] = await Promise.all([import("./places/layout-source.ts"), import("./places/layout-files.ts")]);
      return layoutSource(folderFiles(resolve(around.cwd, location.path)), { name, tag: location.tag });
    }
    case "oci-archive": {
      const [{ layoutSource }, { archiveFiles }] = await Promise.all([import("./places/layout-source.ts"), import("./places/archive-files.ts")]);
      return layoutSource(await archiveFiles(resolve(around.cwd, location.path), signal), { name, tag: location.tag });
    }
    case "docker-archive": {
      const [{ dockerArchiveSource }, { archiveFiles }] = await Promise.all([import("./places/docker-archive-source.ts"), import("./places/archive-files.ts")]);
      const pack = target !== undefined && target.kind !== "store" && target.kind !== "docker-archive";
      const onMade = (): void => around.onChange(`${location.path} holds no manifest: one is made for its config and layers${pack ? ", which are packed with gzip" : ""}`);
      return dockerArchiveSource(await archiveFiles(resolve(around.cwd, location.path), signal), { name, wanted: location.tag, pack, onMade });
    }
  }
}

/** Opens the place that a copy writes to. */
export async function openSink(location: Location, around: Surroundings, signal: AbortSignal): Promise<Sink> {
  switch (location.kind) {
    case "registry": {
      const client = await around.writer();
      // It answers while the source is asked; what is wrong with it is met again when something is wanted of it.
      client.connect(location.reference.host, { signal }).catch(() => undefined);
      return (await import("./places/registry-sink.ts")).registrySink(client, location.reference, around.arrivals);
    }
    case "store":
      return (await import("./places/store-sink.ts")).storeSink(around.store(), location.name);
    case "oci":
      return (await import("./places/layout-sink.ts")).layoutSink(resolve(around.cwd, location.path), location.tag, signal);
    case "oci-archive":
    case "docker-archive":
      return (await import("./places/archive-sink.ts")).archiveSink(resolve(around.cwd, location.path), {
        form: location.kind === "oci-archive" ? "oci" : "docker", name: location.tag,
      });
  }
}
