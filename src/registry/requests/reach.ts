import type { Candidate, Endpoint } from "../routes/endpoint.ts";
import { authoritiesOf, type Trust } from "../transport/trust.ts";

/** What a request needs to be sent by the transport. */
export interface Reach {
  readonly verify: boolean;
  readonly trust: Trust;
  readonly headers: Readonly<Record<string, string>>;
  readonly connectTimeout?: number;
}

/**
 * How a URL is reached while a place is spoken to. What belongs to the place stays there: hosts that it leads to get
 * neither its headers nor our certificate, and their own certificates are always checked.
 */
export function reach(url: URL, endpoint: Endpoint, candidate: Candidate, headers: Readonly<Record<string, string>> = {}): Reach {
  if (url.origin !== candidate.origin) {
    return { verify: candidate.verify || url.hostname !== new URL(candidate.origin).hostname, trust: authoritiesOf(endpoint.trust), headers };
  }
  const { connectTimeout } = endpoint;
  return { verify: candidate.verify, trust: endpoint.trust, headers: { ...endpoint.headers, ...headers }, ...(connectTimeout !== undefined ? { connectTimeout } : {}) };
}
