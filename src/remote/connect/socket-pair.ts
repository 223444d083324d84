import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Two ends of one connection inside of this process. Node's HTTP/2 runs over any stream, but falls over when one that
 * is not the kernel's is closed while it writes.
 */
export async function socketPair(): Promise<[Socket, Socket]> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-pair-"));
  const server = createServer();
  try {
    const path = join(folder, "socket");
    server.listen(path);
    await once(server, "listening");
    const near = connect(path);
    const [[far]] = (await Promise.all([once(server, "connection"), once(near, "connect")])) as [[Socket], unknown];
    return [near, far];
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
