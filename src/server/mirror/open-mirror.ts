import type { ProxyRule } from "../config/proxy-section.ts";
import { readNamedFile } from "../config/values.ts";
import { every } from "../terms/every.ts";
import type { PullThrough } from "../pull-through.ts";
import { createBoundedCache } from "../storage/bounded-cache.ts";
import type { RegistryStorage } from "../storage/storage.ts";
import type { ImmutableTags } from "../terms/immutable-tags.ts";
import type { UpstreamAddress } from "../terms/upstream.ts";
import { dropUnused } from "./drop-unused.ts";
import { mirroredBlobs } from "./mirrored-blobs.ts";
import { mirroredManifests } from "./mirrored-manifests.ts";
import type { MirrorContext, Proxied } from "./proxied.ts";
import { compileRules } from "./proxy-rules.ts";
import { mirroredReferrers } from "./referrer-lists.ts";
import { createSingleFlight } from "./single-flight.ts";
import { createUpstreamState } from "./upstream-state.ts";
import { createUpstreamBreaker, type UpstreamBreaker } from "./upstream-breaker.ts";
import { openUpstream, type UpstreamLogin } from "./upstream.ts";

/** Bytes for sizes of blobs. */
const SIZES = 8 * 1024 * 1024;
/** Bytes for lists of tags. */
const TAGS = 8 * 1024 * 1024;
const SWEEP = 3_600_000;
/** Longest time between two sweeps of what is not pulled any more, where it shall be kept for a shorter one. */
const SHORTEST_SWEEP = 1000;

/**
 * The section `proxy` of a configuration at work.
 * @throws SERVER_CONFIG_UNREADABLE for files that it names
 */
export function openMirror(
  rules: readonly ProxyRule[],
  options: { storage: RegistryStorage; immutable: ImmutableTags; configFile: string; report: (problem: Error) => void },
): PullThrough & AsyncDisposable {
  const { storage, immutable, report } = options;
  const stop = new AbortController();
  const breakers = new Map<string, UpstreamBreaker>();
  const breakerOf = ({ host }: UpstreamAddress, { username = "" }: ProxyRule): UpstreamBreaker => {
    const key = `${host} ${username}`;
    const known = breakers.get(key) ?? createUpstreamBreaker(host, report);
    breakers.set(key, known);
    return known;
  };
  const proxied: readonly Proxied[] = compileRules(rules).map((compiled) => {
    const { rule, upstream } = compiled;
    const certificates = rule.ca === undefined ? [] : [readNamedFile(options.configFile, rule.ca)];
    const login = loginOf(rule, options.configFile);
    return {
      ...compiled,
      registry: openUpstream(upstream, { ...(login ? { login } : {}), certificates, signal: stop.signal }),
      state: createUpstreamState(breakerOf(upstream, rule), rule),
    };
  });
  const ruleOf = (repository: string): Proxied | undefined => proxied.find(({ covers }) => covers(repository));
  const context: MirrorContext = { storage, immutable, report, sizes: createBoundedCache(SIZES) };
  const manifest = mirroredManifests(context);
  const blobs = mirroredBlobs(context);
  const referrers = mirroredReferrers(storage);
  const tagFlight = createSingleFlight<readonly string[]>();
  const tagLists = createBoundedCache<{ readonly tags: readonly string[]; readonly at: number }>(TAGS);
  const shortest = Math.min(SWEEP, ...rules.filter(({ keep }) => keep > 0).map(({ keep }) => Math.max(SHORTEST_SWEEP, keep / 4)));
  const sweep = every(shortest, () => dropUnused(storage.metadata, { ruleOf, immutable, now: Date.now() }), report);

  return {
    nameHere(repository, namespace) {
      const found = namespace === null ? undefined : proxied.find(({ rule, upstream, covers }) => upstream.host === namespace && !repository.startsWith(rule.prefix) && covers(rule.prefix + repository));
      return found === undefined ? repository : found.rule.prefix + repository;
    },
    covers: (repository) => ruleOf(repository) !== undefined,
    manifest: (repository, reference) => manifest(ruleOf(repository)!, repository, reference),
    blobSize: (repository, digest) => blobs.size(ruleOf(repository)!, repository, digest),
    fetchBlob: (repository, digest) => blobs.fetch(ruleOf(repository)!, repository, digest),

    async tags(repository) {
      const { state, registry, rule, nameThere } = ruleOf(repository)!;
      const known = tagLists.get(repository);
      if (known && (Date.now() - known.at < rule.ttl || state.rests(repository))) return known.tags;
      try {
        return await tagFlight(repository, () => state.ask(repository, "NAME_UNKNOWN", async () => {
          const tags = [...new Set(await registry.tagList(nameThere(repository)))].sort();
          tagLists.set(repository, { tags, at: Date.now() }, tags.reduce((sum, tag) => sum + 2 * tag.length + 50, 300));
          return tags;
        }));
      } catch (error) {
        if ((error as { code?: unknown }).code === "NAME_UNKNOWN") throw error;
        const here = known?.tags ?? (await storage.metadata.tags(repository, {}))?.items;
        if (here === undefined) throw error;
        return here;
      }
    },

    upstreams: () => [...breakers.values()].map((breaker) => breaker.status()),

    referrers: (repository, digest) => referrers(ruleOf(repository)!, repository, digest),

    async [Symbol.asyncDispose]() {
      clearInterval(sweep);
      stop.abort(new Error("the registry is being stopped"));
      await blobs.settle();
      await Promise.all(proxied.map(({ registry }) => registry[Symbol.asyncDispose]()));
    },
  };
}

function loginOf({ username, password, passwordFile }: ProxyRule, configFile: string): UpstreamLogin | undefined {
  if (username === undefined) return undefined;
  return { username, password: password ?? readNamedFile(configFile, passwordFile!).replace(/\r?\n$/, "") };
}
