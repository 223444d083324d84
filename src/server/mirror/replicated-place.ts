import { carryImage } from "../../carry/carry-image.ts";
import type { Sink, Source } from "../../carry/place.ts";
import { registrySink } from "../../carry/places/registry-sink.ts";
import { registrySource } from "../../carry/places/registry-source.ts";
import { missingReferrers } from "../../carry/sync/missing-referrers.ts";
import { isDigestTag } from "../../carry/sync/named-tags.ts";
import { selectTags } from "../../carry/sync/select-tags.ts";
import type { Digest } from "../../oci/digest.ts";
import { createRegistryClient, type RegistryClient } from "../../registry/client.ts";
import { because, describeReasons } from "../../retention/reasons.ts";
import { isFault } from "../../std/fault.ts";
import type { ReplicationRule } from "../config/replication-section.ts";
import type { Actor } from "../storage/records.ts";
import type { RegistryStorage } from "../storage/storage.ts";
import type { ImmutableTags } from "../terms/immutable-tags.ts";
import { refusal } from "../terms/refusals.ts";
import { repositoryPattern } from "../terms/repository-pattern.ts";
import { parseUpstream } from "../terms/upstream.ts";
import { storageSink } from "./storage-sink.ts";
import { storageSource } from "./storage-source.ts";

/** What the log of changes calls the replication. */
export const REPLICATION: Actor = { user: "sampan:replication", address: undefined, agent: undefined };

