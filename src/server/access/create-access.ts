import type { IncomingMessage } from "node:http";
import { originOf } from "../terms/client-origin.ts";
import { RegistryError } from "../terms/registry-error.ts";
import type { AccessControl, Caller, WantedAccess } from "./access-control.ts";
import { challenge } from "./challenge.ts";
import { certificateName } from "./client-certificate.ts";
import { readCredentials } from "./credentials.ts";
import type { Grants } from "./grants.ts";
import { ANONYMOUS, type Identity } from "./identity.ts";
import type { Logins } from "./logins.ts";
import type { Secrets } from "../storage/secrets.ts";
import type { Right } from "../terms/rights.ts";
import { createTokenEndpoint } from "./token-endpoint.ts";
import { createSessions } from "./sessions.ts";
import { TokenRefused, type TokenContent, type Tokens } from "./tokens.ts";

export interface AccessParts {
  readonly grants: Grants;
  readonly logins: Logins;
  readonly tokens: Tokens;
  readonly secrets: Secrets;
  readonly service: string;
  /** Where clients get tokens, when it is not here. */
  readonly realm?: string;
  readonly externalUrl?: string;
}

/** Access control by grants: Bearer tokens, and names with passwords for simple clients. */
export function createAccess(parts: AccessParts): AccessControl {
  const { grants, logins, tokens } = parts;

  const refused = (request: IncomingMessage, wanted: WantedAccess, message: string, error?: "insufficient_scope" | "invalid_token"): RegistryError =>
    new RegistryError("UNAUTHORIZED", message, { headers: { "WWW-Authenticate": challenge(request, wanted, parts, error) } });

  const callerWith = (request: IncomingMessage, wanted: WantedAccess, identity: Identity, allows: (right: Right, repository: string) => boolean): Caller => ({
    identity,
    may: allows,
    seesAll: false,
    could: (right, repository) => grants.rights(identity, repository).has(right),
    // What a token for the catalog is for is the names; any other shows what it is good for.
    sees: (repository) => grants.rights(identity, repository).has("pull") && (wanted.catalog === true || allows("pull", repository)),
    demand(right, repository) {
      if (allows(right, repository)) return;
      const decision = grants.decide(identity, right, repository);
      const needed = repository === wanted.from ? wanted : { ...wanted, repository, right };
      // The token is too weak for what its owner may do: a better one can be had.
      if (decision.allowed) throw refused(request, needed, `the token is not good for this: ${right} in ${repository} has to be asked for`, "insufficient_scope");
      if (identity.kind === "anonymous") throw refused(request, needed, decision.reason);
      throw new RegistryError("DENIED", decision.reason); // no detail: some clients print it behind the message
    },
  });

  const withToken = async (request: IncomingMessage, wanted: WantedAccess, token: string): Promise<Caller> => {
    let content: TokenContent;
    try {
      content = await tokens.verify(token);
    } catch (error) {
      if (error instanceof TokenRefused) throw refused(request, wanted, error.message, "invalid_token");
      throw error;
    }
    const identity = await logins.current(content.identity);
    if (!identity) throw refused(request, wanted, "the robot or the personal token that the token was given for is not good any more", "invalid_token");
    if (wanted.catalog === true && !content.access.some(({ type, name, actions }) => type === "registry" && name === "catalog" && actions.includes("*"))) {
      throw refused(request, wanted, "the token is not good for this: the catalog has to be asked for", "insufficient_scope");
    }
    return callerWith(request, wanted, identity, (right, repository) =>
      content.access.some(({ type, name, actions }) => type === "repository" && name === repository && actions.includes(right)));
  };

  return {
    startDeviceLogin: parts.realm === undefined ? logins.device?.start : undefined,
    tokenEndpoint: parts.realm === undefined ? createTokenEndpoint(parts) : undefined,
    sessions: createSessions(parts),
    endOrphans: logins.endOrphans,
    async caller(request, wanted) {
      const credentials = readCredentials(request.headers.authorization);
      if (credentials.kind === "bearer") return withToken(request, wanted, credentials.token);
      if (credentials.kind === "basic") {
        let identity: Identity;
        try {
          ({ identity } = await logins.check(credentials.user, credentials.password, originOf(request)));
        } catch (error) {
          if (error instanceof RegistryError && error.code === "UNAUTHORIZED") throw refused(request, wanted, error.message);
          throw error;
        }
        return callerWith(request, wanted, identity, (right, repository) => grants.rights(identity, repository).has(right));
      }
      const certified = credentials.kind === "none" ? certificateName(request) : undefined;
      if (certified !== undefined) {
        const identity = logins.certified(certified);
        return callerWith(request, wanted, identity, (right, repository) => grants.rights(identity, repository).has(right));
      }
      const hint = credentials.kind === "unknown" ? "the Authorization header is neither Basic nor Bearer" : grants.decide(ANONYMOUS, wanted.right ?? "pull", wanted.repository ?? "").allowed ? "a token is needed" : "authentication required";
      throw refused(request, wanted, hint);
    },
  };
}
