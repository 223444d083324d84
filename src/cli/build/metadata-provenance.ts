/** What a build is to tell of its provenance for its metadata file. */
export function toldProvenance(file: string | undefined, env: NodeJS.ProcessEnv): { readonly tellProvenance?: "min" | "max" } {
  const extent = metadataProvenance(env);
  return file === undefined || extent === "disabled" ? {} : { tellProvenance: extent };
}

/** How much of the provenance stands in --metadata-file, by BUILDX_METADATA_PROVENANCE as buildx reads it: anything unknown is `min`. */
function metadataProvenance(env: NodeJS.ProcessEnv): "min" | "max" | "disabled" {
  const value = env["BUILDX_METADATA_PROVENANCE"] ?? "";
  if (value === "max") return "max";
  return value === "disabled" || /^(?:0|f|F|FALSE|false|False)$/.test(value) ? "disabled" : "min";
}
