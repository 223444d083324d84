import type { Server as HttpsServer } from "node:https";
import { fault } from "../std/fault.ts";
import { tracingWanted } from "../std/tracing/tracing-wanted.ts";
import type { AccessControl } from "./access/access-control.ts";
import { hasKeysOfItsOwn } from "./access/keys-of-its-own.ts";
import { openAccess } from "./access/open-access.ts";
import { watchOrphans } from "./access/watch-orphans.ts";
import { archiveOf } from "./audit/archive-events.ts";
import type { ServerConfig } from "./config/config-schema.ts";
import { readConfig, readConfigFile } from "./config/read-config.ts";
import { settingsOf } from "./config/settings-of.ts";
import { handleRequest } from "./handle-request.ts";
import { closeHttpServer, createHttpServer } from "./http-server.ts";
import { removeLeftovers, type Alone } from "./keep/collect-garbage.ts";
import { startCollector } from "./keep/collector.ts";
import { every } from "./terms/every.ts";
import { createQuotas } from "./keep/quotas.ts";
import { applyRetention } from "./keep/retention.ts";
import { listen } from "./listen.ts";
import { isLoopback, parseListenAddress } from "./listen-address.ts";
import type { RequestEntry, RequestNote } from "./notify/request-entry.ts";
import type { ServerTracing } from "./notify/trace-server.ts";
import type { ReplicationStatus } from "./mirror/replication-notes.ts";
import type { Replication } from "./mirror/start-replication.ts";
import { startNotices, type Notices } from "./start-notices.ts";
import { tellOutages } from "./tell-outages.ts";
import type { PullThrough } from "./pull-through.ts";
import { noteOrigin, proxyList } from "./terms/client-origin.ts";
import { immutableTags, type ImmutableTags } from "./terms/immutable-tags.ts";
import { defaultSettings, type Settings } from "./terms/settings.ts";
import { createSignaturePolicy, type SignaturePolicy } from "./signatures/signature-policy.ts";
import { serverOf } from "./storage/folder/root-lock.ts";
import { unlessLocked } from "./storage/locks.ts";
import type { openS3Storage } from "./storage/open-s3-storage.ts";
import type { Secrets } from "./storage/secrets.ts";
import type { RegistryStorage } from "./storage/storage.ts";
import { openFolderStorage } from "./storage/open-folder-storage.ts";

export interface ServeOptions {
  /** `127.0.0.1:5000`, `[::1]:0`, …; port 0 takes a free one. */
  readonly listen: string;
  /** The folder that holds everything; created when it is missing, used by one server at a time. */
  readonly root: string;
  /** Configuration file (docs/registry/configuration.md). Without one, or where it says nothing of access, everybody may do everything. */
  readonly config?: string;
  /** Accepts that everybody who reaches another address than a loopback one may do everything. */
  readonly anonymous?: boolean;
  readonly settings?: Partial<Settings>;
  /** Where keys of services may be found; the process's own. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Called after each answer, for a log. */
  readonly onRequest?: (entry: RequestEntry) => void;
  /** Logs every request, whatever the configuration says. */
  readonly logRequests?: boolean;
  /** Takes lines of the log of requests, where the configuration names no file. */
  readonly writeLog?: (line: string) => void;
  /** Errors of the server itself: what a client saw as 500 or 507, and damaged files. */
  readonly onProblem?: (problem: Error) => void;
}

export interface RegistryServer extends AsyncDisposable {
  /** `host:port` that clients connect to. */
  readonly address: string;
  /** Stops listening, lets requests that run end within 5 s, and removes unfinished uploads. */
  close(): Promise<void>;
}

/**
 * Serves the OCI distribution API (1.1, with the parts of the next version that are settled) from a folder.
 * @throws SERVER_LISTEN_INVALID, SERVER_WITHOUT_ACCESS_CONTROL, SERVER_LISTEN_FAILED, SERVER_ROOT_BUSY, SERVER_ROOT_UNUSABLE,
 *   SERVER_CONFIG_UNREADABLE, SERVER_CONFIG_INVALID; of a bucket S3_BUCKET_UNUSABLE, S3_UNREACHABLE, S3_REFUSED, S3_LOGIN_MISSING;
 *   of a database SERVER_DATABASE_LOST, SERVER_DATABASE_REFUSED, SERVER_DATABASE_UNUSABLE, SERVER_RECORDS_ELSEWHERE
 */
