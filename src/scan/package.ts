/** The ecosystems whose packages are found; the names are those of package URLs. */
export type PackageType = "deb" | "apk" | "rpm" | "npm" | "pypi" | "golang" | "gem" | "composer" | "cargo";

/** A package as its database, its own metadata or a lock file tells of it. */
export interface FoundPackage {
  readonly type: PackageType;
  /** As the ecosystem writes it, `@scope/name` for npm, `vendor/name` for composer. */
  readonly name: string;
  /** Empty where nothing tells it. */
  readonly version: string;
  readonly architecture?: string;
  /** What it was built from, where that has another name or version: distributions report flaws by it. */
  readonly source?: { readonly name: string; readonly version: string };
  /** As it is declared: an SPDX expression or any other words. */
  readonly license?: string;
  /** Who made it, `Name <mail>`. */
  readonly supplier?: string;
  /** The layer that brought it, counted from the lowest one, which is 0. */
  readonly layer?: number;
}

/** A package of a file system, with all the places that tell of it. */
export interface Package extends FoundPackage {
  /** Its package URL; no two packages of a scan have the same. */
  readonly purl: string;
  /** Paths below the root, sorted. */
  readonly locations: readonly string[];
}

/** Something that could not be read, and was passed over. */
export interface ScanProblem {
  /** Path below the root, with the line where there is one: `var/lib/dpkg/status:12`. */
  readonly place: string;
  readonly problem: string;
}

/** What a parser found in a text. It never throws: what is malformed is told and passed over. */
export interface Parsed {
  readonly packages: readonly FoundPackage[];
  readonly problems: readonly { readonly line?: number; readonly problem: string }[];
}
