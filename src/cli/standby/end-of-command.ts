import { constants, openSync, readdirSync, readlinkSync, writeSync } from "node:fs";
import { endAtOnce, replaceDescriptor } from "../../linux/process.ts";

/**
 * Writes the exit status as the very last thing that this process does: after all others that wait for its end, who may have
 * something to say or to tidy up, whenever they came. Of an error that nobody caught Node tells only then, so it goes on.
 * @param giveBack leaves the standard files as they were
 */
export function tellStatus({ answer, giveBack }: { readonly answer: number; readonly giveBack: () => void }): void {
  let crashed = false;
  process.on("uncaughtExceptionMonitor", () => void (crashed = true));
  process.on("exit", function last(status) {
    const listeners = process.listeners("exit");
    if (!crashed) for (const listener of listeners.slice(listeners.indexOf(last) + 1)) listener.call(process, status);
    giveBack();
    if (!crashed) releaseFiles({ except: answer });
    writeSync(answer, `${status}\n`);
    if (!crashed) endAtOnce(status);
  });
}

/**
 * Lets go of what others could find in use after the command: files with their locks, sockets, pipes, terminals, the folder. The
 * kernel would do so after it has taken the memory apart. The numbers stay taken, since other threads may still be writing.
 */
function releaseFiles({ except }: { readonly except: number }): void {
  process.chdir("/");
  const nothing = openSync("/dev/null", constants.O_RDWR);
  for (const fd of readdirSync("/proc/self/fd").map(Number)) {
    if (fd !== except && fd !== nothing && (fd <= 2 || isOfOthers(fd))) replaceDescriptor(nothing, fd);
  }
}

/** Whether it is not one of those by which Node's threads know of each other, and its children end. */
function isOfOthers(fd: number): boolean {
  try {
    return /^(?:\/|socket:)/.test(readlinkSync(`/proc/self/fd/${fd}`));
  } catch {
    return false; // the one that listed the folder
  }
}
