import type { Digest } from "../../oci/digest.ts";
import { familiarRepository } from "../../oci/reference.ts";
import { together } from "../../registry/transfer/together.ts";
import { isFault, type Fault } from "../../std/fault.ts";
import { Semaphore } from "../../std/semaphore.ts";
import { chooseRoot } from "../choose-root.ts";
import type { Location } from "../location.ts";
import { openSource, type Surroundings } from "../open-place.ts";
import type { Document, Source } from "../place.ts";
import { missingReferrers } from "./missing-referrers.ts";
import { isDigestTag, namedTags } from "./named-tags.ts";
import type { SyncEntry } from "./sync-entry.ts";

/** What is to be done with one tag, and why. */
export interface SyncAction {
  readonly kind: "copy" | "same" | "delete" | "failed";
  readonly tag: string;
  /** In a few words: `new`, `changed: sha256:… is now sha256:…`. */
  readonly reason: string;
  /** Why it cannot be known what to do. */
  readonly error?: unknown;
}

export interface EntryPlan {
  readonly entry: SyncEntry;
  readonly source: string;
  readonly target: string;
  /** How many tags the source has, where it was asked for them. */
  readonly tags?: number;
  /** In a few words why some of them, or of those that the file names, are not wanted. */
  readonly left: ReadonlyMap<string, string>;
  readonly actions: readonly SyncAction[];
}

const OF_WHOLE_SOURCE = ["NAME_UNKNOWN", "REGISTRY_UNREACHABLE", "REGISTRY_CERTIFICATE", "REGISTRY_UNAUTHORIZED", "REGISTRY_DENIED"];

/** Whether the other tags of the repository would fail with it too. */
function isOfWholeSource(error: Fault): boolean {
  return OF_WHOLE_SOURCE.includes(error.code) || (isFault(error, "MANIFEST_UNKNOWN") && (error.details as { repositoryUnknown?: boolean }).repositoryUnknown === true);
}

/**
 * Finds out what differs between a source and its copy; nothing is changed. The source is asked which tags it has only where
 * patterns or versions choose among them: registries may refuse that, and lists may be long.
 * @throws NAME_UNKNOWN, REGISTRY_… where the source's tags cannot be listed, or none of those that are named can be read
 */
export async function planEntry(entry: SyncEntry, around: Surroundings, signal: AbortSignal): Promise<EntryPlan> {
  const named = namedTags(entry.choice);
  const { wanted, left, ...counted } = named ?? (await listedTags(entry, around, signal));
  const budget = new Semaphore(entry.target.kind === "oci" ? 1 : 6);
  const isOfAll = (error: Fault): boolean => named !== undefined && isOfWholeSource(error);
  const actions = await together(wanted.map((tag) => (stop: AbortSignal) => budget.run(() => compare(entry, tag, around, isOfAll, stop), stop)), signal);
  return { entry, source: familiarRepository(entry.source), target: targetName(entry), ...counted, left, actions };
}

async function listedTags({ source, choice }: SyncEntry, around: Surroundings, signal: AbortSignal) {
  // Versions are a package of their own, which takes a few milliseconds to load.
  const [listed, { selectTags }] = await Promise.all([around.reader().then((client) => client.tagList(source, { signal })), import("./select-tags.ts")]);
  const tags = listed.filter((tag) => !isDigestTag(tag));
  return { tags: tags.length, ...selectTags(tags, choice) };
}

/**
 * The plan, with tags of the target that go.
 * @param others all other plans of that target: tags go that none of them wants; none where one of them wants no tag, as that
 * is rather a mistake
 */
export async function withDeletions(plan: EntryPlan, others: readonly EntryPlan[], around: Surroundings, signal: AbortSignal): Promise<EntryPlan> {
  return { ...plan, actions: [...plan.actions, ...(await deletions([plan, ...others], around, signal))] };
}

/**
 * The plans of an entry's target, when it is the last one of that target and all others have a plan: only then it is
 * known which tags nobody wants.
 */
export function plansBeside(entry: SyncEntry, entries: readonly SyncEntry[], plans: readonly EntryPlan[]): readonly EntryPlan[] | undefined {
  const name = targetName(entry);
  const group = entries.filter((other) => targetName(other) === name);
  const others = plans.filter(({ target }) => target === name);
  return group.at(-1) === entry && others.length === group.length - 1 ? others : undefined;
}

/** The repository or folder that is kept, as it is shown. */
export function targetName({ target }: SyncEntry): string {
  return target.kind === "oci" ? `oci:${target.path}` : familiarRepository(target.reference);
}

