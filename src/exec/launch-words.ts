import { fileURLToPath } from "node:url";
import type { NestedNamespace } from "../linux/nested-namespace.ts";
import { haveUtilLinux } from "../linux/util-linux.ts";
import { entryUrl } from "../std/sources.ts";

/** What a command line begins with whose program ends with this process, however that comes. */
export const BOUND = ["setpriv", "--pdeathsig", "KILL"] as const;

/**
 * A command line of util-linux's setpriv, unshare and nsenter, for spawn. Where the machine has none of these, or busybox's, as
 * Alpine has, a Node does the same in their place (launch-entry.ts), which takes some fifty milliseconds.
 * @param options.descriptors how many the program is to have
 * @param options.namespace a user namespace to make everything in; it is entered first, as only a program without threads can do that
 */
export function launchWords(words: readonly string[], { descriptors, namespace }: { descriptors: number; namespace?: NestedNamespace | undefined }): [program: string, ...rest: string[]] {
  const enter = namespace ? ["nsenter", `--user=${namespace.path}`, "--"] : [];
  const bound = words[0] === "setpriv" ? BOUND.length : 0;
  const all = haveUtilLinux()
    ? [...words.slice(0, bound), ...enter, ...words.slice(bound)]
    : [...enter, process.execPath, "--no-warnings", fileURLToPath(entryUrl("exec/launch-entry.ts")), String(process.pid), String(descriptors), ...words];
  return all as [string, ...string[]];
}
