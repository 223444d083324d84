import type { GitUrl } from "../context/git-url.ts";

/** What was fetched from elsewhere: the commit of a repository, by its {@link gitKey}, or the digest of a file, by its URL. */
export type Pins = ReadonlyMap<string, string>;

/** `remote#ref`: which commit that is does not depend on the folder that is used of it. */
export function gitKey({ remote, ref }: Pick<GitUrl, "remote" | "ref">): string {
  return ref === undefined ? remote : `${remote}#${ref}`;
}
