import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findProgram } from "../linux/find-program.ts";
import { fault } from "../std/fault.ts";
import type { HostGateway } from "./host-gateway.ts";
import { BOUND, launchWords } from "./launch-words.ts";
import type { PortForward } from "./run-job.ts";
import { childEnvironment } from "./spawn-sandbox.ts";

/** How long pasta may take to be ready, in milliseconds: a moment, but on a machine with much to do. */
const PATIENCE = 60_000;

// pasta gives up its rights before it opens the namespace, and may then not look into /proc/PID any more. The mount that
// it gets instead is in a mount namespace of its own, so that it goes with it, however it ends.
const BIND = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';

/** Whether pasta(1) is installed and may do its work here. */
export function havePasta(): boolean {
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
    return findProgram("pasta") !== undefined;
  } catch {
    return false;
  }
}

/**
 * Connects the network namespace of a process to the host's network, addresses and routes alike, by pasta; of the
 * ports only those are forwarded that are named. Disposing of the result ends it; it also ends with this process.
 * @param options.gateway the address that leads to this machine's loopback; of what is sent there, questions for names are handed on to this machine's
 *   name server where it is one
 * @throws NETWORK_FAILED
 */
export async function connectByPasta(pid: number, folder: string, { ports = [], gateway }: { readonly ports?: readonly PortForward[]; readonly gateway?: HostGateway | undefined } = {}): Promise<AsyncDisposable> {
  const namespace = join(folder, `network-${pid}`);
  const pidFile = join(folder, `pasta-${pid}`);
  writeFileSync(namespace, "");
  const [program, ...words] = launchWords([
    ...BOUND, "unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", BIND, "sampan", `/proc/${pid}/ns/net`, namespace,
    findProgram("pasta")!, "--foreground", "--quiet", "--config-net", ...(gateway === undefined ? ["--no-map-gw"] : gateway.isNameServer ? ["--dns-forward", gateway.address] : []),
    ...forwards("-t", "tcp", ports), ...forwards("-u", "udp", ports), "-T", "none", "-U", "none",
    "--netns-only", "--runas", "0", "--pid", pidFile, "--netns", namespace,
  ], { descriptors: 3 });
  const child = spawn(program, words, { stdio: ["ignore", "ignore", "pipe"], cwd: "/", env: childEnvironment(), detached: true });
  let messages = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => { messages += text; });
  const ended = new Promise<void>((resolve) => { child.once("close", () => resolve()).once("error", () => resolve()); });
  const network = {
    async [Symbol.asyncDispose](): Promise<void> {
      child.kill("SIGKILL");
      await ended;
      for (const file of [namespace, pidFile]) rmSync(file, { force: true });
    },
  };
  let over = false;
  void ended.then(() => { over = true; });
  const deadline = Date.now() + PATIENCE;
  while (!existsSync(pidFile)) {
    if (over || Date.now() > deadline) {
      await network[Symbol.asyncDispose]();
      throw fault("NETWORK_FAILED", { problem: messages.trim() || "pasta did not become ready" });
    }
    await delay(3);
  }
  return network;
}

function forwards(flag: string, protocol: PortForward["protocol"], ports: readonly PortForward[]): string[] {
  const wanted = ports.filter((port) => port.protocol === protocol);
  if (wanted.length === 0) return [flag, "none"];
  return wanted.flatMap(({ address, host, container }) => [flag, `${address === "" ? "" : `${address}/`}${host}:${container}`]);
}
