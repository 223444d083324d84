import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer as createSocketServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { createServer, type TlsOptions } from "node:tls";
import { sha256 } from "../../src/oci/digest.ts";
import { writeBusyboxLayout } from "../support/busybox-base.ts";
import { noBuildkitd, startBuildkitd, type Buildkitd } from "../support/buildkitd.ts";
import { guardedRegistry } from "../support/guarded-registry.ts";
import { missing, startDockerRegistry } from "../support/docker-registry.ts";
import { asOrdinaryUser, noOrdinaryUser } from "../support/ordinary-user.ts";
import { scratchSampan } from "../support/run-sampan.ts";
import { serveRegistry } from "../support/serve-registry.ts";
import { siteAuthority, siteClient } from "../support/site-certificates.ts";
import { testAuthority, testCertificate } from "../support/test-certificate.ts";

const DOCKERFILE = `FROM base AS make
ARG WHO=nobody
COPY . /src
RUN --mount=type=secret,id=token cp -a /src /out && echo "$WHO $(wc -c < /run/secrets/token)" > /out/who
FROM scratch
COPY --from=make /out /
COPY --from=more /extra /extra
LABEL kind=remote
CMD ["/who"]
`;

describe("a BuildKit worker on a unix socket", { skip: noBuildkitd }, () => {
  const cleaning: (() => void | Promise<void>)[] = [];
  let worker: Buildkitd;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "sampan-remote-"));
    worker = await startBuildkitd({ after: (work) => void cleaning.push(work as () => Promise<void>) });
    writeBusyboxLayout(join(folder, "layout"), { config: {} });
    mkdirSync(join(folder, "app/sub/deep"), { recursive: true });
    mkdirSync(join(folder, "more"));
    write("app/Dockerfile", DOCKERFILE);
    write("app/.dockerignore", "left-out\n*.log\n!keep.log\nDockerfile\n");
    for (const name of ["left-out", "a.log", "keep.log", "sub.txt", "sub/deep/ä, b.txt", "sub-first"]) write(`app/${name}`, name);
    write("app/large", "x".repeat(3_000_000));
    write("more/extra", "extra\n");
    chmodSync(join(folder, "app/sub.txt"), 0o750);
    symlinkSync("deep", join(folder, "app/sub/link"));
    linkSync(join(folder, "app/keep.log"), join(folder, "app/sub/hard"));
  });
  after(async () => {
    for (const work of cleaning) await work();
    rmSync(folder, { recursive: true, force: true });
  });
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const base = (): string => `base=oci-layout://${join(folder, "layout")}`;
  const words = (...more: string[]): string[] => [
    "build", "--builder", worker.address, "--build-context", base(), "--build-context", "more=more", "--build-arg", "WHO=me", "--secret", "id=token,env=TOKEN", "--progress", "plain", ...more,
  ];
  const here = (context: TestContext, env: Record<string, string> = {}) => {
    const scratch = scratchSampan(context);
    return { ...scratch, sampan: (line: readonly string[], more: { input?: string | Uint8Array; env?: Record<string, string> } = {}) => scratch.sampan(line, { cwd: folder, ...more, env: { TOKEN: "sesame", ...env, ...more.env } }) };
  };
  const succeeds = (result: { status: number | null; stderr: string; stdout: string }): string => {
    assert.equal(result.status, 0, result.stderr);
    return result.stdout;
  };

  test("the image comes into the store as BuildKit made it, with context, named contexts, arguments and secrets", async (context) => {
    const { sampan } = here(context);
    succeeds(await sampan(words("-t", "app:1", "--iidfile", "iid", "--metadata-file", "metadata.json", "app")));
    const [image] = JSON.parse(succeeds(await sampan(["inspect", "app:1"]))) as [{ Id: string; Config: { Labels: object; Cmd: string[] } }];
    assert.equal(image.Id, readFileSync(join(folder, "iid"), "utf8"));
    assert.deepEqual([image.Config.Labels, image.Config.Cmd], [{ kind: "remote" }, ["/who"]]);
    const metadata = JSON.parse(readFileSync(join(folder, "metadata.json"), "utf8")) as Record<string, unknown>;
    assert.equal(metadata["containerimage.config.digest"], image.Id);
    assert.equal(metadata["image.name"], "docker.io/library/app:1");
    assert.match((metadata["containerimage.descriptor"] as { digest: string }).digest, /^sha256:/);
    assert.deepEqual(Object.keys(metadata["buildx.build.provenance"] as object), ["builder", "buildType", "materials", "invocation"]);
    succeeds(await sampan(["build", "history", "inspect", String(metadata["buildx.build.ref"])]));

    succeeds(await sampan(words("-o", "out", "app")));
    assert.equal(readFileSync(join(folder, "out/who"), "utf8"), "me 6\n");
    assert.deepEqual(readdirSync(join(folder, "out")).sort(), [".dockerignore", "extra", "keep.log", "large", "sub", "sub-first", "sub.txt", "who"]);
    assert.equal(statSync(join(folder, "out/sub.txt")).mode & 0o777, 0o750);
    assert.equal(readlinkSync(join(folder, "out/sub/link")), "deep");
    assert.equal(readFileSync(join(folder, "out/large"), "utf8").length, 3_000_000);
    assert.equal(readFileSync(join(folder, "out/sub/deep/ä, b.txt"), "utf8"), "sub/deep/ä, b.txt");
  });

  test("archives are written whole, and a second build is cached", async (context) => {
    const { sampan } = here(context);
    const first = await sampan(words("-t", "app:2", "-o", "type=oci,dest=oci.tar", "-o", "type=docker,dest=docker.tar", "-o", "type=tar,dest=files.tar", "app"));
    succeeds(first);
    succeeds(await sampan(["load", "-i", "docker.tar"]));
    assert.match(succeeds(await sampan(["images"])), /^app +2 /m);
    assert.match(execFileSync("tar", ["-tf", join(folder, "oci.tar")], { encoding: "utf8" }), /^index\.json$/m);
    assert.match(execFileSync("tar", ["-tf", join(folder, "files.tar")], { encoding: "utf8" }), /^who$/m);
    assert.match(first.stderr, /^#(\d+) transferring dockerfile: .* done\n#\1 DONE /m);
    assert.match(first.stderr, /^#(\d+) transferring context: .* done\n#\1 DONE /m);
    write("empty/Dockerfile", "FROM scratch\nCOPY . /\n");
    succeeds(await sampan(words("-o", "type=oci,dest=both.tar", "--platform", "linux/amd64,linux/arm64", "--metadata-file", "metadata.json", "empty")));
    const told = Object.keys(JSON.parse(readFileSync(join(folder, "metadata.json"), "utf8")) as object).filter((key) => key.startsWith("buildx.build.provenance"));
    assert.deepEqual(told, ["buildx.build.provenance/linux/amd64", "buildx.build.provenance/linux/arm64"]);
    const again = await sampan(words("--progress", "rawjson", "-o", "type=cacheonly", "app"));
    const vertexes = again.stderr.trim().split("\n").flatMap((line) => (JSON.parse(line) as { vertexes?: { name: string; cached?: boolean }[] }).vertexes ?? []);
    assert.ok(vertexes.some(({ name, cached }) => name.includes("RUN --mount") && cached), again.stderr);
  });

  test("the worker pushes, with our login where the registry asks for one", { skip: missing("docker-registry") || missing("htpasswd") }, async (context) => {
    await using registry = await startDockerRegistry({ login: { username: "boatman", password: "oar" } });
    const { sampan, folder: own } = here(context);
    const refused = await sampan(words("-t", `${registry.host}/app:1`, "--push", "app"));
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /401|no basic auth|authoriz/i);
    mkdirSync(join(own, "docker"));
    writeFileSync(join(own, "docker/config.json"), JSON.stringify({ auths: { [registry.host]: { auth: Buffer.from("boatman:oar").toString("base64") } } }));
    const pushed = await sampan(words("-t", `${registry.host}/app:1`, "--push", "app"));
    succeeds(pushed);
    assert.doesNotMatch(pushed.stderr, /oar/);
    assert.match(succeeds(await sampan(["digest", `${registry.host}/app:1`])), /^sha256:/);
    assert.equal(succeeds(await sampan(["images", "-q"])), "", "nothing comes here");
  });

  test("a base, an image and a cache of a registry that gives tokens: the worker gets one for each by our login", async (context) => {
    const { server } = await guardedRegistry(context, { users: { boatman: "oar-Sesame", guest: "none-Sesame" }, access: "grants:\n  - { who: user:boatman, role: writer, repositories: \"team/**\" }" });
    const { sampan, folder: own } = here(context);
    const host = `127.0.0.1:${server.port}`;
    const login = (user: string, password: string) => {
      const folder = join(own, user);
      mkdirSync(folder);
      writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [host]: { auth: Buffer.from(`${user}:${password}`).toString("base64") } } }));
      return { env: { DOCKER_CONFIG: folder } };
    };
    const [boatman, guest] = [login("boatman", "oar-Sesame"), login("guest", "none-Sesame")];
    write("tokens/Dockerfile", `FROM ${host}/team/base:1\nRUN echo made > /made\n`);
    succeeds(await sampan(["copy", `oci:${join(folder, "layout")}`, `${host}/team/base:1`], boatman));
    const line = ["build", "--builder", worker.address, "--progress", "plain", "--cache-to", `type=registry,ref=${host}/team/cache:1`, "-t", `${host}/team/app:1`, "--push", "tokens"];
    const pushed = await sampan(line, boatman);
    succeeds(pushed);
    for (const name of ["app", "cache"]) assert.match(succeeds(await sampan(["digest", `${host}/team/${name}:1`], boatman)), /^sha256:/);
    const refused = await sampan([...line, "--no-cache"], guest);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /403|401|denied|forbidden|authoriz/i);
    for (const { stdout, stderr } of [pushed, refused]) assert.doesNotMatch(stdout + stderr, /Sesame/);
  });

  test("caches are exported by the worker and imported by the next build", async (context) => {
    const registry = await serveRegistry(context);
    const { sampan } = here(context);
    const cache = `type=registry,ref=${registry}/cache:1`;
    succeeds(await sampan(words("-o", "type=cacheonly", "--cache-to", `${cache},mode=max`, "app")));
    assert.match(succeeds(await sampan(["digest", `${registry}/cache:1`])), /^sha256:/);
    const { stderr, status } = await sampan(words("-o", "type=cacheonly", "--cache-from", cache, "app"));
    assert.equal(status, 0, stderr);
    assert.match(stderr, /importing cache manifest from/);
  });

  test("a cache comes into a folder of this machine, and is read from there", async (context) => {
    const { sampan, folder: own } = here(context);
    const cache = join(own, "cache");
    const build = (...more: string[]) => sampan(words("-o", "type=cacheonly", "--cache-from", `type=local,src=${cache},tag=main`, "--cache-to", `type=local,dest=${cache},tag=main,mode=max`, ...more, "app"));
    const first = await build();
    succeeds(first);
    assert.match(first.stderr, /the cache \S+ cannot be read/);
    const indexed = (): { manifests: { digest: string; annotations: Record<string, string> }[] } => JSON.parse(readFileSync(join(cache, "index.json"), "utf8")) as never;
    assert.deepEqual(indexed().manifests.map(({ annotations }) => annotations), [{ "org.opencontainers.image.ref.name": "main" }]);
    for (const { digest } of indexed().manifests) assert.equal(sha256(readFileSync(join(cache, "blobs", digest.replace(":", "/")))), digest);
    const second = await build();
    succeeds(second);
    assert.match(second.stderr, /importing cache manifest from/);
    assert.doesNotMatch(second.stderr, /cannot be read/);
    assert.equal(indexed().manifests.length, 1);
    assert.deepEqual(readdirSync(cache).sort(), ["blobs", "index.json", "oci-layout"]);
    mkdirSync(join(own, "other"));
    writeFileSync(join(own, "other/file"), "");
    const other = await sampan(words("-o", "type=cacheonly", "--cache-to", `type=local,dest=${join(own, "other")}`, "app"));
    assert.match(other.stderr, /other cannot be used as an image layout/);
    const bad = await sampan(words("-o", "type=cacheonly", "--cache-to", "type=local,dest=/proc/none", "app"));
    assert.deepEqual([bad.status, /ENOENT: .*\/proc\/none/.test(bad.stderr)], [1, true], bad.stderr);
    succeeds(await sampan(words("-o", "type=cacheonly", "--cache-to", "type=local,dest=/proc/none,ignore-error=true", "app")));
  });

  test("a step that fails ends the build as one here does: log, lines of the Dockerfile, status 1", async (context) => {
    const { sampan } = here(context);
    write("failing/Dockerfile", "FROM base\nRUN echo before; exit 3\n");
    const plain = await sampan(["build", "--builder", worker.address, "--build-context", base(), "--progress", "plain", "-t", "bad:1", "failing"]);
    assert.equal(plain.status, 1);
    assert.match(plain.stderr, /before\n[^]*ERROR: process "\/bin\/sh -c echo before; exit 3" did not complete successfully: exit code: 3\n\nDockerfile:2\n[^]*>>> RUN echo before/);
    const quiet = await sampan(["build", "--builder", worker.address, "--build-context", base(), "-q", "failing"]);
    assert.match(quiet.stderr, /------\n > .*RUN echo before[^]*\nbefore\n------\n/);
    assert.equal(quiet.stdout, "");
    assert.equal(succeeds(await sampan(["images", "-q"])), "");
    const parse = await sampan(["build", "--builder", worker.address, "-f", "-", "failing"], { input: "FROM base\nRUNN x\n" });
    assert.match(parse.stderr, /unknown instruction: RUNN/);
  });

  test("the context may be a tar or a Dockerfile from standard input", async (context) => {
    const { sampan } = here(context);
    const tar = execFileSync("tar", ["-C", join(folder, "app"), "-c", "."], { maxBuffer: 1 << 24 });
    succeeds(await sampan(words("-o", "from-tar", "-"), { input: tar }));
    assert.equal(readFileSync(join(folder, "from-tar/who"), "utf8"), "me 6\n");
    succeeds(await sampan(["build", "--builder", worker.address, "--build-context", base(), "-o", "from-text", "-"], { input: "FROM base AS a\nRUN mkdir /o && echo text > /o/f\nFROM scratch\nCOPY --from=a /o /\n" }));
    assert.equal(readFileSync(join(folder, "from-text/f"), "utf8"), "text\n");
  });

  test("an agent's keys are lent to RUN --mount=type=ssh, and the agent is asked through the worker", { skip: missing("ssh-agent") || missing("ssh-keygen") }, async (context) => {
    const { sampan, folder: own } = here(context);
    const socket = join(own, "agent.sock");
    const started = execFileSync("ssh-agent", ["-a", socket], { encoding: "utf8" });
    context.after(() => process.kill(Number(/SSH_AGENT_PID=(\d+)/.exec(started)![1])));
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "boat", "-f", join(own, "key")]);
    execFileSync("ssh-add", ["-q", join(own, "key")], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    const [, fingerprint] = execFileSync("ssh-keygen", ["-lf", join(own, "key")], { encoding: "utf8" }).split(" ");
    for (const file of ["/usr/bin/ssh-add", ...execFileSync("ldd", ["/usr/bin/ssh-add"], { encoding: "utf8" }).match(/\/\S+/g)!]) {
      mkdirSync(join(own, "tools", dirname(file)), { recursive: true });
      execFileSync("cp", ["-L", file, join(own, "tools", file)]);
    }
    write("agent/Dockerfile", "FROM base\nCOPY --from=tools / /\nRUN --mount=type=ssh ssh-add -l\n");
    const line = ["build", "--builder", worker.address, "--build-context", base(), "--build-context", `tools=${join(own, "tools")}`, "--progress", "plain", "-o", "type=cacheonly"];
    const { status, stderr } = await sampan([...line, "--ssh", "default", "agent"], { env: { SSH_AUTH_SOCK: socket } });
    assert.equal(status, 0, stderr);
    assert.ok(stderr.includes(fingerprint!), stderr);
    const keys = await sampan([...line, "--no-cache", "--ssh", `default=${join(own, "key")}`, "agent"]);
    assert.equal(keys.status, 0, keys.stderr);
    assert.ok(keys.stderr.includes(fingerprint!), "a key by its file");
    const missing = await sampan([...line, "--ssh", `default=${join(own, "none")}`, "agent"]);
    assert.deepEqual([missing.status, /there is no \S+\/none/.test(missing.stderr)], [1, true], missing.stderr);
    const without = await sampan([...line, "--no-cache", "agent"], { env: { SSH_AUTH_SOCK: socket } });
    assert.equal(without.status, 1, "an agent is lent only when that was asked for");
  });

  test("tcp:// with certificates of both sides (a TLS front before the socket)", async (context) => {
    const front = await tlsToSocket(context, worker.socket, { ...testCertificate, ca: siteAuthority, requestCert: true, rejectUnauthorized: true, ALPNProtocols: ["h2"] });
    const { sampan, folder: own } = here(context);
    const pem = (name: string, text: string): string => {
      writeFileSync(join(own, name), text);
      return join(own, name);
    };
    const tls = ["--builder-tls-ca", pem("ca.pem", testAuthority), "--builder-tls-cert", pem("cert.pem", siteClient.cert), "--builder-tls-key", pem("key.pem", siteClient.key)];
    succeeds(await sampan(["build", "--builder", `tcp://127.0.0.1:${front}`, ...tls, "-o", "tls-out", "-"], { input: "FROM scratch\nLABEL a=b\n" }));
    const query = `tcp://127.0.0.1:${front}?cacert=${tls[1]}&cert=${tls[3]}&key=${tls[5]}`;
    succeeds(await sampan(["build", "-o", "type=cacheonly", "-"], { input: "FROM scratch\nLABEL a=b\n", env: { SAMPAN_BUILDER: query } }));
    const stranger = await sampan(["build", "--builder", `tcp://127.0.0.1:${front}`, ...tls.slice(0, 2), "-o", "type=cacheonly", "-"], { input: "FROM scratch\n" });
    assert.equal(stranger.status, 1);
    assert.match(stranger.stderr, /ERROR: builder tcp:\/\/127\.0\.0\.1:\d+ cannot be reached/);
    const untrusted = await sampan(["build", "--builder", `tcp://127.0.0.1:${front}?cacert=${pem("other.pem", siteAuthority)}`, "-o", "type=cacheonly", "-"], { input: "FROM scratch\n" });
    assert.match(untrusted.stderr, /cannot be reached: .*(certificate|signature)/);
  });

  for (const [program, address, expected] of [
    ["ssh", "ssh://me@far.example.com", "-l me -T -- far.example.com buildctl dial-stdio"],
    ["kubectl", "kube-pod://buildkitd-0?namespace=ci", "--namespace=ci exec -i buildkitd-0 -- buildctl dial-stdio"],
  ] as const) {
    test(`${address.split(":")[0]}:// through a fake ${program} that pipes to buildctl dial-stdio`, async (context) => {
      const { sampan, folder: own } = here(context);
      mkdirSync(join(own, "bin"));
      writeFileSync(join(own, "bin", program), `#!/bin/sh\necho "$@" > ${own}/words\nexec buildctl --addr ${worker.address} dial-stdio\n`, { mode: 0o755 });
      const env = { PATH: `${join(own, "bin")}:${process.env["PATH"]}:${process.env["PEERS"] ?? ""}`, SAMPAN_BUILDER: address };
      succeeds(await sampan(words("-t", "far:1", "app").filter((word, index, all) => word !== "--builder" && all[index - 1] !== "--builder"), { env }));
      assert.equal(readFileSync(join(own, "words"), "utf8").trim(), expected);
      assert.match(succeeds(await sampan(["images"])), /^far +1 /m);
      writeFileSync(join(own, "bin", program), "#!/bin/sh\necho 'Permission denied (publickey).' >&2\nexit 255\n");
      const denied = await sampan(["build", "app"], { env });
      assert.equal(denied.status, 1);
      assert.match(denied.stderr, /cannot be reached: Permission denied \(publickey\)\./);
    });
  }

  test("Ctrl-C ends the build at both sides and leaves nothing behind", async (context) => {
    const { sampan, folder: own } = here(context);
    write("slow/Dockerfile", "FROM base\nRUN echo started && sleep 60\n");
    const scratch = scratchSampan(context);
    const temporary = join(own, "temporary");
    mkdirSync(temporary);
    const { status, stderr } = await scratch.sampan(["build", "--builder", worker.address, "--build-context", base(), "--progress", "plain", "-t", "slow:1", "slow"], {
      cwd: folder,
      env: { TMPDIR: temporary },
      onStart: (child) => {
        let seen = "";
        child.stderr!.on("data", (chunk: Buffer) => {
          if ((seen += chunk).includes(" started") && !child.killed) child.kill("SIGINT");
        });
      },
    });
    assert.equal(status, 130, stderr);
    assert.deepEqual(readdirSync(temporary), []);
    assert.equal(succeeds(await sampan(["images", "-q"])), "");
  });
});

