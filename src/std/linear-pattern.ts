/** A part of a pattern for a whole text. Sources are those of regular expressions for exactly one character. */
export type PatternPart =
  | { readonly kind: "one"; readonly source: string }
  /** Any number of them. */
  | { readonly kind: "many"; readonly source: string }
  /** Nothing, or anything with a `/` at its end. */
  | { readonly kind: "folders"; readonly source: string }
  /** Matches no character, and only where the text begins. */
  | { readonly kind: "start" };

/** With so few parts that can be of any length, trying them one after the other takes no time to speak of. */
const FEW = 2;

/**
 * A test whether a text matches, which takes no more time than text and pattern are long, multiplied. A regular expression with
 * many `*` would try all ways to share the text among them, which may take longer than anybody lives.
 * @throws SyntaxError for a source that is no regular expression
 */
export function compileParts(parts: readonly PatternPart[]): (text: string) => boolean {
  const loose = parts.filter(({ kind }) => kind === "many" || kind === "folders").length;
  const expression = new RegExp(`^${sourceOf(parts)}$`, "u");
  return loose <= FEW ? (text) => expression.test(text) : followAll(parts);
}

/** As a regular expression without its beginning and end. */
export function sourceOf(parts: readonly PatternPart[]): string {
  return parts.map(asSource).join("");
}

function asSource(part: PatternPart): string {
  switch (part.kind) {
    case "one": return part.source;
    case "many": return `${part.source}*`;
    case "folders": return `(?:${part.source}*/)?`;
    case "start": return "^";
  }
}

/** Where one may stand in a pattern. */
interface Place {
  readonly kind: "one" | "many" | "skip" | "start";
  readonly accepts: (char: string) => boolean;
}

/** Follows all places that the text read so far may have led to, at once. */
function followAll(parts: readonly PatternPart[]): (text: string) => boolean {
  const places = placesOf(parts);
  return (text) => {
    let here = new Uint8Array(places.length + 1);
    here[0] = 1;
    passOn(places, here, true);
    for (const char of text) {
      const next = new Uint8Array(places.length + 1);
      let alive = false;
      for (const [at, { kind, accepts }] of places.entries()) {
        if (here[at] === 0 || (kind !== "one" && kind !== "many") || !accepts(char)) continue;
        next[kind === "one" ? at + 1 : at] = 1;
        alive = true;
      }
      if (!alive) return false;
      passOn(places, next, false);
      here = next;
    }
    return here[places.length] === 1;
  };
}

/** From places that need no character to be left, one stands behind them too. */
function passOn(places: readonly Place[], here: Uint8Array, atStart: boolean): void {
  for (const [at, { kind }] of places.entries()) {
    if (here[at] === 0) continue;
    if (kind === "many" || kind === "skip" || (kind === "start" && atStart)) here[at + 1] = 1;
    // A folder is two places: what its path is made of, and the slash.
    if (kind === "skip") here[at + 3] = 1;
  }
}

function placesOf(parts: readonly PatternPart[]): Place[] {
  const known = new Map<string, Place["accepts"]>();
  const acceptor = (source: string): Place["accepts"] => {
    let accepts = known.get(source);
    if (!accepts) {
      const expression = new RegExp(`^(?:${source})$`, "u");
      known.set(source, (accepts = (char) => expression.test(char)));
    }
    return accepts;
  };
  const never = (): boolean => false;
  return parts.flatMap((part): Place[] => {
    if (part.kind === "start") return [{ kind: "start", accepts: never }];
    if (part.kind !== "folders") return [{ kind: part.kind, accepts: acceptor(part.source) }];
    return [{ kind: "skip", accepts: never }, { kind: "many", accepts: acceptor(part.source) }, { kind: "one", accepts: acceptor("/") }];
  });
}
