import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * One case of the differential test of `bake --print`: a folder with bake files, `case.json` ({@link BakeCase}), and
 * `print.json` or `error.txt`: what buildx said (see record.ts).
 */
export interface BakeCase {
  readonly name: string;
  readonly folder: string;
  /** Words behind `bake --print`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const ROOT = import.meta.dirname;

export function bakeCases(): BakeCase[] {
  return readdirSync(ROOT, { withFileTypes: true }).filter((item) => item.isDirectory()).map(({ name }) => {
    const folder = join(ROOT, name);
    const file = join(folder, "case.json");
    const { args = [], env = {} } = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Partial<BakeCase>) : {};
    return { name, folder, args, env };
  });
}
