import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import type { Owner } from "../snapshot/ownership.ts";
import { Union } from "../snapshot/union.ts";
import { fault } from "../std/fault.ts";

const LIMIT = 10 * 1024 * 1024;

/**
 * Who `user[:group]` of --chown or USER is. A number is itself (up to 2^31−1; greater ones count as names),
 * `root` is 0, other names are looked up in /etc/passwd and /etc/group of the image. Without a group, a name
 * has the group of its passwd line and a number itself. As with BuildKit, an unknown user is 0, an unknown
 * group leaves the group as it is without one, and a missing file knows nobody.
 * @param layers layer folders of the image, top first.
 * @throws CHOWN_UNRESOLVED for a name in an empty image, or where the file is not a regular one or larger than 10 MiB
 */
export function resolveOwner(text: string, layers: readonly string[]): Owner {
  const colon = text.indexOf(":");
  const user = colon < 0 ? text : text.slice(0, colon);
  const group = colon < 0 ? "" : text.slice(colon + 1);
  const owner = user === "" ? { uid: 0, gid: 0 } : resolveUser(user, layers);
  return group === "" ? owner : { uid: owner.uid, gid: resolveGroup(group, layers) ?? owner.gid };
}

function resolveUser(user: string, layers: readonly string[]): Owner {
  const id = parseId(user);
  if (id !== undefined) return { uid: id, gid: id };
  const fields = findLine(user, "etc/passwd", layers);
  return { uid: parseId(fields?.[2]) ?? 0, gid: parseId(fields?.[3]) ?? 0 };
}

function resolveGroup(group: string, layers: readonly string[]): number | undefined {
  const id = parseId(group);
  if (id !== undefined) return id;
  return parseId(findLine(group, "etc/group", layers)?.[2]);
}

function parseId(text: string | undefined): number | undefined {
  if (text === "root") return 0;
  if (text === undefined || !/^\+?\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= 0x7fffffff ? id : undefined;
}

/** The fields of the first line of passwd or group that is about a name. */
function findLine(name: string, path: string, layers: readonly string[]): string[] | undefined {
  const unusable = (reason: string): Error => fault("CHOWN_UNRESOLVED", { name, file: `/${path}`, reason });
  if (layers.length === 0) throw unusable("the image is empty");
  const { entry } = new Union(layers).resolve(path, { followLast: true });
  if (entry === undefined) return undefined;
  if (!entry.stat.isFile()) throw unusable("it is not a regular file");
  if (entry.stat.size > LIMIT) throw unusable("it is larger than 10 MiB");
  const descriptor = openSync(entry.hostPath, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    if (!fstatSync(descriptor).isFile()) throw unusable("it is not a regular file");
    for (const line of readFileSync(descriptor, "utf8").split("\n")) {
      const fields = line.trim().split(":");
      if (fields[0] === name) return fields;
    }
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}
