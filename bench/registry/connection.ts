import { connect, type Socket } from "node:net";

export interface Reply {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
}

/**
 * One HTTP/1.1 connection that sends one request after the other and throws bodies away: far less work for the measuring
 * side than a full client, so that the server is what is measured.
 */
export class Connection {
  readonly #host: string;
  readonly #lines: string;
  #socket: Socket;
  #head: Buffer = Buffer.alloc(0);
  #reply: Reply | undefined;
  #left = 0;
  #hasBody = true;
  #resolve: ((reply: Reply) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;

  /** `lines` are header lines of every request, each with its CRLF. */
  constructor(host: string, lines = "") {
    this.#host = host;
    this.#lines = lines;
    this.#socket = this.#open();
  }

  /** `lines` are further header lines, each with its CRLF. Rejects when the status is not `expected`. */
  async send(method: string, path: string, options: { expected: number; lines?: string; body?: Uint8Array }): Promise<Reply> {
    const { body } = options;
    const head = `${method} ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n${this.#lines}${options.lines ?? ""}${body || method === "POST" || method === "PATCH" ? `Content-Length: ${body?.length ?? 0}\r\n` : ""}\r\n`;
    const reply = await new Promise<Reply>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#hasBody = method !== "HEAD";
      if (this.#socket.destroyed) this.#socket = this.#open();
      this.#socket.write(head);
      if (body) this.#socket.write(body);
    });
    if (reply.status !== options.expected) throw new Error(`${method} ${path}: ${reply.head}`);
    return reply;
  }

  close(): void {
    this.#socket.destroy();
  }

  #open(): Socket {
    const separator = this.#host.lastIndexOf(":");
    const socket = connect(Number(this.#host.slice(separator + 1)), this.#host.slice(0, separator));
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#read(chunk)).on("error", (error) => this.#reject?.(error));
    return socket;
  }

  #read(chunk: Buffer): void {
    let rest = chunk;
    if (!this.#reply) {
      this.#head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
      const end = this.#head.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = this.#head.toString("latin1", 0, end);
      rest = this.#head.subarray(end + 4);
      this.#head = Buffer.alloc(0);
      this.#reply = { status: Number(head.slice(9, 12)), head };
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
      this.#left = this.#hasBody ? Number(length ?? (/\r\ntransfer-encoding: *chunked/i.test(head) ? Number.POSITIVE_INFINITY : 0)) : 0;
    }
    this.#left -= rest.length;
    const ended = this.#left <= 0 || (this.#left === Number.POSITIVE_INFINITY && rest.subarray(-5).equals(LAST_CHUNK));
    if (!ended) return;
    const reply = this.#reply;
    this.#reply = undefined;
    if (/\r\nconnection: *close/i.test(reply.head)) this.#socket.destroy();
    this.#resolve?.(reply);
  }
}

const LAST_CHUNK = Buffer.from("0\r\n\r\n");
