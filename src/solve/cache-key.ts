import { sha256, type Digest } from "../oci/digest.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { RunMount, Vertex } from "../graph/vertex.ts";
import type { Result } from "./ports.ts";

/** Stands for an input that is the empty file system. */
const EMPTY = "empty";

/**
 * The components of a vertex' key, by name: what is done, in which environment, on which result. The tree
 * of a COPY is in it as `from` by identity or as `content` by its files, see {@link keyOf}.
 */
export function keyComponents(vertex: Vertex, inputs: readonly (Result | undefined)[]): Record<string, string> {
  const { operation } = vertex;
  const base = { base: inputs[0]?.resultId ?? EMPTY };
  switch (operation.kind) {
    case "run": {
      const components: Record<string, string> = {
        kind: "run",
        command: JSON.stringify(operation.args),
        ...base,
        directory: operation.cwd,
        user: operation.user,
        hostname: operation.hostname,
        network: operation.network,
        platform: formatPlatform(operation.platform),
        // As in BuildKit, the names of extra hosts count and their addresses do not.
        hosts: operation.extraHosts.map(({ name }) => name).join(" "),
      };
      for (const variable of operation.env) {
        const equals = variable.indexOf("=");
        components[`environment ${variable.slice(0, equals)}`] = variable.slice(equals + 1);
      }
      for (const document of operation.documents) components[`document ${document.name}`] = document.content;
      if (operation.shmSize !== undefined) components["--shm-size"] = String(operation.shmSize);
      if (operation.ulimits !== undefined) components["--ulimit"] = operation.ulimits.map(({ resource, soft, hard }) => `${resource}=${soft}:${hard}`).join(" ");
      if (operation.security !== undefined) components["security"] = operation.security;
      (operation.mounts ?? []).forEach((mount, index) => (components[`--mount ${index + 1}`] = describeMount(mount)));
      return components;
    }
    case "copy":
      return {
        kind: operation.command,
        ...base,
        sources: JSON.stringify(operation.sources.map((source) => source.replace(/^\/+|\/+$/g, ""))),
        ...(operation.origins ? { origins: JSON.stringify(operation.origins.map(({ tree, fetched }) => [tree, fetched])) } : {}),
        destination: operation.destination,
        ...Object.fromEntries(operation.inline.map(({ name, content }) => [`document ${name}`, content])),
        ...(operation.mounted ? { mounted: "true" } : {}),
        ...(operation.chown ? { "--chown": operation.chown } : {}),
        ...(operation.chmod ? { "--chmod": operation.chmod } : {}),
        ...(operation.parents ? { "--parents": "true" } : {}),
        ...(operation.exclude ? { "--exclude": operation.exclude.join("\n") } : {}),
        ...(operation.unpack === undefined ? {} : { "--unpack": String(operation.unpack) }),
        platform: formatPlatform(operation.platform),
      };
    case "mkdir":
      return { kind: "mkdir", ...base, path: operation.path, mode: operation.mode.toString(8), owner: operation.owner ?? "", ...(operation.time === undefined ? {} : { time: String(operation.time) }), platform: formatPlatform(operation.platform) };
    case "merge":
      return { kind: "merge", ...base, layer: inputs[1]!.resultId };
    default:
      return { kind: operation.kind };
  }
}

/** What of a mount is in the key: never what a cache holds, its name and how it is shared, or anything of a secret but its id. */
function describeMount(mount: RunMount): string {
  const { kind, input: _, id, sharing: __, ...rest } = { input: undefined, sharing: undefined, id: undefined, ...mount };
  return JSON.stringify([kind, ...(kind === "cache" || id === undefined ? [] : [id]), rest]);
}

/** The key of components; their order does not matter. */
export function keyOf(components: Readonly<Record<string, string>>): Digest {
  return sha256(JSON.stringify(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))));
}
