import { RegistryError } from "../terms/registry-error.ts";
import { RIGHTS, type Right } from "../terms/rights.ts";
import type { Caller } from "./access-control.ts";
import type { Decision, Grants } from "./grants.ts";
import { ANONYMOUS, type Identity } from "./identity.ts";
import type { Logins } from "./logins.ts";
import { TokenRefused, type Tokens } from "./tokens.ts";

/** People who have logged in on the pages. A session is a signed token; nothing of it is kept here. */
export interface Sessions {
  /** @throws RegistryError UNAUTHORIZED; TOOMANYREQUESTS */
  login(user: string, password: string, address: string): Promise<SessionToken & { readonly caller: Caller }>;
  /** Anonymous without a token, and with one that is worth nothing any more. Where there is a new token, the old one ends soon. */
  caller(token: string | undefined): Promise<{ readonly caller: Caller; readonly renewed?: SessionToken }>;
  /** Every right in a repository, and what decides it. */
  explain(identity: Identity, repository: string): readonly (Decision & { readonly right: Right })[];
  /** Who a name stands for: `anonymous`, `robot$ci`, `alice`. */
  named(name: string): Identity;
}

export interface SessionToken {
  readonly token: string;
  readonly seconds: number;
}

/** A session ends after an hour without a request, and a day after its login. */
const IDLE = 3_600_000;
const LONGEST = 24 * 3_600_000;
const RENEWED_AFTER = IDLE / 4;
/** Of a user whose login is checked elsewhere. */
const NO_STAMP = "-";

export function createSessions({ grants, logins, tokens }: { grants: Grants; logins: Logins; tokens: Tokens }): Sessions {
  const stampOf = (user: string): string => logins.stamp(user) ?? NO_STAMP;
  const issue = async (identity: Identity & { name: string }, began: number): Promise<SessionToken> => {
    const seconds = Math.ceil(Math.min(IDLE, began + LONGEST - Date.now()) / 1000);
    return { token: await tokens.issueSession(identity, { stamp: stampOf(identity.name), began, seconds }), seconds };
  };

  return {
    async login(user, password, address) {
      const identity = await logins.check(user, password, address);
      if (identity.kind === "anonymous") throw new RegistryError("UNAUTHORIZED", "the user name or the password is wrong");
      return { ...(await issue(identity, Date.now())), caller: callerOf(grants, identity) };
    },

    async caller(token) {
      const nobody = { caller: callerOf(grants, ANONYMOUS) };
      if (token === undefined) return nobody;
      try {
        const { identity, stamp, began, issued } = await tokens.verifySession(token);
        if (identity.kind === "anonymous" || stampOf(identity.name) !== stamp) return nobody;
        const now = { ...identity, groups: logins.groups(identity.name) };
        const renew = Date.now() - issued > RENEWED_AFTER && began + LONGEST - Date.now() > RENEWED_AFTER;
        return { caller: callerOf(grants, now), ...(renew ? { renewed: await issue(now, began) } : {}) };
      } catch (error) {
        if (error instanceof TokenRefused) return nobody;
        throw error;
      }
    },

    explain: (identity, repository) => RIGHTS.map((right) => ({ right, ...grants.decide(identity, right, repository) })),

    named(name) {
      if (name === "anonymous") return ANONYMOUS;
      const robot = /^robot[:$](.+)$/.exec(name)?.[1];
      return robot === undefined ? { kind: "user", name, groups: logins.groups(name) } : { kind: "robot", name: robot, groups: [] };
    },
  };
}

function callerOf(grants: Grants, identity: Identity): Caller {
  const may = (right: Right, repository: string): boolean => grants.rights(identity, repository).has(right);
  return {
    identity,
    may,
    seesAll: false,
    sees: (repository) => may("pull", repository),
    demand(right, repository) {
      const { allowed, reason } = grants.decide(identity, right, repository);
      // Without a challenge: browsers would ask for a password in a window of their own.
      if (!allowed) throw new RegistryError(identity.kind === "anonymous" ? "UNAUTHORIZED" : "DENIED", reason);
    },
  };
}
