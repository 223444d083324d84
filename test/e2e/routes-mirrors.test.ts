import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { describe, test, type TestContext } from "node:test";
import { missing } from "../support/docker-registry.ts";
import { startFaultyRegistry, type FaultyRegistry, type Trouble } from "../support/faulty-registry.ts";
import { routeFiles, type RouteFiles } from "../support/route-files.ts";
import { scratchSampan, type Finished } from "../support/run-sampan.ts";
import { reply } from "../support/scripted-server.ts";
import { smallImage, type SmallImage } from "../support/small-image.ts";
import { tarOf } from "../support/tar-of.ts";
import { sha256 } from "../../src/oci/digest.ts";

const makeImage = (): SmallImage => smallImage([{ tar: tarOf([{ path: "data", content: randomBytes(3000) }]) }]);

interface Setup {
  readonly image: SmallImage;
  readonly registry: FaultyRegistry;
  readonly mirror: FaultyRegistry;
  readonly files: RouteFiles;
  /** `127.0.0.1:<port>/app:1`, at the registry. */
  readonly name: string;
  readonly sampan: (...words: string[]) => Promise<Finished>;
}

/** A registry, a mirror of it that hosts.toml names, and a binary that reads that file. */
async function setUp(context: TestContext, settings = ""): Promise<Setup> {
  const image = makeImage();
  const [registry, mirror] = await Promise.all([startFaultyRegistry(image), startFaultyRegistry(image)]);
  for (const server of [registry, mirror]) context.after(() => server[Symbol.asyncDispose]());
  const files = routeFiles(context);
  files.write(`etc/containerd/certs.d/${registry.host.replace(":", "_")}_/hosts.toml`, `[host."${mirror.origin}"]\ncapabilities = ["pull", "resolve"]\n${settings}`);
  const { sampan } = scratchSampan(context);
  return { image, registry, mirror, files, name: `${registry.host}/app:1`, sampan: (...words) => sampan(words, { env: files.environment }) };
}

async function pulls({ sampan, name }: Setup): Promise<Finished> {
  const finished = await sampan("pull", "-q", name);
  assert.deepEqual([finished.status, finished.stdout], [0, `${name}\n`], finished.stderr);
  return finished;
}

const blobs = (server: FaultyRegistry): number => server.requests.filter(({ url }) => url.includes("/blobs/")).length;
const onLayer = (setup: Setup, act: Trouble): Trouble => (request, response) => (request.digest === setup.image.layers[0] ? act(request, response) : false);

test("everything comes from the mirror, which is told whose content is meant", async (context) => {
  const setup = await setUp(context, 'header = { "X-Team" = "boats" }\n');
  const { stderr } = await pulls(setup);
  assert.equal(stderr, "");
  assert.equal(blobs(setup.registry), 0);
  const asked = setup.mirror.requests.filter(({ url }) => url !== "/v2/");
  assert.ok(asked.length >= 3);
  assert.ok(asked.every(({ url, headers }) => url.endsWith(`?ns=${encodeURIComponent(setup.registry.host)}`) && headers["x-team"] === "boats"));
});

/** What a mirror does, and whether it is worth a warning. */
const TROUBLES: Readonly<Record<string, { readonly trouble: (setup: Setup) => Trouble; readonly warning?: RegExp }>> = {
  "lacks the image": { trouble: () => (request, response) => (request.what === "ping" ? false : reply(response, 404)) },
  "fails": { trouble: () => (request, response) => (request.what === "ping" ? false : reply(response, 500)), warning: /is passed over, the next place is asked: .*status 500/ },
  "wants a login": { trouble: () => (_, response) => reply(response, 401, { "www-authenticate": 'Basic realm="m"' }), warning: /wants a login/ },
  "closes every connection": { trouble: () => (_, response) => void response.socket!.destroy(), warning: /closed the connection/ },
  "sends another manifest": { trouble: ({ image }) => (request, response) => (request.what === "manifest" ? reply(response, 200, { "docker-content-digest": sha256(image.manifest) }, "{}") : false), warning: /with digest sha256:44136f/ },
  "sends a damaged layer": { trouble: (setup) => onLayer(setup, ({ digest }, response) => reply(response, 200, {}, Buffer.alloc(setup.image.blobs.get(digest)!.length))), warning: /./ },
  "breaks off in a layer": {
    trouble: (setup) => onLayer(setup, ({ digest }, response) => {
      const bytes = setup.image.blobs.get(digest)!;
      response.writeHead(200, { "content-length": bytes.length }).write(bytes.subarray(0, 100), () => response.socket!.destroy());
    }),
    warning: /is passed over, the next place is asked: .*sent 100 of \d+ bytes/,
  },
};

