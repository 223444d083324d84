import { hideLogin, type GitUrl } from "../context/git-url.ts";
import type { SourceLocation } from "../std/fault.ts";
import type { Evaluation } from "./evaluation.ts";
import type { GitOperation, HttpOperation, Vertex } from "./vertex.ts";

/** A file that is fetched from a URL. @param label before its address in progress */
export function httpVertex(evaluation: Evaluation, source: Omit<HttpOperation, "kind">, location?: SourceLocation, label = ""): Vertex {
  const name = label + hideLogin(source.url);
  return evaluation.pool.add({ kind: "http", ...source }, [], { name, ignoreCache: evaluation.options.noCache, slot: `http ${name}`, ...(location ? { location } : {}) });
}

/** A commit that is fetched from a git repository. @param trusted whether the user named it, and not the Dockerfile */
export function gitVertex(evaluation: Evaluation, source: GitUrl, location?: SourceLocation, { label = "", trusted = false } = {}): Vertex {
  const operation: GitOperation = { kind: "git", source, trusted };
  const name = `${label}${hideLogin(source.remote)}${source.ref === undefined && source.subdir === undefined ? "" : `#${source.ref ?? ""}`}${source.subdir === undefined ? "" : `:${source.subdir}`}`;
  return evaluation.pool.add(operation, [], { name, ignoreCache: evaluation.options.noCache, slot: `git ${name}`, ...(location ? { location } : {}) });
}

/** The build context, or a folder of this machine that --build-context names. */
export function localVertex(evaluation: Evaluation, name?: string): Vertex {
  return evaluation.pool.add({ kind: "local", name: name === undefined ? "context" : `context:${name}`, scope: evaluation.options.scope }, [], {
    name: name === undefined ? "[internal] load build context" : `[context ${name}] load from client`, ignoreCache: false, slot: name === undefined ? "context" : `context ${name}`,
  });
}
