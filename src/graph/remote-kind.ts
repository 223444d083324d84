/** Git forms of moby's gitutil: a scheme of git's own, `git@host:path`, or http(s) with a `.git` path. */
const GIT = /^(?:git@|git:\/\/|ssh:\/\/)|^https?:\/\/[^#?]*\.git(?:[#?]|$)/;

/** What a source of ADD is that does not lie in the context; undefined for a path. */
export function remoteKind(source: string): "git ref" | "URL" | undefined {
  if (GIT.test(source)) return "git ref";
  return /^https?:\/\//.test(source) ? "URL" : undefined;
}
