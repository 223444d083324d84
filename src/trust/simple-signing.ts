import type { KeyObject } from "node:crypto";
import type { Digest } from "../oci/digest.ts";
import { isSignedBy } from "./public-keys.ts";

export const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";
export const SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature";

/** The tag that cosign keeps signatures of a manifest under (SIGNATURE_SPEC). */
export function signatureTag(digest: Digest): string {
  return `${digest.replace(":", "-")}.sig`;
}

/** Whether the payload speaks of that manifest: what a signature would then vouch for. */
export function isPayloadFor(digest: Digest, payload: Uint8Array): boolean {
  const { critical } = objectIn(payload) ?? {};
  const { type, image } = (critical ?? {}) as { type?: unknown; image?: { "docker-manifest-digest"?: unknown } | null };
  return type === "cosign container image signature" && image?.["docker-manifest-digest"] === digest;
}

/** @param signature the annotation of the payload's layer, in base64 */
export function isPayloadSignedBy(key: KeyObject, payload: Uint8Array, signature: string): boolean {
  return isSignedBy(key, payload, Buffer.from(signature, "base64"));
}

function objectIn(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
