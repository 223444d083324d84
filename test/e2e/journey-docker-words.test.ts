import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { noDockerd, startDockerd } from "../support/dockerd.ts";
import { foreign, needs } from "../support/foreign.ts";
import { GREETER, startJourney, type Journey } from "../support/journey.ts";
import { serveRegistry } from "../support/serve-registry.ts";

const skip = noBusybox || noDockerd;

/** The same images in our store and in docker's: one with two names, one without layers of its own, one nameless. */
async function sameImages(context: TestContext): Promise<Journey & { docker: (...args: string[]) => string; names: string[]; ids: string[] }> {
  const journey = await startJourney(context);
  const { succeeds, folder, context: files } = journey;
  const names = ["greeter:1", "registry.test:5000/team/greeter:v1.0", "labels:latest", "base:1"];
  await succeeds(["build", "-q", "-t", names[0]!, "-t", names[1]!, files("greeter", GREETER)]);
  const labelled = "FROM base:1\nLABEL a.b=\"c d\" empty=\"\"\nEXPOSE 80 53/udp\nVOLUME /data\nHEALTHCHECK --interval=5s --retries=2 CMD true\nSTOPSIGNAL SIGINT\nONBUILD RUN date\nSHELL [\"/bin/sh\", \"-ec\"]\nCMD echo hi\n";
  await succeeds(["build", "-q", "-t", names[2]!, files("labels", { Dockerfile: labelled })]);
  const nameless = (await succeeds(["build", "-q", files("nameless", { Dockerfile: "FROM base:1\nRUN head -c 123456 /dev/zero > /zeros\n" })])).trim();
  const archive = join(folder, "all.tar");
  await succeeds(["save", "-o", archive, ...names, nameless]);
  const daemon = await startDockerd(context);
  const docker = (...args: string[]): string => {
    const { status, stdout, stderr } = daemon(...args);
    assert.equal(status, 0, `docker ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  assert.deepEqual(loadedNames(docker("load", "--input", archive)), names.toSorted());
  return { ...journey, docker, names, ids: [...names, nameless] };
}

/** The names that `load` tells; docker says some ids as well. */
const loadedNames = (text: string): string[] => [...text.matchAll(/^Loaded image: (.*)$/gm)].map(([, name]) => name!).sort();
const sortedLines = (text: string): string[] => text.trim().split("\n").sort();

test("images, history and inspect print what docker prints for the same images", { skip }, async (context) => {
  const { succeeds, docker, ids } = await sameImages(context);
  const lists: string[][] = [
    ["images", "-q"], ["images", "-q", "--no-trunc"], ["images", "--format", "{{.Repository}}|{{.Tag}}|{{.ID}}|{{.Size}}"],
    ["images", "--digests", "--format", "{{.Repository}}|{{.Digest}}"], ["images", "--format", "{{json .Tag}} {{.CreatedSince}} {{.CreatedAt}}", "base"],
    ["images", "-q", "--filter", "dangling=true"], ["images", "-q", "--filter", "label=role"], ["images", "-q", "--filter", "reference=*/*/greeter"],
    ["images", "-q", "--filter", "before=greeter:1"], ["images", "base"], ["images", "--digests", "--no-trunc", "base"],
  ];
  for (const words of lists) {
    const squeezed = (text: string): string[] => sortedLines(text.replace(/ {2,}/g, "  "));
    assert.deepEqual(squeezed(await succeeds(words)), squeezed(docker(...words)), words.join(" "));
  }
  for (const image of ids) {
    for (const flags of [["--format", "{{.ID}}|{{.CreatedBy}}|{{.Size}}|{{.Comment}}"], ["--no-trunc", "--format", "{{.ID}}|{{.CreatedBy}}"], ["-q"], ["--human=false", "--format", "{{.Size}}"]]) {
      assert.equal(await succeeds(["history", ...flags, image]), docker("history", ...flags, image), `history ${flags.join(" ")} ${image}`);
    }
  }
  for (const flags of [[], ["--no-trunc"], ["--format", "table {{.CreatedSince}}\t{{.CreatedBy}}"], ["--human=false"]]) {
    assert.equal(await succeeds(["history", ...flags, "base:1"]), docker("history", ...flags, "base:1"), "the base is old enough for relative times to stay");
  }
});

const FIELDS = ["Id", "Parent", "Comment", "Created", "Author", "Architecture", "Os", "Size"];
const CONFIG = ["Hostname", "User", "ExposedPorts", "Env", "Cmd", "Healthcheck", "Volumes", "WorkingDir", "Entrypoint", "OnBuild", "Labels", "StopSignal", "Shell"];

test("inspect has docker's members with docker's values", { skip }, async (context) => {
  const { succeeds, docker, ids } = await sameImages(context);
  // Newer versions of docker leave out what older ones print as empty.
  const value = (member: unknown): unknown => (member === "" ? null : member ?? null);
  for (const image of ids) {
    const [ours] = JSON.parse(await succeeds(["inspect", image])) as Record<string, Record<string, unknown>>[];
    const [theirs] = JSON.parse(docker("image", "inspect", image)) as Record<string, Record<string, unknown>>[];
    for (const field of FIELDS) assert.deepEqual(value(ours![field]), value(theirs![field]), `${image} ${field}`);
    for (const field of CONFIG) assert.deepEqual(value(ours!["Config"]![field]), value(theirs!["Config"]![field]), `${image} Config.${field}`);
    assert.deepEqual((ours!["RepoTags"] as unknown as string[]).toSorted(), (theirs!["RepoTags"] as unknown as string[]).toSorted());
    assert.deepEqual(ours!["RootFS"], theirs!["RootFS"]);
  }
  const template = ["inspect", "--format", "{{.Config.Env}} {{json .Config.ExposedPorts}} {{index .Config.Labels \"a.b\"}} {{len .RootFS.Layers}} {{range $k, $v := .Config.Volumes}}{{$k}};{{end}}", "labels"];
  assert.equal(await succeeds(template), docker(...template));
});

test("tag and rmi say what docker says", { skip }, async (context) => {
  const { succeeds, sampan, docker, names } = await sameImages(context);
  assert.equal(await succeeds(["tag", names[2]!, "again:2"]), docker("tag", names[2]!, "again:2"));
  assert.equal(await succeeds(["rmi", "again:2"]), docker("rmi", "again:2"));
  assert.equal(await succeeds(["rmi", names[0]!]), docker("rmi", names[0]!));
  const [ours, theirs] = [await succeeds(["rmi", names[1]!]), docker("rmi", names[1]!)].map((text) => text.split("\n").slice(0, 2));
  assert.deepEqual(ours, theirs, "docker lists the layers behind it");
  assert.equal((await sampan(["rmi", "nowhere:1"])).status, 1);
  assert.deepEqual(sortedLines(await succeeds(["images", "-q", "--no-trunc"])), sortedLines(docker("images", "-q", "--no-trunc")));
});

test("save and load keep every byte: docker's and skopeo's reading of the archive is the same before and after", { skip: skip || needs("skopeo") }, async (context) => {
  const { succeeds, docker, names, folder } = await sameImages(context);
  const [first, second] = [join(folder, "all.tar"), join(folder, "second.tar")];
  await succeeds(["rmi", "-f", ...names]);
  assert.deepEqual(loadedNames(await succeeds(["load", "-i", first])), names.toSorted());
  await succeeds(["save", "-o", second, ...names]);
  for (const name of names) {
    const config = (archive: string): Promise<string> => foreign("skopeo", ["inspect", "--raw", "--config", `docker-archive:${archive}:${name}`]);
    assert.equal(await config(second), await config(first), name);
  }
  assert.deepEqual(loadedNames(docker("load", "--input", second)), names.toSorted());
  const theirs = join(folder, "theirs.tar");
  docker("save", "--output", theirs, ...names);
  const before = await Promise.all(names.map((name) => succeeds(["inspect", "-f", "{{.Id}}", name])));
  await succeeds(["rmi", "-f", ...names]);
  await succeeds(["load", "-i", theirs]);
  assert.deepEqual(await Promise.all(names.map((name) => succeeds(["inspect", "-f", "{{.Id}}", name]))), before);
});

test("pull, push and removal of an image from a registry read as with docker", { skip }, async (context) => {
  const [{ succeeds, sampan, context: files }, registry] = await Promise.all([startJourney(context), serveRegistry(context)]);
  const docker = await startDockerd(context);
  const image = `${registry}/team/greeter`;
  const id = (await succeeds(["build", "-q", "-t", image, "--push", files("greeter", GREETER)])).trim();
  await succeeds(["rmi", "-f", id]);
  const last = (text: string): string[] => text.trim().split("\n").slice(-3);
  for (const words of [["pull", image], ["pull", image], ["pull", "-q", `${image}:latest`]]) {
    assert.deepEqual(last(await succeeds(words)), last(docker(...words).stdout), words.join(" "));
  }
  for (const words of [["images", "--digests", "--format", "{{.Repository}}@{{.Digest}}", image], ["inspect", "-f", "{{.RepoDigests}} {{.RepoTags}}", image]]) {
    assert.equal(await succeeds(words), docker(...words).stdout, words.join(" "));
  }
  const untagged = (text: string): string[] => text.split("\n").slice(0, 2);
  assert.deepEqual(untagged(await succeeds(["rmi", image])), untagged(docker("rmi", image).stdout));
  assert.equal(await succeeds(["pull", "-q", image]), docker("pull", "-q", image).stdout);
  assert.equal(await succeeds(["push", "-q", image]), docker("push", "-q", image).stdout);
  // Docker makes a manifest of its own, so digests and sizes differ.
  const frame = (text: string): string[] => text.trim().replace(/sha256:[0-9a-f]{64} size: \d+$/, "DIGEST").split("\n").filter((line) => !/^[0-9a-f]{12}: /.test(line));
  assert.deepEqual(frame(await succeeds(["push", image])), frame(docker("push", image).stdout));
  for (const words of [["pull", `${image}:absent`], ["rmi", "absent:1"], ["inspect", "absent:1"], ["tag", "absent:1", "other:1"], ["history", "absent:1"], ["save", "absent:1"]]) {
    assert.equal((await sampan(words)).status, docker(...words).status, words.join(" "));
  }
  const [object] = /No such object: .*/.exec(docker("inspect", "absent:1").stderr)!;
  assert.equal((await sampan(["inspect", "absent:1"])).stderr.split("\n")[0], `ERROR: ${object}`);
});
