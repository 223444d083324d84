import { join, parse, resolve } from "node:path";
import { formatPlatform, type Platform } from "../oci/platform.ts";
import { sha256, type Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { formatRepository, parseReference } from "../oci/reference.ts";
import { formatTime } from "../oci/time.ts";
import { writeOutput } from "../export/write-output.ts";
import type { findOverwritten } from "../layer/find-overwritten.ts";
import { CleanupStack } from "../std/cleanup-stack.ts";
import { fault } from "../std/fault.ts";
import type { OnProgress } from "../std/progress.ts";
import { inWorker } from "../std/worker-pool.ts";
import type { BuildAttachment } from "../store/build-record.ts";
import type { Store } from "../store/open-store.ts";
import { Annotations, type Annotation } from "./annotations.ts";
import { ArtifactRefused, attestedIndex } from "./attest/attested-index.ts";
import { attestAll, type Attester } from "./attest/attester.ts";
import type { WrittenOutput, FilesAttributes, ImageAttributes } from "./build-options.ts";
import { indexPlatform, written, type ExportedIndex } from "./export-index.ts";
import { exportedImage, type ExportedImage } from "./exported-image.ts";
import type { FinishedBuild } from "./finish-build.ts";
import type { LayerAccess } from "./image-layers.ts";
import { keepIndex } from "./keep-index.ts";
import type { PushAhead } from "./push-ahead.ts";
import { epochOf, isRestamped, namesOf } from "./outputs.ts";
import { fetchLayer } from "./materialize.ts";
import { pushIndex } from "./push-index.ts";

export interface ExportOptions {
  readonly store: Store;
  readonly outputs: readonly WrittenOutput[];
  /** Full references that the image gets. */
  readonly names: readonly string[];
  /** One for each platform. */
  readonly builds: readonly FinishedBuild[];
  /** Whether an index, and folders by platform, are wanted. */
  readonly several: boolean;
  readonly annotations: readonly Annotation[];
  /** Who says something about the results, to be kept beside them. */
  readonly attesters: readonly Attester[];
  readonly access: Omit<LayerAccess, "stepId">;
  /** Layers that are on their way already. */
  readonly ahead: PushAhead;
  readonly cwd: string;
  /** Keeps manifests, indexes and statements with the record of the build. */
  readonly attach: (attachment: BuildAttachment) => void;
}

/** What an output made. */
export interface Exported {
  /** The index, or the manifest of the only image. */
  readonly manifest?: Descriptor;
  /** The config that this manifest names; absent for an index. */
  readonly configDigest?: Digest | undefined;
  /** The only image, where an output has made another one than the steps did. */
  readonly imageId?: Digest;
}

/** Writes every output that is more than the record in the store. @returns the manifest or index, where one was made. */
export async function exportResult(options: ExportOptions): Promise<Exported> {
  let exported: Exported = {};
  const pushed: PushedIndex[] = [];
  // What was pushed before need not be in the store as a whole.
  for (const output of [...options.outputs.filter(({ type }) => type !== "store"), ...options.outputs.filter(({ type }) => type === "store")]) {
    const id = `output ${output.type}`;
    await reported(options.access.onProgress, id, describe(output), async () => {
      const access = { ...options.access, stepId: id };
      if (isFiles(output)) await writeFiles(output, access, options);
      else exported = together(exported, await writeImages(output, access, { ...options, pushed }), output);
    });
  }
  return exported;
}

/** The last output counts, as with BuildKit; what went elsewhere before what is only kept here. */
function together(before: Exported, made: Exported, { type }: WrittenOutput): Exported {
  const elsewhere = type === "store" && before.manifest ? { manifest: before.manifest, configDigest: before.configDigest } : {};
  return { ...before, ...made, ...elsewhere };
}

type FilesOutput = FilesAttributes & { readonly type: "tar" | "local"; readonly dest: string };
type ImageOutput = ImageAttributes & ({ readonly type: "registry" } | { readonly type: "store" } | { readonly type: "oci" | "docker"; readonly dest: string });

function isFiles(output: FilesOutput | ImageOutput): output is FilesOutput {
  return output.type === "tar" || output.type === "local";
}

async function writeFiles(output: FilesOutput, access: LayerAccess, { store, builds, several, attesters: all, cwd }: ExportOptions): Promise<void> {
  const seconds = epochOf(output, builds[0]!.graph.epoch);
  const epoch = seconds === undefined ? undefined : BigInt(seconds);
  const split = output.platformSplit ?? several;
  const attesters = all.filter(({ inlineOnly }) => !inlineOnly);
  using statements = new CleanupStack();
  const trees = await Promise.all(builds.map(async (build) => {
    const top = await build.snapshot();
    const layers = top === undefined ? [] : store.snapshots.lowers(top);
    const attestations = await attestAll(attesters, { build });
    if (attestations.length > 0) {
      const platform = several && !split ? folderOf(build.platform) : undefined;
      const nameOf = (filename: string): string => platformName((output.attestationPrefix ?? "") + filename, platform);
      const { statementLayer } = await import("./attest/statement-files.ts");
      layers.unshift(statements.use(await statementLayer(layers, attestations, { temporary: store.temporary, nameOf, signal: access.signal })).folder);
    }
    return { folder: split ? folderOf(build.platform) : "", layers };
  }));
  if (!split && trees.length > 1) await refuseOverwriting(trees, builds, access);
  const { emptyFolder, writeFolder, writeTar } = await import("../export/write-tree.ts");
  if (output.type === "tar") return await writeOutput(output.dest, cwd, (stream) => writeTar(trees, stream, { ...access, epoch, temporary: store.temporary }));
  const root = resolve(cwd, output.dest);
  const exact = output.mode === "delete";
  if (exact && (split || trees.length > 1)) emptyFolder(root, trees.map(({ folder }) => folder));
  for (const { folder, layers } of trees) await writeFolder(layers, join(root, folder), { ...access, epoch, deleteOthers: exact && (split || trees.length === 1) });
}

/** @throws OUTPUT_OVERWRITTEN */
async function refuseOverwriting(trees: readonly { readonly layers: readonly string[] }[], builds: ExportOptions["builds"], { signal }: LayerAccess): Promise<void> {
  const found = await inWorker<Parameters<typeof findOverwritten>[0], ReturnType<typeof findOverwritten>>("layer/find-overwritten.ts", "findOverwritten", { trees: trees.map(({ layers }) => layers) }, { signal });
  if (found) throw fault("OUTPUT_OVERWRITTEN", { path: found.path, first: formatPlatform(builds[found.first]!.platform), second: formatPlatform(builds[found.second]!.platform) });
}

/** `linux_arm_v7` */
function folderOf(platform: Platform): string {
  return formatPlatform(platform).replaceAll("/", "_");
}

/** `provenance.json`, or `provenance.linux_amd64.json` where that of other platforms lies beside it. */
function platformName(name: string, platform: string | undefined): string {
  const { name: stem, ext } = parse(name);
  return platform === undefined ? name : `${stem}.${platform}${ext}`;
}

/** An index that was pushed, and where to: full references by digest. */
interface PushedIndex {
  readonly index: ExportedIndex;
  readonly images: readonly ExportedImage[];
  readonly places: readonly string[];
}

/** @param options.pushed gets an index that is pushed */
async function writeImages(output: ImageOutput, access: LayerAccess, options: ExportOptions & { readonly pushed: PushedIndex[] }): Promise<Exported> {
  const { store, builds, several, ahead } = options;
  const annotations = new Annotations([...options.annotations, ...(output.annotations ?? [])]);
  const attesters = several || output.type === "registry" || output.attestationInline === true ? options.attesters : options.attesters.filter(({ inlineOnly }) => !inlineOnly);
  const indexed = several || attesters.length > 0;
  const docker = output.ociMediaTypes === false && attesters.length === 0;
  if (output.ociMediaTypes === false && !docker) access.onProgress({ type: "warning", message: "attestations need OCI media types, which are used in spite of oci-mediatypes=false" });
  if (annotations.needIndex && !indexed) throw fault("ANNOTATION_INVALID", { annotation: "index", problem: "index annotations not supported for single platform export" });
  using images = new CleanupStack();
  const exported: ExportedImage[] = [];
  for (const build of builds) {
    const own = { output, docker, annotations: annotations.of("manifest", build.platform), access: output.type === "registry" ? { ...access, taker: ahead } : access };
    exported.push(images.use(await exportedImage(store, build, own)));
  }
  const [sent] = options.pushed;
  if (output.type === "store" && sent && several && !isRestamped(output)) {
    await keepIndex(store, sent.images, sent.index, { names: namesOf(output, options.names), elsewhere: sent.places, signal: access.signal });
    return {};
  }
  const indexIn = indexed ? await attestedIndex(exported, { annotations, attesters, names: namesOf(output, options.names) }) : undefined;
  let index = indexIn?.(output.ociArtifact ?? true);
  if (output.type === "registry") {
    await push(output, exported, index, access, options).catch((error: unknown) => {
      if (!(error instanceof ArtifactRefused)) throw error;
      if (output.ociArtifact !== undefined) throw error.refusal;
      access.onProgress({ type: "warning", message: `the registry takes no attestations that refer to their image, so they are pushed as images (oci-artifact=false): ${(error.refusal as Error).message}` });
      index = indexIn!(false);
      return push(output, exported, index, access, options);
    });
    const { digest } = index?.descriptor ?? exported[0]!.image.descriptor;
    if (index) options.pushed.push({ index, images: exported, places: [...new Set(namesOf(output, options.names).map((name) => `${formatRepository(parseReference(name))}@${digest}`))] });
  }
  attachDocuments(exported, index, options.attach);
  const [{ image, platform }] = exported as [ExportedImage];
  const root = index?.descriptor ?? { ...image.descriptor, ...written(annotations.of("manifest-descriptor", platform)), platform: indexPlatform(image.config, platform) };
  const archived = output.type === "oci" || output.type === "docker";
  const descriptor = archived ? withCreated(root, epochOf(output, builds[0]!.graph.epoch)) : root;
  if (output.type === "store") {
    if (index) await keepIndex(store, exported, index, { names: namesOf(output, options.names), elsewhere: [], signal: access.signal });
    else await keepImage(output, exported[0]!, access, options);
  }
  if (archived) await writeArchive(output, exported, index, descriptor, access, options);
  return { manifest: descriptor, configDigest: index ? undefined : image.id, ...(isRestamped(output) && !several ? { imageId: image.id } : {}) };
}

/** As BuildKit's history has them: of statements what is said, without its frame. */
function attachDocuments(images: readonly ExportedImage[], index: ExportedIndex | undefined, attach: ExportOptions["attach"]): void {
  if (index) attach({ digest: index.descriptor.digest, type: index.descriptor.mediaType, bytes: index.bytes });
  for (const { image, platform: wanted } of images) {
    const platform = formatPlatform(wanted);
    attach({ digest: image.descriptor.digest, type: image.descriptor.mediaType, platform, bytes: image.manifestBytes });
    attach({ digest: image.id, type: image.manifest.config.mediaType, platform, bytes: image.configBytes });
    for (const { manifest, blobs, descriptor } of index?.attestations ?? []) {
      if (descriptor.annotations?.["vnd.docker.reference.digest"] !== image.descriptor.digest) continue;
      for (const { digest } of manifest.layers) {
        const { predicateType, predicate } = JSON.parse(Buffer.from(blobs.get(digest)!).toString()) as { predicateType: string; predicate: unknown };
        const bytes = Buffer.from(`${JSON.stringify(predicate, null, 2)}\n`);
        attach({ digest: sha256(bytes), type: predicateType, platform, bytes });
      }
    }
  }
}

/** Puts an image into the store that is another one than what the steps made; all it consists of is there afterwards. */
async function keepImage(output: ImageAttributes, { image, build }: ExportedImage, access: LayerAccess, { store, names }: ExportOptions): Promise<void> {
  const { base } = build;
  for (const { diffId, descriptor } of image.layers) if (base && !store.blobs.has(descriptor.digest)) await fetchLayer(store, base, diffId, descriptor, access);
  store.images.put({ config: image.configBytes, manifest: { bytes: image.manifestBytes, mediaType: image.descriptor.mediaType }, names: namesOf(output, names) });
}

async function push(output: ImageAttributes, images: readonly ExportedImage[], index: ExportedIndex | undefined, access: LayerAccess, { store, names, ahead }: ExportOptions): Promise<void> {
  const sent = new Set<string>();
  for (const reference of namesOf(output, names).map((name) => parseReference(name))) {
    const repository = formatRepository(reference);
    await pushIndex(store, await access.client(), reference, images, index, { ahead, access, byDigest: output.pushByDigest ?? false, fresh: !sent.has(repository) });
    sent.add(repository);
  }
}

async function writeArchive(
  output: ImageAttributes & { readonly type: "oci" | "docker"; readonly dest: string; readonly tar?: boolean }, images: readonly ExportedImage[], index: ExportedIndex | undefined,
  descriptor: Descriptor, { signal }: LayerAccess, { names: all, cwd }: ExportOptions,
): Promise<void> {
  const names = namesOf(output, all);
  const stoppable = signal ? { signal } : {};
  const blobs = { size: (digest: Descriptor["digest"]) => sourceOf(images, digest).size(digest), read: (...args: Parameters<ExportedImage["blobs"]["read"]>) => sourceOf(images, args[0]).read(...args) };
  const [single, several] = index ? [undefined, { index: { ...index, descriptor }, images: images.map(({ image }) => image), names }] : [[{ image: { ...images[0]!.image, descriptor }, names }], undefined];
  if (output.tar === false) {
    const [{ writeLayout }, { imageContents, indexContents }] = await Promise.all([import("../export/write-layout.ts"), import("../image/pack-archive.ts")]);
    return writeLayout(resolve(cwd, output.dest), several ? indexContents(several) : imageContents(single!, { form: "oci" }), blobs, stoppable);
  }
  const { writeDockerArchive, writeIndexArchive, writeOciArchive } = await import("../image/write-archive.ts");
  await writeOutput(output.dest, cwd, async (stream) => {
    if (several) await writeIndexArchive(several, blobs, stream, stoppable);
    else await (output.type === "oci" ? writeOciArchive : writeDockerArchive)(single!, blobs, stream, stoppable);
  });
}

/** As BuildKit does, if the time is that of SOURCE_DATE_EPOCH: the moment of the build would make every archive another one. */
function withCreated(descriptor: Descriptor, epoch: number | undefined): Descriptor {
  if (epoch === undefined || descriptor.annotations?.[CREATED] !== undefined) return descriptor;
  return { ...descriptor, annotations: { ...descriptor.annotations, [CREATED]: formatTime(epoch * 1000) } };
}

const CREATED = "org.opencontainers.image.created";

/** Each platform's layers may lie elsewhere. */
function sourceOf(images: readonly ExportedImage[], digest: Descriptor["digest"]): ExportedImage["blobs"] {
  return (images.find(({ blobs }) => blobs.size(digest) !== undefined) ?? images[0]!).blobs;
}

function describe(output: WrittenOutput): string {
  if (output.type === "registry") return "pushing to the registry";
  if (output.type === "store") return "exporting to the store";
  return "dest" in output ? `exporting to ${output.type} ${output.dest === "-" ? "on standard output" : output.dest}` : "exporting";
}

async function reported(onProgress: OnProgress, id: string, name: string, work: () => Promise<void>): Promise<void> {
  const step = { type: "step", id, name, started: Date.now() } as const;
  onProgress(step);
  try {
    await work();
    onProgress({ ...step, completed: Date.now() });
  } catch (error) {
    onProgress({ ...step, completed: Date.now(), error: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}
