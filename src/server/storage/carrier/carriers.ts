import { closeSync, writeSync } from "node:fs";
import { availableParallelism } from "node:os";
import { MessageChannel, type MessagePort, type Worker } from "node:worker_threads";
import { haveLibc } from "../../../linux/libc.ts";
import { createEvent, duplicate } from "../../../linux/socket-transfer.ts";
import { reviveError } from "../../../std/plain-error.ts";
import { startThread } from "../../../std/worker-pool.ts";
import type { OpenSocket } from "../blob-storage.ts";
import type { CarrierOrder, CarrierReport, CarrierStart, ReceiveOrder, SendOrder } from "./orders.ts";

/** Threads that receive: they hash, which is work for a core. Two take in more than a fast network brings, and each takes 15 MiB of memory. */
const MOST_RECEIVERS = 2;
/** Bodies from this size on wait for a thread that starts: several of them on the way through node:http fill the memory with its pieces. */
const WORTH_WAITING = 8 * 1024 * 1024;
/** A thread takes 15 MiB: one that has had nothing to do for so many milliseconds ends. Well above the time between asking for it and giving it an order. */
const IDLE = 10_000;
const RING = Buffer.from(BigUint64Array.of(1n).buffer);

type GivenHere = "id" | "socket" | "idle" | "forgotten";
type Order = Omit<ReceiveOrder, GivenHere> | Omit<SendOrder, GivenHere>;

/** How far an order came; `left` where the client did not carry on, or its connection was taken away. */
export type Carried = Pick<CarrierReport, "moved" | "left" | "digest">;

/** A thread that moves bytes between connections and files. */
export interface Carrier {
  /** Orders that it works on. */
  readonly busy: number;
  /** Whether the thread is gone, and all running hashes with it. */
  readonly ended: boolean;
  /** @throws Error of the disk */
  carry(socket: OpenSocket, order: Order): Promise<Carried>;
  /** Forgets the running hash of an upload. */
  forget(upload: string): void;
}

/**
 * Threads that move the bodies of large requests and answers past node:http: in its pieces of 64 KiB they cost more than their hashing,
 * and it cannot send from a file. They start when they are first needed.
 */
export interface Carriers extends AsyncDisposable {
  /** The receiver that has least to do; undefined while the first one starts, and the body is too short to wait for it. */
  receiver(length: number): Promise<Carrier | undefined>;
  sender(length: number): Promise<Carrier | undefined>;
}

/** Undefined where C functions cannot be called. */
export function openCarriers(): Carriers | undefined {
  if (!haveLibc()) return undefined;
  const receivers: ThreadCarrier[] = [];
  const senders: ThreadCarrier[] = [];
  const one = (carriers: ThreadCarrier[], most: number): ThreadCarrier | undefined => {
    const [free] = carriers.filter(({ ready }) => ready).sort((a, b) => a.busy - b.busy);
    if (free?.busy !== 0 && carriers.length < most && carriers.every(({ ready }) => ready)) {
      const carrier = new ThreadCarrier(() => {
        const place = carriers.indexOf(carrier);
        if (place >= 0) carriers.splice(place, 1);
      });
      carriers.push(carrier);
    }
    free?.stayAwake();
    return free;
  };
  const soon = async (carriers: ThreadCarrier[], most: number, length: number): Promise<Carrier | undefined> => {
    const free = one(carriers, most);
    if (free || length < WORTH_WAITING) return free;
    await Promise.race(carriers.map(({ started }) => started));
    return one(carriers, most);
  };
  const most = Math.max(1, Math.min(MOST_RECEIVERS, Math.floor(availableParallelism() / 2)));
  return {
    receiver: (length) => soon(receivers, most, length),
    sender: (length) => soon(senders, 1, length),
    async [Symbol.asyncDispose]() {
      await Promise.all([...receivers, ...senders].map((carrier) => carrier.close()));
    },
  };
}

class ThreadCarrier implements Carrier {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #bell = createEvent();
  readonly #orders = new Map<number, { end(report: CarrierReport): void; fail(error: Error): void }>();
  readonly #started = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  /** Uploads whose running hash it has. */
  readonly #uploads = new Set<string>();
  /** Those whose hash it has without need. It hears of them with the next order: nothing waits for that, and to wake the thread costs more. */
  #forgotten: string[] = [];
  #rest: NodeJS.Timeout | undefined;
  #last = 0;
  ready = false;
  ended = false;

  readonly #gone: () => void;

  /** `gone` is called when it takes no more orders, whatever the reason. */
  constructor(gone: () => void) {
    this.#gone = gone;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = startThread("server/storage/carrier/carry-bodies.ts", "carryBodies", { port: port2, bell: this.#bell } satisfies CarrierStart, [port2]);
    port1.on("message", (report: CarrierReport | "ready") => {
      if (report !== "ready") return this.#orders.get(report.id)?.end(report);
      this.ready = true;
      this.stayAwake();
      this.#started.resolve();
    }).unref();
    let problem = new Error("the thread that carries bodies ended early");
    this.#worker.on("error", (error: Error) => { problem = error; }).on("message", ({ kind, error }: { kind: string; error: never }) => {
      if (kind === "failed") problem = reviveError(error);
      void this.#worker.terminate();
    });
    this.#worker.once("exit", () => {
      this.ended = true;
      this.ready = false;
      clearTimeout(this.#rest);
      gone();
      for (const order of this.#orders.values()) order.fail(problem);
      port1.close();
      closeSync(this.#bell);
      this.#started.resolve();
      this.#ended.resolve();
    });
  }

  get started(): Promise<void> {
    return this.#started.promise;
  }

  get busy(): number {
    return this.#orders.size;
  }

  /** It is needed, or will be in a moment. */
  stayAwake(): void {
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      if (this.busy > 0 || this.#uploads.size > 0) return this.stayAwake();
      this.#gone();
      this.#tell({ kind: "close" });
      this.ended = true;
    }, IDLE).unref();
  }

  async carry({ fd, idle, signal }: OpenSocket, order: Order): Promise<Carried> {
    if (signal.aborted || fd < 0 || this.ended) return { moved: 0, left: true };
    if (order.kind === "receive") this.#uploads.add(order.upload);
    const id = (this.#last += 1);
    // What the number names must stay the same until the thread is done with it, also when the connection is closed meanwhile.
    const socket = duplicate(fd);
    const stop = (): void => this.#tell({ kind: "stop", id });
    try {
      signal.addEventListener("abort", stop);
      const report = await new Promise<CarrierReport>((end, fail) => {
        this.#orders.set(id, { end, fail });
        this.#tell({ ...order, id, socket, idle, forgotten: this.#forgotten });
        this.#forgotten = [];
      });
      if (report.error) throw reviveError(report.error);
      return report;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#orders.delete(id);
      if (!this.ended) this.stayAwake();
      closeSync(socket);
    }
  }

  forget(upload: string): void {
    if (this.#uploads.delete(upload)) this.#forgotten.push(upload);
  }

  async close(): Promise<void> {
    this.#tell({ kind: "close" });
    await this.#ended.promise;
  }

  #tell(order: CarrierOrder): void {
    if (this.ended) return; // the bell's number may be another file's
    this.#port.postMessage(order);
    if (this.#orders.size > 0) writeSync(this.#bell, RING);
  }
}
