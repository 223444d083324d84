import { isDigest, type Digest } from "../../oci/digest.ts";
import { parseObject, type Descriptor } from "../../oci/manifest.ts";
import { layerCodec } from "../../oci/media-type.ts";
import { fault } from "../../std/fault.ts";

/** Media type of the config that lists the folders of RUN --mount=type=cache. */
export const MOUNTS_TYPE = "application/vnd.sampan.cachemounts.v1+json";

/** A folder that outlives builds, packed. */
export interface KeptMount {
  /** Its id with the namespace. */
  readonly name: string;
  /** What it began with: folders of one name that began otherwise are others. */
  readonly seed: string;
  readonly diffId: Digest;
  readonly blob: Descriptor;
  /** Of the folder itself. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

const MOST_MOUNTS = 1000;
const LONGEST = 4096;

export function serializeMounts(mounts: readonly KeptMount[]): Uint8Array {
  return Buffer.from(JSON.stringify({
    version: 1,
    mounts: mounts.map(({ name, seed, diffId, blob, mode, uid, gid }) => ({ name, seed, diffId, digest: blob.digest, size: blob.size, mediaType: blob.mediaType, mode, uid, gid })),
  }));
}

/** Reads what anybody may have written. @throws DOCUMENT_INVALID */
export function parseMounts(bytes: Uint8Array, what: string): KeptMount[] {
  const { version, mounts } = parseObject(bytes, what);
  const invalid = (problem: string): Error => fault("DOCUMENT_INVALID", { what, problem });
  if (version !== 1) throw invalid("its version is not 1");
  if (!Array.isArray(mounts) || mounts.length > MOST_MOUNTS) throw invalid(`mounts is no list, or one of more than ${MOST_MOUNTS}`);
  return mounts.map((item: unknown) => {
    const { name, seed, diffId, digest, size, mediaType, mode, uid, gid } = (item ?? {}) as Record<string, unknown>;
    if (![name, seed].every((text) => typeof text === "string" && text.length <= LONGEST)) throw invalid("a folder has no name");
    if (![diffId, digest].every((text) => typeof text === "string" && isDigest(text))) throw invalid("a folder has no digest");
    if (![size, mode, uid, gid].every((number) => Number.isSafeInteger(number) && (number as number) >= 0)) throw invalid("a folder has no size, mode or owner");
    if (typeof mediaType !== "string" || layerCodec(mediaType) === undefined) throw invalid("a folder is packed in an unknown way");
    return {
      name: name as string, seed: seed as string, diffId: diffId as Digest, blob: { mediaType, digest: digest as Digest, size: size as number },
      mode: (mode as number) & 0o7777, uid: uid as number, gid: gid as number,
    };
  });
}
