import { cleanText, textOf } from "../clean-text.ts";
import { Findings } from "../findings.ts";
import type { Parsed } from "../package.ts";
import { NPM_NAME } from "./npm-package.ts";

/** The packages of package-lock.json and npm-shrinkwrap.json, in all of their versions. */
export function parseNpmLock(text: string): Parsed {
  const findings = new Findings();
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    findings.wrong("it is no JSON");
    return findings;
  }
  const { packages, dependencies } = objectOf(content);
  if (packages !== undefined) {
    for (const [place, value] of Object.entries(objectOf(packages))) {
      const { name, version, link } = objectOf(value);
      const cut = place.lastIndexOf("node_modules/");
      // What lies elsewhere is the project itself; a link leads to one of its parts.
      if (cut >= 0 && link !== true) add(findings, textOf(name) || cleanText(place.slice(cut + "node_modules/".length)), textOf(version));
    }
    return findings;
  }
  // Version 1 has them within each other; they are taken from a list, for they may be deep.
  const pending = [dependencies];
  while (pending.length > 0 && findings.open) {
    for (const [name, value] of Object.entries(objectOf(pending.pop()))) {
      const { version, dependencies: inner } = objectOf(value);
      add(findings, cleanText(name), textOf(version));
      if (inner !== undefined) pending.push(inner);
    }
  }
  return findings;
}

/** The packages of yarn.lock, of yarn 1 and of later ones: an entry begins with what was asked for, `"a@^1.0.0", a@~1.1:`. */
export function parseYarnLock(text: string): Parsed {
  const findings = new Findings();
  let name = "";
  for (const line of text.split("\n")) {
    if (!findings.open) break;
    if (/^[^\s#]/.test(line)) name = yarnName(line);
    else if (name !== "" && line.startsWith("  version")) {
      add(findings, name, plain(line.slice("  version".length).replace(/^:/, "").trim()));
      name = "";
    }
  }
  return findings;
}

/** The name of the first thing that was asked for; nothing for parts of the project itself. */
function yarnName(line: string): string {
  const first = plain(line.slice(0, 500).split(",", 1)[0]!.trim().replace(/:$/, ""));
  const cut = first.indexOf("@", 1);
  return cut < 0 || /@(?:workspace|link|portal):/.test(first) ? "" : cleanText(first.slice(0, cut));
}

/** The packages of pnpm-lock.yaml, which writes them as keys of `packages`: `/@s/a@1.0.0(b@2.0.0)`, and in the past `/@s/a/1.0.0_b@2.0.0`. */
export function parsePnpmLock(text: string): Parsed {
  const findings = new Findings();
  let inside = false;
  for (const line of text.split("\n")) {
    if (!findings.open) break;
    if (/^[^\s#]/.test(line)) inside = line.trimEnd() === "packages:";
    else if (inside && /^ {2}\S/.test(line)) {
      const key = plain(line.slice(0, 1000).trim().replace(/:$/, "")).replace(/^\//, "").split("(", 1)[0]!;
      const cut = key.indexOf("@", 1) > 0 ? key.indexOf("@", 1) : key.lastIndexOf("/");
      const old = /^((?:@[^/]+\/)?[^/@]+)\/([^/_]+)/.exec(key);
      if (old) add(findings, old[1]!, old[2]!);
      else if (cut > 0 && !/@(?:link|file):/.test(key)) add(findings, key.slice(0, cut), key.slice(cut + 1));
    }
  }
  return findings;
}

function add(findings: Findings, name: string, version: string): void {
  const [cleanName, cleanVersion] = [cleanText(name), cleanText(version)];
  // A version with a colon or slash is a place: the package is not one of a registry.
  if (NPM_NAME.test(cleanName) && /^[^:/\s]+$/.test(cleanVersion)) findings.add({ type: "npm", name: cleanName, version: cleanVersion });
}

function plain(word: string): string {
  return word.replace(/^["']|["']$/g, "");
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
