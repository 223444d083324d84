import { randomBytes } from "node:crypto";
import { carryBytes } from "../connect/carry-bytes.ts";
import { socketPair } from "../connect/socket-pair.ts";
import type { Worker } from "../connect/worker.ts";
import { serveSession, sessionMethods } from "./serve-session.ts";
import type { SessionServices } from "./services.ts";

export interface OpenSession extends Disposable {
  readonly id: string;
  /** Rejects when the worker ends the session before its time. */
  readonly broken: Promise<never>;
}

/** Opens a session, by which a worker asks this side for what a build needs. @param sharedKey by it the worker knows the files that it has of these folders */
export async function openSession(worker: Worker, services: SessionServices, { id, sharedKey, signal }: { id: string; sharedKey: string; signal: AbortSignal }): Promise<OpenSession> {
  const [inside, outside] = await socketPair();
  for (const end of [inside, outside]) end.on("error", () => undefined);
  const headers = {
    "x-docker-expose-session-uuid": id, "x-docker-expose-session-sharedkey": encodeURIComponent(sharedKey), "x-docker-expose-session-name": "sampan",
    "x-docker-expose-session-grpc-method": sessionMethods,
  };
  const stream = await worker.openStream(headers, signal);
  stream.on("error", () => undefined);
  const carrying = carryBytes(stream, outside);
  const broken = new Promise<never>((_resolve, reject) => carrying.catch(reject));
  broken.catch(() => undefined);
  serveSession(inside, services);
  return { id, broken, [Symbol.dispose]: () => {
    inside.destroy();
    outside.destroy();
  } };
}

/** Ids are 25 letters and digits, as a worker makes its own. */
export function newId(): string {
  return BigInt(`0x${randomBytes(17).toString("hex")}`).toString(36).padStart(25, "0").slice(0, 25);
}