/** The two sides of a rule. Names of repositories are those here. */
export interface ReplicatedPlace extends AsyncDisposable {
  readonly host: string;
  covers(repository: string): boolean;
  /** Repositories of the side that is copied from. */
  repositories(signal: AbortSignal): AsyncIterable<string>;
  /** Its tags that the rule wants, the newest version first. */
  tags(repository: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Copies what differs. `gone`: the side that is copied from has the tag no more. */
  copy(repository: string, tag: string, signal: AbortSignal): Promise<"copied" | "same" | "gone">;
  /**
   * Tags of the other side that are the rule's, and that the side that is copied from does not have in a repository that it shows. A
   * repository that it does not know may be one that it hides: nothing is lost there.
   */
  lost(repository: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Deletes a tag that the side that is copied from does not have, once it has said so again; false when there is nothing to be deleted. */
  remove(repository: string, tag: string, signal: AbortSignal): Promise<boolean>;
}

export interface PlaceOptions {
  readonly storage: RegistryStorage;
  readonly immutable: ImmutableTags;
  /** How long a tag that was deleted here can be restored, in milliseconds. */
  readonly trash: number;
  readonly password: string | undefined;
  readonly certificates: readonly string[];
}

const NAMES_AT_ONCE = 500;

export function openReplicatedPlace(rule: ReplicationRule, options: PlaceOptions): ReplicatedPlace {
  const { storage, immutable, trash, password, certificates } = options;
  const { host, path, plain } = parseUpstream((rule.to ?? rule.from)!)!;
  const login = rule.username === undefined || password === undefined ? undefined : { username: rule.username, password, source: "the section replication" };
  const client: RegistryClient = createRegistryClient({
    credentials: { find: (asked) => (asked === host ? login : undefined) },
    certificates, insecure: plain ? [host] : [], withoutMirrors: true, retry: { attempts: 3, base: 200, longest: 2000 }, userAgent: "sampan-registry",
  });
  const patterns = rule.repositories.map(repositoryPattern);
  const covers = (repository: string): boolean => patterns.some((matches) => matches(repository));
  const there = (repository: string, tag?: string) => ({ host, repository: path + repository, ...(tag === undefined ? {} : { tag }) });

  const sides = (repository: string, tag: string): { from: Source; to: Sink; target: Source } => {
    const [here, distant] = [storageSource(storage, repository, tag), registrySource(client, there(repository, tag))];
    return rule.to === undefined
      ? { from: distant, to: storageSink(storage, repository, { tag, immutable, actor: REPLICATION }), target: here }
      : { from: here, to: registrySink(client, there(repository, tag)), target: distant };
  };

  const tagsOf = async (repository: string, signal: AbortSignal): Promise<readonly string[]> => {
    if (rule.to !== undefined) return (await storage.metadata.tags(repository, {}))?.items ?? [];
    return client.tagList(there(repository), { signal }).catch(orNothing<readonly string[]>([]));
  };

  const hereOf = async (repository: string): Promise<readonly string[] | undefined> => (await storage.metadata.tags(repository, {}))?.items;
  const thereOf = (repository: string, signal: AbortSignal): Promise<readonly string[] | undefined> => client.tagList(there(repository), { signal }).catch(orNothing<undefined>(undefined));
  /** Of the side that is copied from: undefined where it shows no such repository. */
  const shownBySource = (repository: string, signal: AbortSignal) => (rule.to === undefined ? thereOf(repository, signal) : hereOf(repository));
  const shownByTarget = (repository: string, signal: AbortSignal) => (rule.to === undefined ? hereOf(repository) : thereOf(repository, signal));
  // What is too old for `latest` is none the less there.
  const { latest: _latest, ...names } = rule;
  const isRules = (tag: string): boolean => selectTags([tag], names).wanted.length > 0;

  const removeHere = async (repository: string, tag: string, signal: AbortSignal): Promise<boolean> => {
    const digest = (await storage.metadata.manifest(repository, tag))?.digest;
    // A list may be shorter than it is, by a proxy between that takes the link to its next page away or answers something of its own.
    if (digest === undefined || (await client.manifestHead(there(repository, tag), { signal }))) return false;
    if (immutable(repository, tag)) throw refusal("immutableHere", { tag, repository }, { as: "DENIED" });
    return storage.metadata.discardTag(repository, { tag, digest }, { actor: REPLICATION, reason: describeReasons([because("goneElsewhere", { host })]), keepFor: trash });
  };
  const removeThere = async (repository: string, tag: string, signal: AbortSignal): Promise<boolean> => {
    if (!(await client.manifestHead(there(repository, tag), { push: true, signal }))) return false;
    await client.manifestDelete(there(repository, tag), { signal });
    return true;
  };

  return {
    host,
    covers,

    async *repositories(signal) {
      if (rule.to === undefined) {
        const plainNames = rule.repositories.every((pattern) => !/[*?[{]/.test(pattern));
        const names = plainNames ? rule.repositories : (await client.catalogList(host, { signal })).filter((name) => name.startsWith(path)).map((name) => name.slice(path.length)).filter(covers);
        return yield* names;
      }
      for (let after: string | undefined; ; ) {
        const { items, more } = await storage.metadata.repositories({ after, limit: NAMES_AT_ONCE });
        yield* items.filter(covers);
        after = items.at(-1);
        if (!more) return;
      }
    },

    // Tags of signatures go along with what they belong to.
    tags: async (repository, signal) => selectTags((await tagsOf(repository, signal)).filter((tag) => !isDigestTag(tag)), rule).wanted,

    async copy(repository, tag, signal) {
      const { from, to, target } = sides(repository, tag);
      const root = await from.root(signal).catch(orNothing(undefined));
      if (!root) return "gone";
      const found: Digest | undefined = await target.rootDigest!(signal).catch(orNothing(undefined, "REGISTRY_DENIED", "REGISTRY_UNAUTHORIZED"));
      if (found === root.digest && (!rule.referrers || (await missingReferrers(from, target, root, signal)) === 0)) return "same";
      await carryImage(from, to, { platforms: "all", referrers: rule.referrers, signal });
      return "copied";
    },

    async lost(repository, signal) {
      const source = await shownBySource(repository, signal);
      if (!source) return [];
      const known = new Set(source);
      return ((await shownByTarget(repository, signal)) ?? []).filter((tag) => !known.has(tag) && isRules(tag));
    },

    async remove(repository, tag, signal) {
      if (!isRules(tag)) return false;
      const source = await shownBySource(repository, signal);
      if (!source || source.includes(tag)) return false;
      return rule.to === undefined ? removeHere(repository, tag, signal) : removeThere(repository, tag, signal);
    },

    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

/** What is not there is no failure; some registries also deny to read what is not there yet. */
function orNothing<Value>(nothing: Value, ...more: readonly string[]): (error: unknown) => Value {
  return (error) => {
    if (isFault(error) && ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", ...more].includes(error.code)) return nothing;
    throw error;
  };
}
