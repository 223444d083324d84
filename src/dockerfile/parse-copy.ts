import { fault } from "../std/fault.ts";
import { booleanFlag, listFlag, parseFlags, textFlag } from "./flags.ts";
import { asHeredoc, stripTabs } from "./heredoc.ts";
import type { AddInstruction, CopyInstruction, Heredoc, InstructionText } from "./instruction.ts";
import type { InstructionNode } from "./read-nodes.ts";

const COPY_FLAGS = { chown: "text", from: "text", chmod: "text", link: "boolean", exclude: "list", parents: "boolean" } as const;
const ADD_FLAGS = {
  chown: "text", chmod: "text", link: "boolean", "keep-git-dir": "boolean", checksum: "text", unpack: "boolean", exclude: "list",
} as const;

/** @throws DOCKERFILE_ARGUMENTS, DOCKERFILE_FLAG, DOCKERFILE_HEREDOC */
export function parseCopy(node: InstructionNode): Omit<CopyInstruction, keyof InstructionText> {
  twoArguments(node, "COPY");
  const flags = parseFlags(node.flags, COPY_FLAGS);
  return {
    kind: "copy",
    ...sourcesAndDestination(node, "COPY"),
    from: textFlag(flags, "from"),
    chown: textFlag(flags, "chown"),
    chmod: textFlag(flags, "chmod"),
    link: booleanFlag(flags, "link") ?? false,
    parents: booleanFlag(flags, "parents") ?? false,
    exclude: listFlag(flags, "exclude"),
  };
}

/** @throws DOCKERFILE_ARGUMENTS, DOCKERFILE_FLAG, DOCKERFILE_HEREDOC */
export function parseAdd(node: InstructionNode): Omit<AddInstruction, keyof InstructionText> {
  twoArguments(node, "ADD");
  const flags = parseFlags(node.flags, ADD_FLAGS);
  return {
    kind: "add",
    ...sourcesAndDestination(node, "ADD"),
    chown: textFlag(flags, "chown"),
    chmod: textFlag(flags, "chmod"),
    checksum: textFlag(flags, "checksum"),
    keepGitDir: booleanFlag(flags, "keep-git-dir"),
    unpack: booleanFlag(flags, "unpack"),
    link: booleanFlag(flags, "link") ?? false,
    exclude: listFlag(flags, "exclude"),
  };
}

function twoArguments({ args }: InstructionNode, instruction: string): void {
  if (args.length >= 2) return;
  throw fault("DOCKERFILE_ARGUMENTS", {
    problem: `${instruction} requires at least two arguments, but only one was provided. Destination could not be determined`,
    hint: "the last argument is the path in the image, the ones before it are what is copied",
  });
}

function sourcesAndDestination({ args, heredocs }: InstructionNode, instruction: string): Pick<CopyInstruction, "sources" | "heredocs" | "destination"> {
  const destination = args.at(-1)!;
  if (asHeredoc(destination)) {
    throw fault("DOCKERFILE_HEREDOC", {
      problem: `${instruction} cannot accept a heredoc as a destination`,
      hint: "write the path behind the heredoc, as in `COPY <<EOF /path`",
    });
  }
  const sources: string[] = [];
  const files: Heredoc[] = [];
  // Of several with one name, the last one's text is that of all.
  const contents = new Map(heredocs.map(({ name, content }) => [name, content]));
  for (const source of args.slice(0, -1)) {
    const heredoc = asHeredoc(source);
    if (heredoc === undefined) sources.push(source);
    else files.push(stripTabs({ ...heredoc, content: contents.get(heredoc.name) ?? "" }));
  }
  return { sources, heredocs: files, destination };
}
