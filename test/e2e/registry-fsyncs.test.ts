import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { findProgram } from "../support/find-program.ts";
import { startRegistryProcess } from "../support/registry-process.ts";
import { described, digestOf, imageManifest } from "../support/scratch-registry.ts";

const strace = findProgram("strace");
/** What an image of a config and one layer may cost. */
const MOST = 6;

test(`one push of a small image into a folder costs at most ${MOST} fsyncs, under a quota too`, { skip: strace === undefined ? "needs strace" : false, timeout: 120_000 }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-fsyncs-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "r.yaml"), 'quota: [{repositories: "team/**", bytes: 1MB, tags: 10}]\n');
  const server = await startRegistryProcess(context, join(folder, "root"), "--config", join(folder, "r.yaml"));
  const send = async (method: string, path: string, body: string): Promise<void> => {
    const type = path.includes("/manifests/") ? "application/vnd.oci.image.manifest.v1+json" : "application/octet-stream";
    const answer = await fetch(`http://${server.address}${path}`, { method, body, headers: { "content-type": type } });
    assert.equal(answer.status, 201, await answer.text());
  };
  const push = async (tag: string): Promise<void> => {
    const [config, layer] = [`{"about":"${tag}"}`, `the layer of ${tag}`];
    for (const blob of [config, layer]) await send("POST", `/v2/team/app/blobs/uploads/?digest=${digestOf(blob)}`, blob);
    const manifest = imageManifest({ config: { ...described(digestOf(config), config.length), mediaType: "application/vnd.oci.image.config.v1+json" }, layers: [described(digestOf(layer), layer.length)] });
    await send("PUT", `/v2/team/app/manifests/${tag}`, JSON.stringify(manifest));
  };
  await push("first"); // which makes folders, once

  const trace = join(folder, "trace");
  const tracer = spawn(strace!, ["-f", "-q", "-e", "trace=fsync,fdatasync,syncfs,sync_file_range", "-o", trace, "-p", String(server.pid)], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise<void>((resolve) => tracer.once("exit", () => resolve()));
  context.after(() => tracer.kill("SIGKILL"));
  const calls = (): number => (existsSync(trace) ? (readFileSync(trace, "utf8").match(/ (?:fsync|fdatasync|syncfs|sync_file_range)\(/g) ?? []).length : 0);
  // It is there when it sees what is pushed.
  for (let count = 0; calls() === 0; count += 1) {
    if (tracer.exitCode !== null) return context.skip("strace may not look at other processes here");
    assert.ok(count < 8, "strace sees no fsync of a push");
    await push(`warm${count}`);
    await wait(100 * 2 ** count); // a busy machine may take its time to attach it
  }
  await wait(250);
  const before = calls();
  await push("second");
  // The trace ends with the tracer, and is whole then.
  tracer.kill("SIGINT");
  await ended;
  const cost = calls() - before;
  assert.ok(cost > 0 && cost <= MOST, `${cost} fsyncs`);
});
