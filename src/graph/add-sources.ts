import { posix } from "node:path";
import { hideLogin, parseGitUrl, type GitUrl } from "../context/git-url.ts";
import type { AddInstruction } from "../dockerfile/instruction.ts";
import { isDigest, type Digest } from "../oci/digest.ts";
import { fault } from "../std/fault.ts";
import { located, type Evaluation } from "./evaluation.ts";
import { remoteKind } from "./remote-kind.ts";
import { gitVertex, httpVertex } from "./source-vertices.ts";
import type { CopyOperation, Vertex } from "./vertex.ts";

/** What ADD reads from: paths, and for each the tree that it lies in. */
export interface AddSources extends Pick<CopyOperation, "sources" | "origins"> {
  readonly trees: readonly (Vertex | undefined)[];
}

/**
 * Sorts the sources of an ADD: what is named by a URL or is a git repository gets a vertex that fetches it, which the
 * copy reads from as from a stage. The file of a URL has the last part of its path as its name, a repository gives its contents.
 * @param local the build context, made when a source lies there
 * @throws GIT_URL_INVALID, CHECKSUM_INVALID
 */
export function addSources(evaluation: Evaluation, written: readonly string[], instruction: AddInstruction, { local, checksum }: { local: () => Vertex; checksum: string | undefined }): AddSources {
  if (written.every((source) => remoteKind(source) === undefined)) return { sources: written, trees: [written.length > 0 ? local() : undefined] };
  const trees: Vertex[] = [];
  const treeOf = (vertex: Vertex): number => (trees.includes(vertex) ? trees.indexOf(vertex) : trees.push(vertex) - 1);
  const read = written.map((source) => located(instruction.location, () => {
    const kind = remoteKind(source);
    if (kind === undefined) return { path: source, tree: treeOf(local()), fetched: false };
    if (kind === "git ref") {
      return { path: "/", tree: treeOf(gitVertex(evaluation, addedGit(source, instruction, checksum), instruction.location)), fetched: true };
    }
    const filename = nameOf(source);
    const digest = checksum ? readDigest(checksum) : undefined;
    return { path: `/${filename}`, tree: treeOf(httpVertex(evaluation, { url: source, filename, ...(digest ? { checksum: digest } : {}) }, instruction.location)), fetched: true };
  }));
  return { sources: read.map(({ path }) => path), origins: read.map(({ tree, fetched }) => ({ tree, fetched })), trees };
}

/** What flags and the address say together. */
function addedGit(source: string, { keepGitDir }: AddInstruction, checksum: string | undefined): GitUrl {
  const git = parseGitUrl(source);
  if (keepGitDir !== undefined && git.keepGitDir !== undefined && keepGitDir !== git.keepGitDir) throw fault("GIT_URL_INVALID", { problem: "inconsistent keep-git-dir configuration" });
  if (checksum && git.checksum !== undefined && !git.checksum.startsWith(checksum) && !checksum.startsWith(git.checksum)) {
    throw fault("GIT_URL_INVALID", { problem: `checksum mismatch ${JSON.stringify(checksum)} != ${JSON.stringify(git.checksum)}` });
  }
  const longer = [checksum, git.checksum].filter((each) => each !== undefined && each !== "").sort((a, b) => b!.length - a!.length)[0];
  return { ...git, ...(keepGitDir === undefined ? {} : { keepGitDir }), ...(longer === undefined ? {} : { checksum: longer }) };
}

/** @throws CHECKSUM_INVALID in BuildKit's words */
function readDigest(text: string): Digest {
  if (isDigest(text)) return text;
  const [, algorithm, hex = ""] = /^([a-z0-9]+):([0-9a-f]*)$/.exec(text) ?? [];
  const lengths: Record<string, number> = { sha256: 64, sha384: 96, sha512: 128 };
  const known = algorithm !== undefined && lengths[algorithm] !== undefined;
  throw fault("CHECKSUM_INVALID", { problem: known && hex.length !== lengths[algorithm] ? "invalid checksum digest length" : known || algorithm === undefined ? "invalid checksum digest format" : "unsupported digest algorithm" });
}

/** The last part of the path, as it is in the address's own words. */
function nameOf(source: string): string {
  const path = URL.canParse(source) ? new URL(source).pathname : "";
  const name = posix.basename(decode(path));
  if (name.includes("\0")) throw fault("COPY_PATH_INVALID", { path: hideLogin(source), problem: "it contains a NUL byte" });
  return name === "" || name === "." || name === ".." ? "__unnamed__" : name;
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
