import { lazyClient, type ClientAccess } from "../../build/lazy-client.ts";
import { pullToStore } from "../../build/transfer.ts";
import type { Platform } from "../../oci/platform.ts";
import type { Reference } from "../../oci/reference.ts";
import type { ImageRecord } from "../../store/image-store.ts";
import type { Store } from "../../store/open-store.ts";
import type { Io } from "../io.ts";
import { transferLines } from "../progress/transfer-lines.ts";

export interface PullFlags {
  readonly platform: Platform;
  readonly access: ClientAccess;
  readonly quiet: boolean;
  /** Where docker's lines go: standard output for `pull`, standard error for `run`. */
  readonly out: NodeJS.WriteStream;
  readonly io: Io;
  readonly signal: AbortSignal;
}

/** Pulls an image and writes docker's lines for it, up to `Digest: …`. */
export async function pullWithProgress(store: Store, reference: Reference, options: PullFlags): Promise<{ image: ImageRecord; status: string }> {
  const { quiet, out, io, platform, signal } = options;
  const before = new Set(store.images.list().map(({ id }) => id));
  if (!quiet) out.write(`${reference.digest ?? reference.tag}: Pulling from ${reference.repository}\n`);
  const renderer = quiet ? undefined : transferLines("pull", { stream: out, errors: io.stderr, env: io.env });
  await using client = lazyClient(options.access);
  try {
    const { image, digest } = await pullToStore(store, await client.get(), reference, { platform, signal, onProgress: (event) => renderer?.onEvent(event) });
    renderer?.close();
    if (!quiet) out.write(`Digest: ${digest}\n`);
    return { image, status: before.has(image.id) ? "Image is up to date" : "Downloaded newer image" };
  } finally {
    renderer?.close();
  }
}
