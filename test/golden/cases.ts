import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Entitlement } from "../../src/graph/evaluation.ts";
import { PLACEHOLDER } from "./origin.ts";

/**
 * One case of the differential test: a folder with
 * - `Dockerfile`
 * - `context.sh` (optional): a shell script that makes the context in its working directory; `standard-context.sh`
 *   of this folder is used where there is none. The Dockerfile is not part of the context.
 * - `options.json` (optional): {@link CaseOptions}
 * The word ORIGIN in options, and the build argument of that name, is the address of a server on loopback (origin.ts).
 * - `ours.txt` (optional): what we say in an error instead of BuildKit's words
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
  /** Texts of secrets by id. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Ids that an agent is forwarded under. */
  readonly ssh?: readonly string[];
  readonly allow?: readonly Entitlement[];
  /** A remote context in place of the local one; the case's own Dockerfile is not read then. */
  readonly context?: string;
  /** The Dockerfile within a remote context. */
  readonly file?: string;
  /** What it is built for; the result is an index where there are several. */
  readonly platforms?: readonly string[];
  /** Attributes of the output, `annotation.key=value,…`. */
  readonly output?: string;
  /** Values of --build-context by name; folders are relative to the context. */
  readonly buildContexts?: Readonly<Record<string, string>>;
}

/** Whether more is compared than the one image: platforms, annotations, times. */
export function isWhole({ options }: GoldenCase): boolean {
  return options.platforms !== undefined || options.output !== undefined;
}

/** Whether the case needs the server of origin.ts. */
export function fetches({ folder, options }: GoldenCase): boolean {
  return [JSON.stringify(options), readFileSync(join(folder, "Dockerfile"), "utf8")].some((text) => text.includes(PLACEHOLDER));
}

/** The options with the server's address in them; the Dockerfile gets it as a build argument. */
export function withOrigin(golden: GoldenCase, origin: string | undefined): GoldenCase {
  if (origin === undefined || !fetches(golden)) return golden;
  const options = JSON.parse(JSON.stringify(golden.options).replaceAll(PLACEHOLDER, origin)) as CaseOptions;
  return { ...golden, options: { ...options, buildArgs: { ...options.buildArgs, [PLACEHOLDER]: origin } } };
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
