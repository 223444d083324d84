import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Digest } from "../../src/oci/digest.ts";
import { openStore, type Store } from "../../src/store/open-store.ts";

/** A folder that is removed after the test. */
export function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "sampan-test-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An empty store that is closed and removed after the test. */
export async function temporaryStore(context: TestContext): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-test-"));
  const store = await openStore(join(folder, "store"));
  context.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return store;
}

/** The smallest config of an image with these layers, bottom first. */
export function configBytes(diffIds: readonly Digest[], extra: object = {}): Uint8Array {
  return Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: diffIds }, ...extra }));
}

/** Bytes as a stream in two chunks. */
export async function* streamOf(bytes: Uint8Array | string): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.from(bytes);
  const middle = Math.floor(buffer.length / 2);
  yield buffer.subarray(0, middle);
  yield buffer.subarray(middle);
}
