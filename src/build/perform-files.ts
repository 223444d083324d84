import { inWorker } from "../std/worker-pool.ts";
import { sha256, type Digest } from "../oci/digest.ts";
import type { CopyOperation, MkdirOperation } from "../graph/vertex.ts";
import type { CacheRecord } from "../solve/ports.ts";
import type { SourcesDigest } from "../files/digest-sources.ts";
import type { FileOperation, performFileOperation } from "../files/file-operation.ts";
import type { SourceTree } from "../files/source-view.ts";
import type { Store } from "../store/open-store.ts";
import type { ActiveSnapshot } from "../store/snapshot-store.ts";
import { digestTree } from "./digest-tree.ts";

/** What the sources of a COPY were when their digest was made. */
export type CopiedContent = Pick<SourcesDigest, "digest" | "entries" | "files" | "bytes" | "newest"> & { readonly count?: number };

/** A copy of so many entries and bytes is done sooner than a worker is started; an archive to unpack may hold more. */
const SHORT_ENTRIES = 300;
const SHORT_BYTES = 4 * 1024 * 1024;

/** Hashes what COPY reads; digests of unchanged files come from earlier builds. */
export async function digestCopy(store: Store, operation: CopyOperation, trees: readonly SourceTree[], signal: AbortSignal): Promise<CopiedContent> {
  const parts: CopiedContent[] = [];
  for (const [index, tree] of trees.entries()) {
    const sources = operation.sources.filter((_, source) => (operation.origins?.[source]?.tree ?? 0) === index);
    const wildcards = operation.origins?.find((origin) => origin.tree === index)?.fetched !== true;
    parts.push(await digestSelection(store, operation, { tree, sources, wildcards, signal }));
  }
  return parts.length === 1 ? parts[0]! : joined(parts, trees);
}

/** Each tree has its own digest; what has changed since can only be told of the context, whose files are not ours. */
function joined(parts: readonly CopiedContent[], trees: readonly SourceTree[]): CopiedContent {
  return {
    digest: sha256(parts.map(({ digest }) => digest).join(" ")),
    entries: parts.flatMap(({ entries }) => entries),
    files: parts.reduce((sum, { files }) => sum + files, 0),
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    newest: parts.find((_, index) => trees[index]!.zeroOwner)?.newest ?? 0n,
  };
}

async function digestSelection(
  store: Store, operation: CopyOperation, { tree, sources, wildcards, signal }: { tree: SourceTree; sources: readonly string[]; wildcards: boolean; signal: AbortSignal },
): Promise<CopiedContent> {
  const scope = tree.layers[0] ?? "";
  const selected = { tree, sources, wildcards: wildcards && !operation.mounted, mounted: operation.mounted, command: operation.command, ...selection(operation) };
  const name = tree.zeroOwner ? sha256(JSON.stringify([scope, tree.excludes, sources, selected.wildcards, selected.mounted])) : undefined;
  const seen = name && store.seenSelections.get(name, scope);
  if (seen) {
    const { unchangedSources } = await import("../files/digest-sources.ts");
    let all: ReturnType<Store["fileDigests"]["load"]> | undefined;
    const unchanged = unchangedSources({ ...selected, known: { get: (key) => (all ??= store.fileDigests.load(scope)).get(key) } }, seen);
    if (unchanged) return unchanged;
  }
  const result = await digestTree(store, selected, signal);
  if (name && result.seen) store.seenSelections.put(name, result.seen);
  return result;
}

export interface PerformOptions {
  readonly store: Store;
  readonly recordOwners: boolean;
  readonly trees: readonly SourceTree[];
  /** What {@link digestCopy} found. */
  readonly content: CopiedContent | undefined;
  /** What the same step of the last build left. */
  readonly previous: CacheRecord | undefined;
  readonly signal: AbortSignal;
}

/** Performs COPY, ADD or WORKDIR on a snapshot that is being made. */
export async function performFiles(operation: CopyOperation | MkdirOperation, active: ActiveSnapshot, options: PerformOptions): Promise<void> {
  const { trees, content, recordOwners, signal } = options;
  const earlier = trees.length === 1 && trees[0]!.zeroOwner ? earlierCopy(options) : undefined;
  await inWorker<Parameters<typeof performFileOperation>[0], Awaited<ReturnType<typeof performFileOperation>>>(
    "files/file-operation.ts",
    "performFileOperation",
    {
      operation: fileOperation(operation), upper: active.upper, lowers: active.lowers, trees, recordOwners,
      ...(content ? { newest: content.newest } : {}), ...(earlier ? { earlier } : {}),
    },
    { signal, short: isShort(operation, content) },
  );
}

function isShort(operation: CopyOperation | MkdirOperation, content: CopiedContent | undefined): boolean {
  if (operation.kind === "mkdir" || content === undefined) return true;
  return !unpacks(operation) && content.entries.length <= SHORT_ENTRIES && content.bytes <= SHORT_BYTES;
}

/** The layer of the last build, and which files of the context are as they were then: those are linked, not copied. */
function earlierCopy({ store, previous, content }: PerformOptions): { folder: string; unchanged: Set<string> } | undefined {
  const snapshot = previous?.snapshot ? store.snapshots.get(previous.snapshot) : undefined;
  if (!snapshot || !content || !previous?.files) return undefined;
  const before = new Map<string, Digest>(previous.files.map(({ path, digest }) => [path, digest]));
  const same = content.entries.filter(({ path, type, digest }) => type === "file" && before.get(path) === digest);
  return { folder: snapshot.folder, unchanged: new Set(same.map(({ path }) => path)) };
}

function fileOperation(operation: CopyOperation | MkdirOperation): FileOperation {
  if (operation.kind === "mkdir") {
    return { kind: "mkdir", path: operation.path, mode: operation.mode, ...(operation.owner ? { owner: operation.owner } : {}), ...(operation.time === undefined ? {} : { time: operation.time }) };
  }
  return {
    kind: "copy",
    createdBy: operation.command,
    ...(operation.mounted ? { mounted: true } : {}),
    sources: operation.sources.map((path, source) => {
      const { tree, fetched } = operation.origins?.[source] ?? { tree: 0, fetched: false };
      return { tree, path, wildcards: !fetched && !operation.mounted, unpack: unpacks(operation, fetched) ? "auto" as const : "never" as const };
    }),
    inline: operation.inline.map(({ name, content }) => ({ name, content: Buffer.from(content), mode: 0o644 })),
    destination: operation.destination,
    ...(operation.chown ? { chown: operation.chown } : {}),
    ...(operation.chmod ? { chmod: operation.chmod } : {}),
    ...selection(operation),
  };
}

function selection({ parents, exclude }: CopyOperation): Pick<CopyOperation, "parents" | "exclude"> {
  return { ...(parents ? { parents } : {}), ...(exclude ? { exclude } : {}) };
}

/** ADD unpacks archives of the context unless it is told not to, and those that it fetches where it is told to. */
function unpacks({ command, unpack }: CopyOperation, fetched = false): boolean {
  return unpack ?? (command === "ADD" && !fetched);
}
