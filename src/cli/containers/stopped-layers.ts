import { fault } from "../../std/fault.ts";
import type { ContainerRecord } from "../../store/container-record.ts";
import type { Store } from "../../store/open-store.ts";

/**
 * Folders of the files of a container that does not run, top first; it is kept from being started until they are disposed of.
 * @throws CONTAINER_RUNNING where another process is just starting it
 */
export function stoppedLayers(store: Store, { id, name, snapshot }: ContainerRecord): Disposable & { readonly layers: readonly string[] } {
  if (!store.containers.claim(id)) throw fault("CONTAINER_RUNNING", { container: name, wanted: "copied from or into while it is being started" });
  return {
    layers: [store.containers.layer(id).upper, ...(snapshot === undefined ? [] : store.snapshots.lowers(snapshot))],
    [Symbol.dispose]: () => store.containers.release(id),
  };
}

/** Of a container that does not run, what -v and --tmpfs would cover is not what a person means. @throws NOT_SUPPORTED */
export function refuseCovered({ spec, name }: ContainerRecord, path: string): void {
  const within = (target: string): boolean => `${path.replace(/\/+$/, "")}/`.startsWith(`${target.replace(/\/+$/, "")}/`);
  const mount = spec.job.mounts.find(({ target }) => within(target));
  if (mount) throw fault("NOT_SUPPORTED", { feature: `copying of ${path} while ${name} does not run`, hint: `that is ${mount.source} of this machine` });
  const empty = spec.job.tmpfs?.find(({ target }) => within(target));
  if (empty) throw fault("NOT_SUPPORTED", { feature: `copying of ${path} while ${name} does not run`, hint: `${empty.target} is in memory (--tmpfs), and empty at each start` });
}
