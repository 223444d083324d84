import type { Digest } from "../oci/digest.ts";

/** What quotas let in. */
export interface RoomForPushes {
  /** For an upload whose length a client tells, before anything of it is read. @throws RegistryError DENIED when it is over a quota */
  demandBytes(repository: string, bytes: number): Promise<void>;
  /** Runs the task that makes a blob one of the repository, so that others who push meanwhile see its size. @throws RegistryError DENIED */
  withBlob<Result>(repository: string, blob: { readonly digest: Digest; readonly size: number }, task: () => Promise<Result>): Promise<Result>;
  /** @throws RegistryError DENIED when there are too many tags with these new ones */
  demandTags(repository: string, tags: readonly string[]): Promise<void>;
}
