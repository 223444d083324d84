import assert from "node:assert/strict";
import { test } from "node:test";
import { basic, guardedRegistry } from "../support/guarded-registry.ts";
import { runSampan } from "../support/run-sampan.ts";

test("robots and tokens from the command line, beside the server", async (context) => {
  const { server, config } = await guardedRegistry(context, { users: { alice: "pw" }, access: 'grants: [{who: alice, role: admin, repositories: "**"}]' });
  const run = (...words: string[]) => runSampan(["registry", ...words.slice(0, 2), "--root", server.root, ...words.slice(2)]);
  const login = async (user: string, password: string): Promise<number> => (await server.request("GET", "/v2/", { headers: { authorization: basic(user, password) } })).status;
  const explain = (...words: string[]) => runSampan(["access", "explain", "--config", config, "--root", server.root, ...words]);

  const made = await run("robot", "create", "--role", "writer", "--repository", "team/**", "-q", "ci");
  assert.equal(made.status, 0, made.stderr);
  const secret = made.stdout.trim();
  assert.equal(await login("robot$ci", secret), 200);
  const explained = await explain("robot:ci", "push", "team/app");
  assert.deepEqual([explained.status, explained.stdout.split("\n")[0]], [0, "yes: robot robot$ci may push to team/app: writer on team/** (its own scope)"]);
  const again = await run("robot", "create", "ci");
  assert.deepEqual([again.status, again.stderr.includes("there is a robot robot$ci already")], [1, true], again.stderr);
  assert.match((await run("robot", "ls")).stdout, /^NAME +STATE +SCOPE .*\nci +good +writer on team\/\*\* /);

  assert.equal((await run("robot", "disable", "ci")).stdout, "ci\n");
  assert.equal(await login("robot$ci", secret), 401);
  assert.match((await explain("robot:ci", "push", "team/app")).stdout, /^no: robot robot\$ci may do nothing: it is disabled/);
  assert.equal((await run("robot", "enable", "ci")).status, 0);
  assert.equal(await login("robot$ci", secret), 200);
  assert.equal((await run("robot", "rm", "ci")).status, 0);
  assert.equal(await login("robot$ci", secret), 401);
  assert.equal((await run("robot", "rm", "ci")).status, 1);

  const token = JSON.parse((await run("token", "create", "--user", "alice", "--expires", "1h", "--json", "laptop")).stdout) as { secret: string; user: string };
  assert.deepEqual([token.user, await login("alice", token.secret), await login("bob", token.secret)], ["alice", 200, 401]);
  const listed = (await run("token", "ls", "--user", "alice", "--json")).stdout;
  assert.ok(listed.includes('"laptop"') && !listed.includes(token.secret));
  assert.equal((await run("token", "rm", "--user", "alice", "laptop")).status, 0);
  assert.equal(await login("alice", token.secret), 401);
  for (const wrong of [["token", "create", "x"], ["robot", "create", "A B"], ["robot", "create", "--role", "writr", "--repository", "a", "x"], ["robot", "create", "--role", "writer", "x"], ["robot", "create", "--expires", "soon", "x"]]) assert.equal((await run(...wrong)).status, 2, wrong.join(" "));
});
