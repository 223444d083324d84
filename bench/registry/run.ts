import { spawn } from "node:child_process";
import { randomBytes, randomFillSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestBytes, type Digest } from "../../src/oci/digest.ts";
import { mediaType } from "../../src/oci/media-type.ts";
import { AsyncCleanupStack } from "../../src/std/cleanup-stack.ts";
import { findProgram } from "../../test/support/find-program.ts";
import { cpuOfProcess } from "../measure/cpu-time.ts";
import { median } from "../measure/statistics.ts";
import { readFlags, refuse, wholeNumber } from "../setup/read-flags.ts";
import { Connection } from "./connection.ts";
import { isThere, LOGIN, startServers, type Server } from "./servers.ts";
import { imageOf, pushBlob, pushSmallImage, putManifest } from "./work.ts";

const HELP = `Measures registry servers side by side, by what they answer over raw sockets; in each round every server has its turn, and requests have
a turn before the first round.

  npm run bench:registry -- [--rounds 3] [--many 10000] [--only ROW]... [--servers sampan,docker-registry,registry,zot] [--guarded]

  --many      tags and repositories of the rows that list them
  --only      rows whose name has this in it, such as PUT, GET, tags
  --servers   programs in PATH or in the folder that $PEERS names; the launcher of another checkout by its path
  --guarded   behind a password file, with a name and a password in each request; and where there are tokens, with one`;

const values = readFlags(HELP, {
  rounds: { type: "string", default: "3" },
  many: { type: "string", default: "10000" },
  only: { type: "string", multiple: true, default: [] },
  guarded: { type: "boolean", default: false },
  servers: { type: "string", default: "sampan,docker-registry,registry,zot" },
});
const MEBIBYTE = 1024 * 1024;
const [rounds, many] = [wholeNumber("--rounds", values.rounds), wholeNumber("--many", values.many)];
const wantedServers = values.servers.split(",");
const missing = wantedServers.filter((name) => !isThere(name));
if (missing.length === wantedServers.length) refuse(`--servers ${values.servers}: none of them is there`);
if (missing.length > 0) process.stderr.write(`bench: not there: ${missing.join(", ")}\n`);
const folder = mkdtempSync(join(tmpdir(), "sampan-bench-registry-"));
await using cleanup = new AsyncCleanupStack();
cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
const servers = await startServers(folder, wantedServers.filter(isThere), values);
const basic = values.guarded ? `Authorization: Basic ${Buffer.from(`${LOGIN.user}:${LOGIN.password}`).toString("base64")}\r\n` : "";
const connectTo = (host: string, lines = basic): Connection => new Connection(host, lines);
for (const { daemon } of servers) cleanup.use(daemon);
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const wanted = (row: string): boolean => values.only.length === 0 || values.only.some((part) => row.includes(part));

/** Runs tasks 0 to count - 1 over that many connections. */
async function over(host: string, connections: number, count: number, task: (connection: Connection, index: number) => Promise<unknown>, lines = basic): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: connections }, async () => {
    const connection = connectTo(host, lines);
    while (next < count) await task(connection, next++);
    connection.close();
  }));
}

