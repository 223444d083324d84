import { createPublicKey, verify, type KeyObject } from "node:crypto";

/** A key that signatures are checked with. */
export interface PublicKey {
  readonly key: KeyObject;
  /** What messages call it. */
  readonly name: string;
}

/** Hashes that signers use with a key, the usual one first: cosign takes SHA-256, other programs what suits the curve. */
const CURVE_HASHES: Readonly<Record<string, string>> = { secp384r1: "sha384", secp521r1: "sha512" };

/** Keys in PEM, one or several in a text; undefined where it holds something else. */
export function readPublicKeys(text: string, name: string): readonly PublicKey[] | undefined {
  const blocks = text.match(/-----BEGIN (?:RSA )?PUBLIC KEY-----[\s\S]*?-----END (?:RSA )?PUBLIC KEY-----/g);
  if (!blocks) return undefined;
  try {
    return blocks.map((block, index) => ({ key: createPublicKey(block), name: blocks.length > 1 ? `${name} (${index + 1})` : name }));
  } catch {
    return undefined;
  }
}

/** Whether the signature of the bytes is the key's: ECDSA in DER form, RSA (PKCS #1 v1.5) or Ed25519. */
export function isSignedBy(key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    if (key.asymmetricKeyType === "ed25519") return verify(null, bytes, key, signature);
    const own = CURVE_HASHES[key.asymmetricKeyDetails?.namedCurve ?? ""];
    return ["sha256", ...(own === undefined ? [] : [own])].some((hash) => verify(hash, bytes, key, signature));
  } catch {
    return false; // what is no signature at all
  }
}
