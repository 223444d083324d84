import type { Database } from "../cataloguer.ts";
import type { RootFile, RootFiles } from "../root-files.ts";
import { parseApkInstalled, readApkFiles } from "./apk.ts";

const LIMIT = 64 * 1024 * 1024;

/** The database of Alpine and of what is made like it; newer ones have it below /usr. */
export const apkDatabase: Database = {
  name: "apk",
  files(root) {
    const file = find(root);
    return file ? [file] : [];
  },
  parse(root, file) {
    const bytes = root.read(file, LIMIT);
    return bytes && parseApkInstalled(bytes.toString("utf8"));
  },
  owned(root, wanted) {
    const file = find(root);
    const bytes = file && root.read(file, LIMIT);
    if (bytes) for (const { path, name } of readApkFiles(bytes.toString("utf8"))) wanted.note(path, name);
  },
};

function find(root: RootFiles): RootFile | undefined {
  return root.find("lib/apk/db/installed") ?? root.find("usr/lib/apk/db/installed");
}
