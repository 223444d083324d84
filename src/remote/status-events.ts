import type { Moment, StatusResponse } from "./api/control_pb.ts";
import type { OnProgress, TransferEvent } from "../std/progress.ts";

/** Turns what a worker says of its steps into progress events. */
export function reportStatus(status: StatusResponse, onProgress: OnProgress): void {
  for (const { digest, name, inputs, cached, error, started, completed } of status.vertexes) {
    onProgress({
      type: "step", id: digest, name, inputs,
      ...(started ? { started: milliseconds(started) } : {}),
      // A step that fails is said to be over before it is said why.
      ...(completed ? { completed: milliseconds(completed) } : {}),
      ...(cached ? { cached } : {}),
      ...(error === "" ? {} : { error }),
    });
  }
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
  for (const { vertex, short, detail, url } of status.warnings) {
    const more = [...detail.map((line) => Buffer.from(line).toString()), ...(url === "" ? [] : [url])].join(" ");
    onProgress({ type: "warning", id: vertex, message: Buffer.from(short).toString(), ...(more === "" ? {} : { hint: more }) });
  }
}

function actionOf(id: string, name: string): TransferEvent["action"] {
  if (id.startsWith("extracting")) return "extracting";
  if (name.startsWith("push") || id.startsWith("pushing")) return "pushing";
  return id.startsWith("sha256:") && name === "downloading" ? "pulling" : "transferring";
}

function milliseconds({ seconds, nanos }: Moment): number {
  return Number(seconds) * 1000 + nanos / 1e6;
}
