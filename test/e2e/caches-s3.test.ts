import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { cacheMachines, steps } from "../support/cache-machines.ts";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { needs } from "../support/foreign.ts";
import { noS3, S3_LOGIN, startS3Server } from "../support/s3-server.ts";

const skip = noBusybox || needs() || noS3;
const CACHED = { "COPY src": "CACHED", "RUN cat": "CACHED", "COPY --from=builder": "CACHED", "RUN wc": "CACHED" };

test("a cache in S3 serves a cold machine, and is whole again after losses", { skip }, async (context) => {
  const { machine, host } = await cacheMachines(context);
  const s3 = await startS3Server(context);
  const proxy = await startCountingProxy(context, s3.host);
  const place = `type=s3,bucket=caches,region=eu-central-1,endpoint_url=http://${proxy.host},prefix=team/`;
  const env = S3_LOGIN;
  await machine("first").build(["-t", "app:1", "--cache-to", `${place},mode=max,name=main;extra`], { env });
  assert.deepEqual(readdirSync(join(s3.folder, "team/manifests")).sort(), ["extra", "main"]);
  assert.deepEqual(steps(await machine("second").build(["-t", `${host}/app:1`, "--push", "--cache-from", `${place},name=extra`], { env })), CACHED);
  assert.match((await machine("second").sampan(["run", "--rm", `${host}/app:1`])).stdout, /\/app\/out/);

  const blobs = readdirSync(join(s3.folder, "team/blobs")).map((name) => join(s3.folder, "team/blobs", name));
  for (const blob of blobs) utimesSync(blob, 1, 1);
  proxy.release();
  await machine("first").build(["-t", "app:1", "--cache-to", `${place},mode=max,name=other`], { env });
  const touched = proxy.requests.filter(({ method, headers, status }) => method === "PUT" && headers["x-amz-copy-source"] !== undefined && status === 200);
  assert.equal(touched.length, blobs.length, "old blobs that are used again are made young");

  // Objects that a bucket has dropped, or that are something else now: the builder's layer, and that of the last step.
  const large = blobs.map((blob) => ({ blob, bytes: readFileSync(blob) })).filter(({ bytes }) => bytes.length > 90_000).sort((a, b) => b.bytes.length - a.bytes.length);
  rmSync(large[0]!.blob);
  writeFileSync(large[1]!.blob, Buffer.alloc(large[1]!.bytes.length, 7));
  const repaired = await machine("third").build(["-t", "app:1", "--cache-from", `${place},name=main`, "--cache-to", `${place},mode=max,name=repaired`], { env });
  assert.match(repaired, /RUN wc .* cannot be had from the cache s3:\/\/caches\/team\/manifests\/main/);
  assert.match(repaired, /is left out of s3:\/\/caches\/team\/manifests\/repaired/);
  assert.match((await machine("third").sampan(["run", "--rm", "app:1"])).stdout, /\/app\/out/);
  assert.deepEqual(steps(await machine("fourth").build(["-t", `${host}/app:2`, "--push", "--cache-from", `${place},name=repaired`], { env })), CACHED);
});

test("what is wrong with S3 is a warning for who reads and an error for who writes, without a key in it", { skip }, async (context) => {
  const { machine, project } = await cacheMachines(context);
  const s3 = await startS3Server(context);
  const place = `type=s3,bucket=caches,region=eu-central-1,endpoint_url=http://${s3.host}`;
  const one = machine("first");
  const missing = await one.build(["-t", "app:1", "--cache-from", place], { env: S3_LOGIN });
  assert.match(missing, /s3:\/\/caches\/manifests\/sampan is not used: .*404 NoSuchKey/);
  const build = (more: string, env: Record<string, string>) => one.sampan(["build", "--progress", "plain", "-t", "app:1", "--cache-to", `${place}${more}`, project], { env });
  const denied = await build(",access_key_id=tester,secret_access_key=wrong-secret", {});
  assert.equal(denied.status, 1);
  assert.match(denied.stderr, /the cache could not be written to s3:\/\/caches\/manifests\/sampan: .*was answered with 403/);
  assert.ok(!denied.stderr.includes("wrong-secret"));
  const ignored = await build(",ignore-error=true", { AWS_ACCESS_KEY_ID: "nobody", AWS_SECRET_ACCESS_KEY: "x" });
  assert.equal(ignored.status, 0, ignored.stderr);
  assert.match(ignored.stderr, /could not be written/);
  const without = await build("", { HOME: join(dirname(project), "no-home"), AWS_SHARED_CREDENTIALS_FILE: "/nonexistent" });
  assert.equal(without.status, 1);
  assert.match(without.stderr, /no access key for s3:\/\/caches/);
});
