import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { GitUrl } from "../context/git-url.ts";
import { sha256 } from "../oci/digest.ts";
import { fault } from "../std/fault.ts";
import type { CacheRecord } from "../store/cache-records.ts";
import type { Store } from "../store/open-store.ts";
import { removeTree } from "../store/remove-tree.ts";
import type { Fetched, FetchOptions, FetchSecret } from "./fetched.ts";
import { checkOut, type GitWanted } from "./git-checkout.ts";
import type { SshAccess } from "./git-command.ts";
import { openRemote, resolveRef, type RemoteRef } from "./git-remote.ts";

/**
 * Brings the files of a commit into a snapshot of the store. The repository is asked which commit a branch or tag is,
 * each time; a commit that is in the store is not fetched again.
 * @param ssh how SSH may be used; undefined where it may not
 * @throws the faults of std/faults/fetch.ts about git
 */
export async function fetchGit(source: GitUrl, { store, secret, ssh, ...options }: FetchOptions & { store: Store; secret: FetchSecret; ssh: SshAccess | undefined }): Promise<Fetched> {
  const wanted: GitWanted = {
    keepGitDir: source.keepGitDir ?? false, submodules: source.submodules ?? true, mtime: source.mtime ?? "checkout",
    ...(source.subdir === undefined ? {} : { subdir: source.subdir }),
  };
  const checksum = readChecksum(source.checksum);
  const byCommit = source.fetchByCommit === true ? [checksum, source.ref].find((id) => id?.length === 40) : undefined;
  if (source.fetchByCommit === true && byCommit === undefined) throw fault("GIT_URL_INVALID", { problem: "fetch-by-commit requires a checksum or a commit SHA ref" });
  const home = mkdtempSync(join(store.temporary, "git-"));
  try {
    const remote = await openRemote(source.remote, { secret, ssh, ...(options.signal ? { signal: options.signal } : {}) });
    const ref = await resolveRef(remote, byCommit ?? source.ref, home);
    checkCommit(ref, checksum);
    const key = sha256(JSON.stringify(["git", source.remote, ref.commit, wanted, wanted.keepGitDir ? ref.name ?? "" : ""]));
    using _claim = await store.claims.take(key, options.signal);
    const known = options.noCache ? undefined : store.cache.find(key);
    if (known?.snapshot) return { ...fromRecord(known), cached: true, why: [`commit ${ref.commit} was fetched before`] };
    const active = store.snapshots.prepare();
    try {
      const time = await checkOut(remote, ref, wanted, { home, to: active.upper });
      const createdAt = Date.now();
      const snapshot = store.snapshots.commit(active, { createdAt });
      const slot = `git ${sha256(JSON.stringify([source.remote, source.ref ?? "", wanted]))}`;
      const before = store.cache.latest(slot);
      const record: CacheRecord = {
        // A work tree of .git has times and an index that differ from fetch to fetch.
        key, resultId: wanted.keepGitDir || options.noCache ? sha256(`${key} ${snapshot.id} ${createdAt}`) : key, slot, snapshot: snapshot.id, createdAt,
        components: { kind: "git", remote: remote.shown, ref: ref.name ?? ref.commit, commit: ref.commit, time: String(time) },
      };
      store.cache.save({ ...record, aliases: [] });
      return { ...fromRecord(record), cached: false, why: [whyFetched(before, ref)] };
    } catch (error) {
      await store.snapshots.discard(active);
      throw error;
    }
  } finally {
    await removeTree(home);
  }
}

/** A commit id or its beginning. */
function readChecksum(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (/^[0-9a-f]{1,64}$/i.test(text)) return text.toLowerCase();
  throw fault("CHECKSUM_INVALID", { problem: `invalid checksum ${text} for Git URL, expected hex commit hash` });
}

function checkCommit({ commit, tag }: RemoteRef, wanted: string | undefined): void {
  if (wanted === undefined || commit.startsWith(wanted) || tag?.startsWith(wanted)) return;
  throw fault("GIT_CHECKSUM_MISMATCH", { wanted, found: commit });
}

function fromRecord({ resultId, snapshot, createdAt, components }: CacheRecord): Omit<Fetched, "cached" | "why"> {
  return { identity: resultId, pin: components["commit"]!, snapshot: snapshot!, createdAt, modified: Number(components["time"]) };
}

function whyFetched(before: CacheRecord | undefined, { commit, name }: RemoteRef): string {
  const was = before?.components["commit"];
  if (was === undefined) return "it was not fetched before";
  return was === commit ? `commit ${commit} is fetched anew` : `${name ?? "the commit"} moved: ${was} → ${commit}`;
}
