import { spec } from "../fault-spec.ts";

/** Faults of the layer station. */
export const layerFaults = {
  SYMLINK_LOOP: spec<{ path: string }>({
    when: "A path inside an image or context goes through more than 255 symbolic links.",
    exit: 1,
    message: ({ path }) => `too many links: ${path} leads through symbolic links in a circle`,
    hint: () => "correct or remove one of the links, or name the file that is meant by its own path",
  }),
  ARCHIVE_INVALID: spec<{ archive: string; entry?: string; problem: string }>({
    when: "A layer or an archive is not a tar archive that can be unpacked: damaged, hostile or of an unknown kind.",
    exit: 1,
    message: ({ archive, entry, problem }) =>
      entry === undefined ? `${archive} cannot be unpacked: ${problem}` : `${archive} cannot be unpacked: entry ${JSON.stringify(entry)}: ${problem}`,
    hint: () => "get the archive or image again from where it came from; if it stays so, it has to be made anew",
  }),
  ARCHIVE_DAMAGED: spec<{ archive: string; problem: string }>({
    when: "The compressed data of a layer or an archive is cut short or damaged.",
    exit: 1,
    message: ({ archive, problem }) => `${archive} is damaged: ${problem}`,
    hint: () => "get the archive or image again from where it came from",
  }),
  ARCHIVE_TOO_LARGE: spec<{ archive: string; limit: number }>({
    when: "A layer or an archive unpacks to more bytes than allowed, as decompression bombs do.",
    exit: 1,
    message: ({ archive, limit }) => `${archive} unpacks to more than ${limit} bytes`,
    hint: () => "do not use this image unless you trust whoever made it",
  }),
  LAYER_DIFF_ID: spec<{ layer: string; expected: string; actual: string }>({
    when: "The content of a layer has not the digest (DiffID) that the image's config promises.",
    exit: 1,
    message: ({ layer, expected, actual }) => `${layer} has the content ${actual}, but the image's config says ${expected}`,
    hint: () => "the image is inconsistent: pull or build it again",
  }),
  WHITEOUT_REFUSED: spec<{ path: string; reason: string }>({
    when: "The mark of a deleted file, a character device 0/0, cannot be made in the store.",
    exit: 1,
    message: ({ path, reason }) => `the deletion of ${path} cannot be stored: ${reason}`,
    hint: () => "this needs Linux 5.8 or newer, the optional dependency koffi, and a store (SAMPAN_ROOT) on a local file system such as ext4, xfs or btrfs",
  }),
  OWNER_REFUSED: spec<{ path: string; uid: number; gid: number; recorded: boolean }>({
    when: "A file in the store cannot be given the owner that it has in the image.",
    exit: 1,
    message: ({ path, uid, gid }) => `${path} cannot be given to owner ${uid}:${gid}`,
    hint: ({ recorded }) =>
      recorded
        ? "the store (SAMPAN_ROOT) has to be on a file system with extended attributes, such as ext4, xfs, btrfs or tmpfs, and the optional dependency koffi installed"
        : "the id has to be within the ranges of /etc/subuid and /etc/subgid; more of them, or root, are needed",
  }),
  FILE_CHANGED: spec<{ path: string }>({
    when: "A file became shorter or longer while it was being read.",
    exit: 1,
    message: ({ path }) => `${path} changed while it was read`,
    hint: () => "stop what writes to it, then run the command again",
  }),
  FILE_NAME_INVALID: spec<{ path: string }>({
    when: "The name of a file is not valid UTF-8, which image configs and layers need.",
    exit: 1,
    message: ({ path }) => `the name of ${JSON.stringify(path)} is not valid UTF-8`,
    hint: () => "rename or remove the file",
  }),
} as const;
