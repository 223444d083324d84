import type { Agent, IncomingMessage } from "node:http";
import type { OnReadOpts, Socket } from "node:net";

/** Bytes of the blocks that connections read into. */
const BLOCK = 1024 * 1024;
/** Less room than this is not worth a read. */
const SMALLEST = 64 * 1024;
/** Bytes that wait for their reader before the connection is told to wait. */
const WAITING = 4 * BLOCK;

/** Where the bytes of a connection go once its answer is a long body; until then node:http gets them. */
const bodies = new WeakMap<Socket, BulkBody>();

/**
 * Lets the connections of an agent read into large blocks of memory. Taken from node:http, a long body comes in pieces of
 * 64 KiB with a buffer and a handful of events each, which together take longer than hashing them. One connection serves
 * one answer, as node:http does not see the end of a body that {@link BulkBody} takes.
 */
export function withBulkSockets<Made extends Agent>(agent: Made): Made {
  const connect = agent.createConnection;
  agent.createConnection = (options, callback) => {
    const blocks = new Blocks((bytes) => {
      const body = bodies.get(socket as Socket);
      if (body) return body.take(bytes);
      (socket as Socket).emit("data", Buffer.from(bytes));
      return true;
    });
    const socket = connect.call(agent, Object.assign({}, options, { onread: blocks }), callback);
    return socket;
  };
  return agent;
}

/** The memory that a connection reads into: behind what was read, until a block is full. */
class Blocks implements OnReadOpts {
  readonly callback: OnReadOpts["callback"];
  #room = Buffer.alloc(0);

  constructor(take: (bytes: Buffer) => boolean) {
    this.callback = (count) => {
      const bytes = this.#room.subarray(0, count);
      this.#room = this.#room.subarray(count);
      return take(bytes);
    };
  }

  readonly buffer = (): Buffer => {
    if (this.#room.length < SMALLEST) this.#room = Buffer.allocUnsafeSlow(BLOCK);
    return this.#room;
  };
}

/** The body of an answer whose length is known, in pieces whose memory is the reader's. */
export class BulkBody {
  readonly #answer: IncomingMessage;
  readonly #length: number;
  readonly #socket: Socket;
  #pieces: Buffer[] = [];
  #waiting = 0;
  #taken = 0;
  #error: Error | undefined;
  #heard = (): void => undefined;

  /** Has to be called as the answer's headers come, before anything else is read from its connection. */
  static of(answer: IncomingMessage): BulkBody | undefined {
    const length = answer.headers["content-length"];
    if (length === undefined || answer.headers["transfer-encoding"] !== undefined || (answer.statusCode !== 200 && answer.statusCode !== 206)) return undefined;
    return new BulkBody(answer, Number(length));
  }

  private constructor(answer: IncomingMessage, length: number) {
    this.#answer = answer;
    this.#length = length;
    this.#socket = answer.socket;
    bodies.set(answer.socket, this);
    answer.on("error", (error) => this.#fail(error));
    answer.once("close", () => this.#fail(Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" })));
  }

  /** Whether it is the reader that is waited for. */
  get held(): boolean {
    return this.#waiting >= WAITING;
  }

  /** @returns whether there may be more */
  take(bytes: Buffer): boolean {
    const last = this.#pieces.at(-1);
    const together = last !== undefined && last.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset;
    if (together) this.#pieces[this.#pieces.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + bytes.length);
    else this.#pieces.push(bytes);
    this.#waiting += bytes.length;
    this.#heard();
    return !this.held;
  }

  /** What the connection or who gave the request up says is thrown behind what came before. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    try {
      // What came with the headers has gone through node:http, which stops the connection when that is a lot.
      const first = this.#answer.read() as Buffer | null;
      this.#goOn();
      if (first) yield* this.#within(first);
      while (this.#taken < this.#length) {
        const piece = this.#pieces.shift();
        if (piece) {
          const wasHeld = this.held;
          this.#waiting -= piece.length;
          if (wasHeld && !this.held) this.#goOn();
          yield* this.#within(piece);
        } else {
          if (this.#error) throw this.#error;
          await new Promise<void>((resolve) => { this.#heard = resolve; });
        }
      }
    } finally {
      this.#answer.destroy();
    }
  }

  /** Lets the connection read again; the time that its silence was ours does not count. */
  #goOn(): void {
    this.#socket.setTimeout(this.#socket.timeout ?? 0);
    this.#socket.resume();
  }

  *#within(piece: Buffer): Generator<Buffer, void, undefined> {
    const wanted = piece.subarray(0, this.#length - this.#taken);
    this.#taken += wanted.length;
    if (wanted.length > 0) yield wanted;
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#heard();
  }
}
