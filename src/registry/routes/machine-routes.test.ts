import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { routeFiles, type RouteFiles } from "../../../test/support/route-files.ts";
import { siteAuthority, siteClient } from "../../../test/support/site-certificates.ts";
import { testCertificate } from "../../../test/support/test-certificate.ts";
import { parseReference } from "../../oci/reference.ts";
import { isFault, type FaultCode } from "../../std/fault.ts";
import { describeRoute, type RouteRow } from "./describe-route.ts";
import { machineRoutes } from "./machine-routes.ts";
import { readingRoute, writingRoute } from "./routes-of.ts";

interface Asked {
  readonly push?: boolean;
  readonly insecure?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

async function route(files: RouteFiles, name: string, { push, insecure = false, environment }: Asked = {}): Promise<RouteRow[]> {
  const reference = parseReference(name);
  const routes = machineRoutes({ ...files.environment, ...environment });
  const rules = await routes.rules(insecure);
  return describeRoute(push ? [await writingRoute(reference, rules)] : await readingRoute(reference, rules), reference, (url) => routes.proxyFor(url));
}

const urls = async (...args: Parameters<typeof route>): Promise<string[]> => (await route(...args)).map(({ url }) => url);
const failsWith = (work: Promise<unknown>, code: FaultCode, message: RegExp): Promise<void> =>
  assert.rejects(work, (error) => isFault(error, code) && message.test(error.message));

const DIGEST = `sha256:${"a".repeat(64)}`;

/** Each kind of file says something about Docker Hub. */
const all = (context: TestContext): RouteFiles => routeFiles(context, {
  "etc/containerd/certs.d/docker.io/hosts.toml": 'server = "https://registry-1.docker.io"\n[host."https://one.example"]\ncapabilities = ["pull", "resolve"]\n',
  "etc/containers/registries.conf": '[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "two.example/hub"\n[[registry.mirror]]\nlocation = "exact.example"\npull-from-mirror = "digest-only"\n',
  "etc/docker/daemon.json": '{"registry-mirrors": ["https://three.example/proxy"], "insecure-registries": ["two.example"]}',
});

test("without any file there is the registry alone, and no file is needed", async (context) => {
  assert.deepEqual(await route(routeFiles(context), "r.example:5000/team/app"), [{
    order: 1, url: "https://r.example:5000/v2/team/app", capabilities: ["pull", "resolve", "push"], security: "HTTPS", insecure: false,
    authorities: [], certificates: [], headers: [], proxy: "", proxySource: "", host: "r.example:5000", why: "the registry that the name says",
  }]);
});

test("all sources together: the variable, hosts.toml, registries.conf, daemon.json, the registry", async (context) => {
  const files = all(context);
  const rows = await route(files, "alpine:3.20", { environment: { SAMPAN_REGISTRY_MIRRORS: "docker.io=http://127.0.0.1:1/zero" } });
  assert.deepEqual(rows.map(({ url, why }) => [url, why]), [
    ["http://127.0.0.1:1/v2/zero/library/alpine", "SAMPAN_REGISTRY_MIRRORS"],
    ["https://one.example/v2/library/alpine?ns=docker.io", `host "https://one.example" in ${files.folder}/etc/containerd/certs.d/docker.io/hosts.toml`],
    ["https://two.example/v2/hub/library/alpine", `mirror "two.example/hub" of prefix "docker.io" in ${files.folder}/etc/containers/registries.conf`],
    ["https://three.example/proxy/v2/library/alpine", `registry-mirrors "https://three.example/proxy" in ${files.folder}/etc/docker/daemon.json`],
    ["https://registry-1.docker.io/v2/library/alpine", `server in ${files.folder}/etc/containerd/certs.d/docker.io/hosts.toml`],
  ]);
  assert.deepEqual(rows.map(({ host }) => host), ["127.0.0.1:1", "one.example", "two.example", "three.example", "docker.io"]);
  assert.equal(rows[2]!.security, `HTTPS without a check of the certificate, else plain HTTP (insecure-registries "two.example" in ${files.folder}/etc/docker/daemon.json)`);
  assert.ok((await urls(files, `alpine@${DIGEST}`)).includes("https://exact.example/v2/library/alpine"));
});

test("other registries have none of Docker Hub's mirrors", async (context) => {
  assert.deepEqual(await urls(all(context), "r.example/app"), ["https://r.example/v2/app"]);
});

test("what is pushed goes to the registry of that name, unless hosts.toml names a host that takes it", async (context) => {
  const files = all(context);
  files.write("etc/containers/registries.conf.d/10.conf", '[[registry]]\nprefix = "r.example"\nlocation = "elsewhere.example"\n');
  assert.deepEqual(await urls(files, "alpine", { push: true }), ["https://registry-1.docker.io/v2/library/alpine"]);
  assert.deepEqual(await urls(files, "r.example/app", { push: true }), ["https://r.example/v2/app"]);
  assert.deepEqual(await urls(files, "r.example/app"), ["https://elsewhere.example/v2/app"]);
  files.write("home/.config/containerd/certs.d/r.example/hosts.toml", '[host."https://push.example"]\ncapabilities = ["push"]\n');
  assert.deepEqual(await urls(files, "r.example/app", { push: true }), ["https://push.example/v2/app?ns=r.example"]);
  assert.deepEqual(await urls(files, "r.example/app"), ["https://elsewhere.example/v2/app"], "it is not read from");
});

test("a registry whose hosts.toml lets nobody push is read-only", async (context) => {
  const files = routeFiles(context, { "etc/containerd/certs.d/_default/hosts.toml": 'server = "https://cache.example"\ncapabilities = ["pull", "resolve"]\n' });
  assert.deepEqual(await urls(files, "r.example/app"), ["https://cache.example/v2/app?ns=r.example"]);
  await failsWith(route(files, "r.example/app", { push: true }), "REGISTRY_READ_ONLY", /_default\/hosts\.toml/);
});

test("the user's files come before the machine's, and a registries.conf of the user's shuts out the machine's", async (context) => {
  const mirror = (name: string): string => `[[registry]]\nlocation = "r.example"\n[[registry.mirror]]\nlocation = "${name}"\n`;
  const files = routeFiles(context, { "etc/containers/registries.conf": mirror("etc"), "etc/containers/registries.conf.d/20.conf": mirror("etc-20"), "etc/containers/registries.conf.d/10.conf": mirror("etc-10") });
  const first = async (environment = {}): Promise<string> => new URL((await urls(files, "r.example/app", { environment }))[0]!).host;
  assert.equal(await first(), "etc-20");
  files.write("home/.config/containers/registries.conf.d/00.conf", mirror("home-00"));
  files.write("home/.config/containers/registries.conf.d/99.txt", mirror("ignored"));
  assert.equal(await first(), "home-00");
  files.write("home/.config/containers/registries.conf", mirror("home"));
  assert.equal(await first(), "home-00");
  assert.equal(await first({ CONTAINERS_REGISTRIES_CONF: files.write("named.conf", `[[registry]]\nprefix="x"\nlocation="y"`) }), "home-00");
  await failsWith(first({ CONTAINERS_REGISTRIES_CONF: join(files.folder, "absent") }), "ROUTES_INVALID", /CONTAINERS_REGISTRIES_CONF names it/);
});

test("a blocked registry fails, for reading and writing, and names the file", async (context) => {
  const files = routeFiles(context, { "etc/containers/registries.conf": '[[registry]]\nprefix = "*.evil.example"\nblocked = true\n' });
  for (const push of [false, true]) await failsWith(route(files, "a.evil.example/app", { push }), "REGISTRY_BLOCKED", /^a\.evil\.example\/app is blocked: .*etc\/containers\/registries\.conf has `blocked = true` for the prefix "\*\.evil\.example"$/);
  assert.equal((await urls(files, "evil.example/app")).length, 1);
});

test("insecure is what registries.conf, daemon.json (a rootless one too) or the flag allow", async (context) => {
  const files = routeFiles(context, {
    "etc/containers/registries.conf": '[[registry]]\nlocation = "a.example/ns"\ninsecure = true\n',
    "etc/docker/daemon.json": '{"insecure-registries": ["10.0.0.0/8", "b.example:5000"]}',
    "home/.config/docker/daemon.json": '{"insecure-registries": ["http://c.example/"]}',
  });
  const open = async (name: string, asked?: Asked): Promise<boolean> => (await route(files, name, asked))[0]!.insecure;
  for (const name of ["a.example/ns/app", "10.1.2.3:5000/app", "b.example:5000/app", "c.example/app", "127.0.0.1:5000/app"]) assert.ok(await open(name), name);
  for (const name of ["a.example/app", "11.1.2.3:5000/app", "b.example/app", "d.example/app"]) assert.ok(!(await open(name)), name);
  assert.ok(await open("d.example/app", { insecure: true }));
});

test("certificates are found in the folders of docker, podman and containerd", async (context) => {
  const files = routeFiles(context, {
    "etc/docker/certs.d/r.example:5000/ca.crt": siteAuthority,
    "home/.config/containers/certs.d/r.example:5000/client.cert": siteClient.cert,
    "home/.config/containers/certs.d/r.example:5000/client.key": siteClient.key,
    "etc/containerd/certs.d/r.example_5000_/more.crt": siteAuthority,
    "etc/docker/certs.d/docker.io/hub.crt": siteAuthority,
  });
  const [row] = await route(files, "r.example:5000/app");
  assert.deepEqual(row!.authorities.map((file) => file.slice(files.folder.length)), ["/etc/containerd/certs.d/r.example_5000_/more.crt", "/etc/docker/certs.d/r.example:5000/ca.crt"]);
  assert.deepEqual(row!.certificates.map((file) => file.slice(files.folder.length)), ["/home/.config/containers/certs.d/r.example:5000/client.cert"]);
  assert.deepEqual((await route(files, "r.example/app"))[0]!.authorities, []);
  assert.equal((await route(files, "alpine"))[0]!.authorities.length, 1);
});

test("a loopback registry for which there is an authority is checked", async (context) => {
  const files = routeFiles(context, { "etc/docker/certs.d/localhost:5000/ca.crt": siteAuthority });
  assert.equal((await route(files, "localhost:5000/app"))[0]!.security, "HTTPS, else plain HTTP");
});

test("certificates that cannot be used are refused by name and never quoted", async (context) => {
  const folder = "etc/docker/certs.d/r.example";
  const cases: readonly [Readonly<Record<string, string>>, RegExp][] = [
    [{ "ca.crt": "rubbish" }, /ca\.crt: it holds no certificate in PEM/],
    [{ "a.cert": siteClient.cert }, /a\.cert: its key a\.key is missing/],
    [{ "a.key": siteClient.key }, /a\.key: its certificate a\.cert is missing/],
    [{ "a.cert": siteClient.cert, "a.key": "SECRET" }, /a\.key: it holds no private key/],
    [{ "a.cert": siteClient.cert, "a.key": testCertificate.key }, /a\.key: it is not the key of .*a\.cert/],
  ];
  for (const [entries, message] of cases) {
    const files = routeFiles(context, Object.fromEntries(Object.entries(entries).map(([name, text]) => [`${folder}/${name}`, text])));
    await failsWith(route(files, "r.example/app"), "ROUTES_INVALID", message);
  }
});

test("hosts.toml's own files, headers and times belong to its place", async (context) => {
  const files = routeFiles(context, {
    "etc/containerd/certs.d/r.example/hosts.toml": '[host."https://m.example"]\nca = "ca.pem"\nclient = [["c.cert", "c.key"]]\n[host."https://m.example".header]\nAuthorization = "Bearer SECRET"\n',
    "etc/containerd/certs.d/r.example/ca.pem": siteAuthority, "etc/containerd/certs.d/r.example/c.cert": siteClient.cert, "etc/containerd/certs.d/r.example/c.key": siteClient.key,
  });
  const [mirror, registry] = await route(files, "r.example/app");
  assert.deepEqual([mirror!.authorities.length, mirror!.certificates.length, mirror!.headers], [1, 1, ["authorization"]]);
  assert.deepEqual([registry!.authorities.length, registry!.certificates.length, registry!.headers], [0, 0, []]);
  assert.doesNotMatch(JSON.stringify([mirror, registry]), /SECRET/);
});

test("proxies come from the variables, config.json and daemon.json, each setting from the first that has it", async (context) => {
  const files = routeFiles(context, {
    "home/.docker/config.json": '{"proxies": {"default": {"httpsProxy": "http://me:SECRET@config.example:3128", "noProxy": "direct.example"}}}',
    "etc/docker/daemon.json": '{"proxies": {"http-proxy": "http://daemon.example:1", "https-proxy": "http://daemon.example:2"}}',
  });
  const [row] = await route(files, "r.example/app");
  assert.deepEqual([row!.proxy, row!.proxySource], ["http://config.example:3128", `proxies.default.httpsProxy in ${files.folder}/home/.docker/config.json`]);
  assert.equal((await route(files, "direct.example/app"))[0]!.proxy, "");
  const variable = await route(files, "r.example/app", { environment: { https_proxy: "socks5h://socks.example:1080", NO_PROXY: "other.example" } });
  assert.deepEqual([variable[0]!.proxy, variable[0]!.proxySource], ["socks5h://socks.example:1080", "https_proxy"]);
});

test("files that cannot be used fail with their name and line", async (context) => {
  const cases: readonly [string, string, RegExp][] = [
    ["etc/docker/daemon.json", '{\n  "registry-mirrors": []\n  "debug": true\n}', /daemon\.json, line 3: it is not JSON$/],
    ["etc/docker/daemon.json", "[]", /daemon\.json: it is not a JSON object$/],
    ["etc/docker/daemon.json", '{"registry-mirrors": "https://m.example"}', /registry-mirrors is not a list of texts$/],
    ["etc/docker/daemon.json", '{"registry-mirrors": ["https://me:SECRET@m.example"]}', /registry-mirrors: "https:\/\/\*\*\*@m\.example" has a login in it/],
    ["etc/docker/daemon.json", '{"registry-mirrors": ["m.example"]}', /is not an http or https URL/],
    ["home/.docker/config.json", '{"proxies": {"default": {"httpProxy": 3}}}', /config\.json: proxies\.default\.httpProxy is not a text$/],
    ["etc/containers/registries.conf", '[[registry]]\nlocation = "a"\nlocation = "b"\n', /registries\.conf, line 3: it is not TOML/],
    ["etc/containerd/certs.d/docker.io/hosts.toml", 'server = "x"\n[host', /hosts\.toml, line 2: it is not TOML/],
  ];
  for (const [path, text, message] of cases) await failsWith(route(routeFiles(context, { [path]: text }), "alpine"), "ROUTES_INVALID", message);
});

test("a file that is too long to be one is refused", async (context) => {
  const files = routeFiles(context, { "etc/docker/daemon.json": " ".repeat(9 * 1024 * 1024) });
  await failsWith(route(files, "alpine"), "ROUTES_INVALID", /daemon\.json: it is longer than/);
});

test("a file that cannot be read is named", async (context) => {
  const files = routeFiles(context, { "etc/docker/daemon.json/inside": "" });
  await failsWith(route(files, "alpine"), "ROUTES_INVALID", /daemon\.json: it cannot be read \(EISDIR\)/);
});

test("the same place named twice is asked once", async (context) => {
  const files = routeFiles(context, { "etc/docker/daemon.json": '{"registry-mirrors": ["https://m.example/", "https://m.example"]}' });
  assert.equal((await urls(files, "alpine", { environment: { SAMPAN_REGISTRY_MIRRORS: "docker.io=https://m.example" } })).length, 2);
});
