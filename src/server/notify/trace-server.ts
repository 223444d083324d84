import { AsyncLocalStorage } from "node:async_hooks";
import type { IncomingMessage } from "node:http";
import { parseTraceparent } from "../../std/tracing/trace-context.ts";
import { createTracer, type Span } from "../../std/tracing/tracer.ts";
import type { RegistryStorage } from "../storage/storage.ts";
import type { RequestNote } from "./request-entry.ts";

/** Spans of requests, and of what they ask of storage and records. */
export interface ServerTracing extends AsyncDisposable {
  /** Runs what answers the request, below a span that ends with the answer. A client's `traceparent` says whose part it is. */
  answer<Result>(request: IncomingMessage, note: RequestNote, answer: () => Result): Result;
  storage<Storage extends RegistryStorage>(storage: Storage): Storage;
}

/** Undefined where the variables cannot be understood, which is reported. */
export function traceServer(environment: Readonly<Record<string, string | undefined>>, report: (problem: Error) => void): ServerTracing | undefined {
  const tracer = createTracer(environment, "sampan-registry", report);
  if (!tracer) return undefined;
  const current = new AsyncLocalStorage<Span>();

  /** The same object, whose calls are spans when a request makes them and they take time. */
  const traced = <Target extends object>(target: Target, prefix: string): Target => {
    const wrapped = new Map<string | symbol, unknown>();
    const call = (name: string, method: (...words: unknown[]) => unknown) => (...words: unknown[]): unknown => {
      const parent = current.getStore();
      if (!parent?.context.sampled) return method.apply(target, words);
      const at = performance.timeOrigin + performance.now();
      const result = method.apply(target, words);
      if (!(result instanceof Promise)) return result;
      const end = (error?: unknown): void => tracer.start(`${prefix} ${name}`, { parent: parent.context, at, attributes: { "sampan.operation": name } }).end({ error: error === undefined ? undefined : (error as Error).message });
      result.then(() => end(), end);
      return result;
    };
    return new Proxy(target, {
      get(_, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function" || typeof name === "symbol") return value;
        if (!wrapped.has(name)) wrapped.set(name, call(name, value as (...words: unknown[]) => unknown));
        return wrapped.get(name);
      },
    });
  };

  return {
    answer(request, note, answer) {
      const { method = "", headers } = request;
      const span = tracer.start(method, { kind: "server", parent: parseTraceparent(one(headers["traceparent"]), one(headers["tracestate"])) });
      if (!span.context.sampled) return answer();
      note.onAnswered = ({ route, repository, status, url, remoteAddress, agent, sent, received }) =>
        span.end({
          name: route === undefined ? method : `${method} ${route}`,
          error: status >= 500 || status === 0 ? (status === 0 ? "the connection broke before the answer" : `status ${status}`) : undefined,
          attributes: {
            "http.request.method": method, "http.route": route, "http.response.status_code": status, "url.path": url.split("?", 1)[0], "client.address": remoteAddress,
            "user_agent.original": agent, "sampan.repository": repository, "http.response.size": sent, "http.request.size": received,
          },
        });
      return current.run(span, answer);
    },
    storage: (storage) => {
      const blobs = { ...storage.blobs, uploads: traced(storage.blobs.uploads, "storage uploads") };
      return traced({ ...storage, blobs: traced(blobs, "storage"), metadata: traced(storage.metadata, "database") }, "storage");
    },
    [Symbol.asyncDispose]: () => tracer[Symbol.asyncDispose](),
  };
}

function one(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.[0];
}
