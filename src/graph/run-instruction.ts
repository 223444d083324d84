import type { RunInstruction } from "../dockerfile/instruction.ts";
import { fault } from "../std/fault.ts";
import { documentName } from "./document-name.ts";
import { addStep, refuse, type Entitlement, type Evaluation } from "./evaluation.ts";
import { withShell } from "./config-instructions.ts";
import { DEFAULT_PATH, type StageState } from "./stage-state.ts";
import { proxyEnvironment } from "./predefined-args.ts";
import { evaluateMounts } from "./run-mounts.ts";
import type { RunOperation } from "./vertex.ts";

const HOSTNAME = "buildkitsandbox";

export async function evaluateRun(evaluation: Evaluation, state: StageState, instruction: RunInstruction): Promise<void> {
  const { options } = evaluation;
  if (instruction.devices.length > 0) refuse("RUN --device", instruction.location);
  const { mounts, trees } = await evaluateMounts(evaluation, state, instruction);
  if (instruction.network === "host" && options.network !== "host") demand(evaluation, "network.host", instruction);
  if (instruction.security === "insecure") demand(evaluation, "security.insecure", instruction);
  const { args, documents, suffix } = commandOf(state, instruction);
  if (args.length === 0) throw fault("DOCKERFILE_INVALID", { problem: "arguments are required: RUN [] has no command" }, { location: instruction.location });
  // As in BuildKit, a variable that a secret is to go into has no other value, even where the secret is missing.
  const secret = new Set(mounts.flatMap((mount) => (mount.kind === "secret" ? mount.env ?? [] : [])));
  const env = [...state.env].filter(([name]) => !secret.has(name)).map(([name, value]) => `${name}=${value}`);
  if (!state.env.has("PATH")) env.push(`PATH=${DEFAULT_PATH}`);
  const operation: RunOperation = {
    kind: "run",
    args,
    env,
    proxyEnv: proxyEnvironment(options.buildArgs, new Set(state.args.map(({ name }) => name))),
    cwd: state.config.WorkingDir || "/",
    user: state.config.User ?? "",
    hostname: options.buildArgs.get("BUILDKIT_SANDBOX_HOSTNAME") || HOSTNAME,
    network: instruction.network === "none" || instruction.network === "host" ? instruction.network : options.network,
    ...(instruction.security === "insecure" ? { security: "insecure" } : {}),
    ...(mounts.length > 0 ? { mounts } : {}),
    extraHosts: options.extraHosts,
    ...options.limits,
    documents,
    platform: state.platform,
  };
  const vertex = addStep(evaluation, state, instruction, operation, [state.vertex, ...trees], { suffix, hidden: secret });
  state.history.push({ kind: "layer", createdBy: `RUN ${[...argsForHistory(state), ...args].join(" ")} # buildkit`, vertex });
}

function demand({ options }: Evaluation, entitlement: Entitlement, { location }: RunInstruction): void {
  if (!options.allow?.has(entitlement)) throw fault("ENTITLEMENT_MISSING", { entitlement }, { location });
}

/** The words to execute; a lone heredoc is the script itself, one that starts with `#!` becomes an executable. */
function commandOf(state: StageState, { form, args, heredocs, script, location }: RunInstruction): Pick<RunOperation, "args" | "documents"> & { suffix: string } {
  const finish = (words: readonly string[]): string[] => (form === "shell" ? withShell(state, words) : [...words]);
  if (heredocs.length === 0) return { args: finish(args), documents: [], suffix: "" };
  if (script === undefined) return { args: finish([args[0]! + heredocs.map(({ name, content }) => `\n${content}${name}`).join("")]), documents: [], suffix: "" };
  const suffix = ` (${summary(script.content)})`;
  if (!script.content.startsWith("#!")) return { args: finish([script.content]), documents: [], suffix };
  const name = documentName(script, location);
  return { args: finish([`/dev/pipes/${name}`]), documents: [{ name, content: script.content }], suffix };
}

/** The first line that says something, as in BuildKit's step names. */
function summary(content: string): string {
  const lines = content.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return `${lines[0] ?? ""}${lines.length > 1 ? "..." : ""}`;
}

/** `|2 A=1 B=`: a count, then each ARG once with the value that RUN sees (BuildKit's runCommandString). */
function argsForHistory(state: StageState): string[] {
  const shown = new Map<string, string>();
  for (const { name, value } of state.args) shown.set(name, `${name}=${state.env.get(name) ?? value ?? ""}`);
  return shown.size === 0 ? [] : [`|${shown.size}`, ...shown.values()];
}
