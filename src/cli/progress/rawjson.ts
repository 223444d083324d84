import type { ProgressEvent } from "../../std/progress.ts";
import { vertexDigest, vertexWarning } from "./vertex-warning.ts";
import type { Renderer, RendererOptions } from "./renderer.ts";

/** One SolveStatus of BuildKit (client/graph.go) per line, as `docker buildx build --progress rawjson` writes them. */
export function rawjsonRenderer({ stream }: RendererOptions): Renderer {
  return {
    showsLogs: true,
    onEvent: (event) => void stream.write(`${JSON.stringify(solveStatus(event))}\n`),
    close: () => {},
  };
}

/** @internal exported for its test */
export function solveStatus(event: ProgressEvent): Record<string, unknown> {
  switch (event.type) {
    case "step":
      return {
        vertexes: [{
          digest: vertexDigest(event.id),
          ...(event.inputs?.length ? { inputs: event.inputs.map(vertexDigest) } : {}),
          name: event.name,
          ...(event.started === undefined ? {} : { started: nanoTime(event.started) }),
          ...(event.completed === undefined ? {} : { completed: nanoTime(event.completed) }),
          ...(event.cached ? { cached: true } : {}),
          ...(event.error === undefined ? {} : { error: event.error }),
        }],
      };
    case "log":
      return {
        logs: [{
          vertex: vertexDigest(event.id),
          stream: event.stream === "stdout" ? 1 : 2,
          data: Buffer.from(event.data).toString("base64"),
          timestamp: nanoTime(event.time),
        }],
      };
    case "transfer":
      return {
        statuses: [{
          id: event.key,
          vertex: vertexDigest(event.id),
          name: event.action,
          ...(event.total === undefined ? {} : { total: event.total }),
          current: event.current,
          timestamp: nanoTime(event.completed ?? Date.now()),
          ...(event.started === undefined ? {} : { started: nanoTime(event.started) }),
          ...(event.completed === undefined ? {} : { completed: nanoTime(event.completed) }),
        }],
      };
    case "warning":
      return { warnings: [vertexWarning(event)] };
  }
}

/** Go's RFC3339Nano: trailing zeros of the fraction are left out. */
function nanoTime(milliseconds: number): string {
  const whole = Math.floor(milliseconds);
  const nanos = Math.round((milliseconds - Math.floor(milliseconds / 1000) * 1000) * 1e6);
  const fraction = String(nanos).padStart(9, "0").replace(/0+$/, "");
  return `${new Date(whole).toISOString().slice(0, 19)}${fraction === "" ? "" : `.${fraction}`}Z`;
}
