import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../measure/run-measured.ts";
import { startDaemon } from "../setup/daemon.ts";
import { findProgram } from "../../test/support/find-program.ts";
import type { Workspace } from "../setup/workspace.ts";
import type { Peer } from "./peer.ts";

/** dockerd with the classic builder, a daemon of the bench's own without network. */
export async function createDocker(workspace: Workspace): Promise<Peer | string> {
  const [dockerd, docker] = [findProgram("dockerd"), findProgram("docker")];
  if (dockerd === undefined || docker === undefined) return "dockerd and docker are not installed";
  if (process.getuid?.() !== 0) return "dockerd needs root";
  const folder = workspace.folder("docker");
  const host = `unix://${join(folder, "socket")}`;
  const env = { DOCKER_CONFIG: join(folder, "config"), DOCKER_BUILDKIT: "0", DOCKER_HOST: host };
  const answers = (): boolean => {
    try {
      execFileSync(docker, ["version"], { stdio: "ignore", env: { ...process.env, ...env }, timeout: 5000 });
      return true;
    } catch {
      return false;
    }
  };
  const daemon = await startDaemon(dockerd, [
    "--host", host, "--data-root", join(folder, "data"), "--exec-root", join(folder, "exec"), "--pidfile", join(folder, "pid"),
    "--storage-driver", "overlay2", "--bridge", "none", "--iptables=false", "--ip6tables=false",
  ], { log: join(folder, "log"), answers });
  const call = (...args: string[]): Command => ({ program: docker, args, env });
  return {
    name: "docker",
    version: execFileSync(dockerd, ["--version"], { encoding: "utf8" }).split(/[ ,]+/)[2] ?? "",
    daemons: [daemon.pid, ...containerdOf(daemon.pid)],
    buildAndPush: ({ context, image, cache }) => [call("build", "--network", "host", ...(cache ? [] : ["--no-cache"]), "-t", image, context), call("push", image)],
    take: ({ archive }, image) => [call("load", "-i", archive), call("tag", "bench/large:latest", image), call("rmi", "bench/large:latest")],
    push: (image) => [call("push", image)],
    forget: (image) => [call("rmi", image)],
    pull: (image) => [call("pull", image)],
    tag: (image, other) => [call("tag", image, other)],
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

function containerdOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
}
