import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { findProgram } from "./find-program.ts";
import { noContainers } from "./sampan-base.ts";

/** Why a test with a BuildKit worker is skipped, or false. */
export const noBuildkitd: string | false = findProgram("buildkitd") === undefined || findProgram("buildctl") === undefined ? "needs buildkitd and buildctl (BuildKit)" : noContainers;

/** How long a worker may take to listen, in milliseconds. */
const PATIENCE = 30_000;

export interface Buildkitd {
  /** Its socket's path. */
  readonly socket: string;
  /** `unix://…` */
  readonly address: string;
  readonly folder: string;
}

/**
 * A BuildKit worker of the test's own, which goes with it.
 * @param options.more lines of its configuration; `options.grpc` such of its `[grpc]` table
 */
export async function startBuildkitd(context: Pick<TestContext, "after">, { more = "", grpc = "", address }: { more?: string; grpc?: string; address?: string } = {}): Promise<Buildkitd> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-buildkitd-"));
  const socket = join(folder, "buildkitd.sock");
  const addresses = [`unix://${socket}`, ...(address === undefined ? [] : [address])];
  writeFileSync(join(folder, "buildkitd.toml"), `root = "${folder}/root"
insecure-entitlements = ["network.host", "security.insecure"]
[grpc]
  address = ${JSON.stringify(addresses)}
${grpc}
[worker.oci]
  enabled = true
  binary = "${findProgram("runc") ?? "runc"}"
  networkMode = "host"
[worker.containerd]
  enabled = false
${more}`);
  const child = spawn(findProgram("buildkitd")!, ["--config", join(folder, "buildkitd.toml")], { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => {
    log = (log + text).slice(-8192);
  });
  const ended = once(child, "close");
  context.after(async () => {
    child.kill();
    const giveUp = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(giveUp);
    rmSync(folder, { recursive: true, force: true });
  });
  for (const start = Date.now(); !existsSync(socket) || !log.includes("running server"); await new Promise((resolve) => setTimeout(resolve, 50))) {
    if (child.exitCode !== null || Date.now() - start > PATIENCE) throw new Error(`buildkitd does not listen: ${log}`);
  }
  return { socket, address: `unix://${socket}`, folder };
}
