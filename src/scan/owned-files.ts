/** Paths of which somebody asks whether they are files of a distribution's packages. */
export class OwnedFiles {
  readonly #owners = new Map<string, string | undefined>();

  constructor(paths: Iterable<string>) {
    for (const path of paths) this.#owners.set(path, undefined);
  }

  /** Notes that a path is a file of a package, if somebody asks for it. */
  note(path: string, owner: string): void {
    // Since /lib and /bin are links, lists of old packages name files by either way.
    for (const each of [path, `usr/${path}`]) if (this.#owners.has(each)) this.#owners.set(each, owner);
  }

  /** The name of the package that has the file. */
  ownerOf(path: string): string | undefined {
    return this.#owners.get(path);
  }

  get size(): number {
    return this.#owners.size;
  }
}
