import { fault } from "../std/fault.ts";
import { parseDuration } from "./duration.ts";
import { parseFlags, textFlag } from "./flags.ts";
import { goQuote } from "./go-quote.ts";
import type { HealthcheckInstruction, InstructionText } from "./instruction.ts";
import type { InstructionNode } from "./read-nodes.ts";

const FLAGS = { interval: "text", timeout: "text", "start-period": "text", "start-interval": "text", retries: "text" } as const;
/** Nanoseconds; what Docker takes for the smallest sensible pause. */
const SHORTEST = 1_000_000;

/** @throws DOCKERFILE_ARGUMENTS, DOCKERFILE_FLAG, DOCKERFILE_INVALID */
export function parseHealthcheck({ args, json, flags: words }: InstructionNode): Omit<HealthcheckInstruction, keyof InstructionText> {
  const [written, ...command] = args;
  if (written === undefined) throw fault("DOCKERFILE_ARGUMENTS", { problem: "HEALTHCHECK requires at least one argument" });
  const type = written.toUpperCase();
  if (type === "NONE") {
    if (command.length > 0) throw fault("DOCKERFILE_ARGUMENTS", { problem: "HEALTHCHECK NONE takes no arguments" });
    return { kind: "healthcheck", none: true };
  }
  const flags = parseFlags(words, FLAGS);
  if (type !== "CMD") throw fault("DOCKERFILE_INVALID", { problem: `Unknown type ${goQuote(type)} in HEALTHCHECK (try CMD)` });
  if (command.length === 0) throw fault("DOCKERFILE_ARGUMENTS", { problem: "Missing command after HEALTHCHECK CMD" });
  const duration = (name: keyof typeof FLAGS): number | undefined => pause(name, textFlag(flags, name));
  return {
    kind: "healthcheck",
    none: false,
    test: { form: json ? "exec" : "shell", args: command },
    interval: duration("interval"),
    timeout: duration("timeout"),
    startPeriod: duration("start-period"),
    startInterval: duration("start-interval"),
    retries: retryCount(textFlag(flags, "retries")),
  };
}

function pause(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const duration = parseDuration(text);
  if (duration !== 0 && duration < SHORTEST) throw fault("DOCKERFILE_INVALID", { problem: `Interval ${goQuote(name)} cannot be less than 1ms` });
  return duration;
}

function retryCount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const refuse = (problem: string): Error => fault("DOCKERFILE_INVALID", { problem });
  if (!/^[-+]?[0-9]+$/.test(text)) throw refuse(`strconv.ParseInt: parsing ${goQuote(text)}: invalid syntax`);
  const count = Number(text);
  if (count > 2 ** 31 - 1 || count < -(2 ** 31)) throw refuse(`strconv.ParseInt: parsing ${goQuote(text)}: value out of range`);
  if (count < 0) throw refuse(`--retries cannot be negative (${count})`);
  return count;
}
