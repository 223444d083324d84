import { chmodSync } from "node:fs";
import { fault } from "../std/fault.ts";
import { EntryCopier, type CopyRules } from "./copy-entry.ts";
import type { CreatedDirectory, Destination, TargetDirectory } from "./destination.ts";
import type { Selection } from "./select-sources.ts";
import type { SourceView } from "./source-view.ts";
import { takenEntries, type TakenEntry } from "./tree-filter.ts";

/**
 * Copies what was selected to a destination path of the image, by the rules of COPY (dockerfile.md § 6.2, § 16):
 * a directory gives its contents; a file goes into a directory if the path ends in `/` or is one.
 */
export class SourceCopier {
  readonly #destination: Destination;
  readonly #copier: EntryCopier;
  readonly #created: CreatedDirectory;
  readonly #mounted: boolean;
  #sources = 0;
  entries = 0;

  constructor(destination: Destination, rules: CopyRules) {
    this.#destination = destination;
    this.#copier = new EntryCopier(rules);
    this.#mounted = rules.mounted ?? false;
    const mode = rules.mode?.octal === undefined ? 0o755 : rules.mode.octal & 0o777;
    this.#created = { mode, owner: rules.owner };
  }

  get bytes(): number {
    return this.#copier.bytes;
  }

  /** @throws COPY_ONTO_FILE, COPY_ONTO_FOLDER, NOT_A_DIRECTORY, SYMLINK_LOOP and those of reading */
  copy(view: SourceView, selection: Selection, path: string): void {
    this.#sources += 1;
    const { entry } = selection;
    if (entry.stat.isDirectory()) return this.#copyDirectory(view, selection, path);
    const place = this.locate(selection.name, path);
    this.#copier.copy(view, entry, this.#sources, this.#destination.place(place.directory, place.name));
    this.entries += 1;
  }

  /** The directory and name that a single file of some name gets. */
  locate(name: string, path: string): { readonly directory: TargetDirectory; readonly name: string } {
    const found = this.#destination.resolve(path);
    if (found.kind === "directory" || path.endsWith("/")) {
      return { directory: this.#destination.directory(found.path, this.#created), name };
    }
    const cut = found.path.lastIndexOf("/");
    return {
      directory: this.#destination.directory(found.path.slice(0, Math.max(cut, 0)), this.#created),
      name: found.path.slice(cut + 1),
    };
  }

  #copyDirectory(view: SourceView, { entry, filter }: Selection, path: string): void {
    const found = this.#destination.resolve(path);
    if (found.kind === "other") throw fault("COPY_ONTO_FILE", { path: `/${found.path}` });
    const target = this.#destination.directory(found.path, this.#created);
    this.#copyTaken(view, takenEntries(view, entry, filter), target);
    if (this.#mounted) this.#destination.complete(target, this.#copier.attributes(view, entry), entry.stat);
    else this.#destination.setTimes(target, entry.stat);
    this.entries += 1;
  }

  #copyTaken(view: SourceView, taken: readonly TakenEntry[], target: TargetDirectory): void {
    for (const { entry: child, itself, below } of taken) {
      this.entries += 1;
      if (!child.stat.isDirectory()) {
        this.#copier.copy(view, child, this.#sources, this.#destination.place(target, child.name));
        continue;
      }
      const before = target.names.get(child.name);
      if (before === "other") {
        throw fault("COPY_ONTO_FILE", { path: target.path === "" ? `/${child.name}` : `/${target.path}/${child.name}` });
      }
      const inner = this.#destination.subdirectory(target, child.name);
      this.#copyTaken(view, below(), inner);
      if (itself || before !== "directory") this.#destination.complete(inner, this.#copier.attributes(view, child), child.stat);
      // As with BuildKit, a directory that was there and is only on the way gets the mode of the source and keeps its owner.
      else chmodSync(inner.hostPath, Number(child.stat.mode & 0o7777n));
    }
  }
}