describe("a mirror that is no good: the pull goes on at the registry", { concurrency: 2 }, () => {
  for (const [what, { trouble, warning }] of Object.entries(TROUBLES)) {
    test(`it ${what}`, async (context) => {
      const setup = await setUp(context);
      setup.mirror.trouble(trouble(setup));
      const { stderr } = await pulls(setup);
      assert.ok(setup.mirror.requests.length > 0);
      assert.ok(setup.registry.requests.some(({ url }) => url.includes("/app/")));
      assert.equal((await setup.sampan("inspect", "-f", "{{.Id}}", setup.name)).stdout.trim(), sha256(setup.image.config));
      if (!warning) assert.equal(stderr, "");
      else if (what !== "sends a damaged layer") assert.match(stderr, warning);
    });
  }

  test("it accepts connections and says nothing", async (context) => {
    const sockets = new Set<import("node:net").Socket>();
    const silent = createServer((socket) => void sockets.add(socket.on("error", () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    context.after(() => { silent.close(); for (const socket of sockets) socket.destroy(); });
    const setup = await setUp(context);
    const { port } = silent.address() as import("node:net").AddressInfo;
    setup.files.write(`etc/containerd/certs.d/${setup.registry.host.replace(":", "_")}_/hosts.toml`, `[host."https://127.0.0.1:${port}"]\ndial_timeout = "300ms"\n`);
    const { stderr } = await pulls(setup);
    assert.match(stderr, new RegExp(`^WARNING: https://127\\.0\\.0\\.1:${port} is passed over, the next place is asked: .*a connection for more than 0\\.3 s$`, "m"));
  });
});

test("a damaged layer of a mirror is warned of in the lines of a pull", async (context) => {
  const setup = await setUp(context);
  setup.mirror.trouble(TROUBLES["sends a damaged layer"]!.trouble(setup));
  const { status, stderr } = await setup.sampan("pull", setup.name);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /came damaged and is asked for again, from the registry itself/);
  // A build that needs the files of its base image does the same.
  setup.files.write("project/Dockerfile", `FROM ${setup.name}\nCOPY Dockerfile /\n`);
  assert.equal((await setup.sampan("rmi", "-f", setup.name)).status, 0);
  setup.registry.requests.length = 0;
  const built = await setup.sampan("build", "-q", "-o", `type=tar,dest=${setup.files.folder}/files.tar`, `${setup.files.folder}/project`);
  assert.equal(built.status, 0, built.stderr);
  assert.equal(blobs(setup.registry), 1);
});

test("when mirror and registry fail, the registry's fault is told", async (context) => {
  const setup = await setUp(context);
  for (const server of [setup.mirror, setup.registry]) server.trouble((request, response) => (request.what === "ping" ? false : reply(response, server === setup.mirror ? 500 : 403)));
  const { status, stderr } = await setup.sampan("pull", "-q", setup.name);
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`ERROR: .*${setup.registry.host} denies access`));
});

test("a login for the registry goes neither to a mirror nor to where the registry redirects", async (context) => {
  const setup = await setUp(context);
  const login = Buffer.from("bee:honey").toString("base64");
  setup.files.write("home/.docker/config.json", JSON.stringify({ auths: { [setup.registry.host]: { auth: login } } }));
  const storage = await startFaultyRegistry(setup.image);
  context.after(() => storage[Symbol.asyncDispose]());
  const guarded = (then: Trouble): Trouble => (request, response) =>
    request.headers.authorization === undefined ? reply(response, 401, { "www-authenticate": 'Basic realm="r"' }) : then(request, response);
  setup.mirror.trouble(guarded(() => false));
  setup.registry.trouble(guarded((request, response) => (request.what === "blob" ? reply(response, 307, { location: `${storage.origin}${request.url}` }) : false)));
  const { sampan } = scratchSampan(context);
  const { status, stderr } = await sampan(["pull", "-q", setup.name], { env: setup.files.environment });
  assert.equal(status, 0, stderr);
  assert.ok(blobs(storage) > 0);
  for (const server of [setup.mirror, storage]) assert.ok(server.requests.every(({ headers }) => headers.authorization === undefined));
  assert.ok(setup.registry.requests.some(({ headers }) => headers.authorization === `Basic ${login}`));
});

test("pushes go to the registry of the name, whatever stands for it when reading", async (context) => {
  const setup = await setUp(context);
  await pulls(setup);
  const before = setup.mirror.requests.length;
  const target = `${setup.registry.host}/pushed/app:2`;
  await setup.sampan("tag", setup.name, target);
  const { status, stderr } = await setup.sampan("push", "-q", target);
  assert.equal(status, 0, stderr);
  assert.equal(setup.mirror.requests.length, before);
  assert.ok(setup.registry.requests.some(({ method }) => method === "PUT"));
});

test("a place with the capability push takes what is pushed", async (context) => {
  const setup = await setUp(context);
  await pulls(setup);
  const taker = await startFaultyRegistry(setup.image);
  context.after(() => taker[Symbol.asyncDispose]());
  setup.files.write(`etc/containerd/certs.d/${setup.registry.host.replace(":", "_")}_/hosts.toml`, `[host."${taker.origin}"]\ncapabilities = ["push"]\n`);
  const before = setup.registry.requests.length;
  const target = `${setup.registry.host}/pushed/app:2`;
  await setup.sampan("tag", setup.name, target);
  assert.equal((await setup.sampan("push", "-q", target)).status, 0);
  assert.equal(setup.registry.requests.length, before);
  assert.ok(taker.requests.some(({ method, url }) => method === "PUT" && url.startsWith("/v2/pushed/app/manifests/2?ns=")));
});

