import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Command } from "../measure/run-measured.ts";
import { findProgram } from "../../test/support/find-program.ts";
import type { Workspace } from "../setup/workspace.ts";
import type { Peer } from "./peer.ts";

/** crane: from an archive to the registry and back to a folder. */
export async function createCrane(workspace: Workspace): Promise<Peer | string> {
  const program = findProgram("crane");
  if (program === undefined) return "crane is not installed";
  const pulled = join(workspace.folder("crane"), "pulled");
  const call = (...args: string[]): Command => ({ program, args: [...args, "--insecure"] });
  return {
    name: "crane",
    version: execFileSync(program, ["version"], { encoding: "utf8" }).trim(),
    daemons: [],
    push: (image, { archive }) => [call("push", archive, image)],
    forget: () => [{ program: "rm", args: ["-rf", pulled] }],
    pull: (image) => [call("pull", "--format", "oci", image, pulled)],
    copy: (from, to) => [call("copy", from, to)],
    sync: ({ from, to, repositories }) => repositories.map((name) => call("copy", `${from}/${name}:1`, `${to}/${name}:1`)),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** regctl: the same; it sends the layers of an archive as they are, not compressed. */
export async function createRegctl(workspace: Workspace): Promise<Peer | string> {
  const program = findProgram("regctl");
  if (program === undefined) return "regctl is not installed";
  const folder = workspace.folder("regctl");
  const pulled = join(folder, "pulled");
  const env = { REGCTL_CONFIG: join(folder, "config.json") };
  const host = (image: string): string[] => ["--host", `reg=${image.split("/")[0]!},tls=disabled`];
  const copy = (from: string, to: string): Command => ({ program, args: [...host(from), ...host(to), "image", "copy", from, to], env });
  return {
    name: "regctl",
    version: /VCSTag:\s+(\S+)/.exec(execFileSync(program, ["version"], { encoding: "utf8" }))?.[1] ?? "",
    daemons: [],
    push: (image, { archive }) => [{ program, args: [...host(image), "image", "import", image, archive], env }],
    forget: () => [{ program: "rm", args: ["-rf", pulled] }],
    pull: (image) => [{ program, args: [...host(image), "image", "copy", image, `ocidir://${pulled}:it`], env }],
    copy: (from, to) => [copy(from, to)],
    sync: ({ from, to, repositories }) => repositories.map((name) => copy(`${from}/${name}:1`, `${to}/${name}:1`)),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
