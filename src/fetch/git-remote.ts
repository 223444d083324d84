import { fault } from "../std/fault.ts";
import { hideLogin } from "../context/git-url.ts";
import type { FetchSecret } from "./fetched.ts";
import { runGit, type GitOptions, type SshAccess } from "./git-command.ts";

/** A repository as git is to be called for it. */
export interface GitRemote {
  /** Without a login. */
  readonly address: string;
  /** For messages. */
  readonly shown: string;
  readonly options: Omit<GitOptions, "cwd">;
}

/** A ref of a repository, found there. */
export interface RemoteRef {
  readonly commit: string;
  /** `refs/heads/main`; undefined for a commit that was named itself. */
  readonly name: string | undefined;
  /** The id of an annotated tag, which leads to the commit. */
  readonly tag: string | undefined;
}

/**
 * Takes logins out of the address: git gets them as a header for that origin, in its environment. Where there is one,
 * redirects are not followed, as git would take the header along.
 * @param ssh how SSH may be used; undefined where it may not @throws GIT_SSH_REFUSED
 */
export async function openRemote(remote: string, { secret, ssh, signal }: { secret: FetchSecret; ssh: SshAccess | undefined; signal?: AbortSignal }): Promise<GitRemote> {
  const shown = hideLogin(remote);
  const url = URL.canParse(remote) ? new URL(remote) : undefined;
  const web = url !== undefined && /^https?:$/.test(url.protocol);
  const overSsh = url === undefined || url.protocol === "ssh:";
  if (overSsh && ssh === undefined) throw fault("GIT_SSH_REFUSED", { remote: shown });
  const common = { ...(overSsh ? { ssh } : {}), ...(signal ? { signal } : {}) };
  if (!web) return { address: remote, shown, options: common };
  const login = await webLogin(url, secret);
  url.username = "";
  url.password = "";
  const config: [string, string][] = [
    ["http.followRedirects", login ? "false" : "initial"],
    ...(login ? [[`http.${url.origin}/.extraHeader`, `Authorization: ${login}`] as [string, string]] : []),
  ];
  return { address: url.href, shown, options: { ...common, config } };
}

/** Of what the build was given. What is empty (a variable that is not set) is no login: with one, public repositories would refuse us. */
async function webLogin(url: URL, secret: FetchSecret): Promise<string | undefined> {
  const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  if (url.username !== "" || url.password !== "") return basic(decodeURIComponent(url.username), decodeURIComponent(url.password));
  for (const suffix of [`.${url.host}`, ""]) {
    const header = await secret(`GIT_AUTH_HEADER${suffix}`);
    if (header?.trim()) return header.trim();
    const token = await secret(`GIT_AUTH_TOKEN${suffix}`);
    if (token?.trim()) return basic("x-access-token", token.trim());
  }
  return undefined;
}

/**
 * The commit that a name means in a repository: a branch before a tag of that name (as git checkout takes it), then any
 * ref; without a name the branch that HEAD is.
 * @throws GIT_REF_MISSING, GIT_FAILED
 */
export async function resolveRef({ address, shown, options }: GitRemote, ref: string | undefined, cwd: string): Promise<RemoteRef> {
  if (ref !== undefined && /^[0-9a-f]{40}$/.test(ref)) return { commit: ref, name: undefined, tag: undefined };
  const wanted = ref ?? "HEAD";
  const { status, stdout, stderr } = await runGit(["ls-remote", "--symref", "--", address, wanted, `${wanted}^{}`], { ...options, cwd });
  if (status !== 0) throw fault("GIT_FAILED", { remote: shown, doing: ref === undefined ? "fetching default branch" : "fetching remote", said: stderr });
  const found = new Map<string, string>();
  let head: string | undefined;
  for (const line of stdout.split("\n")) {
    const [first = "", name = ""] = line.split("\t");
    if (first.startsWith("ref: ") && name === "HEAD") head = first.slice(5);
    else if (/^[0-9a-f]{40,64}$/.test(first)) found.set(name, first);
  }
  if (ref === undefined) {
    const commit = found.get("HEAD");
    if (commit === undefined) throw fault("GIT_REF_MISSING", { remote: shown, ref: "HEAD" });
    return { commit, name: head, tag: undefined };
  }
  const below = (prefix: string): string => (ref.startsWith(prefix) ? ref : prefix + ref);
  for (const name of [below("refs/heads/"), below("refs/tags/"), below("refs/")]) {
    const id = found.get(name);
    if (id === undefined) continue;
    const peeled = found.get(`${name}^{}`);
    return { commit: peeled ?? id, name, tag: peeled === undefined ? undefined : id };
  }
  throw fault("GIT_REF_MISSING", { remote: shown, ref });
}
