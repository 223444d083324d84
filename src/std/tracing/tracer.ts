import { packageVersion } from "../package-version.ts";
import { createTraceExporter } from "./trace-exporter.ts";
import { newSpanId, newTraceId, type TraceContext } from "./trace-context.ts";
import { readTraceSettings } from "./trace-settings.ts";

export type SpanKind = "internal" | "server" | "client";
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Span {
  readonly context: TraceContext;
  /** Once; `error` says why it failed, `at` when it ended (milliseconds since the epoch), `name` what it is called by now. */
  end(outcome?: { readonly at?: number | undefined; readonly error?: string | undefined; readonly attributes?: Attributes; readonly name?: string }): void;
}

export interface Tracer extends AsyncDisposable {
  /** A span below `parent`, or one that begins a trace. */
  start(name: string, options?: { readonly kind?: SpanKind; readonly parent?: TraceContext | undefined; readonly at?: number | undefined; readonly attributes?: Attributes }): Span;
}

const KINDS: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3 };
const FAILED = 2;
const LONGEST_TEXT = 1000;

/** Sends spans to the collector that the OTEL_… variables name; undefined, with a report, where they cannot be understood. */
export function createTracer(environment: Readonly<Record<string, string | undefined>>, service: string, report: (problem: Error) => void): Tracer | undefined {
  const settings = readTraceSettings(environment, service);
  if (typeof settings === "string") {
    report(new Error(`no traces are sent: ${settings}`));
    return undefined;
  }
  const exporter = createTraceExporter(settings, { attributes: attributesOf({ "service.version": packageVersion(), ...settings.resource }) }, report);
  return {
    start(name, { kind = "internal", parent, at = now(), attributes = {} } = {}) {
      const traceId = parent?.traceId ?? newTraceId();
      const context: TraceContext = { traceId, spanId: newSpanId(), sampled: parent && settings.parentBased ? parent.sampled : settings.samples(traceId), state: parent?.state };
      return {
        context,
        end({ at: ended = now(), error, attributes: more = {}, name: newName = name } = {}) {
          if (!context.sampled) return;
          exporter.add({
            traceId, spanId: context.spanId, ...(parent ? { parentSpanId: parent.spanId } : {}), ...(context.state === undefined ? {} : { traceState: context.state }),
            name: newName.slice(0, LONGEST_TEXT), kind: KINDS[kind], startTimeUnixNano: nanoseconds(at), endTimeUnixNano: nanoseconds(Math.max(at, ended)),
            attributes: attributesOf({ ...attributes, ...more }), status: error === undefined ? {} : { code: FAILED, message: error.slice(0, LONGEST_TEXT) },
          });
        },
      };
    },
    [Symbol.asyncDispose]: () => exporter.close(),
  };
}

/** Milliseconds since the epoch, with their parts. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function nanoseconds(milliseconds: number): string {
  return (BigInt(Math.round(milliseconds * 1000)) * 1000n).toString();
}

function attributesOf(attributes: Attributes): readonly object[] {
  return Object.entries(attributes).filter(([, value]) => value !== undefined).map(([key, value]) => ({ key, value: valueOf(value!) }));
}

function valueOf(value: string | number | boolean): object {
  if (typeof value === "string") return { stringValue: value.slice(0, LONGEST_TEXT) };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
