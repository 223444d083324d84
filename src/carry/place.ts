import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import type { Reference } from "../oci/reference.ts";

/** A manifest or index, byte for byte. */
export interface Document {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
}

/** What refers to a manifest; `tag` where only a tag ties it to that, as cosign's `sha256-….sig`. */
export interface Referrer extends Descriptor {
  readonly tag?: string;
}

export interface BlobOptions {
  /** Byte to begin with. */
  readonly start: number;
  /** The bytes were wrong once: ask the registry itself this time, not a mirror. */
  readonly afresh?: boolean;
  /** The reader has done with a piece when it asks for the one after the next: its memory may be used again. */
  readonly lend?: boolean;
  readonly signal: AbortSignal;
}

/** Where images are carried from: a registry, a layout, an archive, the store. Nothing in it is changed. */
export interface Source extends AsyncDisposable {
  /** What messages call it. */
  readonly name: string;
  /** The repository that it is, for mounts; nothing where it is no registry. */
  readonly repository?: Reference;
  /** What was asked for: an image, an index or an artifact. */
  root(signal: AbortSignal): Promise<Document>;
  /** The digest of the root, where it is told without reading it. */
  rootDigest?(signal: AbortSignal): Promise<Digest | undefined>;
  /** Checked against the digest. @throws MANIFEST_UNKNOWN, LAYOUT_INVALID, CONTENT_MISMATCH */
  manifestGet(descriptor: Pick<Descriptor, "digest" | "mediaType">, signal: AbortSignal): Promise<Document>;
  /** The bytes as they lie there: the reader checks them. */
  blobOpen(blob: Descriptor, options: BlobOptions): AsyncIterable<Uint8Array>;
  /** What refers to that manifest: signatures, SBOMs, attestations. */
  referrerList(digest: Digest, signal: AbortSignal): Promise<readonly Referrer[]>;
}

export interface BlobDelivery {
  readonly onBytes: (sent: number) => void;
  readonly signal: AbortSignal;
}

/** Where images are carried to. What is half done when it fails is not to be found by any name. */
export interface Sink extends AsyncDisposable {
  readonly name: string;
  /** One image only, one image or an index, or whatever there is: artifacts and referrers too. */
  readonly holds: "images" | "indexes" | "anything";
  /** What the root has to be, where the target's name says it. */
  readonly digest?: Digest;
  /** Whether it hashes what it is given, and fails where that is not the blob. */
  readonly verifies: boolean;
  /** Whether it has done with a piece of a blob when it asks for the one after the next. */
  readonly borrows?: boolean;
  /** How many blobs it takes at once; as many as come unless told. */
  readonly lanes?: number;
  /** Whether the manifest is there with all that it names. */
  manifestHas(digest: Digest, signal: AbortSignal): Promise<boolean>;
  blobHas(blob: Descriptor, signal: AbortSignal): Promise<boolean>;
  /** Takes the blob from another repository of the same host. */
  blobMount?(blob: Descriptor, from: Reference, signal: AbortSignal): Promise<boolean>;
  /** Takes the blob from another repository of the same host that this process has brought it to. */
  blobReuse?(blob: Descriptor, signal: AbortSignal): Promise<boolean>;
  /** `open` may be called again, from any byte on. */
  blobPut(blob: Descriptor, open: (start: number) => AsyncIterable<Uint8Array>, delivery: BlobDelivery): Promise<void>;
  /** After everything that it names; by its digest, or as a referrer by its tag. */
  manifestPut(document: Document, options: { readonly tag?: string; readonly signal: AbortSignal }): Promise<void>;
  /** Everything below it is there: writes the root, unless it is there too, and gives it its name. */
  finish(root: Document, options: { readonly from?: Source; readonly signal: AbortSignal }): Promise<void>;
}
