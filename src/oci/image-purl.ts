import { familiarRepository, type Reference } from "./reference.ts";
import { formatPlatform, type Platform } from "./platform.ts";

/**
 * The package URL of an image, as BuildKit writes it: `pkg:docker/team/app@1.2.0?platform=linux%2Famd64`. What is named by a
 * digest has that as a qualifier, what lies in an OCI layout has the type `oci`.
 */
export function imagePurl(reference: Reference, platform: Platform | undefined, type: "docker" | "oci" = "docker"): string {
  const segments = familiarRepository(reference).split("/");
  const version = reference.tag ?? (reference.digest ? undefined : "latest");
  const qualifiers = [
    ...(reference.digest ? [`digest=${escape(reference.digest)}`] : []),
    ...(platform ? [`platform=${escape(formatPlatform(platform))}`] : []),
  ];
  return `pkg:${type}/${segments.map(escape).join("/")}${version === undefined ? "" : `@${escape(version)}`}${qualifiers.length > 0 ? `?${qualifiers.join("&")}` : ""}`;
}

/** The purl specification leaves colons as they are. */
function escape(text: string): string {
  return encodeURIComponent(text).replaceAll("%3A", ":");
}
