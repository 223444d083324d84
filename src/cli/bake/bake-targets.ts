import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Resolved } from "../../bake/resolve-targets.ts";
import { buildTargets, type BuildTarget } from "../../build/build-targets.ts";
import { isFault } from "../../std/fault.ts";
import type { OnProgress } from "../../std/progress.ts";
import { buildMetadata } from "../build/metadata.ts";
import { toldProvenance } from "../build/metadata-provenance.ts";
import type { Call } from "../command.ts";
import { buildOptions } from "../commands/build.ts";
import { registryAccess } from "../flags/registry-flags.ts";
import { keepStore } from "../keep-store.ts";
import { LogKeeper } from "../progress/log-keeper.ts";
import { progressMode } from "../progress/progress-mode.ts";
import { createRenderer } from "../progress/renderer.ts";
import { registryHosts } from "../registry-host.ts";
import { becomeRoot } from "../with-store.ts";
import type { bakeFlags } from "./bake-flags.ts";
import { consentOf, requireConsent } from "./require-consent.ts";
import { callOfTarget } from "./call-of-target.ts";
import { linkedTargets } from "./target-words.ts";

/** Builds the targets in one go. @throws BAKE_NOT_ALLOWED, BAKE_KEY_LATER for what `sampan build` refuses, and the faults of building */
export async function bakeTargets({ targets, linked }: Resolved, call: Call<typeof bakeFlags>): Promise<void> {
  const { flags, io, signal } = call;
  requireConsent(targets, consentOf(call));
  const wanted: BuildTarget[] = targets.map((target) => ({
    ...(targets.length > 1 ? { name: target.name } : {}),
    options: callOfTarget(linked.has(target.name) ? { ...target, output: [] } : target, call, (one) => ({ ...buildOptions(one), ...toldProvenance(flags["metadata-file"], io.env) })),
    linked: linkedTargets(target),
    inner: linked.has(target.name),
  }));
  await becomeRoot();
  const access = await registryAccess(flags, flags.creds === undefined ? [] : registryHosts(targets.flatMap(({ tags = [] }) => tags)), call);
  const renderer = await createRenderer(progressMode(flags.progress, io.env), { stream: io.stderr, env: io.env, explain: flags.explain });
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
