import { createHash, hash } from "node:crypto";

/** A content address, `sha256:<64 hex>` or `sha512:<128 hex>` (image-spec, descriptor.md). */
export type Digest = `sha256:${string}` | `sha512:${string}`;

const GRAMMAR = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

export function isDigest(text: string): text is Digest {
  return GRAMMAR.test(text);
}

export function digestAlgorithm(digest: Digest): "sha256" | "sha512" {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

export function digestHex(digest: Digest): string {
  return digest.slice(7);
}

/** The sha256 digest of bytes or text that are in memory. */
export function sha256(content: Uint8Array | string): Digest {
  return `sha256:${hash("sha256", content, "hex")}`;
}

/** The digest of bytes or text that are in memory, by any of the algorithms. */
export function digestBytes(content: Uint8Array | string, algorithm: "sha256" | "sha512"): Digest {
  return `${algorithm}:${hash(algorithm, content, "hex")}` as Digest;
}

/** A running sha256 whose `digest()` gives the finished {@link Digest}. */
export function createDigester(algorithm: "sha256" | "sha512" = "sha256"): {
  update(chunk: Uint8Array): void;
  digest(): Digest;
} {
  const running = createHash(algorithm);
  return {
    update: (chunk) => void running.update(chunk),
    digest: () => `${algorithm}:${running.digest("hex")}` as Digest,
  };
}