test("flags that only a build here can take are refused by name with a builder, and the other way round", async (context) => {
  const { sampan } = scratchSampan(context);
  const cases: [string[], RegExp][] = [
    [["--builder", "unix:///nowhere", "--explain", "."], /the flag --explain together with a builder is not supported/],
    [["--builder", "unix:///nowhere", "--runtime", "crun", "."], /the flag --runtime together with a builder/],
    [["--builder", "unix:///nowhere", "--cache-to", "type=local,dest=x", "--cache-to", "r.example/cache", "."], /--cache-to type=local beside other caches, together with a builder/],
    [["--builder", "unix:///nowhere", "--cache-to", "type=local", "."], /for --cache-to: dest= is missing/],
    [["--builder", "unix:///nowhere", "--policy", "x", "."], /the flag --policy is not supported/],
    [["--resource", "memory=2g", "."], /the flag --resource is not supported/],
    [["--builder", "unix:///nowhere", "--iidfile", "x", "-o", "out", "."], /local and tar outputs have no image id for --iidfile/],
    [["--builder", "npipe:////./x", "."], /npipe:\/\/ is not known/],
    [["--builder", "unix:///nowhere", "."], /builder unix:\/\/\/nowhere cannot be reached|does not exist|failed to read dockerfile|Dockerfile/],
    [["--builder", "default", "--builder-tls-ca", "x", "."], /certificates are for a builder, and none is named/],
    [["--cpu-period", "1", "."], /the flag --cpu-period is not supported/],
  ];
  for (const [line, message] of cases) {
    const { status, stderr } = await sampan(["build", ...line]);
    assert.notEqual(status, 0);
    assert.match(stderr, message, line.join(" "));
  }
  assert.equal(existsSync("nowhere"), false);
});

test("a worker whose socket is another user's says so", { skip: noOrdinaryUser }, async (context) => {
  const { home, sampan } = asOrdinaryUser(context);
  const server = createSocketServer().listen(join(home, "worker.sock"));
  context.after(() => server.close());
  await once(server, "listening");
  chmodSync(join(home, "worker.sock"), 0o600);
  writeFileSync(join(home, "Dockerfile"), "FROM scratch\n");
  const { status, stderr } = await sampan(["build", "--builder", `unix://${join(home, "worker.sock")}`, home]);
  assert.equal(status, 1);
  assert.match(stderr, /cannot be reached: connect EACCES [^]*hint: the socket is of another user: .*buildkitd --group/);
});

/** @returns the port */
async function tlsToSocket(context: TestContext, socket: string, tls: TlsOptions): Promise<number> {
  const server = createServer(tls, (secure) => {
    const plain = connect(socket);
    for (const stream of [secure, plain]) stream.on("error", () => [secure, plain].forEach((each) => each.destroy()));
    secure.pipe(plain).pipe(secure);
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  return (server.address() as AddressInfo).port;
}
