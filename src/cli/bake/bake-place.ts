import { posix } from "node:path";
import type { Target } from "../../bake/target.ts";
import { isGitUrl, parseGitUrl } from "../../context/git-url.ts";
import { fault } from "../../std/fault.ts";

/** Where bake files come from when it is not this machine, and what is left of the command line. */
export interface BakePlace {
  readonly url: string;
  /** `BAKE_CMD_CONTEXT`. */
  readonly commandContext: string;
}

/** `sampan bake [DEFINITION-URL [CONTEXT-URL]] [TARGET...]` */
export function bakePlace(words: readonly string[]): { readonly place: BakePlace | undefined; readonly names: readonly string[] } {
  const [url, second, ...rest] = words;
  if (url === undefined || !isElsewhere(url)) return { place: undefined, names: words };
  if (second !== undefined && isElsewhere(second)) return { place: { url, commandContext: second }, names: rest };
  return { place: { url, commandContext: "cwd://" }, names: words.slice(1) };
}

export function isElsewhere(text: string): boolean {
  return /^https?:\/\//i.test(text) || isGitUrl(text);
}

/**
 * A target of a definition that came from elsewhere: its relative contexts are there, too; `cwd://` is this machine.
 * @param kind an archive is a context as a whole; one file has none @throws BAKE_KEY_LATER
 */
export function atPlace(target: Target, { url }: BakePlace, kind: "git" | "archive" | "file"): Target {
  if (kind === "file") return target;
  const refuse = (key: string, hint: string): never => { throw fault("BAKE_KEY_LATER", { target: target.name, key, hint }); };
  const move = (path: string, key: string): string => {
    if (isNamed(path)) return path;
    if (kind === "git") return withSubdir(url, path);
    return posix.normalize(path) === "." && key === "context" ? url : refuse(`the ${key} ${JSON.stringify(path)} in an archive`, "use a git repository, or unpack the archive and run bake in it");
  };
  const context = move(target.context ?? ".", "context");
  const dockerfile = target.dockerfile ?? "Dockerfile";
  if (context.startsWith("cwd://") && target["dockerfile-inline"] === undefined && !dockerfile.startsWith("cwd://")) {
    refuse("a Dockerfile from elsewhere with a context of this machine", `write dockerfile = "cwd://${dockerfile}" for the one of this machine`);
  }
  const contexts = target.contexts && Object.fromEntries(Object.entries(target.contexts).map(([name, path]) => [name, move(path, "named context")]));
  return { ...target, context, ...(contexts ? { contexts } : {}) };
}

/** What says itself where it is. */
function isNamed(path: string): boolean {
  return /^[a-z][a-z0-9+-]*:\/\//i.test(path) || path.startsWith("target:") || path.startsWith("docker-image:") || isElsewhere(path);
}

/** A git URL for a folder below the one that it names; query and way of writing stay. */
function withSubdir(url: string, path: string): string {
  const below = posix.normalize(path).replace(/(?<=.)\/$/, "");
  if (below === ".") return url;
  const { subdir: before } = parseGitUrl(url);
  const subdir = posix.join(before ?? "", below);
  const [base = "", fragment] = url.split(/#(.*)/s, 2);
  if (fragment === undefined && before !== undefined) return url.replace(/([?&]subdir=)[^&]*/, (_, key: string) => key + encodeURIComponent(subdir));
  return `${base}#${(fragment ?? "").split(":", 1)[0]}:${subdir}`;
}
