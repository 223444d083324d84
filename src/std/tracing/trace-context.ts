import { randomBytes } from "node:crypto";

/** What tells a span from all others, here and in other programs (W3C Trace Context). */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
  readonly state?: string | undefined;
}

const LONGEST_STATE = 512;

/** The context of a caller; undefined where there is none, or none that is valid. */
export function parseTraceparent(parent: string | undefined, state?: string): TraceContext | undefined {
  const [, version, traceId, spanId, flags, more] = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/.exec(parent?.trim() ?? "") ?? [];
  if (version === undefined || version === "ff" || (version === "00" && more !== undefined) || /^0+$/.test(traceId!) || /^0+$/.test(spanId!)) return undefined;
  const kept = state !== undefined && state.length <= LONGEST_STATE && /^[\x20-\x7e]+$/.test(state) ? state : undefined;
  return { traceId: traceId!, spanId: spanId!, sampled: (Number.parseInt(flags!, 16) & 1) === 1, state: kept };
}

export const newTraceId = (): string => randomBytes(16).toString("hex");
export const newSpanId = (): string => randomBytes(8).toString("hex");
