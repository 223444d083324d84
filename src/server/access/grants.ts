import type { ServerConfig } from "../config/config-schema.ts";
import type { SecretScope } from "../storage/secrets.ts";
import { decided, type Decision } from "./decision.ts";
import { nameOf, type Identity } from "./identity.ts";
import { repositoryPattern } from "../terms/repository-pattern.ts";
import { ROLES, type Right } from "../terms/rights.ts";

/** Whether something is allowed, and what decides it, as a sentence that a user of a stock client can act on. */
export interface Grants {
  /** Rights of one who asks in one repository, all grants together. */
  rights(identity: Identity, repository: string): ReadonlySet<Right>;
  decide(identity: Identity, right: Right, repository: string): Decision;
  /** Patterns of repositories in which grants give somebody the right. */
  patterns(identity: Identity, right: Right): readonly string[];
  /** What grants give to the robot of that name, and not to everybody. */
  namedFor(robot: string): readonly { readonly rights: readonly Right[]; readonly patterns: readonly string[] }[];
  /** What a role stands for; undefined for none. */
  role(name: string): readonly Right[] | undefined;
  readonly roles: readonly string[];
  /** Every grant that is the asking one's, with what it says of the question. */
  explain(identity: Identity, right: Right, repository: string): readonly ExplainedGrant[];
}

export interface ExplainedGrant {
  /** `writer on team/** (group:core)` */
  readonly grant: string;
  /** Whether its pattern covers the repository. */
  readonly covers: boolean;
  /** Whether its role has the right. */
  readonly gives: boolean;
}

interface Grant {
  readonly who: readonly string[];
  readonly role: string;
  readonly rights: readonly Right[];
  readonly patterns: readonly string[];
  covers(repository: string): boolean;
}

type AccessConfig = NonNullable<ServerConfig["access"]>;

/** Grants add up: a right is there when one of them gives it. Nothing takes rights away. */
export function compileGrants({ grants, roles }: Pick<AccessConfig, "grants" | "roles">): Grants {
  const compile = ({ who, role, repositories }: { who: readonly string[]; role: string; repositories: readonly string[] }): Grant => {
    const tests = repositories.map(repositoryPattern);
    return {
      who, role, patterns: repositories,
      rights: roles[role] ?? ROLES[role] ?? [],
      covers: (repository) => tests.some((test) => test(repository)),
    };
  };
  const compiled: readonly Grant[] = grants.map(compile);
  const scopes = new WeakMap<SecretScope, Grant>();
  const scopeOf = (identity: Identity): Grant | undefined => {
    const scope = identity.kind === "anonymous" ? undefined : identity.secret?.scope;
    if (!scope) return undefined;
    let grant = scopes.get(scope);
    if (!grant) scopes.set(scope, (grant = compile({ ...scope, who: [identity.kind === "robot" ? "its own scope" : "scope of the token"] })));
    return grant;
  };
  const of = (identity: Identity): readonly Grant[] => {
    const own = compiled.filter(({ who }) => who.some((word) => means(word, identity)));
    const scope = identity.kind === "robot" ? scopeOf(identity) : undefined;
    return scope ? [...own, scope] : own;
  };
  /** What a personal token is narrowed to. */
  const boundOf = (identity: Identity): Grant | undefined => (identity.kind === "user" ? scopeOf(identity) : undefined);

  const allRoles: Readonly<Record<string, readonly Right[]>> = { ...ROLES, ...roles };

  return {
    patterns: (identity, right) => of(identity).filter(({ rights }) => rights.includes(right)).flatMap(({ patterns }) => patterns),
    namedFor: (robot) => compiled.filter(({ who }) => who.includes(`robot:${robot}`)),
    role: (name) => (Object.hasOwn(allRoles, name) ? allRoles[name] : undefined),
    roles: Object.keys(allRoles),
    explain: (identity, right, repository) => of(identity).map((grant) => ({ grant: describe(grant), covers: grant.covers(repository), gives: grant.rights.includes(right) })),
    rights(identity, repository) {
      const bound = boundOf(identity);
      if (bound && !bound.covers(repository)) return new Set();
      const rights = of(identity).filter((grant) => grant.covers(repository)).flatMap((grant) => grant.rights);
      return new Set(bound ? rights.filter((right) => bound.rights.includes(right)) : rights);
    },
    decide(identity, right, repository) {
      const own = of(identity);
      const grant = own.find((each) => each.rights.includes(right) && each.covers(repository));
      const asked = { right, repository };
      if (identity.kind === "anonymous") return grant ? decided(true, "everybody", { ...asked, grant: describe(grant) }) : decided(false, "loginNeeded", asked);
      const who = `${identity.kind} ${nameOf(identity)}`;
      const bound = boundOf(identity);
      if (grant && bound && !(bound.rights.includes(right) && bound.covers(repository))) return decided(false, "narrowToken", { ...asked, who, role: bound.role, patterns: bound.patterns.join(", ") });
      if (grant) return decided(true, "granted", { ...asked, who, grant: describe(grant) });
      const covering = own.filter((each) => each.covers(repository));
      if (covering.length > 0) return decided(false, "hasOnly", { ...asked, who, grants: covering.map(describe).join("; ") });
      return decided(false, own.length > 0 ? "elsewhereOnly" : "noRights", { ...asked, who });
    },
  };
}

/** `writer on team/** (group:core)` */
function describe({ role, patterns, who }: Grant): string {
  return `${role} on ${patterns.join(", ")} (${who.join(", ")})`;
}

/** Whether a word of `who` means the one who asks. */
function means(word: string, identity: Identity): boolean {
  if (word === "anonymous") return true; // what everybody may do, those who have logged in may too
  if (identity.kind === "anonymous") return false;
  if (word === "authenticated" || word === "user") return true;
  const [kind, name] = word.includes(":") ? [word.slice(0, word.indexOf(":")), word.slice(word.indexOf(":") + 1)] : ["user", word];
  return kind === "group" ? identity.groups.includes(name) : kind === identity.kind && name === identity.name;
}
