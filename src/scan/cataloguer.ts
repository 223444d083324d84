import type { OwnedFiles } from "./owned-files.ts";
import type { FoundPackage, Parsed } from "./package.ts";
import type { RootFile, RootFiles } from "./root-files.ts";

/** A file that tells of packages, and what it tells. */
export interface Evidence extends Parsed {
  readonly path: string;
}

/** The package database of a distribution: at a place of its own, with the files that belong to packages. */
export interface Database {
  /** As reports call it. */
  readonly name: string;
  /** The files that packages are listed in; none where the file system has no such database. */
  files(root: RootFiles): readonly RootFile[];
  parse(root: RootFiles, file: RootFile): Parsed | undefined;
  /** What is known of a package beyond the database: one of these for each scan, as it may remember what it has read. */
  complete?(root: RootFiles): (found: FoundPackage) => FoundPackage;
  /** Which of these paths are files of a package. */
  owned(root: RootFiles, wanted: OwnedFiles): void;
}

/** What packages of a language leave: a file for each, anywhere. */
export interface LanguageReader {
  readonly name: string;
  /** By its path alone. */
  matches(path: string): boolean;
  read(root: RootFiles, file: RootFile): Parsed | undefined;
}
