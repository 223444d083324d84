import { isList, isMap, problem, toNumber, toText, toWhole, type Value } from "../value.ts";

/** Go's verbs as HCL's `format` knows them: %s %q %v %d %f %g %e %b %o %x %X %t %%, with flags, width and precision. */
export function format(pattern: string, values: readonly Value[]): string {
  let next = 0;
  const text = pattern.replace(/%(?:\[(\d+)\])?([-+# 0]*)(\d+)?(?:\.(\d+))?(.)/gsu, (written, place: string | undefined, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
    if (verb === "%") return "%";
    if (place !== undefined) next = Number(place) - 1;
    if (next >= values.length) problem(`not enough arguments for ${written} in the format`);
    const made = one(verb, values[next++]!, flags, precision === undefined ? undefined : Math.min(Number(precision), 100));
    return pad(made, Math.min(Number(width ?? 0), 1000), flags);
  });
  if (next < values.length && !/%\[/.test(pattern)) problem(`too many arguments: the format takes ${next}`);
  return text;
}

function one(verb: string, value: Value, flags: string, precision: number | undefined): string {
  const sign = (text: string): string => (flags.includes("+") && !text.startsWith("-") ? `+${text}` : text);
  switch (verb) {
    case "s": return cut(toText(value), precision);
    case "q": return JSON.stringify(cut(toText(value), precision));
    case "v": return isList(value) || isMap(value) || value === null ? JSON.stringify(value) : toText(value);
    case "t": return String(value);
    case "d": return sign(String(toWhole(value)));
    case "b": return sign(toWhole(value).toString(2));
    case "o": return sign(toWhole(value).toString(8));
    case "x": return sign(toWhole(value).toString(16));
    case "X": return sign(toWhole(value).toString(16).toUpperCase());
    case "f": return sign(fixed(toNumber(value), precision ?? 6));
    case "e": return sign(toNumber(value).toExponential(precision ?? 6).replace(/e([+-])(\d)$/, "e$10$2"));
    case "g": return sign(precision === undefined ? String(toNumber(value)) : String(Number(toNumber(value).toPrecision(Math.max(precision, 1)))));
    default: return problem(`unsupported format verb %${verb}`);
  }
}

/** Of two numbers that are equally near Go takes the even one, JavaScript the greater. */
function fixed(number: number, digits: number): string {
  const scaled = Math.abs(number) * 10 ** digits;
  const isTie = scaled < 2 ** 52 && scaled % 1 === 0.5;
  if (!isTie || Math.floor(scaled) % 2 !== 0) return number.toFixed(digits);
  return ((Math.sign(number) * Math.floor(scaled)) / 10 ** digits).toFixed(digits);
}

function cut(text: string, precision: number | undefined): string {
  return precision === undefined ? text : [...text].slice(0, precision).join("");
}

function pad(text: string, width: number, flags: string): string {
  const missing = Math.max(width - [...text].length, 0);
  if (flags.includes("-")) return text + " ".repeat(missing);
  if (!flags.includes("0")) return " ".repeat(missing) + text;
  return text.replace(/^[+-]?/, (sign) => sign + "0".repeat(missing));
}
