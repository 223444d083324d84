import { formatReference, type Reference } from "../../oci/reference.ts";
import type { ProxyChoice } from "../transport/proxy-choice.ts";
import { repositoryAt, type Endpoint, type Reason } from "./endpoint.ts";

/** A place of a route in words and values that may be shown: no secret is among them. */
export interface RouteRow {
  readonly order: number;
  /** Of the repository there, without tag and digest. */
  readonly url: string;
  readonly capabilities: readonly string[];
  /** How it is spoken to, `HTTPS` or `plain HTTP (loopback)`. */
  readonly security: string;
  /** Whether a connection without a checked certificate is possible. */
  readonly insecure: boolean;
  /** Files of authorities that are trusted there beside the system's. */
  readonly authorities: readonly string[];
  /** Files of certificates that it is shown. */
  readonly certificates: readonly string[];
  /** Names of headers that are sent there. */
  readonly headers: readonly string[];
  /** `http://proxy.example:3128`; empty for none. */
  readonly proxy: string;
  readonly proxySource: string;
  /** What credentials for it are looked up by. */
  readonly host: string;
  readonly why: string;
}

/** Describes the places of a route in their order. @throws PROXY_INVALID */
export function describeRoute(route: readonly Endpoint[], reference: Reference, proxyFor: (url: URL) => ProxyChoice | undefined): RouteRow[] {
  return route.map((endpoint, position) => {
    const { origin } = endpoint.candidates[0]!;
    const proxy = proxyFor(new URL(origin));
    return {
      order: position + 1,
      url: `${origin}${endpoint.api}/${repositoryAt(endpoint, reference.repository)}${endpoint.namespace === undefined ? "" : `?ns=${endpoint.namespace}`}`,
      capabilities: endpoint.capabilities,
      security: securityOf(endpoint),
      insecure: !endpoint.candidates.every(({ verify }) => verify),
      authorities: endpoint.trust.authorities.map(({ file }) => file),
      certificates: endpoint.trust.clients.map(({ certificate }) => certificate.file),
      headers: Object.keys(endpoint.headers),
      proxy: proxy ? `${proxy.url.protocol}//${proxy.url.host}` : "",
      proxySource: proxy?.source ?? "",
      host: endpoint.host,
      why: reasonText(endpoint.reason),
    };
  });
}

/** What a reference is called here, `docker.io/library/alpine:3.20`. */
export function routeTitle(reference: Reference, purpose: "read" | "write"): string {
  return `${formatReference(reference)} is ${purpose === "read" ? "pulled from" : "pushed to"}:`;
}

function securityOf({ candidates, open }: Endpoint): string {
  const words = candidates.map(({ origin, verify }) => (origin.startsWith("http:") ? "plain HTTP" : verify ? "HTTPS" : "HTTPS without a check of the certificate"));
  const text = words.join(", else ");
  return open ? `${text} (${reasonText(open)})` : text;
}

function reasonText({ entry, file }: Reason): string {
  return file === undefined ? entry : `${entry} in ${file}`;
}
