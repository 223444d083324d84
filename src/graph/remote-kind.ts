import { isGitUrl } from "../context/git-url.ts";

/** What a source of ADD is that does not lie in the context; undefined for a path. */
export function remoteKind(source: string): "git ref" | "URL" | undefined {
  if (isGitUrl(source)) return "git ref";
  return /^https?:\/\//i.test(source) ? "URL" : undefined;
}
