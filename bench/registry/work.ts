import { randomBytes } from "node:crypto";
import { digestBytes } from "../../src/oci/digest.ts";
import { mediaType } from "../../src/oci/media-type.ts";
import type { Connection } from "./connection.ts";

/** Pushes a blob the way that clients do: a session, then all bytes with the closing PUT. */
export async function pushBlob(connection: Connection, repository: string, content: Uint8Array, digest = digestBytes(content, "sha256")): Promise<string> {
  const opened = await connection.send("POST", `/v2/${repository}/blobs/uploads/`, { expected: 202 });
  const location = /\r\nlocation: *(\S+)/i.exec(opened.head)![1]!.replace(/^https?:\/\/[^/]+/, "");
  const path = `${location}${location.includes("?") ? "&" : "?"}digest=${encodeURIComponent(digest)}`;
  await connection.send("PUT", path, { expected: 201, body: content, lines: "Content-Type: application/octet-stream\r\n" });
  return digest;
}

export function imageOf(config: Uint8Array, layers: readonly Uint8Array[], fields: object = {}): Buffer {
  const describe = (content: Uint8Array, type: string): object => ({ mediaType: type, digest: digestBytes(content, "sha256"), size: content.length });
  return Buffer.from(JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaType.ociManifest,
    config: describe(config, mediaType.ociConfig),
    layers: layers.map((layer) => describe(layer, mediaType.ociLayerGzip)),
    ...fields,
  }));
}

export async function putManifest(connection: Connection, repository: string, reference: string, manifest: Uint8Array): Promise<void> {
  await connection.send("PUT", `/v2/${repository}/manifests/${reference}`, { expected: 201, body: manifest, lines: `Content-Type: ${mediaType.ociManifest}\r\n` });
}

/** An image of a config and one small layer, like no other. */
export async function pushSmallImage(connection: Connection, repository: string, tag: string): Promise<void> {
  const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", made: randomBytes(8).toString("hex") }));
  const layer = randomBytes(10_000);
  await pushBlob(connection, repository, config);
  await pushBlob(connection, repository, layer);
  await putManifest(connection, repository, tag, imageOf(config, [layer]));
}
