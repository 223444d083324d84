import assert from "node:assert/strict";
import { test } from "node:test";
import type { PostgresContext } from "./context.ts";
import { transferPart } from "./transfer.ts";

test("a connection that is lost before there is a snapshot is given back: its pool waits for all of them at the end", async () => {
  const released: boolean[] = [];
  const client = { query: async () => { throw new Error("Connection terminated unexpectedly"); }, release: (broken: boolean) => void released.push(broken) };
  const context = { database: { place: "a database", session: async () => client } } as unknown as PostgresContext;
  await assert.rejects(transferPart(context, async () => undefined).snapshot());
  assert.deepEqual(released, [true]);
});
