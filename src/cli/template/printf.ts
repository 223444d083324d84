import { show, typeName } from "./show.ts";

/** Go's fmt.Sprintf for the verbs that format templates use: %s %v %d %q %t %x %X %o %b %c %U %f %e %g %T %%. */
export function sprintf(format: string, args: readonly unknown[]): string {
  let next = 0;
  const text = format.replace(/%([-+# 0]*)(\d+|\*)?(?:\.(\d+|\*)?)?([a-zA-Z%])?/g, (whole, flags: string, width: string | undefined, precision: string | undefined, verb: string | undefined) => {
    if (verb === "%") return "%";
    if (verb === undefined) return "%!(NOVERB)";
    const size = width === "*" ? Number(args[next++]) : width === undefined ? 0 : Number(width);
    const digits = !whole.includes(".") ? undefined : precision === "*" ? Number(args[next++]) : Number(precision ?? 0);
    if (next >= args.length) return `%!${verb}(MISSING)`;
    const value = args[next++];
    const left = flags.includes("-") || size < 0;
    let body = formatVerb(verb, value, flags, digits);
    if (body === undefined) return `%!${verb}(${typeName(value)}=${show(value)})`;
    const missing = Math.abs(size) - [...body].length;
    if (missing <= 0) return body;
    if (left) return body + " ".repeat(missing);
    if (flags.includes("0") && typeof value === "number") {
      const sign = /^[+-]/.test(body) ? body[0]! : "";
      body = body.slice(sign.length);
      return sign + "0".repeat(missing) + body;
    }
    return " ".repeat(missing) + body;
  });
  if (next >= args.length) return text;
  return `${text}%!(EXTRA ${args.slice(next).map((value) => `${typeName(value)}=${show(value)}`).join(", ")})`;
}

function formatVerb(verb: string, value: unknown, flags: string, digits: number | undefined): string | undefined {
  const signed = (text: string): string => (flags.includes("+") && !text.startsWith("-") ? `+${text}` : text);
  const isInteger = typeof value === "number" && Number.isInteger(value);
  switch (verb) {
    case "v":
      return typeof value === "number" ? signed(String(value)) : show(value);
    case "s":
      if (typeof value === "number" || typeof value === "boolean") return undefined;
      return digits === undefined ? show(value) : [...show(value)].slice(0, digits).join("");
    case "q":
      if (isInteger) return `'${String.fromCodePoint(value)}'`;
      return Array.isArray(value) ? `[${value.map((member) => JSON.stringify(show(member))).join(" ")}]` : JSON.stringify(show(value));
    case "d":
      return isInteger ? signed(String(value)) : undefined;
    case "t":
      return typeof value === "boolean" ? String(value) : undefined;
    case "x":
    case "X": {
      const text = isInteger ? value.toString(16) : typeof value === "string" ? Buffer.from(value).toString("hex") : undefined;
      const marked = text === undefined ? undefined : flags.includes("#") ? `0x${text}` : text;
      return verb === "X" ? marked?.toUpperCase() : marked;
    }
    case "o":
      return isInteger ? value.toString(8) : undefined;
    case "b":
      return isInteger ? value.toString(2) : undefined;
    case "c":
      return isInteger ? String.fromCodePoint(value) : undefined;
    case "U":
      return isInteger ? `U+${value.toString(16).toUpperCase().padStart(4, "0")}` : undefined;
    case "f":
    case "F":
      return typeof value === "number" ? signed(value.toFixed(digits ?? 6)) : undefined;
    case "e":
      return typeof value === "number" ? value.toExponential(digits ?? 6).replace(/e([+-])(\d)$/, "e$10$2") : undefined;
    case "g":
      return typeof value === "number" ? String(digits === undefined ? value : Number(value.toPrecision(Math.max(1, digits)))) : undefined;
    case "T":
      return typeName(value);
    default:
      return undefined;
  }
}
