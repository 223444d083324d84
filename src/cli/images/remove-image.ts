import type { Digest } from "../../oci/digest.ts";
import { formatPlatform } from "../../oci/platform.ts";
import { isUp } from "../../store/container-record.ts";
import { idsOf } from "../../store/image-record.ts";
import type { Store } from "../../store/open-store.ts";
import { fault } from "../../std/fault.ts";
import { familiarName } from "./familiar-name.ts";
import { nameOf } from "./name-of.ts";
import { shortId } from "./image-rows.ts";

/**
 * Removes an image by Docker's rules: by a name that is not its last one only the name goes; by the last name, or by
 * its id while it has no more than one name, the image goes; by its id with several names it stays unless forced.
 * An image that a container uses stays as well: one that runs in any case, one that has ended unless it is forced. So does one that is
 * mounted.
 * @returns the lines to print, `Untagged: …` and `Deleted: …`
 * @throws IMAGE_NOT_FOUND, IMAGE_AMBIGUOUS, IMAGE_IN_USE
 */
export function removeImage({ images, containers, mounts }: Pick<Store, "images" | "containers" | "mounts">, text: string, force: boolean): string[] {
  const image = images.target(text);
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
  const [whole] = image.names.length > 0 ? [] : images.indexesOf(image.id);
  if (whole !== undefined) {
    const name = familiarName(whole.names[0] ?? whole.id);
    throw fault("IMAGE_IN_USE", {
      image: shortId(image.id), problem: `must be removed by its platform: it belongs to the index ${name}`,
      hint: `\`sampan rmi --platform ${formatPlatform(image.config)} ${name}\``,
    });
  }
  const ids = idsOf(image);
  refuseMounted(mounts, ids, byName ? text : shortId(image.id));
  const user = usedBy(containers, ids);
  if (user && isUp(user.state) && byName && force) {
    images.untag(name);
    return [`Untagged: ${familiarName(name)}`];
  }
  if (user && (isUp(user.state) || !force)) throw inUse(user, image.id, byName ? text : undefined);
  images.remove(image.id);
  for (const gone of [...image.names, ...image.repoDigests]) lines.push(`Untagged: ${familiarName(gone)}`);
  lines.push(`Deleted: ${image.id}`);
  return lines;
}

/** @throws IMAGE_IN_USE */
export function refuseMounted(mounts: Store["mounts"], ids: readonly Digest[], image: string): void {
  const [mount] = ids.flatMap((id) => mounts.of(id));
  if (mount === undefined) return;
  throw fault("IMAGE_IN_USE", { image, problem: `cannot be forced: the image is mounted at ${mount}`, hint: `\`sampan image unmount ${mount}\` takes the mount away` });
}

type Users = ReturnType<Store["containers"]["using"]>;

/** A container of one of these images, one that runs before the others. */
export function usedBy(containers: Store["containers"], ids: readonly Digest[]): Users[number] | undefined {
  const users = ids.flatMap((id) => containers.using(id));
  return users.find(({ state }) => isUp(state)) ?? users[0];
}

/** @param name how the image was named, if it was not by its id */
export function inUse(user: Users[number], id: Digest, name: string | undefined): Error {
  const container = user.id.slice(0, 12);
  const running = isUp(user.state);
  const problem = name === undefined || running
    ? `${running ? "cannot" : "must"} be forced: image is being used by ${running ? "running" : "stopped"} container ${container}`
    : `must be forced: container ${container} is using its referenced image ${shortId(id)}`;
  return fault("IMAGE_IN_USE", {
    image: name ?? shortId(id),
    problem,
    hint: running ? `stop and remove the container first: \`sampan rm -f ${user.name}\`` : `remove the container first: \`sampan rm ${user.name}\`, or use -f: the container keeps what it needs of the image`,
  });
}
