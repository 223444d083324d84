import type { Totals } from "../storage/vitals.ts";
import type { UpstreamStatus } from "../pull-through.ts";
import type { ReplicationStatus } from "../mirror/replication-notes.ts";
import type { RequestEntry } from "./request-entry.ts";

/** Counters of this process, and their text for Prometheus (text format 0.0.4). */
export interface Metrics {
  request(entry: RequestEntry): void;
  collected(garbage: { readonly blobs: number; readonly bytes: number; readonly manifests: number }): void;
  loginFailed(): void;
  text(now: Totals & { readonly uploads: number; readonly running: number; readonly replicated: readonly ReplicationStatus[]; readonly upstreams: readonly UpstreamStatus[] }): string;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);

interface Durations {
  readonly buckets: number[];
  sum: number;
  count: number;
}

/** Labels are of the route table, never what a client has made up: so there are only so many series. */
export function createMetrics(): Metrics {
  const requests = new Map<string, number>();
  const durations = new Map<string, Durations>();
  const total = { received: 0, sent: 0, gc: 0, gcBlobs: 0, gcBytes: 0, gcManifests: 0, loginFailures: 0 };

  return {
    request({ method, route, status, milliseconds, received, sent }) {
      const labels = `method="${METHODS.has(method) ? method : "other"}",route="${route ?? "other"}"`;
      const key = `${labels},status="${status}"`;
      requests.set(key, (requests.get(key) ?? 0) + 1);
      let known = durations.get(labels);
      if (!known) durations.set(labels, (known = { buckets: SECONDS.map(() => 0), sum: 0, count: 0 }));
      const seconds = milliseconds / 1000;
      const bucket = SECONDS.findIndex((limit) => seconds <= limit);
      if (bucket >= 0) known.buckets[bucket]! += 1;
      known.sum += seconds;
      known.count += 1;
      total.received += received;
      total.sent += sent;
    },
    collected({ blobs, bytes, manifests }) {
      total.gc += 1;
      total.gcBlobs += blobs;
      total.gcBytes += bytes;
      total.gcManifests += manifests;
    },
    loginFailed: () => void (total.loginFailures += 1),
    text({ repositories, blobs, bytes, uploads, running, replicated, upstreams }) {
      const one = (name: string, type: "counter" | "gauge", help: string, value: number): string[] => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, `${name} ${value}`];
      return `${[
        "# HELP sampan_http_requests_total Requests that were answered; status 0: the connection broke before.",
        "# TYPE sampan_http_requests_total counter",
        ...[...requests].map(([labels, count]) => `sampan_http_requests_total{${labels}} ${count}`),
        "# HELP sampan_http_request_duration_seconds Time from the request's headers to the end of its answer.",
        "# TYPE sampan_http_request_duration_seconds histogram",
        ...[...durations].flatMap(([labels, known]) => histogram("sampan_http_request_duration_seconds", labels, known)),
        ...one("sampan_http_requests_running", "gauge", "Requests that are being answered.", running),
        ...one("sampan_http_received_bytes_total", "counter", "Bytes of requests, with headers.", total.received),
        ...one("sampan_http_sent_bytes_total", "counter", "Bytes of answers, with headers.", total.sent),
        ...one("sampan_uploads_open", "gauge", "Uploads that have begun and not ended.", uploads),
        ...one("sampan_repositories", "gauge", "Repositories.", repositories),
        ...one("sampan_blobs", "gauge", "Blobs, each counted once.", blobs),
        ...one("sampan_blob_bytes", "gauge", "Bytes of all blobs.", bytes),
        ...one("sampan_gc_runs_total", "counter", "Collections that this server has done.", total.gc),
        ...one("sampan_gc_removed_blobs_total", "counter", "Blobs that these removed.", total.gcBlobs),
        ...one("sampan_gc_removed_manifests_total", "counter", "Manifests that these removed.", total.gcManifests),
        ...one("sampan_gc_freed_bytes_total", "counter", "Bytes that these freed.", total.gcBytes),
        ...one("sampan_login_failures_total", "counter", "Logins with a wrong name or password.", total.loginFailures),
        ...replicationLines(replicated),
        ...upstreamLines(upstreams),
      ].join("\n")}\n`;
    },
  };
}

/** One series for each rule of the configuration. */
function replicationLines(rules: readonly ReplicationStatus[]): readonly string[] {
  const series = (name: string, type: "counter" | "gauge", help: string, value: (rule: ReplicationStatus) => number): readonly string[] =>
    rules.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...rules.map((rule) => `${name}{rule="${rule.name.replace(/["\\\n]/g, "")}"} ${value(rule)}`)];
  return [
    ...series("sampan_replication_copied_total", "counter", "Tags that were copied.", ({ copied }) => copied),
    ...series("sampan_replication_deleted_total", "counter", "Tags that were deleted.", ({ deleted }) => deleted),
    ...series("sampan_replication_failures_total", "counter", "Attempts that failed.", ({ failed }) => failed),
    ...series("sampan_replication_failing", "gauge", "Tags and lists whose last attempt has failed.", ({ problems }) => problems.size),
    ...series("sampan_replication_done_timestamp_seconds", "gauge", "When both sides were last found or made the same; 0 for not yet.", ({ doneAt }) => Math.floor((doneAt ?? 0) / 1000)),
  ];
}

/** One series for each registry that repositories are copies of, whatever the logins are that it is asked with. */
function upstreamLines(upstreams: readonly UpstreamStatus[]): readonly string[] {
  const hosts = [...new Set(upstreams.map(({ host }) => host))];
  const series = (name: string, type: "counter" | "gauge", help: string, value: (upstream: UpstreamStatus) => number): readonly string[] =>
    hosts.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...hosts.map((host) => `${name}{upstream="${host}"} ${upstreams.filter((each) => each.host === host).reduce((sum, each) => sum + value(each), 0)}`)];
  return [
    ...series("sampan_proxy_paused", "gauge", "Logins with which the upstream is not asked now, since it failed or allows no more requests.", ({ paused }) => (paused ? 1 : 0)),
    ...series("sampan_proxy_pauses_total", "counter", "Times that it was left alone.", ({ pauses }) => pauses),
    ...series("sampan_proxy_failures_total", "counter", "Requests that it did not answer, or with an error that says nothing of what was asked for.", ({ failures }) => failures),
  ];
}

function histogram(name: string, labels: string, { buckets, sum, count }: Durations): string[] {
  let below = 0;
  return [
    ...SECONDS.map((limit, index) => `${name}_bucket{${labels},le="${limit}"} ${(below += buckets[index]!)}`),
    `${name}_bucket{${labels},le="+Inf"} ${count}`, `${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${count}`,
  ];
}
