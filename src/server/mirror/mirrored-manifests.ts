import { setTimeout as wait } from "node:timers/promises";
import { isDigest, type Digest } from "../../oci/digest.ts";
import { parseObject } from "../../oci/manifest.ts";
import type { RemoteManifest } from "../../registry/requests/manifest-requests.ts";
import { checkManifest } from "../check-manifest.ts";
import { createBoundedCache } from "../storage/bounded-cache.ts";
import { describeManifest } from "../storage/describe-manifest.ts";
import type { StoredManifest } from "../storage/records.ts";
import { RegistryError } from "../terms/registry-error.ts";
import { MIRROR, type MirrorContext, type Proxied } from "./proxied.ts";
import { createSingleFlight } from "./single-flight.ts";
import { troubleLine } from "./upstream-state.ts";

/** Bytes for remembering when tags were compared last; one that was forgotten is compared again. */
const CHECKED = 8 * 1024 * 1024;

/** Manifests of repositories that come from elsewhere. */
export function mirroredManifests(context: MirrorContext): (proxied: Proxied, repository: string, reference: string) => Promise<StoredManifest> {
  const { metadata } = context.storage;
  const checked = createBoundedCache<number>(CHECKED);
  const flight = createSingleFlight<StoredManifest>();
  const note = (key: string): void => checked.set(key, Date.now(), 2 * key.length + 200);

  const fetch = (proxied: Proxied, repository: string, reference: string): Promise<StoredManifest> =>
    proxied.state.ask(`${repository} ${reference}`, "MANIFEST_UNKNOWN", async () => {
      const found = await proxied.registry.manifestGet(proxied.nameThere(repository), isDigest(reference) ? { digest: reference } : { tag: reference });
      return keep(context, repository, found, isDigest(reference) ? undefined : reference);
    });

  /** Compares a tag with the one there, and takes over what it names by now. */
  const renew = (proxied: Proxied, repository: string, tag: string, here: StoredManifest): Promise<StoredManifest> =>
    proxied.state.ask(`${repository} ${tag}`, "MANIFEST_UNKNOWN", async () => {
      const there = await proxied.registry.manifestHead(proxied.nameThere(repository), tag);
      if (!there) {
        await metadata.deleteTag(repository, tag, MIRROR);
        const gone = new RegistryError("MANIFEST_UNKNOWN", `the registry behind this repository, ${proxied.upstream.host}, has the tag ${tag} no more`);
        proxied.state.noteAbsent(`${repository} ${tag}`, gone);
        throw gone;
      }
      if (there.digest === here.digest) return here;
      const known = there.digest && (await metadata.manifest(repository, there.digest));
      if (known) return keep(context, repository, known, tag);
      return keep(context, repository, await proxied.registry.manifestGet(proxied.nameThere(repository), { tag }), tag);
    });

  return async (proxied, repository, reference) => {
    const here = await metadata.manifest(repository, reference);
    if (isDigest(reference)) {
      if (!here) return flight(`${repository}@${reference}`, () => fetch(proxied, repository, reference));
      // Who pulls by digest has no tag that keeps it.
      await metadata.leaseManifest(repository, reference);
      return here;
    }
    const key = `${repository}:${reference}`;
    const age = Date.now() - (checked.get(key) ?? Number.NEGATIVE_INFINITY);
    const { rule, state } = proxied;
    if (here && (age < rule.ttl || state.rests(`${repository} ${reference}`) || context.immutable(repository, reference))) return here;
    const renewal = flight(key, async () => {
      const found = here ? await renew(proxied, repository, reference, here) : await fetch(proxied, repository, reference);
      note(key);
      return found;
    });
    if (!here) return renewal;
    const served = renewal.catch((error: Error) => {
      if (error instanceof RegistryError && error.code === "MANIFEST_UNKNOWN") throw error;
      if (!state.paused && !(error instanceof RegistryError && error.code === "DENIED")) context.report(troubleLine(key, error));
      return here;
    });
    served.catch(() => undefined); // the next who asks is told
    if (age < rule.ttl + rule.stale) return here;
    const stop = new AbortController();
    const late = wait(rule.patience, here, { signal: stop.signal, ref: false });
    late.catch(() => undefined);
    return Promise.race([served, late]).finally(() => stop.abort());
  };
}

/** Makes it a manifest of the repository, before the blobs that it names are there. */
async function keep(context: MirrorContext, repository: string, found: RemoteManifest | StoredManifest, tag: string | undefined): Promise<StoredManifest> {
  const { bytes, digest, mediaType } = found;
  let references;
  try {
    references = checkManifest(bytes, mediaType);
  } catch (cause) {
    throw new RegistryError("UPSTREAM_FAILED", `what the registry behind this repository has there cannot be kept: ${(cause as Error).message}`, { cause });
  }
  const manifest = { ...describeManifest(bytes, digest), bytes };
  await context.storage.metadata.putManifest(repository, manifest, { tags: tag === undefined ? [] : [tag], references, sparse: "manifests", actor: MIRROR });
  for (const [blob, size] of sizesIn(bytes)) context.sizes.set(`${repository}@${blob}`, size, 400);
  return manifest;
}

/** The blobs that an image manifest, which was checked, names. */
function sizesIn(bytes: Uint8Array): [Digest, number][] {
  const { config, layers } = parseObject(bytes, "the manifest") as { config?: Sized; layers?: readonly Sized[] | null };
  return [...(config ? [config] : []), ...(layers ?? [])].map(({ digest, size }) => [digest, size]);
}

interface Sized {
  readonly digest: Digest;
  readonly size: number;
}
