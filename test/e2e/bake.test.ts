import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { needs } from "../support/foreign.ts";
import { startJourney } from "../support/journey.ts";
import { basic } from "../support/guarded-registry.ts";
import { commit, git, publish } from "../support/git-repositories.ts";
import { serveRegistry } from "../support/serve-registry.ts";
import { serveSources } from "../support/source-server.ts";

const skip = noBusybox || needs();

/** Two targets upon a third that is a context of both, and one of its own. */
const PROJECT = {
  "docker-bake.hcl": `
variable "TAG" { default = "1" }
variable "REGISTRY" { default = "" }
group "default" { targets = ["app", "worker"] }
target "base" {
  context = "base"
  args = { WORD = "base" }
}
target "app" {
  context = "app"
  contexts = { mybase = "target:base" }
  tags = ["\${REGISTRY}app:\${TAG}"]
  labels = { made = "yes" }
}
target "worker" {
  inherits = ["app"]
  target = "worker"
  tags = ["\${REGISTRY}worker:\${TAG}"]
}
target "letters" {
  name = "letter-\${letter}"
  matrix = { letter = ["a", "b"] }
  dockerfile-inline = <<EOT
FROM base:1
RUN cat /proc/sys/kernel/random/uuid > /same
RUN echo \${letter} > /letter
EOT
  tags = ["letter:\${letter}"]
}
`,
  "base/Dockerfile": "FROM base:1\nARG WORD\nENV WORD=$WORD\nCOPY file /file\nRUN cat /proc/sys/kernel/random/uuid > /once\n",
  "base/file": "of the base\n",
  "app/Dockerfile": "FROM mybase AS app\nCOPY file /own\nFROM app AS worker\nCOPY --from=mybase /once /twice\nFROM app\n",
  "app/file": "of the app\n",
};

async function project(context: TestContext, files: Readonly<Record<string, string>> = PROJECT) {
  const journey = await startJourney(context);
  const cwd = journey.context("project", files);
  return { ...journey, cwd, bake: (...words: string[]) => journey.sampan(["bake", "--progress", "plain", ...words], { cwd }), cat: (image: string, ...paths: string[]) => journey.succeeds(["run", "--rm", image, "cat", ...paths]) };
}

test("targets are built in one go, what they share once, and one can be the base of others", { skip }, async (context) => {
  const { bake, cat, cwd, succeeds } = await project(context);
  const { status, stderr } = await bake("--metadata-file", "made.json");
  assert.equal(status, 0, stderr);
  assert.equal(stderr.match(/RUN cat \/proc\/sys\/kernel\/random\/uuid > \/once\n/g)?.length, 1, stderr);
  assert.match(stderr, /\[base 3\/3\] RUN/);
  const once = await cat("app:1", "/once");
  assert.equal(await cat("worker:1", "/once", "/twice"), once + once);
  assert.equal(await cat("app:1", "/file", "/own"), "of the base\nof the app\n");
  const [app] = JSON.parse(await succeeds(["inspect", "app:1"])) as [{ Id: string; Config: { Env: string[]; Labels: unknown } }];
  assert.ok(app.Config.Env.includes("WORD=base"));
  assert.deepEqual(app.Config.Labels, { made: "yes" });
  const metadata = JSON.parse(readFileSync(join(cwd, "made.json"), "utf8")) as Record<string, Record<string, string>>;
  assert.deepEqual(Object.keys(metadata), ["app", "worker"]);
  assert.equal(metadata["app"]!["containerimage.config.digest"], app.Id);
  assert.match(metadata["app"]!["buildx.build.ref"]!, /^default\/default\/[0-9a-z]{25}$/);
  assert.deepEqual(Object.keys(metadata["worker"]!["buildx.build.provenance"]!), ["builder", "buildType", "materials", "invocation"]);
  const images = await succeeds(["images", "--format", "{{.Repository}}:{{.Tag}}"]);
  assert.doesNotMatch(images, /none/, "the base is nobody's image");
  const again = await bake("--explain");
  assert.equal(again.stderr.match(/DONE/g) === null, false);
  assert.doesNotMatch(again.stderr, /has not run before/);
});

test("a matrix makes targets whose equal steps run once, even without the cache", { skip }, async (context) => {
  const { bake, cat } = await project(context);
  const { status, stderr } = await bake("--no-cache", "letters");
  assert.equal(status, 0, stderr);
  assert.equal(await cat("letter:a", "/same"), await cat("letter:b", "/same"));
  assert.deepEqual([await cat("letter:a", "/letter"), await cat("letter:b", "/letter")], ["a\n", "b\n"]);
});

