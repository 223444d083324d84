import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startCollector } from "../support/collector.ts";
import { scratchSampan } from "../support/run-sampan.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";

test("requests to the registry are spans of the client's trace, with what they ask of storage and database below; a collector that refuses is asked again", async (context) => {
  const collector = await startCollector(context);
  collector.statuses.push(503);
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`, OTEL_EXPORTER_OTLP_HEADERS: "x-key=a%20secret", OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=test", OTEL_BSP_SCHEDULE_DELAY: "20" };
  const registry = await scratchRegistry(context, { environment });
  await registry.pushImage("team/app", "v1");
  const ask = (flags: string) => registry.request("GET", "/v2/team/app/manifests/v1", { headers: { traceparent: `00-${TRACE}-${PARENT}-${flags}`, tracestate: "vendor=1" } });
  assert.equal((await ask("01")).status, 200);
  assert.equal((await ask("00")).status, 200); // the client does not want it kept
  assert.equal((await registry.request("GET", "/v2/team/app/manifests/none", { headers: { traceparent: "00-zero" } })).status, 404);
  await registry.server.close();

  assert.deepEqual(collector.requests.map(({ wrong }) => wrong).filter((wrong) => wrong !== undefined), []);
  assert.deepEqual([collector.requests[0]!.path, collector.requests[0]!.headers["x-key"]], ["/v1/traces", "a secret"]);
  const mine = collector.spans.filter(({ traceId }) => traceId === TRACE);
  const [request] = mine.filter(({ kind }) => kind === 2);
  assert.deepEqual([request!.name, request!.parentSpanId, request!.traceState, request!.failed], ["GET /v2/<name>/manifests/<reference>", PARENT, "vendor=1", undefined]);
  assert.deepEqual([request!.attributes["http.response.status_code"], request!.attributes["sampan.repository"], request!.resource["service.name"], request!.resource["deployment.environment"]], [200, "team/app", "sampan-registry", "test"]);
  const below = mine.filter(({ parentSpanId }) => parentSpanId === request!.spanId);
  assert.ok(below.some(({ name }) => name === "database manifest") && mine.length === below.length + 1, JSON.stringify(mine.map(({ name }) => name)));
  const names = new Set(collector.spans.map(({ name }) => name));
  for (const name of ["storage keepBlob", "storage uploads create", "database putManifest", "PUT /v2/<name>/manifests/<reference>"]) assert.ok(names.has(name), `${name} of ${[...names].join(", ")}`);
  assert.ok(collector.spans.every(({ nanoseconds }) => nanoseconds >= 0n));
  assert.deepEqual(registry.problems.map(({ message }) => message), [`traces do not reach ${collector.url}: it answered 503`]);
});

test("a collector that is away costs a warning and nothing else; what waits for it is bounded", async (context) => {
  const gone = await scratchRegistry(context, { environment: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://127.0.0.1:1/v1/traces", OTEL_BSP_SCHEDULE_DELAY: "1", OTEL_BSP_MAX_QUEUE_SIZE: "4" } });
  for (let round = 0; round < 20; round += 1) assert.equal((await gone.request("GET", "/v2/")).status, 200);
  await gone.server.close();
  assert.deepEqual(gone.problems.map(({ message }) => message.split(": ")[0]), ["traces do not reach http://127.0.0.1:1"]);

  const other = await scratchRegistry(context, { environment: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4317", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" } });
  assert.match(other.problems[0]!.message, /^no traces are sent: OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"/);
  const off = await scratchRegistry(context, { environment: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", OTEL_SDK_DISABLED: "true" } });
  await off.server.close();
  assert.deepEqual(off.problems, []);
});

test("a build is a trace: its steps below it, and it below what TRACEPARENT names", async (context) => {
  const collector = await startCollector(context);
  const { folder, sampan } = scratchSampan(context);
  mkdirSync(join(folder, "context"));
  writeFileSync(join(folder, "context/Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_SERVICE_NAME: "ci", TRACEPARENT: `00-${TRACE}-${PARENT}-01` };
  const built = await sampan(["build", "-t", "app:1", join(folder, "context")], { env });
  assert.equal(built.status, 0, built.stderr);
  const spans = collector.spans.splice(0);
  const root = spans.find(({ name }) => name === "build")!;
  assert.deepEqual([root.traceId, root.parentSpanId, root.resource["service.name"], root.attributes["sampan.tags"], root.failed], [TRACE, PARENT, "ci", "app:1", undefined]);
  const copy = spans.find(({ name }) => /COPY Dockerfile/.test(name))!;
  assert.deepEqual([copy.parentSpanId, copy.attributes["sampan.cached"], spans.every(({ traceId }) => traceId === TRACE)], [root.spanId, false, true]);

  const failed = await sampan(["build", "-f-", join(folder, "context")], { env, input: "FROM scratch\nCOPY none /\n" });
  assert.notEqual(failed.status, 0);
  assert.match(collector.spans.find(({ name }) => name === "build")!.failed!, /none/);
});
