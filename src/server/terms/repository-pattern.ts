import picomatch from "picomatch";

const PATTERN = /^[a-z0-9._\-/*?{},[\]!^]{1,255}$/;
const OPTIONS = { dot: true, nonegate: true, noextglob: true, nobracket: false } as const;

/** Whether {@link repositoryPattern} can read it. */
export function isRepositoryPattern(text: string): boolean {
  if (!PATTERN.test(text) || text.startsWith("/") || text.endsWith("/")) return false;
  try {
    picomatch.makeRe(text, OPTIONS);
    return true;
  } catch {
    return false;
  }
}

/**
 * A test for repository names. `*` stands for what has no slash, `**` for any number of path components, `{a,b}` for
 * one of several; `*` alone stands for all, since nobody who writes it means less. As Harbor and zot read their selectors (doublestar).
 */
export function repositoryPattern(text: string): (repository: string) => boolean {
  if (text === "*" || text === "**") return () => true;
  return picomatch(text, OPTIONS);
}
