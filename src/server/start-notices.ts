import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { AsyncCleanupStack } from "../std/cleanup-stack.ts";
import type { LoginFailure } from "./access/logins.ts";
import { recordIncidents } from "./audit/record-incidents.ts";
import type { ServerConfig } from "./config/config-schema.ts";
import { fileBeside } from "./config/values.ts";
import { closeHttpServer } from "./http-server.ts";
import { listen } from "./listen.ts";
import { isLoopback, parseListenAddress } from "./listen-address.ts";
import type { UpstreamStatus } from "./pull-through.ts";
import type { ReplicationStatus } from "./mirror/replication-notes.ts";
import { createMetrics, type Metrics } from "./notify/metrics.ts";
import { createMonitor } from "./notify/monitor.ts";
import { observeRequest, type RequestEntry, type RequestNote } from "./notify/request-entry.ts";
import { openLogFile, requestLine } from "./notify/request-log.ts";
import type { RegistryStorage } from "./storage/storage.ts";
import { isLoopbackHost } from "./terms/loopback-host.ts";

/** What the server tells of itself: figures, health, the log of requests. */
export interface Notices extends AsyncDisposable {
  readonly metrics: Metrics;
  loginFailed(failure: LoginFailure): void;
  /** Whether the request was one for these, and is answered. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  observe(request: IncomingMessage, response: ServerResponse, note: RequestNote): void;
}

/** Of a reason, in the log of changes. */
const LONGEST = 500;

/** @throws SERVER_LISTEN_INVALID, SERVER_LISTEN_FAILED */
export async function startNotices(
  storage: RegistryStorage,
  options: {
    root: string;
    config: ServerConfig;
    configFile: string;
    /** What else this machine may be called, where everybody on it may do everything. */
    hosts: readonly string[] | undefined;
    running: () => number;
    replicated: () => readonly ReplicationStatus[];
    upstreams: () => readonly UpstreamStatus[];
    logRequests: boolean;
    writeLog: (line: string) => void;
    onRequest: ((entry: RequestEntry) => void) | undefined;
    report: (problem: Error) => void;
  },
): Promise<Notices> {
  const { config, report } = options;
  const metrics = createMetrics();
  const monitor = createMonitor({ ...options, storage, metrics });
  await using opened = new AsyncCleanupStack();
  const observers: ((entry: RequestEntry) => void)[] = [metrics.request];
  if (options.onRequest) observers.push(options.onRequest);
  if (options.logRequests || config.log.requests) {
    const log = config.log.file === undefined ? undefined : openLogFile(fileBeside(options.configFile, config.log.file), report);
    if (log) opened.defer(log.close);
    const write = log?.write ?? options.writeLog;
    observers.push((entry) => write(requestLine(entry, new Date())));
  }
  const incidents = recordIncidents(storage.metadata, report);
  opened.defer(incidents.close);
  observers.push(({ method, denied, repository = "", user, remoteAddress: address, agent }) => {
    if (denied === undefined || method === "GET" || method === "HEAD") return;
    incidents.note({ action: "access.deny", repository, actor: { user, address, agent }, detail: { method, reason: denied.slice(0, LONGEST) } });
  });
  if (config.webhooks.length > 0) {
    const { startWebhooks } = await import("./notify/webhooks.ts");
    opened.use(startWebhooks(config.webhooks, { metadata: storage.metadata, source: config.externalUrl ?? "/sampan-registry", report }));
  }
  const own = config.metrics.listen;
  if (own !== undefined) {
    const server = createServer((request, response) => {
      if (!monitor.answer(request, response, () => true)) response.writeHead(404, { "Content-Length": 0 }).end();
    });
    await listen(server, parseListenAddress(own), own);
    opened.defer(() => closeHttpServer(server));
  }
  const local = own === undefined && config.externalUrl === undefined;
  const lifetime = opened.move();
  return {
    metrics,
    loginFailed({ user, address }) {
      metrics.loginFailed();
      incidents.note({ action: "login.fail", repository: "", actor: { user, address, agent: undefined }, detail: {} });
    },
    answer: (request, response) => monitor.answer(request, response, () => local && isFromHere(request) && (options.hosts === undefined || isLoopbackHost(request.headers.host, options.hosts))),
    observe: (request, response, note) => observeRequest(request, response, note, (entry) => {
      for (const observer of observers) observer(entry);
    }),
    [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose](),
  };
}

/** Whether it comes from this machine, and not through a proxy on it. */
function isFromHere({ socket, headers }: IncomingMessage): boolean {
  if (headers.forwarded !== undefined || headers["x-forwarded-for"] !== undefined || headers.via !== undefined) return false;
  return isLoopback({ host: (socket.remoteAddress ?? "").replace(/^::ffff:/, ""), port: 0 });
}
