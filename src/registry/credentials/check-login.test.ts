import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { routeFiles } from "../../../test/support/route-files.ts";
import { machineRoutes } from "../routes/machine-routes.ts";
import { reply, startScriptedServer } from "../../../test/support/scripted-server.ts";
import { checkLogin } from "./check-login.ts";

const login = { username: "me", password: "right" };
const RIGHT = `Basic ${Buffer.from("me:right").toString("base64")}`;

test("a login is checked by Basic", async () => {
  await using server = await startScriptedServer((request, response) =>
    request.headers.authorization === RIGHT ? reply(response, 200) : reply(response, 401, { "www-authenticate": 'Basic realm="x"' }));
  assert.deepEqual(await checkLogin(server.host, login), {});
  await assert.rejects(checkLogin(server.host, { ...login, password: "wrong" }), (error) => isFault(error, "LOGIN_REFUSED") && !/wrong/.test(error.message));
});

test("a login is checked by a token, and the refresh token is handed back", async () => {
  await using server = await startScriptedServer((request, response) => {
    if (request.url.startsWith("/token")) {
      assert.match(request.url, /offline_token=true/);
      if (request.headers.authorization !== RIGHT) return reply(response, 401);
      return reply(response, 200, {}, { token: "t", refresh_token: "keep me" });
    }
    if (request.headers.authorization === "Bearer t") return reply(response, 200);
    reply(response, 401, { "www-authenticate": `Bearer realm="http://${request.headers.host}/token",service="x"` });
  });
  assert.deepEqual(await checkLogin(server.host, login), { identityToken: "keep me" });
  await assert.rejects(checkLogin(server.host, { ...login, password: "wrong" }), (error) => isFault(error, "LOGIN_REFUSED"));
});

test("a wrong password shows also where everybody may see /v2/", async () => {
  await using server = await startScriptedServer((request, response) =>
    request.headers.authorization === undefined || request.headers.authorization === RIGHT ? reply(response, 200) : reply(response, 401, { "www-authenticate": 'Basic realm="x"' }));
  assert.deepEqual(await checkLogin(server.host, login), {});
  await assert.rejects(checkLogin(server.host, { ...login, password: "wrong" }), (error) => isFault(error, "LOGIN_REFUSED"));
});

test("a login goes to the host that it is for, not to what takes pushes in its place", async (context) => {
  await using registry = await startScriptedServer((request, response) =>
    request.headers.authorization === RIGHT ? reply(response, 200) : reply(response, 401, { "www-authenticate": 'Basic realm="x"' }));
  await using other = await startScriptedServer((_request, response) => reply(response, 401, { "www-authenticate": 'Basic realm="x"' }));
  const folder = registry.host.replace(/:(\d+)$/, "_$1_");
  const check = (text: string) => {
    const { environment } = routeFiles(context, { [`etc/containerd/certs.d/${folder}/hosts.toml`]: text });
    return checkLogin(registry.host, login, { routes: machineRoutes(environment), environment });
  };
  assert.deepEqual(await check(`[host."${other.origin}"]\n`), {});
  assert.deepEqual(await check(`server = "${other.origin}"\n`), {});
  assert.deepEqual(await check(`server = "${registry.origin}"\n[header]\nx-site = "here"\n`), {});
  assert.deepEqual([other.requests.length, registry.requests.at(-1)!.headers["x-site"]], [0, "here"]);
});