test("--set, --var and --push decide what goes where", { skip }, async (context) => {
  const { bake, succeeds } = await project(context);
  assert.match((await bake("--var", "TGA=2", "--print")).stderr, /^WARNING: --var TGA is the value of no variable \(did you mean TAG\?\)$/m);
  const host = await serveRegistry(context);
  const { status, stderr } = await bake("--var", "TAG=2", "--var", `REGISTRY=${host}/`, "--push", "--set", "worker.labels.more=set", "--set", `app.tags+=${host}/app:latest`);
  assert.equal(status, 0, stderr);
  assert.equal(await succeeds(["tags", `${host}/app`]), "2\nlatest\n");
  const config = JSON.parse(await succeeds(["inspect", `${host}/worker:2`, "--format", "{{json .Config.Labels}}"])) as unknown;
  assert.deepEqual(config, { made: "yes", more: "set" });
});

test("compose files are built as well", { skip }, async (context) => {
  const { bake, cat } = await project(context, {
    "compose.yaml": "services:\n  web:\n    image: web:${TAG:-7}\n    build:\n      context: web\n      args: [WORD=compose]\n  db:\n    image: postgres\n",
    "web/Dockerfile": "FROM base:1\nARG WORD\nRUN echo $WORD > /word\n",
  });
  const { status, stderr } = await bake();
  assert.equal(status, 0, stderr);
  assert.equal(await cat("web:7", "/word"), "compose\n");
});

test("a step that fails ends the build with its place, and what cannot be built is refused before anything runs", { skip }, async (context) => {
  const { bake, sampan, cwd } = await project(context);
  const failed = await bake("--set", "app.dockerfile=missing");
  assert.equal(failed.status, 1);
  assert.match(failed.stderr, /ERROR: there is no Dockerfile at \S+\/app\/missing/);
  for (const [words, status, said] of [
    [["nothing"], 1, /failed to find target nothing/],
    [["--set", "app.nothing=1"], 2, /unknown key: nothing/],
    [["--list", "odd"], 2, /invalid list type/],
    [["--print", "--list", "targets"], 2, /mutually exclusive/],
    [["--print", "--allow", "network.hos"], 2, /invalid entitlement "network\.hos" for --allow\nhint: did you mean network\.host/],
    [["--call", "odd"], 2, /"odd" is none of build, check, outline, targets/],
  ] as const) {
    const result = await sampan(["bake", ...words], { cwd });
    assert.equal(result.status, status, result.stderr);
    assert.match(result.stderr, said);
  }
});

test("--list shows targets and variables", { skip }, async (context) => {
  const { succeeds, cwd } = await project(context);
  assert.match(await succeeds(["bake", "--list", "targets"], { cwd }), /^TARGET +DESCRIPTION\n[\s\S]*default +app, worker\n[\s\S]*letters +letter-a, letter-b\n/);
  assert.deepEqual(JSON.parse(await succeeds(["bake", "--list", "type=variables,format=json"], { cwd })), [{ name: "REGISTRY", value: "" }, { name: "TAG", value: "1" }]);
});

test("a file takes no rights that --allow does not give, keys that matter are not passed over, and `default` is a build here", { skip }, async (context) => {
  const { sampan, bake, cat, cwd } = await project(context, {
    "docker-bake.json": JSON.stringify({ target: {
      free: { "dockerfile-inline": "FROM base:1\nRUN --security=insecure grep CapEff /proc/self/status > /caps\n", entitlements: ["security.insecure"], tags: ["free:1"] },
      net: { "dockerfile-inline": "FROM base:1\nRUN --network=host true\n", entitlements: ["network.host"], tags: ["net:1"] },
    } }),
    "ruled.json": JSON.stringify({ target: { ruled: { policy: [{ filename: "x.rego" }] } } }),
  });
  for (const [target, entitlement] of [["free", "security.insecure"], ["net", "network.host"]] as const) {
    const refused = await bake(target);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, new RegExp(`target "${target}" requests ${entitlement}, which was not allowed\n.*--allow ${entitlement}`, "s"));
    const allowed = await bake("--allow", entitlement, target);
    assert.equal(allowed.status, 0, allowed.stderr);
  }
  assert.doesNotMatch(await cat("free:1", "/caps"), /00000000a80425fb/);
  assert.match((await bake("--allow", "security.insecur", "net")).stderr, /did you mean security\.insecure/);
  assert.match((await bake("-f", "ruled.json", "ruled")).stderr, /target "ruled": policy is not supported/);
  const env = { SAMPAN_BUILDER: "tcp://127.0.0.1:1" };
  assert.match((await sampan(["bake", "--print", "net"], { cwd, env })).stdout, /network\.host/, "--print builds nothing");
  assert.match((await sampan(["bake", "--allow", "network.host", "net"], { cwd, env })).stderr, /builder tcp:\/\/127\.0\.0\.1:1 cannot be reached/);
  assert.equal((await sampan(["bake", "--builder", "default", "--allow", "network.host", "net"], { cwd, env })).status, 0);
});

