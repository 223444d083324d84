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
    ...imageOf(result),
    ...(result.names.length === 0 ? {} : { "image.name": result.names.join(",") }),
  };
}

/**
 * As the exporters of BuildKit name it. An image that is only in the store has no manifest yet: its id stands for both digests, as
 * docker's own builder writes it for a store whose images are known by their ids.
 */
function imageOf({ imageId, manifest, configDigest }: BuildResult): Record<string, unknown> {
  if (manifest !== undefined) return { ...(configDigest === undefined ? {} : { "containerimage.config.digest": configDigest }), "containerimage.descriptor": manifest, "containerimage.digest": manifest.digest };
  return imageId === undefined ? {} : { "containerimage.config.digest": imageId, "containerimage.digest": imageId };
}

/** One platform's, or each by its name. */
function provenanceOf({ provenance = new Map() }: BuildResult): Record<string, unknown> {
  return Object.fromEntries([...provenance].map(([platform, predicate]) => [`buildx.build.provenance${provenance.size > 1 ? `/${platform}` : ""}`, predicate]));
}

/** What Go's strconv.ParseBool takes for true. */
function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(?:1|t|T|TRUE|true|True)$/.test(text);
}
