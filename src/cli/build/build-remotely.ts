import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { buildOnWorker, type WorkerResult } from "../../remote/build-on-worker.ts";
import { parseBuilderAddress } from "../../remote/connect/builder-address.ts";
import { accessCredentials } from "../../build/access-credentials.ts";
import { isFault } from "../../std/fault.ts";
import type { OnProgress } from "../../std/progress.ts";
import type { Store } from "../../store/open-store.ts";
import type { Call } from "../command.ts";
import { registryAccess } from "../flags/registry-flags.ts";
import { LogKeeper } from "../progress/log-keeper.ts";
import { createRenderer, type ProgressMode } from "../progress/renderer.ts";
import { becomeRoot } from "../with-store.ts";
import type { buildFlags } from "./build-flags.ts";
import { workerBuildOf } from "./worker-build-of.ts";
import { workerMetadata } from "./worker-metadata.ts";

/** Does `sampan build` on the BuildKit worker at an address. */
export async function buildRemotely(builder: string, call: Call<typeof buildFlags>, hosts: readonly string[]): Promise<void> {
  const { flags, io, signal } = call;
  const tls = { ca: flags["builder-tls-ca"], cert: flags["builder-tls-cert"], key: flags["builder-tls-key"] };
  const address = parseBuilderAddress(builder, Object.fromEntries(Object.entries(tls).filter(([, path]) => path !== undefined)));
  const build = workerBuildOf(call);
  const intoStore = build.outputs.some(({ sink }) => sink.kind === "store");
  if (intoStore) await becomeRoot();
  const credentials = await accessCredentials(await registryAccess(flags, hosts, call));
  const renderer = await createRenderer(flags.quiet ? "quiet" : (flags.progress as ProgressMode), { stream: io.stderr, env: io.env });
  using logs = new LogKeeper();
  const onProgress: OnProgress = (event) => {
    renderer.onEvent(event);
    if (!renderer.showsLogs) logs.add(event);
  };
  await using cleanup = new AsyncDisposableStack();
  let opened: Promise<Store> | undefined;
  const store = (): Promise<Store> => (opened ??= (async () => {
    const [{ openStore }, { storeRoot }] = await Promise.all([import("../../store/open-store.ts"), import("../../store/store-root.ts")]);
    return cleanup.use(await openStore(storeRoot(io.env)));
  })());
  try {
    const result = await buildOnWorker(build, { builder, address, credentials, store, onProgress, signal });
    await tell(result, call);
  } catch (error) {
    renderer.close();
    if (isFault(error, "BUILDER_FAILED")) logs.writeFailed(io.stderr);
    throw error;
  } finally {
    renderer.close();
  }
}

async function tell(result: WorkerResult, { flags, io }: Call<typeof buildFlags>): Promise<void> {
  const id = result.response["containerimage.config.digest"] ?? result.imageId ?? result.response["containerimage.digest"];
  if (flags.iidfile !== undefined && id !== undefined) await writeFile(resolve(io.cwd, flags.iidfile), id);
  if (flags["metadata-file"] !== undefined) await writeFile(resolve(io.cwd, flags["metadata-file"]), `${JSON.stringify(workerMetadata(result.response), null, 2)}\n`);
  if (flags.quiet && id !== undefined) io.stdout.write(`${id}\n`);
}
