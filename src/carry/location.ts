import { familiarReference, parseReference, type Reference } from "../oci/reference.ts";
import { fault } from "../std/fault.ts";

/** A place that a word of the command line means, in skopeo's spelling. */
export type Location =
  | { readonly kind: "registry"; readonly reference: Reference }
  | { readonly kind: "oci" | "oci-archive"; readonly path: string; readonly tag?: string }
  | { readonly kind: "docker-archive"; readonly path: string; readonly tag?: string }
  | { readonly kind: "store"; readonly name: string };

/** Other tools' words for places that are no place here, and what to write instead. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "containers-storage": "the images of this machine are store:NAME",
  "docker-daemon": "save the image with `docker save -o FILE` and copy docker-archive:FILE",
  dir: "write oci:DIR for a layout; an image called dir is docker://dir",
  ocidir: "write oci:DIR",
  ostree: "write oci:DIR",
  sif: "write oci:DIR",
  tarball: "write oci-archive:FILE or docker-archive:FILE",
  atomic: "write docker://REFERENCE",
};

/**
 * Reads `docker://REF`, `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`, `docker-archive:FILE[:REF]` and `store:NAME`; a
 * word without any of these is a reference to a registry.
 * @throws USAGE, NOT_SUPPORTED, REFERENCE_INVALID
 */
export function parseLocation(word: string): Location {
  const colon = word.indexOf(":");
  const scheme = word.slice(0, Math.max(0, colon));
  const rest = word.slice(colon + 1);
  if (word.startsWith("docker://")) return { kind: "registry", reference: parseReference(word.slice("docker://".length)) };
  if (scheme === "store") {
    if (rest === "") throw fault("USAGE", { problem: `${JSON.stringify(word)} names no image`, hint: "write store:NAME" });
    return { kind: "store", name: rest };
  }
  if (scheme === "oci" || scheme === "oci-archive" || scheme === "docker-archive") {
    const end = rest.indexOf(":");
    const [path, tag] = end < 0 ? [rest, undefined] : [rest.slice(0, end), rest.slice(end + 1)];
    if (path === "") throw fault("USAGE", { problem: `${JSON.stringify(word)} names no ${scheme === "oci" ? "folder" : "file"}`, hint: `write ${scheme}:PATH` });
    if (tag === "") throw fault("USAGE", { problem: `${JSON.stringify(word)} ends with a colon`, hint: "leave it away, or put a name behind it" });
    if (tag !== undefined && scheme === "docker-archive") parseReference(tag);
    return { kind: scheme, path, ...(tag === undefined ? {} : { tag }) };
  }
  if (Object.hasOwn(ELSEWHERE, scheme)) throw fault("NOT_SUPPORTED", { feature: `the place ${scheme}:`, hint: ELSEWHERE[scheme]! });
  return { kind: "registry", reference: parseReference(word) };
}

/** As it is typed, with the default tag. */
export function formatLocation(location: Location): string {
  if (location.kind === "registry") return familiarReference(location.reference);
  if (location.kind === "store") return `store:${location.name}`;
  return `${location.kind}:${location.path}${location.tag === undefined ? "" : `:${location.tag}`}`;
}
