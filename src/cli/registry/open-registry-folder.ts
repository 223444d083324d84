import type { ServerConfig } from "../../server/config/config-schema.ts";
import type { OpenedFolder } from "../../server/storage/upkeep/open-beside.ts";
import type { Io } from "../io.ts";

/** The folder and the configuration that a command works with, beside the server that may run on them. */
export async function openRegistryFolder(flags: { root?: string | undefined; config?: string | undefined }, io: Io): Promise<{ folder: OpenedFolder; config: ServerConfig }> {
  const [{ openBeside }, { readConfig, readConfigFile }, { storeRoot }] = await Promise.all([
    import("../../server/storage/upkeep/open-beside.ts"), import("../../server/config/read-config.ts"), import("../../store/store-root.ts"),
  ]);
  const config = flags.config === undefined ? readConfig("", "") : readConfigFile(flags.config);
  const folder = await openBeside(flags.root ?? `${storeRoot(io.env)}/registry`, { lease: config.gc.grace, report: (problem: Error) => void io.stderr.write(`warning: ${problem.message}\n`) });
  return { folder, config };
}