test("--check and --call answer for each target, upon others too, and build nothing", { skip }, async (context) => {
  const { bake } = await project(context, {
    "docker-bake.hcl": `
group "default" { targets = ["app", "base"] }
target "base" {
  context = "base"
  description = "below all"
}
target "app" {
  context = "app"
  contexts = { mybase = "target:base" }
}
target "bad" { context = "bad" }
target "asks" {
  context = "app"
  contexts = { mybase = "target:base" }
  call = "outline"
}
`,
    "base/Dockerfile": "FROM scratch\nENV A=base\n",
    "app/Dockerfile": "FROM mybase AS main\nARG WORD=x\nENV B $A\n",
    "bad/Dockerfile": "FROM scratch\nCOPY --bogus x y\n",
  });
  const checked = await bake("--check");
  assert.equal(checked.status, 1);
  assert.match(checked.stdout, /^app\n\nCheck complete, 1 warning has been found!\n\nWARNING: LegacyKeyValueFormat[^]*\nbase\nbelow all\n\nCheck complete, no warnings found\.\n$/);
  assert.equal((await bake("--call", "check,ignorestatus=true")).status, 0);
  const bad = await bake("--check", "bad", "base");
  assert.equal(bad.status, 1);
  assert.match(bad.stdout, /^bad\n\nerror: [^\n]*unknown flag: --bogus[^]*>>> COPY[^]*\nbase\n/);
  const json = JSON.parse((await bake("--call", "targets,format=json", "app")).stdout) as { group: unknown; target: Record<string, { build: { call: string }; targets?: { targets: { name: string }[] } }> };
  assert.equal(json.target["app"]!.build.call, "targets");
  assert.deepEqual(json.target["app"]!.targets!.targets.map(({ name }) => name), ["main"]);
  assert.equal(json.target["base"]!.targets, undefined, "it is only there for app");
  const asks = await bake("asks");
  assert.equal(asks.status, 0, asks.stderr);
  assert.match(asks.stdout, /^asks\n\nTARGET: main\n[^]*WORD +x/);
});

