/** Units of sizes, by their first letter: a thousand of the one before, or 1024 of them with `i` behind it. */
const UNITS = "kmgtp";

/** Bytes of `50GB`, `1.5g`, `512MiB` or `1000`, as {@link humanSize} writes them; undefined for what is no size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,9})?) ?(?:([kmgtp])(i)?)?b?$/i.exec(text.trim());
  if (match === null) return undefined;
  const [, count, unit, binary] = match;
  const power = unit === undefined ? 0 : UNITS.indexOf(unit.toLowerCase()) + 1;
  const bytes = Math.round(Number(count) * (binary === undefined ? 1000 : 1024) ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
