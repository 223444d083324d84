import { basename } from "node:path";
import type { Subtree } from "../layer/subtree.ts";
import { Union } from "../snapshot/union.ts";
import { fault } from "../std/fault.ts";
import type { Copied } from "./copy-place.ts";

/** A path in a stack of layers, as somebody has written it. */
export interface CopySource {
  /** Folders of the layers, top first. */
  readonly layers: readonly string[];
  /** `/etc/passwd`; with `/.` at its end the contents of a directory are meant. */
  readonly path: string;
  /** What messages call the image or container. */
  readonly image: string;
  /** Whether a symlink that the path ends in is followed, within the layers. */
  readonly follow: boolean;
  /** The command that hints name. */
  readonly command: "image cp" | "cp";
}

/** Finds what is to be copied. @throws IMAGE_PATH_MISSING, SYMLINK_LOOP */
export function findCopySource({ layers, path, image, follow, command }: CopySource): Copied & Pick<Subtree, "source"> {
  const contents = /(?:^|\/)\.?$/.test(path) && (path.endsWith("/.") || path === "/" || path === ".");
  const { path: source, entry } = new Union(layers).resolve(path, { followLast: follow || path.endsWith("/") || path.endsWith("/.") });
  const missing = (problem: string): Error => fault("IMAGE_PATH_MISSING", { image, path, problem, command });
  if (entry === undefined) throw missing("it does not exist");
  const directory = entry.stat.isDirectory();
  if (!directory && /\/\.?$/.test(path)) throw missing("it is no directory");
  return { source, name: basename(path.replace(/\/\.?$/, "")), contents: contents || source === "", directory };
}
