import type { Attestation } from "../../image/attestation.ts";
import type { Image } from "../../image/image.ts";
import type { FinishedBuild } from "../finish-build.ts";

/** One platform's result, for those who say something about it. */
export interface AttestedResult {
  readonly build: FinishedBuild;
  /** As it is packed for the output; absent where the output is files. */
  readonly image?: Image;
}

/** Says something about each platform's result: one of these for each kind of attestation that is asked for. */
export interface Attester {
  /** Not for outputs that are files, and no reason to make an index of an archive. */
  readonly inlineOnly: boolean;
  attest(result: AttestedResult): Promise<readonly Attestation[]>;
}

/** What all of them say. */
export async function attestAll(attesters: readonly Attester[], result: AttestedResult): Promise<Attestation[]> {
  return (await Promise.all(attesters.map((attester) => attester.attest(result)))).flat();
}
