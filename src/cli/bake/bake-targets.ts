import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import type { Resolved } from "../../bake/resolve-targets.ts";
import type { Target } from "../../bake/target.ts";
import type { BuildOptions } from "../../build/build-options.ts";
import { buildTargets, type BuildTarget } from "../../build/build-targets.ts";
import { fault, isFault } from "../../std/fault.ts";
import type { OnProgress } from "../../std/progress.ts";
import { buildFlags } from "../build/build-flags.ts";
import { buildMetadata } from "../build/metadata.ts";
import { metadataProvenance } from "../build/metadata-provenance.ts";
import type { Call } from "../command.ts";
import { buildOptions } from "../commands/build.ts";
import { flagFault } from "../flags/flag-fault.ts";
import { FlagProblem, parseFlags } from "../flags/parse-flags.ts";
import { registryAccess } from "../flags/registry-flags.ts";
import { keepStore } from "../keep-store.ts";
import { LogKeeper } from "../progress/log-keeper.ts";
import { createRenderer, type ProgressMode } from "../progress/renderer.ts";
import { registryHosts } from "../registry-host.ts";
import { becomeRoot } from "../with-store.ts";
import type { bakeFlags } from "./bake-flags.ts";
import { requireConsent } from "./require-consent.ts";
import { linkedTargets, targetWords } from "./target-words.ts";

/** Builds the targets in one go. @throws BAKE_NOT_ALLOWED, BAKE_KEY_LATER for what `sampan build` refuses, and the faults of building */
export async function bakeTargets({ targets, linked }: Resolved, call: Call<typeof bakeFlags>): Promise<void> {
  const { flags, io, signal } = call;
  requireConsent(targets, flags.allow);
  const wanted: BuildTarget[] = targets.map((target) => ({
    ...(targets.length > 1 ? { name: target.name } : {}),
    options: targetOptions(linked.has(target.name) ? { ...target, output: [] } : target, call),
    linked: linkedTargets(target),
    inner: linked.has(target.name),
  }));
  await becomeRoot();
  const access = await registryAccess(flags, flags.creds === undefined ? [] : registryHosts(targets.flatMap(({ tags = [] }) => tags)), call);
  const renderer = await createRenderer(flags.progress as ProgressMode, { stream: io.stderr, env: io.env, explain: flags.explain });
  using logs = new LogKeeper();
  const onProgress: OnProgress = (event) => {
    renderer.onEvent(event);
    if (!renderer.showsLogs) logs.add(event);
  };
  try {
    const shared = { ...access, runtime: flags.runtime, hostCertificates: !flags["no-host-certs"], explain: flags.explain, cwd: io.cwd, onProgress, signal };
    const results = await buildTargets(wanted, shared);
    if (flags["metadata-file"] !== undefined) {
      const metadata = Object.fromEntries([...results].map(([name, result]) => [name ?? targets[0]!.name, buildMetadata(result, io.env)]));
      await writeFile(resolve(io.cwd, flags["metadata-file"]), `${JSON.stringify(metadata, null, 2)}\n`);
    }
  } catch (error) {
    renderer.close();
    if (isFault(error, "RUN_FAILED")) logs.writeFailed(io.stderr);
    throw error;
  } finally {
    renderer.close();
  }
  await keepStore(io);
}

function targetOptions(target: Target, { flags, io, signal }: Call<typeof bakeFlags>): BuildOptions {
  if (target.context === "-" || target.dockerfile === "-") throw fault("BAKE_KEY_LATER", { target: target.name, key: `${target.context === "-" ? "a context" : "a Dockerfile"} from standard input` });
  if (target.call !== undefined && target.call !== "build") throw fault("BAKE_KEY_LATER", { target: target.name, key: `call = ${JSON.stringify(target.call)}` });
  const inline = target["dockerfile-inline"];
  try {
    const parsed = parseFlags(targetWords(target), buildFlags);
    const tellProvenance = flags["metadata-file"] !== undefined && metadataProvenance(io.env) !== "disabled";
    const options = { ...buildOptions({ ...parsed, io, signal }), ...(tellProvenance ? { tellProvenance } : {}) };
    return inline === undefined ? options : { ...options, stdin: Readable.from([Buffer.from(inline)]) };
  } catch (error) {
    if (!(error instanceof FlagProblem)) throw error;
    if (error.kind !== "refused") throw flagFault(error, buildFlags);
    throw fault("BAKE_KEY_LATER", { target: target.name, key: error.message, ...(error.more ? { hint: error.more } : {}) });
  }
}
