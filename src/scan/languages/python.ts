import type { LanguageReader } from "../cataloguer.ts";
import { isPythonMetadata, parsePythonMetadata } from "./python-metadata.ts";

/** Headers come first; behind them there may be a book. */
const HEAD = 256 * 1024;

/** Installed distributions of Python: wheels and eggs. */
export const pythonPackages: LanguageReader = {
  name: "python",
  matches: isPythonMetadata,
  read(root, file) {
    const bytes = root.head(file, HEAD);
    return bytes && parsePythonMetadata(bytes.toString("utf8"));
  },
};
