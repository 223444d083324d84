/** What the standard variables (OpenTelemetry's environment variable specification) say of traces. */
export interface TraceSettings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What the resource is: `service.name` and more. */
  readonly resource: Readonly<Record<string, string>>;
  /** Whether a trace that begins here is kept. */
  readonly samples: (traceId: string) => boolean;
  /** Whether a caller's decision counts. */
  readonly parentBased: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  readonly delay: number;
  readonly queue: number;
  readonly batch: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @returns a sentence that says what is wrong, in place of settings */
export function readTraceSettings(environment: Environment, serviceName: string): TraceSettings | string {
  const of = (name: string): string | undefined => environment[`OTEL_EXPORTER_OTLP_TRACES_${name}`] || environment[`OTEL_EXPORTER_OTLP_${name}`] || undefined;
  const protocol = of("PROTOCOL");
  if (protocol !== undefined && !["http/json", "http/protobuf"].includes(protocol)) return `OTEL_EXPORTER_OTLP_PROTOCOL is ${JSON.stringify(protocol)}: traces go by HTTP (port 4318 as a rule), set it to http/json`;
  const own = environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
  const text = own !== undefined && own !== "" ? own : `${environment["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? ""}`.replace(/\/*$/, "/v1/traces");
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) return "OTEL_EXPORTER_OTLP_ENDPOINT is no http:// or https:// address";
  const count = (name: string, otherwise: number, most: number): number => {
    const value = Number(environment[name]);
    return Number.isSafeInteger(value) && value > 0 ? Math.min(value, most) : otherwise;
  };
  const queue = count("OTEL_BSP_MAX_QUEUE_SIZE", 2048, 100_000);
  return {
    url: text,
    headers: parsePairs(of("HEADERS")),
    resource: { ...parsePairs(environment["OTEL_RESOURCE_ATTRIBUTES"]), "service.name": environment["OTEL_SERVICE_NAME"] || parsePairs(environment["OTEL_RESOURCE_ATTRIBUTES"])["service.name"] || serviceName },
    ...samplerOf(environment),
    timeout: count("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", count("OTEL_EXPORTER_OTLP_TIMEOUT", 10_000, 60_000), 60_000),
    delay: count("OTEL_BSP_SCHEDULE_DELAY", 5000, 60_000),
    queue,
    batch: Math.min(queue, count("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, 10_000)),
  };
}

/** `key=value,key2=value2`, percent-encoded. */
function parsePairs(text: string | undefined): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const pair of (text ?? "").split(",")) {
    const at = pair.indexOf("=");
    if (at > 0) pairs[decoded(pair.slice(0, at).trim())] = decoded(pair.slice(at + 1).trim());
  }
  return pairs;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function samplerOf(environment: Environment): Pick<TraceSettings, "samples" | "parentBased"> {
  const name = environment["OTEL_TRACES_SAMPLER"] || "parentbased_always_on";
  const ratio = Number(environment["OTEL_TRACES_SAMPLER_ARG"] || "1");
  const bound = (ratio >= 0 && ratio <= 1 ? ratio : 1) * 2 ** 32;
  const samplers: Readonly<Record<string, (traceId: string) => boolean>> = {
    always_on: () => true,
    always_off: () => false,
    traceidratio: (traceId) => Number.parseInt(traceId.slice(-8), 16) < bound,
  };
  return { samples: samplers[name.replace(/^parentbased_/, "")] ?? samplers["always_on"]!, parentBased: name.startsWith("parentbased_") };
}
