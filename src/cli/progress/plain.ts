import { humanSize } from "../../std/human-size.ts";
import type { LogEvent, ProgressEvent, StepEvent, TransferEvent, WarningEvent } from "../../std/progress.ts";
import { isCanceled } from "./is-canceled.ts";
import { LogLines } from "./log-lines.ts";
import type { Renderer, RendererOptions } from "./renderer.ts";
import { logSeconds, shortSeconds } from "./seconds.ts";
import { warningLines } from "./warning-lines.ts";

/** How long the lines of other steps wait while the step that is shown goes on, so that blocks stay together. */
const PATIENCE = 1000;
/** How often an unfinished transfer gets a line. */
const TRANSFER_PAUSE = 5000;

interface Shown {
  readonly number: number;
  name: string;
  started?: number;
  /** When it was told that it runs. */
  runningSince?: number;
  /** Its name has been written. */
  named: boolean;
  done: boolean;
  readonly lines: string[];
  /** When the oldest of `lines` came. */
  waitingSince?: number;
  /** `last` is when a stream's last piece came. */
  readonly streams: Record<"stdout" | "stderr", { readonly lines: LogLines; last: number }>;
  readonly transfers: Map<string, number>;
  saidWhy: boolean;
}

/**
 * Lines as `docker build --progress plain` writes them: `#5 [builder 2/4] RUN …`, `#5 0.123 output`,
 * `#5 DONE 1.2s`, `#5 CACHED`. Every line of every log is written.
 */
export function plainRenderer({ stream, explain }: RendererOptions): Renderer {
  const steps = new Map<string, Shown>();
  const warnings: WarningEvent[] = [];
  let current: Shown | undefined;
  let counter = 0;
  let failed = false;
  let pending = "";

  const send = (): void => {
    if (pending !== "") stream.write(pending);
    pending = "";
  };
  /** What is told in one go, with nothing waited for in between, is one write: a build of which all is known tells hundreds of steps so. */
  const put = (text: string): void => {
    if (pending === "") process.nextTick(send);
    pending += text;
  };
  const stepOf = (id: string, name = id): Shown => {
    let step = steps.get(id);
    if (!step) {
      counter += 1;
      step = { number: counter, name, named: false, done: false, lines: [], streams: { stdout: { lines: new LogLines(), last: 0 }, stderr: { lines: new LogLines(), last: 0 } }, transfers: new Map(), saidWhy: false };
      steps.set(id, step);
    }
    return step;
  };
  const say = (step: Shown, text: string): void => {
    step.waitingSince ??= Date.now();
    step.lines.push(`#${step.number} ${text}`.trimEnd());
  };
  const write = (step: Shown): void => {
    if (step.lines.length === 0 && step.named) return;
    step.named = true;
    let text = "";
    if (current !== step) {
      if (current && !current.done) text += `#${current.number} ...\n`;
      text += `${current ? "\n" : ""}#${step.number} ${step.name}\n`;
      current = step;
    }
    put(text + step.lines.splice(0).map((line) => `${line}\n`).join(""));
    step.waitingSince = undefined;
  };
  /** Who looks at the log of a long step that prints nothing should see that it runs, and which one it is. */
  const nameSilent = (): void => {
    if (current && !current.done) return;
    const silent = [...steps.values()].find((step) => !step.done && !step.named && Date.now() - (step.runningSince ?? Infinity) >= PATIENCE);
    if (silent) write(silent);
  };
  const flush = (all = false): void => {
    if (current) write(current);
    for (;;) {
      const waiting = [...steps.values()].filter((step) => step.lines.length > 0).sort((a, b) => a.waitingSince! - b.waitingSince!);
      const next = waiting.find((step) => step.done) ?? waiting[0];
      if (!next) return all ? undefined : nameSilent();
      if (!all && current && !current.done && Date.now() - next.waitingSince! < PATIENCE) return;
      write(next);
    }
  };
  const timer = setInterval(() => {
    flush();
    send();
  }, PATIENCE / 4);
  timer.unref();

  const onStep = (event: StepEvent): void => {
    const step = stepOf(event.id, event.name);
    step.name = event.name;
    step.started ??= event.started;
    if (event.started !== undefined) step.runningSince ??= Date.now();
    if (explain && event.why && !step.saidWhy) {
      step.saidWhy = true;
      for (const line of event.why) say(step, `why: ${line}`);
    }
    if (step.done) return;
    if (event.completed === undefined && event.error === undefined && !event.cached) return;
    step.done = true;
    for (const { lines, last } of Object.values(step.streams)) for (const line of lines.end()) say(step, `${logSeconds(last - (step.started ?? last))} ${line}`);
    failed ||= event.error !== undefined;
    if (isCanceled(event.error)) say(step, "CANCELED");
    else if (event.error !== undefined) say(step, `ERROR: ${event.error}`);
    else if (event.cached) say(step, "CACHED");
    else say(step, `DONE ${shortSeconds(event.completed! - (step.started ?? event.completed!))}`);
  };
  const onLog = (event: LogEvent): void => {
    const step = stepOf(event.id);
    const stream = step.streams[event.stream];
    stream.last = event.time;
    for (const line of stream.lines.push(event.data)) say(step, `${logSeconds(event.time - (step.started ?? event.time))} ${line}`);
  };
  const onTransfer = (event: TransferEvent): void => {
    const step = stepOf(event.id);
    const last = step.transfers.get(event.key);
    const now = Date.now();
    if (last === Infinity || (event.completed === undefined && last !== undefined && now - last < TRANSFER_PAUSE)) return;
    step.transfers.set(event.key, event.completed === undefined ? now : Infinity);
    if (event.completed === undefined && last === undefined) return;
    say(step, transferLine(event));
  };

  const onWarning = (event: WarningEvent): void => {
    warnings.push(event);
    if (event.id !== undefined && event.location !== undefined) say(stepOf(event.id), `WARN: ${event.message}`);
  };

  return {
    showsLogs: true,
    onEvent(event: ProgressEvent) {
      if (event.type === "step") onStep(event);
      else if (event.type === "log") onLog(event);
      else if (event.type === "transfer") onTransfer(event);
      else onWarning(event);
      flush();
    },
    close() {
      clearInterval(timer);
      flush(true);
      for (const line of warningLines(warnings.splice(0))) put(`${line}\n`);
      if (failed) put("\n");
      failed = false;
      send();
    },
  };
}

/** `sha256:4f4fb700ef54 3.37MB / 3.37MB 0.4s done` */
function transferLine(event: TransferEvent): string {
  const amount = event.total === undefined ? (event.current === 0 ? "" : humanSize(event.current, 3)) : `${humanSize(event.current, 3)} / ${humanSize(event.total, 3)}`;
  const now = event.completed ?? Date.now();
  const time = event.started === undefined ? "" : ` ${shortSeconds(now - event.started)}`;
  const done = event.completed === undefined ? "" : event.action === "exists" ? " exists already" : event.action === "mounted" ? " mounted" : " done";
  const what = event.key.startsWith(event.action) || !["extracting", "compressing", "pushing"].includes(event.action) ? event.key : `${event.action} ${event.key}`;
  return `${what}${amount === "" ? "" : ` ${amount}`}${time}${done}`;
}
