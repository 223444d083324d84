// Says how long `awaitSleep` takes while another thread works for a while, and when none does.
import { Worker } from "node:worker_threads";
import { awaitSleep } from "../../src/linux/fork.ts";

/** Milliseconds after which it waits no more. */
const LONGEST = 1000;
const worker = new Worker("const { parentPort } = require('node:worker_threads'); parentPort.on('message', (ms) => { parentPort.postMessage('begun'); for (const end = performance.now() + ms; performance.now() < end; ); });", { eval: true });
worker.postMessage(500);
await new Promise((resolve) => worker.once("message", resolve));
await new Promise((resolve) => setTimeout(resolve, 100)); // it is well at work
const begun = performance.now();
awaitSleep();
const worked = performance.now() - begun;
process.stdout.write(worked > 200 && worked < LONGEST ? "waited\n" : `${worked} ms\n`);
await worker.terminate();
