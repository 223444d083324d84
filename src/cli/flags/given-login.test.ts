import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { processIo, type Io } from "../io.ts";
import { givenLogin } from "./given-login.ts";

const call = { io: { ...processIo(), stdin: { isTTY: false } } as unknown as Io, signal: new AbortController().signal };

test("a login is split at its first colon and belongs to the host that is named", async () => {
  assert.deepEqual(await givenLogin("me:pa:ss", ["r.example", "r.example"], call), new Map([["r.example", { username: "me", password: "pa:ss", flag: "--creds" }]]));
  assert.deepEqual(await givenLogin("me:", ["r.example"], call), new Map([["r.example", { username: "me", password: "", flag: "--creds" }]]));
});

test("no host, two hosts and no user are wrong usage, without telling the password", async () => {
  for (const [text, hosts] of [["me:SECRET", []], ["me:SECRET", ["a.example", "b.example"]], [":SECRET", ["a.example"]]] as const) {
    await assert.rejects(givenLogin(text, hosts, call), (error) => isFault(error, "USAGE") && !/SECRET/.test(error.message + error.hint), text);
  }
});

test("a password that is not given is asked for, which needs a terminal", async () => {
  await assert.rejects(givenLogin("me", ["r.example"], call), (error) => isFault(error, "NO_TERMINAL") && /--creds USER:PASSWORD/.test(error.hint!));
});
