import { cleanText } from "../clean-text.ts";
import type { Database } from "../cataloguer.ts";
import { Findings } from "../findings.ts";
import type { RootFile, RootFiles } from "../root-files.ts";
import { filesOfRpm, packageOfRpm, RpmHeader } from "./rpm-header.ts";
import { readSqliteTable } from "./sqlite-table.ts";

const FOLDERS = ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"];
/** What rpm had before: Berkeley DB, and a database of its own (ndb). */
const OLD_FORMS: Readonly<Record<string, string>> = { Packages: "Berkeley DB", "Packages.db": "ndb" };

/** The database of Fedora, Red Hat, SUSE and relatives, in its form of today, SQLite. */
export const rpmDatabase: Database = {
  name: "rpm",
  files(root) {
    const found = FOLDERS.flatMap((folder) => root.find(`${folder}/rpmdb.sqlite`) ?? []);
    return found.filter(({ path }, index) => found.findIndex((other) => other.path === path) === index);
  },
  parse(root, file) {
    const findings = new Findings();
    const log = root.find(`${file.path}-wal`);
    if (log && (root.stat(log)?.size ?? 0) > 0) findings.wrong("changes to it lie in a log beside it, which is not read: what was installed last may be missing");
    return readHeaders(root, file, (header) => {
      const found = packageOfRpm(header);
      if (found === undefined) return;
      if (found.name === "" || found.version === "") findings.wrong(found.name === "" ? "a package without a name" : `the package ${found.name} has no version`);
      else findings.add(found);
      return findings.open;
    }, (problem) => findings.wrong(problem)) ? findings : undefined;
  },
  owned(root, wanted) {
    for (const file of rpmDatabase.files(root)) {
      readHeaders(root, file, (header) => {
        const name = packageOfRpm(header)?.name;
        if (name !== undefined) for (const path of filesOfRpm(header)) wanted.note(path, name);
      }, () => undefined);
    }
  },
};

/** Databases of rpm in forms that are not read, each with the name of its form. */
export function oldRpmDatabases(root: RootFiles): { path: string; form: string }[] {
  const found = FOLDERS.flatMap((folder) => Object.entries(OLD_FORMS).flatMap(([name, form]) => {
    const file = root.find(`${folder}/${name}`);
    return file ? [{ path: file.path, form }] : [];
  }));
  return found.filter(({ path }, index) => found.findIndex((other) => other.path === path) === index);
}

/** @param take called for each header, until it answers false  @returns undefined where the file cannot be opened */
function readHeaders(root: RootFiles, file: RootFile, take: (header: RpmHeader) => boolean | void, wrong: (problem: string) => void): true | undefined {
  return root.open(file, (descriptor, size) => {
    try {
      for (const [, blob] of readSqliteTable(descriptor, size, "Packages")) {
        if (!Buffer.isBuffer(blob)) wrong("a row without a header");
        else if (take(new RpmHeader(blob)) === false) break;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== undefined) throw error;
      wrong(`${cleanText((error as Error).message)}: what comes behind is not listed`);
    }
    return true;
  });
}
