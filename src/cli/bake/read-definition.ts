import { posix } from "node:path";
import { readBakeFiles } from "../../bake/read-bake-files.ts";
import { parseOverride, type Override } from "../../bake/overrides.ts";
import { resolveTargets, type Resolved } from "../../bake/resolve-targets.ts";
import type { Definition } from "../../bake/definition.ts";
import type { Target } from "../../bake/target.ts";
import { formatPlatform, hostPlatform } from "../../oci/platform.ts";
import { fault } from "../../std/fault.ts";
import type { Call } from "../command.ts";
import type { bakeFlags } from "./bake-flags.ts";

/** What the bake files define. @throws BAKE_FILE_MISSING, BAKE_SYNTAX, BAKE_EXPRESSION, BAKE_COMPOSE, USAGE */
export function readDefinition({ flags, io }: Call<typeof bakeFlags>): Promise<Definition> {
  const named = flags.file.length > 0 ? flags.file : filesOfEnvironment(io.env);
  return readBakeFiles({
    files: named.map((file) => file.replace(/^cwd:\/\//, "")), cwd: io.cwd, stdin: io.stdin, env: io.env,
    variables: new Map(flags.var.map(readAssignment)), localPlatform: formatPlatform(hostPlatform(process.arch)),
  });
}

/** The targets that the command line means, as they will be built. @throws BAKE_TARGET, BAKE_OVERRIDE, NOT_SUPPORTED */
export function chosenTargets(definition: Definition, { flags, given, positionals, io }: Call<typeof bakeFlags>): Resolved {
  const [first] = positionals;
  if (first !== undefined && /^(?:https?:\/\/|git:\/\/|ssh:\/\/|git@)/.test(first)) {
    throw fault("NOT_SUPPORTED", { feature: "a bake definition at another place", hint: "clone the repository and run `sampan bake` in it" });
  }
  const overrides: Override[] = [
    ...flags.set,
    ...(flags.push ? ["*.push=true"] : []),
    ...(flags.load ? ["*.load=true"] : []),
    ...(given.has("no-cache") ? [`*.no-cache=${flags["no-cache"]}`] : []),
    ...(given.has("pull") ? [`*.pull=${flags.pull}`] : []),
    ...attestation("sbom", flags.sbom),
    ...attestation("provenance", flags.provenance),
  ].map(parseOverride);
  const resolved = resolveTargets(definition, { names: positionals.length > 0 ? positionals : ["default"], overrides, env: io.env });
  return { ...resolved, targets: resolved.targets.map((target) => withEpoch(withCleanContext(target), io.env)) };
}

function filesOfEnvironment(env: NodeJS.ProcessEnv): string[] {
  return (env["BUILDX_BAKE_FILE"] ?? "").split(env["BUILDX_BAKE_PATH_SEPARATOR"] || ":").map((path) => path.trim()).filter((path) => path !== "");
}

function readAssignment(text: string): [string, string] {
  const equals = text.indexOf("=");
  if (equals <= 0) throw fault("USAGE", { problem: `invalid variable ${JSON.stringify(text)}, ${equals < 0 ? "expected key=value" : "key is empty"}` });
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function attestation(type: string, value: string | undefined): string[] {
  if (value === undefined || value === "") return [];
  if (/^(?:1|t|true)$/i.test(value)) return [`*.attest=type=${type},disabled=false`];
  return [/^(?:0|f|false)$/i.test(value) ? `*.attest=type=${type},disabled=true` : `*.attest=type=${type},${value}`];
}

/** `cwd://` means the current folder, which is where paths begin anyway. */
function withCleanContext(target: Target): Target {
  const context = target.context!;
  if (/^[a-z+]+:\/\//i.test(context) && !context.startsWith("cwd://") || context.startsWith("git@")) return target;
  return { ...target, context: posix.normalize(context.replace(/^cwd:\/\//, "") || ".").replace(/(.)\/$/, "$1") };
}

function withEpoch(target: Target, env: NodeJS.ProcessEnv): Target {
  const epoch = env["SOURCE_DATE_EPOCH"];
  return !epoch || target.args?.["SOURCE_DATE_EPOCH"] !== undefined ? target : { ...target, args: { ...target.args, SOURCE_DATE_EPOCH: epoch } };
}
