import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { basic, guardedRegistry } from "../../../test/support/guarded-registry.ts";

const flooded = (context: TestContext) =>
  guardedRegistry(context, { users: { alice: "right" }, access: 'grants: [{who: anonymous, role: reader, repositories: "public/*-*-*-stable"}]\nloginLimit: {failures: 5, within: 1h}' });

test("guesses that come at once are counted as those that come one after the other", async (context) => {
  const { server } = await flooded(context);
  const statuses = await Promise.all(Array.from({ length: 40 }, async (_, index) => (await server.request("GET", "/auth/token", { headers: { authorization: basic("alice", `guess ${index}`) } })).status));
  assert.deepEqual([401, 429].map((status) => statuses.filter((each) => each === status).length), [5, 35]);
});

test("a client that sends one right login with many requests at once is let in with all of them", async (context) => {
  const { server } = await flooded(context);
  const headers = { authorization: basic("alice", "right") };
  const statuses = await Promise.all(Array.from({ length: 30 }, async () => (await server.request("GET", "/v2/", { headers })).status));
  assert.deepEqual([...new Set(statuses)], [200]);
});

test("names and scopes of any length take no time and no room", { timeout: 20_000 }, async (context) => {
  const { server } = await flooded(context);
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const long = new URLSearchParams({ grant_type: "password", username: "x".repeat(60_000), password: "p" }).toString();
  const statuses = [];
  for (let index = 0; index < 7; index += 1) statuses.push((await server.request("POST", "/auth/token", { headers: form, body: long })).status);
  assert.deepEqual([...new Set(statuses)], [401], "never counted");
  const answered = server.request("GET", `/auth/token?scope=repository:public/${"a-".repeat(6000)}!:pull`);
  await wait(20);
  assert.equal((await server.request("GET", "/v2/")).status, 401);
  assert.deepEqual([(await answered).status, ((await answered).json() as { scope: string }).scope], [200, ""]);
});
