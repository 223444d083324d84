import { fault } from "../../std/fault.ts";
import { systemTrust, type Trust } from "../transport/trust.ts";
import { isLoopback } from "../transport/addresses.ts";
import { apiHost, candidateOf, candidatesOf, hostnameOf } from "./candidates.ts";
import { insecureEntry, type DaemonJson } from "./daemon-json.ts";
import type { Destination } from "./destination.ts";
import { connectionKey, plainEndpoint, type Endpoint, type Reason } from "./endpoint.ts";
import { findRegistry, relocate, type RegistryMatch } from "./find-registry.ts";
import type { HostEntry, HostsFile } from "./hosts-toml.ts";
import { joinTrust, readTrust } from "./read-trust.ts";
import type { RegistryEntry } from "./registries-conf.ts";

/** All that decides where requests go. */
export interface RouteRules {
  /** By host, see `parseMirrors`. */
  readonly mirrors: ReadonlyMap<string, readonly string[]>;
  /** Hosts (all, when true) that may speak plain HTTP or have a certificate that nobody vouches for. */
  readonly insecure: readonly string[] | boolean;
  readonly registries?: readonly RegistryEntry[];
  readonly daemons?: readonly DaemonJson[];
  readonly hostsFile?: (host: string) => Promise<HostsFile | undefined>;
  /** Authorities and certificates for a host, by its name with the port. */
  readonly trust?: (host: string) => Trust;
}

/**
 * Where something is read, in the order to ask: SAMPAN_REGISTRY_MIRRORS, the hosts of hosts.toml, the mirrors of
 * registries.conf, for Docker Hub those of daemon.json; last what stands for the registry itself.
 * @throws REGISTRY_BLOCKED, ROUTES_INVALID
 */
export async function readingRoute(destination: Destination, rules: RouteRules): Promise<readonly Endpoint[]> {
  const match = allowedMatch(destination, rules);
  const hosts = await rules.hostsFile?.(destination.host);
  const route = [
    ...(rules.mirrors.get(destination.host) ?? []).map((url) => namedMirror(new URL(url), rules)),
    ...(hosts?.hosts ?? []).map((entry) => hostEndpoint(entry, hosts!, destination, rules)),
    ...(match ? mirrorsOf(match, destination, rules) : []),
    ...(destination.host === "docker.io" ? (rules.daemons ?? []).flatMap((daemon) => daemon.mirrors.map((url) => daemonMirror(url, daemon, rules))) : []),
    relocated(match, destination, rules) ?? (hosts ? hostEndpoint(hosts.server, hosts, destination, rules) : registryEndpoint(destination.host, rules, match)),
  ];
  const seen = new Set<string>();
  const keyOf = (endpoint: Endpoint): string => connectionKey(endpoint) + JSON.stringify(endpoint.rename);
  return route.filter((endpoint) => endpoint.capabilities.some((capability) => capability !== "push") && seen.size < seen.add(keyOf(endpoint)).size);
}

/**
 * Where something is written or deleted: under the name that the user wrote, at the first host of hosts.toml that
 * takes it, else at the registry itself. Only hosts.toml can lead writing elsewhere.
 * @throws REGISTRY_BLOCKED, ROUTES_INVALID, REGISTRY_READ_ONLY
 */
export async function writingRoute(destination: Destination, rules: RouteRules): Promise<Endpoint> {
  const match = allowedMatch(destination, rules);
  const hosts = await rules.hostsFile?.(destination.host);
  if (!hosts) return registryEndpoint(destination.host, rules, match);
  const entry = [...hosts.hosts, hosts.server].find(({ capabilities }) => capabilities.includes("push"));
  if (!entry) throw fault("REGISTRY_READ_ONLY", { host: destination.host, file: hosts.file });
  return hostEndpoint(entry, hosts, destination, rules);
}

/**
 * Where a login for a host is tried: at the host of that name alone, as its file says to speak to it. Mirrors and
 * what stands for a registry have logins of their own.
 * @throws REGISTRY_BLOCKED, ROUTES_INVALID
 */
export async function loginRoute(host: string, rules: RouteRules): Promise<Endpoint> {
  const hosts = await rules.hostsFile?.(host);
  const own = hosts && [hosts.server, ...hosts.hosts].map((entry) => hostEndpoint(entry, hosts, { host }, rules)).find((endpoint) => endpoint.host === host);
  return own ?? registryEndpoint(host, rules, allowedMatch({ host }, rules));
}

function allowedMatch(destination: Destination, { registries }: RouteRules): RegistryMatch | undefined {
  const match = findRegistry(registries ?? [], destination);
  if (match?.entry.blocked) {
    const name = destination.repository ? `${destination.host}/${destination.repository}` : destination.host;
    throw fault("REGISTRY_BLOCKED", { name, prefix: match.entry.prefix, file: match.entry.file });
  }
  return match;
}

function registryEndpoint(host: string, rules: RouteRules, match?: RegistryMatch): Endpoint {
  const trust = trustOf(host, rules);
  const open = openReason(host, rules, match?.entry.insecure ? match.entry : undefined);
  return endpointAt(host, { open, trust, reason: { entry: "the registry that the name says" } });
}

