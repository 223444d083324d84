import { posix } from "node:path";
import type { LanguageReader } from "../cataloguer.ts";
import { cleanText } from "../clean-text.ts";
import type { Parsed } from "../package.ts";

/** Installed gems of Ruby: the name of a specification says it all, `rack-3.0.8.gemspec`, `nokogiri-1.16.0-x86_64-linux.gemspec`. */
export const rubyGems: LanguageReader = {
  name: "gem",
  matches: (path) => /(?:^|\/)specifications\/(?:default\/)?[^/]+\.gemspec$/.test(path),
  read: (_root, { path }) => parseGemName(posix.basename(path)),
};

export function parseGemName(file: string): Parsed {
  const found = /^([A-Za-z0-9_.-]+?)-(\d[A-Za-z0-9.]*)(?:-[A-Za-z0-9_.-]+)?\.gemspec$/.exec(cleanText(file));
  return found ? { packages: [{ type: "gem", name: found[1]!, version: found[2]! }], problems: [] } : { packages: [], problems: [{ problem: "its name tells no gem and version" }] };
}
