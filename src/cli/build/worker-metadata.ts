/**
 * What a worker says of its results, as --metadata-file holds it: values that are JSON in base64 (descriptors,
 * provenance) as JSON, others as they are.
 */
export function workerMetadata(response: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(response).sort().map((key) => [key, decoded(response[key]!)]));
}

function decoded(value: string): unknown {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value) || value.length % 4 !== 0) return value;
  try {
    const found: unknown = JSON.parse(Buffer.from(value, "base64").toString());
    return typeof found === "object" && found !== null ? found : value;
  } catch {
    return value;
  }
}