/** The most memory that a server has had since this was last asked; in MiB. */
const peaks = new Map<Server, number>();
function peakOf(server: Server): number {
  const peak = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${server.daemon.pid}/status`, "utf8"))?.[1]) / 1024;
  peaks.set(server, Math.max(peaks.get(server) ?? 0, peak));
  // Counts anew from what it has now (proc(5)).
  writeFileSync(`/proc/${server.daemon.pid}/clear_refs`, "5");
  return peak;
}

/**
 * A row of the table: `amount` of `unit` in each round, per second and with the server's own CPU seconds for a thousand of them, and its peak memory with what came before
 * the rounds. What this side costs is told too: with both on the same cores, no server is faster than what it leaves. `refresh` goes before each turn, untimed.
 */
async function row(name: string, unit: string, amount: number, prepare: (server: Server) => Promise<(server: Server) => Promise<void>>, refresh?: () => void): Promise<void> {
  if (!wanted(name)) return;
  const works = new Map<Server, (server: Server) => Promise<void>>();
  for (const server of servers) {
    try {
      works.set(server, await prepare(server));
    } catch (error) {
      say(`  ${server.name}: ${name}: ${(error as Error).message.split("\r\n")[0]}`);
    }
  }
  const rates = new Map<Server, number[]>();
  const costs = new Map<Server, number[]>();
  const own: number[] = [];
  // What a program does the first time says how it was compiled, and the rows that come first would pay for it.
  if (unit === "requests") for (const [server, work] of works) await work(server);
  for (let round = 0; round < rounds; round += 1) {
    for (const [server, work] of works) {
      refresh?.();
      const [began, cpu, used] = [performance.now(), cpuOfProcess(server.daemon.pid), process.cpuUsage()];
      await work(server);
      const seconds = (performance.now() - began) / 1000;
      rates.set(server, [...(rates.get(server) ?? []), amount / seconds]);
      costs.set(server, [...(costs.get(server) ?? []), (1000 * (cpuOfProcess(server.daemon.pid) - cpu)) / amount]);
      const { user, system } = process.cpuUsage(used);
      own.push((user + system) / 1000 / amount);
    }
  }
  const cells = [...works.keys()].map((server) => `${server.name} ${median(rates.get(server)!).toFixed(0)} ${unit}/s, ${median(costs.get(server)!).toFixed(3)} cpu s per 1000, ${peakOf(server).toFixed(0)} MiB`);
  say(`${name}: ${cells.join(" · ")} · this side ${median(own).toFixed(3)} cpu s per 1000`);
}

for (const size of [1, 10, 100]) {
  const count = Math.max(4, Math.min(48, 240 / size));
  for (const clients of [1, 8]) {
    // No blob comes twice: of one that a server has it need not keep the bytes.
    let contents: Buffer[] = [];
    let digests: Digest[] = [];
    await row(`PUT ${size} MiB, ${clients} clients`, "MiB", count * size, async () => {
      const filler = randomBytes(size * MEBIBYTE);
      contents = Array.from({ length: count }, () => Buffer.from(filler));
      return ({ host }) => over(host, clients, count, (connection, index) => pushBlob(connection, `put${index}`, contents[index]!, digests[index]!));
    }, () => {
      digests = contents.map((content) => digestBytes(randomFillSync(content, 0, 16), "sha256"));
    });
    await row(`GET ${size} MiB, ${clients} clients`, "MiB", count * size, async ({ host }) => {
      const content = randomBytes(size * MEBIBYTE);
      const connection = connectTo(host);
      const digest = await pushBlob(connection, "get", content);
      connection.close();
      return () => over(host, clients, count, (each) => each.send("GET", `/v2/get/blobs/${digest}`, { expected: 200 }));
    });
  }
}

await row("200 small images by 8 clients", "images", 200, async () => ({ host }) => over(host, 8, 200, (connection, index) => pushSmallImage(connection, `small${index % 8}`, `t${index}`)));

const config = Buffer.from("{}");
const image = imageOf(config, []);
const reads: readonly (readonly [string, string, string])[] = [
  ["GET manifest by tag, 1,000 tags", "GET", "/v2/tagged/manifests/v500"],
  ["GET manifest by digest", "GET", `/v2/tagged/manifests/${digestBytes(image, "sha256")}`],
  ["HEAD manifest by tag", "HEAD", "/v2/tagged/manifests/v500"],
  ["HEAD blob", "HEAD", `/v2/tagged/blobs/${digestBytes(config, "sha256")}`],
  ["GET small blob", "GET", `/v2/tagged/blobs/${digestBytes(config, "sha256")}`],
  ["list of 1,000 tags", "GET", "/v2/tagged/tags/list"],
  ["100 of 1,000 tags", "GET", "/v2/tagged/tags/list?n=100&last=v500"],
];
const tagged = new Set<Server>();
async function pushTags(server: Server, repository: string, count: number): Promise<void> {
  const connection = connectTo(server.host);
  await pushBlob(connection, repository, config);
  connection.close();
  await over(server.host, 8, count, (each, index) => putManifest(each, repository, `v${index}`, image));
}
for (const [name, method, path] of reads) {
  await row(name, "requests", 4000, async (server) => {
    if (!tagged.has(server)) await pushTags(server, "tagged", 1000);
    tagged.add(server);
    // Without it distribution says that it has no such manifest.
    const lines = `Accept: ${mediaType.ociManifest}\r\n`;
    return ({ host }) => over(host, 64, 4000, (connection) => connection.send(method, path, { expected: 200, lines }));
  });
}

if (values.guarded) {
  for (const [name, method, path] of reads.slice(0, 4)) {
    await row(`${name}, with a token`, "requests", 4000, async (server) => {
      if (!tagged.has(server)) await pushTags(server, "tagged", 1000);
      tagged.add(server);
      const answer = await fetch(`http://${server.host}/auth/token?scope=repository:tagged:pull`, { headers: { authorization: basic.trim().replace("Authorization: ", "") } });
      if (!answer.ok) throw new Error("gives no tokens");
      const lines = `Authorization: Bearer ${((await answer.json()) as { token: string }).token}\r\nAccept: ${mediaType.ociManifest}\r\n`;
      return ({ host }) => over(host, 64, 4000, (connection) => connection.send(method, path, { expected: 200 }), lines);
    });
  }
  await row("tokens by GET", "requests", 2000, async ({ host }) => {
    const path = "/auth/token?service=sampan-registry&scope=repository:tagged:pull";
    const answer = await fetch(`http://${host}${path}`, { headers: { authorization: basic.trim().replace("Authorization: ", "") } });
    if (!answer.ok) throw new Error("gives no tokens");
    return () => over(host, 64, 2000, (each) => each.send("GET", path, { expected: 200 }));
  });
}

