import assert from "node:assert/strict";
import { test } from "node:test";
import { withUserInfo } from "./ask-user-info.ts";

const wanted = ["preferred_username", "groups"];
const told = { sub: "1", preferred_username: "carol", groups: ["core"], extra: 1 };

test("claims that the token lacks are asked for, and count only for the same subject", async () => {
  const asked: string[] = [];
  const ask = async (token: string) => (asked.push(token), told);
  assert.deepEqual(await withUserInfo({ payload: { sub: "1", preferred_username: "dave" }, accessToken: "a", wanted }, ask), { ...told, preferred_username: "dave" });
  assert.deepEqual(await withUserInfo({ payload: { sub: "2" }, accessToken: "b", wanted }, ask), { sub: "2" });
  assert.deepEqual(asked, ["a", "b"]);
});

test("nobody is asked where the token says it all, where there is no access token, and a refusal leaves it as it is", async () => {
  const never = async () => assert.fail("asked");
  const all = { sub: "1", preferred_username: "carol", groups: [] };
  assert.equal(await withUserInfo({ payload: all, accessToken: "a", wanted }, never), all);
  assert.deepEqual(await withUserInfo({ payload: { sub: "1" }, accessToken: undefined, wanted }, never), { sub: "1" });
  assert.deepEqual(await withUserInfo({ payload: { sub: "1" }, accessToken: "a", wanted }, async () => undefined), { sub: "1" });
});
