import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { sha256 } from "../oci/digest.ts";
import { parseObject, type Descriptor } from "../oci/manifest.ts";
import { digestComponents, type StepReasons } from "../solve/digest-components.ts";
import type { StepKeys } from "../solve/look-up.ts";
import type { ContentRow } from "../solve/ports.ts";
import type { Vertex } from "../graph/vertex.ts";
import { fault } from "../std/fault.ts";
import { REASONS_TYPE } from "./cache-document.ts";
import { stepsBelow } from "./gather-cache.ts";

/** Bytes, packed and unpacked. */
export const REASONS_LIMIT = 16 * 1024 * 1024;
const UNPACKED_LIMIT = 128 * 1024 * 1024;
/** A step that reads more files is told without them. */
const MOST_FILES = 50_000;

/** The place of a step in its Dockerfile, without what is particular to this machine. */
export function portableSlot(slot: string): string {
  return slot.slice(slot.indexOf("/") + 1);
}

/**
 * What keys were made of, packed; undefined where that would be too much.
 * @param earlier what the caches tell that were asked: they know of files that nobody has read this time
 */
export function packReasons(targets: readonly Vertex[], keys: ReadonlyMap<Vertex, StepKeys>, earlier: ReadonlyMap<string, StepReasons>): { readonly bytes: Uint8Array; readonly descriptor: Descriptor } | undefined {
  const steps: Record<string, { components: Readonly<Record<string, string>>; files?: unknown[] }> = {};
  for (const vertex of stepsBelow(targets)) {
    const known = keys.get(vertex);
    if (!known) continue;
    const slot = portableSlot(vertex.slot);
    const own = { components: digestComponents(known.components), files: known.content?.entries ?? [] };
    const { components, files } = known.content ? own : (sameStep(own, earlier.get(slot)) ?? own);
    steps[slot] = {
      components,
      ...(files.length > 0 && files.length <= MOST_FILES ? { files: files.map(({ path, type, mode, uid, gid, digest }) => [path, type, mode, uid, gid, digest]) } : {}),
    };
  }
  const bytes = zstdCompressSync(JSON.stringify({ version: 1, steps }));
  return bytes.length > REASONS_LIMIT ? undefined : { bytes, descriptor: { mediaType: REASONS_TYPE, digest: sha256(bytes), size: bytes.length } };
}

/** What was told of the same key when its files were read. */
function sameStep({ components }: StepReasons, earlier: StepReasons | undefined): StepReasons | undefined {
  if (!earlier?.components["content"]) return undefined;
  const same = Object.entries(components).every(([name, digest]) => name === "from" || earlier.components[name] === digest);
  return same ? earlier : undefined;
}

/** Reads what anybody may have written. @throws DOCUMENT_INVALID */
export function readReasons(bytes: Uint8Array, what: string): ReadonlyMap<string, StepReasons> {
  let text: Uint8Array;
  try {
    text = zstdDecompressSync(bytes, { maxOutputLength: UNPACKED_LIMIT });
  } catch (cause) {
    throw fault("DOCUMENT_INVALID", { what, problem: "it cannot be unpacked" }, { cause });
  }
  const { steps } = parseObject(text, what);
  if (typeof steps !== "object" || steps === null) throw fault("DOCUMENT_INVALID", { what, problem: "it has no steps" });
  return new Map(Object.entries(steps).map(([slot, step]) => [slot, stepOf(step)]));
}

function stepOf(value: unknown): StepReasons {
  const { components, files } = (value ?? {}) as { components?: unknown; files?: unknown };
  return {
    components: typeof components === "object" && components !== null ? Object.fromEntries(Object.entries(components).filter(([, digest]) => typeof digest === "string")) as Record<string, string> : {},
    files: Array.isArray(files) ? files.filter(isRow).map(([path, type, mode, uid, gid, digest]) => ({ path, type, mode, uid, gid, digest })) : [],
  };
}

function isRow(value: unknown): value is [string, string, number, number, number, ContentRow["digest"]] {
  return Array.isArray(value) && value.length === 6 && value.every((member, index) => typeof member === (index >= 2 && index <= 4 ? "number" : "string"));
}
