import { fault } from "../std/fault.ts";
import { DEFAULT_LIMIT } from "./apply-layer.ts";
import { decompress, freed, readPieces } from "./decompress.ts";
import { createTarReader } from "./read-tar.ts";
import { compressionOf } from "./unpack-archive.ts";

/**
 * The time of the youngest regular file in an archive, in seconds since 1970; undefined where there is none. A worker job.
 * @throws ARCHIVE_INVALID, ARCHIVE_DAMAGED, ARCHIVE_TOO_LARGE
 */
export async function newestFile({ archive, maxBytes: limit = DEFAULT_LIMIT }: { archive: string; maxBytes?: number }): Promise<number | undefined> {
  let newest: number | undefined;
  let total = 0;
  const reader = createTarReader("archive", {
    entry({ type, mtime: { seconds } }) {
      if (type === "file" && (newest === undefined || seconds > newest)) newest = seconds;
    },
    data() {},
    end() {},
  });
  await decompress(freed(readPieces(archive)), compressionOf(archive), "archive", (chunk) => {
    total += chunk.length;
    if (total > limit) throw fault("ARCHIVE_TOO_LARGE", { archive: "archive", limit });
    reader.write(chunk);
  });
  reader.finish();
  return newest;
}
