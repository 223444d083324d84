import { didYouMean, spec } from "../fault-spec.ts";

/** BuildKit's prefix for errors in the arguments of an instruction; `line` is the first line of that instruction. */
const at = (line: number | undefined): string => (line === undefined ? "" : `dockerfile parse error on line ${line}: `);

/** Faults of the dockerfile station. Where BuildKit has a text for the error, the message is that text. */
export const dockerfileFaults = {
  DOCKERFILE_EMPTY: spec<Record<never, never>>({
    when: "The Dockerfile has no content at all.",
    exit: 1,
    message: () => "the Dockerfile cannot be empty",
    hint: () => "a Dockerfile begins with a base image, such as `FROM debian:12-slim`",
  }),
  DOCKERFILE_NO_INSTRUCTIONS: spec<Record<never, never>>({
    when: "The Dockerfile holds comments or blank lines only.",
    exit: 1,
    message: () => "file with no instructions",
    hint: () => "a Dockerfile begins with a base image, such as `FROM debian:12-slim`",
  }),
  DOCKERFILE_NO_STAGES: spec<Record<never, never>>({
    when: "The Dockerfile has no FROM.",
    exit: 1,
    message: () => "dockerfile contains no stages to build",
    hint: () => "add a FROM that names the base image, or `FROM scratch` to begin with nothing",
  }),
  DOCKERFILE_NO_FROM: spec<{ instruction: string }>({
    when: "An instruction other than ARG stands before the first FROM.",
    exit: 1,
    message: () => "no build stage in current context",
    hint: ({ instruction }) => `${instruction} belongs to a stage: put it below a FROM; only ARG may stand above the first one`,
  }),
  DOCKERFILE_LINE_TOO_LONG: spec<{ limit: number }>({
    when: "A line of the Dockerfile is longer than 65,535 bytes.",
    exit: 1,
    message: ({ limit }) => `dockerfile line greater than max allowed size of ${limit}`,
    hint: () => "break the line with the escape character at its end, or COPY the text from a file",
  }),
  DOCKERFILE_NOT_TEXT: spec<{ problem: string }>({
    when: "The Dockerfile has NUL bytes, or instructions that are not valid UTF-8.",
    exit: 1,
    message: ({ problem }) => `the Dockerfile is not a text in UTF-8: ${problem}`,
    hint: () => "check that the right file was named, and save it as UTF-8",
  }),
  DOCKERFILE_DIRECTIVE: spec<{ problem: string }>({
    when: "A directive at the top of the Dockerfile is repeated, or names an escape character other than \\ and `.",
    exit: 1,
    message: ({ problem }) => problem,
    hint: () => "directives look like `# escape=\\` and stand once each, above everything else",
  }),
  CHECK_OPTION: spec<{ problem: string; argument?: string }>({
    when: "The directive `# check=` or the build arg BUILDKIT_DOCKERFILE_CHECK has a part that is not known.",
    exit: 1,
    message: ({ problem, argument }) => `failed to parse ${argument === undefined ? "check options" : `build-arg:${argument}`}: ${problem}`,
    hint: () => "write `# check=skip=RULE,RULE;error=true;experimental=RULE`, with any of the three parts; docs/guides/checks.md has the names of the rules",
  }),
  CHECK_FAILED: spec<{ rules: readonly string[] }>({
    when: "Build checks found something, and the Dockerfile or BUILDKIT_DOCKERFILE_CHECK says `error=true`.",
    exit: 1,
    message: ({ rules }) => `lint violation found for rules: ${rules.join(", ")}`,
    hint: () => "mend what `sampan build --check` shows, or put `# check=skip=RULE` above the instruction",
  }),
  DOCKERFILE_HEREDOC: spec<{ problem: string; hint?: string; line?: number }>({
    when: "A heredoc has no end line, or stands where none may stand.",
    exit: 1,
    message: ({ problem, line }) => at(line) + problem,
    hint: ({ hint }) => hint,
  }),
  DOCKERFILE_JSON: spec<Record<never, never>>({
    when: "An instruction in JSON form has a member that is not a string.",
    exit: 1,
    message: () => "when using JSON array syntax, arrays must be comprised of strings only",
    hint: () => 'put every member into double quotes, as in ["sleep", "10"]',
  }),
  DOCKERFILE_INSTRUCTION: spec<{ instruction: string; near?: string; line?: number }>({
    when: "A line begins with a word that is no instruction.",
    exit: 1,
    message: ({ instruction, near, line }) => `${at(line)}unknown instruction: ${instruction}${didYouMean(near)}`,
    hint: () => "if the line continues the one above, that one must end in the escape character",
  }),
  DOCKERFILE_FLAG: spec<{ problem: string; near?: string; line?: number }>({
    when: "A flag of an instruction is unknown, repeated, or has a value that does not fit.",
    exit: 1,
    message: ({ problem, near, line }) => at(line) + problem + didYouMean(near),
    hint: () => "flags stand between the instruction and its arguments, as --name or --name=value",
  }),
  DOCKERFILE_ARGUMENTS: spec<{ problem: string; hint?: string; line?: number }>({
    when: "An instruction has too few or too many arguments, or one of the wrong form.",
    exit: 1,
    message: ({ problem, line }) => at(line) + problem,
    hint: ({ hint }) => hint,
  }),
  DOCKERFILE_STAGE_NAME: spec<{ name: string; line?: number }>({
    when: "The name after `FROM … AS` is not a letter followed by letters, digits, `-`, `_` and `.`.",
    exit: 1,
    message: ({ name, line }) => `${at(line)}invalid name for build stage: ${name}, name can't start with a number or contain symbols`,
    hint: () => "a stage name is a letter, then letters, digits, `-`, `_` and `.`",
  }),
  DOCKERFILE_TRIGGER: spec<{ trigger: string; problem: string }>({
    when: "An ONBUILD trigger of the base image cannot be read.",
    exit: 1,
    message: ({ trigger, problem }) => `ONBUILD trigger ${trigger}: ${problem}`,
    hint: () => "the trigger was written into the base image when that was built; rebuild the base image, or use another one",
  }),
  DOCKERFILE_INVALID: spec<{ problem: string; line?: number }>({
    when: "The value of an instruction breaks a rule of that instruction.",
    exit: 1,
    message: ({ problem, line }) => at(line) + problem,
  }),
  DOCKERFILE_SUBSTITUTION: spec<{ word: string; problem: string }>({
    when: "A word with quotes or variables cannot be expanded: a quote or brace is missing, a modifier is unknown, or `${name:?}` found no value.",
    exit: 1,
    message: ({ word, problem }) => `failed to process ${word}: ${problem}`,
    hint: ({ problem }) => (problem.includes("matching") ? "close the quote, or put the escape character before it" : undefined),
  }),
  IGNORE_PATTERN: spec<{ pattern: string; problem: string }>({
    when: "A line of the .dockerignore file, or a pattern of COPY --parents or --exclude, is not a pattern.",
    exit: 1,
    message: ({ problem }) => problem,
    hint: ({ pattern }) => `correct the pattern ${JSON.stringify(pattern)}, which is in the .dockerignore file or in --exclude, or a source of COPY --parents`,
  }),
} as const;
