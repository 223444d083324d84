import type { BuildOutput } from "../../build/build-options.ts";
import { fault } from "../../std/fault.ts";
import { readPacking } from "../flags/compression.ts";
import { csvFields } from "../flags/csv.ts";

/** What of the command line says where the result goes. */
export interface OutputFlags {
  readonly output: readonly string[];
  readonly push: boolean;
  readonly load: boolean;
  readonly terminal: boolean;
}

/**
 * The outputs that -o, --push and --load ask for. Like Docker: `-o DIR` is a local folder, `-o -` a tar on standard
 * output; --push stores the image as well, as Docker's own builder does, and without any of them it is stored.
 * @throws OUTPUT_INVALID, NOT_SUPPORTED
 */
export function buildOutputs({ output, push, load, terminal }: OutputFlags): BuildOutput[] {
  const outputs = output.flatMap((text) => parseOutput(text, terminal));
  if (load || push || outputs.length === 0) add(outputs, { type: "store" });
  if (push) add(outputs, { type: "registry" });
  if (outputs.filter((item) => "dest" in item && item.dest === "-").length > 1) {
    throw fault("OUTPUT_INVALID", { problem: "only one output can go to standard output" });
  }
  return outputs;
}

function add(outputs: BuildOutput[], item: { type: "store" | "registry" }): void {
  if (!outputs.some(({ type }) => type === item.type)) outputs.push(item);
}

function parseOutput(text: string, terminal: boolean): BuildOutput[] {
  if (!text.includes("=") && !text.includes(",")) return text === "-" ? [toFile("tar", "-", terminal)] : [{ type: "local", dest: text }];
  const fields = csvFields(text, "-o, --output");
  const type = fields.get("type") ?? "";
  const dest = fields.get("dest") ?? fields.get("output") ?? "";
  const packed = ["image", "registry", "oci", "docker"].includes(type);
  const known = [...(type === "image" ? ["type", "push"] : ["type", "dest", "output"]), ...(packed ? ["compression", "compression-level", "force-compression"] : [])];
  for (const key of fields.keys()) {
    if (!known.includes(key)) throw fault("NOT_SUPPORTED", { feature: `${key}= in the output ${JSON.stringify(text)}`, hint: key === "name" ? "names are given with -t" : `an output of type ${type} takes ${known.slice(1).join(", ")}` });
  }
  const force = isTrue(fields.get("force-compression"));
  const wanted = readPacking({ compression: fields.get("compression"), level: fields.get("compression-level"), force }, `-o, --output ${text}`);
  const packing = wanted === undefined ? {} : { packing: wanted };
  switch (type) {
    case "store":
    case "registry":
      if (dest !== "") throw fault("OUTPUT_INVALID", { problem: `an output of type ${type} takes no dest`, hint: "names are given with -t" });
      return [type === "store" ? { type } : { type, ...packing }];
    case "image":
      return isTrue(fields.get("push")) ? [{ type: "store" }, { type: "registry", ...packing }] : [inStore(wanted)];
    case "docker":
      return dest === "" ? [inStore(wanted)] : [{ ...toFile(type, dest, terminal), ...packing }];
    case "oci":
      return [{ ...toFile(type, dest === "" ? "-" : dest, terminal), ...packing }];
    case "tar":
      return [toFile(type, dest === "" ? "-" : dest, terminal)];
    case "local":
      if (dest === "" || dest === "-") throw fault("OUTPUT_INVALID", { problem: "an output of type local needs dest=DIR" });
      return [{ type, dest }];
    default:
      throw fault("OUTPUT_INVALID", {
        problem: type === "" ? `the output ${JSON.stringify(text)} has no type` : `unknown output type ${JSON.stringify(type)}`,
        hint: "the types are store, registry, oci, docker, tar and local: -o type=oci,dest=image.tar",
      });
  }
}

/** The store holds layers as folders, and packs them when they go somewhere. */
function inStore(packing: unknown): BuildOutput {
  if (packing !== undefined) throw fault("OUTPUT_INVALID", { problem: "an image in the store is not compressed", hint: "give compression= to an output of type registry, oci or docker,dest=FILE, or --compression to `sampan push`" });
  return { type: "store" };
}

function toFile<Type extends "oci" | "docker" | "tar">(type: Type, dest: string, terminal: boolean): { type: Type; dest: string } {
  if (dest === "-" && terminal) {
    throw fault("OUTPUT_INVALID", { problem: "an archive is not written to a terminal", hint: "add dest=FILE, or send standard output to a file" });
  }
  return { type, dest };
}

function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(?:|1|t|true)$/i.test(text);
}
