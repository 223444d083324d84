import { isFault } from "../../std/fault.ts";

/** Whether a registry may have refused a manifest because it lacks what that names: registries say so in several ways. */
export function isRefused(error: unknown): boolean {
  return isFault(error) && ["REGISTRY_REFUSED", "NAME_UNKNOWN", "MANIFEST_UNKNOWN", "BLOB_UNKNOWN"].includes(error.code);
}
