import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { routeFiles } from "../../../test/support/route-files.ts";
import { isFault } from "../../std/fault.ts";
import { hostFolder, readHostsToml } from "./hosts-toml.ts";

const SAMPLE = `
server = "https://registry-1.docker.io"
ca = "hub.pem"

[host."https://mirror.corp.example"]
  capabilities = ["pull", "resolve"]
  ca = ["one.pem", "/abs/two.pem"]
  client = [["client.cert", "client.key"], ["/abs/b.cert", "b.key"]]
  dial_timeout = "1m30.5s"
  [host."https://mirror.corp.example".header]
    X-Team = "boats"
    X-Many = ["a", "b"]

[host."http://10.0.0.7:5000/v2/hub"]
  capabilities = ["Pull"]
  override_path = true
  skip_verify = true
  client = "both.pem"

[host."cache.example/hub"]
`;

test("places are read in the order of the file, the server last", async (context) => {
  const { folder } = routeFiles(context, { "hosts.toml": SAMPLE });
  const { file, hosts, server } = (await readHostsToml(folder))!;
  assert.equal(file, join(folder, "hosts.toml"));
  assert.deepEqual(hosts.map(({ url }) => url!.href), ["https://mirror.corp.example/", "http://10.0.0.7:5000/v2/hub", "https://cache.example/hub"]);
  const [first, second, third] = hosts;
  assert.deepEqual(first, {
    reason: 'host "https://mirror.corp.example"', url: new URL("https://mirror.corp.example"), api: "/v2", capabilities: ["pull", "resolve"],
    authorities: [join(folder, "one.pem"), "/abs/two.pem"],
    clients: [{ certificate: join(folder, "client.cert"), key: join(folder, "client.key") }, { certificate: "/abs/b.cert", key: join(folder, "b.key") }],
    skipVerify: false, headers: { "x-team": "boats", "x-many": "a, b" }, dialTimeout: 90_500,
  });
  assert.deepEqual([second!.api, second!.capabilities, second!.skipVerify, second!.clients], ["/v2/hub", ["pull"], true, [{ certificate: join(folder, "both.pem"), key: join(folder, "both.pem") }]]);
  assert.deepEqual([third!.api, third!.capabilities], ["/hub/v2", ["pull", "resolve", "push"]]);
  assert.deepEqual([server.url!.host, server.authorities], ["registry-1.docker.io", [join(folder, "hub.pem")]]);
});

test("the folder is host_port_, host:port or _default, and that of the host alone is not for its other ports", (context) => {
  const { folder } = routeFiles(context);
  const make = (name: string) => mkdirSync(join(folder, name));
  assert.equal(hostFolder(folder, "r.example:5000"), undefined);
  make("r.example");
  assert.equal(hostFolder(folder, "r.example:5000"), undefined);
  make("_default");
  assert.equal(hostFolder(folder, "r.example:5000"), join(folder, "_default"));
  make("r.example:5000");
  assert.equal(hostFolder(folder, "r.example:5000"), join(folder, "r.example:5000"));
  make("r.example_5000_");
  assert.equal(hostFolder(folder, "r.example:5000"), join(folder, "r.example_5000_"));
  assert.equal(hostFolder(folder, "r.example"), join(folder, "r.example"));
});

test("a host's name does not lead out of the folder", (context) => {
  const { folder } = routeFiles(context, { "certs.d/x": "", "hosts.toml": "" });
  assert.equal(hostFolder(join(folder, "certs.d"), ".."), undefined);
});

test("what cannot be used is refused, with the line where it is no TOML, and without secrets", async (context) => {
  const cases: Readonly<Record<string, RegExp>> = {
    'server = "https://a.example"\n[host."https://b.example"\n': /hosts\.toml, line 2: it is not TOML/,
    '[host."https://b.example".header]\nauthorization = "Bearer SECRET': /line 2: it is not TOML/,
    '[host."ftp://b.example"]': /host "ftp:\/\/b\.example": it is not an http or https URL/,
    '[host."https://me:SECRET@b.example"]': /a login does not belong into the URL/,
    '[host."https://b.example"]\ncapabilities = ["pull", "fly"]': /capabilities has "fly"/,
    '[host."https://b.example"]\nclient = 3': /client is neither a file/,
    '[host."https://b.example"]\ndial_timeout = "soon"': /dial_timeout "soon" is not a duration/,
    '[host."https://b.example".header]\n"x y" = "SECRET"': /header "x y" is not a name/,
    '[host."https://b.example".header]\nx = "SECRET\\r\\nevil: 1"': /header "x" is neither a text/,
    'host = "b"': /host is not a table/,
    'skip_verify = "no"': /skip_verify is not true or false/,
  };
  for (const [text, message] of Object.entries(cases)) {
    const { folder } = routeFiles(context, { "hosts.toml": text });
    await assert.rejects(readHostsToml(folder), (error) => isFault(error, "ROUTES_INVALID") && message.test(error.message) && !error.message.includes("SECRET"), text);
  }
});
