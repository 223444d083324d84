import type { BuildOutput, ImageAttributes } from "../../build/build-options.ts";
import { fault } from "../../std/fault.ts";
import { checkAttributes, filesAttributes, imageAttributes, isTrue, timeAttributes } from "./output-attributes.ts";
import { csvFields } from "../flags/csv.ts";

/** What of the command line says where the result goes. */
export interface OutputFlags {
  readonly output: readonly string[];
  readonly push: boolean;
  readonly load: boolean;
  /** Whether the result is an index of several platforms. */
  readonly several: boolean;
  readonly terminal: boolean;
  /** Whether attestations are OCI artifacts where an output does not say so; by default they are. */
  readonly artifacts?: boolean;
}

/**
 * The outputs that -o, --push and --load ask for. Like Docker: `-o DIR` is a local folder, `-o -` a tar on standard
 * output; --push stores the image as well, as Docker's own builder does, and without any of them it is stored. An index
 * of several platforms is only pushed by it, and not taken by what docker calls its exporter.
 * @throws OUTPUT_INVALID, NOT_SUPPORTED, PLATFORMS_UNSUPPORTED
 */
export function buildOutputs({ output, push, load, several, terminal, artifacts = true }: OutputFlags): BuildOutput[] {
  const outputs = output.flatMap((text) => parseOutput(text, { terminal, several }));
  if (load && several) throw fault("PLATFORMS_UNSUPPORTED", { archive: false });
  if (load || (push ? !several : outputs.length === 0)) add(outputs, { type: "store" });
  if (push) add(outputs, { type: "registry" });
  if (outputs.filter((item) => "dest" in item && item.dest === "-").length > 1) {
    throw fault("OUTPUT_INVALID", { problem: "only one output can go to standard output" });
  }
  return artifacts ? outputs : outputs.map((item) => (item.type === "registry" || item.type === "oci" ? { ociArtifact: false, ...item } : item));
}

/** An id is an image's; files have none, and a file that says nothing would be read as what was made before. @throws OUTPUT_INVALID */
export function refuseIdOfFiles(outputs: readonly { readonly type: string }[], iidfile: string | undefined): void {
  if (iidfile === undefined || outputs.length === 0 || outputs.some(({ type }) => type !== "tar" && type !== "local")) return;
  throw fault("OUTPUT_INVALID", { problem: "local and tar outputs have no image id for --iidfile", hint: "leave --iidfile away, or add an output that is an image: --load" });
}

function add(outputs: BuildOutput[], item: { type: "store" | "registry" }): void {
  if (!outputs.some(({ type }) => type === item.type)) outputs.push(item);
}

function parseOutput(text: string, { terminal, several }: Pick<OutputFlags, "terminal" | "several">): BuildOutput[] {
  if (!text.includes("=") && !text.includes(",")) return text === "-" ? [toFile("tar", "-", terminal)] : [{ type: "local", dest: text }];
  const fields = csvFields(text, "-o, --output");
  const type = fields.get("type") ?? "";
  const dest = fields.get("dest") ?? fields.get("output") ?? "";
  checkAttributes(type, fields, text);
  const image = imageAttributes(fields, text);
  switch (type) {
    case "store":
    case "registry":
      if (dest !== "") throw fault("OUTPUT_INVALID", { problem: `an output of type ${type} takes no dest`, hint: "names are given with -t" });
      return [type === "store" ? { type } : { type, ...image }];
    case "image": {
      const kept: BuildOutput[] = isTrue(fields.get("store") ?? "true") ? [{ type: "store", ...(image.names ? { names: image.names } : {}), ...timeAttributes(fields) }] : [];
      if (isTrue(fields.get("push")) || image.pushByDigest) return [...(image.pushByDigest ? [] : kept), { type: "registry", ...image }];
      if (kept.length === 0) throw fault("OUTPUT_INVALID", { problem: `the output ${JSON.stringify(text)} goes nowhere`, hint: "add push=true, or leave store=false out" });
      refuseForStore(image);
      return kept;
    }
    case "docker":
      if (dest === "" && several) throw fault("PLATFORMS_UNSUPPORTED", { archive: false });
      if (dest === "") refuseForStore(image);
      return dest === "" ? [{ type: "store", ...timeAttributes(fields) }] : [{ ...toArchive(type, dest, terminal, fields), ...image }];
    case "oci":
      return [{ ...toArchive(type, dest === "" ? "-" : dest, terminal, fields), ...image }];
    case "tar":
      return [{ ...toFile(type, dest === "" ? "-" : dest, terminal), ...filesAttributes(fields) }];
    case "local":
      if (dest === "" || dest === "-") throw fault("OUTPUT_INVALID", { problem: "an output of type local needs dest=DIR" });
      return [{ type, dest, ...filesAttributes(fields) }];
    case "cacheonly":
      return [{ type }];
    default:
      throw fault("OUTPUT_INVALID", {
        problem: type === "" ? `the output ${JSON.stringify(text)} has no type` : `unknown output type ${JSON.stringify(type)}`,
        hint: "the types are store, registry, oci, docker, tar, local and cacheonly: -o type=oci,dest=image.tar",
      });
  }
}

/** The store holds layers as folders; they are packed, and described by a manifest, when they go somewhere. */
function refuseForStore({ packing, annotations, ociMediaTypes }: ImageAttributes): void {
  if (annotations) throw fault("OUTPUT_INVALID", { problem: "an image in the store has no annotations", hint: "add push=true, or give them to an output of type registry or oci" });
  if (ociMediaTypes === false) throw fault("OUTPUT_INVALID", { problem: "an image in the store has no media types", hint: "add push=true, or give oci-mediatypes=false to an output of type registry, oci or docker,dest=FILE" });
  if (packing) throw fault("OUTPUT_INVALID", { problem: "an image in the store is not compressed", hint: "give compression= to an output of type registry, oci or docker,dest=FILE, or --compression to `sampan push`" });
}

/** An archive, or with tar=false what would be in it as a folder. */
function toArchive<Type extends "oci" | "docker">(type: Type, dest: string, terminal: boolean, fields: ReadonlyMap<string, string>): { type: Type; dest: string; tar?: false } {
  if (isTrue(fields.get("tar") ?? "true")) return toFile(type, dest, terminal);
  if (dest === "-") throw fault("OUTPUT_INVALID", { problem: `an output of type ${type} with tar=false needs dest=DIR` });
  return { type, dest, tar: false };
}

function toFile<Type extends "oci" | "docker" | "tar">(type: Type, dest: string, terminal: boolean): { type: Type; dest: string } {
  if (dest === "-" && terminal) {
    throw fault("OUTPUT_INVALID", { problem: "an archive is not written to a terminal", hint: "add dest=FILE, or send standard output to a file" });
  }
  return { type, dest };
}
