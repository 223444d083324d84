import { fault } from "../../std/fault.ts";
import { formatPlatform } from "../../oci/platform.ts";
import type { BuildSession } from "../build-session.ts";
import type { FinishedBuild, SolvedBuild } from "../finish-build.ts";
import type { PreparedTarget } from "../prepare-target.ts";
import type { Attester } from "./attester.ts";
import { asVersion02, provenance, unknownMaterials, type ProvenanceFacts } from "./provenance.ts";
import type { ProvenanceOptions } from "./provenance-options.ts";

/** Those who say what a target's options ask for. */
export function makeAttesters(session: BuildSession, target: PreparedTarget, solved: SolvedBuild): Attester[] {
  const { attest = {} } = target.options;
  return attest.provenance ? [provenanceAttester(attest.provenance, (build) => factsOf(session, target, solved, build))] : [];
}

/** How the results were made, for whoever has built them: all of it, by platform. */
export function toldProvenance(session: BuildSession, target: PreparedTarget, solved: SolvedBuild, builds: readonly FinishedBuild[]): Map<string, Record<string, unknown>> {
  return new Map(builds.map((build) => [formatPlatform(build.platform), asVersion02(provenance(factsOf(session, target, solved, build), { mode: "max" }))]));
}

/** What is known of how one platform's result was made. */
export function factsOf(session: BuildSession, { options, dockerfile }: PreparedTarget, { recording }: SolvedBuild, { graph }: FinishedBuild): ProvenanceFacts {
  return { options, graph, dockerfile, pins: session.pins, digestsOf: (reference) => session.layersOf(reference).sources, invocation: { ...recording, finishedAt: Date.now() } };
}

/** @throws PROVENANCE_INCOMPLETE */
function provenanceAttester(options: ProvenanceOptions, about: (build: FinishedBuild) => ProvenanceFacts): Attester {
  const { version, filename = "provenance.json", inlineOnly = false, completeMaterials = false } = options;
  return {
    inlineOnly,
    attest: async ({ build, image }) => {
      const predicate = provenance({ ...about(build), image }, options);
      const unknown = unknownMaterials(predicate);
      if (completeMaterials && unknown.length > 0) throw fault("PROVENANCE_INCOMPLETE", { locals: unknown });
      return [{ predicateType: `https://slsa.dev/provenance/${version}`, predicate: version === "v1" ? predicate : asVersion02(predicate), filename }];
    },
  };
}
