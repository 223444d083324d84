import { isLoopback } from "../transport/addresses.ts";
import type { Candidate } from "./endpoint.ts";

export interface HostManners {
  /** Plain HTTP and certificates that nobody vouches for are allowed. */
  readonly open: boolean;
  /** There are authorities for this very host, so that its certificate can be checked. */
  readonly known: boolean;
}

/**
 * How a host is tried. By HTTPS only, except: an open host is asked by plain HTTP when it has no HTTPS, and one on
 * loopback may always speak plain HTTP, as with docker; its certificate counts only where an authority is known for it.
 */
export function candidatesOf(host: string, { open, known }: HostManners): readonly Candidate[] {
  const name = apiHost(host);
  const https = (verify: boolean): Candidate => ({ origin: `https://${name}`, verify });
  const http: Candidate = { origin: `http://${name}`, verify: false };
  if (isLoopback(hostnameOf(name))) return known ? [https(!open), http] : [http, https(false)];
  return open ? [https(false), http] : [https(true)];
}

/** Where a URL says the protocol, it is the only one. */
export function candidateOf(url: URL, { open, known }: HostManners): Candidate {
  return { origin: url.origin, verify: url.protocol === "https:" && !open && (known || !isLoopback(url.hostname)) };
}

/** The host that answers for a registry's name. */
export function apiHost(host: string): string {
  return host === "docker.io" || host === "index.docker.io" ? "registry-1.docker.io" : host;
}

/** Without the port. */
export function hostnameOf(host: string): string {
  return host.replace(/:\d+$/, "");
}
