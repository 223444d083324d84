import { lstatSync, mkdirSync, readdirSync, rmSync, type BigIntStats } from "node:fs";
import { normalize } from "node:path/posix";
import { setTimes } from "../linux/times.ts";
import { markOpaque } from "../snapshot/opaque.ts";
import { ownerOf, type Owner } from "../snapshot/ownership.ts";
import { subfolders, Union } from "../snapshot/union.ts";
import { isWhiteout } from "../snapshot/whiteout.ts";
import { fault } from "../std/fault.ts";
import { applyAttributes, copyXattrs, type Attributes } from "./apply-attributes.ts";

/** A directory of the image that is being written to: it exists in `upper`. */
export interface TargetDirectory {
  /** Below the root of the image, free of symlinks; empty for the root. */
  readonly path: string;
  /** Where it lies in `upper`. */
  readonly hostPath: string;
  /** The lower folders that show through, top first. */
  readonly lowers: readonly string[];
  /** What the image has in it, as seen before and changed since. */
  readonly names: Map<string, Kind>;
}

/** A whiteout is one of `upper` itself; those of lower layers leave nothing to see. */
type Kind = "directory" | "other" | "whiteout";

/** What directories get that are made on the way to a destination; without an owner they are root's. */
export interface CreatedDirectory {
  readonly mode: number;
  readonly owner: Owner | undefined;
}

const SETGID = 0o2000;

/**
 * The file system that COPY, ADD and WORKDIR change: the folder `upper` over read-only `lowers`, written
 * as overlayfs would write it, without mounting. Host paths are only built from paths that were resolved
 * inside the root, and whatever a new entry replaces is unlinked before, so no write goes through a symlink.
 */
export class Destination {
  readonly upper: string;
  readonly lowers: readonly string[];
  readonly recordOwners: boolean;
  readonly #view: Union;
  readonly #opened = new Map<string, TargetDirectory>();
  /** Times that directories get at the end, when nothing is put into them any more. */
  readonly #times = new Map<string, { readonly accessed: bigint; readonly modified: bigint }>();

  constructor(upper: string, lowers: readonly string[], recordOwners: boolean) {
    this.upper = upper;
    this.lowers = lowers;
    this.recordOwners = recordOwners;
    this.#view = new Union([upper, ...lowers]);
  }

  /**
   * Where a path of the image leads when symlinks are followed to the end, and what is there.
   * @throws SYMLINK_LOOP
   */
  resolve(path: string): { readonly path: string; readonly kind: Kind | undefined } {
    const found = this.#view.resolve(normalize(path), { followLast: true });
    if (found.path === "") return { path: "", kind: "directory" };
    return { path: found.path, kind: found.entry === undefined ? undefined : found.entry.stat.isDirectory() ? "directory" : "other" };
  }

