import { fault } from "../std/fault.ts";

const REMOTE = /^(?:https?|git|ssh):\/\/|^git@|^github\.com\/|\.git(?:#.*)?$/;

/**
 * Refuses what docker would fetch from elsewhere.
 * @throws NOT_SUPPORTED
 */
export function refuseRemote(location: string, feature: string): void {
  if (!REMOTE.test(location)) return;
  throw fault("NOT_SUPPORTED", { feature, hint: "get the files first, with git clone or curl, and name their folder" });
}
