import type { IncomingMessage, ServerResponse } from "node:http";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { commonHeaders } from "../terms/common-headers.ts";
import type { RegistryStorage } from "../storage/storage.ts";
import type { Totals } from "../storage/vitals.ts";
import type { UpstreamStatus } from "../pull-through.ts";
import type { ReplicationStatus } from "../mirror/replication-notes.ts";
import type { Metrics } from "./metrics.ts";

/** Answers those that watch over the server. */
export interface Monitor {
  /** False when the request is for something else. `inside`: whether who asks may see figures and what is behind the server. */
  answer(request: IncomingMessage, response: ServerResponse, inside: () => boolean): boolean;
}

/** How long one look at the disk and the database is good for, so that nobody can keep them busy by asking; in milliseconds. */
const READY_FOR = 2000;
const TOTALS_FOR = 30_000;

/** For those that may see it only. */
const INSIDE: readonly string[] = ["/metrics", "/readyz?verbose"];

const TYPES: Readonly<Record<string, string>> = { "/metrics": "text/plain; version=0.0.4; charset=utf-8", "/readyz?verbose": "application/json" };

/**
 * `/healthz` (it answers), `/readyz` (database and disk can be written), `/readyz?verbose` and `/metrics`. An upstream that is paused does not make a server
 * unready: what is here is served, and another server would not reach it either.
 */
export function createMonitor(parts: { root: string; storage: RegistryStorage; metrics: Metrics; running: () => number; replicated: () => readonly ReplicationStatus[]; upstreams: () => readonly UpstreamStatus[]; report: (problem: Error) => void }): Monitor {
  const { storage, metrics } = parts;
  const ready = remember(READY_FOR, async (): Promise<boolean> => {
    try {
      await storage.metadata.checkWritable();
      await storage.blobs.checkReachable?.();
      const probe = join(parts.root, "temporary", "ready");
      await writeFile(probe, "ready\n");
      await rm(probe);
      return true;
    } catch (error) {
      parts.report(error as Error);
      return false;
    }
  });
  const totals = remember<Totals>(TOTALS_FOR, () => storage.metadata.totals());

  const pages: Readonly<Record<string, () => Promise<[status: number, text: string]>>> = {
    "/healthz": async () => [200, "ok\n"],
    "/readyz": async () => ((await ready()) ? [200, "ok\n"] : [503, "the database or the storage cannot be written; the log of the server says why\n"]),
    "/readyz?verbose": async () => {
      const writable = await ready();
      return [writable ? 200 : 503, `${JSON.stringify({ ready: writable, upstreams: parts.upstreams() })}\n`];
    },
    "/metrics": async () => [200, metrics.text({ ...(await totals()), uploads: await storage.blobs.uploads.count(), running: parts.running(), replicated: parts.replicated(), upstreams: parts.upstreams() })],
  };

  return {
    answer(request, response, allowed) {
      const path = pageOf(request.url ?? "");
      if (!Object.hasOwn(pages, path) || (request.method !== "GET" && request.method !== "HEAD") || (INSIDE.includes(path) && !allowed())) return false;
      pages[path]!().catch((error: unknown): [number, string] => {
        parts.report(error as Error);
        return [500, "the registry failed to answer; its log says why\n"];
      }).then(([status, text]) => {
        response.writeHead(status, { ...commonHeaders, "Content-Type": TYPES[path] ?? "text/plain; charset=utf-8", "Content-Length": Buffer.byteLength(text), "Cache-Control": "no-store" });
        response.end(request.method === "HEAD" ? undefined : text);
      }, parts.report);
      return true;
    },
  };
}

/** The page that an address asks for. Queries are otherwise no matter, and `verbose` counts by being there, as Kubernetes reads its own `/readyz?verbose`. */
function pageOf(url: string): string {
  const mark = url.indexOf("?");
  if (mark < 0) return url;
  const path = url.slice(0, mark);
  return path === "/readyz" && new URLSearchParams(url.slice(mark)).has("verbose") ? "/readyz?verbose" : path;
}

/** One answer for all who ask within that time. */
function remember<Value>(milliseconds: number, find: () => Promise<Value>): () => Promise<Value> {
  let known: { readonly value: Promise<Value>; readonly until: number } | undefined;
  return () => {
    if (!known || known.until < Date.now()) known = { value: find(), until: Date.now() + milliseconds };
    return known.value;
  };
}
