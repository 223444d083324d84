import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import type { ProgressEvent } from "../std/progress.ts";
import { StatusResponseSchema } from "./api/control_pb.ts";
import { StatusEvents } from "./status-events.ts";

const at = (nanos: number) => ({ seconds: 1n, nanos });

type Message = Parameters<typeof create<typeof StatusResponseSchema>>[1];

function told(...messages: Message[]): string[] {
  const told: ProgressEvent[] = [];
  const events = new StatusEvents((event) => void told.push(event));
  for (const message of messages) events.report(create(StatusResponseSchema, message));
  events.end();
  return told.map((event) => (event.type === "step" ? `${event.id} ${event.completed === undefined ? "runs" : event.error === undefined ? "done" : "failed"}` : `${event.type} of ${event.id}`));
}

test("the last words of a step come before its end, its warnings after it", () => {
  assert.deepEqual(told({
    vertexes: [{ digest: "a", started: at(1), completed: at(2) }, { digest: "b", started: at(1), completed: at(2), error: "exit code: 1" }, { digest: "c" }],
    statuses: [{ vertex: "a", id: "sending tarball", started: at(1), completed: at(2) }],
    logs: [{ vertex: "b", stream: 1n, msg: new Uint8Array([65]) }],
    warnings: [{ vertex: "a" }],
  }), ["a runs", "b runs", "c runs", "transfer of a", "log of b", "a done", "b failed", "warning of a"]);
});

test("a step that was looked at, and is begun anew, is not over", () => {
  const name = "[internal] load .dockerignore";
  const over = { vertexes: [{ digest: "a", name, started: at(1), completed: at(2) }] };
  const again = { vertexes: [{ digest: "a", name, started: at(3) }] };
  const words = { statuses: [{ vertex: "a", id: "transferring context:", completed: at(4) }] };
  assert.deepEqual(told({ vertexes: [...over.vertexes, ...again.vertexes] }, words, over), ["a runs", "transfer of a", "a runs", "a done"]);
  assert.deepEqual(told(over, again, words, over, {}, {}), ["a runs", "a runs", "transfer of a", "a runs", "a done"]);
});
