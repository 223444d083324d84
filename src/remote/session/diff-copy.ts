import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Writable } from "node:stream";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { PacketSchema, type Packet } from "../api/filesync_pb.ts";
import { frame, frameHead, readFrames, varint, writePieces } from "../connect/grpc-frames.ts";

/** Numbers of fields with the kinds of their values. */
const [TYPE, ID, DATA] = [0x08, 0x18, 0x22];

/** Answers a call whose messages are packets in both directions; the content of files goes out without being copied. */
export async function serveDiffCopy(request: Http2ServerRequest, response: Http2ServerResponse, send: (requests: AsyncIterable<Packet>) => AsyncIterable<Packet>): Promise<void> {
  for (const side of [request, response]) side.on("error", () => undefined);
  response.writeHead(200, { "content-type": "application/grpc" });
  try {
    for await (const packet of send(packetsOf(request))) await writePieces(response as unknown as Writable, framePacket(packet));
    response.addTrailers({ "grpc-status": "0" });
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error, Code.Internal);
    response.addTrailers({ "grpc-status": String(code), "grpc-message": encodeURIComponent(rawMessage) });
  }
  response.end();
}

async function* packetsOf(request: Http2ServerRequest): AsyncGenerator<Packet> {
  // Whoever has heard enough ends reading only: answers are still to come.
  for await (const message of readFrames(request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>)) yield fromBinary(PacketSchema, message);
}

function framePacket(packet: Packet): Uint8Array[] {
  const { type, id, data } = packet;
  if (data.length === 0) return [frame(toBinary(PacketSchema, packet))];
  return [frameHead([TYPE, ...varint(type), ID, ...varint(id)], DATA, data.length), data];
}
