import type { Reference } from "../../oci/reference.ts";
import { candidateOf, candidatesOf, hostnameOf } from "./candidates.ts";
import { plainEndpoint, type Endpoint } from "./endpoint.ts";

/** What a route is asked for: all of a reference, or a host alone. */
export type Destination = Pick<Reference, "host"> & Partial<Pick<Reference, "repository" | "digest" | "tag">>;

/** All that decides where requests go. */
export interface RouteRules {
  /** By host, see `parseMirrors`. */
  readonly mirrors: ReadonlyMap<string, readonly string[]>;
  /** Hosts (all, when true) that may speak plain HTTP or have a certificate that nobody vouches for. */
  readonly insecure: readonly string[] | boolean;
}

/** Where something is read: the mirrors of its registry in order, then the registry itself. */
export function readingRoute(destination: Destination, rules: RouteRules): readonly Endpoint[] {
  const mirrors = (rules.mirrors.get(destination.host) ?? []).map((url) => mirrorEndpoint(url, rules));
  return [...mirrors, registryEndpoint(destination.host, rules)];
}

/** Where something is written or deleted. */
export function writingRoute(destination: Destination, rules: RouteRules): Endpoint {
  return registryEndpoint(destination.host, rules);
}

function registryEndpoint(host: string, rules: RouteRules): Endpoint {
  return { ...plainEndpoint, host, candidates: candidatesOf(host, { open: isOpen(host, rules), known: false }), reason: { entry: "the registry that the name says" } };
}

/** A mirror's URL says the protocol; a path in it stands before the repository's name. */
function mirrorEndpoint(text: string, rules: RouteRules): Endpoint {
  const url = new URL(text);
  const prefix = url.pathname.replace(/^\/|\/$/g, "");
  return {
    ...plainEndpoint,
    host: url.host,
    candidates: [candidateOf(url, { open: isOpen(url.host, rules), known: false })],
    rename: { from: "", to: prefix ? `${prefix}/` : "" },
    capabilities: ["pull", "resolve"],
    reason: { entry: "SAMPAN_REGISTRY_MIRRORS" },
  };
}

function isOpen(host: string, { insecure }: RouteRules): boolean {
  return typeof insecure === "boolean" ? insecure : insecure.includes(host) || insecure.includes(hostnameOf(host));
}