export async function serveRegistry(options: ServeOptions): Promise<RegistryServer> {
  const wanted = parseListenAddress(options.listen);
  const configFile = options.config ?? "";
  const config = options.config === undefined ? readConfig("", configFile) : readConfigFile(configFile);
  if (!isLoopback(wanted) && !isGuarded(config) && !options.anonymous) throw fault("SERVER_WITHOUT_ACCESS_CONTROL", { listen: options.listen });
  const settings = { ...defaultSettings, ...settingsOf(config), ...options.settings };
  const report = tellOutages(options.onProblem ?? ((): void => undefined));
  const tls = config.tls && await tlsOf(config.tls, configFile);
  const before = serverOf(options.root);
  const tracing = await tracingOf(options.environment ?? process.env, report);
  const opened = await openStorage(config, { ...settings, root: options.root, configFile, environment: options.environment ?? process.env, report });
  const storage = tracing?.storage(opened) ?? opened;
  const alone: Alone = (work) => unlessLocked(storage.metadata, "collector", work);
  if (before === "was killed") await alone(() => removeLeftovers(storage, { settled: Number.POSITIVE_INFINITY }));
  const collector = startCollector(storage, { ...config.gc, archive: archiveOf(config.audit, { root: options.root, configFile }), alone, report, onCollected: (garbage) => notices?.metrics.collected(garbage) });
  const retention = every(config.retention.interval, () => applyRetention(storage.metadata, config), report);
  const immutable = immutableTags(config.immutable);
  const quotas = createQuotas(config.quota, storage.metadata);
  const proxies = proxyList(config.trustedProxies);
  const open = !isGuarded(config) && !options.anonymous && config.trustedProxies.length === 0;
  const hosts = open ? [config.externalUrl ?? []].flat().map((url) => new URL(url).hostname) : undefined;
  let signatures!: SignaturePolicy;
  const running = new Set<Promise<void>>();
  let access: AccessControl;
  let notices!: Notices;
  let replication: Replication | undefined;
  const replicated = (): readonly ReplicationStatus[] => replication?.status() ?? [];
  let mirror: (PullThrough & AsyncDisposable) | undefined;
  const server = await createHttpServer(settings, (request, response) => {
    noteOrigin(request, proxies);
    const note: RequestNote = {};
    notices.observe(request, response, note);
    if (notices.answer(request, response)) return;
    const handle = (): Promise<void> => handleRequest(request, response, { note, storage, settings, access, immutable, signatures, quotas, mirror, replicated, config, report, hosts });
    const answer = (tracing ? tracing.answer(request, note, handle) : handle()).finally(() => running.delete(answer));
    running.add(answer);
  }, tls?.options);
  let address: string;
  try {
    notices = await startNotices(storage, {
      root: options.root, config, configFile, report, hosts, running: () => running.size, replicated, upstreams: () => mirror?.upstreams() ?? [],
      logRequests: options.logRequests === true, writeLog: options.writeLog ?? ((): void => undefined), onRequest: options.onRequest,
    });
    signatures = createSignaturePolicy(config.signatures, { storage, configFile });
    mirror = await mirrorOf(config, { storage, immutable, configFile, report });
    access = await accessOf(config, { configFile, root: options.root, secrets: storage.metadata, report, onLoginFailure: notices.loginFailed });
    replication = await replicationOf(config, { root: options.root, storage, immutable, trash: config.retention.trash, configFile, report });
    address = await listen(server, wanted, options.listen);
    if (!isLoopback(wanted) && sendsPasswordsOpenly(config)) report(fault("SERVER_PASSWORDS_OPEN", { listen: options.listen }));
    if (hasKeysOfItsOwn(config)) report(fault("SERVER_KEYS_DIFFER", {}));
  } catch (error) {
    await replication?.[Symbol.asyncDispose]();
    await mirror?.[Symbol.asyncDispose]();
    await notices?.[Symbol.asyncDispose]();
    await collector[Symbol.asyncDispose]();
    await storage[Symbol.asyncDispose]();
    await tracing?.[Symbol.asyncDispose]();
    throw error;
  }
  const orphans = watchOrphans(access, report);
  const stopWatching = tls?.watch({ changed: (context) => (server as HttpsServer).setSecureContext(context), report });
  const stop = async (): Promise<void> => {
    clearInterval(retention);
    stopWatching?.();
    await closeHttpServer(server);
    await replication?.[Symbol.asyncDispose]();
    await mirror?.[Symbol.asyncDispose](); // who reads along with a fetch is cut off
    await Promise.all(running);
    await collector[Symbol.asyncDispose]();
    await orphans[Symbol.asyncDispose]();
    await notices[Symbol.asyncDispose]();
    await storage[Symbol.asyncDispose]();
    await tracing?.[Symbol.asyncDispose]();
  };
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= stop());
  return { address, close, [Symbol.asyncDispose]: close };
}

