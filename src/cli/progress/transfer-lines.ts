import { humanSize } from "../../std/human-size.ts";
import type { ProgressEvent, TransferEvent, WarningEvent } from "../../std/progress.ts";
import { mayColor } from "../io.ts";
import { progressBar } from "./build-picture.ts";
import { LiveScreen, type ScreenLine } from "./live-screen.ts";
import type { Renderer } from "./renderer.ts";
import { fit } from "./text-width.ts";
import { timeLeft, TransferRates } from "./transfer-rate.ts";
import { warningLines } from "./warning-lines.ts";

/** Docker's words for a blob on its way and for one that is done, by direction. */
const WORDS = {
  pull: {
    going: { pulling: "Downloading", extracting: "Extracting" },
    done: { pulling: "Pull complete", exists: "Already exists", mounted: "Already exists", extracting: "Pull complete" },
  },
  push: {
    going: { pushing: "Pushing", compressing: "Compressing", pulling: "Downloading" },
    done: { pushing: "Pushed", exists: "Layer already exists", mounted: "Mounted from another repository", compressing: "Compressed", pulling: "Downloaded" },
  },
  copy: {
    going: { transferring: "Copying", compressing: "Compressing" },
    done: { transferring: "Copied", compressing: "Compressed", exists: "Already exists", mounted: "Mounted from another repository" },
  },
} as const;

type Direction = keyof typeof WORDS;
type Action = TransferEvent["action"];

/**
 * Progress of `push`, `pull` and `copy` in docker's words: on a terminal a line per blob with a bar, its rate and the time that
 * is left, elsewhere a line when a blob is done.
 */
export function transferLines(direction: Direction, options: { stream: NodeJS.WriteStream; errors: NodeJS.WriteStream; env: NodeJS.ProcessEnv }): Renderer {
  const { stream, errors, env } = options;
  const transfers = new Map<string, TransferEvent>();
  const rates = new TransferRates();
  const warnings: WarningEvent[] = [];
  const live = stream.isTTY === true && env["TERM"] !== "dumb";
  const screen = live
    ? new LiveScreen(stream, {
        color: mayColor(stream, env),
        picture: (columns, rows) => pictureOf([...transfers.values()], rates, direction, columns, rows),
      })
    : undefined;
  return {
    showsLogs: true,
    onEvent(event: ProgressEvent) {
      if (event.type === "warning") warnings.push(event);
      if (event.type !== "transfer") return;
      const key = shortKey(event.key);
      const before = transfers.get(key);
      transfers.set(key, event);
      if (screen) rates.add(key, event.current, Date.now());
      if (screen) screen.changed();
      else if (event.completed !== undefined && before?.completed === undefined) stream.write(`${key}: ${wordFor(event, direction)}\n`);
    },
    close() {
      screen?.close([...transfers.values()].map((event) => ({ text: `${shortKey(event.key)}: ${wordFor(event, direction)}` })));
      for (const line of warningLines(warnings.splice(0))) errors.write(`${line}\n`);
    },
  };
}

/** What is on its way first, then what is done, as far as the screen reaches. */
function pictureOf(events: readonly TransferEvent[], rates: TransferRates, direction: Direction, columns: number, rows: number): ScreenLine[] {
  const going = events.filter(({ completed }) => completed === undefined);
  const shown = new Set([...going, ...events.filter(({ completed }) => completed !== undefined).reverse()].slice(0, rows));
  return events.filter((event) => shown.has(event)).map((event) => {
    const text = `${shortKey(event.key)}: ${wordFor(event, direction)}`;
    if (event.completed !== undefined) return { text: fit(text, columns - 1), color: "2" };
    const amount = event.total === undefined ? humanSize(event.current, 3) : `${humanSize(event.current, 3)}/${humanSize(event.total, 3)}`;
    const bar = event.total === undefined || columns < 70 ? "" : ` ${progressBar(event.current / Math.max(1, event.total), columns < 90 ? 15 : 30)}`;
    return { text: fit(`${text}${bar}  ${amount}${speed(event, rates)}`, columns - 1) };
  });
}

/** `  12MB/s  8s left`, as far as it can be told. */
function speed({ key, current, total }: TransferEvent, rates: TransferRates): string {
  const rate = rates.perSecond(shortKey(key));
  if (rate === undefined) return "";
  const left = total === undefined ? undefined : timeLeft(total - current, rate);
  return `  ${humanSize(rate, 3)}/s${left === undefined ? "" : `  ${left} left`}`;
}

function wordFor({ action, completed }: TransferEvent, direction: Direction): string {
  const words: Partial<Record<Action, string>> = WORDS[direction][completed === undefined ? "going" : "done"];
  return words[action] ?? (completed === undefined ? "Waiting" : "Done");
}

/** `4f4fb700ef54` of a digest, with or without a word before it. */
function shortKey(key: string): string {
  return /sha256:([a-f0-9]{12})/.exec(key)?.[1] ?? key;
}
