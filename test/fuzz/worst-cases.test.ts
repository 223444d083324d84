import assert from "node:assert/strict";
import { test } from "node:test";
import { startChecks } from "../../src/check/checker.ts";
import { cacheImports } from "../../src/cli/build/cache-flags.ts";
import { buildOutputs } from "../../src/cli/build/outputs.ts";
import { withoutKeys } from "../../src/cli/flags/csv.ts";
import { hideLogin, isGitUrl, parseGitUrl } from "../../src/context/git-url.ts";
import { csvFields } from "../../src/dockerfile/csv-fields.ts";
import { expand } from "../../src/dockerfile/expand.ts";
import { compileIgnore, parseIgnoreFile } from "../../src/dockerfile/ignore.ts";
import { parseDockerfile } from "../../src/dockerfile/parse-dockerfile.ts";
import { matchName } from "../../src/files/match-name.ts";
import { buildGraph, type BuildGraph } from "../../src/graph/build-graph.ts";
import { sha256 } from "../../src/oci/digest.ts";
import { parsePlatform } from "../../src/oci/platform.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { isFault } from "../../src/std/fault.ts";
import { matchPath } from "../../src/std/match-path.ts";
import { assertLinear } from "./growth.ts";

const platform = { os: "linux", architecture: "amd64" };
const NOTHING: ReadonlyMap<string, string> = new Map();
const times = (count: number, text: string | ((index: number) => string)): string => Array.from({ length: count }, (_, index) => (typeof text === "string" ? text : text(index))).join("");

/** The graph of a Dockerfile, with all checks beside it. */
async function graphOf(text: string, OnBuild: string[] = []): Promise<BuildGraph> {
  const dockerfile = parseDockerfile(text);
  const checks = startChecks(dockerfile, { buildArgs: NOTHING, ignore: [] });
  const graph = await buildGraph(dockerfile, {
    buildArgs: NOTHING, platform, buildPlatform: platform, labels: new Map(), noCache: false, noCacheFilter: new Set(), network: "default", extraHosts: [], scope: "test",
    observer: checks.observer,
    resolveBase: async (name) => ({ reference: `docker.io/library/${name}:latest@${sha256(name)}`, config: { ...platform, rootfs: { type: "layers", diff_ids: [sha256("layer")] }, config: { Env: ["PATH=/bin"], OnBuild } } }),
  });
  checks.warnings();
  return graph;
}

