import { formatPlatform, type Platform } from "../../oci/platform.ts";
import { attests } from "../../oci/select-platform.ts";
import { fault } from "../../std/fault.ts";
import { isUp } from "../../store/container-record.ts";
import { platformsOf } from "../../store/image-record.ts";
import type { Store } from "../../store/open-store.ts";
import { familiarName } from "./familiar-name.ts";
import { inUse, refuseMounted, removeImage, usedBy } from "./remove-image.ts";

/**
 * Removes platforms of an index, with what is attached to their images; with the last one the index goes. An image of a single platform
 * goes as a whole, if that is the one.
 * @returns the lines to print
 * @throws IMAGE_NOT_FOUND, IMAGE_AMBIGUOUS, IMAGE_PLATFORM_MISSING, IMAGE_IN_USE
 */
export function removePlatforms(store: Pick<Store, "images" | "containers" | "mounts">, text: string, platforms: readonly Platform[], force: boolean): string[] {
  const { images, containers, mounts } = store;
  const target = images.target(text);
  const { index } = target;
  if (index === undefined) {
    for (const platform of platforms) images.find(text, platform);
    return removeImage(store, text, force);
  }
  const wanted = new Set(platforms.map(formatPlatform));
  const chosen = index.parts.filter(({ image, descriptor }) => image !== undefined && descriptor.platform && wanted.has(formatPlatform(descriptor.platform)));
  for (const platform of wanted) {
    if (chosen.some(({ descriptor }) => formatPlatform(descriptor.platform!) === platform)) continue;
    throw fault("IMAGE_PLATFORM_MISSING", { reference: text, platform, available: platformsOf(target) });
  }
  const ids = chosen.map(({ image }) => image!);
  refuseMounted(mounts, ids, text);
  const user = usedBy(containers, ids);
  if (user && (isUp(user.state) || !force)) throw inUse(user, ids[0]!, text);
  const manifests = new Set<string>(chosen.map(({ descriptor }) => descriptor.digest));
  const attached = index.parts.filter(({ present, descriptor }) => present && manifests.has(attests(descriptor) ?? ""));
  const gone = [...chosen, ...attached].map(({ descriptor }) => descriptor.digest);
  const left = images.removeParts(target.id, gone);
  return [...(left ? [] : target.names.map((name) => `Untagged: ${familiarName(name)}`)), ...ids.map((id) => `Deleted: ${id}`), ...(left ? [] : [`Deleted: ${target.id}`])];
}
