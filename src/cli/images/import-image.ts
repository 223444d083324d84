import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { parseDockerfile } from "../../dockerfile/parse-dockerfile.ts";
import { download } from "../../fetch/download.ts";
import { openTransport } from "../../fetch/remote-sources.ts";
import { buildGraph } from "../../graph/build-graph.ts";
import { packSnapshot } from "../../build/layer-blobs.ts";
import type { unpackArchive } from "../../layer/unpack-archive.ts";
import { insideUserNamespace } from "../../linux/user-namespace.ts";
import { serializeImageConfig, type ContainerConfig } from "../../oci/image-config.ts";
import { hostPlatform, type Platform } from "../../oci/platform.ts";
import { fault } from "../../std/fault.ts";
import { inWorker } from "../../std/worker-pool.ts";
import type { ImageRecord } from "../../store/image-store.ts";
import type { Store } from "../../store/open-store.ts";

export interface ImportOptions {
  /** Path of the archive, or its URL; without it the stream is read. */
  readonly file: string | URL | undefined;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Instructions of --change. */
  readonly changes: readonly string[];
  readonly message: string;
  readonly platform: Platform;
  readonly names: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Makes an image with one layer of the archive of a root file system: a tar, plain or packed with gzip, bzip2, xz or zstd.
 * @throws FETCH_STATUS, FETCH_FAILED, FETCH_REFUSED, ARCHIVE_INVALID, ARCHIVE_DAMAGED, DOCKERFILE_INVALID, CHANGE_INVALID, DISK_FULL
 */
export async function importImage(store: Store, options: ImportOptions): Promise<ImageRecord> {
  const { changes, message, platform, names, signal } = options;
  const config = await changedConfig(changes, platform);
  const archive = typeof options.file === "string" ? options.file : await spool(store, options, signal);
  const active = store.snapshots.prepare();
  let snapshot: string;
  try {
    const unpacked = await inWorker<Parameters<typeof unpackArchive>[0], Awaited<ReturnType<typeof unpackArchive>>>("layer/unpack-archive.ts", "unpackArchive",
      { archive, destination: "", upper: active.upper, lowers: [], recordOwners: insideUserNamespace()?.mapped === "one" }, { signal });
    if (unpacked.entries === 0) throw fault("ARCHIVE_INVALID", { archive: options.file === undefined ? "standard input" : basename(options.file instanceof URL ? options.file.pathname : options.file), problem: "there is nothing in it" });
    snapshot = store.snapshots.commit(active, { createdAt: Date.now() }).id;
  } catch (error) {
    await store.snapshots.discard(active);
    throw error;
  }
  const { diffId, size } = await packSnapshot(store, snapshot, { packing: undefined, signal });
  store.snapshots.describe(snapshot, { diffId, chainId: diffId, size });
  const created = new Date().toISOString();
  const bytes = serializeImageConfig({ ...platform, created, config, rootfs: { type: "layers", diff_ids: [diffId] }, history: [{ created, comment: message }] });
  return store.images.put({ config: bytes, names });
}

/** What moby lets --change say. */
const ALLOWED: ReadonlySet<string> = new Set(["cmd", "entrypoint", "env", "expose", "healthcheck", "label", "onbuild", "stopsignal", "user", "volume", "workdir"]);

async function changedConfig(changes: readonly string[], platform: Platform): Promise<ContainerConfig> {
  const dockerfile = parseDockerfile(Buffer.from(["FROM scratch", ...changes, ""].join("\n")), { file: "--change" });
  if (dockerfile.stages.length !== 1) throw fault("CHANGE_INVALID", { instruction: "FROM" });
  const { instructions } = dockerfile.stages[0]!;
  for (const { kind } of instructions) if (!ALLOWED.has(kind)) throw fault("CHANGE_INVALID", { instruction: kind.toUpperCase() });
  const { config } = await buildGraph(dockerfile, {
    buildArgs: new Map(), platform, buildPlatform: hostPlatform(process.arch), labels: new Map(), noCache: false, noCacheFilter: new Set(),
    network: "default", extraHosts: [], scope: "import", resolveBase: () => Promise.reject(new Error("nothing of scratch is resolved")),
  });
  // A build from scratch sets a PATH, an import does not.
  const setsPath = instructions.some((instruction) => instruction.kind === "env" && instruction.pairs.some(({ key }) => key === "PATH"));
  return setsPath ? config : { ...config, Env: config.Env?.filter((entry) => !entry.startsWith("PATH=")) ?? [] };
}

async function spool(store: Store, { file, stdin }: ImportOptions, signal: AbortSignal): Promise<string> {
  const path = join(store.temporary, `import-${randomUUID()}`);
  if (file instanceof URL) {
    await using transport = await openTransport();
    await download(file, path, { transport, headers: loginIn(file), signal });
  } else await pipeline(stdin, createWriteStream(path), { signal });
  return path;
}

function loginIn({ username, password }: URL): Record<string, string> {
  return username === "" ? {} : { authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64")}` };
}
