import assert from "node:assert/strict";
import { test } from "node:test";
import { openRemote } from "./git-remote.ts";

const REMOTE = "https://example.com/app.git";

/** The header that git is given for the repository. */
async function headerOf(given: Record<string, string>): Promise<string | undefined> {
  const { options } = await openRemote(REMOTE, { ssh: undefined, secret: async (id) => given[id] });
  return options.config?.find(([key]) => key.endsWith(".extraHeader"))?.[1];
}

test("a login of the host comes before one of all hosts, and a header before a token", async () => {
  const basic = (token: string): string => `Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;
  assert.equal(await headerOf({ GIT_AUTH_TOKEN: "all\n", "GIT_AUTH_TOKEN.example.com": "one\n" }), basic("one"));
  assert.equal(await headerOf({ GIT_AUTH_TOKEN: "all", GIT_AUTH_HEADER: " bearer it " }), "Authorization: bearer it");
  assert.equal(await headerOf({ "GIT_AUTH_TOKEN.example.org": "one" }), undefined);
});

test("an empty secret is no login, as the variable that it was to come from may not be set, and hides no other one", async () => {
  assert.equal(await headerOf({ GIT_AUTH_TOKEN: "" }), undefined);
  assert.equal(await headerOf({ GIT_AUTH_TOKEN: "\n", GIT_AUTH_HEADER: "" }), undefined);
  assert.equal(await headerOf({ GIT_AUTH_HEADER: "", "GIT_AUTH_TOKEN.example.com": "", GIT_AUTH_TOKEN: "all" }), `Authorization: Basic ${Buffer.from("x-access-token:all").toString("base64")}`);
  const { options } = await openRemote(REMOTE, { ssh: undefined, secret: async () => "" });
  assert.deepEqual(options.config, [["http.followRedirects", "initial"]]);
});
