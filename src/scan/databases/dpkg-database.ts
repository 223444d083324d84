import type { Database } from "../cataloguer.ts";
import { debianLicenses } from "./debian-licenses.ts";
import { parseDpkgStatus, readFileList, readSumList } from "./dpkg.ts";

const MIB = 1024 * 1024;
const STATUS = "var/lib/dpkg/status";
/** Where distroless images have a file for each package. */
const STATUS_FOLDER = "var/lib/dpkg/status.d";
const INFO = "var/lib/dpkg/info";

/** dpkg's own database, and the one of distroless images. */
export const dpkgDatabase: Database = {
  name: "dpkg",
  files(root) {
    const paths = [STATUS, ...root.names(STATUS_FOLDER).filter((name) => !name.endsWith(".md5sums")).map((name) => `${STATUS_FOLDER}/${name}`)];
    return paths.flatMap((path) => root.find(path) ?? []);
  },
  parse(root, file) {
    const bytes = root.read(file, 64 * MIB);
    return bytes && parseDpkgStatus(bytes.toString("utf8"));
  },
  complete: debianLicenses,
  owned(root, wanted) {
    const lists = [
      ...root.names(INFO).filter((name) => name.endsWith(".list")).map((name) => ({ path: `${INFO}/${name}`, owner: name.replace(/(?::[^:]*)?\.list$/, ""), read: readFileList })),
      ...root.names(STATUS_FOLDER).filter((name) => name.endsWith(".md5sums")).map((name) => ({ path: `${STATUS_FOLDER}/${name}`, owner: name.replace(/\.md5sums$/, ""), read: readSumList })),
    ];
    for (const { path, owner, read } of lists) {
      const file = root.find(path);
      const bytes = file && root.read(file, 16 * MIB);
      if (bytes) for (const each of read(bytes.toString("utf8"))) wanted.note(each, owner);
    }
  },
};
