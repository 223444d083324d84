import { createRequire } from "node:module";

type Parse = (expression: string) => unknown;
let parse: Parse | undefined;

/**
 * Whether words are a licence expression of SPDX: ids of its list, `AND`, `OR`, `WITH`. References to texts (`LicenseRef-…`) are none here, for
 * the text is not known.
 */
export function isLicenseExpression(words: string): boolean {
  if (words === "" || /LicenseRef-|DocumentRef-/i.test(words)) return false;
  // The package has no types.
  parse ??= createRequire(import.meta.url)("spdx-expression-parse") as Parse;
  try {
    parse(words);
    return true;
  } catch {
    return false;
  }
}
