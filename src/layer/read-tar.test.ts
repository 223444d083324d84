import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { tarOf } from "../../test/support/tar-of.ts";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { isFault } from "../std/fault.ts";
import type { LayerEntry } from "./entry.ts";
import { cleanPath } from "./parse-tar-header.ts";
import { formatPaxRecord } from "./pax-record.ts";
import { createTarReader } from "./read-tar.ts";
import { BLOCK, field, flag, headerChecksum, paddingOf } from "./tar-header.ts";
import { encodeTarHeader, TAR_END } from "./write-tar.ts";

type Read = LayerEntry & { content: string };

/** What an archive holds, fed in pieces of a size. */
function read(archive: Buffer, piece = archive.length): Read[] {
  const entries: Read[] = [];
  const chunks: Buffer[] = [];
  const reader = createTarReader("test.tar", {
    entry: (entry) => void entries.push({ ...entry, content: "" }),
    data: (chunk) => void chunks.push(Buffer.from(chunk)),
    end: () => void (entries.at(-1)!.content = Buffer.concat(chunks.splice(0)).toString("latin1")),
  });
  for (let at = 0; at < archive.length; at += Math.max(piece, 1)) reader.write(archive.subarray(at, at + piece));
  reader.finish();
  return entries;
}

/** A header block with some bytes changed, its checksum made right again. */
function patched(block: Buffer, changes: readonly (readonly [at: number, bytes: Buffer | string])[]): Buffer {
  const copy = Buffer.from(block);
  for (const [at, bytes] of changes) copy.set(Buffer.from(bytes as string), at);
  copy.write(`${headerChecksum(copy).toString(8).padStart(6, "0")}\0 `, field.checksum[0], "latin1");
  return copy;
}

const plain: LayerEntry = { path: "f", type: "file", mode: 0o644, uid: 0, gid: 0, size: 0, mtime: { seconds: 0, nanoseconds: 0 } };

/** A header of one of the kinds that describe the next entry. */
function special(type: number, content: Buffer): Buffer {
  const block = patched(encodeTarHeader({ ...plain, path: "special", size: content.length }), [[field.type[0], Buffer.from([type])]]);
  return Buffer.concat([block, content, Buffer.alloc(paddingOf(content.length))]);
}

const problemOf = (archive: Buffer): string => {
  try {
    read(archive);
  } catch (error) {
    assert.ok(isFault(error, "ARCHIVE_INVALID"), String(error));
    return error.message;
  }
  return assert.fail("it was read");
};

test("every entry that the writer writes is read as it was, whatever the size of the pieces", () => {
  const name = fc.stringMatching(/^[^\0/.][^\0/]{0,120}$/u).filter((text) => text.isWellFormed());
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  const number = fc.oneof(fc.nat(0o7777777), fc.integer({ min: 0, max: 0xfffffffe }));
  const entry = fc.record({
    path,
    type: fc.constantFrom("file" as const, "directory" as const, "symlink" as const, "fifo" as const),
    mode: fc.nat(0o7777),
    uid: number,
    gid: number,
    mtime: fc.record({ seconds: fc.integer({ min: -(2 ** 33), max: 2 ** 36 }), nanoseconds: fc.constant(0) }, { noNullPrototype: true }),
    capability: fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 }), { nil: undefined }),
    content: fc.string({ maxLength: 2000 }),
    target: path,
  }, { noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 6 }), fc.integer({ min: 1, max: 3000 }), (entries, piece) => {
      const written = entries.map(({ content, target, capability, ...rest }) => ({
        ...rest,
        ...(capability ? { capability } : {}),
        ...(rest.type === "symlink" ? { linkTarget: target } : {}),
        ...(rest.type === "file" ? { content } : {}),
      }));
      const got = read(tarOf(written), piece);
      assert.deepEqual(
        got.map((one) => ({ ...one, capability: one.capability && [...one.capability] })),
        written.map((one) => ({
          ...one,
          size: Buffer.byteLength(one.content ?? ""),
          content: Buffer.from(one.content ?? "").toString("latin1"),
          capability: one.capability && [...one.capability],
        })),
      );
    }),
    { numRuns: 60 },
  );
});

