import type { ClientOrigin } from "../terms/client-origin.ts";
import type { Secrets } from "../storage/secrets.ts";
import { RegistryError } from "../terms/registry-error.ts";
import { RIGHTS, type Right } from "../terms/rights.ts";
import type { Caller } from "./access-control.ts";
import type { CodeAnswer, CodeRequest } from "./code-flow.ts";
import type { Decision } from "./decision.ts";
import type { Grants } from "./grants.ts";
import { ANONYMOUS, type Identity } from "./identity.ts";
import type { Login, Logins } from "./logins.ts";
import { createSecretDesk, type SecretDesk } from "./secret-desk.ts";
import { TokenRefused, type Tokens } from "./tokens.ts";

/** People who have logged in on the pages. A session is a signed token; nothing of it is kept here. */
export interface Sessions {
  /** @throws RegistryError UNAUTHORIZED; TOOMANYREQUESTS */
  login(user: string, password: string, origin: ClientOrigin): Promise<SessionToken & { readonly caller: Caller }>;
  /** Logins at an identity provider; undefined where there is none. */
  readonly elsewhere: SessionsElsewhere | undefined;
  /** Anonymous without a token, and with one that is worth nothing any more. Where there is a new token, the old one ends soon. */
  caller(token: string | undefined): Promise<{ readonly caller: Caller; readonly renewed?: SessionToken }>;
  /** Robots and personal tokens, for people who have logged in. */
  readonly secrets: SecretDesk;
  /** Every right in a repository, and what decides it. */
  explain(identity: Identity, repository: string): readonly (Decision & { readonly right: Right })[];
  /** Who a name stands for: `anonymous`, `robot$ci`, `alice`; undefined for a robot that is not there or not good any more. */
  named(name: string): Promise<Identity | undefined>;
}

export interface SessionsElsewhere {
  /** The provider, as people know it: `gitlab.example.com`. */
  readonly provider: string;
  /** @throws RegistryError UNAVAILABLE */
  begin(redirectUri: string): Promise<CodeRequest>;
  /** @throws RegistryError UNAUTHORIZED, UNAVAILABLE, TOOMANYREQUESTS */
  finish(answer: CodeAnswer, origin: ClientOrigin): Promise<SessionToken>;
}

export interface SessionToken {
  readonly token: string;
  readonly seconds: number;
}

/** A session ends after an hour without a request, and a day after its login, or when the provider of that says so. */
const IDLE = 3_600_000;
const LONGEST = 24 * 3_600_000;
const RENEWED_AFTER = IDLE / 4;

export function createSessions({ grants, logins, tokens, secrets }: { grants: Grants; logins: Logins; tokens: Tokens; secrets: Secrets }): Sessions {
  const issue = async ({ identity, stamp }: Login, ends: number): Promise<SessionToken> => {
    const seconds = Math.ceil(Math.min(IDLE, ends - Date.now()) / 1000);
    return { token: await tokens.issueSession(identity, { stamp, ends, seconds }), seconds };
  };
  const begin = (login: Login): Promise<SessionToken> => issue(login, Date.now() + Math.min(LONGEST, login.refresh ?? LONGEST));
  const { code } = logins;

  return {
    async login(user, password, origin) {
      const login = await logins.check(user, password, origin);
      // It would be worth nothing at the next request.
      if (login.refresh === 0) throw new RegistryError("UNAUTHORIZED", "a token of a job begins no session here: log in with a password or a personal token");
      return { ...(await begin(login)), caller: callerOf(grants, login.identity) };
    },

    elsewhere: code && { provider: code.provider, begin: code.begin, finish: async (answer, origin) => begin(await code.finish(answer, origin)) },

    async caller(token) {
      const nobody = { caller: callerOf(grants, ANONYMOUS) };
      if (token === undefined) return nobody;
      try {
        const { identity, stamp, ends, issued } = await tokens.verifySession(token);
        const now = await logins.revive(identity, stamp);
        if (now === undefined) return nobody;
        const renew = Date.now() - issued > RENEWED_AFTER && ends - Date.now() > RENEWED_AFTER;
        return { caller: callerOf(grants, now), ...(renew ? { renewed: await issue({ identity: now, stamp }, ends) } : {}) };
      } catch (error) {
        if (error instanceof TokenRefused) return nobody;
        throw error;
      }
    },

    secrets: createSecretDesk({ grants, secrets, personOf: logins.personOf }),

    explain: (identity, repository) => RIGHTS.map((right) => ({ right, ...grants.decide(identity, right, repository) })),

    named: async (name) => (name === "anonymous" ? ANONYMOUS : logins.named(name.replace(/^robot:/, "robot$"))),
  };
}

function callerOf(grants: Grants, identity: Identity): Caller {
  const may = (right: Right, repository: string): boolean => grants.rights(identity, repository).has(right);
  return {
    identity,
    may,
    seesAll: false,
    could: may,
    sees: (repository) => may("pull", repository),
    demand(right, repository) {
      const { allowed, reason, why } = grants.decide(identity, right, repository);
      // Without a challenge: browsers would ask for a password in a window of their own.
      if (!allowed) throw new RegistryError(identity.kind === "anonymous" ? "UNAUTHORIZED" : "DENIED", reason, { detail: { why } });
    },
  };
}
