/** Whether the standard variables name a collector for traces. Asked at every start: what sends them is loaded only then. */
export function tracingWanted(environment: Readonly<Record<string, string | undefined>>): boolean {
  const given = (name: string): boolean => (environment[name] ?? "") !== "";
  if (!given("OTEL_EXPORTER_OTLP_ENDPOINT") && !given("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")) return false;
  return environment["OTEL_SDK_DISABLED"]?.toLowerCase() !== "true" && environment["OTEL_TRACES_EXPORTER"]?.toLowerCase() !== "none";
}
