/** How the provenance of a build is told; names and meanings are those of buildx' `--provenance`. */
export interface ProvenanceOptions {
  /** `min` leaves out build arguments, labels, the names of secrets, the steps, the Dockerfile and the layers. */
  readonly mode: "min" | "max";
  /** Of SLSA's predicate. */
  readonly version: "v1" | "v0.2";
  /** Who says so, as a URI. */
  readonly builderId?: string;
  /** What it is called beside files; by default `provenance.json`. */
  readonly filename?: string;
  /** The user's word that the same inputs make the same image. */
  readonly reproducible?: boolean;
  /** Refuse a build of which not all materials are known. */
  readonly completeMaterials?: boolean;
  /** Only for images in registries. */
  readonly inlineOnly?: boolean;
}

/** What is attached to a result. */
export interface AttestOptions {
  readonly provenance?: ProvenanceOptions;
  /** The packages that it is made of. */
  readonly sbom?: boolean;
}
