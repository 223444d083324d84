import type { OnProgress, StepEvent, TransferEvent } from "../../std/progress.ts";
import { parseTraceparent } from "../../std/tracing/trace-context.ts";
import { createTracer, type Span } from "../../std/tracing/tracer.ts";

export interface BuildTrace {
  readonly onProgress: OnProgress;
  /** Ends the build's own span, and sends what is left. */
  end(error?: unknown): Promise<void>;
}

/**
 * A build as a trace: a span for each step, and below it one for each blob on its way. `TRACEPARENT` of the environment says what the build is a part of. Undefined
 * where the variables that name the collector cannot be understood.
 */
export function traceBuild(environment: Readonly<Record<string, string | undefined>>, attributes: Readonly<Record<string, string>>, report: (problem: Error) => void): BuildTrace | undefined {
  const tracer = createTracer(environment, "sampan", report);
  if (!tracer) return undefined;
  const root = tracer.start("build", { parent: parseTraceparent(environment["TRACEPARENT"], environment["TRACESTATE"]), attributes });
  const steps = new Map<string, Span>();
  const ended = new Set<string>();

  const onStep = ({ id, name, started, completed, cached, error }: StepEvent): void => {
    if (started === undefined || ended.has(id)) return;
    const span = steps.get(id) ?? tracer.start(withoutQueries(name), { parent: root.context, at: started });
    steps.set(id, span);
    if (completed === undefined) return;
    ended.add(id);
    span.end({ at: completed, error: error && withoutQueries(error), name: withoutQueries(name), attributes: { "sampan.step": withoutQueries(id), "sampan.cached": cached === true } });
  };
  const onTransfer = ({ id, key, digest, action, current, started, completed }: TransferEvent): void => {
    const transfer = `${id} ${key} ${action}`;
    if (started === undefined || completed === undefined || ended.has(transfer)) return;
    ended.add(transfer);
    const parent = steps.get(id)?.context ?? root.context;
    tracer.start(withoutQueries(`${action} ${key}`), { parent, at: started, attributes: { "sampan.digest": digest, "sampan.bytes": current } }).end({ at: completed });
  };
  return {
    onProgress(event) {
      if (event.type === "step") onStep(event);
      if (event.type === "transfer") onTransfer(event);
    },
    async end(error) {
      const reason = error === undefined ? undefined : withoutQueries((error as Error).message);
      for (const [id, span] of steps) if (!ended.has(id)) span.end({ error: reason ?? "the build has ended" });
      root.end({ error: reason });
      await tracer[Symbol.asyncDispose]();
    },
  };
}

/** The query of an address may be what gives access to it, as in a bucket's signed addresses: it is not for those who read traces. */
function withoutQueries(text: string): string {
  return text.replace(/(\bhttps?:\/\/[^\s?#"']*)\?[^\s#"']+/gi, "$1?…");
}
