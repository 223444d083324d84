import { formatReference, parseReference } from "../oci/reference.ts";
import { fault } from "../std/fault.ts";
import type { AttestOptions } from "./attest/provenance-options.ts";
import type { BuildOptions, WrittenOutput } from "./build-options.ts";
import { refuseDeleting } from "./refuse-deleting.ts";
import { GZIP, type Packing } from "./packing.ts";

/** What the outputs of a build need: fixed before anything runs, so that nothing fails at the end for want of a name. */
export interface OutputPlan {
  /** None: only the steps are kept. */
  readonly outputs: readonly WrittenOutput[];
  /** Whether a config and a record in the store are made. */
  readonly image: boolean;
  /** How layers are packed as they are made; undefined where tars are only hashed. */
  readonly packing: Packing | undefined;
  /** Whether the files of the result have to be here; what is only pushed can be where it is, as it is. */
  readonly needsFiles: boolean;
  /** Whether what the store gets is an index, which names packed layers: of several platforms, or with what is attached. */
  readonly storesIndex: boolean;
}

/** @param several whether an index stands around the images. @throws TAG_NEEDED, OUTPUT_INVALID, ATTESTATION_UNSUPPORTED */
export function planOutputs(options: BuildOptions, several: boolean): OutputPlan {
  const outputs = (options.outputs?.length ? options.outputs : [{ type: "store" } as const]).filter((output) => output.type !== "cacheonly");
  refuseAttested(outputs, options.attest ?? {});
  if (outputs.some((output) => output.type === "registry" && namesOf(output, options.tags ?? []).length === 0)) throw fault("TAG_NEEDED", { output: "pushing (--push, -o type=registry)" });
  const toStandardOutput = outputs.filter((output) => "dest" in output && output.dest === "-").length;
  if (toStandardOutput > 1) throw fault("OUTPUT_INVALID", { problem: "only one output can go to standard output", hint: "give the others a dest=FILE" });
  refuseDeleting(outputs, options);
  const withImage = outputs.some(isImage);
  const pushed = outputs.some(({ type }) => type === "registry");
  const storesIndex = several || (isAttested(options.attest) && !pushed);
  const packing = outputs.filter((output) => (isPacked(output) || (output.type === "store" && storesIndex)) && !isRewritten(output)).map(packingOf).find(({ codec }) => codec !== "none");
  // What is scanned has to be here.
  const needsFiles = (!pushed && outputs.length > 0) || options.attest?.sbom === true || outputs.some((output) => (output.type !== "store" && output.type !== "registry") || packingOf(output).force || isRewritten(output));
  return { outputs, image: withImage, packing, needsFiles, storesIndex };
}

/** What is attached is kept by an index, which archives in docker's form have not. */
function refuseAttested(outputs: readonly WrittenOutput[], attest: AttestOptions): void {
  const inlined = attest.provenance !== undefined && outputs.some((output) => output.type === "docker" && output.attestationInline === true);
  if ((isAttested(attest) || inlined) && outputs.some(({ type }) => type === "docker")) throw fault("ATTESTATION_UNSUPPORTED", {});
}

/** Whether something is to be attached wherever that can be. */
function isAttested({ provenance, sbom }: AttestOptions = {}): boolean {
  return sbom === true || provenance !== undefined && !provenance.inlineOnly;
}

/** The full references that an output's image gets. */
export function namesOf({ names }: { readonly names?: readonly string[] }, tags: readonly string[]): readonly string[] {
  return names?.map((name) => formatReference(parseReference(name))) ?? tags;
}

/** How the layers of an output are packed: archives for docker hold plain tars, unless something else is asked for. */
export function packingOf(output: WrittenOutput): Packing {
  return ("packing" in output ? output.packing : undefined) ?? (output.type === "docker" ? { codec: "none" } : GZIP);
}

/** The full references that images of the outputs get. What is pushed by digest alone has the tag that was written, or none. */
export function allNamesOf(outputs: readonly WrittenOutput[], tags: readonly string[]): string[] {
  return [...new Set(outputs.flatMap((output) => {
    if (!isImage(output)) return [];
    if (!("pushByDigest" in output && output.pushByDigest === true)) return namesOf(output, tags);
    return output.names?.map((name) => formatReference(parseReference(name, { implicitTag: false }))) ?? tags;
  }))];
}

function isImage<Output extends Pick<WrittenOutput, "type">>(output: Output): output is Exclude<Output, { readonly type: "tar" | "local" }> {
  return output.type !== "tar" && output.type !== "local";
}

/** Whether the layers of an output become other ones than those that the steps made. */
export function isRewritten(output: WrittenOutput, epoch = 0): boolean {
  // As with BuildKit, times before 1970 are for the config alone.
  return epoch >= 0 && "rewriteTimestamp" in output && output.rewriteTimestamp === true;
}

/** Whether an output's image is another one than what the steps made. */
export function isRestamped(output: WrittenOutput): boolean {
  return isRewritten(output) || (output.epoch !== undefined && isImage(output));
}

/** SOURCE_DATE_EPOCH as it is for an output. */
export function epochOf({ epoch }: WrittenOutput, ofBuild: number | undefined): number | undefined {
  return epoch === "none" ? undefined : (epoch ?? ofBuild);
}

function isPacked({ type }: WrittenOutput): boolean {
  return type === "registry" || type === "oci" || type === "docker";
}
