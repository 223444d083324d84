import { annotationAttribute, type Annotation } from "../../build/annotations.ts";
import type { FilesAttributes, ImageAttributes, TimeAttributes } from "../../build/build-options.ts";
import { sourceDate } from "../../graph/source-date.ts";
import { fault } from "../../std/fault.ts";
import { readPacking } from "../flags/compression.ts";

type Fields = ReadonlyMap<string, string>;

const PACKING = ["compression", "compression-level", "force-compression"];
const IMAGE = [...PACKING, "name", "oci-mediatypes", "prefer-nondist-layers", "buildinfo", "oci-artifact", "attestation-inline", "annotation.KEY", "rewrite-timestamp", "source-date-epoch"];
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  image: ["type", "push", "push-by-digest", "store", "unpack", "name-canonical", "registry.insecure", ...IMAGE],
  registry: ["type", "dest", "output", "push", "push-by-digest", "name-canonical", "registry.insecure", ...IMAGE],
  oci: ["type", "dest", "output", "tar", ...IMAGE],
  docker: ["type", "dest", "output", "tar", ...IMAGE],
  tar: ["type", "dest", "output", "platform-split", "attestation-prefix", "source-date-epoch"],
  cacheonly: ["type"],
  local: ["type", "dest", "output", "mode", "platform-split", "attestation-prefix", "source-date-epoch"],
};

/** Attributes that are yes or no; with nothing behind the `=` they are yes, as with BuildKit. */
const SWITCHES = ["push", "push-by-digest", "store", "unpack", "name-canonical", "registry.insecure", "oci-mediatypes", "prefer-nondist-layers", "buildinfo", "oci-artifact", "attestation-inline", "force-compression", "rewrite-timestamp", "tar", "platform-split"];

/** What an image has in any case, or has not: the attribute may say so, and not the opposite. */
const FIXED: Readonly<Record<string, { readonly value: boolean; readonly hint: string }>> = {
  unpack: { value: true, hint: "the store holds layers as folders" },
  "prefer-nondist-layers": { value: true, hint: "layers that may not be distributed stay what they are" },
  buildinfo: { value: false, hint: "what an image was made of is in its provenance: --provenance=true" },
};

/**
 * Refuses what an output of that type does not know, values that are none, and those that ask for what is not done.
 * @throws NOT_SUPPORTED, OUTPUT_INVALID
 */
export function checkAttributes(type: string, fields: Fields, text: string): void {
  const known = Object.hasOwn(KNOWN, type) ? KNOWN[type]! : ["type", "dest", "output"];
  for (const [key, value] of fields) {
    const refuse = (hint: string): never => {
      throw fault("NOT_SUPPORTED", { feature: `${key}=${value} in the output ${JSON.stringify(text)}`, hint });
    };
    if (!known.includes(key) && !(known.includes("annotation.KEY") && key.startsWith("annotation"))) {
      throw fault("NOT_SUPPORTED", { feature: `${key}= in the output ${JSON.stringify(text)}`, hint: known.length === 1 ? "it takes nothing" : known.length > 3 ? `an output of type ${type} takes ${known.filter((name) => name !== "type").join(", ")}` : "it takes dest only" });
    }
    if (SWITCHES.includes(key) && !/^(?:|1|t|true|0|f|false)$/i.test(value)) throw fault("OUTPUT_INVALID", { problem: `non-bool value specified for ${key}: ${JSON.stringify(value)}`, hint: `write ${key}=true or ${key}=false` });
    const fixed = Object.hasOwn(FIXED, key) ? FIXED[key] : undefined;
    if (fixed && isTrue(value) !== fixed.value) refuse(fixed.hint);
    if (key === "mode" && value !== "copy" && value !== "delete") throw fault("OUTPUT_INVALID", { problem: `invalid local exporter mode ${JSON.stringify(value)}`, hint: "it is copy, or delete for a folder that is to hold nothing else afterwards" });
    if (key === "name-canonical" && isTrue(value) && type === "image" && !isTrue(fields.get("push")) && !isTrue(fields.get("push-by-digest"))) refuse("an image gets its name with a digest where it is pushed to: add push=true");
    if (key === "push" && type === "registry" && !isTrue(value)) refuse("an output of type registry is pushed");
  }
}

export function imageAttributes(fields: Fields, text: string): ImageAttributes {
  const packing = readPacking({ compression: fields.get("compression"), level: fields.get("compression-level"), force: isTrue(fields.get("force-compression")) }, `-o, --output ${text}`);
  const names = (fields.get("name") ?? "").split(",").filter((name) => name !== "");
  const annotations = [...fields].flatMap(([key, value]) => readAnnotation(key, value));
  return {
    ...(packing === undefined ? {} : { packing }),
    ...(names.length > 0 ? { names } : {}),
    ...(isTrue(fields.get("push-by-digest")) ? { pushByDigest: true } : {}),
    ...(annotations.length > 0 ? { annotations } : {}),
    ...(fields.has("oci-artifact") ? { ociArtifact: isTrue(fields.get("oci-artifact")) } : {}),
    ...(isTrue(fields.get("attestation-inline")) ? { attestationInline: true } : {}),
    ...(isTrue(fields.get("registry.insecure")) ? { insecure: true } : {}),
    ...(fields.has("oci-mediatypes") && !isTrue(fields.get("oci-mediatypes")) ? { ociMediaTypes: false } : {}),
    ...timeAttributes(fields),
  };
}

/** The times of an image. @throws OUTPUT_INVALID */
export function timeAttributes(fields: Fields): TimeAttributes {
  return { ...epochAttribute(fields), ...(isTrue(fields.get("rewrite-timestamp")) ? { rewriteTimestamp: true } : {}) };
}

function epochAttribute(fields: Fields): Pick<TimeAttributes, "epoch"> {
  const value = fields.get("source-date-epoch");
  return value === undefined ? {} : { epoch: sourceDate(value, undefined) ?? "none" };
}

export function filesAttributes(fields: Fields): FilesAttributes {
  const prefix = fields.get("attestation-prefix");
  return { ...(fields.has("platform-split") ? { platformSplit: isTrue(fields.get("platform-split")) } : {}), ...(prefix ? { attestationPrefix: prefix } : {}), ...(fields.get("mode") === "delete" ? { mode: "delete" as const } : {}), ...epochAttribute(fields) };
}

function readAnnotation(key: string, value: string): Annotation[] {
  if (!key.startsWith("annotation")) return [];
  const annotation = annotationAttribute(key, value);
  if (!annotation) throw fault("ANNOTATION_INVALID", { annotation: `${key}=${value}`, problem: "the attribute is annotation.KEY, annotation-index.KEY, annotation[OS/ARCH].KEY …" });
  return [annotation];
}

export function isFalse(text: string | undefined): boolean {
  return text !== undefined && /^(?:0|f|false)$/i.test(text);
}

export function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(?:|1|t|true)$/i.test(text);
}

/** Of a variable: one that is empty says nothing. */
export function isYes(text: string | undefined): boolean {
  return text !== undefined && /^(?:1|t|true)$/i.test(text);
}

/** `full` is the older word for yes. */
export function isGitLabels(text: string | undefined): boolean {
  return text === "full" || isTrue(text);
}
