import { formatReference, parseReference } from "../../oci/reference.ts";
import { isFault } from "../../std/fault.ts";

/** The full name with tag that a word means, if it can be a name at all; none for a reference by digest. */
export function nameOf(word: string): string | undefined {
  try {
    const { digest, ...reference } = parseReference(word);
    return digest === undefined ? formatReference(reference) : undefined;
  } catch (error) {
    if (isFault(error, "REFERENCE_INVALID")) return undefined;
    throw error;
  }
}
