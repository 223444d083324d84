import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { sha256 } from "../../oci/digest.ts";
import { WriteAction, type WriteContentRequest } from "../api/content_pb.ts";
import { writeBlob } from "./write-blob.ts";

const [STAT, WRITE, COMMIT] = [WriteAction.STAT, WriteAction.WRITE, WriteAction.COMMIT];
const BYTES = Buffer.from("layer");
const DIGEST = sha256(BYTES);

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "write-blob-"));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return join(path, "cache");
}

async function write(layout: string | undefined, ...requests: Partial<WriteContentRequest>[]): Promise<{ action: WriteAction; offset: bigint; digest: string }[]> {
  const whole = requests.map((request) => ({ action: WRITE, ref: "r", total: 0n, expected: "", offset: 0n, data: new Uint8Array(), ...request }) as WriteContentRequest);
  const answers = [];
  for await (const { action, offset, digest } of writeBlob(layout, (async function* () { yield* whole; })())) answers.push({ action, offset, digest });
  return answers;
}

const refused = (pending: Promise<unknown>, code: Code): Promise<void> => assert.rejects(pending, (error) => error instanceof ConnectError && error.code === code);

test("a blob that comes in pieces has its name when it is committed", async (context) => {
  const layout = folder(context);
  assert.deepEqual(await write(layout, { action: STAT, expected: DIGEST, total: 5n }, { data: BYTES.subarray(0, 2) }, { action: STAT }, { data: BYTES.subarray(2), offset: 2n }, { action: COMMIT }), [
    { action: STAT, offset: 0n, digest: "" }, { action: WRITE, offset: 2n, digest: "" }, { action: STAT, offset: 2n, digest: "" }, { action: WRITE, offset: 5n, digest: "" }, { action: COMMIT, offset: 5n, digest: DIGEST },
  ]);
  assert.deepEqual(readFileSync(join(layout, "blobs", DIGEST.replace(":", "/"))), BYTES);
  assert.deepEqual(readdirSync(layout), ["blobs"]);
  await refused(write(layout, { action: STAT, expected: DIGEST, total: 5n }), Code.AlreadyExists);
  // One that was cut off is written again.
  writeFileSync(join(layout, "blobs", DIGEST.replace(":", "/")), "la");
  await write(layout, { action: STAT, expected: DIGEST, total: 5n }, { action: COMMIT, data: BYTES });
  assert.deepEqual(readFileSync(join(layout, "blobs", DIGEST.replace(":", "/"))), BYTES);
});

test("what is not what it was said to be, comes out of order or is not committed leaves nothing", async (context) => {
  const layout = folder(context);
  mkdirSync(layout);
  for (const expected of [sha256("other"), "../../../etc/passwd", "sha256:../x"]) await refused(write(layout, { action: STAT, expected }, { data: BYTES }, { action: COMMIT }), Code.FailedPrecondition);
  await refused(write(layout, { data: BYTES }, { action: COMMIT, total: 6n }), Code.FailedPrecondition);
  await refused(write(layout, { data: BYTES, offset: 3n }), Code.OutOfRange);
  await write(layout, { data: BYTES });
  await refused(write(undefined, { action: STAT }), Code.NotFound);
  assert.deepEqual(readdirSync(layout), []);
});

test("what is committed is not written on", async (context) => {
  const layout = folder(context);
  await refused(write(layout, { data: BYTES }, { action: COMMIT, expected: DIGEST }, { data: BYTES, offset: 5n }), Code.FailedPrecondition);
  assert.deepEqual(readFileSync(join(layout, "blobs", DIGEST.replace(":", "/"))), BYTES);
});
