import type { Digest } from "../../oci/digest.ts";
import type { OnProgress, TransferEvent } from "../../std/progress.ts";

/** Reports the way of one blob: often enough for a smooth bar, not for every packet. */
export interface BlobProgress {
  advance(current: number): void;
  done(action?: TransferEvent["action"]): void;
}

const INTERVAL = 100;

/** @param step the step that the transfer belongs to */
export function reportBlob(
  onProgress: OnProgress | undefined,
  step: string,
  action: TransferEvent["action"],
  blob: { readonly digest: Digest; readonly size: number },
): BlobProgress {
  const started = Date.now();
  let current = 0;
  let last = 0;
  const send = (act: TransferEvent["action"], completed?: number): void =>
    onProgress?.({
      type: "transfer", id: step, key: shortDigest(blob.digest), digest: blob.digest, action: act, current, total: blob.size, started, ...(completed !== undefined ? { completed } : {}),
    });
  return {
    advance(bytes) {
      current = bytes;
      const now = Date.now();
      if (now - last < INTERVAL) return;
      last = now;
      send(action);
    },
    done(act = action) {
      current = blob.size;
      send(act, Date.now());
    },
  };
}

/** `sha256:4f4fb700ef54` */
function shortDigest(digest: Digest): string {
  return digest.slice(0, digest.indexOf(":") + 13);
}
