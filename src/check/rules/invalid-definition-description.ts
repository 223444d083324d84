import { ruleUrl, type CheckRule, type Finding } from "../rule.ts";

/** The last comment line above a named stage or an ARG is taken for what describes it. */
export const invalidDefinitionDescription: CheckRule = {
  name: "InvalidDefinitionDescription",
  description:
    "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a " +
    "description comment, add an empty line or comment between the instruction and the comment.",
  url: ruleUrl("InvalidDefinitionDescription"),
  experimental: true,
  file: {
    phase: "words",
    find({ dockerfile }) {
      const args = [...dockerfile.globalArgs, ...dockerfile.stages.flatMap(({ instructions }) => instructions.filter((one) => one.kind === "arg"))];
      return [
        ...dockerfile.stages.flatMap((stage) => (stage.name === undefined ? [] : judge("FROM", [stage.name], stage))),
        ...args.flatMap((arg) => judge("ARG", arg.args.map(({ name }) => name), arg)),
      ];
    },
  },
};

function judge(word: string, names: readonly string[], { comments, location }: Pick<Finding, "location"> & { readonly comments: readonly string[] }): Finding[] {
  const first = comments.at(-1)?.split(" ", 1)[0];
  if (first === undefined || names.includes(first)) return [];
  return [{ message: `Comment for ${word} should follow the format: \`# ${names.length > 1 ? "<arg_key>" : names[0]!} <description>\``, location, comments }];
}
