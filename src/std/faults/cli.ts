import { spec } from "../fault-spec.ts";

/** Faults of the command line. */
export const cliFaults = {
  FILE_PROBLEM: spec<{ path: string; problem: string }>({
    when: "A file that a command names or needs cannot be read or written.",
    exit: 1,
    message: ({ path, problem }) => `${path}: ${problem}`,
  }),
  TEMPLATE_INVALID: spec<{ problem: string }>({
    when: "The template of --format does not follow the grammar of Go templates, or names a field that is not there.",
    exit: 1,
    message: ({ problem }) => `template: ${problem}`,
    hint: () => "docs/cli.md lists what a --format template may use; `--format '{{json .}}'` shows the fields",
  }),
  NO_TERMINAL: spec<{ what: string; hint: string }>({
    when: "A command wants to ask a person, and standard input is no terminal.",
    exit: 1,
    message: ({ what }) => `${what} needs a terminal, and standard input is none`,
    hint: ({ hint }) => hint,
  }),
  IMAGE_IN_USE: spec<{ image: string; problem: string; hint: string }>({
    when: "An image is not removed, because it has several names or because somebody uses it.",
    exit: 1,
    message: ({ image, problem }) => `conflict: unable to delete ${image} (${problem})`,
    hint: ({ hint }) => hint,
  }),
} as const;
