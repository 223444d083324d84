import { posix } from "node:path";
import type { LanguageReader } from "../cataloguer.ts";
import type { Parsed } from "../package.ts";
import { parseNpmLock, parsePnpmLock, parseYarnLock } from "./npm-locks.ts";
import { parsePackageTables, parseRequirements } from "./pinned-packages.ts";

const LIMIT = 32 * 1024 * 1024;

const NPM: Readonly<Record<string, (text: string) => Parsed>> = {
  "package-lock.json": parseNpmLock, "npm-shrinkwrap.json": parseNpmLock, "yarn.lock": parseYarnLock, "pnpm-lock.yaml": parsePnpmLock,
};
const python = (text: string): Parsed => parsePackageTables(text, "pypi");
const OTHERS: Readonly<Record<string, (text: string) => Parsed>> = {
  "requirements.txt": parseRequirements, "poetry.lock": python, "uv.lock": python, "pdm.lock": python, "Cargo.lock": (text) => parsePackageTables(text, "cargo"),
};

/** What a project would install, where it is not installed beside. Those of installed packages are for their makers. */
export const lockFiles: LanguageReader = {
  name: "lock files",
  matches: (path) => !/(?:^|\/)(?:node_modules|site-packages|dist-packages|vendor)\//.test(path) && (Object.hasOwn(NPM, posix.basename(path)) || Object.hasOwn(OTHERS, posix.basename(path))),
  read(root, file) {
    const [name, folder] = [posix.basename(file.path), posix.dirname(file.path)];
    if (Object.hasOwn(NPM, name) && root.names(posix.join(folder, "node_modules")).length > 0) return undefined;
    const bytes = root.read(file, LIMIT);
    return bytes && (NPM[name] ?? OTHERS[name])!(bytes.toString("utf8"));
  },
};
