import type { ImageStore } from "../../store/image-store.ts";
import { fault } from "../../std/fault.ts";
import { familiarName } from "./familiar-name.ts";
import { nameOf } from "./name-of.ts";
import { shortId } from "./image-rows.ts";

/**
 * Removes an image by Docker's rules: by a name that is not its last one only the name goes; by the last name, or by
 * its id while it has no more than one name, the image goes; by its id with several names it stays unless forced.
 * @returns the lines to print, `Untagged: …` and `Deleted: …`
 * @throws IMAGE_NOT_FOUND, IMAGE_AMBIGUOUS, IMAGE_IN_USE
 */
export function removeImage(images: ImageStore, text: string, force: boolean): string[] {
  const image = images.find(text);
  const name = nameOf(text);
  const lines: string[] = [];
  const byName = name !== undefined && image.names.includes(name);
  if (byName && image.names.length > 1) {
    images.untag(name);
    lines.push(`Untagged: ${familiarName(name)}`);
    return lines;
  }
  if (!byName && !text.includes("@") && image.names.length > 1 && !force) {
    throw fault("IMAGE_IN_USE", {
      image: shortId(image.id),
      problem: "must be forced: the image has several names",
      hint: `name one of ${image.names.map(familiarName).join(", ")}, or remove all of them with -f`,
    });
  }
  if (text.includes("@") && image.names.length > 0 && !force) {
    throw fault("IMAGE_IN_USE", {
      image: text,
      problem: "must be forced: the image has a tag as well",
      hint: `remove ${image.names.map(familiarName).join(", ")}, or use -f`,
    });
  }
  images.remove(image.id);
  for (const gone of [...image.names, ...image.repoDigests]) lines.push(`Untagged: ${familiarName(gone)}`);
  lines.push(`Deleted: ${image.id}`);
  return lines;
}
