import { RegistryError } from "./terms/registry-error.ts";
import type { Right } from "./terms/rights.ts";
import type { Handler } from "./exchange.ts";

/** One row of the route table: a path with `<name>` (one or more segments) and at most one parameter, at its end. */
export interface Route {
  readonly path: string;
  readonly methods: Readonly<Record<string, Handler>>;
  /** What the caller has to be allowed in the repository, by method. Each route with `<name>` says it for all of its methods. For `push`, `sign` is enough at the door. */
  readonly rights?: Readonly<Record<string, Right>>;
  /** Whoever comes is let in, even without a token. */
  readonly open?: true;
}

export interface Match {
  readonly route: Route;
  readonly repository: string;
  readonly parameter: string;
}

/**
 * Prepares a table for lookups. A path is compared segment by segment as it was sent: nothing resolves `.` or `..`,
 * and an encoded slash does not separate. Routes with `<name>` are matched from the end; the first that fits wins.
 */
export function compileRoutes(routes: readonly Route[]): (path: string) => Match | undefined {
  const fixed = new Map(routes.filter(({ path }) => !path.includes("<")).map((route) => [route.path, route]));
  const named = routes.filter(({ path }) => path.startsWith("/v2/<name>/")).map((route) => ({ route, tail: route.path.slice("/v2/<name>/".length).split("/") }));

  return (path) => {
    const exact = fixed.get(path);
    if (exact) return { route: exact, repository: "", parameter: "" };
    if (!path.startsWith("/v2/")) return undefined;
    const sent = path.slice("/v2/".length).split("/");
    const segments = path.includes("%") ? sent.map(decode) : sent;
    for (const { route, tail } of named) {
      const start = segments.length - tail.length;
      if (start < 1 || !tail.every((part, index) => part.startsWith("<") || part === segments[start + index])) continue;
      return { route, repository: segments.slice(0, start).join("/"), parameter: tail.at(-1)!.startsWith("<") ? segments.at(-1)! : "" };
    }
    return undefined;
  };
}

function decode(segment: string): string {
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch {
    throw new RegistryError("REQUEST_INVALID", "the path is not valid percent-encoded UTF-8");
  }
  if (text.includes("/") || text.includes("\0")) throw new RegistryError("REQUEST_INVALID", "the path has an encoded slash or NUL");
  return text;
}
