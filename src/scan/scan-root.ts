import { compileIgnore } from "../dockerfile/ignore.ts";
import { withBringingLayers } from "./bringing-layers.ts";
import { cleanText } from "./clean-text.ts";
import type { Database, Evidence, LanguageReader } from "./cataloguer.ts";
import { apkDatabase } from "./databases/apk-database.ts";
import { dpkgDatabase } from "./databases/dpkg-database.ts";
import { oldRpmDatabases, rpmDatabase } from "./databases/rpm-database.ts";
import { parseOsRelease, type Distribution } from "./distribution.ts";
import { composerPackages } from "./languages/composer.ts";
import { rubyGems } from "./languages/gem.ts";
import { goPrograms } from "./languages/go.ts";
import { lockFiles } from "./languages/lock-files.ts";
import { npmPackages } from "./languages/npm.ts";
import { pythonPackages } from "./languages/python.ts";
import { mergePackages } from "./merge-packages.ts";
import { OwnedFiles } from "./owned-files.ts";
import type { Package, ScanProblem } from "./package.ts";
import { RootFiles } from "./root-files.ts";
import { isForeign } from "./third-party.ts";

export interface ScanOptions {
  /** Folders in overlayfs' form, **top first**; a folder of the host as the only one. */
  readonly layers: readonly string[];
  /** Patterns of .dockerignore: what they match is not there. */
  readonly excludes?: readonly string[];
  /** It holds somebody's sources: lock files say what would be installed. Of an image only what is installed counts. */
  readonly source?: boolean;
}

/** What a file system is made of. */
export interface Scan {
  readonly distribution?: Distribution;
  /** The package databases of distributions that were found: `dpkg`. */
  readonly databases: readonly string[];
  /** Sorted by their package URLs. */
  readonly packages: readonly Package[];
  readonly problems: readonly ScanProblem[];
}

const DATABASES: readonly Database[] = [dpkgDatabase, apkDatabase, rpmDatabase];
const LANGUAGES: readonly LanguageReader[] = [npmPackages, pythonPackages, rubyGems, composerPackages];

/** Of thousands of damaged files the first ones say enough. */
const MOST_PROBLEMS = 100;

/**
 * Finds the packages of a file system: those of the distribution by its database, those of languages by what each left. A package of a language whose
 * files a package of the distribution brought is that one and is not listed twice. A worker job; the same file system gives the same answer.
 */
export function scanRoot({ layers, excludes = [], source = false }: ScanOptions): Scan {
  const problems: ScanProblem[] = [];
  const root = new RootFiles(layers, (place, problem) => problems.push({ place, problem }), excludes.length === 0 ? undefined : compileIgnore(excludes));
  const osRelease = root.find("etc/os-release") ?? root.find("usr/lib/os-release");
  const release = osRelease && root.head(osRelease, 64 * 1024);
  const distribution = release && parseOsRelease(release.toString("utf8"));
  const databases = DATABASES.map((database) => ({ database, evidence: readDatabase(root, database) })).filter(({ evidence }) => evidence.length > 0);
  for (const { path, form } of oldRpmDatabases(root)) problems.push({ place: path, problem: `rpm's databases in the form of ${form} are not read, only those of SQLite: its packages are not listed` });
  const ofLanguages = readLanguages(root, source ? [...LANGUAGES, lockFiles] : LANGUAGES);
  const ofDistribution = databases.flatMap(({ evidence }) => evidence);
  const own = withoutOwned(root, ofLanguages, databases, distribution);
  for (const { path, problems: found } of [...ofDistribution, ...own]) {
    for (const { line, problem } of found) problems.push({ place: line === undefined ? path : `${path}:${line}`, problem });
  }
  const packages = mergePackages([...ofDistribution, ...own], distribution, (place, { name }) => problems.push({ place, problem: `${JSON.stringify(name)} is no name of a package` }));
  return {
    ...(distribution ? { distribution } : {}),
    databases: databases.map(({ database }) => database.name),
    packages,
    problems: shortened(problems),
  };
}

function readDatabase(root: RootFiles, database: Database): Evidence[] {
  const complete = database.complete?.(root) ?? ((found) => found);
  return database.files(root).flatMap((file) => {
    const parsed = database.parse(root, file);
    if (!parsed) return [];
    const { packages, problems } = withBringingLayers(root, database, file, parsed);
    return [{ path: file.path, packages: packages.map(complete), problems }];
  });
}

function readLanguages(root: RootFiles, readers: readonly LanguageReader[]): Evidence[] {
  const found: Evidence[] = [];
  for (const file of root.walk(isNoPlace)) {
    // A program of Go is looked for in what nobody else knows.
    const reader = readers.find((each) => each.matches(file.path)) ?? (goPrograms.matches(file.path) ? goPrograms : undefined);
    const parsed = reader?.read(root, file);
    if (!parsed) continue;
    const layer = root.layerOf(file);
    found.push({ path: file.path, packages: parsed.packages.map((each) => ({ ...each, layer })), problems: parsed.problems });
  }
  return found;
}

/** Mounts of a running system, in folders of the host. */
function isNoPlace(path: string): boolean {
  return path === "proc" || path === "sys" || path === "dev";
}

interface ReadDatabase {
  readonly database: Database;
  readonly evidence: readonly Evidence[];
}

function withoutOwned(root: RootFiles, evidence: readonly Evidence[], databases: readonly ReadDatabase[], distribution: Distribution | undefined): Evidence[] {
  const owned = new OwnedFiles(evidence.map(({ path }) => path));
  if (owned.size > 0) for (const { database } of databases) database.owned(root, owned);
  const suppliers = new Map(databases.flatMap((each) => each.evidence).flatMap(({ packages }) => packages.map(({ name, supplier }) => [name, supplier])));
  return evidence.filter(({ path }) => {
    const owner = owned.ownerOf(path);
    return owner === undefined || isForeign(suppliers.get(owner), distribution);
  });
}

function shortened(problems: readonly ScanProblem[]): readonly ScanProblem[] {
  // Names of files are a stranger's words too.
  const first = problems.slice(0, MOST_PROBLEMS).map(({ place, problem }) => ({ place: cleanText(place, 4096), problem: cleanText(problem) }));
  return problems.length <= MOST_PROBLEMS ? first : [...first, { place: "/", problem: `${problems.length - MOST_PROBLEMS} more problems` }];
}
