import { median } from "./statistics.ts";
import type { Measured } from "./run-measured.ts";

/** All measurements of one step: by peer, in the order of the rounds. */
export interface StepResult {
  readonly row: string;
  readonly step: string;
  readonly byPeer: ReadonlyMap<string, readonly Measured[]>;
}

/**
 * Markdown: a line for each step, medians with their spread; behind each peer's time stands how many times ours it is.
 * The figures of the first peer are ours.
 */
export function formatTable(steps: readonly StepResult[], peers: readonly string[]): string {
  const [ours, ...others] = peers;
  const rows = steps.map(({ row, step, byPeer }) => {
    const own = byPeer.get(ours!) ?? [];
    const base = own.length > 0 ? median(own.map(({ wall }) => wall)) : undefined;
    return [
      `${row}: ${step} (n=${samples(byPeer)})`,
      own.length > 0 ? times(own) : "–",
      own.length > 0 ? formatNumber(median(own.map(({ cpu }) => cpu)), 2) : "–",
      own.length > 0 ? formatNumber(Math.max(...own.map(({ memory }) => memory)), 0) : "–",
      ...others.map((peer) => {
        const measured = byPeer.get(peer) ?? [];
        if (measured.length === 0) return "–";
        const ratio = base === undefined ? "" : ` ×${(median(measured.map(({ wall }) => wall)) / base).toFixed(2)}`;
        return `${times(measured)}${ratio} · cpu ${formatNumber(median(measured.map(({ cpu }) => cpu)), 2)}`;
      }),
    ];
  });
  return markdown([["s, median (spread)", ours ?? "", "cpu s", "peak MiB", ...others], ...rows]);
}

/** A dash for what could not be measured. */
export function formatNumber(value: number, digits: number): string {
  return Number.isNaN(value) ? "–" : value.toFixed(digits);
}

/** How often each peer was measured; a range where a row ended early. */
function samples(byPeer: StepResult["byPeer"]): string {
  const counts = [...new Set([...byPeer.values()].map(({ length }) => length))].sort((a, b) => a - b);
  return counts.length === 0 ? "0" : counts.join("–");
}

function times(measured: readonly Measured[]): string {
  const walls = measured.map(({ wall }) => wall);
  const digits = median(walls) < 10 ? 2 : 1;
  return `**${median(walls).toFixed(digits)}** (${Math.min(...walls).toFixed(digits)}–${Math.max(...walls).toFixed(digits)})`;
}

function markdown(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [line(rows[0]!), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...rows.slice(1).map(line)].join("\n");
}
