import { posix } from "node:path";
import { fault } from "../std/fault.ts";

/** A git repository as a build names it, with what of it is meant. */
export interface GitUrl {
  /** What git is given: without query and fragment. */
  readonly remote: string;
  /** Branch, tag, full name of a ref or full commit id; by default the branch that the repository begins with. */
  readonly ref?: string;
  /** Below the root, free of `.` and `..`. */
  readonly subdir?: string;
  /** The commit id that the ref must have, or its beginning. */
  readonly checksum?: string;
  readonly keepGitDir?: boolean;
  readonly submodules?: boolean;
  /** `commit`: files get the time of the commit. */
  readonly mtime?: "checkout" | "commit";
  /** Fetch the commit that `checksum` names instead of the ref. */
  readonly fetchByCommit?: boolean;
}

const SCHEME = /^(?:git|ssh):\/\//i;
const WEB = /^https?:\/\/[^#?]*\.git(?:[#?]|$)/i;
/** `git@host:path`, as scp writes it. */
const SCP = /^([a-zA-Z0-9_-]+)@([a-zA-Z0-9.-]+):([^#?]*)/;

/** Whether a source is a git repository: a scheme of git's own, `user@host:path`, or http(s) with a path in `.git`. */
export function isGitUrl(text: string): boolean {
  return SCHEME.test(text) || WEB.test(text) || (SCP.test(text) && !text.includes("://"));
}

/**
 * Parses `remote[?key=value&…][#ref[:subdir]]`, as BuildKit's gitutil does; query and fragment must not contradict.
 * @throws GIT_URL_INVALID
 */
export function parseGitUrl(text: string): GitUrl {
  const [, remote = "", query, fragment] = /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text) ?? [];
  checkRemote(remote);
  const [written = "", below] = splitOnce(fragment ?? "", ":");
  const fromFragment = { ref: written === "" ? undefined : written, subdir: cleanSubdir(below) };
  const values = readQuery(query ?? "");
  const fromQuery = readNames(values);
  if (fromQuery.ref !== undefined && fromFragment.ref !== undefined && fromQuery.ref !== fromFragment.ref) {
    throw invalid(`ref conflicts: ${JSON.stringify(fromFragment.ref)} vs ${JSON.stringify(fromQuery.ref)}`);
  }
  const subdir = cleanSubdir(values.get("subdir"));
  if (subdir !== undefined && fromFragment.subdir !== undefined && subdir !== fromFragment.subdir) {
    throw invalid(`subdir conflicts: ${JSON.stringify(fromFragment.subdir)} vs ${JSON.stringify(subdir)}`);
  }
  const ref = fromQuery.ref ?? fromFragment.ref;
  if (ref !== undefined && !isRefName(ref)) throw invalid(`invalid git ref ${JSON.stringify(ref)}`);
  return without({
    remote, ref, subdir: subdir ?? fromFragment.subdir, checksum: fromQuery.checksum,
    keepGitDir: readBoolean(values, "keep-git-dir"), submodules: readBoolean(values, "submodules"),
    mtime: readMtime(values.get("mtime")), fetchByCommit: readBoolean(values, "fetch-by-commit"),
  });
}

/** Names that git takes for an option, or that are no names to git, never reach it (git-check-ref-format(1)). */
export function isRefName(ref: string): boolean {
  return !/^-|[\0-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\/$|\.$/.test(ref);
}

/** The address without a login in it, for messages, logs and history. */
export function hideLogin(text: string): string {
  return text.replace(/(:\/\/)[^/?#\s]*@/g, "$1xxxxx:xxxxx@");
}

function checkRemote(remote: string): void {
  if (/[\0-\x1f\x7f]/.test(remote)) throw invalid("a git URL cannot contain control characters");
  if (SCP.test(remote) && !remote.includes("://")) {
    const [, , host = "", path = ""] = SCP.exec(remote)!;
    if (host.startsWith("-") || path === "" || path.startsWith("-")) throw invalid(`invalid git URL ${JSON.stringify(remote)}`);
    return;
  }
  const url = URL.canParse(remote) ? new URL(remote) : undefined;
  if (url === undefined || url.hostname === "" || url.hostname.startsWith("-") || url.username.startsWith("-")) throw invalid(`invalid git URL ${JSON.stringify(hideLogin(remote))}`);
}

const KEYS = ["ref", "tag", "branch", "subdir", "checksum", "commit", "keep-git-dir", "submodules", "mtime", "fetch-by-commit"];

function readQuery(query: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(query)) {
    if (!KEYS.includes(key)) throw invalid(`unexpected query ${JSON.stringify(key)}`);
    if (values.has(key)) throw invalid(`query ${JSON.stringify(key)} has multiple values`);
    values.set(key, value);
  }
  return values;
}

function readNames(values: ReadonlyMap<string, string>): { ref: string | undefined; checksum: string | undefined } {
  const [tag, branch, plain] = ["tag", "branch", "ref"].map((key) => values.get(key) || undefined);
  if (tag !== undefined && branch !== undefined) throw invalid("branch conflicts with tag");
  const [checksum, commit] = ["checksum", "commit"].map((key) => values.get(key) || undefined);
  if (checksum !== undefined && commit !== undefined && checksum !== commit) throw invalid(`checksum mismatch ${JSON.stringify(checksum)} != ${JSON.stringify(commit)}`);
  const full = tag !== undefined ? `refs/tags/${tag}` : branch !== undefined ? `refs/heads/${branch}` : undefined;
  if (plain !== undefined && full !== undefined && plain !== full) throw invalid(`ref conflicts: ${JSON.stringify(plain)} vs ${JSON.stringify(full)}`);
  return { ref: full ?? plain, checksum: checksum ?? commit };
}

/** A key without a value says yes. */
function readBoolean(values: ReadonlyMap<string, string>, key: string): boolean | undefined {
  const value = values.get(key);
  if (value === undefined) return undefined;
  if (value === "" || /^(?:1|t|true)$/i.test(value)) return true;
  if (/^(?:0|f|false)$/i.test(value)) return false;
  throw invalid(`invalid ${key} value: ${JSON.stringify(value)}`);
}

function readMtime(value: string | undefined): "checkout" | "commit" | undefined {
  if (value === undefined || value === "checkout" || value === "commit") return value;
  throw invalid(`invalid mtime value: ${JSON.stringify(value)} (must be "checkout" or "commit")`);
}

function cleanSubdir(written: string | undefined): string | undefined {
  if (written === undefined) return undefined;
  const path = posix.join("/", written).replace(/\/$/, "").slice(1);
  return path === "" ? undefined : path;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

type Without<Values> = { [Key in keyof Values]: Exclude<Values[Key], undefined> };

function without<Values extends object>(values: Values): Without<Values> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Without<Values>;
}

function invalid(problem: string): Error {
  return fault("GIT_URL_INVALID", { problem });
}
