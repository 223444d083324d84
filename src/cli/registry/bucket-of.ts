import type { ServerConfig } from "../../server/config/config-schema.ts";
import type { BucketPlace } from "../../server/storage/upkeep/open-beside.ts";
import type { Io } from "../io.ts";

/** Where a configuration says that blobs are, when that is not the registry's folder. */
export function bucketOf({ s3 }: ServerConfig["storage"], configFile: string | undefined, io: Io): BucketPlace | undefined {
  return s3 && { config: s3, configFile: configFile ?? "", environment: io.env };
}
