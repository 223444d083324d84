import { materializeImage } from "../../build/image-layers.ts";
import { lazyClient } from "../../build/lazy-client.ts";
import { startDetached } from "../../container/start-detached.ts";
import { insideUserNamespace } from "../../linux/user-namespace.ts";
import { fault } from "../../std/fault.ts";
import { isUp, type ContainerRecord } from "../../store/container-record.ts";
import type { Store } from "../../store/open-store.ts";
import type { Io } from "../io.ts";
import { runContainer } from "../run/run-container.ts";

/**
 * Starts a container that exists; one that runs already is left alone, as in docker.
 * @returns the exit status: of the command in the foreground, else 0
 */
export async function startContainer(
  store: Store,
  text: string,
  options: { io: Io; signal: AbortSignal; foreground?: { stdin: boolean; output: boolean } },
): Promise<number> {
  const { io, signal, foreground } = options;
  const record = store.containers.find(text);
  if (isUp(record.state)) {
    if (!foreground) return 0;
    const { attachToContainer } = await import("./attach-to-container.ts");
    return await attachToContainer(store, record, { io, signal, stdin: foreground.stdin, output: foreground.output, passSignals: true });
  }
  if (!store.containers.claim(record.id)) throw fault("CONTAINER_NOT_STARTED", { container: text, problem: "another process is starting it" });
  try {
    await ensureLayers(store, record, signal);
    const { stdin = false, output = true } = foreground ?? {};
    if (foreground) return await runContainer(store, store.containers.get(record.id)!, { io, signal, stdin: stdin && record.spec.interactive, output });
    await startDetached(store.root, record.id);
    return 0;
  } finally {
    store.containers.release(record.id);
  }
}

/** What a power cut took of the layers below the container is unpacked again, as long as the image is there. */
async function ensureLayers(store: Store, record: ContainerRecord, signal: AbortSignal): Promise<void> {
  if (record.snapshot === undefined || store.snapshots.get(record.snapshot)) return;
  const image = store.images.get(record.image);
  if (!image) throw fault("CONTAINER_NOT_STARTED", { container: record.name, problem: "its layers were lost when the machine went down, and its image is gone" });
  await using client = lazyClient({});
  const snapshot = await materializeImage(store, image, {
    client: client.get, recordOwners: insideUserNamespace()?.mapped === "one", stepId: "start", onProgress: () => {}, signal,
  });
  if (snapshot !== undefined) store.containers.rebase(record.id, snapshot);
}
