import type { Reference } from "../../oci/reference.ts";
import { isLoopback } from "../transport/proxy-environment.ts";

/** A registry or mirror that requests can be sent to. */
export interface Endpoint {
  /** The name that credentials and messages go by: `docker.io`, `127.0.0.1:5000`. */
  readonly host: string;
  /** What to try, in this order, until one answers. */
  readonly candidates: readonly { readonly origin: string; readonly verify: boolean }[];
  /** Put before the repository's name; a mirror's URL may have a path. */
  readonly prefix: string;
  readonly mirror: boolean;
}

/**
 * The endpoint of a registry host. HTTPS only, except: loopback hosts may speak plain HTTP, as with docker, and
 * so may those that `insecure` lists (or all, when true), whose certificates are not checked either.
 */
export function registryEndpoint(host: string, insecure: readonly string[] | boolean = false): Endpoint {
  const name = apiHost(host);
  const hostname = name.replace(/:\d+$/, "");
  const http = { origin: `http://${name}`, verify: false };
  const https = (verify: boolean): { origin: string; verify: boolean } => ({ origin: `https://${name}`, verify });
  const open = insecure === true || (insecure !== false && (insecure.includes(host) || insecure.includes(hostname)));
  const candidates = isLoopback(hostname) ? [http, https(false)] : open ? [https(false), http] : [https(true)];
  return { host, candidates, prefix: "", mirror: false };
}

/** The endpoint of a mirror, whose URL says the protocol; a path in it stands before the repository's name. */
export function mirrorEndpoint(url: string, insecure: readonly string[] | boolean = false): Endpoint {
  const { protocol, host, hostname, pathname } = new URL(url);
  const open = insecure === true || (insecure !== false && insecure.includes(host)) || isLoopback(hostname);
  const prefix = pathname.replace(/^\/|\/$/g, "");
  return { host, candidates: [{ origin: `${protocol}//${host}`, verify: !open }], prefix: prefix ? `${prefix}/` : "", mirror: true };
}

/** The path of a request below `/v2/`, such as `repositoryPath(endpoint, reference, "manifests/latest")`. */
export function repositoryPath(endpoint: Endpoint, reference: Pick<Reference, "repository">, rest: string): string {
  return `/v2/${endpoint.prefix}${reference.repository}/${rest}`;
}

/** The token scope for a repository (distribution-spec, auth/scope.md). */
export function repositoryScope(endpoint: Endpoint, repository: string, actions: "pull" | "pull,push" | "delete" | "*"): string {
  return `repository:${endpoint.prefix}${repository}:${actions}`;
}

function apiHost(host: string): string {
  return host === "docker.io" || host === "index.docker.io" ? "registry-1.docker.io" : host;
}
