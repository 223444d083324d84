import { checkEvent } from "../../build/tell-checks.ts";
import { vertexWarning } from "../progress/vertex-warning.ts";
import type { BuildResult } from "../../build/build-options.ts";

/**
 * What --metadata-file holds, with the keys that `docker buildx build` writes: the provenance as far as it was told, warnings where BUILDX_METADATA_WARNINGS asks for them, as there.
 */
export function buildMetadata(result: BuildResult, env: NodeJS.ProcessEnv): Record<string, unknown> {
  return {
    ...provenanceOf(result),
    "buildx.build.ref": `default/default/${result.ref}`,
    ...(isTrue(env["BUILDX_METADATA_WARNINGS"]) && result.checks.length > 0 ? { "buildx.build.warnings": result.checks.map((check) => vertexWarning(checkEvent(check))) } : {}),
    ...(result.imageId === undefined ? {} : { "containerimage.config.digest": result.imageId }),
    ...(result.manifest === undefined
      ? {}
      : { "containerimage.descriptor": result.manifest, "containerimage.digest": result.manifest.digest }),
    ...(result.names.length === 0 ? {} : { "image.name": result.names.join(",") }),
  };
}

/** One platform's, or each by its name. */
function provenanceOf({ provenance = new Map() }: BuildResult): Record<string, unknown> {
  return Object.fromEntries([...provenance].map(([platform, predicate]) => [`buildx.build.provenance${provenance.size > 1 ? `/${platform}` : ""}`, predicate]));
}

/** What Go's strconv.ParseBool takes for true. */
function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(?:1|t|T|TRUE|true|True)$/.test(text);
}
