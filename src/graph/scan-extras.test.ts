import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDockerfile } from "../dockerfile/parse-dockerfile.ts";
import { buildGraph } from "./build-graph.ts";
import type { GraphOptions } from "./evaluation.ts";

const platform = { os: "linux", architecture: "amd64" };

/** `context` and the names of stages that are scanned besides the target. */
async function extras(text: string, buildArgs: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const options: GraphOptions = {
    buildArgs: new Map(Object.entries(buildArgs)), platform, buildPlatform: platform, implicitPlatform: true, namePlatforms: false, labels: new Map(), noCache: false, noCacheFilter: new Set(),
    network: "default", allow: new Set(), extraHosts: [], scope: "", contexts: new Map(), resolveBase: () => Promise.reject(new Error("no base is needed")),
  };
  const { scanExtras } = await buildGraph(parseDockerfile(text, { file: "Dockerfile" }), options);
  return [...(scanExtras.context ? ["context"] : []), ...scanExtras.stages.map(({ name }) => name)];
}

const stages = (head: string, first: string, last: string): string =>
  `${head}FROM scratch AS first\n${first}\nCOPY a /\nFROM scratch AS unneeded\nARG BUILDKIT_SBOM_SCAN_STAGE=true\nFROM scratch\nCOPY b /b\nFROM scratch AS last\n${last}\nCOPY --from=first /a /\nCOPY --from=2 /b /\n`;
const STAGE = "ARG BUILDKIT_SBOM_SCAN_STAGE";
const CONTEXT = "ARG BUILDKIT_SBOM_SCAN_CONTEXT";

test("the ARGs of a stage ask for it and for the context, those before the first FROM for all stages that the target needs", async () => {
  assert.deepEqual(await extras(stages("", "", "")), []);
  assert.deepEqual(await extras(stages("", `${STAGE}=true`, "")), ["first"]);
  assert.deepEqual(await extras(stages(`${STAGE}=1\n`, "", "")), ["first", "stage-2"]);
  assert.deepEqual(await extras(stages(`${STAGE}=true\n`, `${STAGE}=false`, "")), ["stage-2"]);
  assert.deepEqual(await extras(stages(`${STAGE}=first,other\n`, "", `${CONTEXT}=true`)), ["context", "first"]);
  assert.deepEqual(await extras(stages("", `${CONTEXT}=true`, `${STAGE}=true`)), [], "of the target the context counts, and of the others their files");
  assert.deepEqual(await extras(stages(`${CONTEXT}=last\n`, "", "")), ["context"]);
});

test("build arguments count where the Dockerfile declares them", async () => {
  const buildArgs = { BUILDKIT_SBOM_SCAN_STAGE: "true", BUILDKIT_SBOM_SCAN_CONTEXT: "true" };
  assert.deepEqual(await extras(stages("", "", ""), buildArgs), ["unneeded"].slice(1));
  assert.deepEqual(await extras(stages("", STAGE, CONTEXT), buildArgs), ["context", "first"]);
  assert.deepEqual(await extras(stages(`${STAGE}=false\n`, "", ""), buildArgs), ["first", "stage-2"]);
});

test("a stage that another one is built on has its ARGs too, as the one built on it", async () => {
  assert.deepEqual(await extras(`FROM scratch AS a\n${STAGE}=true\nCOPY a /\nFROM a AS b\nCOPY b /\nFROM b\n`), ["a", "b"]);
});
