import { createHash, X509Certificate, type KeyObject } from "node:crypto";
import type { Digest } from "../oci/digest.ts";
import { isSignedBy } from "./public-keys.ts";

/** Whether something is a bundle of sigstore, by its artifact type or the type of its layer; versions are told in three ways. */
export function isBundleType(type: string | undefined): boolean {
  return type !== undefined && /^application\/vnd\.dev\.sigstore\.bundle(?:\.v\d+\.\d+)?\+json(?:;|$)/.test(type);
}

/** The predicate of a signature; bundles with others are attestations, which vouch for something else. */
const SIGNATURE = "https://sigstore.dev/cosign/sign/v1";
const IN_TOTO = "application/vnd.in-toto+json";

/** A bundle that is a signature of one manifest, as far as it says so itself: nothing is checked yet. */
export interface ManifestSignature {
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  /** Of a certificate that is in the bundle; nobody has asked who it was given to. */
  readonly certified: KeyObject | undefined;
}

/**
 * Reads a bundle (sigstore bundle 0.1 to 0.3): a DSSE envelope with an in-toto statement, or the signature of the manifest's own bytes.
 * @returns undefined for one that is no signature of that manifest
 */
export function readManifestSignature(bytes: Uint8Array, manifest: { readonly digest: Digest; readonly bytes: Uint8Array }): ManifestSignature | undefined {
  const bundle = objectOf(parse(bytes));
  const material = objectOf(bundle["verificationMaterial"]);
  const chain = objectOf(material["x509CertificateChain"])["certificates"];
  const certified = keyOf(objectOf(material["certificate"])["rawBytes"] ?? objectOf(Array.isArray(chain) ? chain[0] : undefined)["rawBytes"]);
  if (bundle["dsseEnvelope"] !== undefined) {
    const envelope = objectOf(bundle["dsseEnvelope"]);
    const { payload, payloadType, signatures } = envelope;
    if (typeof payload !== "string" || payloadType !== IN_TOTO || !Array.isArray(signatures) || signatures.length !== 1) return undefined;
    const { sig } = objectOf(signatures[0]);
    const statement = Buffer.from(payload, "base64");
    if (typeof sig !== "string" || !speaksOf(objectOf(parse(statement)), manifest.digest)) return undefined;
    return { signed: preAuthenticated(IN_TOTO, statement), signature: Buffer.from(sig, "base64"), certified };
  }
  const { messageDigest, signature } = objectOf(bundle["messageSignature"]);
  const { algorithm, digest } = objectOf(messageDigest);
  if (typeof signature !== "string" || algorithm !== "SHA2_256" || digest !== createHash("sha256").update(manifest.bytes).digest("base64")) return undefined;
  return { signed: manifest.bytes, signature: Buffer.from(signature, "base64"), certified };
}

export function isManifestSignedBy(key: KeyObject, { signed, signature }: ManifestSignature): boolean {
  return isSignedBy(key, signed, signature);
}

function speaksOf(statement: Readonly<Record<string, unknown>>, manifest: Digest): boolean {
  const [algorithm, hex] = manifest.split(":") as [string, string];
  const subjects = statement["subject"];
  return statement["predicateType"] === SIGNATURE && Array.isArray(subjects) && subjects.some((subject) => objectOf(objectOf(subject)["digest"])[algorithm] === hex);
}

/** What DSSE signs: type and body with their lengths. */
function preAuthenticated(type: string, body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${body.length} `), body]);
}

function keyOf(certificate: unknown): KeyObject | undefined {
  if (typeof certificate !== "string") return undefined;
  try {
    return new X509Certificate(Buffer.from(certificate, "base64")).publicKey;
  } catch {
    return undefined;
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {};
}
