import { setTimeout as wait } from "node:timers/promises";
import type { TraceSettings } from "./trace-settings.ts";

/** A span in the JSON form of OTLP. */
export type OtlpSpan = Readonly<Record<string, unknown>>;

export interface TraceExporter {
  add(span: OtlpSpan): void;
  /** Sends what is left, within {@link LAST_CALL} milliseconds. */
  close(): Promise<void>;
}

const ATTEMPTS = 5;
const LONGEST_WAIT = 30_000;
/** What the end of a program waits for a collector. */
const LAST_CALL = 2000;

/**
 * Sends spans in batches to a collector, by OTLP over HTTP in JSON. What waits is bounded: while the collector is down, further spans are dropped, and
 * nothing waits for it. Its first trouble is reported, and the first success after trouble ends that.
 */
export function createTraceExporter(settings: TraceSettings, resource: OtlpSpan, report: (problem: Error) => void): TraceExporter {
  const waiting: OtlpSpan[] = [];
  const stop = new AbortController();
  let dropped = 0;
  let troubled = false;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const trouble = (problem: string): void => {
    if (!troubled) report(new Error(`traces do not reach ${new URL(settings.url).origin}: ${problem}`));
    troubled = true;
  };

  const sendAll = async (attempts: number, signal: AbortSignal): Promise<void> => {
    while (waiting.length > 0 && !signal.aborted) {
      const spans = waiting.slice(0, settings.batch);
      const outcome = await sendBatch(spans, attempts, signal);
      if (outcome === "again later") return;
      waiting.splice(0, spans.length);
    }
  };

  const sendBatch = async (spans: readonly OtlpSpan[], attempts: number, signal: AbortSignal): Promise<"done" | "again later"> => {
    const body = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "sampan" }, spans }] }] });
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await post(settings, body, signal);
      if (signal.aborted) return "again later";
      if (outcome === "taken") {
        if (dropped > 0) report(new Error(`${dropped} spans were dropped while traces did not reach ${new URL(settings.url).origin}`));
        [troubled, dropped] = [false, 0];
        return "done";
      }
      trouble(outcome.problem);
      if (!outcome.again || attempt >= attempts) {
        dropped += spans.length;
        return "done";
      }
      await wait(Math.min(1000 * 2 ** (attempt - 1), LONGEST_WAIT), undefined, { signal, ref: false }).catch(() => undefined);
    }
  };

  const begin = (): void => {
    timer = undefined;
    running ??= sendAll(ATTEMPTS, stop.signal).finally(() => {
      running = undefined;
      if (waiting.length > 0 && !stop.signal.aborted) later();
    });
  };
  const later = (): void => {
    timer ??= setTimeout(begin, settings.delay).unref();
  };

  return {
    add(span) {
      if (waiting.length >= settings.queue) dropped += 1;
      else waiting.push(span);
      if (waiting.length >= settings.batch && !running) begin();
      else if (!running) later();
    },
    async close() {
      clearTimeout(timer);
      stop.abort();
      await running;
      await sendAll(1, AbortSignal.timeout(LAST_CALL));
    },
  };
}

async function post({ url, headers, timeout }: TraceSettings, body: string, signal: AbortSignal): Promise<"taken" | { readonly problem: string; readonly again: boolean }> {
  try {
    const answer = await fetch(url, { method: "POST", body, redirect: "error", headers: { ...headers, "content-type": "application/json", "user-agent": "sampan" }, signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]) });
    await answer.body?.cancel();
    return answer.ok ? "taken" : { problem: `it answered ${answer.status}`, again: [429, 502, 503, 504].includes(answer.status) };
  } catch (error) {
    const { cause, message } = error as Error;
    if (cause instanceof Error) return { problem: cause.message || ((cause as NodeJS.ErrnoException).code ?? "no answer"), again: true };
    // What cannot be sent at all is told without its words: there may be a key among them.
    return error instanceof TypeError ? { problem: "the address or OTEL_EXPORTER_OTLP_HEADERS cannot be sent as they are", again: false } : { problem: message, again: true };
  }
}
