import type { ImageAnswer } from "../../src/server/api/answers.ts";

const HELM_CHART = "application/vnd.cncf.helm.config.v1+json";

/** What gets it: of charts and other artifacts docker knows nothing. */
export function pullCommand({ repository, artifactType }: Pick<ImageAnswer, "repository" | "artifactType">, { host, reference }: { host: string; reference: string }): string {
  const digest = reference.includes(":");
  // A chart's version is its tag, in which `_` stands for the `+` that no tag has.
  if (artifactType === HELM_CHART) return `helm pull oci://${host}/${repository}${digest ? `@${reference}` : ` --version ${reference.replaceAll("_", "+")}`}`;
  return `${artifactType === undefined ? "docker" : "oras"} pull ${host}/${repository}${digest ? "@" : ":"}${reference}`;
}
