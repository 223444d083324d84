import type { Worker } from "./connect/worker.ts";
import { asVersion02, type ProvenanceV1 } from "../build/attest/provenance.ts";
import type { HistoryResult } from "./api/history_pb.ts";

/** More than any real provenance, less than what would fill the memory. */
const LIMIT = 80 * 1024 * 1024;

/**
 * What a worker keeps of how it made the results of a build, in the words of SLSA v0.2: by platform where there are several,
 * else under no name.
 * @param extent `min` is without steps and times
 */
export async function toldProvenance({ control, content }: Worker, ref: string, { extent, signal }: { readonly extent: "min" | "max"; readonly signal: AbortSignal }): Promise<Map<string, Record<string, unknown>>> {
  const told = new Map<string, Record<string, unknown>>();
  for await (const { record } of control.listenBuildHistory({ ref, earlyExit: true }, { signal })) {
    if (record?.ref !== ref) continue;
    // Of several platforms, `result` is the index around them, of which nothing is said.
    const several = Object.entries(record.results);
    const results: [string, HistoryResult][] = several.length === 0 && record.result ? [["", record.result]] : several;
    for (const [platform, { attestations }] of results) {
      const found = attestations.find(({ mediaType, annotations }) => mediaType === "application/vnd.in-toto+json" && annotations["in-toto.io/predicate-type"]?.startsWith("https://slsa.dev/provenance/"));
      if (!found || found.size > LIMIT) continue;
      const predicate = JSON.parse((await read(content, found.digest, signal)).toString()) as ProvenanceV1 | Record<string, unknown>;
      const { buildConfig, metadata, ...others } = "buildDefinition" in predicate ? asVersion02(predicate as ProvenanceV1) : predicate;
      told.set(platform, extent === "max" ? { ...others, buildConfig, metadata } : others);
    }
  }
  return told;
}

async function read(content: Worker["content"], digest: string, signal: AbortSignal): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const { data } of content.read({ digest }, { signal })) {
    size += data.length;
    if (size > LIMIT) throw new Error(`the worker's provenance is larger than ${LIMIT} bytes`);
    chunks.push(data);
  }
  return Buffer.concat(chunks);
}