/** Whether it is not for everybody who reaches it. */
function isGuarded({ access, tls }: ServerConfig): boolean {
  return access !== undefined || tls?.clients !== undefined;
}

/** Whether logins come over connections of which nothing says that they are encrypted. */
function sendsPasswordsOpenly({ access, tls, externalUrl, trustedProxies }: ServerConfig): boolean {
  return access !== undefined && tls === undefined && externalUrl === undefined && trustedProxies.length === 0;
}

/** TLS is loaded where it is used. */
async function tlsOf(tls: NonNullable<ServerConfig["tls"]>, configFile: string) {
  const { readTlsFiles, watchTlsFiles } = await import("./tls-files.ts");
  return { options: readTlsFiles(tls, configFile), watch: (calls: Parameters<typeof watchTlsFiles>[2]) => watchTlsFiles(tls, configFile, calls) };
}

/** What asks services elsewhere is loaded where it is used. */
async function openStorage({ storage: { s3 }, metadata: { postgres } }: ServerConfig, { root, ...more }: Omit<Parameters<typeof openS3Storage>[2], "records"> & { root: string }): Promise<RegistryStorage & AsyncDisposable> {
  const options = { ...more, records: postgres && { config: postgres, configFile: more.configFile } };
  if (s3 === undefined) return openFolderStorage(root, options);
  const module = await import("./storage/open-s3-storage.ts");
  return module.openS3Storage(root, s3, options);
}

/** What checks logins and tokens is loaded where there are any. */
async function accessOf({ access, ...config }: ServerConfig, options: { configFile: string; root: string; secrets: Secrets; report: (problem: Error) => void; onLoginFailure: Notices["loginFailed"] }): Promise<AccessControl> {
  if (access === undefined) return openAccess;
  const { configuredAccess } = await import("./access/configured-access.ts");
  return configuredAccess({ ...config, access }, options);
}

/** What sends traces is loaded where a collector is named. */
async function tracingOf(environment: Readonly<Record<string, string | undefined>>, report: (problem: Error) => void): Promise<ServerTracing | undefined> {
  if (!tracingWanted(environment)) return undefined;
  const { traceServer } = await import("./notify/trace-server.ts");
  return traceServer(environment, report);
}

async function replicationOf({ replication }: ServerConfig, options: { root: string; storage: RegistryStorage; immutable: ImmutableTags; trash: number; configFile: string; report: (problem: Error) => void }): Promise<Replication | undefined> {
  if (replication.length === 0) return undefined;
  const { startReplication } = await import("./mirror/start-replication.ts");
  return startReplication(replication, options);
}

async function mirrorOf({ proxy }: ServerConfig, options: { storage: RegistryStorage; immutable: ImmutableTags; configFile: string; report: (problem: Error) => void }): Promise<(PullThrough & AsyncDisposable) | undefined> {
  if (proxy.length === 0) return undefined;
  const { openMirror } = await import("./mirror/open-mirror.ts");
  return openMirror(proxy, options);
}
