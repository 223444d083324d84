import { isFault } from "../../std/fault.ts";
import type { OnProgress } from "../../std/progress.ts";
import { Semaphore } from "../../std/semaphore.ts";
import { sha256, type Digest } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/manifest.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import type { RegistryClient } from "../client.ts";
import { closesMounts } from "./closes-mounts.ts";
import { isRefused } from "./is-refused.ts";
import { together } from "./together.ts";
import { reportBlob } from "./transfer-progress.ts";

/** Where blobs to push are read from; the store's blobs are one. */
export interface BlobSource {
  read(digest: Digest, options?: { start?: number }): AsyncIterable<Uint8Array>;
}

export interface PushableImage {
  readonly manifest: { readonly bytes: Uint8Array; readonly mediaType: string };
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface PushOptions {
  /** More tags of the same repository for the same manifest. */
  readonly tags?: readonly string[];
  /** Repositories of the same host that are known to have the blobs, or one blob; the likeliest first. */
  readonly mountFrom?: readonly string[] | ((blob: Descriptor) => readonly string[]);
  /** Told when a repository did not give a blob that it was said to have. */
  readonly onMountRefused?: (blob: Descriptor, from: string) => void;
  /** Blobs that are on their way to the repository already: they are waited for. */
  readonly underWay?: ReadonlyMap<Digest, Promise<BlobArrival>>;
  /** Blobs that were made just now, so that nobody is asked whether the registry has them. */
  readonly fresh?: ReadonlySet<Digest>;
  /** Blobs that are named by a manifest which the repository has: it is not asked for them. */
  readonly there?: ReadonlySet<Digest>;
  /**
   * Whether it is likely that the registry has just this under the name: it is asked for that and for all blobs at once, and where it
   * has them, nothing is sent. Where they are many, it gets the manifest that it has under the name once more, by its digest, instead of
   * the questions: one that looks at what it is given refuses it when it has lost something of it.
   */
  readonly unchanged?: boolean;
  /** The manifest that the registry had under the name a moment ago, where that is known or on its way. */
  readonly found?: Promise<Digest | undefined>;
  /** The step that progress events belong to. */
  readonly step?: string;
  /** Blobs at once. */
  readonly parallel?: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** What became of a blob: it was sent, or the registry had it. */
export type BlobArrival = "sent" | "exists";

export interface PushedImage {
  /** Of the manifest. */
  readonly digest: Digest;
  readonly bytesSent: number;
  /** Bytes that were there already, of whole blobs or of uploads that were gone on with, and bytes that were mounted. */
  readonly bytesSaved: number;
}

/**
 * Pushes an image: what the registry has is left out, what a sister repository has is mounted, the rest is sent
 * several blobs at once, and the manifest goes last, so that a tag never names an image that is not whole. A registry
 * that refuses the manifest may have lost a blob that it was believed to have, or collected one meanwhile: it is asked for all of
 * them then, and where some were missing the manifest is sent once more.
 * @throws REGISTRY_…, NAME_UNKNOWN, RESPONSE_INVALID
 */
export async function pushImage(client: RegistryClient, reference: Reference, image: PushableImage, source: BlobSource, options: PushOptions = {}): Promise<PushedImage> {
  const { onProgress, step = `push ${formatReference(reference)}` } = options;
  const closed = new Set<string>();
  const candidates = (blob: Descriptor): readonly string[] => {
    const known = typeof options.mountFrom === "function" ? options.mountFrom(blob) : (options.mountFrom ?? []);
    return known.filter((repository) => repository !== reference.repository).slice(0, mountAttempts(blob.size));
  };
  // People count layers; as with docker the config is no line of its own.
  const shown = (blob: Descriptor): OnProgress | undefined => (blob.digest === image.config.digest ? undefined : onProgress);
  const uploads = new Semaphore(options.parallel ?? 5);
  const sent = new Map<Digest, number>();

  const pushBlob = async (blob: Descriptor, again: boolean, signal: AbortSignal): Promise<void> => {
    const progress = reportBlob(shown(blob), step, "pushing", blob);
    if (!again && asked.get(blob.digest) === undefined && options.there?.has(blob.digest)) return progress.done("exists");
    const arrival = again ? undefined : await options.underWay?.get(blob.digest);
    if (arrival === "sent") {
      sent.set(blob.digest, blob.size);
      return progress.done();
    }
    const fresh = !again && options.fresh?.has(blob.digest) === true;
    if (arrival === "exists" || (!fresh && ((again ? undefined : asked.get(blob.digest)) ?? (await isThere(blob, signal))))) return progress.done("exists");
    await uploads.run(async () => {
      // What the registry said to have mounted it may not have.
      const place = fresh || again ? undefined : await findMount(client, reference, blob, { from: candidates(blob), closed, signal, ...(options.onMountRefused ? { onMountRefused: options.onMountRefused } : {}) });
      if (place === "mounted") {
        sent.set(blob.digest, 0);
        return progress.done("mounted");
      }
      const open = (start: number): AsyncIterable<Uint8Array> => source.read(blob.digest, { start });
      const put = await client.blobPut(reference, { digest: blob.digest, size: blob.size, open }, { onBytes: progress.advance, signal, ...(place ? { upload: place } : {}) });
      sent.set(blob.digest, put.sent);
      progress.done();
    }, signal);
  };
  const isThere = async ({ digest, size }: Descriptor, signal: AbortSignal): Promise<boolean> => (await client.blobHead(reference, digest, { push: true, size, signal })) !== undefined;

  const blobs = distributable([...image.layers, image.config]);
  const stoppable = options.signal ? { signal: options.signal } : {};
  const ofAll = <Result>(task: (blob: Descriptor, signal: AbortSignal) => Promise<Result>): Promise<Result[]> => together(blobs.map((blob) => (signal: AbortSignal) => task(blob, signal)), options.signal);
  const result = (digest: Digest, manifests: { readonly sent: number; readonly saved: number }): PushedImage => {
    const bytesSent = [...sent.values()].reduce((sum, bytes) => sum + bytes, 0);
    return { digest, bytesSent: bytesSent + manifests.sent, bytesSaved: blobs.reduce((sum, { size }) => sum + size, manifests.saved) - bytesSent };
  };
  const asked = new Map<Digest, boolean>();
  if (options.unchanged && !options.tags?.length && reference.tag !== undefined) {
    const digest = sha256(image.manifest.bytes);
    const named = async (signal: AbortSignal): Promise<boolean> => ((await options.found) ?? (await namedNow(client, reference, signal))) === digest;
    const askFor = async (blob: Descriptor, signal: AbortSignal): Promise<void> => void asked.set(blob.digest, await isThere(blob, signal));
    const several = blobs.length > ONE_ROUND;
    let same = false;
    await together([async (signal) => void (same = await named(signal)), ...(several ? [] : blobs.map((blob) => (signal: AbortSignal) => askFor(blob, signal)))], options.signal);
    const taken = several && same && (await takesAgain(client, { host: reference.host, repository: reference.repository, digest }, image, stoppable));
    if (taken) for (const blob of blobs) asked.set(blob.digest, true);
    else if (several) await ofAll(askFor);
    if (same && [...asked.values()].every(Boolean)) {
      for (const blob of blobs) reportBlob(shown(blob), step, "pushing", blob).done("exists");
      const { length } = image.manifest.bytes;
      return result(digest, taken ? { sent: length, saved: 0 } : { sent: 0, saved: length });
    }
  }
  await ofAll((blob, signal) => pushBlob(blob, false, signal));
  const { digest } = await client.manifestPut(reference, image.manifest, stoppable).catch(async (error: unknown) => {
    if (!isRefused(error)) throw error;
    const before = new Map(sent);
    sent.clear();
    await ofAll((blob, signal) => pushBlob(blob, true, signal));
    if (sent.size === 0) throw error;
    for (const [each, bytes] of before) sent.set(each, Math.max(bytes, sent.get(each) ?? 0));
    return client.manifestPut(reference, image.manifest, stoppable);
  });
  const others = (options.tags ?? []).filter((tag) => tag !== reference.tag);
  for (const tag of others) await client.manifestPut({ host: reference.host, repository: reference.repository, tag }, image.manifest, stoppable);
  return result(digest, { sent: image.manifest.bytes.length, saved: 0 });
}

/** What the name stands for, if that is to be known: who may push need not be allowed to read manifests. */
async function namedNow(client: RegistryClient, reference: Reference, signal: AbortSignal): Promise<Digest | undefined> {
  try {
    return (await client.manifestHead(reference, { push: true, signal }))?.digest;
  } catch (error) {
    if (!isFault(error, "REGISTRY_DENIED") && !isFault(error, "REGISTRY_REFUSED")) throw error;
    return undefined;
  }
}

/** Blobs that are asked for in one round: there are no more connections. */
const ONE_ROUND = 8;

/**
 * Whether a registry takes a manifest once more that it has. One that looks at what it is given refuses it when it has lost something
 * of it; one that takes manifests unseen says yes in any case (docs/guides/transfers.md). It may take none at all.
 * @throws REGISTRY_DENIED, REGISTRY_UNAUTHORIZED: who may not push is told so, though there is nothing to send
 */
async function takesAgain(client: RegistryClient, place: Reference, { manifest }: PushableImage, options: { readonly signal?: AbortSignal }): Promise<boolean> {
  try {
    await client.manifestPut(place, manifest, options);
    return true;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!isFault(error) || isFault(error, "REGISTRY_DENIED") || isFault(error, "REGISTRY_UNAUTHORIZED")) throw error;
    return false;
  }
}

/** How many repositories are asked, as each costs a request: docker's numbers. */
function mountAttempts(size: number): number {
  if (size > 10 * 1024 * 1024) return 4;
  return size > 100 * 1024 ? 3 : 1;
}

/** Tries to mount; where nothing can be mounted, the last attempt's upload is used for sending. */
async function findMount(
  client: RegistryClient, reference: Reference, blob: Descriptor,
  { from, closed, onMountRefused, signal }: Pick<PushOptions, "onMountRefused"> & { from: readonly string[]; closed: Set<string>; signal: AbortSignal },
): Promise<URL | "mounted" | undefined> {
  let upload: URL | undefined;
  for (const repository of from) {
    if (closed.has(repository)) continue;
    if (upload) await client.uploadCancel(reference, upload, { signal });
    upload = undefined;
    try {
      upload = await client.blobMount(reference, { digest: blob.digest, from: repository }, { signal });
      if (!upload) return "mounted";
      onMountRefused?.(blob, repository);
    } catch (error) {
      // The other repository may be closed to us, which is no reason not to push to this one.
      signal.throwIfAborted();
      if (!isFault(error)) throw error;
      if (closesMounts(error)) closed.add(repository);
    }
  }
  return upload;
}

/** Every blob once, the largest first, without the layers that may not be distributed. */
function distributable(blobs: readonly Descriptor[]): Descriptor[] {
  const byDigest = new Map(blobs.map((blob) => [blob.digest, blob]));
  return [...byDigest.values()]
    .filter(({ mediaType, urls }) => !(urls?.length && /foreign|nondistributable/.test(mediaType)))
    .sort((a, b) => b.size - a.size);
}
