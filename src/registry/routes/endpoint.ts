import type { Reference } from "../../oci/reference.ts";
import { systemTrust, trustKey, type Trust } from "../transport/trust.ts";

/** What a place may be asked for: content by digest, what a tag means, and to take what is sent. */
export type Capability = "pull" | "resolve" | "push";

/** Who or what said something, for messages: `mirror "m.example" of prefix "docker.io"`, in a file or a variable. */
export interface Reason {
  readonly entry: string;
  readonly file?: string;
}

/** An origin that may answer. */
export interface Candidate {
  readonly origin: string;
  /** Whether the certificate of an https origin is checked. */
  readonly verify: boolean;
}

/** A place that requests for one repository can be sent to: the registry itself, a mirror of it, or what stands for it. */
export interface Endpoint {
  /** The name that credentials and messages go by: `docker.io`, `127.0.0.1:5000`. */
  readonly host: string;
  /** What to try, in this order, until one answers. */
  readonly candidates: readonly Candidate[];
  readonly trust: Trust;
  /** The path of the interface, `/v2` unless a file says otherwise. */
  readonly api: string;
  /** What stands here at the beginning of the repository's name instead of what the user wrote. */
  readonly rename: { readonly from: string; readonly to: string };
  /** The registry that a place for several of them is asked about, sent as `ns` (containerd's hosts.toml). */
  readonly namespace?: string;
  /** Sent to this place only; values may be secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds until a connection stands. */
  readonly connectTimeout?: number;
  readonly capabilities: readonly Capability[];
  /** Whether another place is asked when this one fails. */
  readonly mirror: boolean;
  /** Why requests go here. */
  readonly reason: Reason;
  /** Why plain HTTP or an unchecked certificate is allowed, where it is. */
  readonly open?: Reason;
}

/** The parts of an endpoint that most have in common. */
export const plainEndpoint = {
  trust: systemTrust, api: "/v2", rename: { from: "", to: "" }, headers: {}, capabilities: ["pull", "resolve", "push"], mirror: false,
} as const satisfies Partial<Endpoint>;

/** Endpoints with the same key share connections and logins. */
export function connectionKey({ host, candidates, api, trust, headers }: Endpoint): string {
  return JSON.stringify([host, candidates.map(({ origin, verify }) => [origin, verify]), api, trustKey(trust), headers]);
}

/** The repository's name at this place. */
export function repositoryAt({ rename: { from, to } }: Pick<Endpoint, "rename">, repository: string): string {
  return repository.startsWith(from) ? to + repository.slice(from.length) : repository;
}

/** The path of a request to the interface, such as `repositoryPath(endpoint, reference, "manifests/latest")`. */
export function repositoryPath(endpoint: Endpoint, reference: Pick<Reference, "repository">, rest: string): string {
  const path = `${endpoint.api}/${repositoryAt(endpoint, reference.repository)}/${rest}`;
  return endpoint.namespace === undefined ? path : `${path}${rest.includes("?") ? "&" : "?"}ns=${encodeURIComponent(endpoint.namespace)}`;
}

/** The token scope for a repository (distribution-spec, auth/scope.md). */
export function repositoryScope(endpoint: Endpoint, repository: string, actions: "pull" | "pull,push" | "delete" | "*"): string {
  return `repository:${repositoryAt(endpoint, repository)}:${actions}`;
}
