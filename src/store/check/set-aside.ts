import { readdirSync } from "node:fs";
import { join } from "node:path";

/** What repairs of a lost or damaged database have kept for a person to look through: the folder `lost`, and what was left of old databases. */
export function setAside(root: string): readonly string[] {
  return readdirSync(root).filter((name) => name === "lost" || /^sampan\.db\.(?:damaged|lost|earlier)-/.test(name)).sort().map((name) => join(root, name));
}
