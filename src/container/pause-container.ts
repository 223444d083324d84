import { freezerFor, isFrozen, joinCgroups } from "../linux/cgroup.ts";
import { setFrozen } from "../linux/remove-cgroups.ts";
import { fault } from "../std/fault.ts";
import type { ContainerRecord } from "../store/container-record.ts";
import type { Store } from "../store/open-store.ts";
import { containerProcesses } from "./container-processes.ts";

/** Milliseconds that a kernel may take to stop everything, and between two looks. */
const [PATIENCE, PAUSE] = [10_000, 5];

/** Lets all processes of a container stand still. @throws CONTAINER_NOT_RUNNING, CONTAINER_PAUSED, LIMITS_IMPOSSIBLE */
export async function pauseContainer(store: Store, { id, name, state, running }: ContainerRecord): Promise<void> {
  if (state === "paused") throw fault("CONTAINER_PAUSED", { container: name, problem: "is already paused" });
  if (state !== "running" || running === undefined) throw fault("CONTAINER_NOT_RUNNING", { container: name });
  const { folder, made } = freezerFor(`sampan-${id}`, running.cgroups, running.pid);
  const cgroups = made ? [...running.cgroups, folder] : running.cgroups;
  // Noted first, so that whatever comes of this somebody thaws and removes it.
  if (!store.containers.paused(id, true, { ...running, cgroups })) throw fault("CONTAINER_NOT_RUNNING", { container: name });
  try {
    if (made) gather(folder, running.pid);
    setFrozen(folder, true);
    for (const until = Date.now() + PATIENCE; !isFrozen(folder); ) {
      if (Date.now() > until) throw fault("CONTAINER_PAUSED", { container: name, problem: "has processes that do not stand still" });
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  } catch (error) {
    setFrozen(folder, false);
    store.containers.paused(id, false, { ...running, cgroups });
    throw error;
  }
}

/** @throws CONTAINER_PAUSED for one that does not stand still */
export function unpauseContainer(store: Store, { id, name, state, running }: ContainerRecord): void {
  if (state !== "paused" || running === undefined) throw fault("CONTAINER_PAUSED", { container: name, problem: "is not paused" });
  store.containers.paused(id, false, running);
  setFrozen(freezerFor(`sampan-${id}`, running.cgroups, running.pid).folder, false);
}

/** Moves all processes of the container there; what they start meanwhile is in the same cgroup as its parent, so there is an end. */
function gather(folder: string, first: number): void {
  const moved = new Set<number>();
  for (let again = true; again; ) {
    again = false;
    for (const pid of containerProcesses(first)) {
      if (moved.has(pid)) continue;
      moved.add(pid);
      again = true;
      try {
        joinCgroups([folder], pid);
      } catch (error) {
        if (containerProcesses(first).includes(pid)) throw error; // not one that has ended
      }
    }
  }
  if (!moved.has(first)) throw fault("NOT_SUPPORTED", { feature: "pausing a container of another user namespace" });
}
