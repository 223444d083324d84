import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseAnnotation } from "../../build/annotations.ts";
import type { BuildOptions } from "../../build/build-options.ts";
import { isFault } from "../../std/fault.ts";
import type { OnProgress } from "../../std/progress.ts";
import { tracingWanted } from "../../std/tracing/tracing-wanted.ts";
import { attestOptions } from "../build/attest-flags.ts";
import { buildFlags } from "../build/build-flags.ts";
import { refuseEnvironment } from "../build/refuse-environment.ts";
import { parseBuildCall } from "../build/call-flag.ts";
import { allowFlags, secretFlags, sshFlags } from "../build/secret-flags.ts";
import { cacheExports, cacheImports, mountExports } from "../build/cache-flags.ts";
import { buildArgsOf, contextsOf, platformsOf } from "../build/frontend-flags.ts";
import type { BuildTrace } from "../build/trace-build.ts";
import { toldProvenance } from "../build/metadata-provenance.ts";
import { isFalse, isGitLabels, isTrue, isYes } from "../build/output-attributes.ts";
import { forgetImageId } from "../build/forget-image-id.ts";
import { buildOutputs, refuseIdOfFiles } from "../build/outputs.ts";
import { command, type Call } from "../command.ts";
import { extraHosts, gatewayOf } from "../flags/extra-hosts.ts";
import { parseBytes } from "../flags/parse-bytes.ts";
import { parseUlimit } from "../flags/parse-ulimit.ts";
import { labels } from "../flags/key-values.ts";
import { registryAccess } from "../flags/registry-flags.ts";
import { LogKeeper } from "../progress/log-keeper.ts";
import { becomeRoot } from "../with-store.ts";
import { progressMode } from "../progress/progress-mode.ts";
import { createRenderer } from "../progress/renderer.ts";

export const buildCommand = command({
  name: "build",
  summary: "Build an image from a Dockerfile",
  description:
    "Builds the stages that the target needs, side by side, from the Dockerfile in the context. The context is a folder, " +
    "a git repository, the URL of an archive or of a Dockerfile, or `-` for one of these two on standard input.\n\n" +
    "What was built before is not built again: a step runs when its instruction, something it can see of arguments and " +
    "environment, or the content of a file that it reads has changed. --explain says which of these it was.",
  usage: "[OPTIONS] PATH | URL | -",
  flags: buildFlags,
  examples: [
    { title: "Build the folder and give the image a name", line: "sampan build -t app:1.0 ." },
    { title: "Build and push", line: "sampan build -t registry.example.com/team/app:1.2.0 --push ." },
    { title: "Build a stage with an argument, and write an OCI archive", line: "sampan build --target test --build-arg PYTHON=3.12 -o type=oci,dest=app.tar ." },
    { title: "Build for two platforms and push one index", line: "sampan build --platform linux/amd64,linux/arm64 -t registry.example.com/team/app:1.2.0 --push ." },
    { title: "Give a RUN a token that stays out of the image", line: "sampan build --secret id=token,src=.token -t app:1.0 ." },
    { title: "Find out why a step runs again", line: "sampan build --explain --progress plain ." },
    { title: "Look for mistakes without building", line: "sampan build --check ." },
    { title: "A Dockerfile without a context", line: "printf 'FROM alpine\\nRUN date' | sampan build -" },
  ],
  positionals: { min: 1, max: 1 },
  refusesLater: true,
  async run(call) {
    const { flags, io } = call;
    const method = parseBuildCall(flags.check ? "check" : flags.call);
    refuseEnvironment(io.env);
    const builder = flags.builder ?? io.env["SAMPAN_BUILDER"] ?? "";
    if (method.method === "build" && builder !== "" && builder !== "default") {
      const { buildRemotely } = await import("../build/build-remotely.ts");
      return buildRemotely(builder, call, await tagHosts(flags));
    }
    await refuseWithoutBuilder(call);
    const options = buildOptions(call);
    refuseIdOfFiles(options.outputs ?? [], flags.iidfile);
    const shell = flags["on-error"] === undefined ? undefined : await import("../build/shell-on-error.ts");
    shell?.needTerminal(io);
    await becomeRoot();
    const access = await registryAccess(flags, await tagHosts(flags), call);
    if (method.method !== "build") return await (await import("../build/run-call.ts")).runCall(method, { ...options, ...access }, io, flags["metadata-file"]);
    const mode = flags.quiet ? "quiet" : progressMode(flags.progress, io.env);
    forgetImageId(flags.iidfile, io);
    const renderer = await createRenderer(mode, { stream: io.stderr, env: io.env, explain: flags.explain });
    using logs = new LogKeeper();
    const trace = await traceOf(call);
    let ended = false;
    const onProgress: OnProgress = (event) => {
      trace?.onProgress(event);
      if (!ended) renderer.onEvent(event);
      if (!renderer.showsLogs) logs.add(event);
    };
    // The screen is the shell's; what other steps still do is not shown any more.
    const onOpen = (): void => {
      ended = true;
      renderer.close();
    };
    const onFailedRun = shell?.shellOnError({ io, signal: call.signal, onOpen });
    try {
      const { build } = await import("../../build/build.ts");
      const result = await build({ ...options, ...access, onProgress, ...(onFailedRun ? { onFailedRun } : {}) });
      const id = result.imageId ?? result.manifest?.digest;
      if (flags.iidfile !== undefined) writeFileSync(resolve(io.cwd, flags.iidfile), id ?? "");
      if (flags["metadata-file"] !== undefined) {
        const { buildMetadata } = await import("../build/metadata.ts");
        writeFileSync(resolve(io.cwd, flags["metadata-file"]), `${JSON.stringify(buildMetadata(result, io.env), null, 2)}\n`);
      }
      if ((flags.quiet || flags.progress === "quiet") && id !== undefined && !options.outputs?.some((output) => "dest" in output && output.dest === "-")) io.stdout.write(`${id}\n`);
      await trace?.end();
    } catch (error) {
      renderer.close();
      await trace?.end(error);
      if (isFault(error, "RUN_FAILED")) logs.writeFailed(io.stderr);
      throw error;
    } finally {
      renderer.close();
    }
    await (await import("../keep-store.ts")).keepStore(io);
  },
});