/** Work on an input of some size; a fault is an answer, anything else that is thrown is none. */
const LINEAR: Readonly<Record<string, (size: number) => unknown>> = {
  "continuation lines": (size) => parseDockerfile(`FROM a\nRUN x${times(size, " \\\n# c\n\n y")}`),
  "heredocs of one RUN": (size) => parseDockerfile(`FROM a\nRUN${times(size, " \\\n<<E")}\n${times(size, "E\n")}`),
  "heredocs of one COPY": (size) => parseDockerfile(`FROM a\nCOPY${times(size, (index) => ` \\\n<<E${index}`)} /x/\n${times(size, (index) => `b\nE${index}\n`)}`),
  "instructions with a heredoc": (size) => parseDockerfile(`FROM a\n${times(size, "RUN <<E\nx\nE\n")}`),
  "a heredoc that does not end": (size) => parseDockerfile(`FROM a\n${times(size, "RUN <<E\n")}`),
  "sources of COPY": (size) => parseDockerfile(`FROM a\nCOPY${times(size, " \\\na")} /x/\n`),
  "flags": (size) => parseDockerfile(`FROM a\nRUN${times(size, " \\\n--mount=type=tmpfs,target=/a")} x\n`),
  "a JSON form": (size) => parseDockerfile(`FROM a\nRUN ["a"${times(size, ", \\\n\"b\"")}]\n`),
  "a JSON form that does not end": (size) => parseDockerfile(`FROM a\nRUN ["a"${times(size, ", \\\n[\"b\"")}\n`),
  "pairs of ENV": (size) => parseDockerfile(`FROM a\nENV${times(size, (index) => ` \\\nA${index}="b`)}\n`),
  "variables in a word": (size) => expand(times(size, "${a:-b}\"$c\""), NOTHING),
  "replacements in a value": (size) => expand("${a//x*z?/y}", new Map([["a", times(size, "xa")]])),
  "a pattern on a value": (size) => expand("${a##*x*y*z}", new Map([["a", times(size, "xy")]])),
  "signs of heredocs in a word": (size) => expand(times(size, "<< "), NOTHING),
  "lines of .dockerignore": (size) => parseIgnoreFile(times(size, "a/../b/\n# c\n")),
  "patterns of .dockerignore": (size) => compileIgnore(Array.from({ length: size }, (_, index) => `a${index}/**/b*`)).matches("x/y/z"),
  "stars of a pattern of .dockerignore": (size) => compileIgnore([`${times(size, "*a")}b`]).matches("a".repeat(250)),
  "**/ of a pattern of .dockerignore": (size) => compileIgnore([`${times(size, "**/a/")}b`]).matches("a/".repeat(20)),
  "stars of a pattern of COPY": (size) => matchName(`${times(size, "*a")}b`, "a".repeat(250)),
  "stars of a filter": (size) => matchPath(`${times(size, "*a")}b`, "a".repeat(250)),
  "a git URL": (size) => parseGitUrl(`git://h/${times(size, "a/../")}#r:${times(size, "b/../")}`),
  "what looks like a git URL": (size) => isGitUrl(`${times(size, "a-")}@${times(size, "b.")}`),
  "logins in a text": (size) => hideLogin(times(size, "://a@")),
  "a reference": (size) => parseReference(`${times(size, "a-")}/${times(size, "b__")}.`),
  "a platform": (size) => parsePlatform(`${times(size, "a.")}/`),
  "attributes of an output": (size) => buildOutputs({ output: [`type=oci,dest=x,${times(size, "\"name=a\"\"b\",")}tar=true`], push: false, load: false, several: false, terminal: false }),
  "attributes of a cache": (size) => cacheImports([`type=local,src=x,${times(size, "tag=a,")}tag=b`], {}),
  "names of keys in a flag that is shown": (size) => withoutKeys(times(size, "key")),
  "addresses in a flag that is shown": (size) => withoutKeys(times(size, "//")),
  "quotes in a flag that is shown": (size) => withoutKeys(times(size, "a\"\"\"")),
  "fields of a flag": (size) => csvFields(`${times(size, "\"a\"\"\",")}x`, "mount"),
  "stages upon each other": (size) => graphOf(times(size, (index) => (index === 0 ? "FROM a AS s0\n" : `FROM s${index - 1} AS s${index}\n`))),
  "stages that copy from the two before": (size) => graphOf(`FROM a AS s0\nFROM a AS s1\n${times(size, (index) => `FROM a AS s${index + 2}\nCOPY --from=s${index + 1} /a /a\nCOPY --from=s${index} /b /b\n`)}`),
  "stages that one copies from": (size) => graphOf(`${times(size, (index) => `FROM a AS s${index}\nRUN ${index}\n`)}FROM scratch\n${times(size, (index) => `COPY --from=s${index} /a /a${index}\n`)}`),
  "labels, ports and volumes": (size) => graphOf(`FROM a\n${times(size, (index) => `LABEL l${index}=b\nEXPOSE ${1 + index % 60000}\nVOLUME /v${index}\n`)}`),
  "ONBUILD": (size) => graphOf(`FROM a\n${times(size, "ONBUILD RUN x\n")}`),
  "triggers of a base image": (size) => graphOf("FROM a\n", Array.from({ length: size }, () => "LABEL a=b")),
};

for (const [name, work] of Object.entries(LINEAR)) {
  test(`time grows as ${name} grow${name.startsWith("a ") ? "s" : ""}`, async () => {
    await assertLinear(name, async (size) => {
      try {
        await work(size);
      } catch (error) {
        assert.ok(isFault(error), String((error as Error).stack));
      }
    });
  });
}

test("ten thousand stages upon each other, and upon one another's files, are a graph", async () => {
  const chain = await graphOf(times(10_000, (index) => (index === 0 ? "FROM a AS s0\n" : `FROM s${index - 1} AS s${index}\n`)));
  assert.equal(chain.targetIndex, 9999);
});

test("a hundred thousand heredocs are read", () => {
  const { stages } = parseDockerfile(`FROM a\n${times(100_000, "RUN <<E\nx\nE\n")}`);
  assert.equal(stages[0]!.instructions.length, 100_000);
});

test("substitutions inside each other are read as deep as they may be, and refused beyond", () => {
  const nested = (depth: number): string => `${times(depth, "${a:-")}x${times(depth, "}")}`;
  assert.equal(expand(nested(400), NOTHING).value, "x");
  assert.throws(() => expand(nested(10_000), NOTHING), { code: "DOCKERFILE_SUBSTITUTION" });
});

test("variables that double each other are refused before they take all memory", async () => {
  await assert.rejects(graphOf(`FROM a\nENV A=xxxxxxxx\n${times(60, "ENV A=$A$A\n")}`), { code: "DOCKERFILE_SUBSTITUTION", message: /longer than/ });
  await assert.rejects(graphOf(`FROM a\nENV A=${"x".repeat(60_000)}\nRUN <<E\n${times(5000, "$A")}\nE\nLABEL b=${times(5000, "$A")}\n`), { code: "DOCKERFILE_SUBSTITUTION" });
});
