import { familiarReference, familiarRepository, parseReference } from "../../oci/reference.ts";

/** A full name, with tag or digest, as docker shows it: `alpine:3.20`, `alpine@sha256:…`. */
export function familiarName(name: string): string {
  const reference = parseReference(name, { implicitTag: false });
  return reference.digest ? `${familiarRepository(reference)}@${reference.digest}` : familiarReference(reference);
}
