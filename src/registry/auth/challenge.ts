/** What a registry wants to see in Authorization (RFC 9110 § 11.6.1). Names are in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";

/** Reads one or several WWW-Authenticate values; what does not follow the grammar ends the list. */
export function parseChallenges(header: string | readonly string[] | undefined): Challenge[] {
  if (header === undefined) return [];
  return (typeof header === "string" ? [header] : header).flatMap(parseOne);
}

function parseOne(text: string): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  const parameter = new RegExp(`[\\s,]*(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))\\s*(?=,|$)`, "y");
  const scheme = new RegExp(`[\\s,]*(${TOKEN})(?=\\s|,|$)`, "y");
  let at = 0;
  while (at < text.length) {
    parameter.lastIndex = at;
    const pair = challenges.length > 0 ? parameter.exec(text) : null;
    if (pair) {
      const value = pair[2] !== undefined ? pair[2].replace(/\\(.)/g, "$1") : pair[3]!;
      challenges.at(-1)!.parameters[pair[1]!.toLowerCase()] = value;
      at = parameter.lastIndex;
      continue;
    }
    scheme.lastIndex = at;
    const name = scheme.exec(text);
    if (!name) break;
    challenges.push({ scheme: name[1]!.toLowerCase(), parameters: {} });
    at = scheme.lastIndex;
  }
  return challenges;
}

/** The challenge to answer: Bearer where it is offered with a realm, else Basic. */
export function chooseChallenge(challenges: readonly Challenge[]): Challenge | undefined {
  return (
    challenges.find(({ scheme, parameters }) => scheme === "bearer" && parameters["realm"] !== undefined) ??
    challenges.find(({ scheme }) => scheme === "basic")
  );
}
