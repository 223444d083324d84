import { cleanText } from "../clean-text.ts";
import { Findings } from "../findings.ts";
import type { PackageType, Parsed } from "../package.ts";

/** The packages of requirements.txt that are pinned: `name==1.0`, `name[extra]===1.0 ; marker # comment`. Others may become anything. */
export function parseRequirements(text: string): Parsed {
  const findings = new Findings();
  for (const line of text.split("\n")) {
    if (!findings.open) break;
    const found = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)(?:\s*\[[^\]]*\])?\s*={2,3}\s*([^\s;#,*\\]+)\s*(?:$|[;#\\]|--hash)/.exec(line.slice(0, 1000));
    if (found) findings.add({ type: "pypi", name: cleanText(found[1]!), version: cleanText(found[2]!) });
  }
  return findings;
}

/** The packages of lock files that are tables `[[package]]` in TOML, as programs write them: poetry.lock, uv.lock, pdm.lock, Cargo.lock. */
export function parsePackageTables(text: string, type: PackageType): Parsed {
  const findings = new Findings();
  let fields: Map<string, string> | undefined;
  const finish = (): void => {
    const [name, version, source] = ["name", "version", "source"].map((key) => cleanText(fields?.get(key) ?? ""));
    // Parts of the project itself have no source in Cargo.lock, and say so in uv.lock.
    if (name !== "" && version !== "" && (type === "cargo" ? source !== "" : !/\b(?:editable|virtual)\b/.test(source!))) findings.add({ type, name: name!, version: version! });
    fields = undefined;
  };
  for (const line of text.split("\n")) {
    if (!findings.open) return findings;
    if (line.startsWith("[")) {
      // Tables below it, [package.dependencies], tell nothing that is wanted.
      finish();
      if (line.trimEnd() === "[[package]]") fields = new Map();
      continue;
    }
    const found = fields && /^(name|version|source) = (.*)/.exec(line.slice(0, 1000));
    if (found && !fields!.has(found[1]!)) fields!.set(found[1]!, found[2]!.trim().replace(/^"|"$/g, ""));
  }
  finish();
  return findings;
}