test("no bytes make the reader do anything but read or refuse them", () => {
  const good = tarOf([{ path: "a/b", content: "hello" }, { path: "x".repeat(150), content: "y" }]);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }), fc.nat(good.length), (changes, length) => {
      const bytes = Buffer.from(good.subarray(0, length));
      for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
      try {
        read(bytes, 700);
      } catch (error) {
        assert.ok(isFault(error, "ARCHIVE_INVALID"), String(error));
      }
    }),
  );
});

for (const format of ["v7", "ustar", "gnu", "posix"] as const) {
  test(`GNU tar's ${format} archives are read`, (context) => {
    const folder = temporaryFolder(context);
    mkdirSync(join(folder, "dir"));
    const long = format === "v7" || format === "ustar" ? "n".repeat(90) : "n".repeat(200);
    writeFileSync(join(folder, "dir", long), "content");
    linkSync(join(folder, "dir", long), join(folder, "hard"));
    symlinkSync(`dir/${long}`, join(folder, "soft"));
    execFileSync("tar", ["--sort=name", `--format=${format}`, "--owner=5", "--group=7", "--mtime=@1600000000", "-cf", join(folder, "a.tar"), "-C", folder, "dir", "hard", "soft"]);
    const entries = read(execFileSync("cat", [join(folder, "a.tar")]), 999);
    assert.deepEqual(
      entries.map(({ path, type, uid, gid, mtime, linkTarget, content }) => ({ path, type, uid, gid, time: mtime.seconds, linkTarget, content })),
      [
        { path: "dir", type: "directory", uid: 5, gid: 7, time: 1_600_000_000, linkTarget: undefined, content: "" },
        { path: `dir/${long}`, type: "file", uid: 5, gid: 7, time: 1_600_000_000, linkTarget: undefined, content: "content" },
        { path: "hard", type: "hardlink", uid: 5, gid: 7, time: 1_600_000_000, linkTarget: `dir/${long}`, content: "" },
        { path: "soft", type: "symlink", uid: 5, gid: 7, time: 1_600_000_000, linkTarget: `dir/${long}`, content: "" },
      ],
    );
  });
}

test("python's tarfile writes PAX numbers, times and xattrs that are read, bytes included", () => {
  const script = `
import tarfile, io, sys
out = io.BytesIO()
with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "global", "uid": "99"}) as tar:
    info = tarfile.TarInfo("dé/x")
    info.uid = 3000000; info.gid = 4000000; info.mtime = 1600000000.25; info.size = 3
    info.pax_headers = {"SCHILY.xattr.user.a": "b"}
    tar.addfile(info, io.BytesIO(b"abc"))
sys.stdout.buffer.write(out.getvalue())`;
  const [entry] = read(execFileSync("python3", ["-c", script]));
  assert.deepEqual({ ...entry, xattrs: [...entry!.xattrs!].map(([name, value]) => [name, String(value)]) }, {
    path: "dé/x", type: "file", mode: 0o644, uid: 3_000_000, gid: 4_000_000, size: 3, content: "abc",
    mtime: { seconds: 1_600_000_000, nanoseconds: 250_000_000 }, xattrs: [["user.a", "b"]],
  });
});

test("numbers in base 256 are read, negative ones too", () => {
  const base = (value: bigint, length: number): Buffer => {
    const bytes = Buffer.alloc(length);
    let rest = BigInt.asUintN(length * 8, value);
    for (let at = length - 1; at >= 0; at -= 1, rest >>= 8n) bytes[at] = Number(rest & 0xffn);
    bytes[0]! |= 0x80;
    return bytes;
  };
  const block = patched(encodeTarHeader(plain), [[field.uid[0], base(3_000_000n, 8)], [field.mtime[0], base(-5n, 12)]]);
  const [entry] = read(Buffer.concat([block, TAR_END]));
  assert.deepEqual([entry!.uid, entry!.mtime.seconds], [3_000_000, -5]);
});

test("the values of xattrs are bytes, not text", () => {
  const value = Buffer.from([0xff, 0x00, 0x0a, 0x3d, 0xc3]);
  const [entry] = read(Buffer.concat([special(flag.pax, formatPaxRecord("SCHILY.xattr.security.capability", value)), encodeTarHeader(plain), TAR_END]));
  assert.deepEqual([...entry!.capability!], [...value]);
});

