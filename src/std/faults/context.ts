import { spec } from "../fault-spec.ts";

/** Faults of the context station, and of COPY, ADD and WORKDIR, which read from it. */
export const contextFaults = {
  CONTEXT_NOT_FOUND: spec<{ context: string }>({
    when: "The folder of the build context does not exist.",
    exit: 1,
    message: ({ context }) => `the build context ${JSON.stringify(context)} does not exist`,
    hint: () => "the last argument of `sampan build` is the folder with the files to build from, often `.`",
  }),
  CONTEXT_NOT_A_FOLDER: spec<{ context: string }>({
    when: "The build context is a file and not a folder.",
    exit: 1,
    message: ({ context }) => `the build context ${JSON.stringify(context)} is not a folder`,
    hint: ({ context }) => `name its folder as the context and the Dockerfile by -f, or give it on standard input: sampan build - < ${context}`,
  }),
  CONTEXT_UNREADABLE: spec<{ path: string; reason: string }>({
    when: "A file or folder that the build needs cannot be read.",
    exit: 1,
    message: ({ path, reason }) => `${path} cannot be read: ${reason}`,
    hint: () => "give yourself the right to read it, or name it in .dockerignore if the image does not need it",
  }),
  CONTEXT_EMPTY_INPUT: spec<Record<string, never>>({
    when: "The build context or the Dockerfile was to come from standard input, and nothing came.",
    exit: 1,
    message: () => "standard input is empty: a tar archive or a Dockerfile was expected there",
    hint: () => "pipe one in: `sampan build - < context.tar`, or `sampan build -f - . < Dockerfile`",
  }),
  CONTEXT_STDIN_TWICE: spec<Record<string, never>>({
    when: "Both the context and the Dockerfile were to come from standard input.",
    exit: 2,
    message: () => "standard input cannot be both the build context and the Dockerfile",
    hint: () => "use `sampan build -f - .` for a Dockerfile on standard input and `sampan build -` for a context there",
  }),
  DOCKERFILE_NOT_FOUND: spec<{ path: string; instead?: string; named?: boolean }>({
    when: "There is no Dockerfile at the default place or where -f says.",
    exit: 1,
    message: ({ path }) => `there is no Dockerfile at ${path}`,
    hint: ({ instead, named }) => instead === undefined
      ? named ? "-f is relative to the current folder, not to the context" : "name it by -f, relative to the current folder"
      : `-f is relative to the current folder: did you mean -f ${instead}?`,
  }),
  DOCKERFILE_UNREADABLE: spec<{ path: string; reason: string }>({
    when: "The Dockerfile or its .dockerignore is there, but cannot be read: a folder, too large, or no right to.",
    exit: 1,
    message: ({ path, reason }) => `${path} cannot be read: ${reason}`,
    hint: () => "check that this is the file that was meant, and that you may read it; -f names another Dockerfile",
  }),
  COPY_SOURCE_NOT_FOUND: spec<{ command: string; source: string; from: string; reason?: "excluded" | "link" | "typo"; detail?: string }>({
    when: "A file that COPY or ADD names is not there, or .dockerignore keeps it out, or it is a symlink to outside.",
    exit: 1,
    message: ({ command, source, from }) => `${command}: ${JSON.stringify(source)} not found in ${from}`,
    hint: ({ source, from, reason, detail }) => {
      if (reason === "excluded") return `the file is there, but .dockerignore excludes it: add the line !${source.slice(1)} there`;
      if (reason === "link") return `it is a symbolic link to ${detail}, which is not there in ${from}; nothing outside of it can be reached`;
      if (reason === "typo") return `did you mean ${JSON.stringify(detail)}?`;
      return `paths begin at the root of ${from}; nothing outside of it can be reached, by .. or by symbolic links`;
    },
  }),
  COPY_PATTERN_INVALID: spec<{ pattern: string }>({
    when: "A wildcard pattern of COPY or ADD is malformed, such as an unclosed `[`.",
    exit: 1,
    message: ({ pattern }) => `${JSON.stringify(pattern)} is no valid pattern: syntax error in pattern`,
    hint: () => "close every `[` with `]`, or put a backslash before a `[` that stands for itself",
  }),
  COPY_PATH_INVALID: spec<{ path: string; problem: string }>({
    when: "A path of COPY, ADD or WORKDIR cannot be the name of a file.",
    exit: 1,
    message: ({ path, problem }) => `${JSON.stringify(path)} is no valid path: ${problem}`,
    hint: () => "correct the path in the Dockerfile; where it comes from a variable, correct its value",
  }),
  COPY_ONTO_FILE: spec<{ path: string }>({
    when: "COPY or ADD of a folder would replace something that is no folder.",
    exit: 1,
    message: ({ path }) => `cannot copy to non-directory: ${path}`,
    hint: () => "choose another destination, or remove the file by RUN before",
  }),
  COPY_ONTO_FOLDER: spec<{ path: string }>({
    when: "COPY or ADD of a file would replace a folder.",
    exit: 1,
    message: ({ path }) => `cannot replace to directory ${path} with file`,
    hint: () => "choose another destination, or remove the folder by RUN before",
  }),
  NOT_A_DIRECTORY: spec<{ path: string }>({
    when: "A folder of a destination path, or of WORKDIR, is something else in the image.",
    exit: 1,
    message: ({ path }) => `${path} is not a directory`,
    hint: () => "choose another path, or remove what is there by RUN before",
  }),
  CHMOD_INVALID: spec<{ value: string; octal: boolean }>({
    when: "--chmod is neither an octal mode nor symbolic changes.",
    exit: 1,
    message: ({ value, octal }) => octal
      ? `invalid chmod parameter: '${value}'. it should be octal string and between 0 and 07777`
      : `invalid chmod parameter: '${value}': invalid syntax`,
    hint: () => "write --chmod=755 or --chmod=u=rwX,go=rX",
  }),
  CHOWN_UNRESOLVED: spec<{ name: string; file: string; reason: string }>({
    when: "--chown or USER names a user or group, and the image is empty or what should be its file to look names up in is none.",
    exit: 1,
    message: ({ name, file, reason }) => `${JSON.stringify(name)} cannot be looked up in ${file} of the image: ${reason}`,
    hint: () => "use numbers, as in --chown=1000:1000, or a base image with that file",
  }),
  DEVICE_REFUSED: spec<{ path: string }>({
    when: "A device cannot be copied, as only root outside of user namespaces may make one.",
    exit: 1,
    message: ({ path }) => `the device ${path} cannot be made without root`,
    hint: () => "run the build as root, or leave the device out",
  }),
} as const;
