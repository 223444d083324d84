import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Secrets } from "../build/secrets.ts";
import type { CredentialSource } from "../registry/credentials/credentials.ts";
import type { Digest } from "../oci/digest.ts";
import type { OnProgress } from "../std/progress.ts";
import type { Store } from "../store/open-store.ts";
import type { BuilderAddress } from "./connect/builder-address.ts";
import { dialBuilder } from "./connect/dial-builder.ts";
import { messagesOf, writeMessages } from "./connect/carry-messages.ts";
import { socketPair } from "./connect/socket-pair.ts";
import { connectWorker, METHOD_HEADER, type Worker } from "./connect/worker.ts";
import { cacheImports } from "./request/cache-imports.ts";
import { chosenFrontend, entitlements, frontendAttrs } from "./request/frontend-attrs.ts";
import { prepareInputs, type Inputs } from "./request/inputs.ts";
import { prepareResults } from "./results.ts";
import { serveSession, sessionMethods } from "./session/serve-session.ts";
import type { SessionServices } from "./session/services.ts";
import { reportStatus } from "./status-events.ts";
import type { WorkerBuild } from "./worker-build.ts";
import { workerFault } from "./worker-fault.ts";

export interface OnWorkerOptions {
  /** As the user wrote it. */
  readonly builder: string;
  readonly address: BuilderAddress;
  readonly credentials: CredentialSource;
  /** Opens the store when an image goes into it. */
  readonly store: () => Promise<Store>;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

export interface WorkerResult {
  /** What the worker's outputs say of themselves. */
  readonly response: Readonly<Record<string, string>>;
  /** The image that came into the store. */
  readonly imageId?: Digest;
}

/** How long the last words about progress may take after the build is over, in milliseconds. */
const LAST_WORDS = 3000;

/**
 * Sends a build to a BuildKit worker, serves what it asks for while it works, and puts what it sends where it belongs.
 * @throws BUILDER_UNREACHABLE, BUILDER_FAILED, BUILDER_INVALID, those of contexts and outputs, and the signal's reason
 */
export async function buildOnWorker(build: WorkerBuild, options: OnWorkerOptions): Promise<WorkerResult> {
  const { builder, address, onProgress, signal } = options;
  using inputs = await prepareInputs(build, signal);
  const caches = cacheImports(build);
  const results = prepareResults(build, options);
  using line = await dialBuilder(address, { builder, signal });
  using worker = connectWorker(line);
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, stop.signal]);
  try {
    const services = sessionServices(build, options, { ...inputs, layouts: new Map([...inputs.layouts, ...caches.layouts]) }, results.sinks);
    using session = await openSession(worker.control, services, { sharedKey: inputs.sharedKey, signal: ended });
    const ref = newId();
    const watching = watch(worker.control, ref, onProgress, ended);
    const { frontend, attrs } = chosenFrontend(build);
    const exporters = build.outputs.map(({ type, attrs: exporterAttrs }) => ({ type, attrs: { ...exporterAttrs } }));
    const { exporterResponse } = await Promise.race([
      worker.control.solve({
        ref, session: session.id, frontend,
        frontendAttrs: { ...frontendAttrs(build), ...inputs.attrs, ...caches.attrs, ...attrs },
        exporters,
        ...(exporters.length === 1 ? { exporter: exporters[0]!.type, exporterAttrs: exporters[0]!.attrs } : {}),
        entitlements: entitlements(build),
        cache: { exports: build.cacheTo.map(copied), imports: caches.imports.map(copied) },
      }, { signal: ended }),
      session.broken,
    ]);
    await Promise.race([watching, delay(LAST_WORDS, undefined, { ref: false, signal: ended })]);
    const imageId = await results.finish();
    return { response: exporterResponse, ...(imageId === undefined ? {} : { imageId }) };
  } catch (error) {
    results.abandon(error);
    signal.throwIfAborted();
    throw workerFault(error, { builder, said: line.said() });
  } finally {
    stop.abort();
  }
}

const copied = ({ type, attrs }: { type: string; attrs: Readonly<Record<string, string>> }): { type: string; attrs: Record<string, string> } => ({ type, attrs: { ...attrs } });

/** Ids are 25 letters and digits, as a worker makes its own. */
function newId(): string {
  return BigInt(`0x${randomBytes(17).toString("hex")}`).toString(36).padStart(25, "0").slice(0, 25);
}

/** @returns with `broken`, which rejects when the worker ends the session before its time */
async function openSession(control: Worker, services: SessionServices, { sharedKey, signal }: { sharedKey: string; signal: AbortSignal }): Promise<Disposable & { readonly id: string; readonly broken: Promise<never> }> {
  const id = newId();
  const [inside, outside] = await socketPair();
  for (const end of [inside, outside]) end.on("error", () => undefined);
  const headers = { "x-docker-expose-session-uuid": id, "x-docker-expose-session-sharedkey": encodeURIComponent(sharedKey), "x-docker-expose-session-name": "sampan", [METHOD_HEADER]: sessionMethods.join(", ") };
  const carrying = writeMessages(control.session(messagesOf(outside), { headers, signal }), outside);
  const broken = new Promise<never>((_resolve, reject) => carrying.catch(reject));
  broken.catch(() => undefined);
  serveSession(inside, services);
  return { id, broken, [Symbol.dispose]: () => {
    inside.destroy();
    outside.destroy();
  } };
}

async function watch(control: Worker, ref: string, onProgress: OnProgress, signal: AbortSignal): Promise<void> {
  try {
    for await (const status of control.status({ ref }, { signal })) reportStatus(status, onProgress);
  } catch {
    // Solve tells what went wrong; this stream only shows how it went.
  }
}

function sessionServices(build: WorkerBuild, options: OnWorkerOptions, inputs: Omit<Inputs, "sharedKey" | typeof Symbol.dispose>, results: SessionServices["results"]): SessionServices {
  const secrets = new Secrets(build.secrets, build.cwd);
  return {
    folders: inputs.folders,
    uploads: inputs.uploads,
    layouts: inputs.layouts,
    results,
    secret: async (id) => secrets.get(id),
    agent: (id) => build.agents.get(id),
    login: async (host) => {
      const found = await options.credentials.find(host === "registry-1.docker.io" ? "docker.io" : host);
      if (found?.identityToken !== undefined) return { username: "", secret: found.identityToken };
      return found?.password === undefined ? undefined : { username: found.username ?? "", secret: found.password };
    },
  };
}
