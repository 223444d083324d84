import { cleanText } from "../clean-text.ts";
import { Findings } from "../findings.ts";
import { isLicenseExpression } from "../licenses/expression.ts";
import { joinLicenses } from "../licenses/join-licenses.ts";
import type { FoundPackage, Parsed } from "../package.ts";

/** The packages of `/lib/apk/db/installed`: blocks of lines `X:value`, with an empty line after each. */
export function parseApkInstalled(text: string): Parsed {
  const findings = new Findings();
  for (const { line, fields } of readBlocks(text)) {
    if (!findings.open) break;
    const [name, version] = ["P", "V"].map((key) => cleanText(fields.get(key) ?? ""));
    if (name === "") findings.wrong("a block without the name of a package (P:)", line);
    else if (version === "") findings.wrong(`the package ${name} has no version (V:)`, line);
    else findings.add({ type: "apk", name: name!, version: version!, ...detailsOf(fields, name!, version!) });
  }
  return findings;
}

const KEYS = new Set(["P", "V", "A", "o", "L", "m"]);

function* readBlocks(text: string): Generator<{ line: number; fields: ReadonlyMap<string, string> }> {
  let fields = new Map<string, string>();
  let begin = 0;
  let line = 0;
  for (const written of text.split("\n")) {
    line += 1;
    if (written.trim() === "") {
      if (begin > 0) yield { line: begin, fields };
      fields = new Map();
      begin = 0;
      continue;
    }
    if (begin === 0) begin = line;
    // Each file has lines of its own (F:, R:, Z: …) that are not wanted here.
    if (written[1] === ":" && KEYS.has(written[0]!) && !fields.has(written[0]!)) fields.set(written[0]!, written.slice(2));
  }
  if (begin > 0) yield { line: begin, fields };
}

function detailsOf(fields: ReadonlyMap<string, string>, name: string, version: string): Partial<FoundPackage> {
  const [architecture, origin, license, supplier] = ["A", "o", "L", "m"].map((key) => cleanText(fields.get(key) ?? ""));
  return {
    ...(architecture ? { architecture } : {}),
    ...(origin && origin !== name ? { source: { name: origin, version } } : {}),
    ...(license ? { license: listedLicenses(license) } : {}),
    ...(supplier ? { supplier } : {}),
  };
}

/** Packages of the past list the licences of their parts, `GPL-2.0-only MIT`: all of them hold. */
function listedLicenses(written: string): string {
  const words = written.split(/\s+/);
  return words.length > 1 && words.every((word) => isLicenseExpression(word)) ? joinLicenses(words) : written;
}

/** The paths of files that packages brought, below the root, each with the name of its package. */
export function* readApkFiles(text: string): Generator<{ path: string; name: string }> {
  let name = "";
  let folder = "";
  for (const line of text.split("\n")) {
    if (line === "") name = folder = "";
    else if (line.startsWith("P:")) name = line.slice(2);
    else if (line.startsWith("F:")) folder = line.slice(2);
    else if (line.startsWith("R:")) yield { path: folder === "" ? line.slice(2) : `${folder}/${line.slice(2)}`, name };
  }
}
