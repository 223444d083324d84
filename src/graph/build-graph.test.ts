import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseDockerfile } from "../dockerfile/parse-dockerfile.ts";
import type { ImageConfig } from "../oci/image-config.ts";
import { sha256 } from "../oci/digest.ts";
import { fault, isFault } from "../std/fault.ts";
import { buildGraph, type BuildGraph } from "./build-graph.ts";
import type { GraphOptions } from "./evaluation.ts";
import type { RunOperation, Vertex } from "./vertex.ts";

const platform = { os: "linux", architecture: "amd64" };
const base: ImageConfig = { ...platform, rootfs: { type: "layers", diff_ids: [sha256("layer")] }, config: { Env: ["PATH=/bin", "BASE=1"] } };

function graphOf(dockerfile: string, options: Partial<GraphOptions> = {}): Promise<BuildGraph> {
  return buildGraph(parseDockerfile(dockerfile), {
    buildArgs: new Map(), platform, buildPlatform: platform, labels: new Map(), noCache: false, noCacheFilter: new Set(), network: "default",
    extraHosts: [], scope: "test", resolveBase: async (name) => ({ reference: `docker.io/library/${name}:latest@${sha256(name)}`, config: base }), ...options,
  });
}

/** All vertices below one, each once, inputs before what needs them. */
function vertices(vertex: Vertex | undefined, seen = new Set<Vertex>()): Vertex[] {
  if (!vertex || seen.has(vertex)) return [];
  seen.add(vertex);
  return [...vertex.inputs.flatMap((input) => vertices(input, seen)), vertex];
}

const runs = (graph: BuildGraph): RunOperation[] => vertices(graph.vertex).flatMap(({ operation }) => (operation.kind === "run" ? [operation] : []));

describe("the graph of a Dockerfile", () => {
  test("has names as BuildKit shows them: stage, index of total, the instruction with its variables filled in", async () => {
    const graph = await graphOf("FROM alpine AS one\nARG V=2\nRUN echo $V $UNSET\nFROM scratch\nCOPY --from=one /a /b\n");
    assert.deepEqual(vertices(graph.vertex).map(({ name }) => name.replace(/@.*/, "")), [
      "[one 1/2] FROM docker.io/library/alpine:latest", "[one 2/2] RUN echo 2 $UNSET", "[stage-1 1/1] COPY --from=one /a /b",
    ]);
    assert.match(vertices((await graphOf("FROM alpine\nRUN true\n")).vertex).at(-1)!.name, /^\[2\/2\] RUN true$/);
  });

  test("holds only the stages that the target needs, and asks for no other base", async () => {
    const asked: string[] = [];
    await graphOf("FROM a AS a\nFROM b AS b\nRUN true\nFROM a\nRUN true\n", {
      resolveBase: async (name) => { asked.push(name); return { reference: name, config: base }; },
    });
    assert.deepEqual(asked, ["a"]);
  });

  test("a name that is nearly a stage's is asked after, where there is no such image", async () => {
    const resolveBase: GraphOptions["resolveBase"] = async (name) => {
      if (/^b/i.test(name)) throw fault("USAGE", { problem: `${name}: there is none` });
      return { reference: name, config: base };
    };
    const hint = "did you mean the stage builder? What is no stage is taken for an image";
    for (const rest of ["FROM x\nCOPY --from=bulder /a /a\n", "FROM Buildr\n", "FROM x\nRUN --mount=from=buildeer,target=/m true\n"]) {
      await assert.rejects(graphOf(`FROM x AS builder\n${rest}`, { resolveBase }), (error) => isFault(error, "BASE_OR_STAGE_NOT_FOUND") && error.hint === hint && /there is none/.test(error.message) && error.location !== undefined, rest);
    }
    await assert.rejects(graphOf("FROM x AS builder\nFROM busybox\n", { resolveBase }), { code: "USAGE" });
  });

  test("has one vertex for equal work in different stages", async () => {
    const graph = await graphOf("FROM x AS one\nRUN make\nFROM x AS two\nRUN make\nFROM scratch\nCOPY --from=one /a /a\nCOPY --from=two /b /b\n");
    assert.equal(runs(graph).length, 1);
  });

  test("shows ARG from its line on, lets the later of ARG and ENV win, and inherits both", async () => {
    const graph = await graphOf("ARG G=global\nFROM x AS one\nRUN 1\nARG G\nENV E=env\nARG E=arg\nRUN 2\nFROM one\nENV E=last\nRUN 3\n");
    const env = runs(graph).map((run) => run.env.filter((entry) => /^[GE]=/.test(entry)));
    assert.deepEqual(env, [[], ["G=global", "E=arg"], ["G=global", "E=last"]]);
  });

  test("keeps proxy variables out of what is hashed into the key, unless they are declared", async () => {
    const buildArgs = new Map([["HTTP_PROXY", "http://p"]]);
    assert.deepEqual(runs(await graphOf("FROM x\nRUN 1\n", { buildArgs }))[0]!.proxyEnv, ["HTTP_PROXY=http://p", "http_proxy=http://p"]);
    const declared = runs(await graphOf("FROM x\nARG HTTP_PROXY\nRUN 1\n", { buildArgs }))[0]!;
    assert.ok(declared.env.includes("HTTP_PROXY=http://p"));
    assert.deepEqual(declared.proxyEnv, ["http_proxy=http://p"]);
  });

  test("warns of build args that nothing takes up", async () => {
    const { warnings } = await graphOf("FROM x\nARG USED\n", { buildArgs: new Map([["USED", "1"], ["TYPO", "2"], ["https_proxy", "3"]]) });
    assert.deepEqual(warnings, ["One or more build-args [TYPO] were not consumed"]);
  });

  test("marks the vertices that ignore the cache", async () => {
    const graph = await graphOf("FROM x AS one\nWORKDIR /w\nRUN 1\nFROM one AS two\nRUN 2\n", { noCacheFilter: new Set(["one"]) });
    assert.deepEqual(vertices(graph.vertex).map(({ ignoreCache }) => ignoreCache), [false, false, true, false]);
  });

  test("resolves triggers of the base before the stage's own instructions, and clears them", async () => {
    const config = { ...base, config: { ...base.config, OnBuild: ["RUN trigger", "ENV T=1"] } };
    const graph = await graphOf("FROM x\nRUN own\n", { resolveBase: async () => ({ reference: "x", config }) });
    assert.deepEqual(runs(graph).map(({ args }) => args.at(-1)), ["trigger", "own"]);
    assert.ok(runs(graph)[1]!.env.includes("T=1"));
    assert.equal(graph.config.OnBuild, undefined);
  });
});

describe("what belongs to later versions is refused by name, with its line", () => {
  for (const [instruction, feature] of [
    ["RUN --device=vendor/x true", "RUN --device"],
  ] as const) {
    test(instruction, async () => {
      await assert.rejects(graphOf(`FROM x\n${instruction}\n`), (error: Error & { code?: string; location?: { startLine: number } }) => {
        assert.equal(error.code, "INSTRUCTION_LATER");
        assert.ok(error.message.startsWith(`${feature} `), error.message);
        assert.equal(error.location?.startLine, 2);
        return true;
      });
    });
  }

  test("FROM --platform of no platform", async () => {
    await assert.rejects(graphOf("FROM --platform=linux/arm64/v8/more x\n"), { code: "STAGE_PLATFORM_INVALID" });
  });
});
