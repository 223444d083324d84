import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { formatPlatform, hostPlatform } from "../../src/oci/platform.ts";
import { foreign } from "./foreign.ts";

export interface ContainerdOptions {
  /** HTTPS instead of plain HTTP: files of the authority that vouches for the registry, and of the certificate and the key that are shown to it. */
  readonly tls?: { readonly ca: string; readonly client?: readonly [certificate: string, key: string] };
}

/** A containerd of the test's own, which reaches that registry as its `hosts.toml` says. @returns its client, ctr, and the folder of hosts for it */
export async function startContainerd(context: TestContext, registry: string, { tls }: ContainerdOptions = {}): Promise<{ ctr: (...args: string[]) => Promise<string>; hosts: string }> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-containerd-"));
  const [socket, hosts] = [join(folder, "containerd.sock"), join(folder, "hosts")];
  mkdirSync(join(hosts, registry), { recursive: true });
  const url = `${tls ? "https" : "http"}://${registry}`;
  const certificates = tls ? `  ca = ${JSON.stringify(tls.ca)}\n${tls.client ? `  client = [${JSON.stringify(tls.client)}]\n` : ""}` : "";
  writeFileSync(join(hosts, registry, "hosts.toml"), `server = "${url}"\n[host."${url}"]\n  capabilities = ["pull", "resolve", "push"]\n${certificates}`);
  const config = join(folder, "config.toml");
  const disabled = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"];
  // Its transfer service (containerd 2) unpacks with what is named here alone, and older ones know no such section.
  const unpacked = `[[plugins."io.containerd.transfer.v1.local".unpack_config]]\n  platform = "${formatPlatform(hostPlatform(process.arch))}"\n  snapshotter = "native"\n`;
  writeFileSync(config, `version = 2\nroot = "${folder}/root"\nstate = "${folder}/state"\ndisabled_plugins = ${JSON.stringify(disabled)}\n[grpc]\n  address = "${socket}"\n[ttrpc]\n  address = "${socket}.ttrpc"\n${unpacked}`);
  const daemon = spawn("containerd", ["--config", config], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  daemon.stderr.on("data", (data) => { log += data; });
  const exited = new Promise<void>((resolve) => daemon.once("exit", () => resolve()));
  context.after(async () => {
    daemon.kill("SIGTERM");
    await Promise.race([exited, sleep(5000, undefined, { ref: false })]);
    rmSync(folder, { recursive: true, force: true });
  });
  const words = ["--address", socket, "--namespace", "sampan"];
  for (let round = 0; round < 300 && daemon.exitCode === null; round += 1) {
    if (existsSync(socket) && spawnSync("ctr", [...words, "version"]).status === 0) return { ctr: (...args) => foreign("ctr", [...words, ...args]), hosts };
    await sleep(100);
  }
  throw new Error(`containerd did not start: ${log.slice(-2000)}`);
}
