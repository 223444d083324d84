import type { Digest } from "../../oci/digest.ts";
import { familiarReference, parseReference } from "../../oci/reference.ts";
import { dropImage, loseParts } from "../image-parts.ts";
import type { RemovalPlace } from "../removal.ts";
import type { Finding } from "./problem.ts";

/** An image or index that cannot be used any more. */
export function goneWith({ database }: RemovalPlace, id: Digest, what: string, title: string): Finding {
  const containers = database.all<{ name: string }>("SELECT name FROM container WHERE image = ?", id).map(({ name }) => name);
  return {
    what,
    repair: "it is removed with its names",
    loses: `the image ${title}: build, pull or load it again${containers.length > 0 ? `; the containers ${containers.join(", ")} stay` : ""}`,
    fix: () => {
      for (const { whole, manifest } of database.all<{ whole: Digest; manifest: Digest }>("SELECT index_id AS whole, manifest FROM image_part WHERE image = ?", id)) {
        if (!loseParts(database, whole, [manifest])) dropImage(database, whole);
      }
      dropImage(database, id);
      return true;
    },
  };
}

/** Whether an image can have that name. */
export function isName(name: string): boolean {
  try {
    return parseReference(name).digest === undefined;
  } catch {
    return false;
  }
}

/** The first name of the image, or of an index that it is a platform of, else the beginning of its id. */
export function titleOf({ database }: RemovalPlace, id: Digest): string {
  const row = database.get<{ name: string }>(
    "SELECT name FROM image_name WHERE image = ?1 OR image IN (SELECT index_id FROM image_part WHERE image_part.image = ?1) ORDER BY image <> ?1, name LIMIT 1", id);
  return row !== undefined && isName(row.name) ? familiarReference(parseReference(row.name)) : id.slice(7, 19);
}
