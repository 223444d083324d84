import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { startBalancer } from "../support/balancer.ts";
import { postgresMissing, startPostgres } from "../support/postgres.ts";
import { startRegistryProcess } from "../support/registry-process.ts";
import { runSampan } from "../support/run-sampan.ts";
import { noS3, S3_LOGIN, startS3Server } from "../support/s3-server.ts";
import { described, digestOf, imageManifest } from "../support/scratch-registry.ts";
import { seededRandom } from "../support/seeded-random.ts";

/** More of them: SAMPAN_KILLS=100 npm test -- registry-replicas */
const KILLS = Number(process.env["SAMPAN_KILLS"] ?? 2);
const CLIENTS = 3;
/** A push meets a killed server a few times at most. */
const ATTEMPTS = 40;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** On a connection of its own, so that the next request may meet the other server. */
function send(host: string, method: string, path: string, body?: string | Uint8Array): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const [hostname, port] = host.split(":");
    const headers = { Connection: "close", "Content-Type": path.includes("/manifests/") ? "application/vnd.oci.image.manifest.v1+json" : "application/octet-stream", "Content-Length": body?.length ?? 0 };
    request({ hostname, port, method, path, headers, agent: false, timeout: 30_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", reject).on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }));
    }).on("timeout", function (this: { destroy(error: Error): void }) { this.destroy(new Error("no answer")); }).on("error", reject).end(body);
  });
}

/** Until an answer of the statuses comes; a server that was killed gives none, and 5xx is to be tried again. */
async function insist(host: string, method: string, path: string, body: string | Uint8Array | undefined, statuses: readonly number[]): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await send(host, method, path, body).catch((error: unknown) => error as Error);
    if (!(answer instanceof Error) && statuses.includes(answer.status)) return answer;
    if (attempt === ATTEMPTS || (!(answer instanceof Error) && answer.status < 500 && answer.status !== 409)) {
      throw new Error(`${method} ${path}: ${answer instanceof Error ? answer.message : `${answer.status} ${answer.body.toString()}`}`);
    }
    await wait(100);
  }
}

/** In two chunks, the second of which goes on where the upload is, whichever server is asked. @returns how often it went on after an error */
async function pushBlob(host: string, repository: string, content: Uint8Array): Promise<number> {
  const half = Math.floor(content.length / 2);
  for (let begun = 0; ; begun += 1) {
    const location = (await insist(host, "POST", `/v2/${repository}/blobs/uploads/`, undefined, [202])).headers["location"] as string;
    let resumed = 0;
    let sent = 0;
    while (sent < content.length) {
      const end = sent < half ? half : content.length;
      const answer = await send(host, "PATCH", location, content.subarray(sent, end)).catch(() => undefined);
      if (answer?.status === 202) sent = end;
      else {
        resumed += 1;
        assert.ok(resumed < ATTEMPTS, "the upload does not go on");
        await wait(100);
        const { headers } = await insist(host, "GET", location, undefined, [204]);
        const last = Number(/^0-(\d+)$/.exec(headers["range"] as string)![1]);
        sent = last === 0 ? 0 : last + 1;
      }
    }
    const put = await insist(host, "PUT", `${location}?digest=${digestOf(content)}`, undefined, [201, 404]);
    if (put.status === 201) return resumed;
    // The one before may have ended it without being able to say so.
    if ((await insist(host, "HEAD", `/v2/${repository}/blobs/${digestOf(content)}`, undefined, [200, 404])).status === 200) return resumed;
    assert.ok(begun < 3, "the upload was lost");
  }
}

