import { randomUUID } from "node:crypto";
import { createReadStream, rmSync } from "node:fs";
import { join } from "node:path";
import type { BlobSource } from "../image/blobs.ts";
import { assembleImage, type Image, type ImageLayer } from "../image/image.ts";
import { DEFAULT_LEVEL } from "../layer/compress.ts";
import type { recompressLayer, RecompressOptions } from "../layer/recompress-layer.ts";
import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { ociLayerType } from "../oci/media-type.ts";
import { inWorker } from "../std/worker-pool.ts";
import type { Store } from "../store/open-store.ts";
import { knownBlob, startStream, type BlobTaker } from "./layer-blobs.ts";
import type { Packing } from "./packing.ts";
import type { OnProgress } from "../std/progress.ts";

export interface ConvertOptions {
  /** Gets the blobs of layers while they are converted. */
  readonly taker?: BlobTaker;
  /** The step that progress events belong to. */
  readonly stepId: string;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
  /** Whether what came of it the last time is believed, so that a layer is converted when somebody wants its bytes only. */
  readonly believe: boolean;
}

/** What came of a conversion is not what came of it an earlier time: another version of the compressor. */
export class ConversionChanged extends Error {}

/** A file of this process, or what will be in it. */
interface Converted {
  readonly layer: ImageLayer;
  readonly size: number;
  file: Promise<string> | undefined;
}

/**
 * An image whose layers are packed in one way. Blobs that are made for it lie in files of this process and go with it: the
 * store would otherwise hold the same layer twice. Their digests are remembered.
 */
export class ConvertedImage implements BlobSource, Disposable {
  image: Image;
  readonly #store: Store;
  readonly #packing: Packing;
  readonly #options: ConvertOptions;
  readonly #converted = new Map<Digest, Converted>();
  readonly #files: string[] = [];

  private constructor(store: Store, image: Image, packing: Packing, options: ConvertOptions) {
    this.#store = store;
    this.image = image;
    this.#packing = packing;
    this.#options = options;
  }

  /** Converts what has to be. The image keeps its digest where nothing has; otherwise its manifest is an OCI one. */
  static async make(store: Store, image: Image, packing: Packing, options: ConvertOptions): Promise<ConvertedImage> {
    const made = new ConvertedImage(store, image, packing, options);
    try {
      const layers = await Promise.all(image.layers.map((layer) => made.#layer(layer)));
      if (layers.every((layer, index) => layer === image.layers[index]!.descriptor)) return made;
      const { annotations } = image.manifest;
      made.image = assembleImage({ config: image.configBytes, layers: layers.map(asOci), ...(annotations ? { annotations } : {}) });
      return made;
    } catch (error) {
      made[Symbol.dispose]();
      throw error;
    }
  }

  size(digest: Digest): number | undefined {
    return this.#converted.get(digest)?.size ?? this.#store.blobs.size(digest);
  }

  /** @throws ConversionChanged, BLOB_MISSING */
  async *read(digest: Digest, options: { start?: number | undefined; signal?: AbortSignal | undefined } = {}): AsyncGenerator<Uint8Array> {
    const converted = this.#converted.get(digest);
    if (!converted) return yield* this.#store.blobs.read(digest, options);
    const { start = 0 } = options;
    converted.file ??= this.#again(digest, converted.layer);
    const file = await converted.file;
    if (start < converted.size) yield* createReadStream(file, { start, highWaterMark: 512 * 1024 }) as AsyncIterable<Uint8Array>;
  }

  /** Removes the files. */
  [Symbol.dispose](): void {
    for (const file of this.#files) rmSync(file, { force: true });
  }

  async #layer(layer: ImageLayer): Promise<Descriptor> {
    const { descriptor, diffId, codec } = layer;
    const wanted = this.#packing.codec;
    // Layers that may not be distributed stay what they are: others fetch them elsewhere, by their digest.
    if (codec === undefined || codec === wanted || descriptor.urls?.length) return descriptor;
    const known = knownBlob(this.#store, diffId, wanted);
    if (known) return { ...known, mediaType: ociLayerType(wanted) };
    const remembered = this.#options.believe ? this.#store.layers.remembered(diffId, { codec: wanted, level: this.#level }) : undefined;
    if (remembered) {
      this.#converted.set(remembered.digest, { layer, size: remembered.size, file: undefined });
      return { mediaType: ociLayerType(wanted), digest: remembered.digest, size: remembered.size };
    }
    const { blob, file } = await this.#convert(layer, this.#options.taker);
    this.#converted.set(blob.digest, { layer, size: blob.size, file: Promise.resolve(file) });
    this.#store.layers.remember({ diffId, ...blob, codec: wanted, level: this.#level });
    return blob;
  }

  get #level(): number {
    return this.#packing.level ?? DEFAULT_LEVEL[this.#packing.codec];
  }

  async #again(digest: Digest, layer: ImageLayer): Promise<string> {
    const { blob, file } = await this.#convert(layer, undefined);
    if (blob.digest === digest) return file;
    this.#store.layers.forget(layer.diffId, digest);
    throw new ConversionChanged();
  }

  async #convert({ descriptor, diffId, codec }: ImageLayer, taker: BlobTaker | undefined): Promise<{ blob: Descriptor; file: string }> {
    const { signal, stepId, onProgress } = this.#options;
    const output = join(this.#store.temporary, `converted-${randomUUID()}`);
    this.#files.push(output);
    const read = (start: number): AsyncIterable<Uint8Array> => createReadStream(output, { start, highWaterMark: 512 * 1024 });
    const stream = taker && startStream(output, this.#packing.codec, taker, read);
    const started = Date.now();
    const report = (current: number, completed?: number): void => onProgress({
      type: "transfer", id: stepId, key: descriptor.digest, digest: descriptor.digest, action: "compressing", current, started, ...(completed === undefined ? {} : { completed }),
    });
    try {
      const { digest, size } = await inWorker<RecompressOptions, Awaited<ReturnType<typeof recompressLayer>>>(
        "layer/recompress-layer.ts",
        "recompressLayer",
        {
          blob: this.#store.blobs.path(descriptor.digest), from: codec!, diffId, codec: this.#packing.codec, output,
          ...(this.#packing.level === undefined ? {} : { level: this.#packing.level }),
        },
        { ...(signal ? { signal } : {}), onMessage: (message) => {
          const progress = message as { written: number };
          stream?.report(progress);
          report(progress.written);
        } },
      );
      const blob = { mediaType: ociLayerType(this.#packing.codec), digest, size };
      stream?.finish(blob, output);
      report(size, Date.now());
      return { blob, file: output };
    } catch (error) {
      stream?.fail(error);
      throw error;
    }
  }
}

const DOCKER_LAYER = /^application\/vnd\.docker\.image\.rootfs\.(foreign\.)?diff\.tar(?:\.(gzip|zstd))?$/;

/** A descriptor as an OCI manifest has it. */
function asOci(layer: Descriptor): Descriptor {
  const [, foreign, codec] = DOCKER_LAYER.exec(layer.mediaType) ?? [];
  if (!DOCKER_LAYER.test(layer.mediaType)) return layer;
  return { ...layer, mediaType: `application/vnd.oci.image.layer.${foreign ? "nondistributable." : ""}v1.tar${codec ? `+${codec}` : ""}` };
}
