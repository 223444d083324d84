import type { Metadata } from "../../server/storage/metadata.ts";
import type { Actor } from "../../server/storage/records.ts";
import type { Io } from "../io.ts";

/** Who changes robots and tokens here, for the log of changes. */
export const commandActor: Actor = { user: undefined, address: undefined, agent: "sampan registry" };

/** Works with the records of a registry, beside the server that may run on them. */
export async function withRecords<Result>(root: string | undefined, io: Io, work: (metadata: Metadata) => Promise<Result>): Promise<Result> {
  const [{ openRecordsBeside }, { storeRoot }] = await Promise.all([import("../../server/storage/upkeep/open-beside.ts"), import("../../store/store-root.ts")]);
  await using metadata = await openRecordsBeside(root ?? `${storeRoot(io.env)}/registry`, { lease: 0, report: ({ message }) => void io.stderr.write(`warning: ${message}\n`) });
  return await work(metadata);
}
