import type { SourceLocation } from "../std/fault.ts";

/** A Dockerfile as it is written: stages of instructions, nothing expanded. */
export interface Dockerfile {
  /** Name for messages. */
  readonly file: string;
  /** The whole text, without a byte order mark. */
  readonly source: string;
  readonly escape: Escape;
  readonly directives: { readonly syntax?: string; readonly check?: string };
  /** ARG instructions above the first FROM. */
  readonly globalArgs: readonly ArgInstruction[];
  /** At least one. */
  readonly stages: readonly Stage[];
  readonly warnings: readonly DockerfileWarning[];
}

/** The character that continues lines and takes away the meaning of the one behind it. */
export type Escape = "\\" | "`";

/** A build check that the text itself failed (dockerfile reference, build checks). */
export interface DockerfileWarning {
  readonly rule: "NoEmptyContinuation";
  readonly message: string;
  readonly location: SourceLocation;
}

/** FROM and everything below it, up to the next FROM. */
export interface Stage {
  readonly index: number;
  /** The name after AS, in lower case. */
  readonly name?: string;
  /** The word AS and the name behind it, as written. */
  readonly alias?: { readonly keyword: string; readonly written: string };
  /** Image or stage, as written. */
  readonly base: string;
  /** Value of --platform, as written. */
  readonly platform?: string;
  /** The word FROM as written. */
  readonly keyword: string;
  readonly location: SourceLocation;
  readonly original: string;
  readonly comments: readonly string[];
  /** What the comment line `# <name> …` above says of the stage. */
  readonly description?: string;
  readonly instructions: readonly Instruction[];
}

export type Instruction =
  | AddInstruction | ArgInstruction | CmdInstruction | CopyInstruction | EntrypointInstruction | EnvInstruction
  | ExposeInstruction | HealthcheckInstruction | LabelInstruction | MaintainerInstruction | OnbuildInstruction
  | RunInstruction | ShellInstruction | StopsignalInstruction | UserInstruction | VolumeInstruction | WorkdirInstruction;

/** What every instruction has. */
export interface InstructionText {
  readonly location: SourceLocation;
  /** The instruction's word as written: `RUN`, `run`. */
  readonly keyword: string;
  /** The whole text: continuation lines joined, comments between them left out, then each heredoc body and its end line. */
  readonly original: string;
  /** The comment lines directly above, without `#`. */
  readonly comments: readonly string[];
}

/** A command line: one text for the shell, or the words of a program's arguments. */
export interface CommandLine {
  readonly form: "shell" | "exec";
  /** Shell form: nothing or the one text. */
  readonly args: readonly string[];
}

/** A text written below an instruction, up to a line that repeats its name. */
export interface Heredoc {
  readonly name: string;
  /** As written; heredocs of COPY and ADD have their leading tabs removed where `<<-` asks for it. */
  readonly content: string;
  /** No part of the name was quoted. */
  readonly expand: boolean;
  /** Written with `<<-`. */
  readonly stripTabs: boolean;
  /** The number before `<<`. */
  readonly fd?: number;
}

/** `key=value`, quotes and variables as written; legacy is `KEY rest of the line`. */
export interface KeyValue {
  readonly key: string;
  readonly value: string;
  readonly legacy: boolean;
}

interface FileInstruction extends InstructionText {
  /** As written, without the heredocs. */
  readonly sources: readonly string[];
  /** Files whose text stands in the Dockerfile. */
  readonly heredocs: readonly Heredoc[];
  readonly destination: string;
  readonly chown?: string;
  readonly chmod?: string;
  readonly link: boolean;
  readonly exclude: readonly string[];
}

export interface AddInstruction extends FileInstruction {
  readonly kind: "add";
  readonly checksum?: string;
  readonly keepGitDir?: boolean;
  readonly unpack?: boolean;
}

export interface CopyInstruction extends FileInstruction {
  readonly kind: "copy";
  readonly from?: string;
  readonly parents: boolean;
}

export interface ArgInstruction extends InstructionText {
  readonly kind: "arg";
  readonly args: readonly { readonly name: string; readonly value?: string; readonly comment?: string }[];
}

export interface CmdInstruction extends InstructionText, CommandLine {
  readonly kind: "cmd";
}

export interface EntrypointInstruction extends InstructionText, CommandLine {
  readonly kind: "entrypoint";
}

export interface EnvInstruction extends InstructionText {
  readonly kind: "env";
  readonly pairs: readonly KeyValue[];
}

export interface LabelInstruction extends InstructionText {
  readonly kind: "label";
  readonly pairs: readonly KeyValue[];
}

export interface ExposeInstruction extends InstructionText {
  readonly kind: "expose";
  /** Sorted as they are written, before expansion. */
  readonly ports: readonly string[];
}

export interface HealthcheckInstruction extends InstructionText {
  readonly kind: "healthcheck";
  /** HEALTHCHECK NONE; otherwise there is a test. */
  readonly none: boolean;
  readonly test?: CommandLine;
  /** Nanoseconds, like the other durations; absent = the engine's default. */
  readonly interval?: number;
  readonly timeout?: number;
  readonly startPeriod?: number;
  readonly startInterval?: number;
  readonly retries?: number;
}

export interface MaintainerInstruction extends InstructionText {
  readonly kind: "maintainer";
  readonly value: string;
}

export interface OnbuildInstruction extends InstructionText {
  readonly kind: "onbuild";
  /** The instruction to run later, as the image config keeps it. */
  readonly trigger: string;
}

export interface RunInstruction extends InstructionText, CommandLine {
  readonly kind: "run";
  readonly heredocs: readonly Heredoc[];
  /** The heredoc that is the whole command, leading tabs removed where `<<-` asks for it. */
  readonly script?: Heredoc;
  /** Values of --mount, as written. */
  readonly mounts: readonly string[];
  readonly network?: string;
  readonly security?: string;
  readonly devices: readonly string[];
}

export interface ShellInstruction extends InstructionText {
  readonly kind: "shell";
  readonly args: readonly string[];
}

export interface StopsignalInstruction extends InstructionText {
  readonly kind: "stopsignal";
  readonly value: string;
}

export interface UserInstruction extends InstructionText {
  readonly kind: "user";
  readonly value: string;
}

export interface VolumeInstruction extends InstructionText {
  readonly kind: "volume";
  readonly paths: readonly string[];
}

export interface WorkdirInstruction extends InstructionText {
  readonly kind: "workdir";
  readonly value: string;
}
