import { MOUNT_ATTR } from "../linux/mount.ts";

/** Options of --tmpfs as the kernel takes them: settings of the file system itself, and attributes of its mount. */
export interface TmpfsOptions {
  readonly settings: Readonly<Record<string, string>>;
  readonly attributes: number;
}

const { RDONLY, NOSUID, NODEV, NOEXEC, NOATIME, STRICTATIME, NODIRATIME } = MOUNT_ATTR;
const ACCESS_TIMES = NOATIME | STRICTATIME;

/** What a word puts on the mount and what it takes away. */
const WORDS: Readonly<Record<string, { readonly on?: number; readonly off?: number }>> = {
  defaults: {}, ro: { on: RDONLY }, rw: { off: RDONLY }, nosuid: { on: NOSUID }, suid: { off: NOSUID }, nodev: { on: NODEV }, dev: { off: NODEV },
  noexec: { on: NOEXEC }, exec: { off: NOEXEC }, noatime: { on: NOATIME, off: ACCESS_TIMES }, strictatime: { on: STRICTATIME, off: ACCESS_TIMES },
  atime: { off: ACCESS_TIMES }, relatime: { off: ACCESS_TIMES }, nodiratime: { on: NODIRATIME }, diratime: { off: NODIRATIME },
};

const AMOUNT = /^\d+[kmg]?$/i;
const SETTINGS: Readonly<Record<string, RegExp>> = {
  size: /^\d+[kmg%]?$/i, mode: /^[0-7]{1,4}$/, uid: /^\d{1,10}$/, gid: /^\d{1,10}$/, nr_inodes: AMOUNT, nr_blocks: AMOUNT, mpol: /^[\w:=-]+$/,
};

/**
 * Docker's options of a folder in memory; later words win. Without any it holds no programs, set-id bits and devices that count.
 * @returns what they mean, or the word that means nothing
 */
export function tmpfsOptions(text: string): TmpfsOptions | { readonly unknown: string } {
  const settings: Record<string, string> = {};
  let attributes: number = NOSUID | NODEV | NOEXEC;
  for (const option of text.split(",").filter((word) => word !== "")) {
    const [, name = option, value] = /^([^=]*)=(.*)$/s.exec(option) ?? [];
    if (value === undefined) {
      if (!Object.hasOwn(WORDS, name)) return { unknown: option };
      const { on = 0, off = 0 } = WORDS[name]!;
      attributes = (attributes & ~off) | on;
    } else {
      if (!Object.hasOwn(SETTINGS, name) || !SETTINGS[name]!.test(value)) return { unknown: option };
      settings[name] = value;
    }
  }
  return { settings, attributes };
}
