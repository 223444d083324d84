import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import type { OnReadOpts, Socket } from "node:net";
import { readAhead } from "../../std/read-ahead.ts";
import { SpareMemory } from "../../std/spare-memory.ts";

/** Bytes of the blocks that connections read into: few enough for a processor to have one of them at hand, which another thread works on. */
const BLOCK = 1024 * 1024;
/** Less room than this is not worth a read. */
const SMALLEST = 64 * 1024;
/** Bytes that are read at once before it is known that they are of a long body: what comes with the headers is copied twice. */
const HEADERS = 16 * 1024;
/** Bytes that are worth waking their reader for: each piece is handed to other threads and back, which takes some 0.2 ms. */
const WORTH_WAKING = 768 * 1024;
/** Bytes that are so for a reader that has waited for so many milliseconds: what has come should be kept and shown. */
const [ENOUGH_AFTER_LONG, LONG] = [384 * 1024, 50];
/** Bytes that wait for their reader before the connection is told to wait. */
const WAITING = 4 * 1024 * 1024;

/** Of connections that lend what they read. */
const spare = new SpareMemory(BLOCK, 16);

/** What a connection reads into, and where its bytes go once its answer is a long body; until then node:http gets them. */
const connections = new WeakMap<Socket, Connection>();

interface Connection {
  readonly blocks: Blocks;
  body?: BulkBody;
}

/**
 * Lets the connections of an agent read into large blocks of memory. Taken from node:http, a long body comes in pieces of
 * 64 KiB with a buffer and a handful of events each, which together take longer than hashing them.
 */
export function withBulkSockets<Made extends Agent>(agent: Made): Made {
  const connect = agent.createConnection;
  agent.createConnection = (options, callback) => {
    const blocks = new Blocks((block, count) => {
      if (connection.body) return connection.body.take(block, count);
      // Nobody has asked: it is more than an earlier answer announced.
      if (socket.listenerCount("data") === 0) {
        socket.destroy();
        return false;
      }
      socket.emit("data", Buffer.from(block.memory.subarray(block.read, (block.read += count))));
      return true;
    }, () => connection.body?.isComing === true);
    const connection: Connection = { blocks };
    const socket = connect.call(agent, Object.assign({}, options, { onread: blocks }), callback) as Socket;
    connections.set(socket, connection);
    return socket;
  };
  return agent;
}

/** Memory, how far a connection has filled it and how far that was read. */
interface Block {
  readonly memory: Buffer;
  filled: number;
  read: number;
  /** Somebody may be using what an earlier answer left in it: it is not used again. */
  pinned?: boolean;
}

/** The memory that a connection reads into: behind what was read, until a block is full. */
class Blocks implements OnReadOpts {
  readonly callback: OnReadOpts["callback"];
  readonly #isBodyComing: () => boolean;
  filling: Block | undefined;

  constructor(take: (block: Block, count: number) => boolean, isBodyComing: () => boolean) {
    this.#isBodyComing = isBodyComing;
    this.callback = (count) => {
      const block = this.filling!;
      block.filled += count;
      return take(block, count);
    };
  }

  /** Node asks for it right after each read, so that a block which is not the one to fill gets nothing any more. */
  readonly buffer = (): Buffer => {
    if (!this.filling || this.filling.memory.length - this.filling.filled < SMALLEST) {
      this.filling = { memory: spare.take(), filled: 0, read: 0 };
    }
    const { memory, filled } = this.filling;
    return memory.subarray(filled, this.#isBodyComing() ? memory.length : filled + HEADERS);
  };
}

/** The body of an answer whose length is known, to be read once: as it is, in pieces whose memory is the reader's, or lent. */
export class BulkBody {
  readonly #request: ClientRequest;
  readonly #answer: IncomingMessage;
  readonly #length: number;
  readonly #socket: Socket;
  readonly #memory: Blocks;
  /** Blocks with bytes for the reader, and the one that he has got last. */
  readonly #blocks: Block[] = [];
  /** Whether the connection is for other answers. */
  #left = false;
  /** What the reader got before that, of which it may still be using a piece. */
  #lent: Block | undefined;
  #waiting = 0;
  #taken = 0;
  #error: Error | undefined;
  #heard = (): void => undefined;
  #waitingSince = 0;

  /** Has to be called as the answer's headers come, before anything else is read from its connection. */
  static of(request: ClientRequest, answer: IncomingMessage): BulkBody | undefined {
    const length = answer.headers["content-length"];
    if (length === undefined || answer.headers["transfer-encoding"] !== undefined || (answer.statusCode !== 200 && answer.statusCode !== 206)) return undefined;
    return new BulkBody(request, answer, Number(length));
  }

