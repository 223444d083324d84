import { fault, withLocation } from "../std/fault.ts";
import { parseDirective } from "./directives.ts";
import { heredocsOf } from "./heredoc.ts";
import type { DockerfileWarning, Escape, Heredoc } from "./instruction.ts";
import { locate, refuseDamaged, type SourceText } from "./read-lines.ts";
import { splitLine, type InstructionParts } from "./split-arguments.ts";
import { trimSpace, trimSpaceStart } from "./unicode.ts";

/** An instruction in its parts, with its heredocs and its place. */
export interface InstructionNode extends InstructionParts {
  /** Continuation lines joined, without heredoc bodies. */
  readonly line: string;
  readonly heredocs: readonly Heredoc[];
  readonly comments: readonly string[];
  readonly startLine: number;
  readonly endLine: number;
}

export interface NodeList {
  readonly nodes: readonly InstructionNode[];
  readonly escape: Escape;
  readonly warnings: readonly DockerfileWarning[];
}

/** Where the reading of a file stands. */
interface Cursor {
  readonly source: SourceText;
  readonly lines: readonly string[];
  /** Lines that have been read. */
  at: number;
  escape: Escape;
  continuation: RegExp;
  readonly seenDirectives: Set<string>;
  directivesEnded: boolean;
  comments: string[];
  readonly warnings: DockerfileWarning[];
}

/**
 * Reads physical lines into instructions: directives, comments, continuation lines, heredocs
 * (dockerfile reference, 1.2, 1.3, 1.7).
 * @throws DOCKERFILE_NO_INSTRUCTIONS, DOCKERFILE_DIRECTIVE, DOCKERFILE_HEREDOC, DOCKERFILE_JSON, DOCKERFILE_ARGUMENTS, DOCKERFILE_NOT_TEXT
 */
export function readNodes(source: SourceText): NodeList {
  const cursor: Cursor = {
    source, lines: source.lines, at: 0,
    escape: "\\", continuation: CONTINUATIONS["\\"],
    seenDirectives: new Set(), directivesEnded: false, comments: [], warnings: [],
  };
  const nodes: InstructionNode[] = [];
  while (cursor.at < cursor.lines.length) {
    const line = cursor.lines[cursor.at]!;
    cursor.at += 1;
    const text = trimSpaceStart(withoutTerminator(line));
    const isDirective = readDirective(cursor, text);
    if (text.startsWith("#")) {
      if (!isDirective) addComment(cursor, line);
    } else if (text !== "") {
      nodes.push(readInstruction(cursor, text));
      cursor.comments = [];
    }
  }
  if (nodes.length === 0) {
    throw fault("DOCKERFILE_NO_INSTRUCTIONS", {}, { location: locate(source, Math.max(1, source.lines.length)) });
  }
  return { nodes, escape: cursor.escape, warnings: cursor.warnings };
}

/** The escape character last on a line, unless another one stands before it. */
const CONTINUATIONS: Readonly<Record<Escape, RegExp>> = {
  "\\": /([^\\])\\[ \t]*$|^\\[ \t]*$/,
  "`": /([^`])`[ \t]*$|^`[ \t]*$/,
};

/** Whether the line is a directive; the first line that is none ends the search. */
function readDirective(cursor: Cursor, text: string): boolean {
  if (cursor.directivesEnded) return false;
  const directive = parseDirective(text);
  if (directive === undefined) {
    cursor.directivesEnded = true;
    return false;
  }
  const { name, value } = directive;
  const refuse = (problem: string): Error => fault("DOCKERFILE_DIRECTIVE", { problem }, { location: locate(cursor.source, cursor.at) });
  if (cursor.seenDirectives.has(name)) throw refuse(`only one ${name} parser directive can be used`);
  cursor.seenDirectives.add(name);
  if (name === "escape") {
    if (value !== "\\" && value !== "`") throw refuse(`invalid escape token '${value}' does not match \` or \\`);
    cursor.escape = value;
    cursor.continuation = CONTINUATIONS[value];
  }
  return true;
}

/** BuildKit cuts off the first character, also when that is not the `#` but white space before it. */
function addComment(cursor: Cursor, line: string): void {
  const comment = trimSpace(line.slice(1));
  if (comment === "") cursor.comments = [];
  else cursor.comments.push(comment);
}

/** An instruction that begins with `first` on the line just read. */
function readInstruction(cursor: Cursor, first: string): InstructionNode {
  const startLine = cursor.at;
  const line = joinContinuations(cursor, first);
  try {
    const parts = splitLine(line, cursor.escape);
    const heredocs = mayHaveHeredocs(parts) && line.includes("<<") ? heredocsOf(line).map((heredoc) => readBody(cursor, heredoc)) : [];
    return { ...parts, line, heredocs, comments: cursor.comments, startLine, endLine: cursor.at };
  } catch (error) {
    throw withLocation(error, locate(cursor.source, startLine, cursor.at));
  }
}

function joinContinuations(cursor: Cursor, first: string): string {
  refuseDamaged(cursor.source, cursor.at);
  let line = first.replace(cursor.continuation, "$1");
  let continues = cursor.continuation.test(first);
  let hasBlankLine = false;
  while (continues && cursor.at < cursor.lines.length) {
    const text = withoutTerminator(cursor.lines[cursor.at]!);
    cursor.at += 1;
    const content = trimSpaceStart(text);
    if (content === "") hasBlankLine = true;
    if (content === "" || content.startsWith("#")) continue;
    refuseDamaged(cursor.source, cursor.at);
    line += text.replace(cursor.continuation, "$1");
    continues = cursor.continuation.test(text);
  }
  if (hasBlankLine) {
    cursor.warnings.push({ rule: "NoEmptyContinuation", message: "Empty continuation line", location: locate(cursor.source, cursor.at) });
  }
  return line;
}

/** ADD, COPY and RUN, also behind ONBUILD, when not in JSON form. */
function mayHaveHeredocs(parts: InstructionParts): boolean {
  const { keyword, json } = parts.inner ?? parts;
  return /^(?:add|copy|run)$/i.test(keyword) && !json;
}

function readBody(cursor: Cursor, heredoc: Heredoc): Heredoc {
  let content = "";
  while (cursor.at < cursor.lines.length) {
    const line = cursor.lines[cursor.at]!;
    cursor.at += 1;
    const text = withoutTerminator(line);
    if ((heredoc.stripTabs ? text.replace(/^\t+/, "") : text) === heredoc.name) return { ...heredoc, content };
    refuseDamaged(cursor.source, cursor.at);
    content += line;
  }
  throw fault("DOCKERFILE_HEREDOC", { problem: "unterminated heredoc", hint: `end the text with a line that is exactly ${heredoc.name}` });
}

function withoutTerminator(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === "\n" || line[end - 1] === "\r")) end -= 1;
  return line.slice(0, end);
}
