import type { SourceLocation } from "../std/fault.ts";
import type { Evaluation } from "./evaluation.ts";
import type { NamedSource } from "./named-source.ts";
import { gitVertex, httpVertex, localVertex } from "./source-vertices.ts";
import type { Platform } from "../oci/platform.ts";
import type { Vertex } from "./vertex.ts";

/** The files of a named context that is no image and no stage, to read from. */
export function namedTree(evaluation: Evaluation, name: string, source: Extract<NamedSource, { kind: "local" | "http" | "git" }>, location: SourceLocation): Vertex {
  const label = `[context ${name}] `;
  switch (source.kind) {
    case "local": return localVertex(evaluation, source.name);
    case "http": return httpVertex(evaluation, { url: source.url, filename: "context" }, location, label);
    case "git": return gitVertex(evaluation, source.source, location, { label, trusted: true });
  }
}

/** The same to build upon: the files of a folder are copied first, as they may change. */
export function namedBase(evaluation: Evaluation, name: string, source: Parameters<typeof namedTree>[2], { location, platform }: { location: SourceLocation; platform: Platform }): Vertex {
  const tree = namedTree(evaluation, name, source, location);
  if (tree.operation.kind !== "local") return tree;
  return evaluation.pool.add({ kind: "copy", command: "COPY", sources: ["/"], inline: [], destination: "/", platform }, [undefined, tree], {
    name: `[context ${name}] load from client`, location, ignoreCache: evaluation.options.noCache, slot: `${evaluation.options.scope}/context ${name}`,
  });
}
