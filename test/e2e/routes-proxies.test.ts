import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { startConnectProxy, startSocksProxy, type Names } from "../support/proxies.ts";
import { routeFiles, type RouteFiles } from "../support/route-files.ts";
import type { Finished, SampanOptions } from "../support/run-sampan.ts";
import { sampanWithBase } from "../support/sampan-base.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";
import { siteAuthority, siteClient, siteServer } from "../support/site-certificates.ts";
import { tlsFront, type TlsFront } from "../support/tls-front.ts";

const NAME = "registry.test/team/base:1";

interface Setup {
  readonly files: RouteFiles;
  readonly front: TlsFront;
  /** What a proxy must know. */
  readonly names: Names;
  readonly sampan: (words: readonly string[], env?: SampanOptions["env"]) => Promise<Finished>;
}

/** `registry.test`, a name that only proxies can resolve, with a certificate of an authority that only files know; and an image to push there. */
async function setUp(context: TestContext, { clients = false } = {}): Promise<Setup> {
  const registry = await scratchRegistry(context);
  const front = await tlsFront(context, registry.address, { ...siteServer, ...(clients ? { ca: siteAuthority, requestCert: true, rejectUnauthorized: true } : {}) });
  const files = routeFiles(context);
  const { sampan } = await sampanWithBase(context, { names: [NAME] });
  const bare = { HTTP_PROXY: "", HTTPS_PROXY: "", ALL_PROXY: "", NO_PROXY: "", http_proxy: "", https_proxy: "", all_proxy: "", no_proxy: "" };
  return { files, front, names: { "registry.test:443": front.port }, sampan: (words, env) => sampan(words, { env: { ...bare, ...files.environment, ...env } }) };
}

const trust = ({ files }: Setup): string => files.write("etc/docker/certs.d/registry.test/ca.crt", siteAuthority);

test("push through an HTTP proxy, pull through SOCKS5, with the authority of certs.d", { skip: noBusybox }, async (context) => {
  const setup = await setUp(context);
  trust(setup);
  const http = await startConnectProxy(context, setup.names);
  const socks = await startSocksProxy(context, setup.names, "me:pass word");
  const pushed = await setup.sampan(["push", NAME], { HTTPS_PROXY: `http://user:pw@${http.host}` });
  assert.equal(pushed.status, 0, pushed.stderr);
  assert.ok(http.asked.length > 0 && http.asked.every((target) => target === "user:pw@registry.test:443"), http.asked.join());
  const digest = /digest: (\S+)/.exec(pushed.stdout)![1]!;
  await setup.sampan(["rmi", NAME]);
  for (const protocol of ["socks5", "socks5h"]) {
    const pulled = await setup.sampan(["pull", NAME], { ALL_PROXY: `${protocol}://me:pass%20word@${socks.host}` });
    assert.match(pulled.stdout, new RegExp(`Digest: ${digest}`), pulled.stderr);
  }
  assert.ok(socks.asked.length > 0 && socks.asked.every((target) => target === "me:pass word@registry.test:443"), socks.asked.join());
});

test("without the authority the certificate is refused, through the proxy too", { skip: noBusybox }, async (context) => {
  const setup = await setUp(context);
  const proxy = await startConnectProxy(context, setup.names);
  const { status, stderr } = await setup.sampan(["push", NAME], { HTTPS_PROXY: `http://${proxy.host}` });
  assert.equal(status, 1);
  assert.match(stderr, /ERROR: the certificate of registry registry\.test is not trusted: .*authority/);
  assert.match(stderr, /hint: .*certs\.d/);
});

test("a registry that wants client certificates gets that of certs.d, and its absence is told", { skip: noBusybox }, async (context) => {
  const setup = await setUp(context, { clients: true });
  trust(setup);
  const proxy = await startConnectProxy(context, setup.names);
  const env = { HTTPS_PROXY: `http://${proxy.host}` };
  const refused = await setup.sampan(["push", NAME], env);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /ERROR: registry registry\.test wants a client certificate\n(?:  .*\n)*hint: put certificate and key as client\.cert and client\.key into \/etc\/docker\/certs\.d\/registry\.test\//);
  const certificate = setup.files.write("home/.config/containers/certs.d/registry.test/client.cert", siteClient.cert);
  setup.files.write("home/.config/containers/certs.d/registry.test/client.key", siteClient.key);
  const pushed = await setup.sampan(["push", NAME], env);
  assert.equal(pushed.status, 0, pushed.stderr);
  assert.ok(setup.front.clients.length > 0 && setup.front.clients.every((name) => name === "boatman"));
  const shown = await setup.sampan(["registry", "routes", NAME], env);
  assert.match(shown.stdout, new RegExp(`     trusting  .*/ca\\.crt\n     showing   ${certificate}\n     through   http://${proxy.host} \\(HTTPS_PROXY\\)\n`));
});

test("the proxy of config.json is used, NO_PROXY leaves hosts out, and a proxy that is down is named", { skip: noBusybox }, async (context) => {
  const setup = await setUp(context);
  trust(setup);
  const proxy = await startSocksProxy(context, setup.names);
  setup.files.write("home/.docker/config.json", JSON.stringify({ proxies: { default: { httpsProxy: `socks5://${proxy.host}` } } }));
  const pushed = await setup.sampan(["push", NAME]);
  assert.equal(pushed.status, 0, pushed.stderr);
  const direct = await setup.sampan(["push", NAME], { NO_PROXY: ".other.example,registry.test" });
  assert.match(direct.stderr, /registry registry\.test cannot be reached: its name cannot be resolved|nothing listens|no route/);
  const absent = await setup.sampan(["push", NAME], { HTTPS_PROXY: "socks5://me:SECRET@127.0.0.1:1" });
  assert.match(absent.stderr, /the proxy 127\.0\.0\.1:1 cannot be reached \(ECONNREFUSED\)/);
  assert.doesNotMatch(absent.stderr, /SECRET/);
  const unknown = await setup.sampan(["push", NAME], { HTTPS_PROXY: "gopher://p:1" });
  assert.match(unknown.stderr, /ERROR: the proxy in HTTPS_PROXY cannot be used: proxies of gopher:\/\/ are not known\nhint: write it as/);
});
