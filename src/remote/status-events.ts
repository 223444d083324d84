import type { Moment, StatusResponse, Vertex } from "./api/control_pb.ts";
import type { OnProgress, StepEvent, TransferEvent } from "../std/progress.ts";

/** Turns what a worker says of its steps, message by message, into progress events; the end of a step comes after its last words. */
export class StatusEvents {
  readonly #onProgress: OnProgress;
  /** Steps that are said to be over, and may be begun anew. */
  #held: Vertex[] = [];

  constructor(onProgress: OnProgress) {
    this.#onProgress = onProgress;
  }

  report(status: StatusResponse): void {
    // A worker first looks what a step is, and then begins it anew: what it says last is how the step stands.
    const vertexes = [...new Map([...this.#held, ...status.vertexes].map((vertex) => [vertex.digest, vertex])).values()];
    const over = vertexes.filter(({ completed }) => completed !== undefined);
    for (const vertex of vertexes) if (!this.#held.includes(vertex)) this.#onProgress(over.includes(vertex) ? begun(vertex) : told(vertex));
    reportWords(status, this.#onProgress);
    const held = over.filter((vertex) => (vertex.cached || vertex.name.startsWith("[internal] load ")) && vertex.error === "" && !this.#held.includes(vertex));
    for (const vertex of over) if (!held.includes(vertex)) this.#onProgress(told(vertex));
    this.#held = held;
    reportWarnings(status, this.#onProgress);
  }

  /** Nothing more is said. */
  end(): void {
    for (const vertex of this.#held.splice(0)) this.#onProgress(told(vertex));
  }
}

function reportWords(status: StatusResponse, onProgress: OnProgress): void {
  for (const { id, name, vertex, current, total, started, completed } of status.statuses) {
    onProgress({
      type: "transfer", id: vertex, key: id, action: actionOf(id, name), current: Number(current),
      ...(total > 0n ? { total: Number(total) } : {}),
      ...(started ? { started: milliseconds(started) } : {}),
      ...(completed ? { completed: milliseconds(completed) } : {}),
    });
  }
  for (const { vertex, stream, msg, timestamp } of status.logs) {
    onProgress({ type: "log", id: vertex, stream: stream === 1n ? "stdout" : "stderr", data: msg, time: timestamp ? milliseconds(timestamp) : Date.now() });
  }
}

function reportWarnings(status: StatusResponse, onProgress: OnProgress): void {
  for (const { vertex, short, detail, url } of status.warnings) {
    const more = [...detail.map((line) => Buffer.from(line).toString()), ...(url === "" ? [] : [url])].join(" ");
    onProgress({ type: "warning", id: vertex, message: Buffer.from(short).toString(), ...(more === "" ? {} : { hint: more }) });
  }
}

function begun({ digest, name, inputs, started }: Vertex): StepEvent {
  return { type: "step", id: digest, name, inputs, ...(started ? { started: milliseconds(started) } : {}) };
}

function told(vertex: Vertex): StepEvent {
  const { cached, error, completed } = vertex;
  return {
    ...begun(vertex),
    // A step that fails is said to be over before it is said why.
    ...(completed ? { completed: milliseconds(completed) } : {}),
    ...(cached ? { cached } : {}),
    ...(error === "" ? {} : { error }),
  };
}

function actionOf(id: string, name: string): TransferEvent["action"] {
  if (id.startsWith("extracting")) return "extracting";
  if (name.startsWith("push") || id.startsWith("pushing")) return "pushing";
  return id.startsWith("sha256:") && name === "downloading" ? "pulling" : "transferring";
}

function milliseconds({ seconds, nanos }: Moment): number {
  return Number(seconds) * 1000 + nanos / 1e6;
}
