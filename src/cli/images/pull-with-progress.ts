import type { ClientSource } from "../../build/lazy-client.ts";
import { pullToStore } from "../../build/transfer.ts";
import type { Platform } from "../../oci/platform.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import type { ImageRecord } from "../../store/image-store.ts";
import type { Store } from "../../store/open-store.ts";
import type { Io } from "../io.ts";
import { transferJson } from "../progress/transfer-json.ts";
import { transferLines } from "../progress/transfer-lines.ts";
import { secondsSince, type TransferSummary } from "../progress/transfer-summary.ts";

export interface PullFlags {
  readonly client: ClientSource;
  readonly platform: Platform;
  readonly show: "lines" | "json" | "nothing";
  /** Where it is shown: standard output for `pull`, standard error for `run`. */
  readonly out: NodeJS.WriteStream;
  readonly io: Io;
  readonly signal: AbortSignal;
}

/** Pulls an image and writes docker's lines for it, up to `Digest: …`, or JSON ones, up to the result. */
export async function pullWithProgress(store: Store, reference: Reference, options: PullFlags): Promise<{ image: ImageRecord; updated: boolean; summary: TransferSummary }> {
  const { show, out, io, platform, signal } = options;
  const started = performance.now();
  const before = new Set(store.images.list().map(({ id }) => id));
  if (show === "lines") out.write(`${reference.digest ?? reference.tag}: Pulling from ${reference.repository}\n`);
  const renderer =
    show === "lines" ? transferLines("pull", { stream: out, errors: io.stderr, env: io.env })
    : show === "json" ? transferJson({ stream: out, errors: io.stderr })
    : undefined;
  try {
    const { image, digest, bytesReceived, bytesSaved } = await pullToStore(store, await options.client(), reference, {
      platform, signal, onProgress: (event) => renderer?.onEvent(event),
    });
    renderer?.close();
    const summary = { reference: formatReference(reference), digest, bytesReceived, bytesSaved, seconds: secondsSince(started) };
    if (show === "lines") out.write(`Digest: ${digest}\n`);
    if (show === "json") out.write(`${JSON.stringify(summary)}\n`);
    return { image, updated: !before.has(image.id), summary };
  } finally {
    renderer?.close();
  }
}

/** Docker's word for what a pull did. */
export function pullStatus(updated: boolean): string {
  return updated ? "Downloaded newer image" : "Image is up to date";
}