  private constructor(request: ClientRequest, answer: IncomingMessage, length: number) {
    this.#request = request;
    this.#answer = answer;
    this.#length = length;
    this.#socket = answer.socket;
    const connection = connections.get(answer.socket)!;
    this.#memory = connection.blocks;
    connection.body = this;
    answer.on("error", (error) => this.#fail(error));
    answer.once("close", () => this.#fail(Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" })));
  }

  /** Whether it is the reader that is waited for. */
  get held(): boolean {
    return this.#waiting >= WAITING;
  }

  /** Whether there is more of it that has not come. */
  get isComing(): boolean {
    return this.#taken + this.#waiting < this.#length;
  }

  /** @returns whether there may be more */
  take(block: Block, count: number): boolean {
    if (this.#blocks.at(-1) !== block) this.#blocks.push(block);
    this.#waiting += count;
    if (this.#waiting >= WORTH_WAKING || this.#taken + this.#waiting >= this.#length || (this.#waiting >= ENOUGH_AFTER_LONG && performance.now() - this.#waitingSince >= LONG)) this.#heard();
    return !this.held;
  }

  [Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    return this.#pieces(false);
  }

  /** Pieces that are valid until the one after the next is asked for, so that one can be written while the next one comes. */
  lent(): AsyncGenerator<Buffer, void, undefined> {
    return this.#pieces(true);
  }

  /** What the connection or who gave the request up says is thrown behind what came before. */
  async *#pieces(lent: boolean): AsyncGenerator<Buffer, void, undefined> {
    try {
      // What came with the headers has gone through node:http, which stops the connection when that is a lot.
      const first = readAhead(this.#answer);
      // All of it came with the headers: node:http gives the connection to others now, however long the reader takes with it.
      if (this.#answer.complete) this.#leave();
      this.#goOn();
      if (first.length > 0) yield* this.#within(first);
      while (this.#taken < this.#length) {
        const block = this.#nextBlock(lent);
        if (block) {
          const piece = block.memory.subarray(block.read, block.filled);
          block.read = block.filled;
          const wasHeld = this.held;
          this.#waiting -= piece.length;
          if (wasHeld && !this.held) this.#goOn();
          yield* this.#within(piece);
        } else {
          if (this.#error) throw this.#error;
          this.#waitingSince = performance.now();
          await new Promise<void>((resolve) => { this.#heard = resolve; });
        }
      }
      // The last piece may be in use for ever so long, as the pieces of a reader that leaves early may.
      if (lent && this.#lent) giveBack(this.#lent);
      this.#lent = undefined;
    } finally {
      if (!this.#keepConnection()) this.#answer.destroy();
    }
  }

  /** What the connection reads from here on is none of this body. */
  #leave(): void {
    this.#left = true;
    delete connections.get(this.#socket)!.body;
  }

  /**
   * Lets the connection serve another request. node:http has not seen the end of the body, and is told of it.
   * @returns false where there is something else than the whole body, or the connection is to be closed
   */
  #keepConnection(): boolean {
    if (this.#left) return true;
    if (this.#taken !== this.#length || this.#waiting > 0 || this.#error || !this.#request.shouldKeepAlive || this.#socket.destroyed) return false;
    this.#leave();
    for (const block of [...this.#blocks, this.#memory.filling]) if (block) block.pinned = true;
    let free = false;
    const socket = this.#socket.once("free", () => { free = true; });
    if (!this.#answer.complete) {
      this.#answer.complete = true;
      // It gives its parser back when there is data behind the end.
      socket.emit("data", Buffer.alloc(0));
      this.#answer.push(null);
    }
    this.#answer.resume();
    // Where it does not take that for the end, the connection is of no use.
    setImmediate(() => void (free || socket.destroy()));
    return true;
  }

  /** The oldest block with bytes that were not read. */
  #nextBlock(lent: boolean): Block | undefined {
    for (let block = this.#blocks[0]; block; block = this.#blocks[0]) {
      if (block.read < block.filled) return block;
      if (block === this.#memory.filling) return undefined;
      this.#blocks.shift();
      if (!lent) continue;
      if (this.#lent) giveBack(this.#lent);
      this.#lent = block;
    }
    return undefined;
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

function giveBack({ memory, pinned }: Block): void {
  if (!pinned) spare.give(memory);
}
