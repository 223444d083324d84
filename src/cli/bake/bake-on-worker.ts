import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Resolved } from "../../bake/resolve-targets.ts";
import type { WorkerTarget } from "../../remote/prepare-targets.ts";
import { fault } from "../../std/fault.ts";
import { onWorker } from "../build/on-worker.ts";
import { workerBuildOf } from "../build/worker-build-of.ts";
import { workerMetadata } from "../build/worker-metadata.ts";
import type { Call } from "../command.ts";
import { progressMode } from "../progress/progress-mode.ts";
import { registryHosts } from "../registry-host.ts";
import type { bakeFlags } from "./bake-flags.ts";
import { callOfTarget } from "./call-of-target.ts";
import { consentOf, requireConsent } from "./require-consent.ts";
import { linkedTargets } from "./target-words.ts";

/** Builds the targets on the BuildKit worker at an address, side by side. @throws BAKE_NOT_ALLOWED, NOT_SUPPORTED, and the faults of building there */
export async function bakeOnWorker(builder: string, { targets, linked }: Resolved, call: Call<typeof bakeFlags>): Promise<void> {
  const { flags, given, io, signal } = call;
  requireConsent(targets, consentOf(call));
  for (const name of ["explain", "runtime", "no-host-certs"] as const) {
    if (given.has(name)) throw fault("NOT_SUPPORTED", { feature: `the flag --${name} together with a builder`, hint: "leave it away, or build here with --builder default" });
  }
  const wanted: WorkerTarget[] = targets.map((target) => ({
    ...(targets.length > 1 ? { name: target.name } : {}),
    build: callOfTarget(target, call, (one) => workerBuildOf({ ...one, flags: { ...one.flags, insecure: flags.insecure, "metadata-file": flags["metadata-file"] } }), { refusesLater: true }),
    linked: linkedTargets(target),
    inner: linked.has(target.name),
  }));
  const hosts = flags.creds === undefined ? [] : registryHosts(targets.flatMap(({ tags = [] }) => tags));
  const { ref, results } = await onWorker(wanted, { builder, flags, progress: progressMode(flags.progress, io.env), hosts, io, signal });
  if (flags["metadata-file"] === undefined) return;
  const metadata = Object.fromEntries([...results].map(([name, result]) => [name ?? targets[0]!.name, workerMetadata(result, ref)]));
  await writeFile(resolve(io.cwd, flags["metadata-file"]), `${JSON.stringify(metadata, null, 2)}\n`);
}
