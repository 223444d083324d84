import type { WorkerResult } from "../../remote/solve-target.ts";

/**
 * What a worker says of its results, as --metadata-file holds it: values that are JSON in base64 (descriptors) as JSON, others as
 * they are; with how it made them, where it was asked. @param ref the build's name in this machine's history
 */
export function workerMetadata({ response, provenance = new Map() }: WorkerResult, ref: string): Record<string, unknown> {
  const told = [...provenance].map(([platform, predicate]) => [`buildx.build.provenance${platform === "" ? "" : `/${platform}`}`, predicate] as const);
  const said = Object.entries(response).map(([key, value]) => [key, decoded(value)] as const);
  return Object.fromEntries([...told, ["buildx.build.ref", `default/default/${ref}`] as const, ...said].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function decoded(value: string): unknown {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value) || value.length % 4 !== 0) return value;
  try {
    const found: unknown = JSON.parse(Buffer.from(value, "base64").toString());
    return typeof found === "object" && found !== null ? found : value;
  } catch {
    return value;
  }
}
