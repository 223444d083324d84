import { hostname as ownName } from "node:os";
import type { RunJob } from "../../exec/run-job.ts";
import type { ContainerConfig } from "../../oci/image-config.ts";
import type { ContainerSpec } from "../../store/container-record.ts";
import type { Call } from "../command.ts";
import { extraHosts } from "../flags/extra-hosts.ts";
import { assignments } from "../flags/key-values.ts";
import { containerEnv, readEnvFiles } from "./container-command.ts";
import { processRights } from "./resource-flags.ts";
import type { containerFlags } from "./run-flags.ts";
import { hostMounts, memoryMounts } from "./volumes.ts";

/**
 * What the flags of `run` and the image's config make of a command.
 * @param id the container's
 * @throws USAGE, NOT_SUPPORTED, and what reading an --env-file throws
 */
export function containerJob({ flags, io }: Pick<Call<typeof containerFlags>, "flags" | "io">, config: ContainerConfig, args: readonly string[], id: string): ContainerSpec["job"] {
  const network = (flags.net ?? flags.network) as RunJob["network"];
  const hostname = flags.hostname ?? (network === "host" ? ownName() : id.slice(0, 12));
  const fromFiles = readEnvFiles(flags["env-file"], io);
  const given = Object.entries(assignments(flags.env, io.env, "-e, --env")).map(([name, value]) => `${name}=${value}`);
  return {
    args,
    env: containerEnv(config, [...fromFiles, ...given], { hostname, terminal: flags.tty }),
    cwd: flags.workdir ?? (config.WorkingDir || "/"),
    user: flags.user ?? config.User ?? "",
    hostname,
    extraHosts: extraHosts(flags["add-host"]),
    network,
    mounts: hostMounts(flags.volume, io.cwd),
    tmpfs: memoryMounts(flags.tmpfs),
    readonlyRoot: flags["read-only"],
    hostCertificates: false,
    terminal: flags.tty,
    ...processRights(flags),
  };
}
