import type { LanguageReader } from "../cataloguer.ts";
import { readElfSection } from "./elf-section.ts";
import { parseGoBuildInfo } from "./go-build-info.ts";

const LIMIT = 16 * 1024 * 1024;
/** No program of Go is smaller. */
const SMALLEST = 256 * 1024;

/** Modules that programs were built of with Go. */
export const goPrograms: LanguageReader = {
  name: "go",
  // Programs have no ending, or one like `.test` or `.1`; these are the endings of most other files.
  matches: (path) => !/\.(?:py|pyc|pyo|js|mjs|cjs|ts|map|json|md|txt|html?|css|h|hpp|c|cc|a|o|so(?:\.[0-9.]+)?|gz|xz|bz2|zip|mo|png|svg|gif|jpg|ttf|xml|ya?ml|pl|pm|rb|php|sh|conf|list|md5sums|jar|class|whl|rs|go|mod|sum|lock|toml|ini|cfg|dat|db|log|pem|crt)$/.test(path),
  read(root, file) {
    const stat = root.stat(file);
    if (stat === undefined || (stat.mode & 0o111) === 0 || stat.size < SMALLEST) return undefined;
    const section = root.open(file, (descriptor, size) => readElfSection(descriptor, size, ".go.buildinfo", LIMIT));
    return section && parseGoBuildInfo(section);
  },
};
