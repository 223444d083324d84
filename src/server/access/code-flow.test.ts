import assert from "node:assert/strict";
import { test } from "node:test";
import type { JWTPayload } from "jose";
import { createHash } from "node:crypto";
import { createCodeFlow, type CodeFlowParts } from "./code-flow.ts";

const parts = (payload: JWTPayload, answer: { status: number; body: Readonly<Record<string, unknown>> } = { status: 200, body: { id_token: "t" } }): CodeFlowParts & { asked: Record<string, string>[] } => {
  const asked: Record<string, string>[] = [];
  return {
    asked, clientId: "registry", issuer: "https://idp", scopes: ["openid", "profile"],
    endpoint: async () => new URL("https://idp/authorize?tenant=a"),
    redeem: async (fields) => (asked.push({ ...fields }), answer),
    verify: async () => payload,
    userOf: async ({ sub }) => ({ name: String(sub), groups: [] }),
  };
};
const secrets = { state: "s", nonce: "n", verifier: "v" };
const answer = { code: "c", issuer: undefined, redirectUri: "https://here/callback", secrets };
const refused = (message: RegExp) => ({ code: "UNAUTHORIZED", message });

test("each login has secrets of its own, and the provider gets only the hash of one", async () => {
  const flow = createCodeFlow(parts({}));
  const [first, second] = [await flow.begin("https://here/callback"), await flow.begin("https://here/callback")];
  const query = new URL(first.url).searchParams;
  assert.deepEqual(
    Object.fromEntries(query),
    {
      tenant: "a", response_type: "code", client_id: "registry", redirect_uri: "https://here/callback", scope: "openid profile", state: first.secrets.state, nonce: first.secrets.nonce,
      code_challenge: createHash("sha256").update(first.secrets.verifier).digest("base64url"), code_challenge_method: "S256",
    },
  );
  const all = [...Object.values(first.secrets), ...Object.values(second.secrets)];
  assert.ok(new Set(all).size === 6 && all.every((word) => /^[\w-]{43}$/.test(word)));
  assert.ok(!first.url.includes(first.secrets.verifier));
});

test("a code is redeemed with what proves who asked for it", async () => {
  const given = parts({ sub: "carol", nonce: "n", azp: "registry" });
  assert.deepEqual(await createCodeFlow(given).finish({ ...answer, issuer: "https://idp" }), { name: "carol", groups: [] });
  assert.deepEqual(given.asked, [{ grant_type: "authorization_code", code: "c", redirect_uri: "https://here/callback", code_verifier: "v" }]);
});

test("an answer of another provider, and a token of another login or for another client, are refused", async () => {
  const elsewhere = parts({ sub: "carol", nonce: "n" });
  await assert.rejects(createCodeFlow(elsewhere).finish({ ...answer, issuer: "https://evil" }), refused(/not of the provider/));
  assert.deepEqual(elsewhere.asked, [], "the code is shown to nobody");
  await assert.rejects(createCodeFlow(parts({ sub: "carol", nonce: "other" })).finish(answer), refused(/of another login/));
  await assert.rejects(createCodeFlow(parts({ sub: "carol" })).finish(answer), refused(/of another login/));
  await assert.rejects(createCodeFlow(parts({ sub: "carol", nonce: "n", azp: "shop" })).finish(answer), refused(/somebody else/));
  await assert.rejects(createCodeFlow(parts({}, { status: 400, body: { error: "invalid_grant" } })).finish(answer), refused(/begin again/));
  await assert.rejects(createCodeFlow(parts({}, { status: 401, body: { error: "invalid_client" } })).finish(answer), { code: "UNAVAILABLE" });
});
