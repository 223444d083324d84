import type { Metadata } from "../../server/storage/metadata.ts";
import type { Actor } from "../../server/storage/records.ts";
import type { Io } from "../io.ts";

/** Who changes robots and tokens here, for the log of changes. */
export const commandActor: Actor = { user: undefined, address: undefined, agent: "sampan registry" };

/** Works with the records of a registry, beside the server that may run on them. */
export async function withRecords<Result>(flags: { readonly root?: string | undefined; readonly config?: string | undefined }, io: Io, work: (metadata: Metadata) => Promise<Result>): Promise<Result> {
  const { openRegistryRecords } = await import("./open-registry-records.ts");
  const { metadata } = await openRegistryRecords(flags, io);
  await using _records = metadata;
  return await work(metadata);
}
