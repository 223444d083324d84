import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly traceState: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly failed: string | undefined;
  readonly nanoseconds: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string; readonly boolValue?: boolean; readonly doubleValue?: number };
}

/** A collector of traces by OTLP over HTTP in JSON, which refuses what is not of that form. `status`: what it answers to the next requests. */
export async function startCollector(context: { after(end: () => void): void }) {
  const spans: CollectedSpan[] = [];
  const requests: { path: string; headers: Readonly<Record<string, unknown>>; wrong: string | undefined }[] = [];
  const statuses: number[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const status = statuses.shift() ?? 200;
    let wrong: string | undefined;
    try {
      if (request.headers["content-type"] !== "application/json") throw new Error("it is no JSON");
      const parsed = parse(JSON.parse(Buffer.concat(chunks).toString()));
      if (status === 200) spans.push(...parsed);
    } catch (error) {
      wrong = (error as Error).message;
    }
    requests.push({ path: request.url!, headers: request.headers, wrong });
    response.writeHead(wrong === undefined ? status : 400, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, requests, statuses };
}

function parse(document: unknown): CollectedSpan[] {
  const { resourceSpans } = document as { resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { scope: { name: string }; spans: Record<string, never>[] }[] }[] };
  return resourceSpans.flatMap(({ resource, scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans.map((span) => spanOf(span, resource.attributes))));
}

function spanOf(span: Readonly<Record<string, unknown>>, resource: readonly Attribute[]): CollectedSpan {
  const hex = (name: string, length: number): string => {
    if (!new RegExp(`^[0-9a-f]{${length}}$`).test(String(span[name]))) throw new Error(`${name} is ${String(span[name])}`);
    return span[name] as string;
  };
  const time = (name: string): bigint => {
    if (!/^\d{19}$/.test(String(span[name]))) throw new Error(`${name} is ${String(span[name])}`);
    return BigInt(span[name] as string);
  };
  const { code = 0, message } = span["status"] as { code?: number; message?: string };
  return {
    traceId: hex("traceId", 32), spanId: hex("spanId", 16), parentSpanId: span["parentSpanId"] === undefined ? undefined : hex("parentSpanId", 16),
    traceState: span["traceState"] as string | undefined, name: span["name"] as string, kind: span["kind"] as number, failed: code === 2 ? message : undefined,
    nanoseconds: time("endTimeUnixNano") - time("startTimeUnixNano"), attributes: valuesOf(span["attributes"] as Attribute[]), resource: valuesOf(resource),
  };
}

function valuesOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? (value.intValue === undefined ? value.boolValue ?? value.doubleValue : Number(value.intValue))]));
}
