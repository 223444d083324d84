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
import { sourcesOf, withGitLogins, type Material, type Wanted } from "./materials.ts";
import type { ProvenanceOptions } from "./provenance-options.ts";
import { requestOf, type ConfigSource } from "./request.ts";
import type { VersionControl } from "./version-control.ts";

/** What the provenance of one platform's result is made of. */
export interface ProvenanceFacts {
  readonly options: BuildOptions;
  readonly graph: BuildGraph;
  readonly dockerfile: DockerfileSource;
  readonly pins: Pins;
  readonly digestsOf: (reference: string) => readonly string[];
  readonly versionControl: VersionControl;
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
      readonly buildkit_metadata: { readonly vcs?: VersionControl; readonly source?: ToldSource; readonly layers?: ToldLayers };
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
}

const BUILD_TYPE = "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md";

/** Tells how a result was made. */
export function provenance(facts: ProvenanceFacts, { mode, builderId = "", reproducible = false }: Pick<ProvenanceOptions, "mode" | "builderId" | "reproducible">): ProvenanceV1 {
  const { graph, options, invocation } = facts;
  const vertices = verticesOf(graph);
  const sources = sourcesOf(vertices, facts);
  const request = requestOf(options, facts.pins);
  const max = mode === "max";
  const steps = max ? buildSteps(graph.vertex, request.context) : undefined;
  const { args, scrubbed } = max ? { args: request.args, scrubbed: false } : withoutValues(request.args);
  const locals = [...new Set([...sources.locals.filter((name) => name !== "context" || !request.context), ...request.locals])].sort();
  const materials = [...new Map([...sources.materials, ...request.materials].map((material) => [material.uri, material])).values()];
  const secrets = request.context?.kind === "git" ? withGitLogins(sources.secrets) : sources.secrets;
  const complete = locals.length === 0;
  return {
    buildDefinition: {
      buildType: BUILD_TYPE,
      ...(materials.length > 0 ? { resolvedDependencies: materials } : {}),
      externalParameters: {
        configSource: request.configSource,
        request: {
          frontend: "dockerfile.v0",
          ...(Object.keys(args).length > 0 ? { args } : {}),
          ...(max && secrets.length > 0 ? { secrets } : {}),
          ...(max && sources.agents.length > 0 ? { ssh: sources.agents } : {}),
          ...(locals.length > 0 ? { locals: locals.map((name) => ({ name })) } : {}),
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
        buildkit_metadata: { ...(Object.keys(facts.versionControl).length > 0 ? { vcs: facts.versionControl } : {}), ...(steps ? { source: sourceOf(steps, facts), ...layersOf(steps, facts) } : {}) },
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
  const { externalParameters: { configSource: { path, ...source }, request }, internalParameters: { buildConfig, builderPlatform, targetPlatform: _target, ...environment } } = buildDefinition;
  const { metadata } = runDetails;
  return {
    builder: runDetails.builder,
    buildType: "https://mobyproject.org/buildkit@v1",
    ...(buildDefinition.resolvedDependencies ? { materials: buildDefinition.resolvedDependencies } : {}),
    invocation: { configSource: { ...source, entryPoint: path }, parameters: request, environment: { platform: builderPlatform, ...environment } },
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
  const locations = [...idOf].map(([{ location }, id]) => [id, location ? { locations: [{ ranges: linesOf(location) }] } : {}] as const);
  const text = new TextDecoder().decode(dockerfile.source);
  return { locations: Object.fromEntries(locations), infos: [{ filename: "Dockerfile", language: "Dockerfile", data: Buffer.from(hideLogin(text)).toString("base64") }] };
}

/** Each line is a range of its own. */
function linesOf({ startLine, endLine }: SourceLocation): { start: { line: number }; end: { line: number } }[] {
  return Array.from({ length: endLine - startLine + 1 }, (_, index) => ({ start: { line: startLine + index }, end: { line: startLine + index } }));
}

function layersOf({ idOf }: BuildSteps, { graph, image }: ProvenanceFacts): { layers?: ToldLayers } {
  const own = layerVertices(graph);
  const base = image === undefined ? -1 : image.layers.length - own.length;
  if (image === undefined || base < 0) return {};
  const descriptors = image.layers.map(({ descriptor: { mediaType, digest, size } }) => ({ mediaType, digest, size }));
  const steps = graph.history.flatMap((step) => (step.kind === "layer" ? [step] : []));
  const stacks: [Vertex, ReturnType<typeof descriptors.slice>][] = [
    ...(graph.baseVertex && base > 0 ? [[graph.baseVertex, descriptors.slice(0, base)] satisfies [Vertex, unknown]] : []),
    ...steps.map(({ vertex, stack = vertex }, index): [Vertex, typeof descriptors] => [stack, descriptors.slice(0, base + index + 1)]),
    // A layer that is made on nothing (COPY --link) is one before it is put upon the others.
    ...steps.flatMap(({ vertex, stack }, index): [Vertex, typeof descriptors][] => (stack ? [[vertex, descriptors.slice(base + index, base + index + 1)]] : [])),
  ];
  const layers = stacks.flatMap(([vertex, stack]) => (idOf.has(vertex) ? [[`${idOf.get(vertex)!}:0`, [stack]] as const] : []));
  return layers.length > 0 ? { layers: Object.fromEntries(layers) } : {};
}
