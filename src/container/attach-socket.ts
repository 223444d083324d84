import { closeSync, openSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { PassThrough } from "node:stream";
import { encodeFrame, frameReader } from "./attach-frames.ts";

const NAME = "attach";
/** Bytes that wait for somebody who is attached and does not read; who has more is let go, so that the container goes on. */
const PATIENCE = 4 * 1024 * 1024;

/** Lets other commands see what a container says, and say something to it. */
export interface AttachServer extends Disposable {
  show(stream: "stdout" | "stderr", data: Uint8Array): void;
  /** From now on what they say goes there; nowhere where it has no standard input of theirs. */
  begin(input: PassThrough | undefined): void;
  /** Gets what sets the size of the container's terminal. */
  setResize(resize: (columns: number, rows: number) => void): void;
  /** The container has ended, and that has been noted. */
  end(): void;
}

/** @param folder the container's */
export function serveAttach(folder: string): AttachServer {
  const clients = new Set<Socket>();
  let input: PassThrough | undefined;
  let resize: ((columns: number, rows: number) => void) | undefined;
  let size: readonly [number, number] | undefined;
  const hear = (client: Socket): void => {
    const read = frameReader((kind, data) => {
      if (kind === "size") {
        const [columns = 0, rows = 0] = data.toString("latin1").split(" ").map(Number);
        if (columns > 0 && rows > 0 && columns < 65_536 && rows < 65_536) resize?.(...(size = [columns, rows]));
      } else if (kind === "stdin" && input !== undefined && !input.destroyed && !input.write(data)) {
        client.pause();
        input.once("drain", () => client.resume());
      }
    });
    client.on("data", (chunk) => {
      try {
        read(chunk);
      } catch {
        client.destroy();
      }
    });
  };
  const server = createServer((client) => {
    clients.add(client);
    client.unref();
    client.on("error", () => undefined).on("close", () => clients.delete(client));
    hear(client);
  });
  rmSync(join(folder, NAME), { force: true });
  const place = shortPath(folder);
  server.on("error", () => undefined).listen(place.path, place.release);
  server.unref();
  return {
    show(stream, data) {
      if (clients.size === 0) return;
      const frame = encodeFrame(stream, data);
      for (const client of clients) if (!client.write(frame) && client.writableLength > PATIENCE) client.destroy();
    },
    begin(next) {
      input = next;
    },
    setResize(next) {
      resize = next;
      if (size) resize(...size);
    },
    end() {
      input = undefined;
      resize = undefined;
      for (const client of clients) client.end();
    },
    [Symbol.dispose]() {
      server.close();
      for (const client of clients) client.end();
      rmSync(join(folder, NAME), { force: true });
    },
  };
}

/** A connection to the supervisor of the container with that folder. @throws what connecting does: ENOENT, ECONNREFUSED */
export async function connectToContainer(folder: string): Promise<Socket> {
  const place = shortPath(folder);
  try {
    const socket = connect({ path: place.path });
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return socket;
  } finally {
    place.release();
  }
}

/** The path of a socket has room for about a hundred bytes, and a store may lie deep. */
function shortPath(folder: string): { readonly path: string; readonly release: () => void } {
  const fd = openSync(folder, "r");
  return { path: `/proc/self/fd/${fd}/${NAME}`, release: () => closeSync(fd) };
}
