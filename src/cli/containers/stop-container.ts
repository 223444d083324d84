import { setTimeout as delay } from "node:timers/promises";
import { askSupervisor } from "../../container/control.ts";
import { unpauseContainer } from "../../container/pause-container.ts";
import { fault } from "../../std/fault.ts";
import { isUp, type ContainerRecord } from "../../store/container-record.ts";
import type { Store } from "../../store/open-store.ts";

const SIGKILL = 9;
/** Milliseconds between two looks whether a container has ended. */
const PAUSE = 25;
/** Milliseconds that a container may take to end by SIGKILL and to be put away: its memory may be large, its disk slow. */
const PATIENCE = 60_000;
/** Milliseconds after which SIGKILL is sent again, for one that was only being started. */
const REPEAT = 500;

/** The container as it is once it does not run any more; undefined where it is removed by then. */
export async function waitForEnd(store: Store, id: string, options: { signal: AbortSignal; within?: number }): Promise<ContainerRecord | undefined> {
  const { signal, within = Infinity } = options;
  const until = Date.now() + within;
  for (;;) {
    const record = store.containers.get(id);
    if (record === undefined || (!isUp(record.state) && record.supervisor === undefined)) return record;
    if (Date.now() > until) return record;
    // Its supervisor may be killed while we wait; then nobody else notes that it has ended.
    if (!store.containers.isSupervised(record.id)) store.containers.recover();
    await delay(PAUSE, undefined, { signal });
  }
}

/** Asks a container to end, by its stop signal, and ends it by SIGKILL when it has not done so in time. */
export async function stopContainer(store: Store, record: ContainerRecord, options: { seconds?: number | undefined; stopSignal?: number | undefined; signal: AbortSignal }): Promise<void> {
  const { signal } = options;
  if (!isUp(record.state)) return;
  const seconds = options.seconds ?? record.spec.stopTimeout;
  const folder = store.containers.folder(record.id);
  askSupervisor(folder, "stop", options.stopSignal ?? record.spec.stopSignal);
  goOn(store, record.id);
  const after = await waitForEnd(store, record.id, { signal, within: seconds < 0 ? Infinity : seconds * 1000 });
  if (after === undefined || !isUp(after.state)) return;
  await killContainer(store, record, { signal });
}

/** Ends a container by SIGKILL and waits until it is over. @throws CONTAINER_RUNNING when it does not end */
export async function killContainer(store: Store, record: ContainerRecord, options: { signal: AbortSignal }): Promise<void> {
  for (const until = Date.now() + PATIENCE; ;) {
    askSupervisor(store.containers.folder(record.id), "stop", SIGKILL);
    goOn(store, record.id);
    const after = await waitForEnd(store, record.id, { ...options, within: REPEAT });
    if (after === undefined || (!isUp(after.state) && after.supervisor === undefined)) return;
    if (Date.now() > until) throw fault("CONTAINER_RUNNING", { container: record.name, wanted: "ended by SIGKILL" });
  }
}

/** One that stands still gets no signal before it goes on. */
function goOn(store: Store, id: string): void {
  const record = store.containers.get(id);
  if (record?.state === "paused") unpauseContainer(store, record);
}
