import type { ServerConfig } from "../../server/config/config-schema.ts";
import type { Metadata } from "../../server/storage/metadata.ts";
import type { Io } from "../io.ts";

/** The records of a registry and its configuration, beside the server that may run on them and whoever else looks after them. */
export async function openRegistryRecords(flags: { root?: string | undefined; config?: string | undefined }, io: Io): Promise<{ metadata: Metadata; config: ServerConfig }> {
  const [{ openRecordsBeside }, { readConfig, readConfigFile }, { storeRoot }, { recordsOf }] = await Promise.all([
    import("../../server/storage/upkeep/open-beside.ts"), import("../../server/config/read-config.ts"), import("../../store/store-root.ts"), import("./records-of.ts"),
  ]);
  const config = flags.config === undefined ? readConfig("", "") : readConfigFile(flags.config);
  const metadata = await openRecordsBeside(flags.root ?? `${storeRoot(io.env)}/registry`, { lease: config.gc.grace, records: recordsOf(config.metadata, flags.config), report: ({ message }) => void io.stderr.write(`warning: ${message}\n`) });
  return { metadata, config };
}
