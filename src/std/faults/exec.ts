import { MORE_IDS, spec } from "../fault-spec.ts";

/** Faults of the exec station. */
export const execFaults = {
  SANDBOX_FAILED: spec<{ step: string; problem: string; kernel?: string; needed?: string }>({
    when: "The container for a RUN or for `sampan run` could not be set up on this machine.",
    exit: 1,
    message: ({ step, problem }) => `the container cannot be set up (${step}): ${problem}`,
    hint: ({ step, kernel, needed }) => step === "overlay"
      ? "overlayfs cannot write upon the file system that the store is on, as upon FUSE, NFS and the root of a container: set SAMPAN_ROOT to a folder on ext4, xfs, btrfs or tmpfs, in a container on a volume"
      : step === "unshare(cgroup)" ? "a container has a cgroup namespace of its own, and /proc/sys/user/max_cgroup_namespaces says how many there may be: raise it; `sampan run --cgroupns host` needs none"
      : kernel === undefined ? "`sampan doctor` shows what this machine allows and how to mend it; `--runtime crun` or `--runtime runc` use an OCI runtime instead of the built-in sandbox"
      : `this is Linux ${kernel}, and containers want ${needed} or newer; without RUN images are built here all the same, and pulled, copied and pushed`,
  }),
  MOUNT_TARGET_UNFIT: spec<{ target: string; obstacle: "file" | "folder" | "readonly" | "above" | "loop" | "kernel" }>({
    when: "A folder was to be mounted on a file, by RUN --mount or by `-v`, a file on a folder, something below a file or at symbolic links that lead in a circle, something below a mount that is read-only and lacks the place, or something in place of what the kernel shows in a container.",
    exit: 1,
    message: ({ target, obstacle }) => {
      const place = JSON.stringify(target);
      if (obstacle === "readonly") return `${place} cannot be mounted on: it is missing in another mount, which is read-only`;
      if (obstacle === "above") return `nothing can be mounted below ${place}: it is no folder`;
      if (obstacle === "kernel") return `nothing can be mounted at ${place}: a container needs what is there, and nothing can be made in it`;
      if (obstacle === "loop") return `nothing can be mounted at ${place}: its symbolic links lead in a circle`;
      return `a ${obstacle === "file" ? "folder" : "file"} cannot be mounted at ${place}: there is a ${obstacle}`;
    },
    hint: ({ target, obstacle }) => {
      if (obstacle === "readonly") return `make ${target.replace(/^.*\//, "")} where that mount comes from, or make it writable: RUN --mount=…,rw keeps what is written for that command only`;
      if (obstacle === "folder") return `name the file's own place as target, as ${target}/NAME`;
      if (obstacle === "kernel") return target === "/dev" ? "mount below /dev; RUN --mount=type=tmpfs,target=/dev is filled with the container's devices" : "choose another target";
      return obstacle === "above" || obstacle === "loop" ? "choose another target" : "choose another target, or mount the file itself";
    },
  }),
  PLATFORM_NOT_LINUX: spec<{ platform: string }>({
    when: "A command of an image for another operating system was to run.",
    exit: 1,
    message: ({ platform }) => `commands of ${platform} cannot run on Linux`,
    hint: () => "only COPY, ADD and instructions that change the config work there",
  }),
  EMULATOR_MISSING: spec<{ platform: string; program: string | undefined }>({
    when: "A command of another architecture was to run, and this machine neither knows how nor has an emulator for it.",
    exit: 1,
    message: ({ platform }) => `commands of ${platform} cannot run on this machine: it has no emulator for them`,
    hint: ({ program }) =>
      program === undefined
        ? "run them on a machine of that platform; steps of a build can be done in a stage FROM --platform=$BUILDPLATFORM"
        : `install ${program} (Debian, Ubuntu: \`apt install qemu-user-static\`), or do such steps of a build in a stage FROM --platform=$BUILDPLATFORM; \`sampan doctor\` tells more`,
  }),
  EMULATION_RUNTIME: spec<{ platform: string; runtime: string }>({
    when: "An OCI runtime was to run a command of another architecture, and the kernel has no handler for it.",
    exit: 1,
    message: ({ platform, runtime }) => `${runtime} cannot run commands of ${platform} here: the kernel has no handler for them`,
    hint: () => "use the built-in sandbox, which brings the emulator along, or register handlers (Debian: `apt install qemu-user-static binfmt-support`)",
  }),
  SANDBOX_TOOL_MISSING: spec<{ tool: string }>({
    when: "A program of the system that starts containers is not in PATH.",
    exit: 1,
    message: ({ tool }) => `the program ${tool} was not found`,
    hint: () => "install the package util-linux, and a POSIX shell as /bin/sh; `ps` is of the package procps",
  }),
  SANDBOX_LIBRARY_MISSING: spec<Record<never, never>>({
    when: "koffi, the optional dependency through which containers are set up, is not installed for this platform.",
    exit: 1,
    message: () => "running containers needs the npm package koffi, which is not installed for this platform",
    hint: () => "install with optional dependencies (`npm ci --include=optional`), or run the CLI on a platform that koffi has a binary for",
  }),
  RUNTIME_UNKNOWN: spec<{ runtime: string }>({
    when: "`--runtime` names something that is neither the built-in sandbox nor an OCI runtime in PATH.",
    exit: 1,
    message: ({ runtime }) => `no container runtime named ${runtime} was found`,
    hint: ({ runtime }) => `use \`--runtime builtin\`, or install ${runtime} so that it is in PATH`,
  }),
  USER_NOT_FOUND: spec<{ user: string; problem: string }>({
    when: "The USER of a step or of `run -u` is not in the image's /etc/passwd or /etc/group.",
    exit: 1,
    message: ({ user, problem }) => `USER ${user} cannot be resolved: unable to find ${problem}`,
    hint: () => "create the user before (RUN adduser …), or give numbers: USER 1000:1000",
  }),
  EXEC_USER_NOT_FOUND: spec<{ user: string; problem: string }>({
    when: "The user of `exec -u` is not in the container's /etc/passwd or /etc/group.",
    exit: 126,
    message: ({ problem }) => `unable to find ${problem}`,
    hint: () => "give a name that the container knows, or numbers: -u 1000:1000",
  }),
  USER_NOT_MAPPED: spec<{ user: string }>({
    when: "A step or `run -u` wants a user whose id does not exist in the user namespace of an ordinary user.",
    exit: 1,
    message: ({ user }) => `USER ${user} cannot be taken on: its ids are not mapped in this user namespace`,
    hint: () => MORE_IDS,
  }),
  NETWORK_FAILED: spec<{ problem: string }>({
    when: "pasta, which connects containers of an ordinary user to the network, could not do so.",
    exit: 1,
    message: ({ problem }) => `the container's network cannot be set up: ${problem}`,
    hint: () => "use the host's network with `--network host`, or none with `--network none`; a newer pasta (package passt) may help",
  }),
  USER_NAMESPACE_REFUSED: spec<{ problem: string; hint: string }>({
    when: "An ordinary user wants to build or run, and the machine gives it no user namespace.",
    exit: 1,
    message: ({ problem }) => `containers without root are not possible here: ${problem}`,
    hint: ({ hint }) => `${hint} (as root), or run sampan as root`,
  }),
} as const;
