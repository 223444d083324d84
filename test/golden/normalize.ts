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

/** Reads the one image of an OCI archive; the first `baseLayers` layers and history entries are left out. */
export function normalizeArchive(archive: string, baseDiffIds: readonly string[]): NormalizedImage {
  const folder = mkdtempSync(join(tmpdir(), "golden-"));
  try {
    execFileSync("tar", ["-xf", archive, "-C", folder]);
    const blob = (digest: string): Buffer => readFileSync(join(folder, "blobs", digest.replace(":", "/")));
    const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { manifests: { digest: string; mediaType: string }[] };
    const manifest = JSON.parse(blob(index.manifests[0]!.digest).toString()) as { config: { digest: string }; layers: { digest: string }[] };
    const config = JSON.parse(blob(manifest.config.digest).toString()) as {
      author?: string; config: unknown; history?: Record<string, unknown>[]; rootfs: { diff_ids: string[] | null };
    };
    const diffIds = config.rootfs.diff_ids ?? [];
    const base = diffIds.findIndex((id, position) => id !== baseDiffIds[position]);
    const skipped = base < 0 ? diffIds.length : base;
    return {
      ...(config.author ? { author: config.author } : {}),
      config: config.config ?? {},
      history: (config.history ?? []).filter((entry) => entry["created_by"] !== "busybox for tests").map(({ created: _time, ...entry }) => (entry["comment"] === "buildkit.exporter.image.v0" ? { comment: entry["comment"] } : entry)),
      layers: (manifest.layers ?? []).slice(skipped).map(({ digest }) => layerLines(unpack(blob(digest)))),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