/** Where a tag lies in the source and belongs in the target. */
export function locationsOf({ source, target }: SyncEntry, tag: string): { readonly from: Location; readonly to: Location } {
  return {
    from: { kind: "registry", reference: { ...source, tag } },
    to: target.kind === "oci" ? { kind: "oci", path: target.path, tag } : { kind: "registry", reference: { ...target.reference, tag } },
  };
}

/** @param isOfAll whether what the source fails with is said of the entry, and not of this tag */
async function compare(entry: SyncEntry, tag: string, around: Surroundings, isOfAll: (error: Fault) => boolean, signal: AbortSignal): Promise<SyncAction> {
  let ofSource: unknown;
  try {
    const { from, to } = locationsOf(entry, tag);
    await using source = await openSource(from, around, signal);
    // What mirrors of the target have does not count.
    await using target = await openSource(to, { ...around, reader: around.writer }, signal);
    const wanted = wantedRoot(entry, source, signal).catch((error: unknown) => {
      ofSource = error;
      throw error;
    });
    const [there, root] = await Promise.all([targetDigest(target, to, around, signal), wanted]);
    if (there === undefined) return { kind: "copy", tag, reason: "new" };
    if (there !== root.digest) return { kind: "copy", tag, reason: `changed: ${short(there)} is now ${short(root.digest)}` };
    const missing = entry.referrers ? await missingReferrers(source, target, await root.read(), signal) : 0;
    if (missing > 0) return { kind: "copy", tag, reason: `${missing} referrer${missing === 1 ? "" : "s"} missing` };
    return { kind: "same", tag, reason: short(there) };
  } catch (error) {
    signal.throwIfAborted();
    if (!isFault(error) || (error === ofSource && isOfAll(error))) throw error;
    return { kind: "failed", tag, reason: error.message, error };
  }
}

/** What the target should have; read only where the digest alone does not say it. */
async function wantedRoot({ platforms }: SyncEntry, source: Source, signal: AbortSignal): Promise<{ readonly digest: Digest; read(): Promise<Document> }> {
  const told = platforms === "all" ? await source.rootDigest?.(signal) : undefined;
  if (told !== undefined) return { digest: told, read: () => source.root(signal) };
  const { document } = await chooseRoot(source, await source.root(signal), platforms, signal);
  return { digest: document.digest, read: async () => document };
}

async function targetDigest(target: Source, to: Location, around: Surroundings, signal: AbortSignal): Promise<Digest | undefined> {
  try {
    // What is not there yet is not asked for a second time to hear why.
    if (to.kind === "registry") {
      const head = await (await around.writer()).manifestHead(to.reference, { signal });
      return head && (head.digest ?? (await target.root(signal)).digest);
    }
    return (await target.rootDigest?.(signal)) ?? (await target.root(signal)).digest;
  } catch (error) {
    // Some registries deny to read a repository that is not there yet; where they mean it, the copy says so.
    if (["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "LAYOUT_NAME", "REGISTRY_DENIED", "REGISTRY_UNAUTHORIZED"].some((code) => isFault(error) && error.code === code)) return undefined;
    // A folder that is not there yet.
    if (isFault(error, "LAYOUT_INVALID") && target.repository === undefined) return undefined;
    throw error;
  }
}

/** @param plans all those of one target */
async function deletions(plans: readonly EntryPlan[], around: Surroundings, signal: AbortSignal): Promise<SyncAction[]> {
  const { target } = plans[0]!.entry;
  if (target.kind === "oci" || plans.some(({ actions }) => actions.length === 0)) return [];
  const { selectTags } = await import("./select-tags.ts");
  const wanted = new Set(plans.flatMap(({ actions }) => actions.map(({ tag }) => tag)));
  const reasonOf = (tag: string): string =>
    plans.map(({ left, entry: { choice } }) => left.get(tag) ?? selectTags([tag], choice).left.get(tag)).find((reason) => reason !== undefined) ?? "not in the source any more";
  try {
    const tags = await (await around.writer()).tagList(target.reference, { signal });
    return tags.filter((tag) => !wanted.has(tag) && !isDigestTag(tag)).map((tag) => ({ kind: "delete", tag, reason: reasonOf(tag) }));
  } catch (error) {
    if (isFault(error, "NAME_UNKNOWN")) return [];
    throw error;
  }
}

function short(digest: Digest): string {
  return digest.slice(0, digest.indexOf(":") + 13);
}
