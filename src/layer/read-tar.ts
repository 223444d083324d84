import { fault } from "../std/fault.ts";
import type { LayerEntry } from "./entry.ts";
import { hasValidChecksum, parseNumber, parseTarHeader, untilZero, type Description } from "./parse-tar-header.ts";
import { parsePaxRecords } from "./pax-record.ts";
import { BLOCK, field, flag, paddingOf } from "./tar-header.ts";

/** Gets what {@link createTarReader} finds, in the order of the archive. */
export interface TarSink {
  /** The next entry; its content follows in {@link data} calls, `entry.size` bytes in all. */
  entry(entry: LayerEntry): void;
  /** A piece of content. It is a view of the bytes that were fed and valid only during the call. */
  data(chunk: Buffer): void;
  /** The content of the entry is complete. */
  end(): void;
}

export interface TarReader {
  /** Feeds the next bytes of the archive. @throws ARCHIVE_INVALID, and whatever the sink throws */
  write(chunk: Buffer): void;
  /** The archive has no more bytes. @throws ARCHIVE_INVALID if it stops within an entry */
  finish(): void;
  /** Passes over the content that is still to come: gives how many bytes the caller leaves out. */
  skip(): number;
  /** Whether the end mark has been read. */
  ended(): boolean;
}

/** A PAX header or long name is kept in memory, so it may not be larger; Go's reader has the same limit. */
const SPECIAL_LIMIT = 1024 * 1024;
/** Headers that describe an entry, in a row; honest archives have at most four (g, x, L, K). */
const DESCRIPTION_LIMIT = 64;

/**
 * A push parser for ustar, PAX, GNU and V7 archives. It reads what Go's archive/tar reads, since that is what
 * Docker's tools accept: base-256 numbers, GNU long names and links, `SCHILY.xattr.*`; global PAX headers are
 * passed over as containerd does; sparse files and other kinds are refused. Bytes behind the end mark are ignored.
 *
 * Paths come out without `.`, `..` and doubled slashes; names must be UTF-8 and not lead out of the root.
 * @param archive what messages call it, `layer sha256:…`
 * @param options.anyName for who only wants to know whether it is an archive: names may lead out of the root
 */
export function createTarReader(archive: string, sink: TarSink, { anyName = false } = {}): TarReader {
  const invalid = (problem: string, entry?: string): never => {
    throw fault("ARCHIVE_INVALID", { archive, problem, ...(entry ? { entry: entry.slice(0, 200) } : {}) });
  };
  /** An incomplete header block or special content that waits for its rest. */
  let pending = Buffer.alloc(0);
  let need = BLOCK;
  let state: "header" | "special" | "content" | "padding" | "ended" = "header";
  let special = 0;
  let contentLeft = 0;
  let paddingLeft = 0;
  let zeroBlock = false;
  let current = "";
  let about: Description = {};
  let descriptions = 0;

  const handleHeader = (block: Buffer): void => {
    if (isZero(block)) {
      if (zeroBlock) state = "ended";
      zeroBlock = true;
      return;
    }
    if (zeroBlock) invalid("a header follows a block of zeros");
    if (!hasValidChecksum(block)) invalid("a header has a wrong checksum; this is no tar archive, or it is damaged", current);
    const type = block[field.type[0]]!;
    if (type === flag.pax || type === flag.paxGlobal || type === flag.longName || type === flag.longLink) {
      const size = parseNumber(block, field.size);
      if (size === undefined || size < 0 || size > SPECIAL_LIMIT) return invalid(`a header of ${size ?? "unreadable"} bytes is larger than ${SPECIAL_LIMIT}`, current);
      descriptions += 1;
      if (descriptions > DESCRIPTION_LIMIT) invalid(`more than ${DESCRIPTION_LIMIT} headers describe one entry`, current);
      special = type;
      need = size;
      paddingLeft = paddingOf(size);
      state = "special";
      return;
    }
    const entry = parseTarHeader(block, about, invalid, anyName);
    about = {};
    descriptions = 0;
    current = entry.path;
    sink.entry(entry);
    contentLeft = entry.size;
    paddingLeft = paddingOf(entry.size);
    if (contentLeft > 0) state = "content";
    else sink.end();
  };

  const handleSpecial = (content: Buffer): void => {
    if (special === flag.pax) about.pax = parsePaxRecords(content) ?? invalid("a PAX header is malformed", current);
    else if (special === flag.paxGlobal) void (parsePaxRecords(content) ?? invalid("a global PAX header is malformed", current));
    else if (special === flag.longName) about.longName = untilZero(content);
    else about.longLink = untilZero(content);
    state = paddingLeft > 0 ? "padding" : "header";
    need = BLOCK;
  };

  const write = (chunk: Buffer): void => {
    let at = 0;
    for (;;) {
      if (state === "header" || state === "special") {
        const have = pending.length + chunk.length - at;
        if (have < need) {
          // The rest is copied, since the chunk's memory belongs to the caller.
          if (at < chunk.length) pending = Buffer.concat([pending, chunk.subarray(at)]);
          return;
        }
        let block: Buffer;
        if (pending.length > 0) {
          const more = need - pending.length;
          block = Buffer.concat([pending, chunk.subarray(at, at + more)]);
          pending = Buffer.alloc(0);
          at += more;
        } else {
          block = chunk.subarray(at, at + need);
          at += need;
        }
        if (state === "header") handleHeader(block);
        else handleSpecial(Buffer.from(block));
      } else if (state === "content") {
        if (at === chunk.length) return;
        const end = Math.min(chunk.length, at + contentLeft);
        sink.data(chunk.subarray(at, end));
        contentLeft -= end - at;
        at = end;
        if (contentLeft > 0) return;
        sink.end();
        state = paddingLeft > 0 ? "padding" : "header";
      } else if (state === "padding") {
        const skipped = Math.min(paddingLeft, chunk.length - at);
        paddingLeft -= skipped;
        at += skipped;
        if (paddingLeft > 0) return;
        state = "header";
      } else {
        return;
      }
    }
  };

  const finish = (): void => {
    if (state === "ended") return;
    if (state === "content" || state === "special" || descriptions > 0) invalid("it ends in the middle", current);
    if (state === "header" && pending.length > 0) invalid("it ends in the middle of a header; this is no tar archive, or it was cut short", current);
  };

  const skip = (): number => {
    if (state !== "content" && state !== "padding") return 0;
    if (state === "content") sink.end();
    const left = contentLeft + paddingLeft;
    contentLeft = paddingLeft = 0;
    state = "header";
    return left;
  };

  return { write, finish, skip, ended: () => state === "ended" };
}

function isZero(block: Buffer): boolean {
  return block[0] === 0 && block.equals(ZERO);
}

const ZERO = Buffer.alloc(BLOCK);
