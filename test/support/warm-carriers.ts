import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { Digest } from "../../src/oci/digest.ts";
import { digestOf, type ScratchRegistry } from "./scratch-registry.ts";

/**
 * Pushes a blob and asks for it, so that its bytes go past node:http both ways: the threads start with the first large ones.
 * @param content 12 MiB at least, which no buffer of the kernel takes whole
 */
export async function warmCarriers(registry: ScratchRegistry, content: Uint8Array): Promise<Digest> {
  const digest = digestOf(content);
  // Without this header the answer says "close" anyway.
  const { status, headers } = await registry.request("POST", `/v2/app/blobs/uploads/?digest=${digest}`, { body: content, headers: { Connection: "keep-alive" } });
  assert.equal(status, 201);
  assert.equal(headers.connection, "close", "the first one has waited for the thread that receives");
  await retry("the thread that sends", async () => {
    const deaf = connect(registry.port, "127.0.0.1").on("error", () => undefined).pause();
    const before = carriedConnections();
    deaf.write(`GET /v2/app/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`);
    for (let round = 0; round < 20 && carriedConnections() === before; round += 1) await wait(10);
    const carried = carriedConnections() > before;
    deaf.destroy();
    return carried;
  });
  for (let round = 0; round < 500 && carriedConnections() > 0; round += 1) await wait(10);
  return digest;
}

/** Connections of this process whose bytes go past node:http just now: they have a second descriptor. */
export function carriedConnections(): number {
  const sockets = readdirSync("/proc/self/fd").filter((fd) => Number(fd) > 2).map(targetOf).filter((target) => target.startsWith("socket:"));
  return sockets.length - new Set(sockets).size;
}

/** What a descriptor of this process names. */
export function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return ""; // closed meanwhile
  }
}

async function retry(what: string, attempt: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < 100; round += 1) {
    if (await attempt()) return;
    await wait(20);
  }
  assert.fail(`${what} did not start`);
}
