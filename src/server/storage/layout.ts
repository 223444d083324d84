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
}

/** Undefined for a new folder. @throws SERVER_ROOT_UNUSABLE */
export function readLayout(root: string): Layout | undefined {
  let text: string;
  try {
    text = readFileSync(join(root, "layout.json"), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const { sampanRegistryLayout: version, bucket, records } = JSON.parse(text) as Readonly<Record<string, unknown>>;
  if (version === 1 || version === LAYOUT_VERSION) return { version, bucket: typeof bucket === "string" ? bucket : undefined, records: typeof records === "string" ? records : undefined };
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
