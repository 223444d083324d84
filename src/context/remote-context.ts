import { fault } from "../std/fault.ts";
import { isGitUrl, parseGitUrl, type GitUrl } from "./git-url.ts";

/** Files that were brought from elsewhere, in a folder that does not change. */
export interface RemoteTree {
  readonly folder: string;
  /** Seconds since the epoch: when the source says that it was made. */
  readonly modified: number | undefined;
}

/** How contexts are brought from elsewhere; the fetch station, later on the way, does it. */
export interface RemotePort {
  git(source: GitUrl): Promise<RemoteTree>;
  /** One file. */
  file(url: string): Promise<RemoteTree & { readonly path: string }>;
  /** The files of such a file, an archive, each with its own owner; undefined where it is none. */
  unpacked(url: string): Promise<RemoteTree | undefined>;
}

export type RemoteContext = { readonly kind: "git"; readonly source: GitUrl } | { readonly kind: "url"; readonly url: string };

/**
 * What a context is that is not on this machine; undefined for a path. A git URL may ask for its `.git`, and so may
 * the build argument BUILDKIT_CONTEXT_KEEP_GIT_DIR.
 * @throws GIT_URL_INVALID
 */
export function remoteContext(text: string, { keepGitDir = false }: { keepGitDir?: boolean } = {}): RemoteContext | undefined {
  const written = text.startsWith("github.com/") ? `https://${text.replace(/^([^?#]*?)(?:\.git)?(?=[?#]|$)/, "$1.git")}` : text;
  if (isGitUrl(written)) {
    const source = parseGitUrl(written);
    return { kind: "git", source: keepGitDir && source.keepGitDir === undefined ? { ...source, keepGitDir } : source };
  }
  return /^https?:\/\//i.test(text) ? { kind: "url", url: text } : undefined;
}

/** @throws NOT_SUPPORTED where nobody can fetch */
export function portOf(remote: RemotePort | undefined): RemotePort {
  if (remote === undefined) throw fault("NOT_SUPPORTED", { feature: "a context from elsewhere" });
  return remote;
}
