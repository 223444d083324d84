import { hostname as ownName } from "node:os";
import type { RunJob } from "../../exec/run-job.ts";
import type { ContainerConfig } from "../../oci/image-config.ts";
import type { ContainerSpec } from "../../store/container-record.ts";
import type { Call } from "../command.ts";
import { extraHosts, gatewayOf } from "../flags/extra-hosts.ts";
import { containerEnv } from "./container-command.ts";
import { processRights } from "./resource-flags.ts";
import type { containerFlags } from "./run-flags.ts";
import { givenFolder } from "./given-folder.ts";
import { hostMounts, memoryMounts } from "./volumes.ts";

/**
 * What the flags of `run` and the image's config make of a command.
 * @param id the container's; `env` is what it was given beside the image's environment
 * @throws USAGE, NOT_SUPPORTED
 */
export function containerJob(
  { flags, io }: Pick<Call<typeof containerFlags>, "flags" | "io">, config: ContainerConfig, { args, env, id }: { readonly args: readonly string[]; readonly env: readonly string[]; readonly id: string },
): ContainerSpec["job"] {
  const network = (flags.net ?? flags.network) as RunJob["network"];
  const hostname = flags.hostname ?? (network === "host" ? ownName() : id.slice(0, 12));
  return {
    args,
    env: containerEnv(config, env, { hostname, terminal: flags.tty }),
    cwd: givenFolder(flags.workdir) ?? (config.WorkingDir || "/"),
    user: flags.user ?? config.User ?? "",
    hostname,
    extraHosts: extraHosts(flags["add-host"], gatewayOf(network)),
    network,
    mounts: hostMounts(flags.volume, io.cwd),
    tmpfs: memoryMounts(flags.tmpfs),
    readonlyRoot: flags["read-only"],
    hostCertificates: false,
    terminal: flags.tty,
    ...processRights(flags),
  };
}
