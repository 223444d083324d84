import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * One case of the differential test: a folder with
 * - `Dockerfile`
 * - `context.sh` (optional): a shell script that makes the context in its working directory; `standard-context.sh`
 *   of this folder is used where there is none. The Dockerfile is not part of the context.
 * - `options.json` (optional): {@link CaseOptions}
 * - `result.json`: what BuildKit made of it (see record.ts), or `error.txt`: what BuildKit said.
 */
export interface GoldenCase {
  readonly name: string;
  readonly folder: string;
  readonly options: CaseOptions;
}

export interface CaseOptions {
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

const ROOT = import.meta.dirname;

export function goldenCases(): GoldenCase[] {
  return readdirSync(ROOT, { withFileTypes: true })
    .filter((item) => item.isDirectory())
    .map(({ name }) => {
      const folder = join(ROOT, name);
      const file = join(folder, "options.json");
      return { name, folder, options: existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as CaseOptions) : {} };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

let made = 0;

/** Makes the context of a case in a new folder; every file gets nanoseconds of its own, because BuildKit trusts path, size and mtime. */
export function makeContext({ folder }: GoldenCase): { path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), "golden-context-"));
  const script = existsSync(join(folder, "context.sh")) ? join(folder, "context.sh") : join(ROOT, "standard-context.sh");
  mkdirSync(path, { recursive: true });
  execFileSync("sh", ["-eu", script], { cwd: path, env: { PATH: process.env["PATH"]!, LC_ALL: "C" } });
  made += 1;
  const base = 1_700_000_000 + made * 60 + (process.pid % 50);
  for (const name of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (name.isSymbolicLink()) continue;
    utimesSync(join(name.parentPath, name.name), base, base + Math.random());
  }
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