/** The build as a trace, where the OTEL_… variables name a collector; what sends it is loaded only then. */
async function traceOf({ flags, io }: Call<typeof buildFlags>): Promise<BuildTrace | undefined> {
  if (!tracingWanted(io.env)) return undefined;
  const { traceBuild } = await import("../build/trace-build.ts");
  return traceBuild(io.env, flags.tag.length === 0 ? {} : { "sampan.tags": flags.tag.join(",") }, ({ message }) => void io.stderr.write(`warning: ${message}\n`));
}

/** What only a builder elsewhere can do. */
async function refuseWithoutBuilder({ given }: Call<typeof buildFlags>): Promise<void> {
  for (const name of given) {
    if ("refused" in buildFlags[name]) return (await import("../flags/refuse-flags.ts")).refuseFlags(given, buildFlags);
  }
  if ((["builder-tls-ca", "builder-tls-cert", "builder-tls-key"] as const).some((name) => given.has(name))) {
    throw (await import("../../std/fault.ts")).fault("USAGE", { problem: "certificates are for a builder, and none is named", hint: "add --builder tcp://host:port" });
  }
}

/** The registries that --creds may be for. */
async function tagHosts({ creds, tag }: { creds: string | undefined; tag: readonly string[] }): Promise<string[]> {
  return creds === undefined ? [] : (await import("../registry-host.ts")).registryHosts(tag);
}

/** What the flags of `sampan build` mean. */
export function buildOptions({ flags, positionals, io, signal }: Call<typeof buildFlags>): BuildOptions {
  const context = positionals[0]!;
  const platforms = platformsOf(flags.platform, io.env);
  const buildArgs = buildArgsOf(flags["build-arg"], io.env);
  const cachesTo = [...cacheExports(flags["cache-to"], io.env), ...(isYes(buildArgs["BUILDKIT_INLINE_CACHE"]) ? [{ type: "inline" } as const] : [])];
  return {
    context,
    cwd: io.cwd,
    ...(flags.file === undefined ? {} : { file: flags.file }),
    ...(context === "-" || flags.file === "-" ? { stdin: io.stdin } : {}),
    tags: flags.tag,
    ...(flags.target ? { target: flags.target } : {}),
    buildArgs,
    buildContexts: contextsOf(flags["build-context"]),
    labels: labels(flags.label),
    ...(platforms.length > 0 ? { platform: platforms } : {}),
    annotations: flags.annotation.flatMap(parseAnnotation),
    ...(flags.attest.length > 0 || flags.provenance || flags.sbom ? { attest: attestOptions(flags) } : {}),
    ...toldProvenance(flags["metadata-file"], io.env),
    ...(isFalse(io.env["BUILDX_GIT_INFO"]) ? { gitInfo: false } : {}),
    ...(isGitLabels(io.env["BUILDX_GIT_LABELS"]) ? { gitLabels: true } : {}),
    ...(isYes(io.env["BUILDX_GIT_CHECK_DIRTY"]) ? { gitCheckDirty: true } : {}),
    noCache: flags["no-cache"],
    noCacheFilter: flags["no-cache-filter"].flatMap((names) => names.split(",")),
    ...(flags["cache-from"].length > 0 ? { cacheFrom: cacheImports(flags["cache-from"], io.env) } : {}),
    ...(cachesTo.length > 0 ? { cacheTo: cachesTo } : {}),
    ...(flags["cache-mounts-from"].length > 0 ? { cacheMountsFrom: cacheImports(flags["cache-mounts-from"], io.env, "--cache-mounts-from") } : {}),
    ...(flags["cache-mounts-to"].length > 0 ? { cacheMountsTo: mountExports(flags["cache-mounts-to"], io.env) } : {}),
    explain: flags.explain,
    pull: flags.pull,
    outputs: buildOutputs({ output: flags.output, push: flags.push, load: flags.load, several: new Set(platforms).size > 1, terminal: io.stdout.isTTY === true, artifacts: !isTrue(io.env["BUILDX_NO_DEFAULT_OCI_ARTIFACT"] ?? "0") }),
    addHosts: extraHosts(flags["add-host"], gatewayOf(flags.network)),
    network: flags.network as "default" | "none" | "host",
    ...(flags["shm-size"] === undefined ? {} : { shmSize: parseBytes(flags["shm-size"], "--shm-size") }),
    ulimits: flags.ulimit.map(parseUlimit),
    secrets: secretFlags(flags.secret, io),
    ssh: sshFlags(flags.ssh, io),
    allow: allowFlags(flags.allow),
    runtime: flags.runtime,
    hostCertificates: !flags["no-host-certs"],
    signal,
  };
}
