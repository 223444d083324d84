import { printTargets } from "../../bake/print.ts";
import type { Resolved } from "../../bake/resolve-targets.ts";
import type { Target } from "../../bake/target.ts";
import type { InspectTarget } from "../../build/inspect-dockerfile.ts";
import { formatFrame } from "../../dockerfile/code-frame.ts";
import { isFault } from "../../std/fault.ts";
import { parseBuildCall, type BuildCall } from "../build/call-flag.ts";
import { answerCall, type CallAnswer } from "../build/run-call.ts";
import type { Call } from "../command.ts";
import { buildOptions } from "../commands/build.ts";
import { registryAccess } from "../flags/registry-flags.ts";
import { registryHosts } from "../registry-host.ts";
import { becomeRoot } from "../with-store.ts";
import type { bakeFlags } from "./bake-flags.ts";
import { callOfTarget } from "./call-of-target.ts";
import { consentOf, requireConsent } from "./require-consent.ts";
import { linkedTargets } from "./target-words.ts";

/**
 * Tells the targets that are asked what their Dockerfiles say (`call` in the file, --call, --check) from those that are built.
 * @returns `rest` to build, undefined where nothing is; `answer` prints the others' answers and gives the exit status
 * @throws USAGE
 */
export function bakeCalls(resolved: Resolved, call: Call<typeof bakeFlags>): { readonly rest?: Resolved; readonly answer?: () => Promise<number> } {
  const { flags } = call;
  const all = flags.check ? "check" : flags.call;
  const given = all === undefined ? undefined : parseBuildCall(all);
  const methods = new Map(resolved.targets.map((target) => [target.name, given ?? parseBuildCall(target.call ?? "")]));
  const asked = resolved.targets.filter(({ name }) => methods.get(name)!.method !== "build");
  if (asked.length === 0) return { rest: resolved };
  const rest = resolved.targets.filter((target) => !asked.includes(target));
  // What is only there for targets that are asked is not built.
  const built = rest.some(({ name }) => !resolved.linked.has(name)) ? { rest: { ...resolved, targets: rest } } : {};
  const shown = asked.filter(({ name }) => !resolved.linked.has(name));
  return { ...built, answer: () => answerAll(shown, resolved, { methods, json: given?.json ?? false }, call) };
}

async function answerAll(
  targets: readonly Target[], resolved: Resolved, { methods, json }: { methods: ReadonlyMap<string, BuildCall>; json: boolean }, call: Call<typeof bakeFlags>,
): Promise<number> {
  const { flags, io } = call;
  requireConsent(resolved.targets, consentOf(call));
  await becomeRoot();
  const access = await registryAccess(flags, flags.creds === undefined ? [] : registryHosts(targets.flatMap(({ tags = [] }) => tags)), call);
  const byName = new Map(resolved.targets.map((target) => [target.name, target]));
  const inspected = (target: Target): InspectTarget => ({
    options: { ...callOfTarget({ ...target, output: [] }, call, buildOptions), ...access },
    linked: new Map([...linkedTargets(target)].map(([name, other]) => [name, inspected(byName.get(other)!)])),
  });
  const answers: { target: Target; method: string; answer: CallAnswer }[] = [];
  for (const target of [...targets].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const method = methods.get(target.name)!;
    answers.push({ target, method: method.method, answer: await answered(method, inspected(target)) });
  }
  if (json) {
    const { target: definitions, ...rest } = JSON.parse(printTargets(resolved.groups, resolved.targets)) as { target: Record<string, unknown> };
    const shown = Object.fromEntries(Object.entries(definitions).map(([name, build]) => {
      const found = answers.find(({ target }) => target.name === name);
      return [name, found ? { build: { ...(build as object), call: found.method === "check" ? "lint" : found.method }, [found.method]: { ...(found.answer.json as object | undefined), ...errorOf(found.answer) } } : { build }];
    }));
    io.stdout.write(`${JSON.stringify({ ...rest, target: shown }, null, 2)}\n`);
  } else {
    io.stdout.write(answers.map(({ target, answer }) => `${target.name}\n${target.description ? `${target.description}\n` : ""}\n${answer.text}${Object.values(errorOf(answer)).map((text) => `error: ${text}\n`).join("")}`).join("\n"));
  }
  return answers.some(({ answer }) => answer.error !== undefined || answer.status !== 0) ? 1 : 0;
}

/** A Dockerfile that cannot even be found is an answer, too: the other targets have theirs. */
async function answered(method: BuildCall, target: InspectTarget): Promise<CallAnswer> {
  try {
    return await answerCall(method, target);
  } catch (error) {
    if (!isFault(error)) throw error;
    return { text: "", error, status: 1 };
  }
}

function errorOf({ error }: CallAnswer): { error?: string } {
  return error === undefined ? {} : { error: error.location ? `${error.message}\n${formatFrame(error.location)}` : error.message };
}
