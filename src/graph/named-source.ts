import { formatReference, parseReference } from "../oci/reference.ts";
import { formatPlatform, type Platform } from "../oci/platform.ts";
import type { GitUrl } from "../context/git-url.ts";

/** What --build-context puts in place of an image or stage. */
export type NamedSource =
  | { readonly kind: "local"; /** The name that it was given under. */ readonly name: string }
  | { readonly kind: "scratch" }
  | { readonly kind: "image"; readonly reference: string }
  | { readonly kind: "http"; readonly url: string }
  | { readonly kind: "git"; readonly source: GitUrl }
  | { readonly kind: "stage"; readonly name: string };

/**
 * The name by which a context stands for an image: as short as it is understood, without `:latest`. What is no image
 * reference stays as it is.
 */
export function contextName(name: string): string {
  try {
    return formatReference(parseReference(name)).replace(/^docker\.io\/(?:library\/)?/, "").replace(/:latest$/, "");
  } catch {
    return name;
  }
}

/** Looks a name up, first for the platform alone; `scratch` and `context` always mean what they mean. */
export function findNamed(contexts: ReadonlyMap<string, NamedSource> | undefined, name: string, platform: Platform): NamedSource | undefined {
  if (contexts === undefined || contexts.size === 0 || name === "scratch" || name === "context") return undefined;
  const short = contextName(name);
  const candidates = [name, short].flatMap((each) => [`${each}::${formatPlatform(platform)}`, each]);
  return candidates.map((each) => contexts.get(each)).find((found) => found !== undefined);
}
