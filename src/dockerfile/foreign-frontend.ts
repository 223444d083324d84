import { detectSyntax } from "./directives.ts";

/** The frontends whose language this is: Docker's own, at the places where it is published. */
const OWN = /^(?:docker\.io\/|index\.docker\.io\/)?(?:docker|dockerfile)\/(?:dockerfile|dockerfile-upstream)(?:[:@].*)?$|^(?:docker\/)?dockerfile(?:\.v0)?(?:[:@].*)?$/;

/**
 * The frontend that a build file asks for by `# syntax=`, or BUILDKIT_SYNTAX for it, if it is not the one whose language is
 * spoken here. Frontends are programs in images; none is run, so that builds need no network.
 */
export function foreignFrontend(source: string, syntaxArgument: string | undefined): string | undefined {
  const reference = syntaxArgument?.split(" ", 1)[0] || detectSyntax(source)?.reference;
  return reference === undefined || OWN.test(reference) ? undefined : reference;
}
