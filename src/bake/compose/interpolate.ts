/**
 * Fills variables of a compose file in: `$NAME`, `${NAME}`, and with a modifier `:-` `-` `:?` `?` `:+` `+`, whose text may hold
 * variables again. `$$` is a dollar sign. @throws Error whose message says what is wrong
 */
export function interpolate(text: string, lookup: (name: string) => string | undefined, depth = 0): string {
  if (depth > 20) throw new Error("variables are nested too deeply");
  let result = "";
  for (let at = 0; at < text.length;) {
    const dollar = text.indexOf("$", at);
    if (dollar < 0) return result + text.slice(at);
    result += text.slice(at, dollar);
    const rest = text.slice(dollar + 1);
    const name = /^[A-Za-z_]\w*/.exec(rest)?.[0];
    if (rest.startsWith("$")) {
      result += "$";
      at = dollar + 2;
    } else if (name !== undefined) {
      result += lookup(name) ?? "";
      at = dollar + 1 + name.length;
    } else if (rest.startsWith("{")) {
      const end = closing(text, dollar + 1);
      if (end < 0) throw new Error(`invalid interpolation format: ${JSON.stringify(text.slice(dollar))} is not closed`);
      result += expand(text.slice(dollar + 2, end), lookup, depth);
      at = end + 1;
    } else {
      throw new Error(`invalid interpolation format: ${JSON.stringify(text)}; a dollar sign is written $$`);
    }
  }
  return result;
}

/** Where the brace closes that opens at `open`. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === "{") depth += 1;
    else if (text[at] === "}" && (depth -= 1) === 0) return at;
  }
  return -1;
}

function expand(inside: string, lookup: (name: string) => string | undefined, depth: number): string {
  const [, name, modifier = "", word = ""] = /^([A-Za-z_]\w*)(?:(:?[-?+])([\s\S]*))?$/.exec(inside) ?? [];
  if (name === undefined) throw new Error(`invalid interpolation format: \${${inside}}`);
  const value = lookup(name);
  const isSet = value !== undefined && (!modifier.startsWith(":") || value !== "");
  const other = (): string => interpolate(word, lookup, depth + 1);
  switch (modifier.at(-1)) {
    case "-": return isSet ? value : other();
    case "+": return isSet ? other() : "";
    case "?": {
      if (!isSet) throw new Error(`required variable ${name} is missing a value: ${other()}`);
      return value;
    }
    default: return value ?? "";
  }
}