test("paths come without leading slashes, dots and dot-dots, and never climb above the root", () => {
  for (const [written, path] of [
    ["a/b", "a/b"], ["./a", "a"], ["/a//b/", "a/b"], ["../../etc/passwd", "etc/passwd"], ["a/../../b", "b"], ["a/./b/..", "a"],
    [".", ""], ["./", ""], ["/", ""], ["..", ""], [".a/..b/...", ".a/..b/..."], ["a/.wh.b", "a/.wh.b"],
  ] as const) assert.equal(cleanPath(written), path, written);
});

test("an archive may end without its end mark, and what follows the mark is ignored", () => {
  const whole = tarOf([{ path: "a", content: "1" }]);
  const unmarked = whole.subarray(0, whole.length - TAR_END.length);
  assert.equal(read(unmarked).length, 1);
  assert.equal(read(Buffer.concat([unmarked, Buffer.alloc(BLOCK)])).length, 1);
  assert.equal(read(Buffer.concat([whole, Buffer.from("garbage")])).length, 1);
  assert.equal(read(Buffer.alloc(0)).length, 0);
});

test("an archive that stops within an entry is refused, and the fault names the entry", () => {
  const archive = tarOf([{ path: "dir/cut", content: "x".repeat(3000) }]);
  assert.match(problemOf(archive.subarray(0, 2000)), /"dir\/cut": it ends in the middle/);
  assert.match(problemOf(archive.subarray(0, 300)), /middle of a header/);
  assert.match(problemOf(Buffer.concat([special(flag.longName, Buffer.from("name\0"))])), /it ends in the middle/);
});

test("what is no tar archive, and a damaged header, are refused", () => {
  assert.match(problemOf(Buffer.from("this is a text\n".repeat(100))), /wrong checksum/);
  const archive = tarOf([{ path: "a" }, { path: "b" }]);
  archive[BLOCK + 3]! ^= 1;
  assert.match(problemOf(archive), /"a": a header has a wrong checksum/);
  assert.match(problemOf(Buffer.concat([Buffer.alloc(BLOCK), tarOf([{ path: "a" }])])), /follows a block of zeros/);
});

test("floods of headers, huge headers and long names are refused", () => {
  const record = formatPaxRecord("comment", Buffer.from("x"));
  assert.match(problemOf(Buffer.concat(Array.from({ length: 70 }, () => special(flag.pax, record)))), /more than 64 headers/);
  const huge = patched(encodeTarHeader({ ...plain, size: 2 * 1024 * 1024 }), [[field.type[0], Buffer.from([flag.pax])]]);
  assert.match(problemOf(Buffer.concat([huge, TAR_END])), /larger than 1048576/);
  const long = special(flag.longName, Buffer.from("n".repeat(5000)));
  assert.match(problemOf(Buffer.concat([long, encodeTarHeader(plain), TAR_END])), /longer than 4096 bytes/);
});

test("what an entry cannot be is refused with its name", () => {
  const one = (block: Buffer): string => problemOf(Buffer.concat([block, TAR_END]));
  assert.match(one(patched(encodeTarHeader(plain), [[field.type[0], "S"]])), /"f": unhandled tar header type 83/);
  assert.match(one(patched(encodeTarHeader(plain), [[field.name[0], Buffer.from([0xff, 0xfe])]])), /not valid UTF-8/);
  assert.match(one(patched(encodeTarHeader(plain), [[field.uid[0], "12x4567\0"]])), /a number in its header is malformed/);
  assert.match(one(patched(encodeTarHeader(plain), [[field.size[0], Buffer.from("ff".repeat(12), "hex")]])), /its size is negative/);
  assert.match(one(Buffer.concat([special(flag.pax, formatPaxRecord("size", Buffer.from("1x"))), encodeTarHeader(plain)])), /PAX record size is no number/);
  assert.match(one(Buffer.concat([special(flag.pax, Buffer.from("8 path=a\n")), encodeTarHeader(plain)])), /a PAX header is malformed/);
  assert.match(one(Buffer.concat([special(flag.pax, formatPaxRecord("GNU.sparse.major", Buffer.from("1"))), encodeTarHeader(plain)])), /sparse/);
});
