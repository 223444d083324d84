import type { Digest } from "../oci/digest.ts";
import type { Limit } from "./storage/limits.ts";

/** What quotas let in. */
export interface RoomForPushes {
  /** For bytes that a client announces, or that are about to be stored. @throws RegistryError DENIED when it is over a quota */
  demandBytes(repository: string, bytes: number, digest?: Digest): Promise<void>;
  /** What the records hold every change of the repository to. */
  limitsOf(repository: string): readonly Limit[];
}
