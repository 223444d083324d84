import type { Settings } from "../terms/settings.ts";
import type { ServerConfig } from "./config-schema.ts";

/** The bounds that a configuration sets; what it does not say keeps its default. */
export function settingsOf({ gc, limits }: ServerConfig): Partial<Settings> {
  const said: Partial<Settings> = {
    manifestLimit: limits.manifest,
    headerLimit: limits.header,
    connections: limits.connections,
    uploads: limits.uploads,
    uploadsOfOne: limits.uploadsOfOne,
    chunkMinLength: limits.chunkMinLength,
    uploadExpiry: limits.uploadExpiry,
    idleTimeout: limits.idle,
    sparse: limits.sparse,
    blobLease: gc.grace,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}
