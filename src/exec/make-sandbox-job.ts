import { findHostBundle } from "./host-certificates.ts";
import { hostsFile } from "./hosts-file.ts";
import { resolvConf } from "./resolv-conf.ts";
import type { RunJob } from "./run-job.ts";
import type { SandboxJob } from "./sandbox-job.ts";

/** What a sandbox child has to be told for a job. */
export function sandboxJob(job: RunJob, { staging, ownNetwork, gateway, runtime, announce }: {
  readonly staging: string;
  readonly ownNetwork: boolean;
  /** Where it reaches this machine. */
  readonly gateway: string | undefined;
  readonly runtime: SandboxJob["runtime"];
  readonly announce: boolean;
}): SandboxJob {
  const certificates = job.hostCertificates ? findHostBundle() : undefined;
  // As with BuildKit, what is mounted at a place takes that of what was to be mounted there before, be it a file or a folder.
  const stepMounts = (job.stepMounts ?? []).filter(({ target }, index, all) => !all.slice(index + 1).some((later) => later.target === target));
  return {
    staging,
    root: job.root,
    readonlyRoot: job.readonlyRoot ?? false,
    args: job.args,
    env: job.env,
    cwd: job.cwd,
    user: job.user,
    hostname: job.hostname,
    network: ownNetwork ? "wait" : job.network === "none" ? "none" : "host",
    files: [
      { target: "/etc/resolv.conf", content: resolvConf(ownNetwork) },
      { target: "/etc/hosts", content: hostsFile(job.hostname, job.extraHosts, gateway) },
    ].filter(({ target }) => !stepMounts.some((mount) => mount.target === target)),
    mounts: job.mounts,
    tmpfs: job.tmpfs ?? [],
    stepMounts,
    cgroups: job.cgroups ?? [],
    ...(job.limits && runtime ? { limits: job.limits } : {}),
    ...(job.hostCgroups ? { hostCgroups: true } : {}),
    ...(job.insecure ? { insecure: true } : {}),
    ...(certificates === undefined ? {} : { certificates }),
    terminal: job.terminal,
    announce,
    ...(job.shmSize === undefined ? {} : { shmSize: job.shmSize }),
    ...(job.capabilities === undefined ? {} : { capabilities: job.capabilities }),
    ...(job.emulator === undefined ? {} : { emulator: job.emulator }),
    ...(job.noNewPrivileges ? { noNewPrivileges: true } : {}),
    ...(job.ulimits === undefined ? {} : { ulimits: job.ulimits }),
    ...(runtime === undefined ? {} : { runtime }),
    ownDescriptors: job.terminal || job.stdin !== "null" ? [0, 1, 2] : [1, 2],
  };
}
