import { dirname, join, relative } from "node:path";
import { isDirty, placeIn, workTreeOf, type WorkTree } from "./git-work-tree.ts";

/** Folders of this machine that a build reads. */
export interface BuildFolders {
  /** The context, absolute. */
  readonly context: string;
  /** Where the Dockerfile lies; absent where it comes from standard input. */
  readonly dockerfile?: string | undefined;
}

export interface GitQuestion {
  /** Whether a commit is called `…-dirty` when the tree has anything besides. */
  readonly checkDirty?: boolean | undefined;
  readonly signal?: AbortSignal;
}

/** Which commit of which repository a build's folders are, by the names that buildx has for it; nothing where they are of none. */
export async function gitFactsOf(folders: BuildFolders, question: GitQuestion = {}): Promise<Readonly<Record<string, string>>> {
  const tree = await workTreeOf(folders.context, question.signal);
  if (!tree) return {};
  const { source } = tree;
  const revision = await revisionOf(tree, question);
  return {
    ...Object.fromEntries((["context", "dockerfile"] as const).flatMap((name) => {
      const place = folders[name] === undefined ? undefined : placeIn(tree, folders[name]);
      return place === undefined ? [] : [[`localdir:${name}`, place] as const];
    })),
    ...(revision === undefined ? {} : { revision }), ...(source === undefined ? {} : { source }),
  };
}

/**
 * The labels that BUILDX_GIT_LABELS asks for: commit, repository, and where in it the Dockerfile lies.
 * @param dockerfile absolute path; absent where it comes from standard input
 */
export async function gitLabelsOf({ context, dockerfile = join(context, "Dockerfile") }: BuildFolders, question: GitQuestion = {}): Promise<Readonly<Record<string, string>>> {
  const tree = await workTreeOf(context, question.signal);
  if (!tree) return {};
  const { root, source } = tree;
  const revision = await revisionOf(tree, question);
  const folder = placeIn(tree, dirname(dockerfile));
  return {
    ...(revision === undefined ? {} : { "org.opencontainers.image.revision": revision }),
    ...(source === undefined ? {} : { "org.opencontainers.image.source": source }),
    ...(folder === undefined ? {} : { "com.docker.image.source.entrypoint": relative(root, join(root, folder, dockerfile.slice(dirname(dockerfile).length + 1))) }),
  };
}

async function revisionOf(tree: WorkTree, { checkDirty = false, signal }: GitQuestion): Promise<string | undefined> {
  return tree.revision !== undefined && checkDirty && (await isDirty(tree, signal)) ? `${tree.revision}-dirty` : tree.revision;
}
