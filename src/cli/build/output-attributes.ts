import { annotationAttribute, type Annotation } from "../../build/annotations.ts";
import type { FilesAttributes, ImageAttributes, TimeAttributes } from "../../build/build-options.ts";
import { sourceDate } from "../../graph/source-date.ts";
import { fault } from "../../std/fault.ts";
import { readPacking } from "../flags/compression.ts";

type Fields = ReadonlyMap<string, string>;

const PACKING = ["compression", "compression-level", "force-compression"];
const IMAGE = [...PACKING, "name", "oci-mediatypes", "oci-artifact", "attestation-inline", "annotation.KEY", "rewrite-timestamp", "source-date-epoch"];
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  image: ["type", "push", "push-by-digest", "store", "unpack", "name-canonical", ...IMAGE],
  registry: ["type", "dest", "output", "push", "push-by-digest", "name-canonical", ...IMAGE],
  oci: ["type", "dest", "output", "tar", ...IMAGE],
  docker: ["type", "dest", "output", "tar", ...IMAGE],
  tar: ["type", "dest", "output", "platform-split", "attestation-prefix", "source-date-epoch"],
  local: ["type", "dest", "output", "mode", "platform-split", "attestation-prefix", "source-date-epoch"],
};

/** Refuses what an output of that type does not know, and values that ask for what is not done. @throws NOT_SUPPORTED */
export function checkAttributes(type: string, fields: Fields, text: string): void {
  const known = KNOWN[type] ?? ["type", "dest", "output"];
  for (const [key, value] of fields) {
    const refuse = (hint: string): never => {
      throw fault("NOT_SUPPORTED", { feature: `${key}=${value} in the output ${JSON.stringify(text)}`, hint });
    };
    if (!known.includes(key) && !(known.includes("annotation.KEY") && key.startsWith("annotation"))) {
      throw fault("NOT_SUPPORTED", { feature: `${key}= in the output ${JSON.stringify(text)}`, hint: known.length > 3 ? `an output of type ${type} takes ${known.filter((name) => name !== "type").join(", ")}` : "it takes dest only" });
    }
    if (key === "oci-mediatypes" && !isTrue(value)) refuse("manifests are written in OCI's form");
    if (key === "tar" && !isTrue(value)) refuse("unpack the archive into a folder, which then is an OCI layout: `-o type=oci,dest=- | tar -xC DIR`");
    if (key === "mode" && value !== "copy") refuse("what is in the folder stays: empty it before, if it is to hold nothing else");
    if (key === "unpack" && !isTrue(value)) refuse("the store holds layers as folders");
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
  return { ...(fields.has("platform-split") ? { platformSplit: isTrue(fields.get("platform-split")) } : {}), ...(prefix ? { attestationPrefix: prefix } : {}), ...epochAttribute(fields) };
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
