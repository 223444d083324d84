import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { scratchRegistry } from "../../../../test/support/scratch-registry.ts";
import { isFault } from "../../../std/fault.ts";
import { lockRoot } from "../folder/root-lock.ts";
import { readLayout } from "../layout.ts";
import { migrateRegistry } from "./migrate-registry.ts";
import type { RegistryPlace } from "./open-migration-target.ts";

test("a server that starts on the source while its records are copied is seen, and the copy is no registry before the next call", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-migrate-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const [root, target] = [join(folder, "root"), join(folder, "target")];
  const registry = await scratchRegistry(context, { root });
  await registry.pushImage("app", "v1", "one");
  await registry.server.close();

  const [from, to] = [root, target].map((folder) => ({ root: folder, archive: join(folder, "audit") })) as [RegistryPlace, RegistryPlace];
  let blobs = 0;
  let started: (() => void) | undefined;
  const { signal } = new AbortController();
  // Asked for each blob before it is copied, and then for each page of records.
  signal.throwIfAborted = () => void (blobs === 2 && (started ??= lockRoot(root)));
  const options = { blobsOnly: false, online: false, copy: false, report: (problem: Error) => assert.fail(problem) };
  const broken = migrateRegistry(from, to, { ...options, signal, onBlob: () => void (blobs += 1) });
  await assert.rejects(broken, (error) => isFault(error, "SERVER_MIGRATION_SERVED"));
  assert.ok(started);
  assert.throws(() => readLayout(target), (error) => isFault(error, "SERVER_MIGRATION_UNFINISHED"));
  started();
  const { present, records } = await migrateRegistry(from, to, { ...options, onBlob: () => undefined });
  assert.deepEqual([present, records!["tags"], readLayout(target)?.version], [2, 1, 2]);
});