test("a blocked registry is asked for nothing", async (context) => {
  const setup = await setUp(context);
  await pulls(setup);
  const file = setup.files.write("home/.config/containers/registries.conf", `[[registry]]\nlocation = "${setup.registry.host}"\nblocked = true\n`);
  const before = setup.registry.requests.length;
  for (const words of [["pull", setup.name], ["push", setup.name], ["registry", "routes", setup.name]]) {
    const { status, stderr } = await setup.sampan(...words);
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`^ERROR: ${setup.registry.host}/app is blocked: ${file} has`, "m"));
  }
  assert.equal(setup.registry.requests.length, before);
});

test("a file that cannot be used stops a pull, with file and line, and nothing that needs no registry", async (context) => {
  const setup = await setUp(context);
  const file = setup.files.write("etc/containers/registries.conf.d/50-site.conf", '[[registry]]\nlocation = "a.example"\ninsecure = yes\n');
  const { status, stderr } = await setup.sampan("pull", setup.name);
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`^ERROR: ${file}, line 3: it is not TOML: .*\nhint: mend the file`, "m"));
  assert.equal(setup.registry.requests.length, 0);
  assert.equal((await setup.sampan("images")).status, 0);
});

test("registry routes tells order, manners and reasons without asking anybody", async (context) => {
  const setup = await setUp(context);
  const { stdout } = await setup.sampan("registry", "routes", setup.name);
  const file = `${setup.files.folder}/etc/containerd/certs.d/${setup.registry.host.replace(":", "_")}_/hosts.toml`;
  assert.equal(stdout, `${setup.name} is pulled from:
  1  ${setup.mirror.origin}/v2/app?ns=${setup.registry.host}
     asked to  pull, resolve
     by        plain HTTP (the URL)
     why       host "${setup.mirror.origin}" in ${file}
  2  http://${setup.registry.host}/v2/app
     asked to  pull, resolve, push
     by        plain HTTP, else HTTPS without a check of the certificate (loopback)
     why       the registry that the name says
`);
  const json = await setup.sampan("registry", "routes", "--push", "--format", "json", setup.name);
  assert.deepEqual((JSON.parse(json.stdout) as { URL: string; Insecure: boolean }).URL, `http://${setup.registry.host}/v2/app`);
  assert.equal((await setup.sampan("registry", "routes", "--format", "{{.Order}} {{.Host}}", setup.name)).stdout, `1 ${setup.mirror.host}\n2 ${setup.registry.host}\n`);
  assert.deepEqual([setup.registry.requests.length, setup.mirror.requests.length], [0, 0]);
});

test("registries.conf sends a name to another place, as skopeo does with the same file", { skip: missing("skopeo") }, async (context) => {
  const setup = await setUp(context);
  const file = setup.files.write("registries.conf", `[[registry]]\nprefix = "*.site.test"\nlocation = "${setup.registry.host}/team"\ninsecure = true\n`);
  const name = "images.site.test/app:1";
  const peer = await promisify(execFile)("skopeo", ["--registries-conf", file, "inspect", "--raw", `docker://${name}`], { env: { ...process.env, HOME: `${setup.files.folder}/home` } });
  assert.equal(peer.stdout, setup.image.manifest.toString());
  const pulled = await scratchSampan(context).sampan(["pull", "-q", name], { env: { ...setup.files.environment, CONTAINERS_REGISTRIES_CONF: file } });
  assert.equal(pulled.status, 0, pulled.stderr);
  assert.equal(pulled.stdout, `${name}\n`);
  assert.ok(setup.registry.requests.some(({ url, headers }) => url === "/v2/team/app/manifests/1" && headers["user-agent"]?.startsWith("sampan")));
});

test("an alias gives a short name its meaning for pull and run, which say so; pushing knows none", async (context) => {
  const setup = await setUp(context);
  const file = setup.files.write("etc/containers/registries.conf.d/short.conf", `[aliases]\n"boats/app" = "${setup.registry.host}/app"\n`);
  const note = `boats/app:1 means ${setup.name}: an alias in ${file} says so\n`;
  const pulled = await setup.sampan("pull", "boats/app:1");
  assert.equal(pulled.status, 0, pulled.stderr);
  assert.match(pulled.stderr, new RegExp(`^${note}`));
  assert.match(pulled.stdout, new RegExp(`\n${setup.name}\n$`));
  assert.match((await setup.sampan("registry", "routes", "boats/app:1")).stdout, new RegExp(`^${note}${setup.name} is pulled from:\n`));
  assert.match((await setup.sampan("registry", "routes", "--push", "boats/app:1")).stdout, /^docker\.io\/boats\/app:1 is pushed to:\n/);
  const folder = setup.files.write("context/Dockerfile", "FROM boats/app:1\nLABEL a=b\n").replace(/\/Dockerfile$/, "");
  const before = setup.mirror.requests.length;
  const built = await setup.sampan("build", "-q", folder);
  assert.equal(built.status, 0, built.stderr);
  assert.equal(setup.mirror.requests.length, before, "it is here already");
});
