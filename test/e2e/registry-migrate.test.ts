import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { recordsOf } from "../../src/cli/registry/records-of.ts";
import { mediaType } from "../../src/oci/media-type.ts";
import { readConfigFile } from "../../src/server/config/read-config.ts";
import { openRecordsBeside } from "../../src/server/storage/upkeep/open-beside.ts";
import { postgresMissing, startPostgres } from "../support/postgres.ts";
import { runSampan } from "../support/run-sampan.ts";
import { noS3, S3_LOGIN, startS3Server } from "../support/s3-server.ts";
import { described, imageManifest, scratchRegistry, type ScratchRegistry } from "../support/scratch-registry.ts";

/** All that clients and administrators see of a registry, as text. */
async function seen({ request, root }: ScratchRegistry, config: string | undefined, subject: string): Promise<string> {
  const texts: string[] = [];
  for (const path of ["_catalog", "app/tags/list", "team/tool/tags/list", "app/manifests/v1", "team/tool/manifests/latest", `app/referrers/${subject}`]) {
    const { status, headers, body } = await request("GET", `/v2/${path}`);
    texts.push(`${status} ${String(headers["docker-content-digest"])} ${body.toString()}`);
  }
  await using records = await openRecordsBeside(root, { lease: 0, records: config === undefined ? undefined : recordsOf(readConfigFile(config).metadata, config), report: (problem) => assert.fail(problem) });
  texts.push(JSON.stringify([await records.latestEvents({ limit: 1000 }), await records.secrets("robot")]));
  return texts.join("\n").replaceAll("\\u0000", "\ufffd"); // PostgreSQL has no NUL
}

test("a registry moves from a folder to PostgreSQL and a bucket and back: every record and byte, resumed, and nothing is served or overwritten by mistake", { skip: postgresMissing !== false ? postgresMissing : noS3 }, async (context) => {
  const [postgres, s3] = [await startPostgres(), await startS3Server(context)];
  const folder = mkdtempSync(join(tmpdir(), "sampan-migrate-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const [root, target, back] = ["root", "target", "back"].map((name) => join(folder, name)) as [string, string, string];
  const config = join(folder, "replicas.yaml");
  const { url } = await postgres.database();
  const storage = (prefix: string): object => ({ s3: { bucket: "caches", endpoint: `http://${s3.host}`, region: "eu-central-1", prefix, partSize: "5MiB" } });
  writeFileSync(config, JSON.stringify({ metadata: { postgres: { url } }, storage: storage("moved/") }));
  const migrate = (...words: readonly string[]) => runSampan(["registry", "migrate", ...words], { env: S3_LOGIN });

  const first = await scratchRegistry(context, { root });
  const subject = await first.pushImage("app", "v1", "one");
  await first.pushImage("team/tool", "latest", "two");
  await first.pushImage("app", "gone", "three");
  await first.request("DELETE", "/v2/app/manifests/gone");
  const large = await first.pushBlob("app", randomBytes(11_000_000), "sha512");
  const empty = described(await first.pushBlob("app", "{}"), 2, mediaType.ociEmpty);
  const size = (await first.request("GET", "/v2/app/manifests/v1")).body.length;
  const signature = imageManifest({ config: empty, layers: [described(large, 11_000_000)], artifactType: "a\0b", subject: described(subject.digest, size, mediaType.ociManifest) });
  assert.equal((await first.pushManifest("app", "signature", signature)).status, 201);
  assert.equal((await runSampan(["registry", "robot", "create", "ci", "--root", root])).status, 0);

  // Beside the running server: blobs only. What is not whole is neither served nor taken for a registry.
  const blobs = await migrate("--root", root, "--to-config", config, "--blobs-only", target);
  assert.deepEqual([blobs.status, blobs.stdout.split("\n")[0]], [0, "Copied 8 blobs (11MB). Each has its digest."], blobs.stderr);
  const served = await migrate("--root", root, "--to-config", config, target);
  assert.match(served.stderr, /a server runs on .*root; the blobs are copied, and the records are not\n.*--online/s);
  const early = await runSampan(["registry", "serve", "--listen", "127.0.0.1:0", "--root", target, "--config", config], { env: S3_LOGIN });
  assert.deepEqual([early.status, /is on its way to .*target, and is not whole/.test(early.stderr)], [1, true], early.stderr);
  const late = await first.pushImage("app", "late", "four");
  const before = await seen(first, undefined, subject.digest);
  await first.server.close();

  // A blob that is damaged ends it, by name; one whose bytes are back does not.
  const file = join(root, "blobs/sha256", late.layer.slice("sha256:".length));
  truncateSync(file, 1);
  const damaged = await migrate("--root", root, "--to-config", config, target);
  assert.deepEqual([damaged.status, damaged.stderr.includes(`1 blob of ${root} cannot be copied: ${late.layer} `)], [1, true], damaged.stderr);
  writeFileSync(file, "four");
  const moved = await migrate("--root", root, "--to-config", config, target);
  assert.equal(moved.status, 0, moved.stderr);
  assert.match(moved.stdout, /^Copied 1 blob \(4B\); 9 were there already\. Each has its digest\.\nCopied the records of 2 repositories: 4 tags, 5 manifests, 10 blobs, 1 robot or token, 0 tags in the trash, \d+ events\./);
  const again = await migrate("--root", root, "--to-config", config, target);
  assert.match(again.stderr, /cannot move a registry to .*target: it is a registry already/);
  const beside = await migrate("--root", root, "--to-config", config, join(folder, "other"));
  assert.match(beside.stderr, /cannot move a registry to .*other: (?:there are blobs in it already|its records are those of a registry already)/);

  const second = await scratchRegistry(context, { root: target, config, environment: S3_LOGIN });
  const there = ["--root", target, "--config", config];
  assert.equal(await seen(second, config, subject.digest), before);
  assert.equal((await second.request("GET", `/v2/app/blobs/${large}`)).body.length, 11_000_000);
  const backup = await runSampan(["registry", "backup", "--root", target, join(folder, "backup")]);
  assert.match(backup.stderr, /the records of .*target are in a PostgreSQL database, and its blobs in s3:\/\/caches\/moved\/.*\n.*migrate --online/s);

  // And back, beside the server: ids go on where they were.
  const returned = await migrate(...there, "--online", back);
  assert.equal(returned.status, 0, returned.stderr);
  assert.match(returned.stdout, /^Copied 10 blobs .*\n.*\n.*back can be served; .*target is as it was\.\n$/);
  await second.server.close();
  assert.match((await runSampan(["registry", "check", "--root", back])).stdout, /5 manifests, 10 blobs .*all is well/);
  const third = await scratchRegistry(context, { root: back });
  assert.equal(await seen(third, undefined, subject.digest), before);
  await third.pushImage("app", "new", "five");
  assert.deepEqual(readdirSync(back).sort(), ["blobs", "layout.json", "lock", "registry.db", "registry.db-shm", "registry.db-wal", "temporary"].sort());
});
