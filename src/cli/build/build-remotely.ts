import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Call } from "../command.ts";
import { progressMode } from "../progress/progress-mode.ts";
import type { buildFlags } from "./build-flags.ts";
import { forgetImageId } from "./forget-image-id.ts";
import { onWorker } from "./on-worker.ts";
import { refuseIdOfFiles } from "./outputs.ts";
import { workerBuildOf } from "./worker-build-of.ts";
import { workerMetadata } from "./worker-metadata.ts";

/** Does `sampan build` on the BuildKit worker at an address. */
export async function buildRemotely(builder: string, call: Call<typeof buildFlags>, hosts: readonly string[]): Promise<void> {
  const { flags, io, signal } = call;
  const progress = flags.quiet ? "quiet" : progressMode(flags.progress, io.env);
  const build = workerBuildOf(call);
  refuseIdOfFiles(build.outputs, flags.iidfile);
  forgetImageId(flags.iidfile, io);
  const { ref, results } = await onWorker([{ build }], { builder, flags, progress, hosts, io, signal });
  const result = results.get(undefined)!;
  const id = result.response["containerimage.config.digest"] ?? result.imageId ?? result.response["containerimage.digest"];
  if (flags.iidfile !== undefined) await writeFile(resolve(io.cwd, flags.iidfile), id ?? "");
  if (flags["metadata-file"] !== undefined) await writeFile(resolve(io.cwd, flags["metadata-file"]), `${JSON.stringify(workerMetadata(result, ref), null, 2)}\n`);
  if ((flags.quiet || flags.progress === "quiet") && id !== undefined && !build.outputs.some(({ sink }) => "dest" in sink && sink.dest === "-")) io.stdout.write(`${id}\n`);
}
