import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { sha256 } from "../oci/digest.ts";
import { isFault } from "../std/fault.ts";
import { tarOf, type TarMember } from "../../test/support/tar-of.ts";
import { rewriteTimes } from "./rewrite-times.ts";

const at = (seconds: number, nanoseconds = 0) => ({ mtime: { seconds, nanoseconds } });

async function rewritten(context: TestContext, members: readonly TarMember[], epoch: number, damage: (blob: Buffer) => Buffer = (blob) => blob): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "rewrite-times-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const tar = tarOf(members);
  const [blob, output] = [join(folder, "blob"), join(folder, "output")];
  writeFileSync(blob, damage(gzipSync(tar)));
  const made = await rewriteTimes({ blob, from: "gzip", diffId: sha256(tar), epoch, codec: "none", output });
  const bytes = readFileSync(output);
  assert.deepEqual(made, { diffId: sha256(bytes), digest: sha256(bytes), size: bytes.length });
  return bytes;
}

test("later times become the epoch, earlier ones stay, and everything else stays as it is", async (context) => {
  const members = (time: (seconds: number) => object): TarMember[] => [
    { path: "d", type: "directory", mode: 0o1755, ...time(2000) },
    { path: `d/${"long".repeat(60)}`, content: "x".repeat(70_000), uid: 3_000_000, ...time(3000) },
    { path: "d/old", content: "old", ...time(999) },
    { path: "d/same", ...time(1000) },
    { path: "d/link", type: "symlink", linkTarget: "ä", ...time(5_000_000_000_000) },
    { path: "d/hard", type: "hardlink", linkTarget: "d/old", ...time(999) },
    { path: "d/capable", content: "c", capability: Buffer.from([1, 0, 255]), xattrs: new Map([["user.bytes", Buffer.from([0, 10, 61])]]), ...time(1001) },
    { path: "d/.wh.gone", mode: 0, ...time(0) },
    { path: "d/null", type: "character", major: 1, minor: 3, ...time(4000) },
  ];
  assert.deepEqual(await rewritten(context, members(at), 1000), tarOf(members((seconds) => at(Math.min(seconds, 1000)))));
  assert.deepEqual(await rewritten(context, members(at), -5), tarOf(members(() => at(-5))), "before 1970, too");
});

test("a layer that is not what it should be is refused, and one that is damaged", async (context) => {
  await assert.rejects(rewritten(context, [{ path: "a", content: "a" }], 0, () => gzipSync(tarOf([{ path: "b", content: "b" }]))), (error) => isFault(error, "LAYER_DIFF_ID"));
  await assert.rejects(rewritten(context, [{ path: "a", content: "a" }], 0, (blob) => blob.subarray(0, 40)), (error) => isFault(error, "ARCHIVE_DAMAGED"));
});
