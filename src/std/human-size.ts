/** A size as docker's columns show it: decimal units and at most four significant digits, `7.05MB`. */
export function humanSize(bytes: number, digits = 4): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}
