import { checkEvent } from "../../build/tell-checks.ts";
import { vertexWarning } from "../progress/vertex-warning.ts";
import type { BuildResult } from "../../build/build-options.ts";

/** What --metadata-file holds, with the keys that `docker buildx build` writes; warnings where BUILDX_METADATA_WARNINGS asks for them, as there. */
export function buildMetadata(result: BuildResult, env: NodeJS.ProcessEnv): Record<string, unknown> {
  return {
    ...(result.imageId === undefined ? {} : { "containerimage.config.digest": result.imageId }),
    ...(result.manifest === undefined
      ? {}
      : { "containerimage.descriptor": result.manifest, "containerimage.digest": result.manifest.digest }),
    ...(isTrue(env["BUILDX_METADATA_WARNINGS"]) && result.checks.length > 0 ? { "buildx.build.warnings": result.checks.map((check) => vertexWarning(checkEvent(check))) } : {}),
    ...(result.names.length === 0 ? {} : { "image.name": result.names.join(",") }),
  };
}

/** What Go's strconv.ParseBool takes for true. */
function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(?:1|t|T|TRUE|true|True)$/.test(text);
}
