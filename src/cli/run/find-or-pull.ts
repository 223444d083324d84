import { lazyClient, type ClientAccess } from "../../build/lazy-client.ts";
import { formatPlatform, hostPlatform, type Platform } from "../../oci/platform.ts";
import { familiarReference, formatReference, parseReference } from "../../oci/reference.ts";
import { isFault } from "../../std/fault.ts";
import type { ImageRecord } from "../../store/image-store.ts";
import type { Store } from "../../store/open-store.ts";
import { pullStatus, pullWithProgress } from "../images/pull-with-progress.ts";
import type { Io } from "../io.ts";

/**
 * The image that `run` was given: from the store, or pulled, as --pull says. One that is here for other platforms only is pulled too.
 * Docker's lines go to standard error.
 */
export async function findOrPull(
  store: Store,
  text: string,
  options: { when: string; quiet: boolean; platform: Platform | undefined; access: ClientAccess; io: Io; signal: AbortSignal },
): Promise<ImageRecord> {
  const { when, quiet, platform, access, io, signal } = options;
  let wanted = "";
  if (when !== "always") {
    try {
      return store.images.find(text, platform);
    } catch (error) {
      if (when === "never" || !(isFault(error, "IMAGE_NOT_FOUND") || isFault(error, "IMAGE_PLATFORM_MISSING")) || /^(?:sha256:)?[a-f0-9]{64}$/.test(text)) throw error;
      if (platform !== undefined && isFault(error, "IMAGE_PLATFORM_MISSING")) wanted = ` for ${formatPlatform(platform)}`;
    }
  }
  const { aliasNote, longName } = await import("../../registry/routes/long-name.ts");
  const meant = await longName(text, io.env);
  if (meant.file !== undefined && when === "missing") {
    const known = store.images.list().find(({ names }) => names.includes(formatReference(parseReference(meant.name))));
    const image = known && store.images.ofPlatform(known, platform);
    if (image) return image;
  }
  if (meant.file !== undefined) io.stderr.write(`${aliasNote(text, meant)}\n`);
  const reference = parseReference(meant.name);
  if (when === "missing" && !quiet) io.stderr.write(`Unable to find image '${familiarReference(reference)}'${wanted} locally\n`);
  await using client = lazyClient(access);
  const { image, updated } = await pullWithProgress(store, reference, {
    client: client.get, platforms: [platform ?? hostPlatform(process.arch)], show: quiet ? "nothing" : "lines", out: io.stderr, io, signal,
  });
  if (!quiet) io.stderr.write(`Status: ${pullStatus(updated)} for ${familiarReference(reference)}\n`);
  return image;
}
