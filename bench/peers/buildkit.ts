import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../measure/run-measured.ts";
import { startDaemon, type Daemon } from "../setup/daemon.ts";
import { findProgram } from "../../test/support/find-program.ts";
import type { Workspace } from "../setup/workspace.ts";
import { WITH_EMULATORS, type Peer } from "./peer.ts";

/** BuildKit by buildctl: the daemon of $BUILDKIT_HOST, else one of the bench's own. */
export async function createBuildkit(workspace: Workspace, through?: string): Promise<Peer | string> {
  const buildctl = findProgram("buildctl");
  if (buildctl === undefined) return "buildctl is not installed";
  const host = process.env["BUILDKIT_HOST"];
  let daemon: Daemon | undefined;
  let address = host;
  if (address === undefined) {
    const own = await startOwn(workspace, buildctl, through);
    if (typeof own === "string") return own;
    ({ daemon, address } = own);
  }
  const build = ({ context, cache, output, more = [] }: { context: string; cache: boolean; output?: string; more?: readonly string[] }): Command => ({
    program: buildctl,
    args: [
      "--addr", address, "build", "--progress", "plain", "--frontend", "dockerfile.v0", "--local", `context=${context}`, "--local", `dockerfile=${context}`,
      ...(cache ? [] : ["--no-cache"]), ...(output === undefined ? [] : ["--output", output]), ...more,
    ],
  });
  const pushing = (image: string): string => `type=image,name=${image},push=true,registry.insecure=true`;
  return {
    name: "buildkit",
    version: execFileSync(buildctl, ["--version"], { encoding: "utf8" }).split(" ")[2] ?? "",
    daemons: daemon ? [daemon.pid] : [],
    emulating: async () => (host === undefined ? createBuildkit(workspace, WITH_EMULATORS) : "the daemon of BUILDKIT_HOST is somebody else's"),
    buildAndPush: ({ context, image, cache, platform }) => [build({ context, cache, output: pushing(image), ...(platform === undefined ? {} : { more: ["--opt", `platform=${platform}`] }) })],
    exportCache: ({ context, image, ref }) => [build({ context, cache: false, output: pushing(image), more: ["--export-cache", `type=registry,ref=${ref},mode=max,registry.insecure=true`] })],
    importCache: ({ context, image, ref }) => [build({ context, cache: true, output: pushing(image), more: ["--import-cache", `type=registry,ref=${ref},registry.insecure=true`] })],
    forgetAll: () => [{ program: buildctl, args: ["--addr", address, "prune", "--all"] }],
    // It packs a layer when it is pushed, so a build without output is what the others do before their push.
    take: ({ context }) => [build({ context, cache: true })],
    push: (image, { context }) => [build({ context, cache: true, output: pushing(image) })],
    [Symbol.asyncDispose]: async () => daemon?.[Symbol.asyncDispose](),
  };
}

/** @param through a program that starts the daemon: one that gives it emulators */
async function startOwn(workspace: Workspace, buildctl: string, through?: string): Promise<{ daemon: Daemon; address: string } | string> {
  const [buildkitd, runtime] = [findProgram("buildkitd"), findProgram("runc") ?? findProgram("crun")];
  if (buildkitd === undefined) return "buildkitd is not installed, and BUILDKIT_HOST is not set";
  if (process.getuid?.() !== 0) return "buildkitd needs root";
  if (runtime === undefined) return "buildkitd needs runc";
  const folder = workspace.folder(through ? "buildkit-emulating" : "buildkit");
  const address = `unix://${join(folder, "socket")}`;
  const config = join(folder, "buildkitd.toml");
  writeFileSync(config, [
    `root = ${JSON.stringify(join(folder, "data"))}`,
    "[grpc]", `  address = [${JSON.stringify(address)}]`,
    "[worker.oci]", "  enabled = true", `  binary = ${JSON.stringify(runtime)}`, '  snapshotter = "overlayfs"', '  networkMode = "host"', "  gc = false",
    ...(through ? ['  platforms = ["linux/amd64", "linux/arm64"]'] : []),
    "[worker.containerd]", "  enabled = false", "",
  ].join("\n"));
  const answers = (): boolean => {
    try {
      execFileSync(buildctl, ["--addr", address, "debug", "workers"], { stdio: "ignore", timeout: 5000 });
      return true;
    } catch {
      return false;
    }
  };
  return { daemon: await startDaemon(through ?? buildkitd, [...(through ? [buildkitd] : []), "--config", config], { log: join(folder, "log"), answers }), address };
}