test(`two servers over S3 and PostgreSQL behind a balancer: ${KILLS} of them are killed during pushes, and every acknowledged image is whole`, { skip: noS3 || postgresMissing }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-replicas-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const [postgres, s3] = [await startPostgres(), await startS3Server(context)];
  const { url } = await postgres.database();
  const config = join(folder, "registry.yaml");
  writeFileSync(join(folder, "keys"), `[default]\naws_access_key_id = ${S3_LOGIN.AWS_ACCESS_KEY_ID}\naws_secret_access_key = ${S3_LOGIN.AWS_SECRET_ACCESS_KEY}\n`);
  writeFileSync(config, JSON.stringify({
    storage: { s3: { bucket: "caches", endpoint: `http://${s3.host}`, region: "eu-central-1", credentialsFile: "keys" } },
    metadata: { postgres: { url, connections: 6 } },
    gc: { interval: "1s", grace: "5m" },
  }));
  const roots = ["one", "two"].map((name) => join(folder, name));
  for (const root of roots) mkdirSync(root);
  const start = (index: number) => startRegistryProcess(context, roots[index]!, "--config", config);
  const servers = await Promise.all([start(0), start(1)]);
  const balancer = await startBalancer(context);
  const route = (): void => balancer.use(servers.map(({ address }) => address));
  route();

  const random = seededRandom(Number(process.env["SAMPAN_SEED"] ?? 11));
  const shared = randomBytes(200_000);
  const pushed = new Map<string, { manifest: string; blobs: readonly Uint8Array[] }>();
  let resumed = 0;
  let done = false;
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    for (let count = 0; !done; count += 1) {
      const repository = `app${client % 2}`;
      const blobs = [Buffer.from(JSON.stringify({ client, count })), randomBytes(60_000 + random.below(200_000)), shared];
      for (const blob of blobs) resumed += await pushBlob(balancer.address, repository, blob);
      const [first, ...layers] = blobs.map((blob) => described(digestOf(blob), blob.length));
      const manifest = JSON.stringify(imageManifest({ config: { ...first, mediaType: "application/vnd.oci.image.config.v1+json" }, layers }));
      await insist(balancer.address, "PUT", `/v2/${repository}/manifests/c${client}-${count}`, manifest, [201]);
      pushed.set(`${repository}:c${client}-${count}`, { manifest, blobs });
    }
  });
  const failed = Promise.all(clients).then(() => undefined);
  failed.catch(() => (done = true));
  for (let kill = 0; kill < KILLS && !done; kill += 1) {
    const before = pushed.size;
    for (let turn = 0; pushed.size < before + 2 && !done && turn < 600; turn += 1) await wait(50);
    await wait(random.below(150));
    await servers[kill % 2]!.end("SIGKILL");
    // The other one serves alone for a while.
    const alone = pushed.size;
    for (let turn = 0; pushed.size < alone + 2 && !done && turn < 600; turn += 1) await wait(50);
    assert.ok(done || pushed.size >= alone + 2, "nothing was pushed to the one that is left");
    servers[kill % 2] = await start(kill % 2);
    route();
  }
  done = true;
  await failed;
  context.diagnostic(`${KILLS} kills, ${pushed.size} images, ${resumed} uploads went on after an error`);

  for (const [name, { manifest, blobs }] of pushed) {
    const [repository, tag] = name.split(":") as [string, string];
    for (const { address } of servers) {
      assert.equal((await send(address, "GET", `/v2/${repository}/manifests/${tag}`)).body.toString(), manifest, name);
      for (const blob of blobs) assert.equal((await send(address, "HEAD", `/v2/${repository}/blobs/${digestOf(blob)}`)).headers["content-length"], String(blob.length), name);
    }
    for (const blob of blobs.slice(0, 2)) assert.equal(digestOf((await send(balancer.address, "GET", `/v2/${repository}/blobs/${digestOf(blob)}`)).body), digestOf(blob), name);
  }

  // A server that is killed between an object and its record leaves the object; nothing else may be wrong.
  const checked = await runSampan(["registry", "check", "--repair", "--root", roots[0]!, "--config", config]);
  assert.deepEqual([checked.status, checked.stderr], [0, ""], checked.stdout);
  const found = checked.stdout.split("\n").filter((line) => /^(?:problem|repaired): /.test(line));
  assert.ok(found.every((line) => /^repaired: \d+ bytes (?:in|of) \S+ belong to (?:nothing|no repository): a crash has left them$/.test(line)), checked.stdout);
  assert.match(checked.stdout, new RegExp(`^Checked 2 repositories, ${pushed.size} manifests, `, "m"));

  // What one of them deletes the other one does not show any more.
  const [name] = pushed.keys();
  const path = `/v2/${name!.replace(":", "/manifests/")}`;
  assert.equal((await send(servers[1]!.address, "GET", path)).status, 200);
  assert.equal((await send(servers[0]!.address, "DELETE", path)).status, 202);
  assert.equal((await send(servers[1]!.address, "GET", path)).status, 404);
});
