import type { Metadata } from "../metadata.ts";
import { createPullCounts } from "../pull-counts.ts";
import { BLOBS_PLACE } from "../transfer.ts";
import type { PostgresAddress } from "./address.ts";
import { blobPart } from "./blobs.ts";
import type { Clock } from "./clock.ts";
import { collectionPart } from "./collection.ts";
import type { PostgresContext } from "./context.ts";
import { eventPart } from "./events.ts";
import { importPart } from "./import-repository.ts";
import { listPart } from "./lists.ts";
import { createLimitSums } from "./limit-sums.ts";
import { createLocks } from "./locks.ts";
import { manifestPart } from "./manifests.ts";
import { notePart } from "./notes.ts";
import { objectPart } from "./objects.ts";
import { overviewPart } from "./overview.ts";
import { createPostgresDatabase, type PostgresReader } from "./postgres-database.ts";
import { writePulls } from "./pull-counts.ts";
import { createReadCache } from "./read-cache.ts";
import { migrate } from "./schema.ts";
import { secretPart } from "./secrets.ts";
import { surveyPart } from "./survey.ts";
import { transferPart } from "./transfer.ts";
import { trashPart } from "./trash.ts";

/** How often what gathers is tidied, in milliseconds. */
const TIDY = 60_000;

export interface PostgresMetadata extends Metadata {
  /** Tells this registry from all others. */
  readonly registry: string;
  /** Where the blobs are; undefined until somebody has said so. */
  blobsPlace(): Promise<string | undefined>;
  /** Notes where the blobs are, unless that is known. @returns where they are, and whether it was not known before */
  claimBlobs(place: string): Promise<{ readonly blobs: string; readonly first: boolean }>;
}

/**
 * Records in a PostgreSQL database, which any number of processes use at the same time.
 * @param options `clock`: another one than the database's, for tests
 * @throws SERVER_DATABASE_LOST, SERVER_DATABASE_REFUSED, SERVER_DATABASE_UNUSABLE
 */
export async function openPostgresMetadata(address: PostgresAddress, options: { lease: number; clock?: Clock; report: (problem: Error) => void }): Promise<PostgresMetadata> {
  const database = createPostgresDatabase(address, options);
  let registry: string;
  try {
    registry = await migrate(database);
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
  const context: PostgresContext = { database, cache: createReadCache(database), sums: createLimitSums(database), lease: options.lease };
  const pulls = createPullCounts((counted) => writePulls(context, counted), options.report);
  const secrets = secretPart(context, options.report);
  const { tidy, order, ...events } = eventPart(context);
  let tidying: Promise<void> | undefined;
  const timer = setInterval(() => {
    tidying = tidy().catch(options.report);
  }, TIDY).unref();
  return {
    ...secrets,
    ...listPart(context),
    ...blobPart(context),
    ...manifestPart(context),
    ...importPart(context),
    ...surveyPart(context),
    ...collectionPart(context),
    ...trashPart(context),
    ...transferPart(context, order),
    ...overviewPart(context),
    ...events,
    ...notePart(context),
    ...objectPart(context),
    registry,
    ...createLocks(database),
    blobsPlace: () => blobsPlace(database),
    claimBlobs: (place) =>
      database.write({}, async (transaction) => {
        const first = (await transaction.run("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", BLOBS_PLACE, place)) > 0;
        return { blobs: (await blobsPlace(transaction))!, first };
      }),
    notePull: pulls.note,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await tidying;
      await secrets[Symbol.asyncDispose]();
      await pulls[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

async function blobsPlace(reader: PostgresReader): Promise<string | undefined> {
  return (await reader.get<{ value: string }>("SELECT value FROM settings WHERE name = $1", BLOBS_PLACE))?.value;
}
