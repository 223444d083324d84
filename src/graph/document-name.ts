import { posix } from "node:path";
import type { Heredoc } from "../dockerfile/instruction.ts";
import { fault, type SourceLocation } from "../std/fault.ts";

/**
 * The name that a heredoc has as a file. BuildKit makes the file in an empty root: the name is a path there, `..` ends
 * at its root, and there are no folders.
 * @throws DOCKERFILE_HEREDOC
 */
export function documentName({ name }: Heredoc, location: SourceLocation): string {
  const file = posix.join("/", name).slice(1);
  if (file !== "" && !file.includes("/")) return file;
  const problem = `the heredoc ${JSON.stringify(name)} cannot be a file of that name`;
  throw fault("DOCKERFILE_HEREDOC", { problem, hint: "use a plain word, such as EOF; the path in the image stands behind the heredoc" }, { location });
}
