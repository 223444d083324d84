import { posix } from "node:path";
import { readBakeFiles } from "../../bake/read-bake-files.ts";
import { parseOverride, type Override } from "../../bake/overrides.ts";
import { resolveTargets, type Resolved } from "../../bake/resolve-targets.ts";
import type { Definition } from "../../bake/definition.ts";
import type { Target } from "../../bake/target.ts";
import type { DefinitionLogins } from "../../build/fetch-definition.ts";
import { formatPlatform, hostPlatform } from "../../oci/platform.ts";
import { fault } from "../../std/fault.ts";
import type { Call } from "../command.ts";
import { isYes } from "../build/output-attributes.ts";
import { refuseEnvironment } from "../build/refuse-environment.ts";
import { hideLogin } from "../../context/git-url.ts";
import type { bakeFlags } from "./bake-flags.ts";
import { atPlace, bakePlace, isElsewhere, type BakePlace } from "./bake-place.ts";

/** A definition, and how it came if it is from elsewhere. */
export interface ReadDefinition extends Definition {
  readonly elsewhere?: BakePlace & { readonly kind: "git" | "archive" | "file" };
}

/** What the bake files define. @throws BAKE_FILE_MISSING, BAKE_SYNTAX, BAKE_EXPRESSION, BAKE_COMPOSE, USAGE, and the faults of fetching */
export async function readDefinition({ flags, io, positionals, signal }: Call<typeof bakeFlags>): Promise<ReadDefinition> {
  const { place } = bakePlace(positionals);
  refuseEnvironment(io.env);
  if (isYes(io.env["BUILDX_BAKE_FILE_RELATIVE_PATHS"])) throw fault("NOT_SUPPORTED", { feature: "paths from the folder of the bake file (BUILDX_BAKE_FILE_RELATIVE_PATHS)", hint: "change into that folder: paths begin where bake runs" });
  const options = {
    files: flags.file.length > 0 ? flags.file : filesOfEnvironment(io.env), cwd: io.cwd, stdin: io.stdin, env: seenEnvironment(io.env),
    variables: new Map(flags.var.map(readAssignment)), localPlatform: formatPlatform(hostPlatform(process.arch)),
  };
  if (place === undefined) return await readBakeFiles(options);
  const [{ withDefinition }, { becomeRoot }] = await Promise.all([import("../../build/fetch-definition.ts"), import("../with-store.ts")]);
  await becomeRoot();
  return await withDefinition(place.url, { cwd: io.cwd, signal, given: definitionLogins(io.env) }, async ({ kind, read }) => {
    const defined = await readBakeFiles({ ...options, elsewhere: { name: hideLogin(place.url), commandContext: place.commandContext, read, single: kind === "file" } });
    return { ...defined, elsewhere: { ...place, kind } };
  });
}

/** Logins for a definition in a repository, in buildx's variables; targets are given theirs by `secret` and `ssh`. */
function definitionLogins(env: NodeJS.ProcessEnv): DefinitionLogins {
  const secrets = ["GIT_AUTH_TOKEN", "GIT_AUTH_HEADER"].flatMap((id) => {
    const value = env[`BUILDX_BAKE_${id}`];
    return value ? [{ id, value }] : [];
  });
  const paths = env["BUILDX_BAKE_GIT_SSH"];
  return { secrets, ssh: paths ? [{ id: "default", paths: paths.split(",") }] : [] };
}

/** The targets that the command line means, as they will be built. @throws BAKE_TARGET, BAKE_OVERRIDE, NOT_SUPPORTED */
export function chosenTargets(definition: ReadDefinition, { flags, given, positionals, io }: Call<typeof bakeFlags>): Resolved {
  const { names } = bakePlace(positionals);
  const overrides: Override[] = [
    ...flags.set,
    ...(flags.push ? ["*.push=true"] : []),
    ...(flags.load ? ["*.load=true"] : []),
    ...(given.has("no-cache") ? [`*.no-cache=${flags["no-cache"]}`] : []),
    ...(given.has("pull") ? [`*.pull=${flags.pull}`] : []),
    ...attestation("sbom", flags.sbom),
    ...attestation("provenance", flags.provenance),
  ].map(parseOverride);
  const resolved = resolveTargets(definition, { names: names.length > 0 ? names : ["default"], overrides, env: seenEnvironment(io.env) });
  const { elsewhere } = definition;
  const placed = elsewhere ? resolved.targets.map((target) => atPlace(target, elsewhere, elsewhere.kind)) : resolved.targets;
  return { ...resolved, targets: placed.map((target) => withEpoch(withCleanContext(target), io.env)) };
}

/** What variables, arguments and compose files take values from. */
function seenEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return isYes(env["BUILDX_BAKE_DISABLE_VARS_ENV_LOOKUP"]) ? {} : env;
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
  if (isElsewhere(context) || /^[a-z+-]+:\/\//i.test(context) && !context.startsWith("cwd://")) return target;
  return { ...target, context: posix.normalize(context.replace(/^cwd:\/\//, "") || ".").replace(/(.)\/$/, "$1") };
}

function withEpoch(target: Target, env: NodeJS.ProcessEnv): Target {
  const epoch = env["SOURCE_DATE_EPOCH"];
  return !epoch || target.args?.["SOURCE_DATE_EPOCH"] !== undefined ? target : { ...target, args: { ...target.args, SOURCE_DATE_EPOCH: epoch } };
}
