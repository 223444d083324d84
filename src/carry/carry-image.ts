import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { mediaType } from "../oci/media-type.ts";
import { isRefused } from "../registry/transfer/is-refused.ts";
import { fault } from "../std/fault.ts";
import type { OnProgress } from "../std/progress.ts";
import { Semaphore } from "../std/semaphore.ts";
import { carryBlobs } from "./carry-blobs.ts";
import { chooseRoot, type WantedPlatforms } from "./choose-root.ts";
import { Gatherer } from "./gather.ts";
import { gatherReferrers } from "./gather-referrers.ts";
import type { Document, Sink, Source } from "./place.ts";
import { readDocument } from "./read-document.ts";

export interface CarryOptions {
  readonly platforms: WantedPlatforms;
  /** Signatures, SBOMs and whatever else refers to what is carried. */
  readonly referrers?: boolean;
  /**
   * Looks at all that manifests name, also where the sink has them: repairs a registry that has lost a blob. Without it that is
   * done only for a sink that refuses a manifest.
   */
  readonly everything?: boolean;
  /** Blobs and questions at once. */
  readonly parallel?: number;
  /** The step that progress events belong to. */
  readonly step?: string;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

export interface Carried {
  /** Of what the target names now. */
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytesSent: number;
  readonly bytesSaved: number;
  readonly referrers: number;
}

/**
 * Carries an image, an index or an artifact from a source to a sink. Nothing is unpacked and nothing is changed:
 * manifests arrive byte for byte, after everything that they name, and the name comes last of all.
 * @throws PLATFORM_UNAVAILABLE, PLACE_CANNOT_HOLD, DIGEST_CHANGED, CARGO_LIMIT, CONTENT_MISMATCH, and what source and sink throw
 */
export async function carryImage(source: Source, sink: Sink, options: CarryOptions): Promise<Carried> {
  const { onProgress, step = `copy ${source.name}`, signal = new AbortController().signal } = options;
  const { document: root, change } = await chooseRoot(source, await source.root(signal), options.platforms, signal);
  checkHolds(sink, root, source, options);
  if (change !== undefined) onProgress?.({ type: "warning", id: step, message: `${sink.name} gets ${change}: its digest is ${root.digest}` });
  const attempt: Attempt = { referrers: options.referrers === true, parallel: options.parallel ?? 6, step, signal, ...(onProgress ? { onProgress } : {}) };
  const carry = async (believes: boolean, mounts: boolean): Promise<Carried> => {
    const budget = new Semaphore(attempt.parallel);
    const gatherer = new Gatherer(source, sink, { budget, believes });
    let mounted = false;
    try {
      return await carryBelow(root, source, sink, { ...attempt, budget, gatherer, mounts, onMounted: () => { mounted = true; } });
    } catch (error) {
      // It lacks something that it said to have, or to have mounted: the second time it is believed neither.
      if (!(gatherer.passedOver || mounted) || !isRefused(error)) throw error;
      return carry(false, !mounted);
    }
  };
  return await carry(options.everything !== true, true);
}

interface Attempt extends Required<Pick<CarryOptions, "referrers" | "parallel" | "step" | "signal">>, Pick<CarryOptions, "onProgress"> {}

async function carryBelow(root: Document, source: Source, sink: Sink, options: Attempt & { budget: Semaphore; gatherer: Gatherer; mounts: boolean; onMounted: () => void }): Promise<Carried> {
  const { budget, gatherer, mounts, onMounted, onProgress, signal, step } = options;
  await gatherer.add(root, { signal });
  const referrers = options.referrers ? await gatherReferrers(source, gatherer, { budget, signal }) : 0;
  const { documents, blobs, bytesThere, foreign } = gatherer.cargo;
  for (const { digest, urls } of foreign) {
    onProgress?.({ type: "warning", id: step, message: `${digest} is not to be distributed and stays where it is: ${urls!.join(", ")}` });
  }
  const totals = await carryBlobs(source, sink, blobs.values(), { step, budget, mounts, onMounted, signal, ...(onProgress ? { onProgress } : {}) });
  let bytesSent = totals.bytesSent;
  for (const { document, tag } of documents) {
    // With referrers the root has to be there before them; its name comes last in any case.
    if (document === root && referrers === 0) continue;
    await sink.manifestPut(document, { signal, ...(tag === undefined ? {} : { tag }) });
    bytesSent += document.bytes.length;
  }
  await sink.finish(root, { from: source, signal });
  if (referrers === 0) bytesSent += root.bytes.length;
  return { digest: root.digest, mediaType: root.mediaType, bytesSent, bytesSaved: totals.bytesSaved + bytesThere, referrers };
}

function checkHolds(sink: Sink, root: Document, source: Source, { referrers }: CarryOptions): void {
  if (sink.digest !== undefined && sink.digest !== root.digest) throw fault("DIGEST_CHANGED", { target: sink.name, expected: sink.digest, digest: root.digest });
  if (sink.holds === "anything") return;
  const refuse = (what: string, hint: string): Error => fault("PLACE_CANNOT_HOLD", { place: sink.name, what, hint });
  const read = readDocument(root, source.name);
  if (read.kind === "index" && sink.holds === "images") throw refuse("several platforms", "leave --all away, or choose one with --platform");
  if (read.kind === "manifest" && !isImage(read.manifest)) throw refuse(`${source.name}, which is no image but ${read.manifest.artifactType ?? read.manifest.config.mediaType}`, "copy it to a registry, oci:DIR or oci-archive:FILE");
  if (referrers) throw refuse("referrers", "leave --referrers away, or copy to a registry, oci:DIR or oci-archive:FILE");
}

function isImage({ config }: Manifest): boolean {
  return config.mediaType === mediaType.ociConfig || config.mediaType === mediaType.dockerConfig;
}
