import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import type { Digest } from "../oci/digest.ts";
import { readPublicKeys } from "./public-keys.ts";
import { isPayloadFor, isPayloadSignedBy } from "./simple-signing.ts";
import { isBundleType, isManifestSignedBy, readManifestSignature } from "./sigstore-bundle.ts";

/** What cosign 3.1 wrote for a key pair, with no services in its signing config. */
const BUNDLE = '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"lAk0rLB74ZJTF94OfQggS1gyHmwZN1EXOS0wkmquiVA="}},"dsseEnvelope":{"payload":"eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJkaWdlc3QiOnsic2hhMjU2IjoiZjQxMjg4NTU5NzJlODVlY2YzYjc3ZmQ5MDY2OGVkOTdlN2Y3MGRiMDYzMTI1MTI1OTI2YThiNzhlMWI3ZDUxYiJ9LCJhbm5vdGF0aW9ucyI6e319XSwicHJlZGljYXRlVHlwZSI6Imh0dHBzOi8vc2lnc3RvcmUuZGV2L2Nvc2lnbi9zaWduL3YxIiwicHJlZGljYXRlIjp7fX0=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"MEYCIQCuo2jj9eG9vwgEYZS6ePzW+Pdzpl2gvtchXDA5dwmRJQIhAKy+ughpOCt6HP/4ozhyOgrNke/9DyTCbptd3ZNt3Bxp"}]}}';
const KEY = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErwubkuayoxipGE67IBuhJw2gvYKh\na22bagZQhrfi4oeFYTGJ6EUESlIDq9+dKlm6Ym2X3Sxk05VVfGxvxti0vA==\n-----END PUBLIC KEY-----\n";
const image = { digest: "sha256:f4128855972e85ecf3b77fd90668ed97e7f70db063125125926a8b78e1b7d51b" as Digest, bytes: new Uint8Array() };
const other = { ...image, digest: `sha256:${"0".repeat(64)}` as Digest };

test("a bundle of cosign is a signature of its key and of no other, for its image and for no other", () => {
  const { key } = readPublicKeys(KEY, "cosign.pub")![0]!;
  const read = readManifestSignature(Buffer.from(BUNDLE), image)!;
  assert.equal(isManifestSignedBy(key, read), true);
  for (const pair of [generateKeyPairSync("ec", { namedCurve: "P-256" }), generateKeyPairSync("ed25519"), generateKeyPairSync("rsa", { modulusLength: 2048 })]) assert.equal(isManifestSignedBy(pair.publicKey, read), false);
  assert.equal(readManifestSignature(Buffer.from(BUNDLE), other), undefined);
  assert.equal(isManifestSignedBy(key, { ...read, signature: read.signature.slice(0, -1) }), false);
  assert.equal(isManifestSignedBy(key, { ...read, signed: Buffer.concat([read.signed, Buffer.from(" ")]) }), false);
});

test("an attestation about the image is no signature of it, and what is no bundle is nothing", () => {
  const bundle = JSON.parse(BUNDLE) as { dsseEnvelope: { payload: string; payloadType: string; signatures: unknown[] } };
  const changed = (change: (statement: Record<string, unknown>) => object, more: object = {}): Uint8Array => {
    const statement = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString()) as Record<string, unknown>;
    return Buffer.from(JSON.stringify({ dsseEnvelope: { ...bundle.dsseEnvelope, payload: Buffer.from(JSON.stringify(change(statement))).toString("base64"), ...more } }));
  };
  assert.ok(readManifestSignature(changed((same) => same), image));
  for (const bytes of [
    changed((statement) => ({ ...statement, predicateType: "https://spdx.dev/Document" })), changed(() => []), changed((statement) => ({ ...statement, subject: [{ digest: { sha512: "f4" } }, null] })),
    changed((same) => same, { payloadType: "text/plain" }), changed((same) => same, { signatures: [] }), changed((same) => same, { signatures: [{ sig: "a" }, { sig: "b" }] }), changed((same) => same, { signatures: [null] }),
    ...["", "null", "[]", "{}", '{"dsseEnvelope":null}', '{"messageSignature":{}}', '{"verificationMaterial":{"certificate":{"rawBytes":"AAAA"}}}'].map((text) => Buffer.from(text)),
  ]) assert.equal(readManifestSignature(bytes, image), undefined, Buffer.from(bytes).toString());
});

test("the signature of the manifest's own bytes counts, with each kind of key", () => {
  const bytes = Buffer.from('{"schemaVersion":2}');
  const manifest = { digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}` as Digest, bytes };
  for (const { privateKey, publicKey } of [
    generateKeyPairSync("ec", { namedCurve: "P-256" }), generateKeyPairSync("ec", { namedCurve: "P-384" }), generateKeyPairSync("ed25519"), generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ]) {
    const signature = sign(privateKey.asymmetricKeyType === "ed25519" ? null : "sha256", bytes, privateKey).toString("base64");
    const bundle = { messageSignature: { messageDigest: { algorithm: "SHA2_256", digest: createHash("sha256").update(bytes).digest("base64") }, signature } };
    assert.equal(isManifestSignedBy(publicKey, readManifestSignature(Buffer.from(JSON.stringify(bundle)), manifest)!), true);
    assert.equal(readManifestSignature(Buffer.from(JSON.stringify(bundle)), { ...manifest, bytes: Buffer.from("{}") }), undefined);
  }
});

test("a payload of the older form speaks of one image", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const payload = (digest: string, type = "cosign container image signature"): Buffer => Buffer.from(JSON.stringify({ critical: { identity: {}, image: { "docker-manifest-digest": digest }, type }, optional: null }));
  const signature = sign("sha256", payload(image.digest), privateKey).toString("base64");
  assert.deepEqual([isPayloadFor(image.digest, payload(image.digest)), isPayloadSignedBy(publicKey, payload(image.digest), signature)], [true, true]);
  assert.deepEqual([isPayloadFor(other.digest, payload(image.digest)), isPayloadFor(image.digest, payload(image.digest, "atomic")), isPayloadFor(image.digest, Buffer.from("null"))], [false, false, false]);
  assert.deepEqual([isPayloadSignedBy(publicKey, payload(other.digest), signature), isPayloadSignedBy(publicKey, payload(image.digest), "")], [false, false]);
});

test("types of bundles are told in three ways, and keys are PEM", () => {
  for (const type of ["application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.dev.sigstore.bundle+json;version=0.1", "application/vnd.dev.sigstore.bundle+json"]) assert.ok(isBundleType(type), type);
  for (const type of [undefined, "", "application/vnd.dev.sigstore.bundle", "application/vnd.dev.sigstore.trustedroot+json"]) assert.ok(!isBundleType(type), type);
  assert.equal(readPublicKeys("ssh-ed25519 AAAA", "k"), undefined);
  assert.equal(readPublicKeys("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "k"), undefined);
  assert.deepEqual(readPublicKeys(KEY + KEY, "k")!.map(({ name }) => name), ["k (1)", "k (2)"]);
});
