import type { LanguageReader } from "../cataloguer.ts";
import { textOf } from "../clean-text.ts";
import { Findings } from "../findings.ts";
import type { Parsed } from "../package.ts";

const LIMIT = 32 * 1024 * 1024;

/** Packages of PHP that composer has installed. */
export const composerPackages: LanguageReader = {
  name: "composer",
  matches: (path) => /(?:^|\/)vendor\/composer\/installed\.json$/.test(path),
  read(root, file) {
    const bytes = root.read(file, LIMIT);
    return bytes && parseComposerInstalled(bytes.toString("utf8"));
  },
};

/** A list of packages, and since composer 2 an object around it. */
export function parseComposerInstalled(text: string): Parsed {
  const findings = new Findings();
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    findings.wrong("it is no JSON");
    return findings;
  }
  const list = Array.isArray(content) ? content : (content as { packages?: unknown } | null)?.packages;
  if (!Array.isArray(list)) findings.wrong("it lists no packages");
  for (const each of Array.isArray(list) ? (list as unknown[]) : []) {
    if (!findings.open) break;
    const { name: written, version: at, license } = (each ?? {}) as Record<string, unknown>;
    const [name, version] = [textOf(written), textOf(at)];
    const licenses = Array.isArray(license) ? license.slice(0, 20).map(textOf).filter((word) => word !== "") : [];
    if (!/^[^/\s]+\/[^/\s]+$/.test(name) || version === "") findings.wrong(`an entry without a name or version${name === "" ? "" : `: ${name}`}`);
    else findings.add({ type: "composer", name, version, ...(licenses.length === 0 ? {} : { license: licenses.length === 1 ? licenses[0]! : `(${licenses.join(" OR ")})` }) });
  }
  return findings;
}
