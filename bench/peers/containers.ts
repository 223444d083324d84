import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "../measure/run-measured.ts";
import { findProgram } from "../../test/support/find-program.ts";
import type { Workspace } from "../setup/workspace.ts";
import { WITH_EMULATORS, type Peer } from "./peer.ts";

/** buildah with storage of the bench's own. */
export async function createBuildah(workspace: Workspace, through?: string): Promise<Peer | string> {
  const program = findProgram("buildah");
  if (program === undefined) return "buildah is not installed";
  if (process.getuid?.() !== 0) return "buildah's overlay storage needs root";
  const folder = workspace.folder(through === undefined ? "buildah" : "buildah-emulating");
  const storage = ["--root", join(folder, "storage"), "--runroot", join(folder, "run"), "--storage-driver", "overlay"];
  const call = (...args: string[]): Command => (through === undefined ? { program, args: [...storage, ...args] } : { program: through, args: [program, ...storage, ...args] });
  const push = (image: string): Command => call("push", "--tls-verify=false", image);
  return {
    name: "buildah",
    version: versionOf(program),
    daemons: [],
    emulating: () => createBuildah(workspace, WITH_EMULATORS),
    buildAndPush: ({ context, image, cache, platform }) => [
      // Its runtimes want cgroups that not every machine gives; chroot needs none and is the faster one.
      call("bud", "--isolation", "chroot", "--network", "host", "--tls-verify=false", "--layers", ...(cache ? [] : ["--no-cache"]), ...(platform === undefined ? [] : ["--platform", platform]), "-t", image, context), push(image),
    ],
    take: ({ archive }, image) => [call("pull", `docker-archive:${archive}`), call("tag", "localhost/bench/large:latest", image), call("rmi", "localhost/bench/large:latest")],
    push: (image) => [push(image)],
    forget: (image) => [call("rmi", image)],
    pull: (image) => [call("pull", "--tls-verify=false", image)],
    tag: (image, other) => [call("tag", image, other)],
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const PLAIN = ["--src-tls-verify=false", "--dest-tls-verify=false"];

/** skopeo: it carries images between places, from an archive to the registry and back to a folder. */
export async function createSkopeo(workspace: Workspace): Promise<Peer | string> {
  const program = findProgram("skopeo");
  if (program === undefined) return "skopeo is not installed";
  const folder = workspace.folder("skopeo");
  const pulled = join(folder, "pulled");
  // root's cache of blob places is buildah's too: skopeo would mount the layer that buildah has just pushed, and send nothing.
  const env = { _CONTAINERS_ROOTLESS_UID: "1000", XDG_DATA_HOME: folder };
  return {
    name: "skopeo",
    version: versionOf(program),
    daemons: [],
    push: (image, { archive }) => [{ program, args: ["copy", "--dest-tls-verify=false", `docker-archive:${archive}`, `docker://${image}`], env }],
    forget: () => [{ program: "rm", args: ["-rf", pulled] }],
    pull: (image) => [{ program, args: ["copy", "--src-tls-verify=false", `docker://${image}`, `oci:${pulled}:it`], env }],
    copy: (from, to) => [{ program, args: ["copy", ...PLAIN, `docker://${from}`, `docker://${to}`], env }],
    sync: ({ from, to, repositories }) => {
      const file = join(folder, "sync.yaml");
      writeFileSync(file, JSON.stringify({ [from]: { "tls-verify": false, images: Object.fromEntries(repositories.map((name) => [name, ["1"]])) } }));
      return [{ program, args: ["sync", ...PLAIN, "--src", "yaml", "--dest", "docker", file, `${to}/${dirname(repositories[0]!)}`], env }];
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function versionOf(program: string): string {
  return execFileSync(program, ["--version"], { encoding: "utf8" }).split(/[ \n]/)[2] ?? "";
}
