import assert from "node:assert/strict";
import { test } from "node:test";
import { startCollector } from "../../../test/support/collector.ts";
import { traceBuild } from "./trace-build.ts";

test("signed addresses of steps, blobs and errors go to the collector without what signs them", async (context) => {
  const collector = await startCollector(context);
  const trace = traceBuild({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }, {}, (problem) => assert.fail(problem))!;
  const url = "https://bucket.example.com/a/b.tar?X-Amz-Signature=topsecret&X=1#part";
  const times = { started: Date.now() - 10, completed: Date.now() };
  trace.onProgress({ type: "step", id: url, name: `ADD ${url} /x`, ...times, error: `${url} answered 403` });
  trace.onProgress({ type: "transfer", id: url, key: url, action: "transferring", current: 1, ...times });
  await trace.end(new Error(`cannot fetch "${url}"`));
  assert.ok(!JSON.stringify(collector.spans, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)).includes("topsecret"));
  const shown = "https://bucket.example.com/a/b.tar?…#part";
  assert.deepEqual(collector.spans.map(({ name, failed }) => [name, failed]), [[`ADD ${shown} /x`, `${shown} answered 403`], [`transferring ${shown}`, undefined], ["build", `cannot fetch "${shown}"`]]);
});
