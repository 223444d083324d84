import { resolve } from "node:path";
import type { HostMount } from "../../exec/run-job.ts";
import { tmpfsOptions } from "../../exec/tmpfs-options.ts";
import { fault } from "../../std/fault.ts";

/**
 * `HOST:CONTAINER[:OPTIONS]` of -v. HOST is a path, relative ones begin with a dot; a name would be a volume, which
 * there are none of yet. Of the options `ro` and `rw` mean something; `z` and `Z` are for SELinux and harmless.
 * @throws USAGE, NOT_SUPPORTED
 */
export function hostMounts(volumes: readonly string[], cwd: string): HostMount[] {
  return volumes.map((text) => {
    const [source = "", target, options = "", ...more] = text.split(":");
    if (target === undefined) throw fault("NOT_SUPPORTED", { feature: `the anonymous volume ${JSON.stringify(text)}`, hint: "write HOST:CONTAINER, or --tmpfs for an empty folder" });
    if (!/^[./~]/.test(source)) throw fault("NOT_SUPPORTED", { feature: `the named volume ${JSON.stringify(source)}`, hint: `write ./${source} for the folder of that name` });
    if (!target.startsWith("/") || more.length > 0) throw invalid(text);
    for (const option of options === "" ? [] : options.split(",")) {
      if (!["ro", "rw", "z", "Z", "rprivate", "private", "cached", "delegated", "consistent"].includes(option)) throw invalid(text);
    }
    return { source: resolve(cwd, source), target, readonly: options.split(",").includes("ro") };
  });
}

function invalid(text: string): Error {
  return fault("USAGE", { problem: `invalid argument ${JSON.stringify(text)} for -v, --volume`, hint: "it looks like HOST:CONTAINER[:ro], with an absolute path in the container" });
}

/** `PATH[:OPTIONS]` of --tmpfs. @throws USAGE */
export function memoryMounts(words: readonly string[]): { target: string; options?: string }[] {
  return words.map((text) => {
    const colon = text.indexOf(":");
    const target = colon < 0 ? text : text.slice(0, colon);
    if (!target.startsWith("/")) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(text)} for --tmpfs`, hint: "it looks like /run or /run:size=64m" });
    if (colon < 0) return { target };
    const options = text.slice(colon + 1);
    const read = tmpfsOptions(options);
    if ("unknown" in read) throw fault("USAGE", { problem: `invalid tmpfs option ${JSON.stringify(read.unknown)}`, hint: "options are size=64m, mode=1777, uid, gid, nr_inodes, exec, suid, dev, ro and their opposites" });
    return { target, options };
  });
}
