import { fault } from "../std/fault.ts";
import type { Codec } from "../oci/media-type.ts";
import type { BuildOptions, BuildOutput } from "./build-options.ts";

/** What the outputs of a build need: fixed before anything runs, so that nothing fails at the end for want of a name. */
export interface OutputPlan {
  readonly outputs: readonly BuildOutput[];
  /** Whether a config and a record in the store are made. */
  readonly image: boolean;
  /** Codec of the layer blobs that some output needs; undefined where tars are only hashed. */
  readonly codec: Codec | undefined;
}

/** @throws TAG_NEEDED, OUTPUT_INVALID */
export function planOutputs(options: BuildOptions): OutputPlan {
  const outputs = options.outputs?.length ? options.outputs : [{ type: "store" } as const];
  if (outputs.some(({ type }) => type === "registry") && !options.tags?.length) throw fault("TAG_NEEDED", { output: "pushing (--push, -o type=registry)" });
  const toStandardOutput = outputs.filter((output) => "dest" in output && output.dest === "-").length;
  if (toStandardOutput > 1) throw fault("OUTPUT_INVALID", { problem: "only one output can go to standard output", hint: "give the others a dest=FILE" });
  const withImage = outputs.some(({ type }) => type !== "tar" && type !== "local");
  const gzip = outputs.some(({ type }) => type === "registry" || type === "oci");
  return { outputs, image: withImage, codec: gzip ? "gzip" : undefined };
}
