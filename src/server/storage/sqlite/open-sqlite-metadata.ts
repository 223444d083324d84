import type { Metadata } from "../metadata.ts";
import { blobPart } from "./blobs.ts";
import { collectionPart } from "./collection.ts";
import type { SqliteContext } from "./context.ts";
import { importPart } from "./import-repository.ts";
import { cursorPart } from "./cursors.ts";
import { incidentPart } from "./incidents.ts";
import { lockPart } from "./locks.ts";
import { listPart } from "./lists.ts";
import { manifestPart } from "./manifests.ts";
import { notePart } from "./notes.ts";
import { objectPart } from "./objects.ts";
import { overviewPart } from "./overview.ts";
import { surveyPart } from "./survey.ts";
import { createLimitTotals } from "./limit-totals.ts";
import { createPullCounts } from "../pull-counts.ts";
import { writePulls } from "./pull-counts.ts";
import { createReadCache } from "./read-cache.ts";
import { secretPart } from "./secrets.ts";
import { transferPart } from "./transfer.ts";
import { trashPart } from "./trash.ts";
import { vitalsPart } from "./vitals.ts";
import { openRegistryDatabase } from "./registry-database.ts";

/**
 * Records in one SQLite file, read and written by this process and by others that look after the same registry.
 * @throws STORE_NEWER, STORE_CORRUPT, STORE_BUSY, READ_ONLY, DISK_FULL
 */
export async function openSqliteMetadata(path: string, options: { lease: number; report: (problem: Error) => void }): Promise<Metadata> {
  const database = await openRegistryDatabase(path);
  const context: SqliteContext = { database, cache: createReadCache(database), totals: createLimitTotals(database), lease: options.lease };
  const pulls = createPullCounts((pulls) => writePulls(context, pulls), options.report);
  const secrets = secretPart(context, options.report);
  return {
    ...secrets,
    ...listPart(context),
    ...blobPart(context),
    ...manifestPart(context),
    ...importPart(context),
    ...surveyPart(context),
    ...collectionPart(context),
    ...trashPart(context),
    ...transferPart(context),
    ...overviewPart(context),
    ...notePart(context),
    ...objectPart(context),
    ...vitalsPart(context),
    ...incidentPart(context),
    ...cursorPart(context),
    ...lockPart(context),
    notePull: pulls.note,
    async [Symbol.asyncDispose]() {
      await secrets[Symbol.asyncDispose]();
      await pulls[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}