await row(`list of ${many} tags`, "requests", 100, async (server) => {
  await pushTags(server, "many", many);
  return ({ host }) => over(host, 8, 100, (connection) => connection.send("GET", "/v2/many/tags/list", { expected: 200 }));
});
const full = new Set<Server>();
async function catalogued(server: Server): Promise<void> {
  if (full.has(server)) return;
  await over(server.host, 8, many, async (connection, index) => {
    await pushBlob(connection, `c/${index}`, config);
    await putManifest(connection, `c/${index}`, "v1", image);
  });
  full.add(server);
}
await row(`catalog of ${many}`, "requests", 20, async (server) => {
  await catalogued(server);
  return ({ host }) => over(host, 8, 20, (connection) => connection.send("GET", `/v2/_catalog?n=${many}`, { expected: 200 }));
});
// Each once, so that whatever the server remembers of them is filled.
await row(`GET manifest in ${many} repositories`, "requests", many, async (server) => {
  await catalogued(server);
  return ({ host }) => over(host, 64, many, (connection, index) => connection.send("GET", `/v2/c/${index}/manifests/v1`, { expected: 200, lines: `Accept: ${mediaType.ociManifest}\r\n` }));
});
await row("20 referrers", "requests", 2000, async ({ host }) => {
  const connection = connectTo(host);
  await pushBlob(connection, "referred", config);
  const subject = { mediaType: mediaType.ociManifest, digest: digestBytes(image, "sha256"), size: image.length };
  for (let index = 0; index < 20; index += 1) {
    const referrer = imageOf(config, [], { subject, artifactType: "application/x", annotations: { index: String(index) } });
    await putManifest(connection, "referred", digestBytes(referrer, "sha256"), referrer);
  }
  const path = `/v2/referred/referrers/${subject.digest}`;
  await connection.send("GET", path, { expected: 200 });
  connection.close();
  return () => over(host, 64, 2000, (each) => each.send("GET", path, { expected: 200 }));
});

if (wanted("fsyncs") && findProgram("strace")) {
  for (const { name, host, daemon } of servers) {
    const output = join(folder, `${name.replaceAll("/", "_")}.strace`);
    const strace = spawn("strace", ["-f", "-c", "-e", "trace=fsync,fdatasync,syncfs,sync_file_range", "-o", output, "-p", String(daemon.pid)], { stdio: "ignore" });
    const ended = new Promise<void>((resolve) => strace.once("exit", () => resolve()));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await over(host, 1, 20, (connection, index) => pushSmallImage(connection, "synced", `t${index}`));
    strace.kill("SIGINT");
    await ended;
    const calls = Number(/^100\.00 +\S+ +\S+ +(\d+)/m.exec(readFileSync(output, "utf8"))?.[1] ?? 0);
    say(`fsyncs per small push: ${name} ${(calls / 20).toFixed(1)}`);
  }
}
for (const server of servers) {
  peakOf(server);
  say(`peak memory: ${server.name} ${peaks.get(server)!.toFixed(0)} MiB`);
}
