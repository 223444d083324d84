import { createHash, randomBytes, randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { digestAlgorithm, type Digest } from "../../../oci/digest.ts";
import { beginMultipart, copyPart, MOST_PARTS, putPart, type MultipartUpload } from "../../../s3/multipart.ts";
import type { S3Session } from "../../../s3/s3-session.ts";
import { RegistryError } from "../../terms/registry-error.ts";
import type { Upload } from "../blob-storage.ts";
import type { ObjectRecords, UploadChange, UploadPiece, UploadRecord } from "../object-records.ts";
import { endMultipart, gatherPieces } from "./gather-pieces.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import { never, putObject, readObject } from "./object-store.ts";
import type { RunningHash, RunningHashes } from "./running-hashes.ts";
import { readChunks, UploadTail, type Held } from "./upload-tail.ts";

/** How long a request waits for one that still works on the same upload, and the pause between two looks; in milliseconds. */
const PATIENCE = 1000;
const LOOK = 40;
/** A server that was killed has an upload to itself for so long, in milliseconds. */
const LEASE = 15_000;
/** Parts that are on their way to the service at once. */
const IN_FLIGHT = 2;
/** Objects that chunks smaller than a part may be kept in, before they are made one. */
const MOST_OBJECTS = 32;

export interface S3UploadParts {
  readonly session: S3Session;
  readonly records: ObjectRecords;
  readonly budget: MemoryBudget;
  /** In front of the names of objects. */
  readonly prefix: string;
  readonly hashes: RunningHashes;
  /** Objects were condemned. */
  readonly reap: () => void;
  readonly placed: (digest: Digest) => void;
}

interface Sending {
  readonly piece: Omit<UploadPiece, "name">;
  readonly chunks: readonly Uint8Array[];
  readonly name: Promise<string>;
}

/**
 * An upload whose state is in the records and whose bytes are in the bucket whenever no request works on it, so that any
 * server can go on with it. Full parts go to an object that is written in parts; the rest is gathered in memory, and kept as an object of its own
 * when a request ends. The object that is whole in the end is the blob: nothing is copied, and its name says nothing of its digest.
 */
export class S3Upload implements Upload {
  readonly id: string;
  readonly repository: string;
  ended: boolean;
  readonly #parts: S3UploadParts;
  #record: UploadRecord;
  #worker = "";
  /** Bytes behind all pieces and what is being sent. */
  readonly #tail: UploadTail;
  /** Parts on their way, in order. */
  #sending: Sending[] = [];
  #over = false;

  constructor(record: UploadRecord, parts: S3UploadParts) {
    this.id = record.id;
    this.repository = record.repository;
    this.ended = record.ended;
    this.#record = record;
    this.#parts = parts;
    this.#tail = new UploadTail(parts.budget);
  }

  get size(): number {
    return this.#sentSize + this.#tail.size;
  }

  async exclusively(task: () => Promise<void>): Promise<"done" | "busy" | "gone"> {
    const worker = randomUUID();
    const claim = (): ReturnType<ObjectRecords["claimUpload"]> => this.#parts.records.claimUpload(this.id, { worker, lease: LEASE });
    let claimed = await claim();
    for (const deadline = Date.now() + PATIENCE; claimed === "busy" && Date.now() < deadline; claimed = await claim()) await wait(LOOK, undefined, { ref: false });
    if (typeof claimed === "string") return claimed;
    [this.#record, this.#worker, this.ended] = [claimed, worker, claimed.ended];
    const prolonging = setInterval(() => void claim().catch(() => undefined), LEASE / 3);
    prolonging.unref();
    try {
      await task();
      await this.#keepTail();
      return "done";
    } catch (error) {
      await this.#keepTail().catch(() => undefined); // what cannot be kept is sent again
      throw error;
    } finally {
      clearInterval(prolonging);
      this.#tail.forget();
      if (!this.#over) this.#hash(); // forgets one that is ahead of what could be kept
      if (!this.#over) await this.#parts.records.releaseUpload(this.id, worker, this.ended);
    }
  }

  async append(source: AsyncIterable<Uint8Array>, limit = Number.POSITIVE_INFINITY): Promise<boolean> {
    if (this.size >= this.#partEnd) throw new RegistryError("BLOB_UPLOAD_INVALID", "the upload was closed already: finish or cancel it");
    const end = this.size + limit;
    const hash = this.#hash();
    for await (const chunk of source) {
      if (this.size + chunk.length > end) return false;
      for (let rest = chunk; rest.length > 0; ) {
        const part = rest.subarray(0, this.#partEnd - this.size);
        if (!this.#tail.add(part)) {
          await this.#keepTail();
          if (!this.#tail.add(part)) throw new Error("a piece of a request is larger than every upload may hold");
        }
        hash?.hash.update(part);
        if (hash) hash.size += part.length;
        if (this.size === this.#partEnd) await this.#sendPart();
        rest = rest.subarray(part.length);
      }
    }
    return true;
  }

  async read(start: number, into: Uint8Array): Promise<number> {
    for (const { piece, chunks } of this.#sending) {
      const count = readChunks(chunks, piece.start, start, into);
      if (count > 0) return count;
    }
    return readChunks(this.#tail.chunks, this.#sentSize, start, into); // what is in the bucket can be read when it is a blob
  }

  async verify(digest: Digest): Promise<boolean> {
    const algorithm = digestAlgorithm(digest);
    const known = this.#hash();
    if (known?.algorithm === algorithm) return `${algorithm}:${known.hash.copy().digest("hex")}` === digest;
    const hash = createHash(algorithm);
    const { size } = this;
    const bytes = size === 0 ? [] : await readObject(this.#parts.session, await this.#wholeObject(), { start: 0, end: size - 1, whole: size });
    if (!bytes) throw new Error("the bytes of an upload are gone");
    for await (const chunk of bytes) hash.update(chunk);
    return `${algorithm}:${hash.digest("hex")}` === digest;
  }

  async store(digest: Digest): Promise<void> {
    const object = await this.#wholeObject();
    this.#over = true;
    if (!(await this.#parts.records.endUpload(this.id, { worker: this.#worker, digest, object }))) throw new Error("an upload was taken over while it was stored");
    this.#parts.hashes.forget(this.id);
    this.#parts.placed(digest);
    this.#parts.reap();
  }

  async cancel(): Promise<void> {
    this.#over = true;
    this.#parts.hashes.forget(this.id);
    await Promise.allSettled(this.#sending.map(({ name }) => name)); // an end before that of a part would leave the part
    this.#tail.forget();
    if (await this.#parts.records.endUpload(this.id)) this.#parts.reap();
  }

  /** Bytes that are in the bucket and in the records. */
  get #keptSize(): number {
    const last = this.#record.pieces.at(-1);
    return last ? last.start + last.size : 0;
  }

  get #sentSize(): number {
    const last = this.#sending.at(-1)?.piece;
    return last ? last.start + last.size : this.#keptSize;
  }

  /** Where the part begins that the next byte belongs to, or the last one did; parts have one size each, as some services demand. */
  get #partStart(): number {
    const last = this.#sending.at(-1)?.piece ?? this.#record.pieces.findLast(({ kind }) => kind === "part");
    return last ? last.start + last.size : 0;
  }

  get #partEnd(): number {
    return this.#partStart + this.#record.partSize;
  }

  /** Smaller than a part together; behind the last one. */
  get #looseObjects(): readonly UploadPiece[] {
    return this.#record.pieces.filter(({ kind }) => kind === "object");
  }

  /** Begins to send the part that is full. */
  async #sendPart(): Promise<void> {
    const start = this.#partStart;
    const number = this.#numberOf(start);
    const multipart = await this.#multipart();
    const loose = this.#looseObjects;
    const size = this.#record.partSize;
    const held = await this.#takeBehind(loose);
    const name = this.#send(held, (chunks) => putPart(this.#parts.session, multipart, number, chunks, never));
    name.catch(() => undefined); // seen when its turn comes
    this.#sending.push({ piece: { start, size, kind: "part" }, chunks: loose.length > 0 ? [] : held.chunks, name });
    // The records are in order: what replaces objects has to be there before anything comes behind it.
    while (this.#sending.length > (loose.length > 0 ? 0 : IN_FLIGHT)) await this.#awaitPart();
  }

  /** Notes the oldest part that is on its way. */
  async #awaitPart(): Promise<void> {
    const { piece, name } = this.#sending[0]!;
    try {
      await this.#note({ piece: { ...piece, name: await name } });
      this.#sending.shift();
    } catch (error) {
      // What comes behind a gap is worth nothing.
      await Promise.allSettled(this.#sending.map((each) => each.name));
      this.#sending = [];
      this.#tail.forget();
      throw error;
    }
  }

  /** Puts everything that is in memory into the bucket and the records. */
  async #keepTail(): Promise<void> {
    if (this.#over) return;
    while (this.#sending.length > 0) await this.#awaitPart();
    if (this.#tail.size === 0) return;
    const loose = this.#looseObjects;
    await this.#putTail(loose.length >= MOST_OBJECTS ? loose : []);
  }

  /** Makes what is in memory, behind these objects, one object. */
  async #putTail(behind: readonly UploadPiece[]): Promise<UploadPiece> {
    const start = behind[0]?.start ?? this.#keptSize;
    const size = this.size - start;
    const name = this.#newName();
    await this.#send(await this.#takeBehind(behind), (chunks) => putObject(this.#parts.session, name, chunks));
    const piece = { start, size, kind: "object", name } as const;
    await this.#note({ piece });
    return piece;
  }

  /** What is in memory, behind the bytes of these objects. */
  #takeBehind(objects: readonly UploadPiece[]): Promise<Held> {
    return gatherPieces(this.#parts.session, objects, { tail: this.#tail, budget: this.#parts.budget, putTail: () => this.#putTail([]) });
  }

  async #send<Result>({ chunks, counted }: Held, send: (chunks: readonly Uint8Array[]) => Promise<Result>): Promise<Result> {
    try {
      return await send(chunks);
    } finally {
      this.#parts.budget.giveBack(counted);
    }
  }

  /** Makes all bytes one object. @returns its name */
  async #wholeObject(): Promise<string> {
    while (this.#sending.length > 0) await this.#awaitPart();
    const { size } = this;
    const loose = this.#looseObjects;
    const single = loose.length === 1 && this.#tail.size === 0 ? loose[0] : undefined;
    if (loose.length === this.#record.pieces.length) return (single ?? (await this.#putTail(loose))).name;
    const multipart = await this.#multipart();
    const start = this.#partStart;
    if (start < size) {
      const { session } = this.#parts;
      const number = this.#numberOf(start);
      const name = single
        ? await copyPart(session, multipart, number, single.name, never)
        : await this.#send(await this.#takeBehind(loose), (chunks) => putPart(session, multipart, number, chunks, never));
      await this.#note({ piece: { start, size: size - start, kind: "part", name } });
    }
    await endMultipart(this.#parts.session, multipart, { parts: this.#record.pieces, size });
    await this.#note({ piece: { start: 0, size, kind: "object", name: multipart.key } });
    return multipart.key;
  }

  async #multipart(): Promise<MultipartUpload> {
    const known = this.#record.multipart;
    if (known) return { key: known.object, uploadId: known.id };
    const begun = await beginMultipart(this.#parts.session, this.#newName(), never);
    await this.#note({ multipart: { object: begun.key, id: begun.uploadId } });
    return begun;
  }

  /** In the records first, then here. */
  async #note(change: UploadChange): Promise<void> {
    if (!(await this.#parts.records.changeUpload(this.id, this.#worker, change))) throw new RegistryError("BLOB_UPLOAD_UNKNOWN", "the upload has ended, or another server has taken it over");
    const { multipart = this.#record.multipart, piece } = change;
    const pieces = piece ? [...this.#record.pieces.filter(({ start }) => start < piece.start), piece] : this.#record.pieces;
    this.#record = { ...this.#record, multipart, pieces };
  }

  #numberOf(start: number): number {
    const { partSize } = this.#record;
    const number = start / partSize + 1;
    if (number > MOST_PARTS) throw new RegistryError("SIZE_INVALID", `a blob may have ${MOST_PARTS * partSize} bytes here`, { status: 413 });
    return number;
  }

  #hash(): RunningHash | undefined {
    return this.#parts.hashes.of(this.id, this.size, this.#record.algorithm);
  }

  #newName(): string {
    return `${this.#parts.prefix}${this.id}/${randomBytes(6).toString("hex")}`;
  }
}
