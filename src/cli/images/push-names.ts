import { lazyClient, type ClientAccess } from "../../build/lazy-client.ts";
import { pushFromStore } from "../../build/transfer.ts";
import { insideUserNamespace } from "../../linux/user-namespace.ts";
import { formatReference, parseReference } from "../../oci/reference.ts";
import type { Store } from "../../store/open-store.ts";
import type { Io } from "../io.ts";
import { transferLines } from "../progress/transfer-lines.ts";

export interface PushFlags {
  readonly quiet: boolean;
  readonly access: ClientAccess;
  readonly io: Io;
  readonly signal: AbortSignal;
}

/** Pushes full names of the store one after the other, with docker's lines: `1.0: digest: sha256:… size: 528`. */
export async function pushNames(store: Store, names: readonly string[], { quiet, access, io, signal }: PushFlags): Promise<void> {
  await using client = lazyClient(access);
  const recordOwners = insideUserNamespace()?.mapped === "one";
  for (const name of names) {
    const reference = parseReference(name);
    const image = store.images.find(name);
    const renderer = quiet ? undefined : transferLines("push", { stream: io.stdout, errors: io.stderr, env: io.env });
    try {
      const pushed = await pushFromStore(store, await client.get(), image, reference, {
        client: client.get, recordOwners, stepId: `push ${name}`, onProgress: (event) => renderer?.onEvent(event), signal,
      });
      renderer?.close();
      const size = store.blobs.size(pushed.digest);
      io.stdout.write(quiet ? `${formatReference(reference)}\n` : `${reference.tag}: digest: ${pushed.digest}${size === undefined ? "" : ` size: ${size}`}\n`);
    } finally {
      renderer?.close();
    }
  }
}
