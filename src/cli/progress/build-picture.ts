import { humanSize } from "../../std/human-size.ts";
import type { TransferEvent } from "../../std/progress.ts";
import { isCanceled } from "./is-canceled.ts";
import type { ScreenLine } from "./live-screen.ts";
import { shortSeconds } from "./seconds.ts";
import { isFinished, type StepState } from "./step-list.ts";
import { fit, textWidth } from "./text-width.ts";

export interface PictureOptions {
  readonly columns: number;
  readonly rows: number;
  readonly now: number;
  readonly started: number;
  readonly explain: boolean;
}

/** How many log lines a running step may show. */
const MOST_LINES = 6;

/**
 * The live view of a build: a heading, the steps of all stages in one list, and below each running step its transfers
 * and last log lines. Where the screen is too small, finished steps go first, then log lines, then waiting steps.
 */
export function buildPicture(steps: readonly StepState[], options: PictureOptions): ScreenLine[] {
  const { columns, rows, now, started } = options;
  const known = steps.filter((step) => step.started !== undefined || isFinished(step));
  const finished = known.filter(isFinished);
  const running = known.filter((step) => !isFinished(step));
  const head: ScreenLine = { text: fit(`[+] Building ${shortSeconds(now - started)} (${finished.length}/${steps.length})`, columns - 1) };

  const room = Math.max(0, rows - 1);
  const shownRunning = running.slice(0, room);
  const forDetails = room - shownRunning.length - Math.min(finished.length, Math.max(1, Math.floor(room / 3)));
  const perStep = shownRunning.length === 0 ? 0 : Math.max(0, Math.floor(forDetails / shownRunning.length));
  const details = new Map(shownRunning.map((step) => [step, detailLines(step, Math.min(perStep, MOST_LINES), options)]));
  const used = shownRunning.length + [...details.values()].reduce((sum, lines) => sum + lines.length, 0);
  const folded = foldFinished(finished, room - used);
  const lines: ScreenLine[] = [head];
  if (folded.hidden > 0) lines.push({ text: fit(` => … ${folded.hidden} finished step${folded.hidden === 1 ? "" : "s"}`, columns - 1), color: "2" });
  for (const step of known) {
    if (folded.shown.has(step)) lines.push(stepLine(step, options));
    const below = details.get(step);
    if (below) lines.push(stepLine(step, options), ...below);
  }
  return lines.slice(0, rows);
}

/** The list that stays when the build is over: every step with its time, and why it ran when that was asked for. */
export function finalPicture(steps: readonly StepState[], options: PictureOptions & { readonly failed: boolean }): ScreenLine[] {
  if (steps.length === 0) return [];
  const finished = steps.filter((step) => step.started !== undefined || isFinished(step));
  const done = finished.filter(isFinished).length;
  const word = options.failed ? "ERROR" : done === steps.length ? "FINISHED" : "";
  const head = `[+] Building ${shortSeconds(options.now - options.started)} (${done}/${steps.length})${word === "" ? "" : ` ${word}`}`;
  return [{ text: head }, ...finished.flatMap((step) => [stepLine(step, options), ...(options.explain ? step.why.map(whyLine) : [])])];
}

function whyLine(why: string): ScreenLine {
  return { text: ` => => ${why}`, color: "2" };
}

/** The newest finished steps that fit; one line less where the others need a line that counts them. */
function foldFinished(finished: readonly StepState[], room: number): { shown: Set<StepState>; hidden: number } {
  if (finished.length <= room) return { shown: new Set(finished), hidden: 0 };
  const count = Math.max(0, room - 1);
  const shown = new Set(count === 0 ? [] : finished.slice(-count));
  return { shown, hidden: room > 0 ? finished.length - shown.size : 0 };
}

function stepLine(step: StepState, { columns, now }: PictureOptions): ScreenLine {
  const mark = isCanceled(step.error) ? "CANCELED " : step.error !== undefined ? "ERROR " : step.cached ? "CACHED " : "";
  const end = step.completed ?? (isFinished(step) ? (step.started ?? now) : now);
  const time = shortSeconds(end - (step.started ?? end));
  const color = step.error !== undefined ? "31" : isFinished(step) ? "34" : undefined;
  return { text: timed(` => ${mark}${step.name}`, time, columns), ...(color ? { color } : {}) };
}

function detailLines(step: StepState, most: number, { columns, now, explain }: PictureOptions): ScreenLine[] {
  const lines: ScreenLine[] = explain ? step.why.slice(0, 2).map((why) => ({ text: fit(` => => ${why}`, columns - 1), color: "2" })) : [];
  const transfers = [...step.transfers.values()];
  const active = transfers.filter(({ completed }) => completed === undefined);
  for (const event of [...active, ...transfers.filter(({ completed }) => completed !== undefined)]) lines.push(transferLine(event, columns, now));
  const logs = step.tail.slice(-Math.max(0, most - lines.length)).map((line) => ({ text: fit(` => => # ${line}`, columns - 1), color: "2" }));
  return [...lines.slice(0, most), ...(lines.length < most ? logs : [])];
}

/** ` => => sha256:4f4fb700ef54 [=======>      ] 3.37MB / 12.1MB   0.4s` */
function transferLine(event: TransferEvent, columns: number, now: number): ScreenLine {
  const amount = event.total === undefined ? (event.current === 0 ? "" : humanSize(event.current, 3)) : `${humanSize(event.current, 3)} / ${humanSize(event.total, 3)}`;
  const bar = event.total !== undefined && event.completed === undefined && columns >= 70 ? ` ${progressBar(event.current / Math.max(1, event.total), 20)}` : "";
  const time = event.started === undefined ? "" : shortSeconds((event.completed ?? now) - event.started);
  const what = event.key.startsWith(event.action) ? event.key : event.action === "extracting" || event.action === "compressing" ? `${event.action} ${event.key}` : event.key;
  return { text: timed(` => => ${what.replace(/(sha256:[a-f0-9]{12})[a-f0-9]+/, "$1")}${bar} ${amount}`, time, columns), color: "2" };
}

/** `[=======>      ]` */
export function progressBar(part: number, width: number): string {
  const full = Math.min(width, Math.max(0, Math.floor(part * width)));
  return full === width ? `[${"=".repeat(width)}]` : `[${"=".repeat(full)}>${" ".repeat(width - full - 1)}]`;
}

/** The text at the left, cut if need be, and the time at the right end of the line. */
function timed(text: string, time: string, columns: number): string {
  const room = columns - 1 - time.length - 1;
  const left = fit(text, Math.max(0, room));
  return `${left}${" ".repeat(Math.max(1, room - textWidth(left) + 1))}${time}`;
}
