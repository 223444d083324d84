import { join } from "node:path";
import { fault } from "../../std/fault.ts";
import { fileBeside } from "../config/values.ts";
import type { PostgresConfig } from "../config/metadata-section.ts";
import { placeOf } from "../terms/database-url.ts";
import type { Layout } from "./layout.ts";
import type { Metadata } from "./metadata.ts";
import { openSqliteMetadata } from "./sqlite/open-sqlite-metadata.ts";

/** A database of elsewhere, as a configuration names it. */
export interface RecordsPlace {
  readonly config: PostgresConfig;
  readonly configFile: string;
}

/** What a database calls blobs that are in the folder of their one server. */
export const FOLDER = "a folder";

/**
 * Opens the records of a registry: those of `registry.db` in its folder, or of a database, which have to belong to the folder and to its blobs.
 * With the wrong ones every blob would look as if nobody needed it.
 * @param layout undefined for a new folder
 * @param options `filling`: whoever opens them moves another registry into them, and tells them himself where its blobs are; `checkPlace`: is asked before
 *   a database is told for the first time
 * @throws SERVER_MIGRATION_UNFINISHED, SERVER_RECORDS_ELSEWHERE, SERVER_ROOT_UNUSABLE, SERVER_DATABASE_UNUSABLE, SERVER_DATABASE_LOST, SERVER_DATABASE_REFUSED, and what SQLite says
 */
export async function openRecords(
  root: string,
  layout: Pick<Layout, "bucket" | "records"> | undefined,
  place: RecordsPlace | undefined,
  options: { lease: number; bucket: string | undefined; filling?: boolean; checkPlace?: (registry: string) => Promise<void>; report: (problem: Error) => void },
): Promise<{ readonly metadata: Metadata; readonly records: string | undefined }> {
  const opened = place ? await openDatabase(root, layout, place, options) : await openFile(root, layout, options);
  if (options.filling === true || (await opened.metadata.filledFrom()) === undefined) return opened;
  await opened.metadata[Symbol.asyncDispose]();
  throw fault("SERVER_MIGRATION_UNFINISHED", { root });
}

type Options = Parameters<typeof openRecords>[3];

async function openFile(root: string, layout: Pick<Layout, "records"> | undefined, options: Options): Promise<{ metadata: Metadata; records: string | undefined }> {
  if (layout?.records !== undefined) throw fault("SERVER_RECORDS_ELSEWHERE", { root });
  return { metadata: await openSqliteMetadata(join(root, "registry.db"), options), records: undefined };
}

async function openDatabase(root: string, layout: Pick<Layout, "bucket" | "records"> | undefined, place: RecordsPlace, options: Options): Promise<{ metadata: Metadata; records: string | undefined }> {
  if (layout && layout.records === undefined) throw fault("SERVER_ROOT_UNUSABLE", { root, problem: "it has records of its own in registry.db, and `metadata` of the configuration names a database", hint: "give it a folder of its own; the guide says how records get into a database" });
  const { config, configFile } = place;
  // The client of the database is loaded where there is one.
  const { openPostgresMetadata } = await import("./postgres/open-postgres-metadata.ts");
  const metadata = await openPostgresMetadata({ ...config, passwordFile: config.passwordFile === undefined ? undefined : fileBeside(configFile, config.passwordFile) }, options);
  try {
    const unusable = (problem: string): Error =>
      fault("SERVER_DATABASE_UNUSABLE", { place: placeOf(config.url), problem, hint: "give the database of this registry, or a new one together with a new folder or bucket" });
    if (layout && layout.records !== metadata.registry) throw unusable(`${root} belongs to the records of another one`);
    if (options.filling === true) return { metadata, records: metadata.registry };
    if (options.checkPlace && (await metadata.blobsPlace()) === undefined) await options.checkPlace(metadata.registry);
    const { blobs, first } = await metadata.claimBlobs(options.bucket ?? FOLDER);
    if (blobs !== (options.bucket ?? FOLDER)) throw unusable(`the blobs of its records are in ${blobs}`);
    // One that was interrupted when it began has no blobs yet.
    if (!layout && !first && options.bucket === undefined && (await metadata.blobs({ limit: 1 })).items.length > 0) throw unusable("the blobs of its records are in another folder");
    return { metadata, records: metadata.registry };
  } catch (error) {
    await metadata[Symbol.asyncDispose]();
    throw error;
  }
}
