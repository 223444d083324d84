import { fault } from "../../std/fault.ts";
import { formatPlatform } from "../../oci/platform.ts";
import type { BuildSession } from "../build-session.ts";
import type { FinishedBuild, SolvedBuild } from "../finish-build.ts";
import type { PreparedTarget } from "../prepare-target.ts";
import type { Attester } from "./attester.ts";
import { asVersion02, provenance, unknownMaterials, type ProvenanceFacts } from "./provenance.ts";
import type { ProvenanceOptions } from "./provenance-options.ts";
import { versionControlOf, type VersionControl } from "./version-control.ts";

/** Those who say what a target's options ask for. */
export async function makeAttesters(session: BuildSession, target: PreparedTarget, solved: SolvedBuild): Promise<Attester[]> {
  const { attest = {} } = target.options;
  return [
    ...(attest.sbom ? [(await import("./sbom-attester.ts")).sbomAttester(session, target, solved)] : []),
    ...(attest.provenance ? [provenanceAttester(attest.provenance, { facts: (build) => factsOf(session, target, solved, build), versionControl: versionControlOf(target, session) })] : []),
  ];
}

/** How the results were made, for whoever has built them: all of it, by platform. */
export async function toldProvenance(session: BuildSession, target: PreparedTarget, solved: SolvedBuild, builds: readonly FinishedBuild[], extent: "min" | "max"): Promise<Map<string, Record<string, unknown>>> {
  const versionControl = extent === "max" ? await versionControlOf(target, session) : {};
  return new Map(builds.map((build) => {
    const { buildConfig, metadata, ...others } = asVersion02(provenance({ ...factsOf(session, target, solved, build), versionControl }, { mode: "max" }));
    return [formatPlatform(build.platform), extent === "max" ? { ...others, buildConfig, metadata } : others];
  }));
}

/** What is known of how one platform's result was made, without what git knows. */
function factsOf(session: BuildSession, { options, dockerfile }: PreparedTarget, { recording }: SolvedBuild, { graph }: FinishedBuild): Omit<ProvenanceFacts, "versionControl"> {
  return { options, graph, dockerfile, pins: session.pins, digestsOf: (reference) => session.layersOf(reference).sources, invocation: { ...recording, finishedAt: Date.now() } };
}

/** @throws PROVENANCE_INCOMPLETE */
function provenanceAttester(options: ProvenanceOptions, about: { facts: (build: FinishedBuild) => Omit<ProvenanceFacts, "versionControl">; versionControl: Promise<VersionControl> }): Attester {
  const { version, filename = "provenance.json", inlineOnly = false, completeMaterials = false } = options;
  return {
    inlineOnly,
    attest: async ({ build, image }) => {
      const predicate = provenance({ ...about.facts(build), versionControl: await about.versionControl, image }, options);
      const unknown = unknownMaterials(predicate);
      if (completeMaterials && unknown.length > 0) throw fault("PROVENANCE_INCOMPLETE", { locals: unknown });
      return [{ predicateType: `https://slsa.dev/provenance/${version}`, predicate: version === "v1" ? predicate : asVersion02(predicate), filename }];
    },
  };
}
