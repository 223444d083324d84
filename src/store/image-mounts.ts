import { readFileSync, readlinkSync } from "node:fs";
import type { Digest } from "../oci/digest.ts";
import type { Database } from "./database.ts";
import { ownIdentity } from "./process-identity.ts";
import { toNumber } from "./snapshot-store.ts";

/** An image that is mounted for people to look at. */
export interface ImageMount {
  /** The folder that shows it, absolute. */
  readonly path: string;
  readonly image: Digest;
}

/**
 * Mounts that outlive the process that made them. Each has a row while it is there, which keeps its layers. A mount and
 * its row are made in one transaction: a row without a mount is one that somebody else has unmounted.
 */
export class ImageMounts {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** All that are mounted, by path. */
  list(): ImageMount[] {
    this.forgetUnmounted();
    return this.#database.all<ImageMount>("SELECT path, image FROM image_mount ORDER BY path");
  }

  /** Where an image is mounted. */
  of(image: Digest): string[] {
    return this.list().filter((mount) => mount.image === image).map(({ path }) => path);
  }

  /** Notes a mount. @param mount does it; what it throws leaves no row */
  add({ path, image, snapshot }: ImageMount & { readonly snapshot: string | undefined }, mount: () => void): void {
    this.#database.transaction(() => {
      this.#database.run(
        "INSERT OR REPLACE INTO image_mount (path, image, snapshot, boot, namespace, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        path, image, snapshot === undefined ? null : toNumber(snapshot), ownIdentity().boot, mountNamespace(), Date.now(),
      );
      mount();
    });
  }

  /** Forgets a mount. @param unmount does it; what it throws leaves the row */
  remove(path: string, unmount: () => void): void {
    this.#database.transaction(() => {
      this.#database.run("DELETE FROM image_mount WHERE path = ?", path);
      unmount();
    });
  }

  /** Drops the rows of what others have unmounted; what is mounted in other namespaces cannot be seen from here. */
  forgetUnmounted(): void {
    const rows = this.#database.all<{ path: string }>("SELECT path FROM image_mount WHERE namespace = ?", mountNamespace());
    if (rows.length === 0) return;
    this.#database.transaction(() => {
      const mounted = mountPoints();
      for (const { path } of rows) if (!mounted.has(path)) this.#database.run("DELETE FROM image_mount WHERE path = ?", path);
    });
  }
}

function mountNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/mnt");
  } catch {
    return "";
  }
}

/** The mount points of this namespace (proc_pid_mountinfo(5): field five, with spaces and the like in octal). */
function mountPoints(): Set<string> {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return new Set(lines.flatMap((line) => line.split(" ")[4]?.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))) ?? []));
}
