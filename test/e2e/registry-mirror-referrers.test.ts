import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { mediaType } from "../../src/oci/media-type.ts";
import type { ImageAnswer, Page, ReferrerRow } from "../../src/server/api/answers.ts";
import { basic, guardedRegistry } from "../support/guarded-registry.ts";
import { described, digestOf, imageManifest, scratchRegistry } from "../support/scratch-registry.ts";

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";

test("what refers to a copied image is listed and fetched, and its signatures count here", async (context) => {
  const upstream = await scratchRegistry(context);
  const signed = await upstream.pushImage("app", "signed", "signed");
  await upstream.pushImage("app", "unsigned", "unsigned");
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const empty = described(await upstream.pushBlob("app", "{}"), 2, mediaType.ociEmpty);
  const subject = described(signed.digest, (await upstream.request("GET", "/v2/app/manifests/signed")).body.length, mediaType.ociManifest);
  const attach = async (artifactType: string, layer: object): Promise<string> => {
    const document = imageManifest({ config: empty, layers: [layer], artifactType, subject });
    const digest = digestOf(JSON.stringify(document));
    assert.equal((await upstream.pushManifest("app", digest, document)).status, 201);
    return digest;
  };
  const statement = Buffer.from(JSON.stringify({ _type: "https://in-toto.io/Statement/v1", subject: [{ digest: { sha256: signed.digest.slice(7) } }], predicateType: "https://sigstore.dev/cosign/sign/v1", predicate: {} }));
  const type = "application/vnd.in-toto+json";
  const sig = sign("sha256", Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${statement.length} `), statement]), privateKey).toString("base64");
  const bundle = JSON.stringify({ mediaType: BUNDLE, verificationMaterial: { publicKey: { hint: "" } }, dsseEnvelope: { payload: statement.toString("base64"), payloadType: type, signatures: [{ sig }] } });
  const signature = await attach(BUNDLE, described(await upstream.pushBlob("app", bundle), bundle.length, BUNDLE));
  const sbom = await attach("application/spdx+json", described(empty.digest, 2, "application/spdx+json"));

  const key = JSON.stringify(publicKey.export({ type: "spki", format: "pem" }));
  const { server } = await guardedRegistry(context, {
    users: { reader: "r" }, access: 'grants: [{who: reader, role: reader, repositories: "**"}]',
    more: `proxy: [{prefix: up/, upstream: "http://${upstream.address}"}]\nsignatures: [{repositories: "up/**", keys: ${key}}]\n`,
  });
  const get = (path: string) => server.request("GET", path, { headers: { authorization: basic("reader", "r") } });
  const unsigned = await get("/v2/up/app/manifests/unsigned");
  assert.deepEqual([unsigned.status, unsigned.code()], [403, "DENIED"]);
  assert.equal((await get("/v2/up/app/manifests/signed")).status, 200, "its signature has come along");

  const digests = async (query = ""): Promise<string[]> => ((await get(`/v2/up/app/referrers/${signed.digest}${query}`)).json() as { manifests: { digest: string }[] }).manifests.map(({ digest }) => digest);
  assert.deepEqual(await digests(), [signature, sbom].sort());
  assert.deepEqual(await digests("?artifactType=application/spdx%2Bjson"), [sbom]);
  assert.equal((await get(`/v2/up/app/manifests/${sbom}`)).status, 200);
  const first = await get(`/v2/up/app/referrers/${signed.digest}?n=1`);
  assert.match(String(first.headers.link), /rel="next"/);
  const shown = (await get(`/api/v1/referrers?repository=up/app&digest=${signed.digest}`)).json() as Page<ReferrerRow>;
  assert.deepEqual(shown.items.map(({ digest }) => digest), [signature, sbom].sort());
  assert.equal(((await get("/api/v1/image?repository=up/app&reference=signed")).json() as ImageAnswer).signature, "valid");

  // Where nobody answers, what is here counts.
  await upstream.server.close();
  assert.deepEqual(await digests(), [signature, sbom].sort());
  assert.equal((await get("/v2/up/app/manifests/signed")).status, 200);
});
