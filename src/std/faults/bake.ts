import { didYouMean, spec } from "../fault-spec.ts";

/** Faults of bake: several targets that a file describes. */
export const bakeFaults = {
  BAKE_FILE_MISSING: spec<{ path?: string; reason?: string }>({
    when: "There is no bake file in the folder, or the one that -f names cannot be read.",
    exit: 1,
    message: ({ path, reason }) => (path === undefined ? "couldn't find a bake definition" : `the bake file ${path} cannot be read: ${reason}`),
    hint: ({ path }) => (path === undefined ? "write a docker-bake.hcl, docker-bake.json or compose.yaml in this folder, or name a file by -f" : "check the path after -f, which is relative to the current folder"),
  }),
  BAKE_SYNTAX: spec<{ file: string; problem: string }>({
    when: "A bake file is not written as HCL, JSON or YAML wants it.",
    exit: 1,
    message: ({ file, problem }) => (problem.includes(`${file}:`) ? problem : `${file}: ${problem}`),
    hint: () => "the place is line and columns; see the guide on bake for what such a file holds",
  }),
  BAKE_EXPRESSION: spec<{ where?: string; problem: string }>({
    when: "An expression of a bake file has no value: an unknown name, a wrong type, a circle, a validation that fails.",
    exit: 1,
    message: ({ where, problem }) => (where === undefined ? problem : `${where}: ${problem}`),
    hint: () => "`sampan bake --list variables` shows the variables with their values",
  }),
  BAKE_FUNCTION_LATER: spec<{ name: string }>({
    when: "A bake file calls a function that buildx has and Sampan has not.",
    exit: 1,
    message: ({ name }) => `the function ${name} of bake files is not supported by this version of Sampan`,
    hint: () => "compute the value outside and give it by --var or an environment variable",
  }),
  BAKE_PARSER_MISSING: spec<{ package: string }>({
    when: "The package that reads HCL is not installed.",
    exit: 1,
    message: ({ package: name }) => `HCL files need the package ${name}, which cannot be loaded`,
    hint: () => "install Sampan's dependencies again (npm ci), or write the file as docker-bake.json, which needs no parser",
  }),
  BAKE_TARGET: spec<{ problem: string; suggestion?: string | undefined; names?: readonly string[] }>({
    when: "A target or group that was asked for, inherited or linked is not defined, or links go in a circle.",
    exit: 1,
    message: ({ problem, suggestion }) => `${problem}${didYouMean(suggestion)}`,
    hint: ({ names }) => (names?.length ? `there are ${names.slice(0, 20).join(", ")}` : "`sampan bake --list targets` shows what is defined"),
  }),
  BAKE_OVERRIDE: spec<{ problem: string }>({
    when: "A value of --set cannot be used.",
    exit: 2,
    message: ({ problem }) => problem,
    hint: () => "write --set TARGET.KEY=VALUE, with TARGET a name or a pattern: --set '*.platform=linux/amd64' or --set app.args.VERSION=2",
  }),
  BAKE_COMPOSE: spec<{ file: string; problem: string }>({
    when: "A compose file says something about building that is wrong or not supported.",
    exit: 1,
    message: ({ file, problem }) => `${file}: ${problem}`,
    hint: () => "only include, secrets, and the keys image, build, environment, env_file and extends of services count for bake",
  }),
  BAKE_NOT_ALLOWED: spec<{ target: string; entitlement: string }>({
    when: "A target wants what its file cannot give itself: the host's network, the rights of the host, and, when the file is from elsewhere, other files of this machine or the SSH agent.",
    exit: 1,
    message: ({ target, entitlement }) => `target ${JSON.stringify(target)} requests ${entitlement}, which was not allowed`,
    hint: ({ entitlement }) => `look at what the target does with it, then add --allow ${entitlement}`,
  }),
  BAKE_KEY_LATER: spec<{ target: string; key: string; hint?: string }>({
    when: "A target has a key that Sampan cannot build with.",
    exit: 1,
    message: ({ target, key }) => `target ${JSON.stringify(target)}: ${key} is not supported by this version of Sampan`,
    hint: ({ key, hint }) => hint ?? `remove ${key} from the target, or take it back with --set`,
  }),
} as const;
