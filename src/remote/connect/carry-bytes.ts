import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import type { Socket } from "node:net";
import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { SessionBytesSchema } from "../api/control_pb.ts";
import { frameHead, readFrames, varint, writePieces } from "./grpc-frames.ts";

/** The field of a message that carries the bytes of a connection. */
const DATA = 0x0a;

/**
 * Carries a connection inside of the messages of a stream, in both directions, until the other side ends it. Everything that a
 * build needs goes this way, so that nothing is copied here.
 * @throws ConnectError
 */
export async function carryBytes(stream: ClientHttp2Stream, socket: Socket): Promise<void> {
  let ending: IncomingHttpHeaders = {};
  const note = (headers: IncomingHttpHeaders): void => {
    if (headers["grpc-status"] !== undefined) ending = headers;
  };
  stream.on("response", note).on("trailers", note);stream.on("response", note).on("trailers", note);
  socket.once("close", () => stream.close());
  const sending = send(socket, stream);
  sending.catch(() => undefined);
  try {
    for await (const message of readFrames(stream)) await writePieces(socket, [dataOf(message)]);
    if (!socket.destroyed) checkEnding(ending);
    socket.end();
  } catch (error) {
    const ours = socket.destroyed;
    socket.destroy();
    stream.close();
    if (!ours) throw error instanceof ConnectError ? error : new ConnectError((error as Error).message, Code.Unavailable, undefined, undefined, error);
  }
}

async function send(socket: Socket, stream: ClientHttp2Stream): Promise<void> {
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) await writePieces(stream, [frameHead([], DATA, chunk.length), chunk]);
  } finally {
    stream.end();
  }
}

/** @returns a part of the message, where it is written as it always is */
function dataOf(message: Buffer): Uint8Array {
  const width = message.length < 2 || message[0] !== DATA ? 0 : message.subarray(1).findIndex((byte) => byte < 128) + 1;
  const data = message.subarray(1 + width);
  return width > 0 && width < 6 && varint(data.length).every((byte, index) => message[1 + index] === byte) ? data : fromBinary(SessionBytesSchema, message).data;
}

function checkEnding({ "grpc-status": status, "grpc-message": message }: IncomingHttpHeaders): void {
  if (status === "0") return;
  throw status === undefined ? new ConnectError("the connection ended", Code.Canceled) : new ConnectError(decodeURIComponent(String(message ?? "")), Number(status) as Code);
}
