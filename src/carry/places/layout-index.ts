import type { Descriptor } from "../../oci/manifest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { formatReference, parseReference } from "../../oci/reference.ts";
import { isFault } from "../../std/fault.ts";
import type { Document } from "../place.ts";
import { subjectOf } from "../read-document.ts";
import { referrerDescriptor } from "./referrer-tags.ts";

const REF_NAME = "org.opencontainers.image.ref.name";
const FULL_NAME = "io.containerd.image.name";

/** The index.json of a layout: what is in it, and by which names. */
export class LayoutIndex {
  #entries: Descriptor[];

  constructor(entries: readonly Descriptor[] = []) {
    this.#entries = [...entries];
  }

  get bytes(): Uint8Array {
    return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: this.#entries }));
  }

  /** Lists a manifest that refers to another, or has a tag of its own; others are found through what names them. */
  addReferrer(document: Document, tag: string | undefined): void {
    if (tag !== undefined) this.#add({ mediaType: document.mediaType, digest: document.digest, size: document.bytes.length, annotations: { [REF_NAME]: tag } });
    else if (subjectOf(document) !== undefined) this.#add(referrerDescriptor(document));
  }

  /** Gives the image that name, which another loses; without a name it is only listed. A full reference is noted as containerd does. */
  name(document: Document, tag: string | undefined): void {
    const descriptor = { mediaType: document.mediaType, digest: document.digest, size: document.bytes.length };
    if (tag === undefined) {
      if (!this.#entries.some(({ digest }) => digest === document.digest)) this.#entries.push(descriptor);
    } else this.#add({ ...descriptor, annotations: { ...fullName(tag), [REF_NAME]: tag } });
  }

  merge(other: LayoutIndex): void {
    for (const entry of other.#entries) this.#add(entry);
  }

  /** A name belongs to one entry; an entry without a name is there once. */
  #add(entry: Descriptor): void {
    const name = entry.annotations?.[REF_NAME];
    this.#entries = this.#entries.filter((each) => (name === undefined ? each.digest !== entry.digest || each.annotations?.[REF_NAME] !== undefined : each.annotations?.[REF_NAME] !== name));
    this.#entries.push(entry);
  }
}

function fullName(tag: string): Record<string, string> {
  if (!/[/:]/.test(tag)) return {};
  try {
    return { [FULL_NAME]: formatReference(parseReference(tag)) };
  } catch (error) {
    if (isFault(error, "REFERENCE_INVALID")) return {};
    throw error;
  }
}
