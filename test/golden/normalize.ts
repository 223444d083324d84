import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { createTarReader } from "../../src/layer/read-tar.ts";
import type { LayerEntry } from "../../src/layer/entry.ts";

/** An image without what differs from run to run and from builder to builder: times, compressed digests, base layers. */
export interface NormalizedImage {
  readonly author?: string;
  readonly config: unknown;
  readonly history: readonly unknown[];
  /** Layers above the base image's, each as one line per entry. */
  readonly layers: readonly (readonly string[])[];
}

/** What an output wrote: images, their platforms and all annotations. */
export interface NormalizedOutput {
  /** In the layout's index.json. */
  readonly descriptor: unknown;
  /** Of the index, where there is one. */
  readonly annotations?: Annotations | undefined;
  readonly images: readonly (NormalizedImage & {
    readonly platform: unknown;
    /** Of the descriptor that names the manifest in the index. */
    readonly descriptorAnnotations?: Annotations | undefined;
    readonly manifestAnnotations?: Annotations | undefined;
    readonly os: string;
    readonly architecture: string;
    readonly variant?: string | undefined;
    /** Where times do not depend on the moment. */
    readonly times?: unknown;
  })[];
}

type Annotations = Readonly<Record<string, string>>;

interface Document {
  readonly mediaType: string;
  readonly annotations?: Annotations;
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string; readonly annotations?: Annotations }[];
  readonly manifests: readonly { readonly digest: string; readonly mediaType: string; readonly platform?: unknown; readonly annotations?: Annotations }[];
}

interface Config {
  readonly author?: string;
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly created?: string;
  readonly config: unknown;
  readonly history?: Record<string, unknown>[];
  readonly rootfs: { readonly diff_ids: string[] | null };
}

type ReadBlob = (digest: string) => Buffer;

/** Reads the one image of an OCI archive; layers and history of the base are left out. */
export function normalizeArchive(archive: string, baseDiffIds: readonly string[]): NormalizedImage {
  return inLayout(archive, (index, blob) => normalizeImage(index.manifests[0]!.digest, blob, baseDiffIds));
}

/** Reads all that an OCI archive holds, annotations and platforms included. */
export function normalizeOutput(archive: string, baseDiffIds: readonly string[]): NormalizedOutput {
  return inLayout(archive, ({ manifests: [root] }, blob) => {
    const { digest: _, size: _size, annotations, ...descriptor } = root! as Document["manifests"][number] & { size: number };
    const index = root!.mediaType.includes("index") ? JSON.parse(blob(root!.digest).toString()) as Document : undefined;
    // The moment of the build, if it is no other time.
    const lasting = Object.fromEntries(Object.entries(annotations ?? {}).filter(([key, value]) => !(key === "org.opencontainers.image.created" && Math.abs(Date.parse(value) - Date.now()) < 3_600_000)));
    return withoutUndefined({
      descriptor: { ...descriptor, ...(Object.keys(lasting).length > 0 ? { annotations: lasting } : {}) },
      annotations: index?.annotations,
      images: (index?.manifests ?? [root!]).map(({ digest, platform, annotations: own }) => {
        const manifest = JSON.parse(blob(digest).toString()) as Document;
        const { os, architecture, variant, created, history = [], rootfs } = JSON.parse(blob(manifest.config.digest).toString()) as Config;
        const rewritten = manifest.layers.map((layer) => layer.annotations?.["buildkit/rewritten-timestamp"]);
        return {
          platform, ...(index ? { descriptorAnnotations: own } : {}), manifestAnnotations: manifest.annotations, os, architecture, variant,
          // Layers of which all times are fixed have digests that can be compared.
          ...(rewritten.some((each) => each !== undefined) ? { times: { created, history: history.map((entry) => entry["created"]), rewritten, diffIds: rootfs.diff_ids!.filter((_id, position) => rewritten[position] !== undefined) } } : {}),
          ...normalizeImage(digest, blob, baseDiffIds),
        };
      }),
    });
  });
}

function withoutUndefined<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

function inLayout<Result>(archive: string, read: (index: Document, blob: ReadBlob) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), "golden-"));
  try {
    execFileSync("tar", ["-xf", archive, "-C", folder]);
    const blob: ReadBlob = (digest) => readFileSync(join(folder, "blobs", digest.replace(":", "/")));
    return read(JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as Document, blob);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function normalizeImage(digest: string, blob: ReadBlob, baseDiffIds: readonly string[]): NormalizedImage {
  const manifest = JSON.parse(blob(digest).toString()) as Document;
  const config = JSON.parse(blob(manifest.config.digest).toString()) as Config;
  const diffIds = config.rootfs.diff_ids ?? [];
  const base = diffIds.findIndex((id) => !baseDiffIds.includes(id));
  const skipped = base < 0 ? diffIds.length : base;
  return {
    ...(config.author ? { author: config.author } : {}),
    config: config.config ?? {},
    history: (config.history ?? []).filter((entry) => entry["created_by"] !== "busybox for tests").map(({ created: _time, ...entry }) => (entry["comment"] === "buildkit.exporter.image.v0" ? { comment: entry["comment"] } : entry)),
    layers: (manifest.layers ?? []).slice(skipped).map((layer) => layerLines(unpack(blob(layer.digest)))),
  };
}

function unpack(bytes: Buffer): Buffer {
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
}

/** `type mode uid:gid path [-> target] [size sha256] [capability]`, in the order of the archive. */
function layerLines(tar: Buffer): string[] {
  const lines: string[] = [];
  let current: LayerEntry | undefined;
  let hash = createHash("sha256");
  const reader = createTarReader("layer", {
    entry: (entry) => { current = entry; hash = createHash("sha256"); },
    data: (chunk) => void hash.update(chunk),
    end: () => {
      const { type, mode, uid, gid, path, linkTarget, size, capability, major, minor } = current!;
      // What git keeps for itself depends on its version and on the clock; and a submodule's pointer leads nowhere.
      if (/(?:^|\/)\.git\//.test(path) || (type === "file" && /(?:^|\/)\.git$/.test(path))) return;
      lines.push([
        type, mode.toString(8).padStart(4, "0"), `${uid}:${gid}`, path,
        ...(linkTarget === undefined ? [] : ["->", linkTarget]),
        ...(type === "file" ? [String(size), hash.digest("hex").slice(0, 16)] : []),
        ...(type === "character" || type === "block" ? [`${major}:${minor}`] : []),
        ...(capability ? [`capability=${Buffer.from(capability).toString("hex")}`] : []),
      ].join(" "));
    },
  });
  reader.write(tar);
  reader.finish();
  return lines;
}
