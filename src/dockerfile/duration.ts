import { fault } from "../std/fault.ts";

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n, us: 1_000n, "µs": 1_000n, "μs": 1_000n, ms: 1_000_000n, s: 1_000_000_000n, m: 60_000_000_000n, h: 3_600_000_000_000n,
};
const LARGEST = 2n ** 63n;

/**
 * Nanoseconds of a duration as Go writes it, `1h2m3.5s`; fractions of a nanosecond are dropped.
 * Above 2^53 (104 days) the number is rounded.
 * @throws DOCKERFILE_INVALID with the texts of Go's time.ParseDuration
 */
export function parseDuration(text: string): number {
  const refuse = (problem: string): Error => fault("DOCKERFILE_INVALID", { problem: `time: ${problem}` });
  const invalid = `invalid duration ${quote(text)}`;
  const negative = text.startsWith("-");
  let rest = text.replace(/^[-+]/, "");
  if (rest === "0") return 0;
  if (rest === "") throw refuse(invalid);
  let total = 0n;
  while (rest !== "") {
    const [number = "", whole = "", fraction = ""] = /^([0-9]*)(?:\.([0-9]*))?/.exec(rest) ?? [];
    if (whole === "" && fraction === "") throw refuse(invalid);
    if (BigInt(whole || "0") > LARGEST) throw refuse(invalid);
    rest = rest.slice(number.length);
    const [unit = ""] = /^[^.0-9]*/.exec(rest) ?? [];
    if (unit === "") throw refuse(`missing unit in duration ${quote(text)}`);
    const scale = Object.hasOwn(UNITS, unit) ? UNITS[unit]! : undefined;
    if (scale === undefined) throw refuse(`unknown unit ${quote(unit)} in duration ${quote(text)}`);
    rest = rest.slice(unit.length);
    // Fractions go through a float in Go as well.
    const digits = fraction.slice(0, 18);
    total += BigInt(whole || "0") * scale + BigInt(Math.trunc(Number(digits) * (Number(scale) / 10 ** digits.length)));
    if (total > LARGEST) throw refuse(invalid);
  }
  if (negative) return -Number(total);
  if (total === LARGEST) throw refuse(invalid);
  return Number(total);
}

/** Go's time package has a quoting of its own: bytes of everything that is not plain ASCII. */
function quote(text: string): string {
  const escaped = text.replace(/["\\]/g, "\\$&").replace(/[^\x20-\x7f]/gu, (char) =>
    [...new TextEncoder().encode(char)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join(""));
  return `"${escaped}"`;
}
