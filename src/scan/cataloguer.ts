import type { OwnedFiles } from "./owned-files.ts";
import type { Parsed } from "./package.ts";
import type { RootFile, RootFiles } from "./root-files.ts";

/** A file that tells of packages, and what it tells. */
export interface Evidence extends Parsed {
  readonly path: string;
}

/** The package database of a distribution: at a place of its own, with the files that belong to packages. */
export interface Database {
  /** As reports call it. */
  readonly name: string;
  /** Nothing where the file system has no such database. */
  read(root: RootFiles): readonly Evidence[];
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
