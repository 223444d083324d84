import { spec } from "../fault-spec.ts";

/** Faults of the image station. */
export const imageFaults = {
  IMAGE_INCONSISTENT: spec<{ image: string; problem: string }>({
    when: "Manifest, config and layers of an image do not belong together.",
    exit: 1,
    message: ({ image, problem }) => `image ${image} is inconsistent: ${problem}`,
    hint: () => "the image was put together wrongly or changed on its way: get it again from where it came from",
  }),
  IMAGE_ARCHIVE_INVALID: spec<{ archive: string; problem: string }>({
    when: "An archive to load is neither an OCI nor a Docker image archive, or parts of it are missing or damaged.",
    exit: 1,
    message: ({ archive, problem }) => `${archive} is no image archive that can be loaded: ${problem}`,
    hint: () => "an archive comes from `sampan save`, `docker save`, `podman save` or `skopeo copy … oci-archive:FILE`; make it again and copy it as it is",
  }),
  IMAGE_ARCHIVE_PLATFORM: spec<{ archive: string; wanted: string; found: readonly string[] }>({
    when: "A multi-platform archive holds no image for the platform that is asked for.",
    exit: 1,
    message: ({ archive, wanted, found }) => `${archive} has no image for ${wanted}, only for ${found.join(", ")}`,
    hint: () => "say which one with --platform, or save the archive again with the platform that is needed",
  }),
} as const;
