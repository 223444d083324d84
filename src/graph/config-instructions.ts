import { constants } from "node:os";
import { expand } from "../dockerfile/expand.ts";
import type { ArgInstruction, CmdInstruction, EntrypointInstruction, EnvInstruction, ExposeInstruction, HealthcheckInstruction, LabelInstruction, ShellInstruction, VolumeInstruction } from "../dockerfile/instruction.ts";
import type { Healthcheck } from "../oci/image-config.ts";
import { fault } from "../std/fault.ts";
import { expandIn, located, type Evaluation } from "./evaluation.ts";
import { goQuoteList } from "../dockerfile/go-quote.ts";
import { goDuration, goList } from "./go-format.ts";
import { parsePorts } from "./parse-ports.ts";
import { isNeverEnvironment } from "./predefined-args.ts";
import { setConfigEnv, setVariable, type StageState } from "./stage-state.ts";

/** Adds the history line of an instruction that makes no layer. */
export function note(state: StageState, createdBy: string): void {
  state.history.push({ kind: "empty", createdBy });
}

/** All values of one ENV see the variables as they were before it. */
export function evaluateEnv(evaluation: Evaluation, state: StageState, instruction: EnvInstruction): void {
  const pairs = instruction.pairs.map(({ key, value }) => [
    expandIn(evaluation, state, key, instruction.location),
    expandIn(evaluation, state, value, instruction.location),
  ] as const);
  for (const [name, value] of pairs) {
    setVariable(state, name, value);
    setConfigEnv(state.config, name, value);
  }
  note(state, `ENV ${pairs.map(([name, value]) => `${name}=${value}`).join(" ")}`);
}

export function evaluateLabel(evaluation: Evaluation, state: StageState, instruction: LabelInstruction): void {
  const pairs = instruction.pairs.map(({ key, value }) => [
    expandIn(evaluation, state, key, instruction.location),
    expandIn(evaluation, state, value, instruction.location),
  ] as const);
  addEntries((state.config.Labels ??= {}), pairs);
  note(state, `LABEL ${pairs.map(([name, value]) => `${name}=${value}`).join(" ")}`);
}

/** An assignment would take `__proto__` for something else than a key. */
function addEntries<Value>(object: Record<string, Value>, entries: readonly (readonly [string, Value])[]): void {
  for (const [key, value] of entries) Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Value of an ARG in a stage: the build arg, else its default, else the global ARG of that name. */
export function evaluateArg(evaluation: Evaluation, state: StageState, instruction: ArgInstruction): void {
  const shown = instruction.args.map(({ name, value: written }) => {
    const given = evaluation.options.buildArgs.get(name);
    const value = given ?? (written === undefined ? evaluation.globals.get(name) : expandIn(evaluation, state, written, instruction.location));
    if (value !== undefined && !isNeverEnvironment(name)) setVariable(state, name, value);
    state.args.push({ name, value });
    return value === undefined ? name : `${name}=${value}`;
  });
  note(state, `ARG ${shown.join(" ")}`);
}

export function evaluateCmd(state: StageState, instruction: CmdInstruction): void {
  const args = instruction.form === "shell" ? withShell(state, instruction.args) : [...instruction.args];
  state.config.Cmd = args;
  state.config.ArgsEscaped = true;
  state.cmdIsSet = true;
  note(state, `CMD ${goQuoteList(args)}`);
}

/** ENTRYPOINT clears the inherited CMD, unless this stage has set one. */
export function evaluateEntrypoint(state: StageState, instruction: EntrypointInstruction): void {
  const args = instruction.form === "shell" ? withShell(state, instruction.args) : [...instruction.args];
  state.config.Entrypoint = args;
  if (!state.cmdIsSet) state.config.Cmd = null;
  note(state, `ENTRYPOINT ${goQuoteList(args)}`);
}

export function evaluateHealthcheck(state: StageState, instruction: HealthcheckInstruction): void {
  const check: Healthcheck = "none" in instruction && instruction.none ? { Test: ["NONE"] } : healthcheckOf(instruction);
  state.config.Healthcheck = check;
  const fields = [
    `Test:${goList(check.Test ?? [])}`, `Interval:${goDuration(check.Interval ?? 0)}`, `Timeout:${goDuration(check.Timeout ?? 0)}`,
    `StartPeriod:${goDuration(check.StartPeriod ?? 0)}`, `StartInterval:${goDuration(check.StartInterval ?? 0)}`, `Retries:${check.Retries ?? 0}`,
  ];
  note(state, `HEALTHCHECK {${fields.join(" ")}}`);
}

function healthcheckOf(instruction: HealthcheckInstruction): Healthcheck {
  const { test } = instruction;
  return {
    Test: test === undefined ? [] : test.form === "shell" ? ["CMD-SHELL", ...test.args] : ["CMD", ...test.args],
    Interval: instruction.interval || undefined,
    Timeout: instruction.timeout || undefined,
    StartPeriod: instruction.startPeriod || undefined,
    StartInterval: instruction.startInterval || undefined,
    Retries: instruction.retries || undefined,
  };
}

/** Each argument is expanded, then split into words, so that one variable can hold several ports. */
export function evaluateExpose(evaluation: Evaluation, state: StageState, instruction: ExposeInstruction): void {
  const { location } = instruction;
  const ports = instruction.ports.flatMap((port) =>
    located(location, () => expand(port, state.env, { escape: evaluation.escape }).words.flatMap(parsePorts)));
  addEntries((state.config.ExposedPorts ??= {}), ports.map((port) => [port, {}]));
  note(state, `EXPOSE ${goList(ports)}`);
}

export function evaluateVolume(evaluation: Evaluation, state: StageState, instruction: VolumeInstruction): void {
  const paths = instruction.paths.map((path) => expandIn(evaluation, state, path, instruction.location));
  if (paths.includes("")) throw fault("DOCKERFILE_INVALID", { problem: "VOLUME specified can not be an empty string" }, { location: instruction.location });
  addEntries((state.config.Volumes ??= {}), paths.map((path) => [path, {}]));
  note(state, `VOLUME ${goList(paths)}`);
}

export function evaluateShell(state: StageState, instruction: ShellInstruction): void {
  state.config.Shell = [...instruction.args];
  note(state, `SHELL ${goList(instruction.args)}`);
}

/** @throws STOPSIGNAL_INVALID */
export function checkSignal(signal: string): void {
  const name = signal.toUpperCase().replace(/^SIG/, "");
  const realtime = /^(?:RTMIN(?:\+(?:[1-9]|1[0-5]))?|RTMAX(?:-(?:[1-9]|1[0-4]))?)$/.test(name);
  const number = /^\d+$/.test(signal) && Number(signal) >= 1 && Number(signal) <= 64;
  if (!number && !realtime && name !== "CLD" && !(`SIG${name}` in constants.signals)) throw fault("STOPSIGNAL_INVALID", { signal });
}

/** The words of a shell form: SHELL of the image, else `/bin/sh -c`, and the text. */
export function withShell(state: StageState, args: readonly string[]): string[] {
  const shell = state.config.Shell?.length ? state.config.Shell : ["/bin/sh", "-c"];
  return [...shell, args.join(" ")];
}
