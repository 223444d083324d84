import { existsSync } from "node:fs";
import { fault } from "../../std/fault.ts";
import type { ServerConfig } from "../config/config-schema.ts";
import { readConfigFile } from "../config/read-config.ts";
import { fileBeside } from "../config/values.ts";
import { isName } from "../terms/name.ts";
import { describeDemands } from "../signatures/describe-demand.ts";
import type { SecretRecord } from "../storage/secrets.ts";
import { decided, OPEN, type Decision } from "./decision.ts";
import { compileGrants, type ExplainedGrant } from "./grants.ts";
import { openPasswordFile } from "./htpasswd.ts";
import { ANONYMOUS, type Identity } from "./identity.ts";
import type { Right } from "../terms/rights.ts";

export interface AccessQuestion {
  readonly config: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly right: Right;
  readonly repository: string;
  /** What the registry knows of the robot that `user` names. */
  readonly robot?: SecretRecord | undefined;
}

/** The robot that `robot:NAME` or `robot$NAME` means. */
export function robotOf(user: string): string | undefined {
  return /^robot[:$](.+)$/.exec(user)?.[1];
}

export interface Explanation extends Decision {
  readonly grants: readonly ExplainedGrant[];
  /** What else there is to know. */
  readonly notes: readonly string[];
}

/**
 * What a configuration says of one question.
 * @throws SERVER_CONFIG_UNREADABLE, SERVER_CONFIG_INVALID; USAGE for what is no repository
 */
export function explainAccess(question: AccessQuestion): Explanation {
  const { right, repository } = question;
  const robot = robotOf(question.user);
  const user = question.user.replace(/^user:/, "");
  if (!isName(repository)) throw fault("USAGE", { problem: `${JSON.stringify(repository)} is no repository: it is named without host and tag, as in prod/shop` });
  const { access, signatures } = readConfigFile(question.config);
  if (access === undefined) return { ...OPEN, grants: [], notes: [] };
  const groups = robot !== undefined ? [] : [...question.groups, ...Object.entries(access.groups).flatMap(([group, members]) => (members.includes(user) ? [group] : []))];
  const problem = question.robot && robotProblem(question.robot);
  if (problem !== undefined) return { ...decided(false, "badRobot", { who: `robot robot$${robot}`, problem }), grants: [], notes: [] };
  const secret = question.robot ? { secret: { id: question.robot.id, scope: question.robot.scope } } : {};
  const identity: Identity = user === "anonymous" ? ANONYMOUS : { kind: robot === undefined ? "user" : "robot", name: robot ?? user, groups, ...secret };
  const grants = compileGrants(access);
  const note = identity.kind === "user" ? unknownUser(user, access, question.config) : undefined;
  const decision = grants.decide(identity, right, repository);
  const demands = right === "pull" && decision.allowed ? describeDemands(signatures, repository) : [];
  return { ...decision, grants: grants.explain(identity, right, repository), notes: [...(note === undefined ? [] : [note]), ...demands] };
}

/** A directory or a provider may know users that the password file does not have. */
function unknownUser(user: string, { htpasswd, ldap, oidc }: NonNullable<ServerConfig["access"]>, config: string): string | undefined {
  const file = htpasswd === undefined || ldap !== undefined || oidc !== undefined ? undefined : fileBeside(config, htpasswd);
  if (file === undefined || !existsSync(file)) return undefined; // the file may be on the server only
  const known = openPasswordFile(file, () => undefined).names().has(user);
  return known ? undefined : `the password file has no user ${user}: nobody can log in by that name`;
}

function robotProblem({ disabled, expiresAt }: SecretRecord): string | undefined {
  if (disabled) return "is disabled";
  return expiresAt !== undefined && expiresAt <= Date.now() ? `has expired on ${new Date(expiresAt).toISOString()}` : undefined;
}
