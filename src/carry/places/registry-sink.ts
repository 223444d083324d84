import type { Digest } from "../../oci/digest.ts";
import { isIndex, isManifest } from "../../oci/media-type.ts";
import { familiarReference, type Reference } from "../../oci/reference.ts";
import type { RegistryClient } from "../../registry/client.ts";
import { closesMounts } from "../../registry/transfer/closes-mounts.ts";
import { isFault } from "../../std/fault.ts";
import type { Document, Sink } from "../place.ts";
import { subjectOf } from "../read-document.ts";
import { Arrivals } from "./arrivals.ts";
import { openedAhead } from "./opened-ahead.ts";
import { ReferrerTags } from "./referrer-tags.ts";

/**
 * A name in a registry. The client is not closed with it, and must ask no mirrors: what these have is not what the
 * registry has.
 * @param arrivals shared by all names that the same process writes
 */
export function registrySink(client: RegistryClient, reference: Reference, arrivals = new Arrivals()): Sink {
  const { host, repository } = reference;
  const name = familiarReference(reference);
  /** What mounts that did not work left open. */
  const uploads = new Map<Digest, URL>();
  /** Repositories that no blob is asked from any more. */
  const closed = new Set<string>();
  const referrerTags = new ReferrerTags(client, reference);
  const put = async (document: Document, place: { tag: string } | { digest: Digest }, signal: AbortSignal): Promise<void> => {
    const answer = await client.manifestPut({ host, repository, ...place }, document, { signal });
    const subject = subjectOf(document);
    if (subject !== undefined && answer.subject === undefined) await referrerTags.add(subject, document, signal);
  };
  /** @returns whether the blob is here now; where not, an upload of it may be open */
  const mount = async ({ digest }: { readonly digest: Digest }, from: string, signal: AbortSignal): Promise<boolean> => {
    if (closed.has(from)) return false;
    try {
      const upload = await client.blobMount(reference, { digest, from }, { signal });
      if (!upload) return true;
      uploads.set(digest, upload);
    } catch (error) {
      signal.throwIfAborted();
      // It saves sending only. The other repository may be closed to this login, and not all that answers mounts does it well.
      if (!isFault(error)) throw error;
      if (closesMounts(error)) closed.add(from);
    }
    return false;
  };
  return {
    name,
    holds: "anything",
    ...(reference.digest === undefined ? {} : { digest: reference.digest }),
    verifies: false,
    borrows: true,
    async manifestHas(digest, signal) {
      try {
        const found = await client.manifestHead({ host, repository, digest }, { signal });
        // What says yes to every question is no registry.
        return found !== undefined && (found.digest === digest || (found.digest === undefined && (isManifest(found.mediaType) || isIndex(found.mediaType))));
      } catch (error) {
        // Some registries deny to read a repository that the first push is going to make; where they mean it, the push says so.
        if (isDenied(error)) return false;
        throw error;
      }
    },
    async blobHas(blob, signal) {
      const found = (await client.blobHead(reference, blob.digest, { push: true, size: blob.size, signal })) !== undefined;
      const upload = uploads.get(blob.digest);
      if (found && upload) {
        uploads.delete(blob.digest);
        await client.uploadCancel(reference, upload, { signal });
      }
      return found;
    },
    blobMount: async (blob, from, signal) => from.host === host && from.repository !== repository && mount(blob, from.repository, signal),
    async blobReuse(blob, signal) {
      if (uploads.has(blob.digest)) return false;
      const sister = await arrivals.elsewhere(host, repository, blob.digest, signal);
      if (sister === undefined) return false;
      return mount(blob, sister, signal);
    },
    async blobPut(blob, open, { onBytes, signal }) {
      const upload = uploads.get(blob.digest);
      uploads.delete(blob.digest);
      await arrivals.sending(host, repository, blob.digest, async () => {
        // The source answers while the upload is opened.
        using ahead = openedAhead(open);
        await client.blobPut(reference, { digest: blob.digest, size: blob.size, open: ahead.open }, { onBytes, signal, ...(upload ? { upload } : {}) });
      });
    },
    manifestPut: (document, { tag, signal }) => put(document, tag === undefined ? { digest: document.digest } : { tag }, signal),
    finish: (root, { signal }) => put(root, reference.tag === undefined ? { digest: root.digest } : { tag: reference.tag }, signal),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function isDenied(error: unknown): boolean {
  return isFault(error, "REGISTRY_DENIED") || isFault(error, "REGISTRY_UNAUTHORIZED");
}
