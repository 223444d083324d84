import { basename } from "node:path";
import { remoteContext, type RemoteContext } from "../../context/remote-context.ts";
import { ulimitName } from "../../exec/ulimits.ts";
import { hideLogin } from "../../context/git-url.ts";
import { gitKey, type Pins } from "../../fetch/pins.ts";
import type { BuildOptions } from "../build-options.ts";
import { fetched, type Material } from "./materials.ts";

/** Where the Dockerfile comes from: the context where that lies elsewhere, and a path. */
export interface ConfigSource {
  readonly uri?: string;
  readonly digest?: Readonly<Record<string, string>>;
  readonly path: string;
}

/** What was asked for. */
export interface BuildRequest {
  readonly configSource: ConfigSource;
  /** The context itself, where it lies elsewhere. */
  readonly materials: readonly Material[];
  /** By the names that BuildKit's frontend has for them. */
  readonly args: Readonly<Record<string, string>>;
  /** Folders of this machine that are read whatever the steps are: for the Dockerfile and .dockerignore. */
  readonly locals: readonly string[];
  /** Where the context comes from, if it is no folder of this machine. */
  readonly context: RemoteContext | undefined;
}

export function requestOf(options: BuildOptions, pins: Pins): BuildRequest {
  const remote = options.context === "-" ? undefined : remoteContext(options.context);
  const isHere = remote === undefined;
  const path = isHere ? localPath(options.file) : (options.file ?? "Dockerfile");
  const materials = isHere ? [] : fetched(remote.kind === "git" ? gitKey(remote.source) : remote.url, pins);
  const [material] = materials;
  const subdir = !isHere && remote.kind === "git" ? remote.source.subdir : undefined;
  const uri = material && subdir !== undefined ? `${material.uri}${material.uri.includes("#") ? "" : "#"}:${subdir}` : material?.uri;
  return {
    configSource: { ...(uri === undefined ? {} : { uri }), ...(material?.digest ? { digest: material.digest } : {}), path },
    materials,
    args: argsOf(options),
    locals: !isHere ? [] : options.context === "-" ? ["dockerfile"] : ["context", "dockerfile"],
    context: remote,
  };
}

/** Of a context on this machine the path is nobody's business. */
function localPath(file: string | undefined): string {
  return file === undefined || file === "" || file === "-" ? "Dockerfile" : basename(file);
}

/** Logins in URLs are nobody's business, wherever they stand. */
function argsOf({ buildArgs = {}, labels = {}, buildContexts = {}, target, noCache, noCacheFilter = [], network = "default", addHosts = [], shmSize, ulimits = [] }: BuildOptions): Record<string, string> {
  const args = {
    ...prefixed("build-arg", buildArgs), ...prefixed("label", labels),
    ...prefixed("context", Object.fromEntries(Object.entries(buildContexts).map(([name, place]) => [name, shownContext(name, place)]))),
    ...(target ? { target } : {}),
    ...(noCache === true ? { "no-cache": "" } : noCacheFilter.length > 0 ? { "no-cache": noCacheFilter.join(",") } : {}),
    ...(network === "default" ? {} : { "force-network-mode": network }),
    ...(addHosts.length > 0 ? { "add-hosts": addHosts.map(({ name, ip }) => `${name}=${ip}`).join(",") } : {}),
    ...(shmSize === undefined ? {} : { "shm-size": String(shmSize) }),
    ...(ulimits.length > 0 ? { ulimit: ulimits.map(({ resource, soft, hard }) => `${ulimitName(resource)}=${soft}:${hard}`).join(",") } : {}),
  };
  return Object.fromEntries(Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, hideLogin(value)]));
}

function prefixed(prefix: string, values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}:${name}`, value]));
}

/** A folder is told by the name that it was given under. */
function shownContext(name: string, place: string): string {
  if (place.startsWith("oci-layout://")) return `oci-layout://${basename(place.slice("oci-layout://".length))}`;
  return /^[a-z+-]+:\/\/|^target:/i.test(place) || remoteContext(place) !== undefined ? place : `local:${name}`;
}
