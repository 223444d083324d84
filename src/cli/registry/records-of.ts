import type { ServerConfig } from "../../server/config/config-schema.ts";
import type { RecordsPlace } from "../../server/storage/open-records.ts";

/** Where a configuration says that the records are, when that is not the registry's folder. */
export function recordsOf({ postgres }: ServerConfig["metadata"], configFile: string | undefined): RecordsPlace | undefined {
  return postgres && { config: postgres, configFile: configFile ?? "" };
}
