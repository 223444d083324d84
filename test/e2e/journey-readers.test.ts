import assert from "node:assert/strict";
import { existsSync, lstatSync, readFileSync, readlinkSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { startDockerd, noDockerd } from "../support/dockerd.ts";
import { containersStorage, foreign, needs, PODMAN_RUN } from "../support/foreign.ts";
import { GREETER, GREETING, startJourney, type Journey } from "../support/journey.ts";
import { serveRegistry } from "../support/serve-registry.ts";

/** An image that we built and pushed to our own registry. */
async function pushed(context: TestContext): Promise<Journey & { image: string; id: string }> {
  const [journey, registry] = await Promise.all([startJourney(context), serveRegistry(context)]);
  const image = `${registry}/team/greeter:1`;
  const id = (await journey.succeeds(["build", "-q", "-t", image, "--push", journey.context("greeter", GREETER)])).trim();
  return { ...journey, image, id };
}

test("we build, push, delete, pull and run it", { skip: noBusybox || needs() }, async (context) => {
  const { succeeds, sampan, image, id } = await pushed(context);
  const digest = (await succeeds(["inspect", "-f", "{{index .RepoDigests 0}}", image])).trim();
  await succeeds(["rmi", image]);
  await succeeds(["rmi", "base:1"]);
  assert.equal(await succeeds(["images", "-q"]), "");
  const pulled = await succeeds(["pull", image]);
  assert.match(pulled, new RegExp(`^Digest: ${digest.split("@")[1]}$`, "m"));
  assert.match(pulled, new RegExp(`^Status: Downloaded newer image for ${image}$`, "m"));
  assert.match(await succeeds(["pull", image]), /^Status: Image is up to date for /m);
  assert.equal(await succeeds(["inspect", "-f", "{{.Id}}", image]), `${id}\n`);
  assert.equal(await succeeds(["run", "--rm", image]), GREETING("world"));
  assert.equal(await succeeds(["run", "--rm", "-e", "GREETING=bye", digest, "you"]), GREETING("you").replace("hello", "bye"));
  const ended = await sampan(["run", "--rm", "--entrypoint", "sh", image, "-c", "exit 7"]);
  assert.equal(ended.status, 7);
});

test("skopeo inspects it and copies it whole", { skip: noBusybox || needs("skopeo") }, async (context) => {
  const { image, id, folder } = await pushed(context);
  const remote = `docker://${image}`;
  const inspected = JSON.parse(await foreign("skopeo", ["inspect", "--tls-verify=false", remote])) as Record<string, unknown>;
  assert.deepEqual([inspected["RepoTags"], inspected["Labels"], (inspected["Layers"] as string[]).length], [["1"], { role: "greeter" }, 4]);
  const config = JSON.parse(await foreign("skopeo", ["inspect", "--tls-verify=false", "--config", remote])) as { config: Record<string, unknown> };
  assert.deepEqual([config.config["User"], config.config["WorkingDir"], config.config["Entrypoint"]], ["app", "/home/app", ["/app/greet"]]);
  await foreign("skopeo", ["copy", "--src-tls-verify=false", "--preserve-digests", remote, `dir:${join(folder, "dir")}`]);
  assert.ok(readdirSync(join(folder, "dir")).includes(id.slice("sha256:".length)));
  await foreign("skopeo", ["copy", "--src-tls-verify=false", "--preserve-digests", remote, `oci:${join(folder, "oci")}:1`]);
  const index = JSON.parse(readFileSync(join(folder, "oci/index.json"), "utf8")) as { manifests: { digest: string }[] };
  assert.equal(index.manifests[0]!.digest, inspected["Digest"]);
  await foreign("skopeo", ["copy", "--src-tls-verify=false", "--format=v2s2", remote, `dir:${join(folder, "v2s2")}`]);
});

test("umoci unpacks it and runc runs what it unpacked", { skip: noBusybox || needs("skopeo", "umoci", "runc") }, async (context) => {
  const { image, folder } = await pushed(context);
  await foreign("skopeo", ["copy", "--src-tls-verify=false", `docker://${image}`, `oci:${join(folder, "oci")}:1`]);
  const bundle = join(folder, "bundle");
  await foreign("umoci", ["unpack", "--image", `${join(folder, "oci")}:1`, bundle]);
  const at = (path: string): string => join(bundle, "rootfs", path);
  assert.deepEqual(readdirSync(at("var/www")), ["new"]);
  assert.equal(existsSync(at("etc/group")), false);
  assert.equal(readlinkSync(at("greet")), "/app/greet");
  assert.equal(lstatSync(at("var/www/new")).ino, lstatSync(at("var/link")).ino);
  const { mode, uid, gid } = statSync(at("home/app"));
  assert.deepEqual([mode & 0o7777, uid, gid], [0o2755, 1000, 1001]);
  assert.deepEqual([statSync(at("app/greet")).uid, statSync(at("tmp")).mode & 0o7777], [1000, 0o1777]);
  assert.equal(existsSync(at("src")), false, "the builder stage stays out");
  const settings = join(bundle, "config.json");
  const config = JSON.parse(readFileSync(settings, "utf8")) as { process: { terminal: boolean } };
  config.process.terminal = false;
  writeFileSync(settings, JSON.stringify(config));
  const id = `sampan-test-${process.pid}`;
  assert.equal(await foreign("runc", ["--root", join(folder, "runc"), "run", "--bundle", bundle, id]), GREETING("world"));
});

test("buildah pulls it and runs a command in it", { skip: noBusybox || needs("buildah") }, async (context) => {
  const { image } = await pushed(context);
  const { buildah } = containersStorage(context);
  const name = (await buildah("from", "--quiet", "--pull-always", "--tls-verify=false", image)).trim();
  assert.equal(await buildah("run", "--isolation", "chroot", name, "--", "/app/greet", "buildah"), GREETING("buildah"));
  assert.match(await buildah("inspect", "--format", "{{.OCIv1.Config.Labels.role}} {{.OCIv1.Config.User}}", name), /^greeter app\n?$/);
});

test("podman runs it, and loads what we saved", { skip: noBusybox || needs("podman", "runc") }, async (context) => {
  const { image, id, folder, succeeds } = await pushed(context);
  const { podman } = containersStorage(context);
  await succeeds(["save", "-o", join(folder, "saved.tar"), image, "base:1"]);
  await podman("load", "--quiet", "--input", join(folder, "saved.tar"));
  assert.equal(await podman("image", "inspect", "--format", "sha256:{{.Id}}", image), `${id}\n`);
  assert.equal(await podman(...PODMAN_RUN, "--pull=never", image, "loaded"), GREETING("loaded"));
  await podman("rmi", "--all", "--force");
  assert.equal(await podman(...PODMAN_RUN, "--tls-verify=false", "--quiet", image, "podman"), GREETING("podman"));
});

test("crane validates every byte of it", { skip: noBusybox || needs("crane") }, async (context) => {
  const { image } = await pushed(context);
  await foreign("crane", ["validate", "--remote", image]);
  assert.equal((JSON.parse(await foreign("crane", ["config", image])) as { os: string }).os, "linux");
});

test("docker pulls it, runs it, and loads what we saved, as the same image", { skip: noBusybox || noDockerd }, async (context) => {
  const { image, id, folder, succeeds, sampan } = await pushed(context);
  const docker = await startDockerd(context);
  assert.equal(docker("pull", "--quiet", image).stdout, `${image}\n`);
  assert.equal(docker("inspect", "--format", "{{.Id}}", image).stdout, `${id}\n`);
  const ran = docker("run", "--rm", "--network", "host", image, "docker");
  assert.equal(ran.stdout, GREETING("docker"), ran.stderr);
  assert.equal(docker("rmi", "--force", image).status, 0);
  const archive = join(folder, "saved.tar");
  await succeeds(["save", "-o", archive, image]);
  assert.equal(docker("load", "--input", archive).stdout, `Loaded image: ${image}\n`);
  assert.equal(docker("inspect", "--format", "{{.Id}}", image).stdout, `${id}\n`);
  const quiet = await sampan(["build", "-q", "-t", "exported:1", "-o", `type=docker,dest=${archive}`, join(folder, "greeter")]);
  assert.equal(quiet.status, 0, quiet.stderr);
  assert.equal(docker("load", "--quiet", "--input", archive).stdout, "Loaded image: exported:1\n");
  assert.equal(docker("run", "--rm", "--network", "none", "exported:1", "export").stdout, GREETING("export"));
});
