import type { WorkerOutput } from "../../remote/worker-build.ts";
import { fault } from "../../std/fault.ts";
import { csvFields } from "../flags/csv.ts";
import type { OutputFlags } from "./outputs.ts";

export interface WorkerOutputFlags extends Omit<OutputFlags, "several"> {
  /** Full names of the image. */
  readonly names: readonly string[];
  readonly insecure: boolean;
  readonly annotations: readonly string[];
}

/**
 * What the worker is to make of the outputs that -o, --push and --load ask for. It knows the same types as we do
 * and takes their attributes as they are; an image for the store comes as an OCI archive. As with buildx, --push alone
 * sends the image from the worker to the registry, and not here.
 * @throws OUTPUT_INVALID, TAG_NEEDED, NOT_SUPPORTED
 */
export function workerOutputs(flags: WorkerOutputFlags): WorkerOutput[] {
  const { output, push, load, names } = flags;
  const outputs = output.flatMap((text) => parseOutput(text, flags));
  if (push) outputs.push(image({ push: "true" }, flags));
  if (load || (outputs.length === 0 && output.length === 0)) outputs.push(toStore({}, names));
  if (outputs.filter(({ sink }) => "dest" in sink && sink.dest === "-").length > 1) throw fault("OUTPUT_INVALID", { problem: "only one output can go to standard output" });
  const annotated = annotationAttrs(flags.annotations);
  return outputs.map((each) => (["image", "oci", "docker"].includes(each.type) ? { ...each, attrs: { ...each.attrs, ...annotated } } : each));
}

function parseOutput(text: string, flags: WorkerOutputFlags): WorkerOutput[] {
  if (!text.includes("=") && !text.includes(",")) {
    return text === "-" ? [toFile("tar", {}, "-", flags)] : [{ type: "tar", attrs: {}, sink: { kind: "folder", dest: text } }];
  }
  const { type = "", dest, output, ...attrs } = Object.fromEntries(csvFields(text, "-o, --output"));
  const place = dest ?? output;
  switch (type) {
    case "image":
      if (attrs["push"] !== undefined && flags.names.length === 0 && attrs["name"] === undefined) throw fault("TAG_NEEDED", { output: "pushing (-o type=image,push=true)" });
      return [image(attrs, flags)];
    case "registry":
      return [image({ ...attrs, push: "true" }, flags)];
    case "store":
      return [toStore(attrs, flags.names)];
    case "docker":
    case "oci":
      if (attrs["tar"] === "false") throw fault("NOT_SUPPORTED", { feature: `tar=false in the output ${JSON.stringify(text)} of a builder`, hint: "write an archive and unpack it" });
      if (type === "docker" && place === undefined) return [toStore(attrs, flags.names)];
      return [toFile(type, named(attrs, flags.names), place ?? "-", flags)];
    case "tar":
      return [toFile("tar", attrs, place ?? "-", flags)];
    case "local":
      if (place === undefined || place === "") throw fault("OUTPUT_INVALID", { problem: `the output ${JSON.stringify(text)} needs dest=FOLDER` });
      if (attrs["mode"] === "delete") throw fault("NOT_SUPPORTED", { feature: "mode=delete of a local output of a builder", hint: "empty the folder first" });
      return [{ type: "tar", attrs, sink: { kind: "folder", dest: place } }];
    case "cacheonly":
      return [];
    default:
      throw fault("OUTPUT_INVALID", { problem: type === "" ? `the output ${JSON.stringify(text)} has no type=` : `unknown output type: ${type}`, hint: "it is one of image, registry, store, oci, docker, tar, local, cacheonly" });
  }
}

function image(attrs: Readonly<Record<string, string>>, { names, insecure }: WorkerOutputFlags): WorkerOutput {
  if (attrs["push"] === "true" && names.length === 0 && attrs["name"] === undefined) throw fault("TAG_NEEDED", { output: "pushing (--push, -o type=registry)" });
  return { type: "image", attrs: { ...named(attrs, names), ...(insecure ? { "registry.insecure": "true" } : {}) }, sink: { kind: "worker" } };
}

function toStore(attrs: Readonly<Record<string, string>>, names: readonly string[]): WorkerOutput {
  return { type: "oci", attrs: named(attrs, names), sink: { kind: "store" } };
}

function toFile(type: string, attrs: Readonly<Record<string, string>>, dest: string, { terminal }: WorkerOutputFlags): WorkerOutput {
  if (dest === "-" && terminal) throw fault("OUTPUT_INVALID", { problem: `an output of type ${type} would be written to the terminal`, hint: "add dest=FILE, or redirect standard output" });
  return { type, attrs, sink: { kind: "file", dest } };
}

function named(attrs: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return { ...attrs, ...(names.length === 0 || attrs["name"] !== undefined ? {} : { name: names.join(",") }) };
}

/** `[LEVEL[PLATFORM],…:]KEY=VALUE` as buildx reads it: `index:key=value`, by default of the manifest. */
function annotationAttrs(annotations: readonly string[]): Record<string, string> {
  const attrs: Record<string, string> = {};
  for (const text of annotations) {
    const match = /^(?:((?:(?:manifest|index)(?:-descriptor)?(?:\[[^\]]+\])?,?)+):)?([^=]+)=(.*)$/s.exec(text);
    if (!match) throw fault("USAGE", { problem: `invalid annotation ${JSON.stringify(text)}`, hint: "it is written [manifest|index|manifest-descriptor|index-descriptor:]KEY=VALUE" });
    for (const level of (match[1] ?? "manifest").split(",")) attrs[`annotation-${level}.${match[2]!}`] = match[3]!;
  }
  return attrs;
}
