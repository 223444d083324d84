import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fault } from "../../std/fault.ts";
import { writeDurably } from "./folder/durable-file.ts";

/** Version 1 had its records in files of a folder `repositories`. */
export const LAYOUT_VERSION = 2;

/** What a registry's folder says of itself. */
export interface Layout {
  readonly version: number;
  /** The bucket, where the blobs are not in the folder. */
  readonly bucket: string | undefined;
  /** What a database of elsewhere calls this registry, where the records are there. */
  readonly records: string | undefined;
  /** What has begun to fill the folder and has not ended yet. */
  readonly filling?: Filling | undefined;
}

export type Filling = "migration" | "copy";

/**
 * Undefined for a new folder.
 * @param options `filling`: what may go on in a folder that is not whole
 * @throws SERVER_ROOT_UNUSABLE, SERVER_MIGRATION_UNFINISHED, SERVER_COPY_UNFINISHED
 */
export function readLayout(root: string, options: { filling?: Filling } = {}): Layout | undefined {
  const layout = parseLayout(root);
  if (layout?.filling === undefined || layout.filling === options.filling) return layout;
  throw fault(layout.filling === "migration" ? "SERVER_MIGRATION_UNFINISHED" : "SERVER_COPY_UNFINISHED", { root });
}

function parseLayout(root: string): Layout | undefined {
  let text: string;
  try {
    text = readFileSync(join(root, "layout.json"), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const { sampanRegistryLayout: version, bucket, records, filling } = JSON.parse(text) as Readonly<Record<string, unknown>>;
  if (version === 1 || version === LAYOUT_VERSION) {
    return {
      version, bucket: typeof bucket === "string" ? bucket : undefined, records: typeof records === "string" ? records : undefined,
      filling: filling === "migration" || filling === "copy" ? filling : undefined,
    };
  }
  throw fault("SERVER_ROOT_UNUSABLE", { root, problem: `its layout has version ${String(version)}, this program knows versions up to ${LAYOUT_VERSION}` });
}

/** Blobs have to be where the folder's records have put them. @throws SERVER_ROOT_UNUSABLE */
export function checkBlobsPlace(root: string, layout: Layout, bucket: string | undefined): void {
  if (layout.bucket === bucket) return;
  const where = (name: string | undefined): string => (name === undefined ? "in the folder itself" : `in ${name}`);
  throw fault("SERVER_ROOT_UNUSABLE", { root, problem: `its blobs are ${where(layout.bucket)}, and \`storage\` of the configuration ${bucket === undefined ? "does not say so" : `says ${bucket}`}`, hint: "name the configuration of the server with --config FILE, with the `storage` that it had" });
}

export function writeLayout(root: string, { version, ...places }: Layout): Promise<void> {
  return writeDurably(join(root, "layout.json"), `${JSON.stringify({ sampanRegistryLayout: version, ...places })}\n`, join(root, "temporary"));
}
