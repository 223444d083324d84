import assert from "node:assert/strict";
import { test } from "node:test";
import { reply, startScriptedServer } from "../../../test/support/scripted-server.ts";
import { examineAccess } from "./examine-access.ts";

test("a token that is to last for ever is told with a date", async () => {
  const payload = Buffer.from('{"access":[{"type":"repository","name":"team/app","actions":["pull"]}]}').toString("base64url");
  await using server = await startScriptedServer((request, response) =>
    request.url.startsWith("/token") ? reply(response, 200, {}, { token: `e30.${payload}.e30`, expires_in: 1e300 })
    : reply(response, 401, { "www-authenticate": `Bearer realm="http://${request.headers.host}/token",service="s"` }));
  const { probes } = await examineAccess({ host: server.host, repository: "team/app" }, { anonymous: true, environment: {} });
  assert.deepEqual(probes.map(({ action, allowed }) => [action, allowed]), [["pull", true], ["push", false]]);
  assert.ok(Date.parse(probes[0]!.expires!) > Date.now());
});
