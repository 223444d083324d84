import type { SourceTree } from "../files/source-view.ts";
import type { RunOperation } from "../graph/vertex.ts";
import { sha256, type Digest } from "../oci/digest.ts";
import type { Content, ContentRow } from "../solve/ports.ts";
import type { Store } from "../store/open-store.ts";
import { digestTree } from "./digest-tree.ts";

/** What an input of a RUN is, as far as its content goes. */
export interface MountedInput {
  readonly tree: SourceTree;
  readonly identity: Digest;
  /** What it was copied from the context for, where that is so. */
  readonly content: Content | undefined;
}

/**
 * The content of all that a RUN mounts. A whole file system counts by its identity: reading an image for every RUN that
 * mounts it would cost more than it could save.
 * @throws COPY_SOURCE_NOT_FOUND
 */
export async function digestMounts(
  store: Store,
  { mounts = [] }: RunOperation,
  options: { readonly input: (index: number) => Promise<MountedInput>; readonly signal: AbortSignal },
): Promise<Content> {
  const digests: Digest[] = [];
  const entries: ContentRow[] = [];
  for (const mount of mounts) {
    if (!("input" in mount) || mount.input === null) continue;
    const { tree, identity, content } = await options.input(mount.input);
    const source = (mount.kind === "cache" ? mount.seed : mount.source) ?? "/";
    const found = content ?? (source === "/" ? { digest: identity, entries: [] } : await digestTree(store, { tree, sources: [source], wildcards: false, mounted: true, command: "RUN --mount" }, options.signal));
    digests.push(found.digest);
    // One file may be in several mounts.
    for (const row of found.entries) entries.push({ ...row, path: `${mount.target}: ${row.path}` });
  }
  return { digest: sha256(JSON.stringify(digests)), entries };
}
