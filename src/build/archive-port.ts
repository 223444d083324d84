import type { ArchivePort } from "../context/open-context.ts";
import type { unpackArchive } from "../layer/unpack-archive.ts";
import { inWorker } from "../std/worker-pool.ts";

type Options = Parameters<typeof unpackArchive>[0];
type Unpacked = Awaited<ReturnType<typeof unpackArchive>>;

/** Archives as contexts: unpacked in a worker, everything owned by the one who builds. */
export function createArchivePort(signal: AbortSignal): ArchivePort {
  return {
    isArchive: async (path) => (await import("../layer/unpack-archive.ts")).isArchive(path),
    unpack: async (path, folder) => {
      const owner = { uid: process.getuid!(), gid: process.getgid!() };
      await inWorker<Options, Unpacked>(
        "layer/unpack-archive.ts",
        "unpackArchive",
        { archive: path, destination: "", upper: folder, lowers: [], owner, recordOwners: false },
        { signal },
      );
    },
  };
}
