import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { statementOf, type Attestation } from "../../image/attestation.ts";
import type { digestTree } from "../../layer/digest-tree.ts";
import { fault } from "../../std/fault.ts";
import { inWorker } from "../../std/worker-pool.ts";

/**
 * Writes statements about the files of a stack of layers as files: into a folder that is a layer upon them, and goes in the end.
 * @param options.nameOf what the file of a statement is called
 * @throws OUTPUT_INVALID where two would have the same name
 */
export async function statementLayer(
  layers: readonly string[], attestations: readonly Attestation[], options: { readonly temporary: string; readonly nameOf: (filename: string) => string; readonly signal?: AbortSignal | undefined },
): Promise<{ readonly folder: string } & Disposable> {
  const { temporary, nameOf, signal } = options;
  const subjects = await inWorker<Parameters<typeof digestTree>[0], ReturnType<typeof digestTree>>("layer/digest-tree.ts", "digestTree", { layers }, signal ? { signal } : {});
  const folder = join(temporary, `statements-${randomUUID()}`);
  mkdirSync(folder, { mode: 0o755 });
  const dispose = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    for (const attestation of attestations) {
      const name = nameOf(basename(attestation.filename));
      if (basename(name) !== name) throw fault("OUTPUT_INVALID", { problem: `${JSON.stringify(name)} is no name for the file of an attestation` });
      const statement = statementOf(attestation, subjects.map(({ path, digest }) => ({ name: path, digest })));
      writeFileSync(join(folder, name), JSON.stringify(statement, null, 2), { mode: 0o600, flag: "wx" });
    }
  } catch (error) {
    dispose();
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw fault("OUTPUT_INVALID", { problem: "two attestations would be files of the same name", hint: "give one of them another filename=" }, { cause: error });
    throw error;
  }
  return { folder, [Symbol.dispose]: dispose };
}
