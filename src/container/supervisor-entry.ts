// What runs a container in the background: a process of its own, in a session of its own, that ends with the container.
// It is told the store's folder, the container's id and the number of the process that has started it; on descriptor 3
// it says once whether the container runs. SIGTERM stops the container.
import { closeSync, writeSync } from "node:fs";
import { fault } from "../std/fault.ts";
import { plainError } from "../std/plain-error.ts";
import type { ContainerStore } from "../store/container-store.ts";
import { openStore } from "../store/open-store.ts";
import { containerRoot } from "./container-root.ts";
import { keepRunning } from "./keep-running.ts";
import type { SupervisorReport } from "./start-detached.ts";

const CHANNEL = 3;
/** Milliseconds between tries to note something, and how many there are. */
const [PAUSE, TRIES] = [500, 20];

const [root = "", id = "", starter = ""] = process.argv.slice(2);
const stop = new AbortController();
for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(name, () => stop.abort());
let told = false;

main().catch((error: unknown) => {
  tell({ failed: plainError(error) });
  process.exitCode = 1;
});

async function main(): Promise<void> {
  const { record, rootFileSystem, folder } = await claim();
  try {
    const { failure, message } = await keepRunning(record, {
      folder, root: rootFileSystem, signal: stop.signal,
      stdin: "attached",
      ledger: {
        started: (running) => note((containers) => containers.started(id, running)),
        restarting: (end, restarts) => note((containers) => containers.restarting(id, end, restarts)),
        ended: (end) => note((containers) => containers.ended(id, end)),
      },
      onStarted: () => tell({ started: true }),
    });
    if (failure !== undefined) throw fault(failure === "notFound" ? "COMMAND_NOT_FOUND" : "COMMAND_NOT_EXECUTABLE", { command: record.spec.job.args[0]!, problem: message ?? "" });
    tell({ started: true }); // it was over before that could be noted
  } finally {
    if (record.autoRemove) await note(async (containers) => void (await containers.remove(id)));
  }
}

/** Becomes the container's supervisor. The store is closed meanwhile: the container's row keeps what it needs. */
async function claim() {
  await using store = await openStore(root);
  if (!store.containers.claim(id, Number(starter))) throw fault("CONTAINER_NOT_STARTED", { container: id.slice(0, 12), problem: "another process is starting it" });
  const record = store.containers.get(id)!;
  return { record, rootFileSystem: containerRoot(store, record), folder: store.containers.folder(id) };
}

/** Writes to the store, which may be busy or its disk full for a while. */
async function note(work: (containers: ContainerStore) => void | Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await using store = await openStore(root);
      await work(store.containers);
      return;
    } catch (error) {
      if (tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

function tell(report: SupervisorReport): void {
  if (told) return;
  told = true;
  try {
    writeSync(CHANNEL, `${JSON.stringify(report)}\n`);
    closeSync(CHANNEL);
  } catch {
    // Whoever started this is gone; the container's row says how it went.
  }
}
