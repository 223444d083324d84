// What the zygote of a build runs: a process that has loaded all that a sandbox child needs, and for each command makes
// one by copying itself, which takes milliseconds where the start of another Node takes fifty. It has one thread and
// uses no event loop, so that a copy lacks nothing. It is process 1 of a PID namespace that nothing inside the
// containers can disarm: when the parent ends, the kernel kills it and with it all that it has made.
import { closeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { allowFork, awaitSleep, CLONE, exitStatus, forkProcess, waitForAny, workAlone } from "../linux/fork.ts";
import { bindDeclared } from "../linux/libc.ts";
import { openProcess } from "../linux/pidfd.ts";
import { mount, MS } from "../linux/mount.ts";
import { createPipe, createSocketPair } from "../linux/pipe.ts";
import { endAtOnce, moveDescriptor } from "../linux/process.ts";
import { contain, reportReady } from "./contain.ts";
import { defaultFilter } from "./default-filter.ts";
import { CHANNEL, readLine, report } from "./sandbox-channel.ts";
import { NOT_WANTED } from "./sandbox-job.ts";

const filter = defaultFilter();
bindDeclared();
flushCompileCache();
process.umask(0o022);
workAlone();
reportReady();
/** Children's numbers by descriptors of them. */
const children = new Map<number, number>();
for (;;) {
  for (const fd of waitForAny([...children.keys(), CHANNEL])) {
    if (fd === CHANNEL) makeChild();
    else bury(fd, children.get(fd)!);
  }
}

function bury(fd: number, child: number): void {
  report({ kind: "exited", child, exitCode: exitStatus(child) });
  children.delete(fd);
  closeSync(fd);
}

function makeChild(): void {
  readLine();
  const [stdout, stderr, [channel, theirs]] = [createPipe(), createPipe(), createSocketPair()];
  report({ kind: "descriptors", stdout: stdout.read, stderr: stderr.read, channel: theirs });
  const taken = readLine() !== NOT_WANTED; // the parent has them now, or has stopped waiting
  for (const fd of [stdout.read, stderr.read, theirs]) closeSync(fd);
  if (!taken) {
    for (const fd of [stdout.write, stderr.write, channel]) closeSync(fd);
    return;
  }
  awaitSleep();
  allowFork();
  const child = forkProcess(CLONE.NEWPID | CLONE.NEWNS | CLONE.NEWIPC | CLONE.NEWUTS);
  if (child === 0) becomeContained([stdout.write, stderr.write, channel]);
  children.set(openProcess(child), child);
  report({ kind: "copied", child });
  for (const fd of [stdout.write, stderr.write, channel]) closeSync(fd);
}

/** @param descriptors its standard output and error, and the channel */
function becomeContained(descriptors: readonly number[]): never {
  try {
    descriptors.forEach((fd, index) => moveDescriptor(fd, index + 1));
    mount("none", "/", null, MS.REC | MS.PRIVATE);
    reportReady();
  } catch {
    return endAtOnce(125); // before it is ready, nothing depends on it
  }
  return contain(filter);
}
