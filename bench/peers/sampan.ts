import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sessionOf } from "../../src/cli/standby/standby-place.ts";
import { isContainedRoot } from "../../src/linux/user-namespace.ts";
import type { Command } from "../measure/run-measured.ts";
import { installPackage } from "../setup/install-package.ts";
import type { Workspace } from "../setup/workspace.ts";
import type { Peer } from "./peer.ts";

const project = join(import.meta.dirname, "../..");

/** This project's command line in the checkout, with a store of its own: for what is prepared. It is started as users start it: by its name. */
export function sampanCommand(root: string, args: readonly string[], launcher = join(project, "bin/sampan.cjs")): Command {
  return { program: launcher, args, env: { SAMPAN_ROOT: root, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` } };
}

/** This project as its users have it: the installed package. */
export async function createSampan(workspace: Workspace): Promise<Peer> {
  return peer(workspace, "sampan", []);
}

/** Layers go as zstd, which is for readers of today. */
export async function createSampanZstd(workspace: Workspace): Promise<Peer> {
  const { name, version, daemons, take, push, forget, pull, tag, pushAll, [Symbol.asyncDispose]: dispose } = await peer(workspace, "sampan-zstd", ["--compression", "zstd"]);
  return { name, version, daemons, take: take!, push: push!, forget: forget!, pull: pull!, tag: tag!, pushAll: pushAll!, [Symbol.asyncDispose]: dispose };
}

/** Each command leaves a process that stands by for the next one (docs/guides/standby.md). */
export async function createSampanStandby(workspace: Workspace): Promise<Peer | string> {
  if (process.geteuid!() !== 0 || isContainedRoot()) return "processes stand by for root only";
  const cache = join(workspace.root, "standby-cache");
  const env = { SAMPAN_STANDBY: "10m", XDG_CACHE_HOME: cache };
  const place = join(cache, "sampan", "standby", sessionOf("self"), "process");
  const self: Peer = {
    ...(await peer(workspace, "sampan-standby", [], env)),
    emulating: async () => ({ ...self, [Symbol.asyncDispose]: async () => undefined }),
    settle: async () => {
      for (const until = Date.now() + 3000; !existsSync(place) && Date.now() < until;) await sleep(10);
    },
    [Symbol.asyncDispose]: async () => {
      if (existsSync(place)) process.kill(Number(readFileSync(place, "utf8").split(" ")[0]));
    },
  };
  return self;
}

/** @param pushing flags of `sampan push` */
async function peer(workspace: Workspace, name: string, pushing: readonly string[], settings: Readonly<Record<string, string>> = {}): Promise<Peer> {
  const root = join(workspace.root, `${name}-store`);
  // `rmi` leaves blobs for the next collection, so what is pulled goes into a store that has none.
  const pulled = join(workspace.root, `${name}-pulled`);
  const launcher = installPackage(workspace);
  const command = (store: string, args: readonly string[]): Command => {
    const { env, ...rest } = sampanCommand(store, args, launcher);
    return { ...rest, env: { ...env, ...settings } };
  };
  const sampan = (...args: string[]): Command => command(root, args);
  const { version } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as { version: string };
  const self: Peer = {
    name,
    version,
    daemons: [],
    emulating: async () => ({ ...self, [Symbol.asyncDispose]: async () => undefined }),
    start: () => [sampan("version")],
    buildAndPush: ({ context, image, cache, platform }) => [sampan("build", "--progress", "plain", ...(cache ? [] : ["--no-cache"]), ...(platform === undefined ? [] : ["--platform", platform]), "-t", image, "--push", context)],
    exportCache: ({ context, image, ref }) => [sampan("build", "--progress", "plain", "--no-cache", "-t", image, "--push", "--cache-to", `type=registry,ref=${ref},mode=max`, context)],
    importCache: ({ context, image, ref }) => [sampan("build", "--progress", "plain", "-t", image, "--push", "--cache-from", ref, context)],
    forgetAll: () => [{ program: "rm", args: ["-rf", root] }],
    take: ({ context }, image) => [sampan("build", "--progress", "plain", "-t", image, context)],
    push: (image) => [sampan("push", ...pushing, image)],
    forget: () => [{ program: "rm", args: ["-rf", pulled] }],
    pull: (image) => [command(pulled, ["pull", image])],
    tag: (image, other) => [sampan("tag", image, other)],
    pushAll: (images) => [sampan("push", ...pushing, ...images)],
    copy: (from, to) => [sampan("copy", from, to)],
    sync: ({ from, to, repositories }) => {
      const file = join(workspace.root, `${name}-sync.yaml`);
      writeFileSync(file, JSON.stringify({ sync: repositories.map((repository) => ({ source: `${from}/${repository}`, target: `${to}/${repository}`, tags: ["1"] })) }));
      return [sampan("sync", file)];
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  return self;
}