  /**
   * A directory to write into, by its resolved path; parents and itself are copied up where a lower layer has
   * them, and made with `created` where the image has none.
   * @throws NOT_A_DIRECTORY
   */
  directory(path: string, created: CreatedDirectory): TargetDirectory {
    const known = this.#opened.get(path);
    if (known) return known;
    if (path === "") return this.#open({ path, hostPath: this.upper, lowers: this.#view.folders("").slice(1) });
    const cut = path.lastIndexOf("/");
    const parent = this.directory(path.slice(0, Math.max(cut, 0)), created);
    const name = path.slice(cut + 1);
    const kind = parent.names.get(name);
    if (kind === "other") throw fault("NOT_A_DIRECTORY", { path: `/${path}` });
    if (kind === "directory") return this.subdirectory(parent, name);
    const made = this.subdirectory(parent, name);
    applyAttributes(made.hostPath, this.#inherit(parent, created), this.recordOwners);
    return made;
  }

  /**
   * The directory of that name in another, made or copied up where `upper` lacks it. A new one belongs to this
   * process and has mode 0700: the caller sets its attributes. Its name is no file's.
   */
  subdirectory(parent: TargetDirectory, name: string): TargetDirectory {
    const path = parent.path === "" ? name : `${parent.path}/${name}`;
    const known = this.#opened.get(path);
    if (known) return known;
    const hostPath = `${parent.hostPath}/${name}`;
    const exists = parent.names.get(name) === "directory";
    if (!exists) {
      this.#makeNew(hostPath);
      parent.names.set(name, "directory");
      return this.#open({ path, hostPath, lowers: [] }, true);
    }
    const folders = subfolders([parent.hostPath, ...parent.lowers], name);
    const inUpper = folders[0] === hostPath;
    const lowers = inUpper ? folders.slice(1) : folders;
    if (!inUpper) this.#copyUp(hostPath, lowers[0]!);
    return this.#open({ path, hostPath, lowers });
  }

  /**
   * Where to make a file, symlink or device of that name; what was there in `upper` is gone afterwards.
   * @throws COPY_ONTO_FOLDER
   */
  place(parent: TargetDirectory, name: string): string {
    if (name === "" || name === "." || name === ".." || name.includes("/")) throw new Error(`${JSON.stringify(name)} is no name of a file`);
    const hostPath = `${parent.hostPath}/${name}`;
    const kind = parent.names.get(name);
    if (kind === "directory") {
      throw fault("COPY_ONTO_FOLDER", { path: parent.path === "" ? `/${name}` : `/${parent.path}/${name}` });
    }
    if (kind !== undefined) rmSync(hostPath, { force: true });
    parent.names.set(name, "other");
    return hostPath;
  }

  /** Sets a directory's times when all is done. */
  setTimes(directory: TargetDirectory, stat: BigIntStats): void {
    // The root is no entry of any layer.
    if (directory.path === "") return;
    this.#times.set(directory.hostPath, { accessed: stat.atimeNs, modified: stat.mtimeNs });
  }

  /** Gives a directory that was copied whole its attributes and times; what it had is overwritten. */
  complete(directory: TargetDirectory, attributes: Attributes, stat: BigIntStats): void {
    applyAttributes(directory.hostPath, attributes, this.recordOwners);
    this.setTimes(directory, stat);
  }

  /** When all is copied: sets the times of directories that were written into. */
  settle(): void {
    for (const [path, { accessed, modified }] of this.#times) setTimes(path, accessed, modified);
  }

  /** Forgets what was seen, when somebody else wrote into `upper`. */
  forget(): void {
    this.#opened.clear();
  }

  /** As mkdir(2) does it: below a setgid directory a new one has its group and is setgid, too. */
  #inherit(parent: TargetDirectory, created: CreatedDirectory): Attributes {
    const stat = lstatSync(parent.hostPath);
    const inherits = (stat.mode & SETGID) !== 0;
    return {
      mode: inherits ? created.mode | SETGID : created.mode,
      owner: created.owner ?? { uid: 0, gid: inherits ? this.#ownerOf(parent.hostPath, stat).gid : 0 },
    };
  }

  #ownerOf(hostPath: string, stat: { readonly uid: number | bigint; readonly gid: number | bigint }): Owner {
    return this.recordOwners ? ownerOf(hostPath, stat) : { uid: Number(stat.uid), gid: Number(stat.gid) };
  }

  #makeNew(hostPath: string): void {
    try {
      mkdirSync(hostPath, 0o700);
    } catch (error) {
      // A whiteout: the new directory must not show what the whiteout hid.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      rmSync(hostPath);
      mkdirSync(hostPath, 0o700);
      markOpaque(hostPath);
    }
  }

  #copyUp(hostPath: string, lower: string): void {
    const stat = lstatSync(lower, { bigint: true });
    mkdirSync(hostPath, 0o700);
    applyAttributes(hostPath, { owner: this.#ownerOf(lower, stat), mode: Number(stat.mode & 0o7777n) }, this.recordOwners);
    copyXattrs(lower, hostPath);
    this.#times.set(hostPath, { accessed: stat.atimeNs, modified: stat.mtimeNs });
  }

  #open(where: Omit<TargetDirectory, "names">, empty = false): TargetDirectory {
    const opened = { ...where, names: empty ? new Map<string, Kind>() : this.#namesOf(where) };
    this.#opened.set(where.path, opened);
    return opened;
  }

  #namesOf({ hostPath, lowers }: Omit<TargetDirectory, "names">): Map<string, Kind> {
    const names = new Map<string, Kind>();
    const hidden = new Set<string>();
    for (const folder of [hostPath, ...lowers]) {
      for (const item of readdirSync(folder, { withFileTypes: true })) {
        const { name } = item;
        if (names.has(name) || hidden.has(name)) continue;
        if (item.isCharacterDevice() && isWhiteout(lstatSync(`${folder}/${name}`))) {
          hidden.add(name);
          if (folder === hostPath) names.set(name, "whiteout");
        } else names.set(name, item.isDirectory() ? "directory" : "other");
      }
    }
    return names;
  }
}
