import type { BuildGraph } from "../../graph/build-graph.ts";
import type { Vertex } from "../../graph/vertex.ts";
import { hideLogin } from "../../context/git-url.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/manifest.ts";
import { formatPlatform, hostPlatform } from "../../oci/platform.ts";
import type { Image } from "../../image/image.ts";
import type { SourceLocation } from "../../std/fault.ts";
import type { Pins } from "../../fetch/pins.ts";
import type { BuildOptions } from "../build-options.ts";
import { layerVertices } from "../finish-image.ts";
import type { DockerfileSource } from "../../context/find-dockerfile.ts";
import { buildSteps, type BuildStep, type BuildSteps } from "./build-steps.ts";
import { sourcesOf, type Material, type Wanted } from "./materials.ts";
import type { ProvenanceOptions } from "./provenance-options.ts";
import { requestOf, type ConfigSource } from "./request.ts";

/** What the provenance of one platform's result is made of. */
export interface ProvenanceFacts {
  readonly options: BuildOptions;
  readonly graph: BuildGraph;
  readonly dockerfile: DockerfileSource;
  readonly pins: Pins;
  readonly digestsOf: (reference: string) => readonly string[];
  readonly invocation: { readonly ref: string; readonly startedAt: number; readonly finishedAt: number };
  /** As it is packed, for what `max` says of layers. */
  readonly image?: Image | undefined;
}

/** SLSA's predicate, version 1, with what BuildKit adds to it (its docs/attestations/slsa-definitions.md). */
export interface ProvenanceV1 {
  readonly buildDefinition: {
    readonly buildType: string;
    readonly resolvedDependencies?: readonly Material[];
    readonly externalParameters: { readonly configSource: ConfigSource; readonly request: RequestParameters };
    readonly internalParameters: { readonly buildConfig?: { readonly llbDefinition: readonly BuildStep[]; readonly digestMapping: Readonly<Record<Digest, string>> }; readonly builderPlatform: string; readonly targetPlatform: string };
  };
  readonly runDetails: {
    readonly builder: { readonly id: string };
    readonly metadata: {
      readonly invocationId: string;
      readonly startedOn: string;
      readonly finishedOn: string;
      readonly buildkit_metadata: { readonly source?: ToldSource; readonly layers?: ToldLayers };
      readonly buildkit_hermetic?: true;
      readonly buildkit_completeness: { readonly request: boolean; readonly resolvedDependencies: boolean };
      readonly buildkit_reproducible?: true;
    };
  };
}

/** The Dockerfile, and which lines of it are which steps. */
interface ToldSource {
  readonly locations: Readonly<Record<string, { readonly locations?: readonly { readonly ranges: readonly { readonly start: { readonly line: number }; readonly end: { readonly line: number } }[] }[] }>>;
  readonly infos: readonly { readonly filename: string; readonly language: string; /** base64 */ readonly data: string }[];
}

/** By step, the layers that lie upon each other after it. */
type ToldLayers = Readonly<Record<string, readonly (readonly Pick<Descriptor, "mediaType" | "digest" | "size">[])[]>>;

interface RequestParameters {
  readonly frontend: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly secrets?: readonly Wanted[];
  readonly ssh?: readonly Wanted[];
  readonly locals?: readonly { readonly name: string }[];
  readonly root: { readonly configSource: ConfigSource; readonly request: { readonly args?: Readonly<Record<string, string>> } };
}

const BUILD_TYPE = "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md";

/** Tells how a result was made. */
export function provenance(facts: ProvenanceFacts, { mode, builderId = "", reproducible = false }: Pick<ProvenanceOptions, "mode" | "builderId" | "reproducible">): ProvenanceV1 {
  const { graph, options, invocation } = facts;
  const vertices = verticesOf(graph);
  const sources = sourcesOf(vertices, facts);
  const request = requestOf(options, facts.pins);
  const max = mode === "max";
  const steps = max ? buildSteps(graph.vertex) : undefined;
  const { args, scrubbed } = max ? { args: request.args, scrubbed: false } : withoutValues(request.args);
  const locals = [...new Set([...sources.locals, ...request.locals])].sort();
  const materials = [...new Map([...sources.materials, ...request.materials].map((material) => [material.uri, material])).values()];
  const complete = locals.length === 0;
  const some = Object.keys(args).length > 0 ? { args } : {};
  return {
    buildDefinition: {
      buildType: BUILD_TYPE,
      ...(materials.length > 0 ? { resolvedDependencies: materials } : {}),
      externalParameters: {
        configSource: request.configSource,
        request: {
          frontend: "dockerfile.v0",
          ...some,
          ...(max && sources.secrets.length > 0 ? { secrets: sources.secrets } : {}),
          ...(max && sources.agents.length > 0 ? { ssh: sources.agents } : {}),
          ...(locals.length > 0 ? { locals: locals.map((name) => ({ name })) } : {}),
          root: { configSource: request.configSource, request: some },
        },
      },
      internalParameters: {
        ...(steps ? { buildConfig: { llbDefinition: steps.steps, digestMapping: steps.digests } } : {}),
        builderPlatform: formatPlatform(hostPlatform(process.arch)), targetPlatform: formatPlatform(graph.platform),
      },
    },
    runDetails: {
      builder: { id: builderId },
      metadata: {
        invocationId: invocation.ref,
        startedOn: new Date(invocation.startedAt).toISOString(),
        finishedOn: new Date(invocation.finishedAt).toISOString(),
        buildkit_metadata: steps ? { source: sourceOf(steps, facts), ...layersOf(steps, facts) } : {},
        ...(complete && !sources.network ? { buildkit_hermetic: true } : {}),
        buildkit_completeness: { request: !scrubbed, resolvedDependencies: complete },
        ...(reproducible ? { buildkit_reproducible: true } : {}),
      },
    },
  };
}

