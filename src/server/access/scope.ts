import { isName } from "../terms/name.ts";
import { RIGHTS, type Right } from "../terms/rights.ts";

/** One resource of a token request or a token: `repository:team/app:pull,push` (distribution, spec/auth/scope.md). */
export interface Scope {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

const MOST = 100;

/**
 * Scopes of a request: several parameters, or several in one, separated by spaces. A scope is cut at its first and its last colon. What has not the form is left out, as the specification wants it,
 * and so is what is no repository's name: nothing else would end what grants compare, and a token.
 */
export function parseScopes(parameters: readonly string[]): readonly Scope[] {
  return parameters.flatMap((parameter) => parameter.split(" ")).filter((text) => text !== "").slice(0, MOST).flatMap((text) => {
    const first = text.indexOf(":");
    const last = text.lastIndexOf(":");
    if (first <= 0 || last === first) return [];
    const type = text.slice(0, first).replace(/\([a-z0-9]+\)$/, "");
    const actions = text.slice(last + 1).split(",").filter((action) => action !== "");
    const name = text.slice(first + 1, last);
    return type === "repository" && !isName(name) ? [] : [{ type, name, actions }];
  });
}

/** What is granted of a scope of repositories: what was asked for and is allowed. Who may push to a tag that is there may do so with `push`. */
export function narrowScope({ type, name, actions }: Scope, rights: ReadonlySet<Right>): Scope {
  const wanted = new Set<string>(actions.includes("*") ? RIGHTS : actions);
  if (wanted.has("push")) for (const right of ["retag", "sign"]) wanted.add(right);
  return { type, name, actions: RIGHTS.filter((right) => wanted.has(right) && rights.has(right)) };
}
