import { fault } from "../../std/fault.ts";
import type { WorkerBuild } from "../worker-build.ts";

/** What the `dockerfile.v0` frontend is told of a build, but for where its context lies. */
export function frontendAttrs(build: WorkerBuild): Record<string, string> {
  const attrs: Record<string, string> = {};
  for (const [name, value] of Object.entries(build.buildArgs)) attrs[`build-arg:${name}`] = value;
  for (const [name, value] of Object.entries(build.labels)) attrs[`label:${name}`] = value;
  for (const [type, value] of build.attests) attrs[`attest:${type}`] = value;
  if (build.target !== undefined) attrs["target"] = build.target;
  if (build.platforms.length > 0) attrs["platform"] = build.platforms.join(",");
  if (build.noCacheFilter.length > 0) attrs["no-cache"] = build.noCacheFilter.join(",");
  if (build.noCache) attrs["no-cache"] = "";
  if (build.pull) attrs["image-resolve-mode"] = "pull";
  if (build.network !== "default") attrs["force-network-mode"] = build.network;
  if (build.addHosts.length > 0) attrs["add-hosts"] = build.addHosts.map(({ name, ip }) => `${name}=${ip}`).join(",");
  if (build.cgroupParent !== undefined) attrs["cgroup-parent"] = build.cgroupParent;
  if (build.shmSize !== undefined) attrs["shm-size"] = String(build.shmSize);
  if (build.ulimits.length > 0) attrs["ulimit"] = build.ulimits.map(ulimit).join(",");
  if (isTrue(build.buildArgs["BUILDKIT_MULTI_PLATFORM"])) attrs["multi-platform"] = "true";
  return attrs;
}

/** The frontend that reads the Dockerfile: another one than the worker's own where BUILDKIT_SYNTAX says so. */
export function chosenFrontend({ buildArgs }: Pick<WorkerBuild, "buildArgs">): { frontend: string; attrs: Record<string, string> } {
  const syntax = buildArgs["BUILDKIT_SYNTAX"]?.trim() ?? "";
  if (syntax === "") return { frontend: "dockerfile.v0", attrs: {} };
  return { frontend: "gateway.v0", attrs: { source: syntax.split(" ")[0]!, cmdline: syntax } };
}

/** What the worker may be asked to allow; the network of the host is wanted by --network host itself. */
export function entitlements({ allow, network }: Pick<WorkerBuild, "allow" | "network">): string[] {
  return [...new Set([...allow, ...(network === "host" ? ["network.host"] : [])])];
}

/** A soft limit alone is the hard one too. */
function ulimit(text: string): string {
  const match = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (!match) throw fault("USAGE", { problem: `invalid ulimit: ${text}`, hint: "it is written name=soft[:hard], as nofile=1024:2048" });
  return `${match[1]!}=${match[2]!}:${match[3] ?? match[2]!}`;
}

function isTrue(text: string | undefined): boolean {
  return /^(?:1|t|true)$/i.test(text ?? "");
}
