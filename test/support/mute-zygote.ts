// A zygote whose copies never come up, as if one had been made while another thread held a lock.
import { closeSync } from "node:fs";
import { allowFork, CLONE, forkProcess, waitForAny, workAlone } from "../../src/linux/fork.ts";
import { bindDeclared } from "../../src/linux/libc.ts";
import { createPipe, createSocketPair } from "../../src/linux/pipe.ts";
import { reportReady } from "../../src/exec/contain.ts";
import { readLine, report } from "../../src/exec/sandbox-channel.ts";

bindDeclared();
workAlone();
reportReady();
for (;;) {
  readLine();
  const [stdout, stderr, [channel, theirs]] = [createPipe(), createPipe(), createSocketPair()];
  report({ kind: "descriptors", stdout: stdout.read, stderr: stderr.read, channel: theirs });
  readLine();
  allowFork();
  const child = forkProcess(CLONE.NEWPID);
  if (child === 0) waitForAny([]);
  report({ kind: "copied", child });
  for (const fd of [stdout.read, stdout.write, stderr.read, stderr.write, channel, theirs]) closeSync(fd);
}
