import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { hideLogin } from "../context/git-url.ts";
import { remoteContext } from "../context/remote-context.ts";
import { fault } from "../std/fault.ts";
import { openSession, type SharedOptions } from "./build-session.ts";
import { createRemotePort } from "./remote-port.ts";
import type { SecretSource } from "./secrets.ts";
import type { SshForward } from "./ssh-agents.ts";

/** Files that say what to build, fetched from elsewhere. */
export interface FetchedDefinition {
  /** What came: a repository or an archive with files, or one file. */
  readonly kind: "git" | "archive" | "file";
  /** Reads a file of it, by its path from the root, or the one file; undefined where there is none. What leads out of the root is not there. */
  read(path: string): string | undefined;
}

/** What opens a repository to this user, besides the user's own keys. */
export interface DefinitionLogins {
  /** `GIT_AUTH_TOKEN` and `GIT_AUTH_HEADER`. */
  readonly secrets: readonly SecretSource[];
  /** An agent, or files of keys, in place of the user's own. */
  readonly ssh: readonly SshForward[];
}

const LIMIT = 2 * 1024 * 1024;

/**
 * Fetches a definition from a git repository or a URL for as long as `use` takes. Repositories are reached with the user's own keys, or what
 * `given` has.
 * @throws SSH_INVALID, GIT_URL_INVALID, NOT_SUPPORTED for no such place, and the faults of fetching
 */
export async function withDefinition<Result>(url: string, { given, ...shared }: SharedOptions & { readonly given: DefinitionLogins }, use: (found: FetchedDefinition) => Promise<Result>): Promise<Result> {
  const place = remoteContext(url);
  if (place === undefined) throw fault("NOT_SUPPORTED", { feature: `the place ${hideLogin(url)}` });
  await using session = await openSession(shared, [{ context: url, ...given }]);
  const socket = place.kind === "git" ? await session.agents.socket("default") : undefined;
  const port = createRemotePort(session.store, session.remote(false), { ...session.access, ...(socket === undefined ? {} : { ssh: { socket } }) });
  if (place.kind === "git") {
    const { folder } = await port.git(place.source);
    return await use({ kind: "git", read: (path) => readWithin(folder, path) });
  }
  const tree = await port.unpacked(url);
  if (tree) return await use({ kind: "archive", read: (path) => readWithin(tree.folder, path) });
  const { path } = await port.file(url);
  return await use({ kind: "file", read: () => readLimited(path) });
}

function readWithin(root: string, name: string): string | undefined {
  const path = join(root, resolve("/", name));
  return existsSync(path) && realpathSync(path).startsWith(`${realpathSync(root)}/`) ? readLimited(path) : undefined;
}

function readLimited(path: string): string | undefined {
  const stat = statSync(path);
  if (!stat.isFile()) return undefined;
  if (stat.size > LIMIT) throw fault("BAKE_FILE_MISSING", { path, reason: `it is larger than ${LIMIT} bytes` });
  return readFileSync(path, "utf8");
}
