import type { BuildResult } from "../../build/build-options.ts";

/** What --metadata-file holds, with the keys that `docker buildx build` writes. */
export function buildMetadata(result: BuildResult): Record<string, unknown> {
  return {
    ...(result.imageId === undefined ? {} : { "containerimage.config.digest": result.imageId }),
    ...(result.manifest === undefined
      ? {}
      : { "containerimage.descriptor": result.manifest, "containerimage.digest": result.manifest.digest }),
    ...(result.names.length === 0 ? {} : { "image.name": result.names.join(",") }),
  };
}
