import type { LanguageReader } from "../cataloguer.ts";
import { isNpmPackage, parseNpmPackage } from "./npm-package.ts";

const LIMIT = 4 * 1024 * 1024;

/** Packages in folders node_modules. */
export const npmPackages: LanguageReader = {
  name: "npm",
  matches: isNpmPackage,
  read(root, file) {
    const bytes = root.read(file, LIMIT);
    return bytes && parseNpmPackage(bytes.toString("utf8"));
  },
};
