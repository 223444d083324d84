import type { Digest } from "../../oci/digest.ts";
import { parseIndex, parseObject, serializeManifest, type Descriptor } from "../../oci/manifest.ts";
import { isIndex, mediaType } from "../../oci/media-type.ts";
import type { Reference } from "../../oci/reference.ts";
import { referrersTag } from "../../oci/referrers-tag.ts";
import type { RegistryClient } from "../../registry/client.ts";
import { isFault } from "../../std/fault.ts";
import type { Document } from "../place.ts";
import { deleteTag } from "../tags/delete-tag.ts";

/** How a list of referrers describes a manifest. */
export function referrerDescriptor({ bytes, mediaType: type, digest }: Document): Descriptor {
  const value = parseObject(bytes, digest);
  const config = value["config"] as Partial<Descriptor> | undefined;
  const artifactType = typeof value["artifactType"] === "string" ? value["artifactType"] : isIndex(type) ? undefined : config?.mediaType;
  const annotations = value["annotations"] as Descriptor["annotations"];
  return { mediaType: type, digest, size: bytes.length, ...(artifactType ? { artifactType } : {}), ...(annotations ? { annotations } : {}) };
}

/** The lists of referrers of a repository whose registry keeps none itself. */
export class ReferrerTags {
  readonly #client: RegistryClient;
  readonly #repository: Pick<Reference, "host" | "repository">;
  /** Lists are read, changed and written: one after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(client: RegistryClient, { host, repository }: Reference) {
    this.#client = client;
    this.#repository = { host, repository };
  }

  /** Adds a manifest to the list of what it refers to, unless it is there. */
  add(subject: Digest, document: Document, signal: AbortSignal): Promise<void> {
    const work = this.#last.then(() => this.#add(subject, document, signal));
    this.#last = work.catch(() => undefined);
    return work;
  }

  /** Takes a manifest that was deleted out of the list of what it referred to, where there is such a list; an empty one goes. */
  async remove(subject: Digest, digest: Digest, signal: AbortSignal): Promise<void> {
    const place = { ...this.#repository, tag: referrersTag(subject) };
    const manifests = await this.#list(place, signal);
    const left = manifests.filter((entry) => entry.digest !== digest);
    if (left.length === manifests.length) return;
    if (left.length === 0) await deleteTag(this.#client, place, signal);
    else await this.#put(place, left, signal);
  }

  async #add(subject: Digest, document: Document, signal: AbortSignal): Promise<void> {
    const place = { ...this.#repository, tag: referrersTag(subject) };
    const manifests = await this.#list(place, signal);
    if (manifests.some(({ digest }) => digest === document.digest)) return;
    await this.#put(place, [...manifests, referrerDescriptor(document)], signal);
  }

  async #put(place: Reference, manifests: readonly Descriptor[], signal: AbortSignal): Promise<void> {
    const bytes = serializeManifest({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests });
    await this.#client.manifestPut(place, { bytes, mediaType: mediaType.ociIndex }, { signal });
  }

  async #list(place: Reference, signal: AbortSignal): Promise<readonly Descriptor[]> {
    try {
      const { bytes } = await this.#client.manifestGet(place, { signal });
      return parseIndex(bytes, `the list of referrers ${place.tag}`).manifests;
    } catch (error) {
      if (isFault(error, "MANIFEST_UNKNOWN") || isFault(error, "NAME_UNKNOWN")) return [];
      throw error;
    }
  }
}
