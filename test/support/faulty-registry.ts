import type { ServerResponse } from "node:http";
import { reply, startScriptedServer, type ScriptedServer, type SeenRequest } from "./scripted-server.ts";
import type { SmallImage } from "./small-image.ts";

/** What the registry does to a request instead of answering it well; returns false where it lets it pass. */
export type Trouble = (request: SeenRequest & { readonly what: "ping" | "manifest" | "blob" | "upload"; readonly digest: string; readonly count: number }, response: ServerResponse) => boolean | void | Promise<boolean | void>;

export interface FaultyRegistry extends ScriptedServer {
  /** From now on. */
  trouble(trouble: Trouble | undefined): void;
}

/**
 * A registry with one image, `app:1`, that takes every upload and forgets it, and makes the trouble that it is told to make.
 * It counts the requests for each path since the trouble began.
 */
export async function startFaultyRegistry(image: SmallImage): Promise<FaultyRegistry> {
  let trouble: Trouble | undefined;
  let counts = new Map<string, number>();
  const server = await startScriptedServer(async (request, response) => {
    const { method } = request;
    const path = request.url.replace(/\?.*/, "");
    const digest = /sha256:[0-9a-f]{64}/.exec(decodeURIComponent(request.url))?.[0] ?? "";
    const what = path.includes("/uploads/") ? "upload" : path.includes("/blobs/") ? "blob" : path.includes("/manifests/") ? "manifest" : "ping";
    const count = (counts.get(path) ?? 0) + 1;
    counts.set(path, count);
    if (trouble && (await trouble({ ...request, what, digest, count }, response)) !== false) return;
    if (what === "ping") return reply(response, 200);
    if (what === "upload") return reply(response, method === "POST" ? 202 : 201, { location: `${path.replace(/\/$/, "")}/1`, "docker-content-digest": digest });
    if (method === "PUT") return reply(response, 201);
    if (what === "manifest") {
      return reply(response, 200, { "content-type": "application/vnd.oci.image.manifest.v1+json" }, method === "HEAD" ? "" : image.manifest);
    }
    const blob = image.blobs.get(digest);
    if (blob === undefined || path.includes("/pushed/")) return reply(response, 404);
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const range: Record<string, string> = start > 0 ? { "content-range": `bytes ${start}-${blob.length - 1}/${blob.length}` } : {};
    reply(response, start > 0 ? 206 : 200, range, method === "HEAD" ? "" : blob.subarray(start));
  });
  return Object.assign(server, { trouble: (next: Trouble | undefined) => { trouble = next; counts = new Map(); } });
}
