import type { IncomingMessage } from "node:http";
import type { ClientOrigin } from "../terms/client-origin.ts";
import type { Identity } from "./identity.ts";
import type { Right } from "../terms/rights.ts";
import type { Sessions } from "./sessions.ts";

/** Who asks in one request, and what they may do. */
export interface Caller {
  readonly identity: Identity;
  may(right: Right, repository: string): boolean;
  /** Whether the grants let the caller, whatever the token of this request is for. */
  could(right: Right, repository: string): boolean;
  /** Whether a list may show the repository. */
  sees(repository: string): boolean;
  /** Whether a list shows everything. */
  readonly seesAll: boolean;
  /** @throws RegistryError UNAUTHORIZED with a challenge where a login or another token could help, else DENIED with the reason */
  demand(right: Right, repository: string): void;
}

/** What the routes need of access control. */
export interface AccessControl {
  /** @throws RegistryError UNAUTHORIZED with a challenge; TOOMANYREQUESTS */
  caller(request: IncomingMessage, wanted: WantedAccess): Promise<Caller>;
  /** Puts personal tokens out of use whose user is not there any more; undefined where nobody has to log in. @throws RegistryError UNAVAILABLE */
  readonly endOrphans?: (() => Promise<void>) | undefined;
  /** Answers for tokens; undefined where nobody has to log in, or where another program gives tokens out. */
  readonly tokenEndpoint: TokenEndpoint | undefined;
  /** Logins of people who look at the pages; undefined where nobody has to log in. */
  readonly sessions: Sessions | undefined;
  /** Begins the login of a person who confirms it elsewhere; undefined where there is no identity provider. */
  readonly startDeviceLogin?: ((origin: ClientOrigin) => Promise<object>) | undefined;
}

/** What a request is for: what a challenge asks the client to get a token for. */
export interface WantedAccess {
  readonly repository?: string;
  readonly right?: Right;
  /** A repository that a blob shall be mounted from. */
  readonly from?: string;
  readonly catalog?: boolean;
}

export interface TokenRequest {
  readonly method: string;
  /** Of the query for GET, of the body for POST. */
  readonly parameters: URLSearchParams;
  readonly authorization: string | undefined;
  readonly origin: ClientOrigin;
}

/** The body of the answer (distribution, spec/auth/token.md and oauth.md). @throws RegistryError */
export type TokenEndpoint = (request: TokenRequest) => Promise<Readonly<Record<string, unknown>>>;
