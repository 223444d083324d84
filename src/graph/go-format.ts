/** A list as Go's %v prints it: `[a b]`. */
export function goList(items: readonly string[]): string {
  return `[${items.join(" ")}]`;
}

/** Nanoseconds as Go prints a time.Duration: `5m0s`, `1.5s`, `100ms`, `0s`. */
export function goDuration(nanoseconds: number): string {
  const sign = nanoseconds < 0 ? "-" : "";
  const value = Math.abs(nanoseconds);
  if (value === 0) return "0s";
  if (value < 1e3) return `${sign}${value}ns`;
  if (value < 1e6) return `${sign}${fraction(value, 3)}µs`;
  if (value < 1e9) return `${sign}${fraction(value, 6)}ms`;
  const hours = Math.floor(value / 3600e9);
  const minutes = Math.floor(value / 60e9) % 60;
  const seconds = `${fraction(value - Math.floor(value / 60e9) * 60e9, 9)}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

function fraction(value: number, decimals: number): string {
  const unit = 10 ** decimals;
  const rest = String(Math.round(value % unit)).padStart(decimals, "0").replace(/0+$/, "");
  return `${Math.floor(value / unit)}${rest === "" ? "" : `.${rest}`}`;
}
