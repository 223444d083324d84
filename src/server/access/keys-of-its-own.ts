import type { ServerConfig } from "../config/config-schema.ts";

/** Whether a server may be one of several, by a database and a bucket that others reach too, and signs its tokens with a key that they do not have. */
export function hasKeysOfItsOwn({ access, token, metadata, storage }: Pick<ServerConfig, "access" | "token" | "metadata" | "storage">): boolean {
  return access !== undefined && token.key === undefined && metadata.postgres !== undefined && storage.s3 !== undefined;
}
