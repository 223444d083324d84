import { parentPort, workerData } from "node:worker_threads";
import { loadModule } from "./sources.ts";
import { plainError } from "./plain-error.ts";
import { setThreadLock } from "./unstoppable.ts";
import type { FromWorker, ToWorker } from "./worker-pool.ts";

type Job = (argument: unknown, context: { report(message: unknown): void }) => unknown;

const send = (message: FromWorker): void => parentPort!.postMessage(message);

setThreadLock(workerData as Int32Array);
parentPort!.on("message", async ({ module, name, argument }: ToWorker) => {
  try {
    const loaded = (await loadModule(module)) as Record<string, Job>;
    if (name === undefined) return send({ kind: "loaded" });
    const value = await loaded[name]!(argument, { report: (report) => send({ kind: "event", value: report }) });
    send({ kind: "done", value });
  } catch (error) {
    send({ kind: "failed", error: plainError(error) });
  }
});
