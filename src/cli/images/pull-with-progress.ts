import type { ClientSource } from "../../build/lazy-client.ts";
import type { PulledPlatforms } from "../../build/pull-index.ts";
import { pullToStore } from "../../build/transfer.ts";
import type { Digest } from "../../oci/digest.ts";
import { formatReference, formatRepository, type Reference } from "../../oci/reference.ts";
import type { ProgressEvent } from "../../std/progress.ts";
import { idsOf } from "../../store/image-record.ts";
import type { ImageRecord } from "../../store/image-store.ts";
import type { Store } from "../../store/open-store.ts";
import type { Io } from "../io.ts";
import { transferJson } from "../progress/transfer-json.ts";
import { transferLines } from "../progress/transfer-lines.ts";
import { startClock, type TransferSummary } from "../progress/transfer-summary.ts";

export interface PullFlags {
  readonly client: ClientSource;
  /** One platform is an image, without the index. */
  readonly platforms: PulledPlatforms;
  readonly show: "lines" | "json" | "nothing";
  /** Where it is shown: standard output for `pull`, standard error for `run`. */
  readonly out: NodeJS.WriteStream;
  readonly io: Io;
  readonly signal: AbortSignal;
}

/** Pulls an image and writes docker's lines for it, up to `Digest: …`, or JSON ones, up to the result. */
export async function pullWithProgress(store: Store, reference: Reference, options: PullFlags): Promise<{ image: ImageRecord; updated: boolean; summary: TransferSummary }> {
  const { show, out, io, platforms, signal } = options;
  const seconds = startClock();
  const before = store.images.list();
  if (show === "lines") out.write(`${reference.digest ?? reference.tag}: Pulling from ${reference.repository}\n`);
  const renderer =
    show === "lines" ? transferLines("pull", { stream: out, errors: io.stderr, env: io.env })
    : show === "json" ? transferJson({ stream: out, errors: io.stderr })
    : undefined;
  try {
    const how = { signal, onProgress: (event: ProgressEvent) => renderer?.onEvent(event) };
    const client = await options.client();
    const { image, digest, bytesReceived, bytesSaved } = platforms !== "all" && platforms.length === 1
      ? await pullToStore(store, client, reference, { ...how, platform: platforms[0]! })
      : await (await import("../../build/pull-index.ts")).pullIndexToStore(store, client, reference, { ...how, platforms });
    renderer?.close();
    const summary = { reference: formatReference(reference), digest, bytesReceived, bytesSaved, seconds: seconds() };
    if (show === "lines") out.write(`Digest: ${digest}\n`);
    if (show === "json") out.write(`${JSON.stringify(summary)}\n`);
    return { image, updated: isNews(before, image, { reference, digest }), summary };
  } finally {
    renderer?.close();
  }
}

/** Whether something came that was not here, or the name has led elsewhere. The same image may come with layers that are packed in another way. */
function isNews(before: readonly ImageRecord[], image: ImageRecord, { reference, digest }: { readonly reference: Reference; readonly digest: Digest }): boolean {
  const ids = new Set(before.flatMap(idsOf));
  if (!idsOf(image).every((id) => ids.has(id))) return true;
  if (!before.some(({ repoDigests }) => repoDigests.includes(`${formatRepository(reference)}@${digest}`))) return true;
  return reference.digest === undefined && !before.some(({ id, names }) => id === image.id && names.includes(formatReference(reference)));
}

/** Docker's word for what a pull did. */
export function pullStatus(updated: boolean): string {
  return updated ? "Downloaded newer image" : "Image is up to date";
}
