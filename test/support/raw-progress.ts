/** A step of a build as `--progress rawjson` told of it. */
export interface RawStep {
  readonly name: string;
  readonly digest: string;
  readonly cached: boolean;
  /** Lines of standard output. */
  readonly log: string;
  /** Position in the stream of the first line that says so; undefined where none does. */
  readonly startedAt?: number;
  readonly completedAt?: number;
}

interface RawStatus {
  readonly vertexes?: readonly { digest: string; name: string; started?: string; completed?: string; cached?: boolean }[];
  readonly logs?: readonly { vertex: string; data: string }[];
}

/** What `--progress rawjson` wrote, by step, in the order of their first mention. */
export function readRawProgress(text: string): RawStep[] {
  const steps = new Map<string, { -readonly [K in keyof RawStep]: RawStep[K] }>();
  text.split("\n").filter((line) => line.startsWith("{")).forEach((line, position) => {
    const status = JSON.parse(line) as RawStatus;
    for (const { digest, name, started, completed, cached } of status.vertexes ?? []) {
      const step = steps.get(digest) ?? { name, digest, cached: false, log: "" };
      steps.set(digest, step);
      step.cached ||= cached ?? false;
      if (started !== undefined) step.startedAt ??= position;
      if (completed !== undefined) step.completedAt ??= position;
    }
    for (const { vertex, data } of status.logs ?? []) {
      const step = steps.get(vertex);
      if (step) step.log += Buffer.from(data, "base64").toString();
    }
  });
  return [...steps.values()];
}

/** The steps of the Dockerfile that ran, and those that were cached, by their instruction. */
export function ranAndCached(text: string): { ran: string[]; cached: string[] } {
  const instructions = readRawProgress(text).filter(({ name }) => /^\[.*\d+\/\d+\] /.test(name) && !name.includes("] FROM "));
  const named = (cached: boolean): string[] => instructions.filter((step) => step.cached === cached).map(({ name }) => name.replace(/^\[.*?\] /, "")).sort();
  return { ran: named(false), cached: named(true) };
}
