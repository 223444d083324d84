import { cleanText } from "../clean-text.ts";
import { Findings } from "../findings.ts";
import type { FoundPackage, Parsed } from "../package.ts";
import { readParagraphs } from "./paragraphs.ts";

const FIELDS = new Set(["package", "version", "architecture", "status", "source", "maintainer"]);

/**
 * The installed packages of `/var/lib/dpkg/status`, or of a file of `status.d` in distroless images, whose packages have no status.
 * Those of which only settings are left are none.
 */
export function parseDpkgStatus(text: string): Parsed {
  const findings = new Findings();
  for (const { line, fields } of readParagraphs(text, FIELDS)) {
    if (!findings.open) break;
    const [name, version, status] = ["package", "version", "status"].map((field) => cleanText(fields.get(field) ?? ""));
    if (status !== "" && status!.split(/\s+/)[2] !== "installed") continue;
    if (name === "") findings.wrong("a paragraph without a Package field", line);
    else if (version === "") findings.wrong(`the package ${name} has no Version field`, line);
    else findings.add({ type: "deb", name: name!, version: version!, ...detailsOf(fields, name!, version!) });
  }
  return findings;
}

function detailsOf(fields: ReadonlyMap<string, string>, name: string, version: string): Partial<FoundPackage> {
  const architecture = cleanText(fields.get("architecture") ?? "");
  const supplier = cleanText(fields.get("maintainer") ?? "");
  const source = /^(\S+)(?:\s+\((\S+)\))?$/.exec(cleanText(fields.get("source") ?? ""));
  const from = source && { name: source[1]!, version: source[2] ?? version };
  return {
    ...(architecture === "" ? {} : { architecture }),
    ...(from && (from.name !== name || from.version !== version) ? { source: from } : {}),
    ...(supplier === "" ? {} : { supplier }),
  };
}

/** The paths of `info/<package>.list`, below the root. */
export function* readFileList(text: string): Generator<string> {
  for (const line of text.split("\n")) if (line.startsWith("/")) yield line.slice(1);
}

/** The paths of a `.md5sums` file: a sum, two spaces, and the path below the root. */
export function* readSumList(text: string): Generator<string> {
  for (const line of text.split("\n")) {
    const cut = line.indexOf("  ");
    if (cut > 0) yield line.slice(cut + 2).replace(/^\.?\//, "");
  }
}
