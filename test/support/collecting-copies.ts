// Copies itself as the zygote of sandboxes does; each copy collects garbage several times. Says how many never ended.
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { allowFork, forkProcess, workAlone } from "../../src/linux/fork.ts";
import { bindDeclared } from "../../src/linux/libc.ts";
import { endAtOnce } from "../../src/linux/process.ts";

const COPIES = 8;
/** Milliseconds; a copy takes some fifty. */
const PATIENCE = 20_000;

bindDeclared();
workAlone();
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
// What this process has left to its threads by now is what copies wait for.
for (let round = 0; round < 3; round += 1) collect();
let left: number[] = [];
for (let each = 0; each < COPIES; each += 1) {
  allowFork();
  const copy = forkProcess(0);
  if (copy === 0) {
    for (let round = 0; round < 5; round += 1) collect();
    endAtOnce(0);
  }
  left.push(copy);
}
for (const start = Date.now(); left.length > 0 && Date.now() - start < PATIENCE; ) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  left = left.filter((copy) => !/^State:\s+Z/m.test(readFileSync(`/proc/${copy}/status`, "utf8")));
}
for (const copy of left) process.kill(copy, "SIGKILL");
process.stdout.write(`${left.length} of ${COPIES}\n`);
process.exit(0);
