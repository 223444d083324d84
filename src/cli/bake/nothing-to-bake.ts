import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Call } from "../command.ts";
import type { bakeFlags } from "./bake-flags.ts";

/** Compose files in which no service is built, and empty groups: no error, as with buildx, but said. */
export async function nothingToBake({ flags, io }: Pick<Call<typeof bakeFlags>, "flags" | "io">): Promise<void> {
  io.stderr.write("WARNING: nothing is built: what was asked for has no targets\n");
  if (flags["metadata-file"] !== undefined) await writeFile(resolve(io.cwd, flags["metadata-file"]), "{}\n");
}
