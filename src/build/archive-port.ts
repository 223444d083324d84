import type { ArchivePort } from "../context/open-context.ts";
import { isArchive, type unpackArchive } from "../layer/unpack-archive.ts";
import { inWorker } from "../std/worker-pool.ts";

type Options = Parameters<typeof unpackArchive>[0];

/** Archives as contexts: unpacked in a worker, without the owners that they give. */
export const archivePort: ArchivePort = {
  isArchive,
  unpack: async (path, folder, options) => {
    await inWorker<Options, ReturnType<typeof unpackArchive>>(
      new URL("../layer/unpack-archive.ts", import.meta.url),
      "unpackArchive",
      { archive: path, destination: "", upper: folder, lowers: [], owner: { uid: process.getuid!(), gid: process.getgid!() }, recordOwners: false },
      options.signal ? { signal: options.signal } : {},
    );
  },
};
