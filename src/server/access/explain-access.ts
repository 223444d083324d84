import { fault } from "../../std/fault.ts";
import { readConfigFile } from "../config/read-config.ts";
import { isName } from "../terms/name.ts";
import { compileGrants, type Decision, type ExplainedGrant } from "./grants.ts";
import { ANONYMOUS, type Identity } from "./identity.ts";
import type { Right } from "../terms/rights.ts";

/**
 * What a configuration says of one question.
 * @throws SERVER_CONFIG_UNREADABLE, SERVER_CONFIG_INVALID; USAGE for what is no repository
 */
export function explainAccess(question: { config: string; user: string; groups: readonly string[]; right: Right; repository: string }): Decision & { grants: readonly ExplainedGrant[] } {
  const { user, right, repository } = question;
  if (!isName(repository)) throw fault("USAGE", { problem: `${JSON.stringify(repository)} is no repository: it is named without host and tag, as in prod/shop` });
  const { access } = readConfigFile(question.config);
  if (access === undefined) return { allowed: true, reason: "the configuration has no section `access`: everybody may do everything", grants: [] };
  const groups = [...question.groups, ...Object.entries(access.groups).flatMap(([group, members]) => (members.includes(user) ? [group] : []))];
  const robot = /^robot[:$](.+)$/.exec(user)?.[1];
  const identity: Identity = user === "anonymous" ? ANONYMOUS : { kind: robot === undefined ? "user" : "robot", name: robot ?? user.replace(/^user:/, ""), groups };
  const grants = compileGrants(access);
  return { ...grants.decide(identity, right, repository), grants: grants.explain(identity, right, repository) };
}
