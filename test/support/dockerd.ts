import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram } from "./find-program.ts";

/** Why no Docker daemon can be started here; false if one can. */
export const noDockerd: string | false = process.getuid!() !== 0
  ? "needs root for dockerd"
  : spawnSync("dockerd", ["--version"]).status === 0 && spawnSync("docker", ["--version"]).status === 0 ? false : "needs dockerd and docker";

/** A daemon of version 29 or later, whose images containerd keeps; Debian's own is called dockerd. */
const CONTAINERD_STORE = "dockerd-containerd";

export const noDockerdContainerd: string | false = noDockerd || (findProgram(CONTAINERD_STORE) === undefined ? `needs ${CONTAINERD_STORE}` : false);

export type DockerClient = (...args: string[]) => { status: number | null; stdout: string; stderr: string };

export interface DockerdOptions {
  /** Stands in for `/etc/docker`, where the daemon looks for certificates. */
  readonly etc?: string;
  /** The client's folder of logins. */
  readonly config?: string;
  /** Images are kept by containerd, as they came. */
  readonly containerd?: boolean;
}

/** A Docker daemon of the test's own, without network. @returns how to call its client */
export async function startDockerd(context: TestContext, { etc, config, containerd = false }: DockerdOptions = {}): Promise<DockerClient> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-dockerd-"));
  const socket = join(folder, "docker.sock");
  const words = [
    containerd ? findProgram(CONTAINERD_STORE)! : "dockerd", "--host", `unix://${socket}`, "--data-root", join(folder, "data"), "--exec-root", join(folder, "exec"), "--pidfile", join(folder, "pid"),
    "--storage-driver", containerd ? "native" : "vfs", "--bridge", "none", "--iptables=false", "--ip6tables=false",
  ];
  // In a mount namespace of its own the daemon sees another folder there than everybody else.
  const elsewhere = ["-m", "sh", "-c", 'mkdir -p /etc/docker && mount --bind "$0" /etc/docker && exec "$@"', etc ?? "", ...words];
  // Its clients run synchronously: who read a pipe meanwhile?
  const log = openSync(join(folder, "log"), "w");
  const daemon = spawn(etc === undefined ? words[0]! : "unshare", etc === undefined ? words.slice(1) : elsewhere, {
    stdio: ["ignore", "ignore", log],
    env: { ...process.env, DOCKER_MIN_API_VERSION: "1.24" }, // Debian's client is older than what it takes by itself
  });
  closeSync(log);
  context.after(async () => {
    daemon.kill("SIGTERM");
    for (let i = 0; i < 100 && daemon.exitCode === null && daemon.signalCode === null; i += 1) await sleep(50);
    for (const mount of mountsBelow(folder)) spawnSync("umount", ["-l", mount]);
    rmSync(folder, { recursive: true, force: true });
  });
  const client: DockerClient = (...args) =>
    spawnSync("docker", ["--host", `unix://${socket}`, ...args], { encoding: "utf8", env: { ...process.env, DOCKER_CONFIG: config ?? folder, DOCKER_BUILDKIT: "0" } });
  for (let i = 0; i < 300 && daemon.exitCode === null; i += 1) {
    if (existsSync(socket) && client("version").status === 0) return client;
    await sleep(100);
  }
  throw new Error(`dockerd did not start: ${readFileSync(join(folder, "log"), "utf8").slice(-2000)}`);
}

/** The data root, and the network namespace that a container of the host's network leaves. */
function mountsBelow(folder: string): string[] {
  const targets = readFileSync("/proc/self/mounts", "utf8").split("\n").map((line) => line.split(" ")[1] ?? "");
  return targets.filter((target) => target.startsWith(`${folder}/`)).reverse();
}