/** What of a build is no material that is known by its digest. */
export function unknownMaterials({ buildDefinition }: ProvenanceV1): readonly string[] {
  return (buildDefinition.externalParameters.request.locals ?? []).map(({ name }) => name);
}

/** The same in the words of SLSA v0.2. */
export function asVersion02({ buildDefinition, runDetails }: ProvenanceV1): Record<string, unknown> {
  const { externalParameters: { configSource: { path, ...source }, request }, internalParameters: { buildConfig, builderPlatform } } = buildDefinition;
  const { metadata } = runDetails;
  return {
    builder: runDetails.builder,
    buildType: "https://mobyproject.org/buildkit@v1",
    ...(buildDefinition.resolvedDependencies ? { materials: buildDefinition.resolvedDependencies } : {}),
    invocation: { configSource: { ...source, entryPoint: path }, parameters: request, environment: { platform: builderPlatform } },
    ...(buildConfig === undefined ? {} : { buildConfig }),
    metadata: {
      buildInvocationID: metadata.invocationId,
      buildStartedOn: metadata.startedOn,
      buildFinishedOn: metadata.finishedOn,
      completeness: { parameters: metadata.buildkit_completeness.request, environment: true, materials: metadata.buildkit_completeness.resolvedDependencies },
      reproducible: metadata.buildkit_reproducible ?? false,
      "https://mobyproject.org/buildkit@v1#metadata": metadata.buildkit_metadata,
      ...(metadata.buildkit_hermetic ? { "https://mobyproject.org/buildkit@v1#hermetic": true } : {}),
    },
  };
}

/** All that a result is made of, and the image that only its config comes from. */
function verticesOf({ vertex, baseVertex }: BuildGraph): Vertex[] {
  const found = new Set([vertex, baseVertex].flatMap((each) => each ?? []));
  for (const each of found) for (const input of each.inputs) if (input) found.add(input);
  return [...found];
}

/** `min` says which flags there were, and not what was told the build by arguments and labels. */
function withoutValues(args: Readonly<Record<string, string>>): { args: Record<string, string>; scrubbed: boolean } {
  const kept = Object.entries(args).filter(([name]) => !/^(?:build-arg|label):/.test(name));
  return { args: Object.fromEntries(kept), scrubbed: kept.length < Object.keys(args).length };
}

function sourceOf({ idOf }: BuildSteps, { dockerfile }: ProvenanceFacts): ToldSource {
  const locations = [...idOf].map(([{ location }, id]) => [id, location ? { locations: [{ ranges: [rangeOf(location)] }] } : {}] as const);
  const text = new TextDecoder().decode(dockerfile.source);
  return { locations: Object.fromEntries(locations), infos: [{ filename: "Dockerfile", language: "Dockerfile", data: Buffer.from(hideLogin(text)).toString("base64") }] };
}

function rangeOf({ startLine, endLine }: SourceLocation): { start: { line: number }; end: { line: number } } {
  return { start: { line: startLine }, end: { line: endLine } };
}

function layersOf({ idOf }: BuildSteps, { graph, image }: ProvenanceFacts): { layers?: ToldLayers } {
  const own = layerVertices(graph);
  const base = image === undefined ? -1 : image.layers.length - own.length;
  if (image === undefined || base < 0) return {};
  const descriptors = image.layers.map(({ descriptor: { mediaType, digest, size } }) => ({ mediaType, digest, size }));
  const stacks = graph.history.flatMap((step) => (step.kind === "layer" ? [step.stack ?? step.vertex] : []));
  const marks = [...(graph.baseVertex && base > 0 ? [[graph.baseVertex, base] as const] : []), ...stacks.map((vertex, index) => [vertex, base + index + 1] as const)];
  const layers = marks.flatMap(([vertex, count]) => (idOf.has(vertex) ? [[`${idOf.get(vertex)!}:0`, [descriptors.slice(0, count)]] as const] : []));
  return layers.length > 0 ? { layers: Object.fromEntries(layers) } : {};
}