/** A host whose protocol is found out. */
function endpointAt(host: string, { open, trust, ...rest }: Pick<Endpoint, "trust" | "reason"> & { open: Reason | undefined } & Partial<Endpoint>): Endpoint {
  const known = trust.authorities.length > 0;
  const loopback = !open && !known && isLoopback(hostnameOf(host)) ? { entry: "loopback" } : undefined;
  const said = open ?? loopback;
  return { ...plainEndpoint, host, candidates: candidatesOf(host, { open: open !== undefined, known }), trust, ...(said ? { open: said } : {}), ...rest };
}

/** A place whose URL says the protocol. */
function endpointOf(url: URL, { open, trust, ...rest }: Pick<Endpoint, "trust" | "reason"> & { open: Reason | undefined } & Partial<Endpoint>): Endpoint {
  const candidate = candidateOf(url, { open: open !== undefined, known: trust.authorities.length > 0 });
  const said = open ?? (candidate.verify ? undefined : { entry: url.protocol === "http:" ? "the URL" : "loopback" });
  return { ...plainEndpoint, host: url.host, candidates: [candidate], trust, ...(said ? { open: said } : {}), ...rest };
}

/** A path in the URL stands before the repository's name. */
function namedMirror(url: URL, rules: RouteRules): Endpoint {
  const prefix = url.pathname.replace(/^\/|\/$/g, "");
  return endpointOf(url, {
    open: openReason(url.host, rules), trust: trustOf(url.host, rules),
    rename: { from: "", to: prefix ? `${prefix}/` : "" },
    capabilities: ["pull", "resolve"],
    reason: { entry: "SAMPAN_REGISTRY_MIRRORS" },
  });
}

/** As docker does it: the interface is below the URL's path. */
function daemonMirror(url: URL, { file }: DaemonJson, rules: RouteRules): Endpoint {
  return endpointOf(url, {
    open: openReason(url.host, rules), trust: trustOf(url.host, rules),
    api: `${url.pathname.replace(/\/+$/, "")}/v2`,
    capabilities: ["pull", "resolve"],
    reason: { entry: `registry-mirrors ${JSON.stringify(url.href)}`, file },
  });
}

function mirrorsOf(match: RegistryMatch, destination: Destination, rules: RouteRules): Endpoint[] {
  const { file, prefix, mirrors } = match.entry;
  const kind = destination.digest === undefined ? "digest-only" : "tag-only";
  return mirrors.filter(({ pulls }) => pulls !== kind).map((mirror) => {
    const { host, rename } = relocate(destination, match, mirror.location);
    const open = openReason(host, rules, mirror.insecure ? match.entry : undefined);
    return endpointAt(host, {
      open, trust: trustOf(host, rules), rename,
      capabilities: ["pull", "resolve"],
      reason: { entry: `mirror ${JSON.stringify(mirror.location)} of prefix ${JSON.stringify(prefix)}`, file },
    });
  });
}

function relocated(match: RegistryMatch | undefined, destination: Destination, rules: RouteRules): Endpoint | undefined {
  if (!match || match.entry.location === match.entry.prefix) return undefined;
  const { location, prefix, file, insecure } = match.entry;
  const { host, rename } = relocate(destination, match, location);
  return endpointAt(host, {
    open: openReason(host, rules, insecure ? match.entry : undefined), trust: trustOf(host, rules), rename,
    reason: { entry: `location ${JSON.stringify(location)} of prefix ${JSON.stringify(prefix)}`, file },
  });
}

function hostEndpoint(entry: HostEntry, { file }: HostsFile, destination: Destination, rules: RouteRules): Endpoint {
  const { url, api, capabilities, headers, dialTimeout } = entry;
  const itself = url === undefined || url.host === destination.host || url.host === apiHost(destination.host);
  const host = itself ? destination.host : url.host;
  const open = entry.skipVerify ? { entry: `skip_verify of ${entry.reason}`, file } : openReason(host, rules);
  const more = {
    open, capabilities, headers,
    trust: joinTrust([readTrust(entry.authorities, entry.clients), trustOf(host, rules)]),
    reason: url ? { entry: entry.reason, file } : { entry: "the registry that the name says" },
    ...(dialTimeout === undefined ? {} : { connectTimeout: dialTimeout }),
  };
  if (!url) return endpointAt(host, more);
  return { ...endpointOf(url, { ...more, api, ...(itself ? {} : { namespace: destination.host }) }), host };
}

/** Why a host may speak plain HTTP or have any certificate; loopback aside. */
function openReason(host: string, { insecure, daemons }: RouteRules, entry?: RegistryEntry): Reason | undefined {
  if (insecure === true || (insecure !== false && (insecure.includes(host) || insecure.includes(hostnameOf(host))))) return { entry: "--insecure" };
  if (entry) return { entry: `insecure of prefix ${JSON.stringify(entry.prefix)}`, file: entry.file };
  for (const daemon of daemons ?? []) {
    const said = insecureEntry(daemon, host);
    if (said !== undefined) return { entry: `insecure-registries ${JSON.stringify(said)}`, file: daemon.file };
  }
  return undefined;
}

function trustOf(host: string, { trust }: RouteRules): Trust {
  return trust?.(host) ?? systemTrust;
}
