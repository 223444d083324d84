import { didYouMean, MORE_IDS, spec } from "../fault-spec.ts";

/** Faults of graph, solve, build and export. */
export const buildFaults = {
  TARGET_NOT_FOUND: spec<{ target: string; suggestion?: string; stages: readonly string[] }>({
    when: "--target names a stage that the Dockerfile does not have.",
    exit: 1,
    message: ({ target, suggestion }) => `target stage ${JSON.stringify(target)} could not be found${didYouMean(suggestion)}`,
    hint: ({ stages }) => (stages.length > 0 ? `the named stages are: ${stages.join(", ")}` : "no stage has a name: write FROM … AS name"),
  }),
  ATTESTATION_UNSUPPORTED: spec<Record<never, never>>({
    when: "Attestations are asked for, and an output of the build cannot hold them.",
    exit: 1,
    message: () => "docker exporter does not support exporting manifest lists, use the oci exporter instead",
    hint: () => "attestations need an index: write it with `-o type=oci,dest=FILE`, or leave them away with --provenance=false",
  }),
  PROVENANCE_INCOMPLETE: spec<{ locals: readonly string[] }>({
    when: "The provenance is to name all materials (complete-materials=true), and folders of this machine are among them.",
    exit: 1,
    message: ({ locals }) => `provenance materials are incomplete: uncaptured local sources: ${locals.join(", ")}`,
    hint: () => "build from a git repository or an archive at a URL, whose commit or digest is known",
  }),
  STAGE_INDEX_INVALID: spec<{ index: string }>({
    when: "COPY --from=<number> names a stage that does not exist.",
    exit: 1,
    message: ({ index }) => `invalid stage index ${index}`,
    hint: () => "stages are counted from 0, in the order of their FROM lines",
  }),
  BASE_OR_STAGE_NOT_FOUND: spec<{ problem: string; suggestion: string }>({
    when: "FROM or --from names an image that cannot be had, and the Dockerfile has a stage with nearly that name.",
    exit: 1,
    message: ({ problem }) => problem,
    hint: ({ suggestion }) => `did you mean the stage ${suggestion}? What is no stage is taken for an image`,
  }),
  STAGE_ORDER: spec<{ stage: string; current: string }>({
    when: "COPY --from names a stage that comes later in the Dockerfile.",
    exit: 1,
    message: ({ stage, current }) => `cannot copy from stage ${JSON.stringify(stage)}, it needs to be defined before current stage ${JSON.stringify(current)}`,
    hint: () => "move the stage above the one that copies from it",
  }),
  STAGE_CIRCULAR: spec<{ stage: string }>({
    when: "A stage needs itself.",
    exit: 1,
    message: ({ stage }) => `circular dependency detected on stage: ${stage}`,
    hint: () => "a stage can copy only from stages above it",
  }),
  BASE_NAME_BLANK: spec<{ written: string }>({
    when: "The name in FROM is empty once its variables are filled in.",
    exit: 1,
    message: ({ written }) => `base name (${written}) should not be blank`,
    hint: () => "give the ARG a default above the first FROM, or pass --build-arg",
  }),
  STAGE_NAME_INVALID: spec<{ name: string }>({
    when: "FROM, COPY --from or RUN --mount names an image in a way that no image can be called.",
    exit: 1,
    message: ({ name }) => `failed to parse stage name ${JSON.stringify(name)}: invalid reference format${upperCase(name)}`,
    hint: () => "a reference looks like registry.example.com/team/app:1.2.0; names are lower case",
  }),
  STAGE_PLATFORM_INVALID: spec<{ platform: string; written: string }>({
    when: "The platform in `FROM --platform=` is not of the form `os/architecture[/variant]`.",
    exit: 1,
    message: ({ platform, written }) => `failed to parse platform ${written}: ${platformProblem(platform)}`,
    hint: () => "a platform looks like linux/amd64 or linux/arm64/v8",
  }),
  PLATFORM_BLANK: spec<{ written: string; suggestion: string | undefined }>({
    when: "The platform in `FROM --platform=` is empty once its variables are filled in.",
    exit: 1,
    message: ({ written, suggestion }) => `empty platform value from expression ${written}${didYouMean(suggestion)}`,
    hint: () => "give the ARG a default above the first FROM, or pass --build-arg",
  }),
  SOURCE_IS_REMOTE: spec<{ kind: "URL" | "git ref"; command: string }>({
    when: "COPY was given a URL or a git repository as source.",
    exit: 1,
    message: ({ kind, command }) => `source can't be a ${kind} for ${command}`,
    hint: () => "only ADD can fetch",
  }),
  COPY_FLAG_INVALID: spec<{ problem: string; hint: string }>({
    when: "Flags of COPY or ADD do not go together, or not with the sources.",
    exit: 1,
    message: ({ problem }) => problem,
    hint: ({ hint }) => hint,
  }),
  FROM_VARIABLE: spec<{ from: string }>({
    when: "COPY --from contains a variable.",
    exit: 1,
    message: () => "variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround",
  }),
  EXPOSE_INVALID: spec<{ problem: string }>({
    when: "An argument of EXPOSE is no port.",
    exit: 1,
    message: ({ problem }) => problem,
    hint: () => "EXPOSE takes port[-port][/tcp|udp|sctp]",
  }),
  STOPSIGNAL_INVALID: spec<{ signal: string }>({
    when: "STOPSIGNAL names no signal.",
    exit: 1,
    message: ({ signal }) => `invalid signal: ${signal}`,
    hint: () => "write a name such as SIGTERM or a number from 1 to 64",
  }),
  INSTRUCTION_LATER: spec<{ feature: string }>({
    when: "The Dockerfile uses something that this version parses but does not execute yet.",
    exit: 1,
    message: ({ feature }) => `${feature} is not supported by this version of Sampan`,
    hint: () => "remove it, or build this Dockerfile with another builder until then",
  }),
  ANNOTATION_INVALID: spec<{ annotation: string; problem: string }>({
    when: "An annotation is not of the form `[PLACE:]KEY=VALUE`, or has no place in the result.",
    exit: 1,
    message: ({ annotation, problem }) => `invalid annotation ${JSON.stringify(annotation)}: ${problem}`,
    hint: () => "write --annotation manifest:org.opencontainers.image.title=app; places are manifest, index, manifest-descriptor and index-descriptor, and those of an index need several platforms",
  }),
  PLATFORMS_UNSUPPORTED: spec<{ archive: boolean }>({
    when: "An output is one image in docker's form, and a build for several platforms was to go there.",
    exit: 1,
    message: ({ archive }) => `docker exporter does not ${archive ? "support exporting manifest lists, use the oci exporter instead" : "currently support exporting manifest lists"}`,
    hint: ({ archive }) =>
      archive
        ? "-o type=oci,dest=FILE writes an archive that `load` reads here, and docker with the containerd image store"
        : "leave --load (-o type=docker) away: the store takes an index too, `-t NAME` alone or -o type=store",
  }),
  PLATFORMS_CONFLICT: spec<{ platforms: readonly string[] }>({
    when: "BUILDKIT_MULTI_PLATFORM forbids what --platform asks for.",
    exit: 1,
    message: () => "conflicting config: returning multiple target platforms is not allowed",
    hint: ({ platforms }) => `leave BUILDKIT_MULTI_PLATFORM=false out, or build for one of ${platforms.join(", ")}`,
  }),
  BOOLEAN_INVALID: spec<{ name: string; value: string }>({
    when: "A build argument that is a switch is neither true nor false.",
    exit: 1,
    message: ({ name, value }) => `invalid boolean value ${JSON.stringify(value)} for ${name}`,
    hint: () => "write 1 or 0, true or false",
  }),
  MOUNT_TARGET_INVALID: spec<{ target: string }>({
    when: "RUN --mount has no target, or the root.",
    exit: 1,
    message: ({ target }) => `invalid mount target ${JSON.stringify(target)}`,
    hint: () => "name the place in the container: --mount=type=bind,source=src,target=/src",
  }),
  MOUNT_STAGE_ORDER: spec<{ stage: string; target: string }>({
    when: "RUN --mount=from= names a stage that comes later in the Dockerfile.",
    exit: 1,
    message: ({ stage, target }) => `cannot mount from stage ${JSON.stringify(stage)} to ${JSON.stringify(target)}, stage needs to be defined before current command`,
    hint: () => "move the stage above the one that mounts it",
  }),
  MOUNT_SOURCE_NOT_FOUND: spec<{ command: string; source: string }>({
    when: "The source of RUN --mount=type=cache is not in the cache.",
    exit: 1,
    message: ({ command, source }) => `process ${JSON.stringify(command)} did not complete successfully: open ${source}: no such file or directory`,
    hint: () => "a cache begins empty, or as a copy of what from= names: leave source= out, or make the folder in the stage that from= names",
  }),
  MOUNT_INVALID: spec<{ problem: string }>({
    when: "A RUN --mount asks for what does not go together.",
    exit: 1,
    message: ({ problem }) => problem,
  }),
  SECRET_NOT_FOUND: spec<{ id: string; given: readonly string[] }>({
    when: "RUN --mount=type=secret,required names a secret that the build was not given.",
    exit: 1,
    message: ({ id }) => `secret ${id}: not found`,
    hint: ({ id, given }) => `give it with --secret id=${id},src=FILE or --secret id=${id},env=VARIABLE${given.length > 0 ? `; given were: ${given.join(", ")}` : ""}`,
  }),
  SECRET_INVALID: spec<{ id: string; problem: string }>({
    when: "A secret of the build cannot be read, or is larger than 500 KiB.",
    exit: 1,
    message: ({ id, problem }) => `secret ${id}: ${problem}`,
    hint: ({ id }) => `--secret id=${id},src=FILE takes it from a file, --secret id=${id},env=VARIABLE from the environment`,
  }),
  SSH_NOT_FORWARDED: spec<{ id: string }>({
    when: "RUN --mount=type=ssh,required names an agent that the build was not given.",
    exit: 1,
    message: ({ id }) => `no SSH key ${JSON.stringify(id)} forwarded from the client`,
    hint: ({ id }) => `start an agent (eval $(ssh-agent); ssh-add) and give it with --ssh ${id === "" ? "default" : id}`,
  }),
  SSH_INVALID: spec<{ id: string; problem: string; hint?: string }>({
    when: "What --ssh names is neither the socket of an agent nor keys that can be loaded.",
    exit: 1,
    message: ({ id, problem }) => `--ssh ${id}: ${problem}`,
    hint: ({ hint }) => hint,
  }),
  ENTITLEMENT_MISSING: spec<{ entitlement: string }>({
    when: "RUN --network=host or --security=insecure is not allowed by --allow.",
    exit: 1,
    message: ({ entitlement }) => `${entitlement} is not allowed`,
    hint: ({ entitlement }) => `if you trust the Dockerfile, build with --allow ${entitlement}`,
  }),
  RUN_FAILED: spec<{ command: string; exitCode: number; step: string; log: string; signal?: string; absent?: readonly string[]; /** The container has no other owner than root. */ oneId?: boolean }>({
    when: "The command of a RUN ended with a status other than 0.",
    exit: 1,
    message: ({ command, exitCode }) => `process ${JSON.stringify(command)} did not complete successfully: exit code: ${exitCode}`,
    hint: ({ exitCode, signal, log, absent = [], oneId = false }) =>
      exitCode === 127
        ? "the shell did not find a program: is it installed in this stage, and in PATH?"
        : exitCode === 137 || signal === "SIGKILL"
          ? "the command was killed, often for want of memory"
          : absent.length > 0
            ? `the step mounts the secret ${absent.join(", ")}, which was not given; if it needs it: --secret id=${absent[0]},src=FILE or --secret id=${absent[0]},env=VARIABLE`
            : oneId && /invalid argument|operation not permitted/i.test(log)
              ? `nothing can be given to another user or group than root here, as you have one id only; if the command tried to: ${MORE_IDS}`
              : `${log === "" ? "the command printed nothing" : "the log above is what the command printed"}; all steps before this one are cached, so the next build starts here`,
  }),
  LAYER_MISSING: spec<{ diffId: string; sources: readonly string[] }>({
    when: "A layer of an image is neither in the store nor could it be fetched from where the image came from.",
    exit: 1,
    message: ({ diffId, sources }) =>
      `layer ${diffId.slice(0, 19)} is not in the store${sources.length > 0 ? ` and cannot be fetched from ${sources.join(" or ")}` : ""}`,
    hint: () => "pull the image again, or build it again with --no-cache",
  }),
  LAYER_CHANGED: spec<{ diffId: string; found: string }>({
    when: "The files of a layer in the store are no longer those that its digest was made from.",
    exit: 1,
    message: ({ diffId, found }) => `layer ${diffId.slice(0, 19)} in the store was changed: its files now make ${found.slice(0, 19)}`,
    hint: () => "remove the image and build or pull it again",
  }),
  OUTPUT_OVERWRITTEN: spec<{ path: string; first: string; second: string }>({
    when: "Files of several platforms were to be put into one folder (platform-split=false), and two platforms have one of the same name.",
    exit: 1,
    message: ({ path, first, second }) => `cannot overwrite ${path} from ${first} with ${second}: platform-split=false puts the files of all platforms into one folder`,
    hint: () => "leave platform-split out, or give the files of each platform names of their own, as with COPY app /app-$TARGETARCH",
  }),
  OUTPUT_INVALID: spec<{ problem: string; hint?: string }>({
    when: "An output (-o) that cannot be written was asked for.",
    exit: 2,
    message: ({ problem }) => problem,
    hint: ({ hint }) => hint,
  }),
  TAG_NEEDED: spec<{ output: string }>({
    when: "An image is to be pushed and has no name.",
    exit: 2,
    message: ({ output }) => `${output} needs a name for the image`,
    hint: () => "add -t registry.example.com/team/app:1.0",
  }),
} as const;

/** Which part of a platform is wrong, in containerd's words. */
function platformProblem(platform: string): string {
  if (platform.includes("*")) return `${JSON.stringify(platform)}: wildcards not yet supported: invalid argument`;
  const parts = platform.split("/");
  const wrong = parts.slice(0, 4).find((part) => !/^[A-Za-z0-9_.-]+$/.test(part));
  if (wrong !== undefined) return `${JSON.stringify(wrong)} is an invalid component of ${JSON.stringify(platform)}: platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument`;
  return `${JSON.stringify(platform)}: ${parts.length === 1 ? "unknown operating system or architecture" : "cannot parse platform specifier"}: invalid argument`;
}

/** What docker says besides where a name has capital letters: which part of it, without the registry. */
function upperCase(name: string): string {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(0, slash));
  const isHost = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  const rest = isHost ? name.slice(slash + 1) : slash < 0 ? `library/${name}` : name;
  const repository = /^[^:@]*/.exec(rest)![0];
  return repository === repository.toLowerCase() ? "" : `: repository name (${repository}) must be lowercase`;
}
