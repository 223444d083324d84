import { spec } from "../fault-spec.ts";

/** Faults of the command line. */
export const cliFaults = {
  WORKING_FOLDER_GONE: spec<Record<string, never>>({
    when: "The folder that a command was started in has been removed meanwhile, and the command needs to know where it is.",
    exit: 1,
    message: () => "the folder that this command was started in is no longer there",
    hint: () => "change to one that exists; where another of the same name was made anew, `cd .` or `cd \"$PWD\"` enters it",
  }),
  FILE_PROBLEM: spec<{ path: string; problem: string; hint?: string }>({
    when: "A file that a command names or needs cannot be read or written.",
    exit: 1,
    message: ({ path, problem }) => `${path}: ${problem}`,
    hint: ({ hint }) => hint,
  }),
  TEMPLATE_INVALID: spec<{ problem: string }>({
    when: "The template of --format does not follow the grammar of Go templates, or names a field that is not there.",
    exit: 1,
    message: ({ problem }) => `template: ${problem}`,
    hint: () => "docs/cli.md lists what a --format template may use; `--format '{{json .}}'` shows the fields",
  }),
  STANDBY_REFUSED: spec<{ problem: string }>({
    when: "A process would stand by for commands that could never be given to it.",
    exit: 1,
    message: ({ problem }) => `nothing can stand by: ${problem}`,
    hint: () => "without it all commands work as they do with it; docs/guides/standby.md says for whom it is",
  }),
  NO_TERMINAL: spec<{ what: string; hint: string }>({
    when: "A command wants to ask a person, and standard input is no terminal.",
    exit: 1,
    message: ({ what }) => `${what} needs a terminal, and standard input is none`,
    hint: ({ hint }) => hint,
  }),
  CANCELLED: spec<{ what: string }>({
    when: "A command asked before it removed something, and the answer was not y.",
    exit: 1,
    message: ({ what }) => `${what} has been cancelled`,
    hint: () => "nothing was removed; answer y, or use -f to be asked nothing",
  }),
  COMMAND_NOT_FOUND: spec<{ command: string; problem: string }>({
    when: "The command of `run` is not in the image.",
    exit: 127,
    message: ({ command, problem }) => `${JSON.stringify(command)} was not found in the image${problem === "" ? "" : `: ${problem}`}`,
    hint: () => "options stand before the image or container, the command behind it; `run --entrypoint` replaces the image's own command",
  }),
  COMMAND_NOT_EXECUTABLE: spec<{ command: string; problem: string }>({
    when: "The command of `run` is in the image and cannot be executed.",
    exit: 126,
    message: ({ command, problem }) => `${JSON.stringify(command)} cannot be executed${problem === "" ? "" : `: ${problem}`}`,
    hint: () => "it is a folder, has no execute permission, or is made for another platform",
  }),
  WORKDIR_NOT_FOUND: spec<{ problem: string }>({
    when: "`exec -w` names a folder that is not in the container, or no absolute path.",
    exit: 127,
    message: ({ problem }) => problem,
    hint: () => "-w takes the absolute path of a folder that the container has; `run -w` makes one that is missing",
  }),
  IMAGE_IN_USE: spec<{ image: string; problem: string; hint: string }>({
    when: "An image is not removed, because it has several names or because somebody uses it.",
    exit: 1,
    message: ({ image, problem }) => `conflict: unable to delete ${image} (${problem})`,
    hint: ({ hint }) => hint,
  }),
} as const;
