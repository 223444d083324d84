import { lstatSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import type { Io } from "../io.ts";

/** Removes what --iidfile had of an earlier build: where this one fails, nobody shall take that for its image. What is no plain file stays, such as /dev/stdout. */
export function forgetImageId(iidfile: string | undefined, { cwd }: Pick<Io, "cwd">): void {
  if (iidfile === undefined) return;
  const path = resolve(cwd, iidfile);
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile()) rmSync(path, { force: true });
}
