import { compileGlob, globProblem } from "../../std/glob.ts";

const PATTERN = /^[a-z0-9._\-/*?{},[\]!^]{1,255}$/;

/** Why {@link repositoryPattern} cannot read it; undefined when it can. */
export function patternProblem(text: string): string | undefined {
  if (!PATTERN.test(text) || text.split("/").some((part) => ["", ".", ".."].includes(part))) return "write prod/*, team/** or **";
  return globProblem(text);
}

export function isRepositoryPattern(text: string): boolean {
  return patternProblem(text) === undefined;
}

/**
 * A test for repository names. `*` stands for what has no slash, `**` for any number of path components, `{a,b}` for
 * one of several; `*` alone stands for all, since nobody who writes it means less. As Harbor and zot read their selectors (doublestar).
 */
export function repositoryPattern(text: string): (repository: string) => boolean {
  return text === "*" || text === "**" ? () => true : compileGlob(text);
}

/** Whether everything that `inner` covers is certainly covered by `outer`: the same pattern, everything, or all below a path that has no wildcards. */
export function isWithin(inner: string, outer: string): boolean {
  if (outer === inner || outer === "*" || outer === "**") return true;
  const path = /^([a-z0-9._\-/]+\/)\*\*$/.exec(outer)?.[1];
  return path !== undefined && inner.startsWith(path);
}
