import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { Digest } from "../../src/oci/digest.ts";
import { mediaType } from "../../src/oci/media-type.ts";
import { serveRegistry, type ServeOptions } from "../../src/server/serve-registry.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  json(): unknown;
  /** The first error's code; fails the test when the body is not of the specification's form. */
  code(): string;
}

export interface RequestParts {
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | Uint8Array;
}

/** A registry of its own for one test, on a free loopback port and a temporary folder, gone with the test. */
export async function scratchRegistry(context: TestContext, options: Partial<ServeOptions> = {}) {
  const root = options.root ?? mkdtempSync(join(tmpdir(), "sampan-registry-"));
  const problems: Error[] = [];
  const server = await serveRegistry({ listen: "127.0.0.1:0", onProblem: (problem) => problems.push(problem), ...options, root });
  context.after(async () => {
    await server.close();
    if (!options.root) rmSync(root, { recursive: true, force: true });
  });
  const port = Number(server.address.slice(server.address.lastIndexOf(":") + 1));

  const request = (method: string, path: string, parts: RequestParts = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const outgoing = httpRequest({ host: "127.0.0.1", port, method, path, agent: false, headers: parts.headers ?? {} }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", reject);
        incoming.on("end", () => resolve(answer(incoming.statusCode!, incoming.headers, Buffer.concat(chunks))));
      });
      outgoing.on("error", reject);
      outgoing.end(parts.body);
    });

  /** Sends bytes as they are and gives everything that came back until the server closed. */
  const raw = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let received = "";
      const socket = connect(port, "127.0.0.1", () => socket.write(text));
      socket.on("data", (chunk) => (received += chunk.toString())).on("close", () => resolve(received)).on("error", reject);
    });

  const pushBlob = async (repository: string, content: string | Uint8Array, algorithm: "sha256" | "sha512" = "sha256"): Promise<Digest> => {
    const digest = digestOf(content, algorithm);
    const pushed = await request("POST", `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: content });
    assert.equal(pushed.status, 201, pushed.body.toString());
    return digest;
  };

  const pushManifest = (repository: string, reference: string, document: object, headers: Record<string, string> = {}): Promise<Answer> => {
    const type = (document as { mediaType?: string }).mediaType ?? mediaType.ociManifest;
    return request("PUT", `/v2/${repository}/manifests/${reference}`, { headers: { "Content-Type": type, ...headers }, body: JSON.stringify(document) });
  };

  /** Pushes an image of one small layer; each `text` is another image. */
  const pushImage = async (repository: string, reference: string, text = "layer"): Promise<{ digest: Digest; config: Digest; layer: Digest }> => {
    const about = `{"architecture":"amd64","os":"linux","about":${JSON.stringify(text)}}`;
    const config = await pushBlob(repository, about);
    const layer = await pushBlob(repository, text);
    const answered = await pushManifest(repository, reference, imageManifest({ config: described(config, about.length), layers: [described(layer, text.length)] }));
    assert.equal(answered.status, 201, answered.body.toString());
    return { digest: answered.headers["docker-content-digest"] as Digest, config, layer };
  };

  const openUpload = async (repository: string, query = ""): Promise<string> => {
    const opened = await request("POST", `/v2/${repository}/blobs/uploads/${query}`);
    assert.equal(opened.status, 202);
    return opened.headers.location!;
  };

  /** A connection that broke is noticed a moment later. */
  const waitForRange = async (location: string, range: string): Promise<void> => {
    let seen: string | undefined;
    for (let round = 0; round < 300 && seen !== range; round += 1) {
      if (round > 0) await wait(10);
      seen = (await request("GET", location)).headers.range;
    }
    assert.equal(seen, range);
  };

  return { address: server.address, port, root, problems, server, request, raw, pushBlob, pushManifest, pushImage, openUpload, waitForRange };
}

export type ScratchRegistry = Awaited<ReturnType<typeof scratchRegistry>>;

export function digestOf(content: string | Uint8Array, algorithm: "sha256" | "sha512" = "sha256"): Digest {
  return `${algorithm}:${createHash(algorithm).update(content).digest("hex")}` as Digest;
}

export function described(digest: string, size: number, type: string = mediaType.ociLayer): { mediaType: string; digest: string; size: number } {
  return { mediaType: type, digest, size };
}

export function imageManifest(fields: { config: object; layers: readonly object[] } & Record<string, unknown>): { mediaType: string } & Record<string, unknown> {
  return { schemaVersion: 2, mediaType: mediaType.ociManifest, ...fields };
}

function answer(status: number, headers: IncomingHttpHeaders, body: Buffer): Answer {
  return {
    status,
    headers,
    body,
    json: () => JSON.parse(body.toString()) as unknown,
    code: () => {
      assert.equal(headers["content-type"], "application/json");
      const { errors } = JSON.parse(body.toString()) as { errors: { code: string; message: string }[] };
      assert.ok(errors[0]!.message.length > 0);
      return errors[0]!.code;
    },
  };
}
