import { basename, resolve } from "node:path";
import { ulimitName } from "../exec/ulimits.ts";
import { hideLogin } from "../context/git-url.ts";
import type { BuildAbout, BuildConfig } from "../store/build-record.ts";
import type { BuildOptions } from "./build-options.ts";

/** What of a build's options is noted. */
export type AboutOptions = Pick<
  BuildOptions, "context" | "cwd" | "file" | "target" | "platform" | "tags" | "buildArgs" | "labels" | "noCache" | "noCacheFilter" | "buildContexts" | "network" | "addHosts" | "pull" | "shmSize"
> & { readonly ulimits?: NonNullable<BuildOptions["ulimits"]> | readonly string[] };

/** What is noted of builds that are done in one go. */
export function aboutOf(builds: readonly AboutOptions[]): BuildAbout {
  const [first] = builds;
  const cwd = first?.cwd ?? process.cwd();
  const all = <Value>(pick: (build: AboutOptions) => Value | undefined): Value[] => [...new Set(builds.flatMap((build) => pick(build) ?? []))] as Value[];
  const platforms = all((build) => build.platform);
  return {
    name: [...new Set(builds.map((build) => nameOf(build, cwd)))].join(", "),
    context: all((build) => shownContext(build.context, cwd)).join(", "),
    ...(first?.file === undefined ? {} : { dockerfile: hideLogin(first.file) }),
    ...(first?.target === undefined ? {} : { target: all((build) => build.target).join(", ") }),
    ...(platforms.length === 0 ? {} : { platforms: platforms.flat().map(String) }),
    tags: builds.flatMap(({ tags = [] }) => tags),
    buildArgs: Object.fromEntries(builds.flatMap(({ buildArgs = {} }) => Object.entries(buildArgs)).map(([name, value]) => [name, hideLogin(value)])),
    labels: Object.assign({}, ...builds.map(({ labels = {} }) => labels)) as Record<string, string>,
    ...(builds.some(({ noCache }) => noCache) ? { noCache: true } : {}),
    ...contextsOf(builds),
    ...configOf(all),
  };
}

function contextsOf(builds: readonly AboutOptions[]): Pick<BuildAbout, "contexts"> {
  const contexts = builds.flatMap(({ buildContexts = {} }) => Object.entries(buildContexts));
  return contexts.length === 0 ? {} : { contexts: Object.fromEntries(contexts.map(([name, value]) => [name, hideLogin(value)])) };
}

function configOf(all: <Value>(pick: (build: AboutOptions) => Value | undefined) => Value[]): Pick<BuildAbout, "config"> {
  const networks = all(({ network }) => (network === "default" ? undefined : network));
  const hosts = [...new Set(all(({ addHosts }) => addHosts?.map(({ name, ip }) => `${name}=${ip}`)).flat())];
  const filters = [...new Set(all(({ noCacheFilter }) => noCacheFilter).flat())];
  const sizes = all(({ shmSize }) => shmSize);
  const limits = [...new Set(all(({ ulimits }) => ulimits?.map((limit) => (typeof limit === "string" ? limit : `${ulimitName(limit.resource)}=${limit.soft}:${limit.hard}`))).flat())];
  const config: BuildConfig = {
    ...(networks.length > 0 ? { Network: networks.join(", ") } : {}),
    ...(hosts.length > 0 ? { ExtraHosts: hosts } : {}),
    ...(all(({ pull }) => pull).includes(true) ? { ImageResolveMode: "pull" } : {}),
    ...(filters.length > 0 ? { NoCacheFilter: filters } : {}),
    ...(sizes.length > 0 ? { ShmSize: sizes.join(", ") } : {}),
    ...(limits.length > 0 ? { Ulimit: limits.join(",") } : {}),
  };
  return Object.keys(config).length === 0 ? {} : { config };
}

function shownContext(context: string, cwd: string): string {
  return context === "-" || /^[a-z+]+:\/\/|^git@/i.test(context) ? hideLogin(context) : resolve(cwd, context);
}

/** As buildx names builds: the context's last name, the Dockerfile where it is another one, the target. */
function nameOf({ context, file, target, buildArgs = {} }: AboutOptions, cwd: string): string {
  if (buildArgs["BUILDKIT_BUILD_NAME"]) return buildArgs["BUILDKIT_BUILD_NAME"];
  const place = context === "-" ? "-" : basename(shownContext(context, cwd));
  return `${place}${file === undefined || basename(file) === "Dockerfile" ? "" : `/${basename(file)}`}${target === undefined ? "" : ` (${target})`}`;
}
