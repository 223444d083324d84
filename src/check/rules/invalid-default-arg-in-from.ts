import { expand } from "../../dockerfile/expand.ts";
import { parseReference } from "../../oci/reference.ts";
import { isFault } from "../../std/fault.ts";
import { ruleUrl, type CheckRule } from "../rule.ts";

export const invalidDefaultArgInFrom: CheckRule = {
  name: "InvalidDefaultArgInFrom",
  description: "Default value for global ARG results in an empty or invalid base image name",
  url: ruleUrl("InvalidDefaultArgInFrom"),
  file: {
    phase: "defaults",
    find({ dockerfile, defaults }) {
      if (defaults === undefined) return [];
      return dockerfile.stages.filter(({ base }) => !isReference(() => expand(base, defaults, { escape: dockerfile.escape }).value))
        .map(({ base, location }) => ({ message: `Default value for ARG ${base} results in empty or invalid base image name`, location }));
    },
  },
};

/** One that cannot be filled in without a build arg (`${NAME:?…}`) says so itself. */
function isReference(text: () => string): boolean {
  try {
    parseReference(text());
    return true;
  } catch (error) {
    if (!isFault(error)) throw error;
    return !isFault(error, "REFERENCE_INVALID");
  }
}
