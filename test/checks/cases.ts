import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * One Dockerfile that is asked what it says of itself: a folder with
 * - `Dockerfile`, and `Dockerfile.dockerignore` where one matters
 * - `options.json` (optional)
 * - `answers.json`: what `docker buildx build --call METHOD` printed (see record.ts).
 */
export interface CheckCase {
  readonly name: string;
  readonly folder: string;
  readonly options: {
    /** Methods on which this file ends BuildKit 0.34.2: `targets`, with a `check=` comment above an instruction. */
    readonly crashes?: readonly Method[];
    readonly target?: string; readonly buildArgs?: Readonly<Record<string, string>>;
  };
}

/** What a method printed; `error` is the message on standard error, without the frame of the Dockerfile. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json?: unknown;
  readonly error?: string;
}

export type Answers = Readonly<Partial<Record<Method, Answer>>>;
export type Method = (typeof METHODS)[number];
export const METHODS = ["check", "outline", "targets"] as const;

export function checkCases(): CheckCase[] {
  return readdirSync(import.meta.dirname, { withFileTypes: true }).filter((item) => item.isDirectory()).map(({ name }) => {
    const folder = join(import.meta.dirname, name);
    const file = join(folder, "options.json");
    return { name, folder, options: existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as CheckCase["options"]) : {} };
  });
}
