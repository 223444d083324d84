import { sendJson, type Exchange } from "../exchange.ts";

/** end-1: whether this is a registry, and later whether the client may enter. */
export async function ping(exchange: Exchange): Promise<void> {
  sendJson(exchange, {});
}
