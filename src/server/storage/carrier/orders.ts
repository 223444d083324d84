import type { MessagePort } from "node:worker_threads";
import type { PlainError } from "../../../std/plain-error.ts";
import type { DigestAlgorithm } from "../blob-storage.ts";

/** What a carrier's thread starts with. */
export interface CarrierStart {
  readonly port: MessagePort;
  /** A descriptor (eventfd) that becomes readable when there is an order. */
  readonly bell: number;
}

interface Carrying {
  readonly id: number;
  /** Descriptors stay the main thread's, which closes them after the end was told. */
  readonly socket: number;
  readonly file: number;
  readonly position: number;
  readonly length: number;
  /** Milliseconds in which some byte has to move. */
  readonly idle: number;
  /** Uploads that have ended since the order before. */
  readonly forgotten: readonly string[];
}

/** Bytes from a socket into a file, hashed on their way. */
export interface ReceiveOrder extends Carrying {
  readonly kind: "receive";
  /** Bytes before those of the socket, which were read already; they count in `length`. */
  readonly first: Uint8Array;
  /** The upload whose running hash goes on. */
  readonly upload: string;
  readonly algorithm: DigestAlgorithm;
}

/** Bytes of a file over a socket. */
export interface SendOrder extends Carrying {
  readonly kind: "send";
}

export type CarrierOrder =
  | ReceiveOrder
  | SendOrder
  | { readonly kind: "stop"; readonly id: number }
  | { readonly kind: "close" };

/** How an order ended. All of its bytes were moved where there is neither `left` nor `error`. */
export interface CarrierReport {
  readonly id: number;
  /** Bytes that were moved. */
  readonly moved: number;
  /** The client left, stood still for too long, or the order was stopped. */
  readonly left?: true;
  /** What the disk said. */
  readonly error?: PlainError;
  /** Hex digest of the upload so far. */
  readonly digest?: string;
}
