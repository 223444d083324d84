import { createHash } from "node:crypto";
import { seededRandom, type SeededRandom } from "../seeded-random.ts";
import type { FaultPlan, LineFault, ProxiedRequest } from "./line-fault.ts";

/**
 * A plan in which chance decides, the same way for the same seed: how much goes wrong in all, what goes wrong with each
 * request, and which paths have one trouble that stays. It hangs on what is asked, not on the order of requests.
 */
export function randomPlan(seed: number): FaultPlan {
  const share = seededRandom(seed).pick([0.05, 0.15, 0.3, 0.6, 0.9]);
  return (request) => {
    const lasting = seededRandom(hash(`${seed} lasting ${request.what} ${request.method} ${request.path}`));
    if (lasting.next() < share / 8) return chosen(lasting, request);
    const random = seededRandom(hash(`${seed} ${request.method} ${request.path} ${request.count}`));
    return random.next() < share ? chosen(random, request) : undefined;
  };
}

function hash(text: string): number {
  return createHash("sha256").update(text).digest().readUInt32LE();
}

function chosen(random: SeededRandom, { method, what }: ProxiedRequest): LineFault {
  const at = random.pick([0, 1, random.below(200), random.below(20_000), random.below(120_000)]);
  const faults: LineFault[] = [
    { kind: "latency", milliseconds: random.below(20) },
    { kind: "status", status: random.pick([429, 500, 502, 503, 503]), late: random.next() < 0.5, ...retryAfter(random) },
    { kind: "reset", side: "answer", at },
    { kind: "truncate", at, clean: random.next() < 0.5 },
    { kind: "corrupt", side: "answer", at },
    { kind: "length", by: random.pick([-1, 1, 100]) },
    { kind: "expire" },
  ];
  // These take their time, so they are rare.
  if (random.next() < 0.1) faults.push({ kind: "stall", at: random.pick([-1, 0, at]) });
  if (method === "GET" || method === "HEAD") faults.push({ kind: "redirect", to: "elsewhere" }, { kind: "redirect", to: random.pick(["elsewhere", "elsewhere", "loop"]) });
  if (what === "upload") faults.push({ kind: "forget" }, { kind: "redirect", to: "elsewhere" });
  if (method === "PUT" || method === "PATCH") {
    faults.push({ kind: "reset", side: "request", at }, { kind: "reset", side: "request", at }, { kind: "corrupt", side: "request", at }, { kind: "expire" });
  }
  return random.pick(faults);
}

function retryAfter(random: SeededRandom): { retryAfter?: string } {
  const value = random.pick([undefined, "0", "2", "30", "7200", "Thu, 01 Jan 2026 00:00:09 GMT", "soon"]);
  return value === undefined ? {} : { retryAfter: value };
}
