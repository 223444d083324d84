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
    when: "An archive holds no image for the platform that is asked for.",
    exit: 1,
    message: ({ archive, wanted, found }) => `${archive} has no image for ${wanted}, only for ${found.join(", ")}`,
    hint: () => "say which one with --platform, or save the archive again with the platform that is needed",
  }),
  IMAGE_PATH_MISSING: spec<{ image: string; path: string; problem: string; command?: string }>({
    when: "A path that is to be copied out of an image or container is not there, or not what it should be.",
    exit: 1,
    message: ({ image, path, problem }) => `${path} in ${image}: ${problem}`,
    hint: ({ image, command = "image cp" }) => `\`sampan ${command} ${image}:/ - | tar -t\` lists what is there`,
  }),
  MOUNT_REFUSED: spec<{ path: string; problem: string }>({
    when: "An image cannot be mounted for people to look at.",
    exit: 1,
    message: ({ path, problem }) => `the image cannot be mounted${path === "" ? "" : ` at ${path}`}: ${problem}`,
    hint: () => "run it as root of the machine, or copy what is needed: `sampan image cp IMAGE:/ DIR`",
  }),
  MOUNT_BUSY: spec<{ path: string }>({
    when: "A mounted image is to be unmounted while somebody has a file in it open, or stands in it.",
    exit: 1,
    message: ({ path }) => `${path} is in use`,
    hint: ({ path }) => `\`fuser -vm ${path}\` shows by whom; -f unmounts it all the same`,
  }),
  CHANGE_INVALID: spec<{ instruction: string }>({
    when: "An instruction of --change is not one that changes the config alone.",
    exit: 1,
    message: ({ instruction }) => `${instruction} is not allowed in --change`,
    hint: () => "allowed are CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME and WORKDIR; a Dockerfile does the rest",
  }),
} as const;
