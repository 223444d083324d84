import type { BuildStep } from "../../src/build/attest/build-steps.ts";
import type { ProvenanceV1 } from "../../src/build/attest/provenance.ts";

type Values = Readonly<Record<string, unknown>>;

/**
 * A predicate without what two builders cannot have in common: times, ids, digests of operations and of packed layers, the version of
 * BuildKit's frontend, how its client sends folders and how it fetches the Dockerfile;
 * whether an image source has a digest, as materials have it; and the lines of sources, of which it keeps all that name one.
 */
export function normalProvenance({ buildDefinition, runDetails }: ProvenanceV1): unknown {
  const { externalParameters: { configSource, request }, internalParameters } = buildDefinition;
  const { compatibilityVersion: _version, args = {}, ...others } = request as typeof request & { compatibilityVersion?: number };
  const { dockerfileVersion: _frontend, buildConfig, ...internal } = internalParameters as typeof internalParameters & { dockerfileVersion?: string };
  const { invocationId: _id, startedOn: _start, finishedOn: _end, buildkit_metadata: { source, layers }, ...metadata } = runDetails.metadata;
  const asked = { ...others, args: Object.fromEntries(Object.entries(args).filter(([name]) => !name.startsWith("sharedkey:"))) };
  return {
    materials: [...(buildDefinition.resolvedDependencies ?? [])].sort((a, b) => (a.uri < b.uri ? -1 : 1)),
    configSource, request: asked, internal, metadata, builder: runDetails.builder,
    steps: buildConfig?.llbDefinition.map(normalStep),
    lines: source && Object.fromEntries(Object.entries(source.locations).flatMap(([step, { locations }]) => {
      const isSource = buildConfig!.llbDefinition.find(({ id }) => id === step)?.op.Op["source"] !== undefined;
      return isSource || !locations ? [] : [[step, locations]];
    })),
    dockerfile: source?.infos.map(({ filename, language, data }) => [filename, language, data]),
    layers: layers && Object.fromEntries(Object.entries(layers).map(([step, stacks]) => [step, stacks.map((stack) => stack.map(({ mediaType }) => mediaType))])),
  };
}

function normalStep({ id, op, inputs = [] }: BuildStep): unknown {
  const { source, ...others } = op.Op as { source?: { identifier: string; attrs?: Values } };
  const { platform } = op;
  if (!source) return { id, op: others, inputs, platform };
  const attrs = Object.entries(source.attrs ?? {}).filter(([name]) => !/^local\.|^git\.(?:auth|mount|known)|^http\.(?:auth|header)/.test(name));
  return { id, source: source.identifier.replace(/^(docker-image:.*)@sha256:\w+$/, "$1"), attrs: Object.fromEntries(attrs), inputs, platform };
}
