import { cleanText } from "../clean-text.ts";
import { Findings } from "../findings.ts";
import type { Parsed } from "../package.ts";

const MAGIC = "\xff Go buildinf:";
/** Where strings begin that stand in the section itself, as since Go 1.18. */
const INLINE = 32;

/** The modules that a program of Go tells of in its section `.go.buildinfo`, and the standard library. */
export function parseGoBuildInfo(section: Buffer): Parsed {
  const findings = new Findings();
  if (section.length < INLINE || section.toString("latin1", 0, MAGIC.length) !== MAGIC) return findings;
  if ((section[15]! & 2) === 0) {
    findings.wrong("it was made by a Go before 1.18, whose modules are not read");
    return findings;
  }
  const version = readString(section, INLINE);
  const modules = version && readString(section, version.end);
  if (!version || !modules) {
    findings.wrong("what it tells of its build is cut off");
    return findings;
  }
  const go = /^go(\d[^\s]*)/.exec(version.text);
  if (go) findings.add({ type: "golang", name: "stdlib", version: cleanText(go[1]!) });
  // Sixteen bytes before and after mark the text for those who look for it without sections.
  for (const [name, at] of readModules(modules.text.slice(16, -16))) {
    if (!findings.open) break;
    findings.add({ type: "golang", name, version: at === "(devel)" ? "" : at });
  }
  return findings;
}

/** A length, seven bits in each byte, and as many bytes. */
function readString(section: Buffer, from: number): { readonly text: string; readonly end: number } | undefined {
  let length = 0;
  for (let at = from, shift = 0; at < section.length && shift < 32; at += 1, shift += 7) {
    length += (section[at]! & 0x7f) * 2 ** shift;
    if (section[at]! >= 0x80) continue;
    const end = at + 1 + length;
    return end > section.length ? undefined : { text: section.toString("latin1", at + 1, end), end };
  }
  return undefined;
}

/** Lines `mod`, `dep` and, for what is used instead of the one above, `=>`; each with path, version and sum. */
function readModules(text: string): [string, string][] {
  const found: [string, string][] = [];
  for (const line of text.split("\n")) {
    const [kind, path, version] = line.slice(0, 1000).split("\t");
    const module: [string, string] = [cleanText(path ?? ""), cleanText(version ?? "")];
    if (!/^[A-Za-z0-9._~/-]+$/.test(module[0])) continue;
    if (kind === "mod" || kind === "dep") found.push(module);
    // A folder that stands in for a module has no version: it is still that module, changed.
    if (kind === "=>" && module[1] !== "" && found.length > 0) found[found.length - 1] = module;
  }
  return found;
}