test("a definition of a private repository is fetched with the logins of buildx's variables, which are kept nowhere", { skip: skip || needs("git") }, async (context) => {
  const { sampan, folder, cwd } = await project(context, {});
  const root = mkdtempSync(join(tmpdir(), "bake-private-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "work/app"), { recursive: true });
  git(join(root, "work/app"), "init", "-q");
  commit(join(root, "work/app"), "first", { "docker-bake.hcl": 'target "default" { dockerfile-inline = "FROM scratch\\nLABEL private=yes" }\n' });
  publish(root, "app");
  const [token, header] = ["t0ken-Sesame", "bearer h3ader-Sesame"];
  const bake = (place: string, env: Record<string, string>, ...more: string[]) => sampan(["bake", "--progress", "plain", ...more, place], { cwd, env });
  for (const [login, env] of [[basic("x-access-token", token), { BUILDX_BAKE_GIT_AUTH_TOKEN: token }], [header, { BUILDX_BAKE_GIT_AUTH_HEADER: header }]] as const) {
    await using server = await serveSources(root, { login });
    const url = `${server.origin}/git/app.git`;
    const printed = await bake(url, env, "--print");
    assert.equal(printed.status, 0, printed.stderr);
    assert.equal((JSON.parse(printed.stdout) as { target: { default: { context: string } } }).target.default.context, url);
    const target = await bake(url, env);
    assert.match(target.stderr, /wants a login: give it as --secret id=GIT_AUTH_TOKEN/, "a target names its logins itself");
    const built = await bake(url, { ...env, TOKEN: token, HEADER: header }, "--set", `*.secret=id=GIT_AUTH_${login === header ? "HEADER,env=HEADER" : "TOKEN,env=TOKEN"}`);
    assert.equal(built.status, 0, built.stderr);
    const without = await bake(url, {});
    assert.match(without.stderr, /BUILDX_BAKE_GIT_AUTH_TOKEN/);
    const wrong = await bake(url, { BUILDX_BAKE_GIT_AUTH_TOKEN: "wr0ng-Sesame" });
    assert.equal(wrong.status, 1);
    for (const { stdout, stderr } of [printed, target, built, without, wrong]) assert.doesNotMatch(stdout + stderr, /Sesame|U2VzYW1l/);
  }
  for (const name of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (name.isFile()) assert.doesNotMatch(readFileSync(join(name.parentPath, name.name), "latin1"), /ken-Sesame|ader-Sesame|wr0ng-Sesame/, name.name);
  }
});

test("BUILDX_BAKE_GIT_SSH names the agent that a definition is fetched with", { skip: skip || needs("git") }, async (context) => {
  const { sampan, cwd } = await project(context, {});
  const root = mkdtempSync(join(tmpdir(), "bake-ssh-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "work/app"), { recursive: true });
  mkdirSync(join(root, "bin"));
  git(join(root, "work/app"), "init", "-q");
  commit(join(root, "work/app"), "first", { "docker-bake.hcl": 'target "default" { tags = ["far:1"] }\n' });
  publish(root, "app");
  writeFileSync(join(root, "bin/ssh"), `#!/bin/sh\necho "$SSH_AUTH_SOCK $*" >> '${root}/calls'\nfor last; do :; done\neval "git -c safe.directory=* \${last#git-}"\n`, { mode: 0o755 });
  const agent = createServer().listen(join(root, "agent"));
  context.after(() => agent.close());
  const bake = (paths: string) => sampan(["bake", "--print", `ssh://git@example.invalid${root}/app.git`], { cwd, env: { PATH: `${join(root, "bin")}:${process.env["PATH"]}`, BUILDX_BAKE_GIT_SSH: paths } });
  const printed = await bake(join(root, "agent"));
  assert.equal(printed.status, 0, printed.stderr);
  assert.match(printed.stdout, /far:1/);
  assert.match(readFileSync(join(root, "calls"), "utf8"), new RegExp(`^${join(root, "agent")} .*IdentityFile=none`));
  assert.match((await bake(join(root, "none"))).stderr, /there is no .*none/);
});

test("a definition from a repository or a URL is built from there", { skip: skip || needs("git") }, async (context) => {
  const { bake, succeeds } = await project(context, { "D.local": "FROM scratch\nCOPY file /local\n", "lib/lib": "of this machine\n", "local.hcl": 'target "app" { args = { WORD = "changed" } }\n' });
  const root = mkdtempSync(join(tmpdir(), "bake-remote-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "work/app"), { recursive: true });
  git(join(root, "work/app"), "init", "-q");
  commit(join(root, "work/app"), "first", {
    file: "top\n", Dockerfile: "FROM scratch\nARG WORD\nLABEL word=$WORD\nCOPY file /top\n", "web/Dockerfile": "FROM base:1\nCOPY --from=top file /top\nCOPY --from=here lib /lib\nCOPY own /own\n", "web/own": "web\n",
    "docker-bake.hcl": `
target "app" { tags = ["app:1"] }
target "web" {
  context = "web"
  contexts = { top = ".", here = "cwd://lib" }
  tags = ["web:1"]
}
target "mixed" {
  dockerfile = "cwd://D.local"
  tags = ["mixed:1"]
}
target "thief" {
  secret = ["id=k,src=/etc/hostname"]
}
`,
    "compose.yaml": "services:\n  svc:\n    extends: { file: parts/s.yaml, service: s }\n", "parts/s.yaml": "services:\n  s:\n    build: .\n",
  });
  publish(root, "app");
  await using server = await serveSources(root);
  const url = `${server.origin}/git/app.git`;
  const made = await bake("-f", "docker-bake.hcl", "-f", "cwd://local.hcl", url, "app", "web", "mixed");
  assert.equal(made.status, 0, made.stderr);
  assert.equal(await succeeds(["run", "--rm", "web:1", "cat", "/top", "/lib", "/own"]), "top\nof this machine\nweb\n");
  assert.match(await succeeds(["inspect", "app:1"]), /"word": "changed"/);
  assert.equal((JSON.parse((await bake("--print", url, "svc")).stdout) as { target: { svc: { context: string } } }).target.svc.context, `${url}#:parts`);
  const thief = await bake(url, "thief");
  assert.match(thief.stderr, /requests fs\.read=\/etc\/hostname, which was not allowed/);
  server.files.set("/only.hcl", { body: 'target "default" {\n  dockerfile = "D.local"\n  context = "."\n  tags = ["only:1"]\n}\n' });
  const only = await bake("--print", `${server.origin}/only.hcl`);
  assert.match(only.stdout, /"context": "\."/, only.stderr);
  assert.match((await bake("-f", "nothing.hcl", url)).stderr, /nothing\.hcl cannot be read: there is no such file in http/);
});

test("compose files in which nothing is built are no error, and say so", { skip }, async (context) => {
  const { bake, cwd } = await project(context, { "compose.yaml": "services:\n  db:\n    image: postgres\n", "empty.hcl": 'group "default" { targets = [] }\n' });
  for (const words of [[], ["-f", "empty.hcl"], ["--builder", "unix:///nowhere"], ["--check"]]) {
    const { status, stderr } = await bake("--metadata-file", "made.json", ...words);
    assert.deepEqual([status, stderr, readFileSync(join(cwd, "made.json"), "utf8")], [0, "WARNING: nothing is built: what was asked for has no targets\n", "{}\n"], words.join(" "));
    rmSync(join(cwd, "made.json"));
  }
});
