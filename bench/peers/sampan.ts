import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../measure/run-measured.ts";
import type { Workspace } from "../setup/workspace.ts";
import type { Peer } from "./peer.ts";

const project = join(import.meta.dirname, "../..");

/** This project, from its sources, with a store of its own. */
export function sampanCommand(root: string, args: readonly string[]): Command {
  return { program: process.execPath, args: [join(project, "bin/sampan.cjs"), ...args], env: { SAMPAN_ROOT: root } };
}

export async function createSampan(workspace: Workspace): Promise<Peer> {
  const root = join(workspace.root, "sampan-store");
  // `rmi` leaves blobs for the next collection, so what is pulled goes into a store that has none.
  const pulled = join(workspace.root, "sampan-pulled");
  const sampan = (...args: string[]): Command => sampanCommand(root, args);
  const { version } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as { version: string };
  return {
    name: "sampan",
    version,
    daemons: [],
    start: () => [sampan("version")],
    buildAndPush: ({ context, image, cache }) => [sampan("build", "--progress", "plain", ...(cache ? [] : ["--no-cache"]), "-t", image, "--push", context)],
    take: ({ context }, image) => [sampan("build", "--progress", "plain", "-t", image, context)],
    push: (image) => [sampan("push", image)],
    forget: () => [{ program: "rm", args: ["-rf", pulled] }],
    pull: (image) => [sampanCommand(pulled, ["pull", image])],
    [Symbol.asyncDispose]: async () => undefined,
  };
}
